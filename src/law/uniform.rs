//! All 2^n masks with the same probability: the law of equations 7.54 and 7.59.

use super::{FiniteLaw, Law, zero_one};
use crate::error::Result;
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use std::marker::PhantomData;

/// π(μ) = 2^−n for every mask: each unit is kept with probability ½, independently.
///
/// ```
/// use dropout_oracle::law::{FiniteLaw, Law, Uniform};
/// let law = Uniform::<f64>::new(3);
/// assert_eq!(law.submodels()?, 8);
/// assert_eq!(law.mean().as_slice(), [0.5; 3]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uniform<T> {
    units: usize,
    number: PhantomData<fn() -> T>,
}

impl<T> Uniform<T> {
    /// The uniform law over the masks of `units` units.
    pub fn new(units: usize) -> Self {
        Self { units, number: PhantomData }
    }
}

impl<T: Scalar> Law<T> for Uniform<T> {
    fn units(&self) -> usize {
        self.units
    }
    fn mean(&self) -> DVector<T> {
        DVector::from_element(self.units, T::ratio(1, 2))
    }
    fn covariance(&self) -> DMatrix<T> {
        DMatrix::from_diagonal_element(self.units, self.units, T::ratio(1, 4))
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        let mut bits = 0;
        zero_one(self.units, |i| {
            if i % 64 == 0 {
                bits = rng.next_u64();
            }
            bits >> (i % 64) & 1 == 1
        })
    }
}

impl<T: Scalar> FiniteLaw<T> for Uniform<T> {
    fn submodels(&self) -> Result<u64> {
        Mask::count(self.units)
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let weight = (0..self.units).fold(T::one(), |weight, _| weight * T::ratio(1, 2));
        (zero_one(self.units, |i| index >> i & 1 == 1), weight)
    }
}
