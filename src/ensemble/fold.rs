//! The multilinear extension: means over independent masks, one unit at a time.

use crate::error::{Error, Result};
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::DVector;

/// \\(F(p) = \mathbb E f(d)\\) for independent \\(d_i \sim \mathrm{Bernoulli}(p_i)\\), from the 2^n values of f.
///
/// `values[m]` is f at the mask with integer m. Each step removes one unit: \\(v \leftarrow (1-p_i)\,v[d_i = 0] +
/// p_i\\,v[d_i = 1]\\), O(2^n) in all. F is the only function that is affine in each p_i and agrees with f at the masks;
/// weight scaling evaluates f's *own* real extension instead (claim ws.multilinear). As in
/// [`expectation`](super::expectation), a value of f where a mask never comes has no say: f may be −∞ there.
///
/// ```
/// use dropout_oracle::ensemble::fold::multilinear_extension;
/// use nalgebra::dvector;
/// // f = d₀ ∧ d₁
/// let f = multilinear_extension(vec![0.0, 0.0, 0.0, 1.0], &dvector![0.5, 0.25])?;
/// assert_eq!(f, 0.125);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless there are 2^n values.
pub fn multilinear_extension<T: Scalar>(values: Vec<T>, keep: &DVector<T>) -> Result<T> {
    Error::shape("values of f, one a mask", Mask::count(keep.len())? as usize, values.len())?;
    let term = |weight: T, v: &T| if weight.is_zero() { T::zero() } else { weight * v.clone() };
    let fold = |values: Vec<T>, p: &T| {
        let pairs = values.chunks_exact(2);
        pairs.map(|v| term(T::one() - p.clone(), &v[0]) + term(p.clone(), &v[1])).collect()
    };
    let mut mean = keep.iter().fold(values, fold);
    Ok(mean.remove(0))
}
