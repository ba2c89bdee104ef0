//! Sums that are kept apart by lanes.

use super::batch::add_weighted;
use super::lanes::{self, LANES, Octet};
use super::sums::Sums;
use nalgebra::DVector;
use pulp::Simd;

/// The [`Sums`] of a softmax over some masks, each lane for its own: expected, log coordinates and squares.
pub(super) struct Totals([Vec<Octet>; 3]);

impl Totals {
    /// The sums over no masks.
    pub fn none(classes: usize, squares: bool) -> Self {
        Self([classes, classes, if squares { classes } else { 0 }].map(|rows| vec![[0.0; LANES]; rows]))
    }

    /// Adds sums times a weight, lane by lane.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, sums: [&[Octet]; 3], weights: &Octet) {
        for (totals, sums) in self.0.iter_mut().zip(sums) {
            add_weighted(simd, totals, weights, sums);
        }
    }

    /// Adds sums times a weight to one lane.
    pub fn add_lane(&mut self, sums: &Sums, lane: usize, weight: f64) {
        for (totals, sums) in self.0.iter_mut().zip([&sums.expected, &sums.log_coordinates, &sums.squares]) {
            for (total, sum) in totals.iter_mut().zip(sums) {
                total[lane] = sum.mul_add(weight, total[lane]);
            }
        }
    }

    /// The sums of all lanes.
    pub fn sums(self) -> Sums {
        let [expected, log_coordinates, squares] =
            self.0.map(|rows| DVector::from_iterator(rows.len(), rows.into_iter().map(lanes::sum)));
        Sums { expected, log_coordinates, squares }
    }
}
