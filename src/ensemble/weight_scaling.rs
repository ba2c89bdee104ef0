//! The weight scaling rule: one network, at the mean of the multipliers.

use super::Ensemble;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::law::{Independent, Law};
use crate::network::Network;
use crate::scalar::{Scalar, dot};
use nalgebra::DVector;

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The network's output at E μ: every weight that leaves a droppable unit times the unit's mean multiplier, biases
    /// as they are (equation 7.66 has ½).
    ///
    /// # Errors
    /// [`Error::Shape`] for an input of another length.
    pub fn weight_scaled_output<T: Scalar>(&self, x: &DVector<T>) -> Result<DVector<T>>
    where
        N: Network<T>,
        L: Law<T>,
    {
        self.network.output(x, &self.law.mean())
    }

    /// The expected y at [`Ensemble::weight_scaled_output`].
    ///
    /// # Errors
    /// [`Error::Shape`] for an input of another length.
    pub fn weight_scaling<T: Scalar>(&self, x: &DVector<T>) -> Result<DVector<T>>
    where
        N: Network<T>,
        H: Head<T>,
        L: Law<T>,
    {
        Ok(self.head.expected(&self.weight_scaled_output(x)?))
    }
}

/// A bound on what weight scaling can be off: for independent masks with keep probabilities p,
/// \\(|\mathbb E f(d) - f(p)| \le \tfrac12 \sum_i p_i(1-p_i) \sup |\partial^2 f/\partial d_i^2|\\) (claim ws.bound).
///
/// `curvature` holds the suprema over the unit cube. Only the *diagonal* second derivatives count: replacing one d_i
/// after another by p_i (Lindeberg's swapping) meets no mixed one.
///
/// ```
/// use dropout_oracle::ensemble::weight_scaling::gap_bound;
/// use nalgebra::dvector;
/// // f(d) = d², E f = p, f(p) = p²: the gap p(1 − p) is the bound
/// assert_eq!(gap_bound(&dvector![0.5], &dvector![2.0])?, 0.25);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless there is one curvature a unit, [`Error::KeepProbability`] for a keep probability outside (0, 1],
/// [`Error::Domain`] for a curvature that is negative, infinite or NaN.
pub fn gap_bound<T: Scalar>(keep: &DVector<T>, curvature: &DVector<T>) -> Result<T> {
    Error::shape("curvatures, one a droppable unit", keep.len(), curvature.len())?;
    let variance = Independent::new(keep.clone())?.keep().map(|p| p.clone() * (T::one() - p));
    if let Some(unit) = curvature.iter().position(|c| !(*c >= T::zero() && c.is_finite())) {
        return Err(Error::Domain {
            what: format!("curvature along unit {unit}"),
            value: curvature[unit].to_f64().to_string(),
            must: "non-negative and finite: the supremum of an absolute value",
        });
    }
    Ok(dot(&variance, curvature) * T::ratio(1, 2))
}
