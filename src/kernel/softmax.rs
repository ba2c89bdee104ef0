//! All masks of a softmax over an affine sum: the tree of tiles.

use super::Subtree;
use super::affine_sum::{AffineSum, Unit};
use super::narrow::Narrow;
use super::sums::Sums;
use super::tables::Group;
use super::tile::Pass;
use super::wide::Wide;
use crate::marginal::double_double::DoubleDouble;
use itertools::Itertools;

/// The softmax of an [`AffineSum`], ready to be summed over its masks.
///
/// The units are ordered by the size of their contribution. The smallest make the tile: up to eight units enter through
/// a table of A, up to eight more through a table of B, and no exponential is taken inside. The others make the tree of
/// tiles, so that a huge contribution decides between tiles and not within one. A unit that contributes nothing has no
/// place in either, unless to fill up a tile that is too small.
#[derive(Clone, Debug)]
pub(super) struct Softmax {
    /// The class that the logits are relative to.
    reference: usize,
    tables: Tables,
    /// What the logits are where every high unit is dropped and the tile's are at their centre.
    centre: Vec<DoubleDouble>,
    /// How far the mean of the tile's logits is from their centre.
    mean: Vec<DoubleDouble>,
    /// The units of the tree, its root's first.
    high: Vec<Unit>,
}

#[derive(Clone, Debug)]
enum Tables {
    Narrow(Narrow),
    Wide(Wide),
}

/// The most units of each of a tile's two groups.
const MOST: usize = 8;
/// The fewest: 32 masks, a block of the widest vectors.
const FEWEST_LOW: usize = 5;
/// The fewest: four masks, which share a division.
const FEWEST_MIDDLE: usize = 2;

impl Softmax {
    /// Builds the tables for a sum with at least two classes.
    pub fn new(sum: &AffineSum) -> Self {
        let reference = reference(sum);
        let AffineSum { constant, mut units } = sum.relative_to(reference);
        units.retain(|unit| unit.size() > 0.0);
        units.sort_by_cached_key(|unit| unit.size().to_bits()); // the order of numbers that are not negative
        let missing = (FEWEST_LOW + FEWEST_MIDDLE).saturating_sub(units.len());
        units.splice(0..0, vec![Unit::null(constant.len()); missing]);
        let low_units = (units.len() / 2).clamp(FEWEST_LOW, MOST);
        let (tile, high) = units.split_at((low_units + MOST).min(units.len()));
        let (low, middle) = tile.split_at(low_units);
        let (low, middle) = (Group::new(low, constant.len()), Group::new(middle, constant.len()));
        let centre =
            itertools::izip!(&constant, &low.centre, &middle.centre).map(|(&c, &a, &b)| c + a + b).collect_vec();
        let mean = (0..constant.len()).map(|y| {
            let half = DoubleDouble::from(0.5);
            tile.iter().fold(DoubleDouble::ZERO, |sum, unit| {
                sum + unit.contribution[y] * (DoubleDouble::from(unit.keep) - half)
            })
        });
        let mean = mean.collect();
        let tables = match Narrow::new(&low, &middle) {
            Some(narrow) => Tables::Narrow(narrow),
            None => Tables::Wide(Wide::new(&low, &middle)),
        };
        Self { reference, tables, centre, mean, high: high.iter().rev().cloned().collect() }
    }

    /// The depth of the tree of so many units.
    pub fn depth_of(units: usize) -> u32 {
        units.saturating_sub(2 * MOST) as u32
    }

    /// The depth of the tree: its 2^depth leaves are tiles.
    pub fn depth(&self) -> u32 {
        self.high.len() as u32
    }

    /// The sums over the masks of a subtree of a tree that is `depth` deep: as many levels as it is deeper than this one
    /// decide units without effect, and all their masks count as the left one.
    pub fn sums(&self, subtree: Subtree, depth: u32, pass: Pass) -> Sums {
        let (without_effect, subtree) = subtree.split(depth - self.depth());
        if without_effect.index() == 0 {
            self.below(subtree, pass)
        } else {
            Sums::none(self.centre.len() + 1, self.centre.len() + 1, pass.squares)
        }
    }

    /// The sums over the masks of a subtree.
    fn below(&self, subtree: Subtree, pass: Pass) -> Sums {
        if subtree.depth() == self.depth() {
            return self.tile(subtree, pass);
        }
        let [left, right] = subtree.halves();
        let (left, right) = rayon::join(|| self.below(left, pass), || self.below(right, pass));
        left.join(&right)
    }

    /// The sums over the masks of one leaf.
    fn tile(&self, leaf: Subtree, pass: Pass) -> Sums {
        let (mut logits, mut weight) = (self.centre.clone(), DoubleDouble::ONE);
        for (unit, kept) in self.high.iter().zip(leaf.path()) {
            if kept {
                logits.iter_mut().zip(&unit.contribution).for_each(|(sum, &a)| *sum = *sum + a);
                weight = weight * unit.keep.into();
            } else {
                weight = weight * DoubleDouble::sum(1.0, -unit.keep);
            }
        }
        let mut sums = match &self.tables {
            Tables::Narrow(tables) => pass.instructions.run(tables.tile(&logits, pass.squares)),
            Tables::Wide(tables) => pass.instructions.run(tables.tile(&logits, pass.squares)),
        };
        let reference = sums.classes.pop().expect("the reference's is always there");
        sums.classes.insert(self.reference, reference);
        if let Some(reference) = sums.squares.pop() {
            sums.squares.insert(self.reference, reference);
        }
        let means = logits.iter().zip(&self.mean).map(|(&centre, &mean)| centre + mean);
        let logarithm = |mean: DoubleDouble| (mean - sums.logarithm.into()).hi;
        let mut log_coordinates = means.map(logarithm).collect_vec();
        log_coordinates.insert(self.reference, -sums.logarithm);
        Sums { expected: sums.classes.into(), log_coordinates: log_coordinates.into(), squares: sums.squares.into() }
            .times(weight.hi)
    }
}

/// The class that is nearest to the middle between the smallest and the largest of each unit's contributions.
pub(super) fn reference(sum: &AffineSum) -> usize {
    let mut distances = vec![0.0; sum.outputs()];
    for unit in &sum.units {
        let sizes = unit.contribution.iter().map(|a| a.hi);
        let (smallest, largest) =
            sizes.clone().minmax_by(|a, b| a.total_cmp(b)).into_option().expect("at least two classes");
        let middle = smallest / 2.0 + largest / 2.0;
        distances.iter_mut().zip(sizes).for_each(|(distance, a)| *distance += (a - middle).abs());
    }
    distances.iter().position_min_by(|a, b| a.total_cmp(b)).expect("at least two classes")
}
