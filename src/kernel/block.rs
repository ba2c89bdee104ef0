//! A leaf of the tree where the last dropout layer is small: up to 256 masks of the layers before, eight at once, each with
//! all masks of the last.

use super::Subtree;
use super::batch::{self, Batch, Workspace, add_multiples};
use super::lanes::{LANES, Octet};
use super::prefix::{Choice, Rest};
use super::readout::Structure;
use super::sums::Sums;
use super::tile::Pass;
use super::totals::Totals;
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
const MOST: usize = 8;
/// log₂ of the masks of a block, as far as they need not be more.
const MASKS: usize = 16;

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
        let (others, last) = rest.choices.split_at(rest.choices.len().saturating_sub(LANE_UNITS));
        let width = rest.sums.len();
        let (offsets, lane_weights) = lanes_of(last, width);
        let mut totals = blocks.batches.iter().map(|batch| Totals::none(batch.classes(), pass.squares)).collect_vec();
        let (mut workspace, mut h) = (Workspace::<S>::default(), Vec::new());
        let (sums, weights) = masks(others, rest.sums.as_slice(), rest.weight);
        for (mask, weight) in weights.into_iter().enumerate() {
            h.clear();
            h.extend_from_slice(&offsets);
            let sums = &sums[mask * width..][..width];
            add_multiples(simd, &mut h, &[1.0; LANES], sums);
            batch::apply(simd, rest.layers, &mut h);
            let mut weights = lane_weights;
            for w in &mut weights {
                *w *= weight;
            }
            for (number, (batch, totals)) in blocks.batches.iter().zip(&mut totals).enumerate() {
                match batch.sums(simd, &h, pass.squares, &mut workspace) {
                    Some(sums) => totals.add(simd, sums, &weights),
                    None => one_by_one(structure, number, &h, &weights, pass, totals)?,
                }
            }
        }
        Ok(totals.into_iter().map(Totals::sums).collect())
    }
}

/// The masks of up to three units, one a lane, with their probabilities: lanes without a mask have 0.
fn lanes_of(units: &[Choice], width: usize) -> (Vec<Octet>, Octet) {
    let (sums, weights) = masks(units, &vec![0.0; width], 1.0);
    let offset = |j: usize| std::array::from_fn(|lane| sums[lane % weights.len() * width + j]);
    let weight = |lane: usize| weights.get(lane).copied().unwrap_or(0.0);
    ((0..width).map(offset).collect(), std::array::from_fn(weight))
}

/// The sums and the probability for each mask of the units, one after the other, given those with all units undecided. Mask
/// m keeps unit i where bit i of m is set.
fn masks(units: &[Choice], sums: &[f64], weight: f64) -> (Vec<f64>, Vec<f64>) {
    let (mut sums, mut weights) = (sums.to_vec(), vec![weight]);
    for Choice { contribution, keep } in units {
        let (entries, masks) = (sums.len(), weights.len());
        sums.extend_from_within(..);
        for (sum, a) in sums[entries..].iter_mut().zip(contribution.iter().cycle()) {
            *sum += a;
        }
        weights.extend_from_within(..);
        let (dropped, kept) = weights.split_at_mut(masks);
        dropped.iter_mut().for_each(|w| *w *= 1.0 - keep);
        kept.iter_mut().for_each(|w| *w *= keep);
    }
    (sums, weights)
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
