//! All masks of a softmax for eight activations at once: one lane each.
//!
//! The units' contributions to the logits are \\(h_j d_{jy}\\), with d fixed and h different in each lane, so keeping unit
//! j multiplies e^η_y by \\(e^{h_j d_{jy}}\\): one vector of exponentials a unit and class serves all masks of the units,
//! and eight sub-models of the layers before.

mod layers;
mod logarithms;
mod octets;
mod single;
mod table;
mod terms;
mod tile;

pub(super) use layers::apply;
pub(super) use octets::{add_to_each, add_weighted};

use super::affine_sum::{AffineSum, Multiplier};
use super::lanes::{self, LANES, Octet};
use super::softmax::reference;
use crate::marginal::double_double::DoubleDouble;
use itertools::Itertools;
use pulp::Simd;
use terms::Terms;
use tile::{Tables, Tile};

/// The softmax of an affine layer, ready for eight activations at a time.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The class that the logits are relative to.
    reference: usize,
    /// c, one a class but the reference, in each lane.
    constant: Vec<Octet>,
    /// e^c, for where no unit is always kept.
    exponentials: Vec<Octet>,
    /// The places of the units that are never dropped, and the d of each of them after the other.
    kept: Vec<usize>,
    kept_contributions: Vec<f64>,
    /// The units that are.
    dropped: Vec<Unit>,
}

/// A droppable input of the layer.
#[derive(Clone, Debug)]
struct Unit {
    place: usize,
    /// d, one a class but the reference.
    contribution: Vec<f64>,
    /// The largest |d|.
    size: f64,
    keep: f64,
    /// p d.
    mean: Vec<f64>,
}

/// What is computed on the way, kept for the next time.
#[derive(Debug)]
pub(super) struct Workspace<S: Simd> {
    terms: Terms,
    tables: Tables<S>,
    /// What [`Tile::sums`] gives.
    sums: Vec<Octet>,
}

/// Sums for eight activations: rows of the other classes and, last, of the reference.
pub(super) struct BatchSums<'a> {
    pub expected: &'a [Octet],
    /// E η of the other classes.
    pub means: &'a [Octet],
    /// E ln s.
    pub logarithm: &'a [Octet],
    /// Empty if not asked for.
    pub squares: &'a [Octet],
}

impl<S: Simd> Default for Workspace<S> {
    fn default() -> Self {
        Self { terms: Terms::default(), tables: Tables::default(), sums: Vec::new() }
    }
}

impl Batch {
    /// The most droppable units of the layer.
    pub const MOST: usize = 16;

    /// The softmax of a sum with one unit an input of the layer, contributing what it does for h = 1.
    pub fn new(sum: &AffineSum, multipliers: &[Multiplier]) -> Self {
        let reference = reference(sum);
        let AffineSum { constant, units } = sum.relative_to(reference);
        let rounded = |all: Vec<DoubleDouble>| all.into_iter().map(|a| a.hi).collect_vec();
        let constant = rounded(constant).into_iter().map(|c| [c; LANES]).collect_vec();
        let exponentials = constant.iter().map(|c| c.map(lanes::exp)).collect();
        let (kept, kept_contributions, dropped) = (Vec::new(), Vec::new(), Vec::new());
        let mut batch = Self { reference, constant, exponentials, kept, kept_contributions, dropped };
        for (place, (unit, multiplier)) in units.into_iter().zip(multipliers).enumerate() {
            let size = unit.size();
            let contribution = rounded(unit.contribution);
            match *multiplier {
                Multiplier::One => {
                    batch.kept.push(place);
                    batch.kept_contributions.extend(contribution);
                }
                Multiplier::Dropped { keep, .. } if keep > 0.0 => {
                    let mean = contribution.iter().map(|d| keep * d).collect();
                    batch.dropped.push(Unit { place, contribution, size, keep, mean });
                }
                Multiplier::Dropped { .. } => {}
            }
        }
        batch
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.constant.len() + 1
    }

    /// The class that the logits are relative to.
    pub fn reference(&self) -> usize {
        self.reference
    }

    /// The sums over all masks of the units for eight activations; `None` if the logits range too widely.
    #[inline(always)]
    pub fn sums<'a, S: Simd>(
        &self,
        simd: S,
        h: &[Octet],
        squares: bool,
        workspace: &'a mut Workspace<S>,
    ) -> Option<BatchSums<'a>> {
        let Workspace { terms, tables, sums } = workspace;
        if !terms.fill(simd, self, h) {
            return None;
        }
        let (start, units) = terms.units(self);
        let sums = Tile { start, units, squares }.sums(simd, tables, sums);
        let (expected, others) = sums.split_at(self.classes());
        let (logarithm, squares) = others.split_at(1);
        Some(BatchSums { expected, means: terms.means(self.constant.len()), logarithm, squares })
    }
}
