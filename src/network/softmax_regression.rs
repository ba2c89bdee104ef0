//! Softmax regression with dropout on its inputs: equations 7.56 and 7.57.

use super::{Affine, Layer, Mlp, mlp::PiecewiseLinearMlp};
use crate::error::Result;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The logits \\(W^\top(d \odot v) + b\\) of equation 7.57; at d = 1 those of equation 7.56.
///
/// `weight` is Wᵀ, of shape (classes, inputs); `bias` has one entry a class and is neither dropped nor scaled.
///
/// ```
/// use dropout_oracle::network::{Network, softmax_regression};
/// use nalgebra::{dmatrix, dvector};
/// let net = softmax_regression(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![0.5, -0.5])?;
/// let logits = net.output(&dvector![1.0, 1.0], &dvector![1.0, 0.0])?; // input 1 dropped
/// assert_eq!(logits.as_slice(), [1.5, 2.5]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) unless the bias has one entry a class,
/// [`Error::NotFinite`](crate::Error::NotFinite) for a NaN or infinite entry.
pub fn softmax_regression<T: Scalar>(weight: DMatrix<T>, bias: DVector<T>) -> Result<PiecewiseLinearMlp<T>> {
    let inputs = weight.ncols();
    Mlp::new(inputs, vec![Layer::dropout(inputs), Layer::Affine(Affine::new(weight, bias)?)])
}
