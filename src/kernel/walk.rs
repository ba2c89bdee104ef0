//! A layer's sums for one mask of its inputs after the other, each from those of an earlier one.

use super::batch::add_to_each;
use super::lanes::Octet;
use super::prefix::Choice;
use pulp::Simd;

/// The sums of a mask are those of the mask without its first unit, plus what that unit contributes. If the masks are
/// counted up, the last sums with each first unit are all that is needed.
pub(super) struct Walk<'a> {
    units: &'a [Choice],
    /// For each unit, the sums of the last mask whose first unit it was; then those of no unit.
    sums: Vec<Octet>,
    /// The next mask: it keeps unit i where bit i is set.
    mask: usize,
}

impl<'a> Walk<'a> {
    /// Starts with what the sums are with all units dropped.
    pub fn new(units: &'a [Choice], start: &[Octet]) -> Self {
        Self { units, sums: start.repeat(units.len() + 1), mask: 0 }
    }

    /// The sums of the next mask; the first keeps no unit.
    #[inline(always)]
    pub fn next<S: Simd>(&mut self, simd: S) -> &[Octet] {
        let mask = self.mask;
        self.mask += 1;
        let (first, width) = (self.first_unit(mask), self.sums.len() / (self.units.len() + 1));
        let Some(unit) = self.units.get(first) else { return &self.sums[first * width..] };
        let others = self.first_unit(mask & (mask - 1));
        let (sums, later) = self.sums[first * width..].split_at_mut(width);
        let start = &later[(others - first - 1) * width..][..width];
        add_to_each(simd, sums, start, unit.contribution.as_slice());
        sums
    }

    /// The first unit that a mask keeps; for none, the number of units.
    fn first_unit(&self, mask: usize) -> usize {
        (mask.trailing_zeros() as usize).min(self.units.len())
    }
}
