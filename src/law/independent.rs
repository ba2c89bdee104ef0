//! Independent units, each with its own keep probability: the general law of dropout.

use super::{FiniteLaw, Law, happens, zero_one};
use crate::error::{Error, Result};
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// \\(\pi(\mu) = \prod_i p_i^{\mu_i} (1-p_i)^{1-\mu_i}\\), with p the **keep** probabilities.
///
/// ```
/// use dropout_oracle::law::{FiniteLaw, Independent};
/// let law = Independent::new(vec![0.8, 0.5].into())?;
/// let (multipliers, weight) = law.submodel(0b01); // unit 0 kept, unit 1 dropped
/// assert_eq!(multipliers.as_slice(), [1.0, 0.0]);
/// assert_eq!(weight, 0.8 * 0.5);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Independent<T> {
    keep: DVector<T>,
}

impl<T: Scalar> Independent<T> {
    /// Independent units with the given keep probabilities.
    ///
    /// # Errors
    /// [`Error::KeepProbability`] unless every one lies in (0, 1].
    pub fn new(keep: DVector<T>) -> Result<Self> {
        match keep.iter().position(|p| !(*p > T::zero() && *p <= T::one())) {
            Some(unit) => Err(Error::KeepProbability { unit, value: keep[unit].to_f64().to_string() }),
            None => Ok(Self { keep }),
        }
    }

    /// The keep probabilities p.
    pub fn keep(&self) -> &DVector<T> {
        &self.keep
    }
}

impl<T: Scalar> Law<T> for Independent<T> {
    fn units(&self) -> usize {
        self.keep.len()
    }
    fn mean(&self) -> DVector<T> {
        self.keep.clone()
    }
    fn covariance(&self) -> DMatrix<T> {
        DMatrix::from_diagonal(&self.keep.map(|p| p.clone() * (T::one() - p)))
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        zero_one(self.keep.len(), |i| happens(&self.keep[i], rng))
    }
}

impl<T: Scalar> FiniteLaw<T> for Independent<T> {
    fn submodels(&self) -> Result<u64> {
        Mask::count(self.keep.len())
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let multipliers = zero_one(self.keep.len(), |i| index >> i & 1 == 1);
        let weight = self.keep.iter().enumerate().fold(T::one(), |weight, (i, p)| {
            weight * if index >> i & 1 == 1 { p.clone() } else { T::one() - p.clone() }
        });
        (multipliers, weight)
    }
}
