//! Wrong derivatives.

use super::Mutant;
use crate::conformance::zoo::dropout::{Context, Dropout};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L4" "fresh mask in backward" FreshBackwardMask,
            ["guided-diffusion 167", "OLMo-core PR828", "pytorch 190717", "flash-attention 1251"];
        "L4" "mask inferred from the output" MaskFromOutput, ["NNlib PR454"];
        "L4" "gradient without scale" UnscaledGradient, ["gorgonia 69", "ConvNetSharp 118"];
        "L5" "second derivative without scale" UnscaledCurvature, [];
    }
}

struct FreshBackwardMask;
impl Dropout for FreshBackwardMask {
    fn gradient(&self, call: &Context<'_>, _: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        let again = Context { key: !call.key, ..call.clone() };
        let kept = (0..kept.len() as u64).map(|i| self.keeps(&again, self.unit(call, i)));
        kept.zip(g).map(|(kept, g)| if kept { g * self.slope(call, true) } else { 0.0 }).collect()
    }
}

struct MaskFromOutput;
impl Dropout for MaskFromOutput {
    fn gradient(&self, call: &Context<'_>, x: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        let nonzero = x.iter().zip(kept).map(|(&x, &kept)| self.output(call, x, kept) != 0.0);
        nonzero.zip(g).map(|(nonzero, g)| if nonzero { g * self.slope(call, true) } else { 0.0 }).collect()
    }
}

struct UnscaledGradient;
impl Dropout for UnscaledGradient {
    fn gradient(&self, _: &Context<'_>, _: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        kept.iter().zip(g).map(|(&kept, &g)| if kept { g } else { 0.0 }).collect()
    }
}

struct UnscaledCurvature;
impl Dropout for UnscaledCurvature {
    fn curvature(&self, _: &Context<'_>, slope: f64) -> f64 {
        2.0 * slope
    }
}
