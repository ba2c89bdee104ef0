//! Laws whose units are independent, so that means and variances say all that a linear function needs.

use super::{Independent, Law, Rescaled, Uniform};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// A law under which all multipliers are independent of each other.
///
/// ```
/// use dropout_oracle::law::{Independent, IndependentUnits, Rescaled};
/// let masks = Independent::new(vec![0.25].into())?;
/// assert_eq!(masks.variance()[0], 0.1875); // p(1 − p)
/// assert_eq!(Rescaled::inverted(masks)?.variance()[0], 3.0); // (1 − p)/p
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub trait IndependentUnits<T: Scalar>: Law<T> {
    /// Var μ_i.
    fn variance(&self) -> DVector<T>;
}

impl<T: Scalar> IndependentUnits<T> for Uniform<T> {
    fn variance(&self) -> DVector<T> {
        DVector::from_element(self.units(), T::ratio(1, 4))
    }
}

impl<T: Scalar> IndependentUnits<T> for Independent<T> {
    fn variance(&self) -> DVector<T> {
        self.keep().map(|p| p.clone() * (T::one() - p))
    }
}

impl<T: Scalar, L: IndependentUnits<T>> IndependentUnits<T> for Rescaled<T, L> {
    fn variance(&self) -> DVector<T> {
        self.law().variance().zip_map(self.factor(), |v, s| v * s.clone() * s)
    }
}
