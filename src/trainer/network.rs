//! The layers, and room for all that flows through them.

use super::aligned::Aligned;
use super::columns::Columns;
use super::float::Float;
use super::layer::TrainedLayer;
use super::noise::NoiseKind;
use super::plan::{Judged, Plan};
use super::units::Units;
use crate::model::HeadKind;
use crate::train::regulariser::Sparsity;

/// A network in training. All room is taken at the start, so that a step allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct TrainedNetwork<F: Float> {
    pub(super) layers: Vec<TrainedLayer<F>>,
    pub(super) head: HeadKind,
    pub(super) judged: Judged,
    pub(super) sparsity: Option<Sparsity<f64>>,
    /// The input of each layer after units and noise, in panels; last, the network's output.
    pub(super) activations: Vec<Aligned<F>>,
    /// The units of each layer before the noise, where its derivatives cannot be told after it; else empty.
    pub(super) apart: Vec<Aligned<F>>,
    /// The gradient with respect to each layer's H W + b, in panels.
    pub(super) errors: Vec<Aligned<F>>,
    /// The derivative of the activity penalty with respect to each unit of a layer, over the rows; empty where it has none.
    pub(super) slopes: Vec<Aligned<F>>,
    /// A row an example: its output, then the error of it, and last its loss.
    pub(super) judgements: Vec<F>,
    /// The ensemble's outputs; empty where it is not enumerated.
    pub(super) ensemble: Vec<f64>,
}

impl<F: Float> TrainedNetwork<F> {
    /// All weights zero, with room for `batch` rows.
    pub(super) fn zeros(plan: &Plan, batch: usize) -> Self {
        let widths = std::iter::once(plan.inputs).chain(plan.layers.iter().map(|layer| layer.outputs));
        let layers: Vec<_> =
            plan.layers.iter().zip(widths).map(|(layer, inputs)| TrainedLayer::zeros(layer, inputs, batch)).collect();
        let last = layers[layers.len() - 1].outputs;
        let rows = |columns: Columns| Aligned::zeros(batch * columns.padded());
        let none = || Aligned::zeros(0);
        let pairs = || layers.iter().zip(&layers[1..]);
        let apart = |(layer, next): (&TrainedLayer<F>, &TrainedLayer<F>)| {
            let needed = match layer.units {
                Units::Linear => false,
                // A multiplier that is not negative leaves the sign.
                Units::Rectified => next.noise.law.kind == NoiseKind::Gaussian,
                Units::Tanh | Units::Logistic => next.noise.law.multiplies_units(),
            };
            if needed { rows(layer.outputs) } else { none() }
        };
        let slopes = |(layer, _): (&TrainedLayer<F>, &TrainedLayer<F>)| {
            let sparse = plan.sparsity.is_some() && layer.units == Units::Logistic;
            if sparse { Aligned::zeros(layer.outputs.padded()) } else { none() }
        };
        let ensemble = if matches!(plan.judged, Judged::Ensemble { .. }) { batch * last.padded() } else { 0 };
        Self {
            head: plan.head.clone(),
            judged: plan.judged,
            sparsity: plan.sparsity,
            activations: layers.iter().map(|layer| layer.inputs).chain([last]).map(rows).collect(),
            apart: pairs().map(apart).chain([none()]).collect(),
            errors: layers.iter().map(|layer| rows(layer.outputs)).collect(),
            slopes: pairs().map(slopes).chain([none()]).collect(),
            judgements: vec![F::zero(); batch * (last.width + 1)],
            ensemble: vec![0.0; ensemble],
            layers,
        }
    }

    /// Multiply-adds of a step, for each row.
    pub(super) fn work(&self) -> usize {
        self.layers.iter().map(|layer| 3 * layer.inputs.width * layer.outputs.width).sum()
    }
}
