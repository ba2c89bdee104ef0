//! Linear regression with dropout on its inputs (Srivastava et al. 2014, section 9.1).

use super::{Affine, Layer, Mlp, mlp::PiecewiseLinearMlp};
use crate::error::Result;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The prediction \\(w^\top(d \odot x) + b\\), the mean of a [Gaussian](crate::head::Gaussian).
///
/// ```
/// use dropout_oracle::network::{Network, linear_regression};
/// use nalgebra::dvector;
/// let net = linear_regression(dvector![2.0, 3.0], 1.0)?;
/// assert_eq!(net.output(&dvector![1.0, 1.0], &dvector![0.0, 1.0])?[0], 4.0); // input 0 dropped
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotFinite`](crate::Error::NotFinite) for a NaN or infinite weight or bias.
pub fn linear_regression<T: Scalar>(weight: DVector<T>, bias: T) -> Result<PiecewiseLinearMlp<T>> {
    let inputs = weight.len();
    let row = DMatrix::from_row_slice(1, inputs, weight.as_slice());
    let affine = Affine::new(row, DVector::from_element(1, bias))?;
    Mlp::new(inputs, vec![Layer::dropout(inputs), Layer::Affine(affine)])
}
