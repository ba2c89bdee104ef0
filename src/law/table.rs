//! Any law over masks, given as a table.

use super::{FiniteLaw, Law, check_weights, happens};
use crate::error::{Error, Result};
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// An arbitrary joint law: masks with their probabilities.
///
/// ```
/// use dropout_oracle::{Mask, Rational, Scalar, law::{Law, Table}};
/// let half = Rational::ratio(1, 2);
/// let law = Table::new(vec![(Mask::new(2, 0b00)?, half.clone()), (Mask::new(2, 0b11)?, half)])?;
/// assert_eq!(law.covariance()[(0, 1)], Rational::ratio(1, 4)); // the two units live and die together
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table<T> {
    units: usize,
    entries: Vec<(Mask, T)>,
}

impl<T: Scalar> Table<T> {
    /// The law that gives each listed mask its probability.
    ///
    /// # Errors
    /// [`Error::NoMasks`] for an empty table, [`Error::Shape`] for masks of different numbers of units, and
    /// [`Error::NotALaw`] unless the probabilities are non-negative and sum to one: exactly in rationals, to two
    /// roundings an entry in floating point.
    pub fn new(entries: Vec<(Mask, T)>) -> Result<Self> {
        let units = entries.first().ok_or(Error::NoMasks { why: "the table is empty" })?.0.units();
        for (mask, _) in &entries {
            Error::shape("units of a mask in the table", units, mask.units())?;
        }
        check_weights(entries.iter().map(|(_, weight)| weight), |i| format!("mask {}", entries[i].0))?;
        Ok(Self { units, entries })
    }
}

impl<T: Scalar> Law<T> for Table<T> {
    fn units(&self) -> usize {
        self.units
    }
    fn mean(&self) -> DVector<T> {
        self.entries
            .iter()
            .fold(DVector::zeros(self.units), |mean, (mask, weight)| mean + mask.multipliers::<T>() * weight.clone())
    }
    fn covariance(&self) -> DMatrix<T> {
        let mean = self.mean();
        self.entries.iter().fold(DMatrix::zeros(self.units, self.units), |mut covariance, (mask, weight)| {
            let deviation = mask.multipliers::<T>() - &mean;
            for (i, j) in itertools::iproduct!(0..self.units, 0..self.units) {
                covariance[(i, j)] += weight.clone() * deviation[i].clone() * deviation[j].clone();
            }
            covariance
        })
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        // Entry by entry: is it this one, given that it was none before? What rounding leaves over goes to the last entry
        // that can be drawn at all.
        let last = self.entries.iter().rposition(|(_, weight)| !weight.is_zero()).expect("the weights sum to one");
        let mut left = T::one();
        for (mask, weight) in &self.entries[..last] {
            if *weight >= left || happens(&(weight.clone() / left.clone()), rng) {
                return mask.multipliers();
            }
            left -= weight.clone();
        }
        self.entries[last].0.multipliers()
    }
}

impl<T: Scalar> FiniteLaw<T> for Table<T> {
    fn submodels(&self) -> Result<u64> {
        Ok(self.entries.len() as u64)
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let (mask, weight) = &self.entries[index as usize];
        (mask.multipliers(), weight.clone())
    }
}
