//! An affine layer in panels, with the noise of its inputs and the units of its outputs.

use super::columns::Columns;
use super::float::Float;
use super::noise::{Noise, NoiseKind};
use super::panel::Panel;
use super::plan::PlannedLayer;
use super::units::Units;
use crate::network::Affine;
use nalgebra::{DMatrix, DVector};

#[derive(Clone, Debug)]
pub(super) struct TrainedLayer<F: Float> {
    pub(super) inputs: Columns,
    pub(super) outputs: Columns,
    /// The units of the outputs.
    pub(super) units: Units,
    pub(super) panels: Vec<Panel<F>>,
    /// What multiplies the inputs, or the weights.
    pub(super) noise: Noise<F>,
}

impl<F: Float> TrainedLayer<F> {
    pub(super) fn zeros(plan: &PlannedLayer, inputs: usize, batch: usize) -> Self {
        let (inputs, outputs) = (Columns::new::<F>(inputs), Columns::new::<F>(plan.outputs));
        let noisy = plan.noise.kind == NoiseKind::Weights;
        Self {
            inputs,
            outputs,
            units: plan.units,
            panels: vec![Panel::zeros(inputs, outputs, noisy); outputs.panels()],
            noise: Noise::new(plan.noise, plan.keep, inputs, outputs, batch),
        }
    }

    /// W and b, or their velocities, as `part` has it: W outputs × inputs.
    pub(super) fn affine(&self, part: impl Fn(&Panel<F>) -> (&[F], &[F])) -> Affine<F> {
        let width = self.outputs.panel;
        let (mut weight, mut bias) =
            (DMatrix::zeros(self.outputs.width, self.inputs.width), DVector::zeros(self.outputs.width));
        for unit in 0..self.outputs.width {
            let (weights, biases) = part(&self.panels[unit / width]);
            bias[unit] = biases[unit % width];
            for input in 0..self.inputs.width {
                weight[(unit, input)] = weights[input * width + unit % width];
            }
        }
        Affine { weight, bias }
    }

    /// The inverse of [`TrainedLayer::affine`].
    pub(super) fn set(&mut self, affine: &Affine<F>, part: impl Fn(&mut Panel<F>) -> (&mut [F], &mut [F])) {
        let width = self.outputs.panel;
        for unit in 0..self.outputs.width {
            let (weights, biases) = part(&mut self.panels[unit / width]);
            biases[unit % width] = affine.bias[unit];
            for input in 0..self.inputs.width {
                weights[input * width + unit % width] = affine.weight[(unit, input)];
            }
        }
    }
}
