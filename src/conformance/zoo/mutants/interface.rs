//! What goes in and comes out: memory, masks, formats.

use super::Mutant;
use crate::conformance::dtype::Dtype;
use crate::conformance::zoo::dropout::{Context, Dropout};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L10" "multiplies in place" InPlace, ["Oneflow PR9808", "Mocha.jl 96"];
        "L10" "output shares memory with input" SharesMemory, [];
        "L13" "returned mask zero" ReturnsZeros, ["mxnet 15659", "onnxruntime 1487"];
        "L13" "injected mask ignored" IgnoresMask, [];
        "L14" "half formats widened" Widens, [];
        "L14" "empty arrays widened" WidensEmpty, [];
    }
}

struct InPlace;
impl Dropout for InPlace {
    fn x_after(&self, _: &Context<'_>, _: &[f64], y: &[f64]) -> Vec<f64> {
        y.to_vec()
    }
}

struct SharesMemory;
impl Dropout for SharesMemory {
    fn x_after(&self, call: &Context<'_>, x: &[f64], _: &[f64]) -> Vec<f64> {
        if self.is_active(call) { x.to_vec() } else { vec![0.0; x.len()] }
    }
}

struct ReturnsZeros;
impl Dropout for ReturnsZeros {
    fn returned(&self, kept: Vec<bool>) -> Option<Vec<bool>> {
        Some(vec![false; kept.len()])
    }
}

/// An injected mask is taken for that of the features in reverse.
struct IgnoresMask;
impl Dropout for IgnoresMask {
    fn injected(&self, mut kept: Vec<bool>) -> Vec<bool> {
        kept.reverse();
        kept
    }
}

struct Widens;
impl Dropout for Widens {
    fn dtype(&self, x: Dtype, _: &[usize]) -> Dtype {
        x.max(Dtype::F32)
    }
}

struct WidensEmpty;
impl Dropout for WidensEmpty {
    fn dtype(&self, x: Dtype, shape: &[usize]) -> Dtype {
        if shape.contains(&0) { Dtype::F64 } else { x }
    }
}
