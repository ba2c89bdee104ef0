//! The dropout layers before the last: their masks one by one, with shared prefixes.
//!
//! The first units decided are those of the first dropout layer. What a layer adds up from the units decided so far is kept
//! at each node of the tree, so that a unit more costs one column of the weight, and what lies before a dropout layer is
//! evaluated once for all masks of that layer.
//!
//! A unit whose activation is 0, such as a ReLU unit below its threshold, has no effect whether dropped or kept: both are
//! counted as dropped, and half of the tree below is empty. Such units are decided before the others of their layer.

use super::affine_sum::Multiplier;
use crate::marginal::double_double::DoubleDouble;
use crate::network::{Activation, Layer, Unit};
use itertools::{Either, Itertools};
use nalgebra::DVector;
use std::sync::Arc;

/// A dropout layer, and the layers up to the next.
#[derive(Clone, Debug)]
pub(super) struct Stage<'a> {
    /// The units that are neither always kept nor part of no sub-model, each with its place and its multiplier.
    pub units: Vec<(usize, Multiplier)>,
    /// What comes after.
    pub layers: &'a [Layer<f64, Activation>],
}

/// A node of the tree: the units decided so far.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The stage that is being decided, and how many of its units are.
    stage: usize,
    decided: usize,
    entry: Arc<Entry>,
    /// The stage's first layer, summed over the units decided so far and those that are never dropped.
    sums: DVector<f64>,
    /// The probability of the decisions.
    weight: DoubleDouble,
}

/// What is the same for all decisions of a stage.
#[derive(Debug)]
struct Entry {
    /// The activations that the stage's dropout sees.
    activations: DVector<f64>,
    /// The stage's units in the order of their decision.
    order: Vec<usize>,
}

/// The last units of the last stage, undecided.
pub(super) struct Rest<'a> {
    /// Those with an effect.
    pub choices: Vec<Choice>,
    /// The stage's first layer, summed over the other units.
    pub sums: DVector<f64>,
    /// The probability of the decisions so far.
    pub weight: f64,
    /// What comes after these sums.
    pub layers: &'a [Layer<f64, Activation>],
}

/// A unit to be dropped or kept.
pub(super) struct Choice {
    /// What it adds to the sums if kept.
    pub contribution: DVector<f64>,
    /// Its KEEP probability.
    pub keep: f64,
}

impl Node {
    /// No unit decided, at the network's input.
    pub fn root(stages: &[Stage], x: &DVector<f64>) -> Self {
        let entry = Arc::new(Entry { activations: DVector::zeros(0), order: Vec::new() });
        let mut root = Self { stage: 0, decided: 0, entry, sums: DVector::zeros(0), weight: DoubleDouble::ONE };
        root.enter(stages, 0, x.clone());
        root
    }

    /// The next unit dropped, or kept; `None` if a unit without effect is to be kept, since it counts as dropped.
    pub fn decide(mut self, stages: &[Stage], kept: bool) -> Option<Self> {
        let stage = &stages[self.stage];
        let (unit, h, keep) = self.unit(stage, self.decided);
        match (h == 0.0, kept) {
            (true, true) => return None,
            (true, false) => {}
            (false, false) => self.weight = self.weight * DoubleDouble::sum(1.0, -keep),
            (false, true) => {
                self.weight = self.weight * keep.into();
                stage.add(&mut self.sums, unit, h);
            }
        }
        self.decided += 1;
        self.settle(stages);
        Some(self)
    }

    /// The place of a unit of the stage, what it is if kept, and its KEEP probability.
    fn unit(&self, stage: &Stage, number: usize) -> (usize, f64, f64) {
        let (place, multiplier) = stage.units[self.entry.order[number]];
        let Multiplier::Dropped { keep, scale } = multiplier else { unreachable!("only dropped units are decided") };
        (place, self.entry.activations[place] * scale.hi, keep)
    }

    /// What is left to decide at a node of the last stage.
    pub fn rest<'a>(self, stages: &'a [Stage]) -> Rest<'a> {
        let stage = &stages[self.stage];
        let units = (self.decided..stage.units.len()).map(|number| self.unit(stage, number));
        let choices = units.filter(|(_, h, _)| *h != 0.0).map(|(place, h, keep)| {
            let mut contribution = DVector::zeros(self.sums.len());
            stage.add(&mut contribution, place, h);
            Choice { contribution, keep }
        });
        Rest { choices: choices.collect(), weight: self.weight.hi, layers: stage.rest(), sums: self.sums }
    }

    /// The activations after all stages, once every unit is decided, with the probability of the decisions.
    pub fn outcome(&self) -> (&DVector<f64>, f64) {
        (&self.entry.activations, self.weight.hi)
    }

    /// Starts a stage whose dropout sees the given activations.
    fn enter(&mut self, stages: &[Stage], stage: usize, activations: DVector<f64>) {
        (self.stage, self.decided) = (stage, 0);
        let stage = stages.get(stage);
        let (without_effect, others): (Vec<_>, Vec<_>) =
            stage.map_or(&[][..], |stage| &stage.units).iter().enumerate().partition_map(|(number, &(place, _))| {
                if activations[place] == 0.0 { Either::Left(number) } else { Either::Right(number) }
            });
        self.entry = Arc::new(Entry { activations, order: [without_effect, others].concat() });
        if let Some(stage) = stage {
            self.sums = stage.undropped(&self.entry.activations);
            self.settle(stages);
        }
    }

    /// Goes on to the next stage if all units of this one are decided.
    fn settle(&mut self, stages: &[Stage]) {
        let stage = &stages[self.stage];
        if self.decided == stage.units.len() {
            let after = stage.finish(std::mem::replace(&mut self.sums, DVector::zeros(0)));
            self.enter(stages, self.stage + 1, after);
        }
    }
}

impl Stage<'_> {
    /// The first layer's sums with every unit dropped that can be.
    fn undropped(&self, activations: &DVector<f64>) -> DVector<f64> {
        let mut h = activations.clone();
        for &(unit, _) in &self.units {
            h[unit] = 0.0;
        }
        match self.layers.first() {
            Some(Layer::Affine(affine)) => affine.apply(&h),
            _ => h,
        }
    }

    /// Adds the activation of one unit.
    fn add(&self, sums: &mut DVector<f64>, unit: usize, h: f64) {
        match self.layers.first() {
            Some(Layer::Affine(affine)) => {
                sums.iter_mut().zip(affine.weight.column(unit).iter()).for_each(|(sum, w)| *sum += w * h);
            }
            _ => sums[unit] = h,
        }
    }

    /// The layers after the first sums.
    fn rest(&self) -> &[Layer<f64, Activation>] {
        match self.layers {
            [Layer::Affine(_), rest @ ..] => rest,
            rest => rest,
        }
    }

    /// What they make of the sums.
    fn finish(&self, sums: DVector<f64>) -> DVector<f64> {
        self.rest().iter().fold(sums, |h, layer| match layer {
            Layer::Affine(affine) => affine.apply(&h),
            Layer::Unit(unit) => unit.activate(&h),
            Layer::Dropout(_) => unreachable!("a dropout layer starts a stage"),
        })
    }
}
