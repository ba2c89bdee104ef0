//! Deep linear networks: hidden layers without nonlinearities.

use super::{Affine, Layer, Mlp, mlp::PiecewiseLinearMlp};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// Affine layers one after another, each with dropout on all of its inputs.
///
/// The output is multi-affine in μ, so for independent masks its mean is weight scaling (claim ws.deep-linear).
///
/// ```
/// use dropout_oracle::network::{Affine, Network, deep_linear};
/// use nalgebra::{dmatrix, dvector};
/// let layer = Affine::new(dmatrix![2.0], dvector![1.0])?;
/// let net = deep_linear(1, vec![layer.clone(), layer])?;
/// assert_eq!(net.units(), 2);
/// assert_eq!(net.output(&dvector![1.0], &dvector![0.5, 0.5])?[0], 3.0); // 2·½·(2·½·1 + 1) + 1
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] where a layer does not fit the one before (layers are counted from 0).
pub fn deep_linear<T: Scalar>(inputs: usize, layers: Vec<Affine<T>>) -> Result<PiecewiseLinearMlp<T>> {
    let mut width = inputs;
    for (index, affine) in layers.iter().enumerate() {
        Error::shape(format!("inputs of linear layer {index}"), width, affine.inputs())?;
        width = affine.outputs();
    }
    let dropped = layers.into_iter().flat_map(|affine| [Layer::dropout(affine.inputs()), Layer::Affine(affine)]);
    Mlp::new(inputs, dropped.collect())
}
