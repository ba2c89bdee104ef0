//! Wrong dropouts, each with the law that must kill it.

use super::dropout::{Context, Dropout};

/// A wrong dropout.
pub struct Mutant {
    /// Its name.
    pub name: &'static str,
    /// The law that must kill it.
    pub killed_by: &'static str,
    /// Public threads where the defect was seen.
    pub seen: &'static [&'static str],
    /// Its steps.
    pub dropout: fn() -> Box<dyn Dropout>,
}

/// All mutants.
pub fn mutants() -> Vec<Mutant> {
    macro_rules! mutant {
        ($name:literal, $law:literal, [$($seen:literal),*], $dropout:expr) => {
            Mutant { name: $name, killed_by: $law, seen: &[$($seen),*], dropout: || Box::new($dropout) }
        };
    }
    let mut all = vec![
        mutant!("divides by p", "L1", ["theanets PR123"], DividesByP),
        mutant!("never applied", "L3", ["torchtune 996", "aprender PR2170", "clean-net 2"], NeverApplied),
        mutant!("inverted, and scaled in evaluation too", "L3", ["AiDotNet PR256"], ScaledInBoth),
        mutant!("fresh mask in backward", "L4", ["guided-diffusion 167", "flash-attention 1251"], FreshBackwardMask),
        mutant!("mask inferred from the output", "L4", ["NNlib PR454"], MaskFromOutput),
    ];
    all.extend(super::random::mutants());
    all
}

struct DividesByP;
impl Dropout for DividesByP {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / call.drop } else { 0.0 }
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

struct FreshBackwardMask;
impl Dropout for FreshBackwardMask {
    fn gradient(&self, call: &Context<'_>, _: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        let again = Context { key: !call.key, ..call.clone() };
        let kept = (0..kept.len() as u64).map(|i| self.keeps(&again, self.unit(call, i)));
        kept.zip(g).map(|(kept, g)| g * self.slope(call, kept)).collect()
    }
}

struct MaskFromOutput;
impl Dropout for MaskFromOutput {
    fn gradient(&self, call: &Context<'_>, x: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        let nonzero = x.iter().zip(kept).map(|(&x, &kept)| self.output(call, x, kept) != 0.0);
        nonzero.zip(g).map(|(nonzero, g)| g * self.slope(call, nonzero)).collect()
    }
}
