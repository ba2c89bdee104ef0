//! Wrong relatives of dropout: Gaussian noise, alpha dropout.

use super::Mutant;
use crate::conformance::layer::Layer;
use crate::conformance::zoo::dropout::{Context, Dropout};
use crate::conformance::zoo::rights::{Alpha, Gaussian};
use crate::noise::{AlphaDropout, alpha_dropout::SELU_LIMIT};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L2" "noise added" NoiseAdded, ["keras PR5665"];
        "L15" "alpha for alpha'" AlphaForLimit, [];
        "L15" "terms of the dropped value rounded" RoundedTerms, [];
        "L15" "shifted by alpha for alpha'" ShiftByAlpha, [];
    }
}

struct NoiseAdded;
impl Dropout for NoiseAdded {
    fn layer(&self) -> Layer {
        Gaussian.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Gaussian.accepts(p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, _: bool) -> f64 {
        if call.drop == 0.0 { x } else { x + Gaussian::noise(call, unit) }
    }
    fn slope(&self, _: &Context<'_>, _: bool) -> f64 {
        1.0
    }
}

/// SELU's α, which stands in for −α′ = λα by mistake.
const ALPHA: f64 = 1.6732632423543772;

struct AlphaForLimit;
impl Dropout for AlphaForLimit {
    fn layer(&self) -> Layer {
        Alpha.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Alpha.accepts(p)
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let alpha = AlphaDropout::new(1.0 - call.drop, -ALPHA).expect("a legal rate");
        alpha.scale() * if kept { x } else { -ALPHA } + alpha.shift()
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        if kept { AlphaDropout::new(1.0 - call.drop, -ALPHA).expect("a legal rate").scale() } else { 0.0 }
    }
}

struct ShiftByAlpha;
impl Dropout for ShiftByAlpha {
    fn layer(&self) -> Layer {
        Alpha.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Alpha.accepts(p)
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let scale = AlphaDropout::selu(1.0 - call.drop).expect("a legal rate").scale();
        scale * if kept { x } else { SELU_LIMIT } + scale * call.drop * ALPHA
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        Alpha.slope(call, kept)
    }
}

/// A dropped value is the difference of two terms, the first of which is rounded to the format of x.
struct RoundedTerms;
impl Dropout for RoundedTerms {
    fn layer(&self) -> Layer {
        Alpha.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Alpha.accepts(p)
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let alpha = AlphaDropout::selu(1.0 - call.drop).expect("a legal rate");
        let term = if kept { alpha.scale() * x } else { call.dtype.rounded(alpha.scale() * SELU_LIMIT) };
        term + alpha.shift()
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        Alpha.slope(call, kept)
    }
}
