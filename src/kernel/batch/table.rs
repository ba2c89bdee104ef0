//! e^η over all masks of some units, in each lane for another activation.

use super::octets::{first, vectors};
use crate::kernel::lanes::Octet;
use crate::kernel::products::Own;
use pulp::Simd;

/// e^η of each class but the reference, and the weight, for each mask. Mask m keeps unit i where bit i of m is set.
#[derive(Debug)]
pub(super) struct Table<S: Simd> {
    others: usize,
    masks: usize,
    /// Mask by mask; then what an earlier table has left, as below.
    exponentials: Vec<S::f64s>,
    weights: Vec<f64>,
    /// The rows w e^η and, last, w, mask by mask, of each class; then the same with e^2η.
    weighted: [Vec<Own<S>>; 2],
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
        let weighted = [Vec::new(), Vec::new()];
        Self { others: 0, masks: 0, exponentials: Vec::new(), weights: Vec::new(), weighted }
    }
}

impl<S: Simd> Table<S> {
    /// The weights of the masks.
    #[inline(always)]
    pub fn weights(&self) -> &[f64] {
        &self.weights[..self.masks]
    }

    /// Starts with the mask that drops all of the units, whose exponentials are to be filled in.
    #[inline(always)]
    pub fn start(&mut self, simd: S, weight: f64, units: Units) -> &mut [S::f64s] {
        (self.others, self.masks) = (units.others, 1 << units.keep.len());
        first(&mut self.weights, self.masks, 0.0)[0] = weight;
        &mut first(&mut self.exponentials, self.masks * self.others, simd.splat_f64s(0.0))[..units.others]
    }

    /// Fills in the other masks of the units, for a part of the lanes.
    #[inline(always)]
    pub fn fill(&mut self, simd: S, units: Units, part: usize) {
        let Self { exponentials, weights, .. } = self;
        let others = units.others;
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

    /// Fills the weighted rows and, if asked for, those of the squares.
    #[inline(always)]
    pub fn weigh(&mut self, simd: S, squares: bool) {
        let (others, classes, none) = (self.others, self.others + 1, Own(simd.splat_f64s(0.0)));
        let [weighted, weighted_squares] = &mut self.weighted;
        let weighted = first(weighted, self.masks * classes, none);
        for mask in 0..self.masks {
            let w = simd.splat_f64s(self.weights[mask]);
            let row = &self.exponentials[mask * others..][..others];
            let weighted = &mut weighted[mask * classes..][..classes];
            for y in 0..others {
                weighted[y] = Own(simd.mul_f64s(w, row[y]));
            }
            weighted[others] = Own(w);
        }
        if !squares {
            return;
        }
        let weighted_squares = first(weighted_squares, weighted.len(), none);
        weighted_squares.copy_from_slice(weighted);
        for mask in 0..self.masks {
            let row = &self.exponentials[mask * others..][..others];
            let weighted = &mut weighted_squares[mask * classes..][..others];
            for y in 0..others {
                weighted[y] = Own(simd.mul_f64s(weighted[y].0, row[y]));
            }
        }
    }

    /// The weighted rows from a mask on, of the classes or, for power 2, of their squares.
    #[inline(always)]
    pub fn weighted(&self, power: usize, first: usize) -> &[Own<S>] {
        let classes = self.others + 1;
        &self.weighted[power - 1][first * classes..self.masks * classes]
    }

    /// The exponentials of N masks.
    #[inline(always)]
    pub fn rows<const N: usize>(&self, first: usize) -> [&[S::f64s]; N] {
        let mut rows = [&[][..]; N];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = &self.exponentials[(first + i) * self.others..][..self.others];
        }
        rows
    }
}

/// A part of the lanes.
#[inline(always)]
pub(super) fn vector<S: Simd>(octet: &Octet, part: usize) -> S::f64s {
    vectors::<S>(std::slice::from_ref(octet))[part]
}
