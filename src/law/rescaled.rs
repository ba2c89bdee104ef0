//! Inverted dropout: the same masks, with kept units divided by their keep probability.

use super::{FiniteLaw, Law};
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// The law of \\(s \odot \mu\\) for fixed factors s: a unit's multiplier is s_i where it was 1.
///
/// Inverted dropout trains with h∘d/p and tests with h: it is this law with s = 1/p, whose mean is 1, so that weight
/// scaling is the network as it stands. Standard dropout trains with h∘d and tests with p∘h.
///
/// ```
/// use dropout_oracle::law::{Independent, Law, Rescaled};
/// let inverted = Rescaled::inverted(Independent::new(vec![0.25, 0.5].into())?)?;
/// assert_eq!(inverted.mean().as_slice(), [1.0, 1.0]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rescaled<T, L> {
    law: L,
    factor: DVector<T>,
}

impl<T: Scalar, L: Law<T>> Rescaled<T, L> {
    /// The law of `factor ∘ μ`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one factor a unit, [`Error::NotFinite`] for a factor that is NaN or infinite.
    pub fn new(law: L, factor: DVector<T>) -> Result<Self> {
        Error::shape("factors of a rescaled law", law.units(), factor.len())?;
        if let Some(bad) = factor.iter().find(|s| !s.is_finite()) {
            return Err(Error::NotFinite { what: "a factor of a rescaled law".into(), value: bad.to_f64() });
        }
        Ok(Self { law, factor })
    }

    /// The law itself, every factor being 1: the standard convention.
    pub fn unscaled(law: L) -> Self {
        let factor = DVector::from_element(law.units(), T::one());
        Self { law, factor }
    }

    /// The law of μ itself.
    pub fn law(&self) -> &L {
        &self.law
    }

    /// The factors s.
    pub fn factor(&self) -> &DVector<T> {
        &self.factor
    }

    /// The inverted convention: every multiplier is divided by its mean, so that E μ = 1.
    ///
    /// # Errors
    /// [`Error::Domain`] if a mean is zero, as for [`FixedCount`](super::FixedCount) without a kept unit: 0/0 is no mean
    /// of 1. [`Error::NotFinite`] if a mean is so small that its inverse overflows.
    pub fn inverted(law: L) -> Result<Self> {
        let mean = law.mean();
        if let Some(unit) = mean.iter().position(T::is_zero) {
            return Err(Error::Domain {
                what: format!("the mean multiplier of unit {unit} of an inverted law"),
                value: "0".into(),
                must: "above 0: a unit that is always dropped cannot be divided by its keep probability",
            });
        }
        Self::new(law, mean.map(|m| T::one() / m))
    }
}

impl<T: Scalar, L: Law<T>> Law<T> for Rescaled<T, L> {
    fn units(&self) -> usize {
        self.law.units()
    }
    fn mean(&self) -> DVector<T> {
        self.law.mean().component_mul(&self.factor)
    }
    fn covariance(&self) -> DMatrix<T> {
        let covariance = self.law.covariance();
        DMatrix::from_fn(self.units(), self.units(), |i, j| {
            covariance[(i, j)].clone() * self.factor[i].clone() * self.factor[j].clone()
        })
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        self.law.sample(rng).component_mul(&self.factor)
    }
}

impl<T: Scalar, L: FiniteLaw<T>> FiniteLaw<T> for Rescaled<T, L> {
    fn submodels(&self) -> Result<u64> {
        self.law.submodels()
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let (multipliers, weight) = self.law.submodel(index);
        (multipliers.component_mul(&self.factor), weight)
    }
}
