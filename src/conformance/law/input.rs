//! Inputs that show the mask and betray a permutation, and the mask read back.

use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Layer;
use crate::conformance::tensor::Tensor;

/// Drop rates of few bits: the same number in every format, so that none has rounded it.
pub const DYADIC: [f64; 4] = [0.25, 0.5, 0.875, 0.0625];

/// Numbers for the places of `shape`, none zero, all exact in eight bits of significand, of both signs, distinct among any
/// 256 neighbours.
pub fn ids(dtype: Dtype, shape: &[usize]) -> Tensor {
    let id = |i: usize| {
        let magnitude = (128 + 37 * i % 128) as f64 / 1024.0 * f64::from(1 << (i / 128 % 5));
        if i.is_multiple_of(2) { magnitude } else { -magnitude }
    };
    let values: Vec<_> = (0..shape.iter().product()).map(id).collect();
    Tensor::new(dtype, shape, &values)
}

/// [`ids`] for a shape of the layer with at least `elements` mask elements.
pub fn ids_for(layer: &Layer, dtype: Dtype, elements: usize) -> Tensor {
    ids(dtype, &layer.shape(elements))
}

/// The mask read back from an output: what is not zero was kept. Only for inputs without zeros.
pub fn read_back(y: &Tensor) -> Vec<bool> {
    y.values().iter().map(|&y| y != 0.0).collect()
}
