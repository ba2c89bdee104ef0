//! A leaf of the tree where the last dropout layer is small: up to 4096 masks of the layers before, eight at once, each with
//! all masks of the last.

use super::Subtree;
use super::batch::{self, Batch, Workspace};
use super::lanes::{LANES, Octet};
use super::prefix::{Choice, Rest};
use super::readout::Structure;
use super::sums::Sums;
use super::tile::Pass;
use super::totals::Totals;
use super::walk::Walk;
use crate::error::Result;
use itertools::Itertools;
use nalgebra::DVector;
use pulp::{Simd, WithSimd};

/// How the leaves are summed.
pub(super) struct Blocks {
    /// One for the classes, or one an answer.
    batches: Vec<Batch>,
    /// How many units of the stage before the readout a block decides.
    units: usize,
}

/// log₂ of the lanes.
const LANE_UNITS: usize = LANES.trailing_zeros() as usize;
/// The most units of a block.
const MOST: usize = 12;
/// log₂ of the masks of a block, as far as they need not be more.
const MASKS: usize = 16;
/// How many vectors of masks are added one after the other before their sum is added to that of the others: rounding grows
/// with them.
const RUN: usize = 32;

impl Blocks {
    /// Blocks for a readout, after a stage with so many units; `None` where a readout has too many units, or none does.
    pub fn new(structure: &Structure, units: usize) -> Option<Self> {
        let batches = structure.batches()?;
        let units = units.min(MASKS.saturating_sub(structure.units()).clamp(LANE_UNITS, MOST));
        (units > 0).then_some(Self { batches, units })
    }

    /// How many levels of the tree of masks are within a block.
    pub fn depth(&self) -> u32 {
        self.units as u32
    }

    /// The sums over the masks of a block.
    pub fn sums(&self, structure: &Structure, rest: Rest, pass: Pass) -> Result<Sums> {
        let sums = pass.instructions.run(Block { blocks: self, structure, rest, pass })?;
        Ok(structure.combine(sums))
    }
}

/// The masks of a block.
struct Block<'a> {
    blocks: &'a Blocks,
    structure: &'a Structure<'a>,
    rest: Rest<'a>,
    pass: Pass,
}

impl WithSimd for Block<'_> {
    type Output = Result<Vec<Sums>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<Vec<Sums>> {
        let Self { blocks, structure, rest, pass } = self;
        let (others, lanes) = rest.choices.split_at(rest.choices.len().saturating_sub(LANE_UNITS));
        let (start, lane_weights) = lanes_of(lanes, rest.sums.as_slice());
        let (mut walk, mut h) = (Walk::new(others, &start), start.clone());
        let none = |batch: &Batch| Totals::none(batch.reference(), batch.classes(), pass.squares);
        let mut totals = blocks.batches.iter().map(none).collect_vec();
        let mut runs = blocks.batches.iter().map(none).collect_vec();
        let mut workspace = Workspace::<S>::default();
        for run_weights in weights(others, rest.weight).chunks(RUN) {
            for weight in run_weights {
                h.resize(start.len(), [0.0; LANES]);
                h.copy_from_slice(walk.next(simd));
                batch::apply(simd, rest.layers, &mut h);
                let mut mask_weights = lane_weights;
                for w in &mut mask_weights {
                    *w *= weight;
                }
                for (number, (batch, run)) in blocks.batches.iter().zip(&mut runs).enumerate() {
                    match batch.sums(simd, &h, pass.squares, &mut workspace) {
                        Some(sums) => run.add(simd, sums, &mask_weights),
                        None => one_by_one(structure, number, &h, &mask_weights, pass, run)?,
                    }
                }
            }
            totals.iter_mut().zip(&mut runs).for_each(|(totals, run)| totals.take(run));
        }
        Ok(totals.into_iter().map(Totals::sums).collect())
    }
}

/// The sums with each of the masks of up to three units, one a lane, and the probabilities of these masks: lanes without a
/// mask have 0.
fn lanes_of(units: &[Choice], start: &[f64]) -> (Vec<Octet>, Octet) {
    let weights = weights(units, 1.0);
    let kept = |lane: usize| units.iter().enumerate().filter(move |(i, _)| lane >> i & 1 == 1);
    let sum = |j: usize, lane| kept(lane).fold(start[j], |sum, (_, unit)| sum + unit.contribution[j]);
    let sums = |j| std::array::from_fn(|lane| sum(j, lane % weights.len()));
    let weight = |lane: usize| weights.get(lane).copied().unwrap_or(0.0);
    ((0..start.len()).map(sums).collect(), std::array::from_fn(weight))
}

/// The probability of each mask of the units, given that with all units undecided. Mask m keeps unit i where bit i of m is
/// set.
fn weights(units: &[Choice], start: f64) -> Vec<f64> {
    let mut weights = vec![start];
    for Choice { keep, .. } in units {
        let masks = weights.len();
        weights.extend_from_within(..);
        let (dropped, kept) = weights.split_at_mut(masks);
        dropped.iter_mut().for_each(|w| *w *= 1.0 - keep);
        kept.iter_mut().for_each(|w| *w *= keep);
    }
    weights
}

/// Adds the sums of one softmax for each of eight activations whose logits range too widely for a [`Batch`].
#[inline(never)]
fn one_by_one(
    structure: &Structure,
    softmax: usize,
    h: &[Octet],
    weights: &Octet,
    pass: Pass,
    totals: &mut Totals,
) -> Result<()> {
    for lane in (0..LANES).filter(|lane| weights[*lane] > 0.0) {
        let h = DVector::from_iterator(h.len(), h.iter().map(|h| h[lane]));
        let readout = structure.readout(&h)?;
        let sums = readout.softmaxes()[softmax].sums(Subtree::ROOT, readout.depth(), pass);
        totals.add_lane(&sums, lane, weights[lane]);
    }
    Ok(())
}
