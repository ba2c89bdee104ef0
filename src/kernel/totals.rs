//! Sums that are kept apart by lanes.

use super::batch::{BatchSums, add_weighted};
use super::lanes::{self, LANES, Octet};
use super::sums::Sums;
use itertools::Itertools;
use nalgebra::DVector;
use pulp::Simd;

/// The [`BatchSums`] over some masks, each lane for its own.
pub(super) struct Totals {
    /// The class whose rows come last.
    reference: usize,
    rows: [Vec<Octet>; 4],
}

impl Totals {
    /// The sums over no masks.
    pub fn none(reference: usize, classes: usize, squares: bool) -> Self {
        let rows = [classes, classes - 1, 1, if squares { classes } else { 0 }];
        Self { reference, rows: rows.map(|rows| vec![[0.0; LANES]; rows]) }
    }

    /// Adds sums times a weight, lane by lane.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, sums: BatchSums, weights: &Octet) {
        let BatchSums { expected, means, logarithm, squares } = sums;
        for (totals, sums) in self.rows.iter_mut().zip([expected, means, logarithm, squares]) {
            add_weighted(simd, totals, weights, sums);
        }
    }

    /// Adds sums times a weight to one lane.
    pub fn add_lane(&mut self, sums: &Sums, lane: usize, weight: f64) {
        let reference_last = |classes: &DVector<f64>| {
            let mut classes = classes.as_slice().to_vec();
            if !classes.is_empty() {
                classes[self.reference..].rotate_left(1);
            }
            classes
        };
        let (mut means, squares) = (reference_last(&sums.log_coordinates), reference_last(&sums.squares));
        let logarithm = -means.pop().expect("the reference is always there");
        means.iter_mut().for_each(|mean| *mean += logarithm);
        let rows = [reference_last(&sums.expected), means, vec![logarithm], squares];
        for (total, sum) in self.rows.iter_mut().flatten().zip(rows.iter().flatten()) {
            total[lane] = sum.mul_add(weight, total[lane]);
        }
    }

    /// Adds those of other masks, and leaves none of them there.
    pub fn take(&mut self, others: &mut Self) {
        for (total, other) in self.rows.iter_mut().flatten().zip(others.rows.iter_mut().flatten()) {
            for (total, other) in total.iter_mut().zip(other) {
                *total += std::mem::take(other);
            }
        }
    }

    /// The sums of all lanes.
    pub fn sums(self) -> Sums {
        let [expected, means, logarithm, squares] =
            self.rows.map(|rows| rows.into_iter().map(lanes::sum).collect_vec());
        let log_coordinates = means.into_iter().chain([0.0]).map(|mean| mean - logarithm[0]).collect_vec();
        let [expected, log_coordinates, squares] = [expected, log_coordinates, squares].map(|mut rows| {
            if !rows.is_empty() {
                rows[self.reference..].rotate_right(1);
            }
            DVector::from_vec(rows)
        });
        Sums { expected, log_coordinates, squares }
    }
}
