//! A mask: which of the droppable units a sub-model keeps.

use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// A subset of n ≤ 63 droppable units, as the integer whose bit i says whether unit i is kept.
///
/// ```
/// use dropout_oracle::Mask;
/// let mask = Mask::new(3, 0b101)?;
/// assert!(mask.keeps(0) && !mask.keeps(1) && mask.keeps(2));
/// assert_eq!(mask.kept(), 2);
/// assert_eq!(Mask::all(3)?.count(), 8);
/// assert_eq!(mask.to_string(), "101"); // unit 0 first
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mask {
    units: usize,
    bits: u64,
}

impl Mask {
    /// The largest number of units whose masks can be indexed.
    pub const MAX_UNITS: usize = 63;

    /// The mask of `units` units whose bit i is bit i of `bits`.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`] units, [`Error::Domain`] for a bit beyond the last
    /// unit.
    pub fn new(units: usize, bits: u64) -> Result<Self> {
        if bits >= Self::count(units)? {
            return Err(Error::Domain {
                what: format!("mask of {units} units"),
                value: format!("{bits:#b}"),
                must: "an integer below 2^units",
            });
        }
        Ok(Self { units, bits })
    }

    /// The number of masks, 2^units.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`] units.
    pub fn count(units: usize) -> Result<u64> {
        if units > Self::MAX_UNITS { Err(Error::TooManyMasks { units }) } else { Ok(1 << units) }
    }

    /// All 2^units masks, in the order of their integers.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`] units.
    pub fn all(units: usize) -> Result<impl ExactSizeIterator<Item = Self>> {
        let count = usize::try_from(Self::count(units)?).map_err(|_| Error::TooManyMasks { units })?;
        Ok((0..count).map(move |bits| Self { units, bits: bits as u64 }))
    }

    /// The number of droppable units, kept or not.
    pub fn units(self) -> usize {
        self.units
    }

    /// The mask as an integer.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// Whether unit i is kept.
    pub fn keeps(self, i: usize) -> bool {
        i < self.units && self.bits >> i & 1 == 1
    }

    /// The number of kept units.
    pub fn kept(self) -> usize {
        self.bits.count_ones() as usize
    }

    /// The multipliers μ: 1 for a kept unit, 0 for a dropped one.
    pub fn multipliers<T: Scalar>(self) -> DVector<T> {
        DVector::from_fn(self.units, |i, _| if self.keeps(i) { T::one() } else { T::zero() })
    }
}

impl std::fmt::Display for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (0..self.units).try_for_each(|i| f.write_str(if self.keeps(i) { "1" } else { "0" }))
    }
}
