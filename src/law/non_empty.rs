//! Independent dropout, given that at least one unit is kept.

use super::{FiniteLaw, Independent, Law, happens};
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// [`Independent`] masks conditioned on not being empty: \\(\pi(\mu)/(1-\pi(0))\\) for μ ≠ 0.
///
/// The marginals rise to \\(m_i = p_i/(1-\pi(0))\\), with \\(\pi(0) = \prod_i (1-p_i)\\): for p = ½ and n = 4 they are
/// 8/15, so halving the weights is *not* this law's weight scaling. Given i ≠ j,
/// \\(\mathbb E\\,\mu_i\mu_j = p_i p_j/(1-\pi(0))\\).
///
/// ```
/// use dropout_oracle::{Rational, Scalar, law::{Independent, Law, NonEmpty}};
/// let half = vec![Rational::ratio(1, 2); 4];
/// let law = NonEmpty::new(Independent::new(half.into())?)?;
/// assert_eq!(law.mean()[0], Rational::ratio(8, 15));
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NonEmpty<T> {
    masks: Independent<T>,
}

impl<T: Scalar> NonEmpty<T> {
    /// `masks`, given that not all units are dropped.
    ///
    /// # Errors
    /// [`Error::NoMasks`] without any unit.
    pub fn new(masks: Independent<T>) -> Result<Self> {
        if masks.keep().is_empty() {
            return Err(Error::NoMasks { why: "without units the only mask is the empty one" });
        }
        Ok(Self { masks })
    }

    /// The probability, under the independent law, that some unit at or after `first` is kept.
    fn some_kept_from(&self, first: usize) -> T {
        // From the last unit on and without 1 − Π(1 − p), which cancels for small p: it would be 0 for p = 1e−17, and not
        // p itself for a single unit.
        let later = &self.masks.keep().as_slice()[first..];
        later.iter().rev().fold(T::zero(), |some, p| p.clone() + (T::one() - p.clone()) * some)
    }
}

impl<T: Scalar> Law<T> for NonEmpty<T> {
    fn units(&self) -> usize {
        self.masks.units()
    }
    fn mean(&self) -> DVector<T> {
        self.masks.keep() / self.some_kept_from(0)
    }
    fn covariance(&self) -> DMatrix<T> {
        let (keep, some, mean) = (self.masks.keep(), self.some_kept_from(0), self.mean());
        DMatrix::from_fn(keep.len(), keep.len(), |i, j| {
            let both = if i == j { keep[i].clone() } else { keep[i].clone() * keep[j].clone() };
            both / some.clone() - mean[i].clone() * mean[j].clone()
        })
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        // As long as nothing is kept, unit i is kept with its probability given that it or a later one will be.
        let mut empty = true;
        DVector::from_fn(self.units(), |i, _| {
            let p = self.masks.keep()[i].clone();
            let kept = happens(&if empty { p / self.some_kept_from(i) } else { p }, rng);
            empty &= !kept;
            if kept { T::one() } else { T::zero() }
        })
    }
}

impl<T: Scalar> FiniteLaw<T> for NonEmpty<T> {
    fn submodels(&self) -> Result<u64> {
        Ok(self.masks.submodels()? - 1)
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let (multipliers, weight) = self.masks.submodel(index + 1);
        (multipliers, weight / self.some_kept_from(0))
    }
}
