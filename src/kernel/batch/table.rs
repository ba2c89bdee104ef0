//! e^η over all masks of some units, in each lane for another activation.

use super::octets::vectors;
use crate::kernel::lanes::Octet;
use pulp::Simd;

/// e^η of each class but the reference, and the weight, for each mask. Mask m keeps unit i where bit i of m is set.
#[derive(Debug)]
pub(super) struct Table<S: Simd> {
    /// Mask by mask.
    pub exponentials: Vec<S::f64s>,
    pub weights: Vec<f64>,
}

/// Some of the units.
#[derive(Clone, Copy)]
pub(super) struct Units<'a> {
    /// Their KEEP probabilities.
    pub keep: &'a [f64],
    /// What each multiplies e^η of each class by.
    pub factors: &'a [Octet],
    /// The number of classes but the reference.
    pub others: usize,
}

impl Units<'_> {
    /// The first units, and the others.
    #[inline(always)]
    pub fn split(self, at: usize) -> (Self, Self) {
        let (keep, factors) = (self.keep.split_at(at), self.factors.split_at(at * self.others));
        (Self { keep: keep.0, factors: factors.0, ..self }, Self { keep: keep.1, factors: factors.1, ..self })
    }
}

impl<S: Simd> Default for Table<S> {
    fn default() -> Self {
        Self { exponentials: Vec::new(), weights: Vec::new() }
    }
}

impl<S: Simd> Table<S> {
    /// Fills it with the masks of the units, for a part of the lanes, given what it is with all units dropped.
    #[inline(always)]
    pub fn fill(&mut self, simd: S, start: &[S::f64s], weight: f64, units: Units, part: usize) {
        let Self { exponentials, weights } = self;
        let (others, masks) = (units.others, 1 << units.keep.len());
        exponentials.resize(masks * others, simd.splat_f64s(0.0));
        weights.resize(masks, 0.0);
        exponentials[..others].copy_from_slice(start);
        weights[0] = weight;
        for (unit, keep) in units.keep.iter().enumerate() {
            let (dropped, kept) = weights[..2 << unit].split_at_mut(1 << unit);
            for (dropped, kept) in dropped.iter_mut().zip(kept) {
                *kept = *dropped * keep;
                *dropped *= 1.0 - keep;
            }
            let factors = &units.factors[unit * others..][..others];
            let (dropped, kept) = exponentials[..(2 * others) << unit].split_at_mut(others << unit);
            for mask in 0..1 << unit {
                let (dropped, kept) = (&dropped[mask * others..][..others], &mut kept[mask * others..][..others]);
                for y in 0..others {
                    kept[y] = simd.mul_f64s(dropped[y], vector::<S>(&factors[y], part));
                }
            }
        }
    }

    /// The exponentials of N masks.
    #[inline(always)]
    pub fn rows<const N: usize>(&self, first: usize, others: usize) -> [&[S::f64s]; N] {
        let mut rows = [&[][..]; N];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = &self.exponentials[(first + i) * others..][..others];
        }
        rows
    }
}

/// A part of the lanes.
#[inline(always)]
pub(super) fn vector<S: Simd>(octet: &Octet, part: usize) -> S::f64s {
    vectors::<S>(std::slice::from_ref(octet))[part]
}
