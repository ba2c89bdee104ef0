//! Inputs that show the mask and betray a permutation, and the mask read back.

use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Kind, Layer};
use crate::conformance::tensor::Tensor;
use crate::noise::{AlphaDropout, alpha_dropout::SELU_LIMIT};

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

/// [`ids`] from which the mask of any kind of layer can be [read back](kept): positive for alpha dropout, whose dropped
/// value is negative.
pub fn telling_ids(layer: &Layer, dtype: Dtype, shape: &[usize]) -> Tensor {
    let ids = ids(dtype, shape);
    match layer.kind {
        Kind::Alpha => Tensor::new(dtype, shape, &ids.values().into_iter().map(f64::abs).collect::<Vec<_>>()),
        _ => ids,
    }
}

/// The mask read back from an output: what is not zero was kept. Only for inputs without zeros.
pub fn read_back(y: &Tensor) -> Vec<bool> {
    y.values().iter().map(|&y| y != 0.0).collect()
}

/// The mask read back from an output of a layer of any kind on [`telling_ids`]; all kept where the noise has no mask.
pub fn kept(layer: &Layer, drop: f64, y: &Tensor) -> Vec<bool> {
    match (layer.kind, AlphaDropout::selu(1.0 - drop)) {
        (Kind::Gaussian | Kind::GaussianAdditive, _) => vec![true; y.len()],
        (Kind::Alpha, Ok(alpha)) => {
            // Halfway from the dropped value to that of x = 0.
            let between = alpha.shift() + alpha.scale() * SELU_LIMIT / 2.0;
            y.values().iter().map(|&y| y > between).collect()
        }
        _ => read_back(y),
    }
}

/// Whether a layer changed anything.
pub fn is_applied(layer: &Layer, x: &Tensor, y: &Tensor) -> bool {
    match layer.kind {
        Kind::Dropout | Kind::Dropconnect => y.values().contains(&0.0),
        _ => x != y,
    }
}
