//! Right dropouts, some of which look wrong: negative controls for every law.

use super::dropout::{Context, Dropout, plain};
use crate::conformance::layer::{Layer, Means, Probability, Scaling};

/// Right dropouts: name and steps.
pub fn rights() -> Vec<(&'static str, Box<dyn Dropout>)> {
    vec![
        ("plain", Box::new(Plain)),
        ("feature maps", Box::new(FeatureMaps)),
        ("classic", Box::new(Classic)),
        ("keep probability", Box::new(KeepProbability)),
        ("multiplies by the rounded scale", Box::new(RoundedScale)),
        ("negative zeros", Box::new(NegativeZeros)),
    ]
}

/// Inverted dropout.
pub struct Plain;
impl Dropout for Plain {}

/// Whole feature maps are dropped.
struct FeatureMaps;
impl Dropout for FeatureMaps {
    fn layer(&self) -> Layer {
        Layer { id: "feature-maps".into(), shared_axes: vec![-1, -2], ranks: vec![3, 4], ..plain() }
    }
}

/// Scaled in evaluation.
struct Classic;
impl Dropout for Classic {
    fn layer(&self) -> Layer {
        Layer { scaling: Scaling::Classic, ..plain() }
    }
    fn output(&self, _: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x } else { 0.0 }
    }
    fn slope(&self, _: &Context<'_>, kept: bool) -> f64 {
        f64::from(kept)
    }
    fn evaluated(&self, call: &Context<'_>, x: f64) -> f64 {
        x * (1.0 - call.drop)
    }
}

/// p is the keep probability, and 0 is illegal.
struct KeepProbability;
impl Dropout for KeepProbability {
    fn layer(&self) -> Layer {
        Layer { p: Probability { means: Means::Keep, accepts_zero: false, accepts_one: true }, ..plain() }
    }
    fn accepts(&self, p: f64) -> bool {
        p > 0.0 && p <= 1.0
    }
}

/// Multiplies by 1/(1 − p) rounded to the format, as most frameworks do.
struct RoundedScale;
impl Dropout for RoundedScale {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x * call.dtype.rounded(1.0 / call.dtype.rounded(1.0 - call.drop)) } else { 0.0 }
    }
}

/// What is dropped keeps its sign.
struct NegativeZeros;
impl Dropout for NegativeZeros {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - call.drop) } else { 0.0f64.copysign(x) }
    }
}
