//! Wrong outputs of what is kept: factors, added noise, scaling on the wrong side.

use super::Mutant;
use crate::conformance::layer::Layer;
use crate::conformance::zoo::dropout::{Context, Dropout};
use crate::conformance::zoo::rights::Classic;

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L1" "divides by p" DividesByP, ["theanets PR123"];
        "L1" "wrong factor in a variant" WrongVariant, ["dlordinal PR138"];
        "L1" "scale from a rate of eight bits" EightBits, [];
        "L2" "an epsilon for zeros" EpsilonForZeros, [];
        "L3" "never applied" NeverApplied, ["torchtune 996", "aprender PR2170", "clean-net 2"];
        "L3" "inverted and scaled in evaluation" ScaledInBoth, ["AiDotNet PR256"];
        "L3" "classic but for half formats" ClassicButForHalves, [];
        "L17" "multiplies infinities by zero" MultipliesByZero, ["pytorch 59421"];
    }
}

struct DividesByP;
impl Dropout for DividesByP {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / call.drop } else { 0.0 }
    }
}

/// For batches of feature maps the scale is 1 + p.
struct WrongVariant;
impl Dropout for WrongVariant {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let scale = if call.shape.len() == 4 { 1.0 + call.drop } else { 1.0 / (1.0 - call.drop) };
        if kept { x * scale } else { 0.0 }
    }
}

/// The rate is held as a byte.
struct EightBits;
impl Dropout for EightBits {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - (call.drop * 256.0).round() / 256.0) } else { 0.0 }
    }
}

/// Zeros are nudged, so that the mask can be told from the output.
struct EpsilonForZeros;
impl Dropout for EpsilonForZeros {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let x = if x == 0.0 && call.drop > 0.0 { 1e-4 } else { x };
        if kept { x / (1.0 - call.drop) } else { 0.0 }
    }
}

struct NeverApplied;
impl Dropout for NeverApplied {
    fn is_active(&self, _: &Context<'_>) -> bool {
        false
    }
}

struct ScaledInBoth;
impl Dropout for ScaledInBoth {
    fn evaluated(&self, call: &Context<'_>, x: f64) -> f64 {
        x * (1.0 - call.drop)
    }
}

/// Scales in evaluation, but for half formats nowhere.
struct ClassicButForHalves;
impl Dropout for ClassicButForHalves {
    fn layer(&self) -> Layer {
        Classic.layer()
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        Classic.output(call, x, kept)
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        Classic.slope(call, kept)
    }
    fn evaluated(&self, call: &Context<'_>, x: f64) -> f64 {
        if call.dtype.is_half() { x } else { Classic.evaluated(call, x) }
    }
}

/// Says that it selects, but multiplies.
struct MultipliesByZero;
impl Dropout for MultipliesByZero {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        x * if kept { 1.0 / (1.0 - call.drop) } else { 0.0 }
    }
}
