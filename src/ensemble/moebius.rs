//! Möbius coefficients: the mean of f at every vector of keep probabilities at once.

use crate::error::{Error, Result};
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::DVector;

/// f on the masks as a polynomial \\(f(d) = \sum_S c_S \prod_{i \in S} d_i\\), one coefficient a subset.
///
/// For independent masks the mean of a monomial is the product of its keep probabilities, so
/// \\(\mathbb E f = \sum_S c_S \prod_{i \in S} p_i\\) for any p (claim ws.moebius). For any other law it needs the joint
/// moments.
///
/// ```
/// use dropout_oracle::ensemble::moebius::Moebius;
/// use nalgebra::dvector;
/// let or = Moebius::new(2, vec![0.0, 1.0, 1.0, 1.0])?; // d₀ ∨ d₁ = d₀ + d₁ − d₀d₁
/// assert_eq!(or.coefficients(), [0.0, 1.0, 1.0, -1.0]);
/// assert_eq!(or.mean(&dvector![0.5, 0.5])?, 0.75);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Moebius<T> {
    units: usize,
    coefficients: Vec<T>,
}

impl<T: Scalar> Moebius<T> {
    /// The coefficients of f from its 2^n values, in O(n 2^n) subtractions.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are 2^n values.
    pub fn new(units: usize, values: Vec<T>) -> Result<Self> {
        Error::shape("values of f, one a mask", Mask::count(units)? as usize, values.len())?;
        let mut coefficients = values;
        for unit in 0..units {
            for mask in (0..coefficients.len()).filter(|mask| mask >> unit & 1 == 1) {
                let without = coefficients[mask ^ 1 << unit].clone();
                coefficients[mask] -= without;
            }
        }
        Ok(Self { units, coefficients })
    }

    /// c_S, at the integer of the mask S.
    pub fn coefficients(&self) -> &[T] {
        &self.coefficients
    }

    /// E f(d) for independent masks with keep probabilities p.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one p a unit.
    pub fn mean(&self, keep: &DVector<T>) -> Result<T> {
        Error::shape("keep probabilities", self.units, keep.len())?;
        let monomial = |set: usize| {
            (0..self.units).filter(|i| set >> i & 1 == 1).fold(T::one(), |product, i| product * keep[i].clone())
        };
        Ok(self.coefficients.iter().enumerate().fold(T::zero(), |sum, (set, c)| sum + c.clone() * monomial(set)))
    }
}
