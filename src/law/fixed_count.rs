//! Exactly k of n units kept: dropout by sampling without replacement.

use super::{FiniteLaw, Law};
use crate::error::{Error, Result};
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use std::marker::PhantomData;

/// The uniform law over the masks with exactly `kept` of `units` units.
///
/// \\(\mathbb E\\,\mu_i = k/n\\), \\(\operatorname{Var}\mu_i = k(n-k)/n^2\\) and, for i ≠ j,
/// \\(\operatorname{Cov}(\mu_i,\mu_j) = -k(n-k)/(n^2(n-1))\\): the units are *not* independent. Sub-models come in the
/// order of their mask integers.
///
/// ```
/// use dropout_oracle::{Rational, Scalar, law::{FiniteLaw, FixedCount, Law}};
/// let law = FixedCount::<Rational>::new(4, 2)?;
/// assert_eq!(law.submodels()?, 6);
/// assert_eq!(law.covariance()[(0, 1)], Rational::ratio(-1, 12));
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedCount<T> {
    units: usize,
    kept: usize,
    number: PhantomData<fn() -> T>,
}

impl<T> FixedCount<T> {
    /// The law that keeps exactly `kept` of `units` units.
    ///
    /// # Errors
    /// [`Error::NoMasks`] if `kept > units`, [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`] units.
    pub fn new(units: usize, kept: usize) -> Result<Self> {
        Mask::count(units)?;
        if kept > units {
            return Err(Error::NoMasks { why: "it keeps more units than there are" });
        }
        Ok(Self { units, kept, number: PhantomData })
    }
}

/// \\(\binom nk\\) for n ≤ 63, which fits.
fn binomial(n: usize, k: usize) -> u64 {
    if k > n {
        return 0;
    }
    // u128: the product before the division can pass 2^64 although the result does not.
    (0..k).fold(1u128, |c, i| c * (n - i) as u128 / (i + 1) as u128) as u64
}

impl<T: Scalar> Law<T> for FixedCount<T> {
    fn units(&self) -> usize {
        self.units
    }
    fn mean(&self) -> DVector<T> {
        // No units, no mean: the ratio is not evaluated for an empty vector.
        DVector::from_fn(self.units, |_, _| T::ratio(self.kept as i64, self.units as i64))
    }
    fn covariance(&self) -> DMatrix<T> {
        let (n, k) = (self.units as i64, self.kept as i64);
        DMatrix::from_fn(self.units, self.units, |i, j| {
            if i == j { T::ratio(k * (n - k), n * n) } else { T::ratio(-k * (n - k), n * n * (n - 1)) }
        })
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        let chosen = rand::seq::index::sample(rng, self.units, self.kept);
        let mut multipliers = DVector::zeros(self.units);
        chosen.iter().for_each(|i| multipliers[i] = T::one());
        multipliers
    }
}

impl<T: Scalar> FiniteLaw<T> for FixedCount<T> {
    fn submodels(&self) -> Result<u64> {
        Ok(binomial(self.units, self.kept))
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        // Combinatorial number system: the mask with kept units c_k > … > c_1 has rank Σ binomial(c_j, j).
        let (mut rank, mut multipliers, mut unit) = (index, DVector::zeros(self.units), self.units);
        for j in (1..=self.kept).rev() {
            unit = (0..unit).rev().find(|&c| binomial(c, j) <= rank).expect("binomial(j − 1, j) = 0 is never above");
            rank -= binomial(unit, j);
            multipliers[unit] = T::one();
        }
        (multipliers, T::ratio(1, binomial(self.units, self.kept) as i64))
    }
}
