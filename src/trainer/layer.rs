//! An affine layer in panels, with the dropout of its inputs and the units of its outputs.

use super::columns::Columns;
use super::float::Float;
use super::kernel::Epilogue;
use super::panel::Panel;
use super::plan::{Dropout, PlannedLayer};
use crate::network::Affine;
use nalgebra::{DMatrix, DVector};

#[derive(Clone, Debug)]
pub(super) struct TrainedLayer<F: Float> {
    pub(super) inputs: Columns,
    pub(super) outputs: Columns,
    /// Whether the outputs are rectified.
    pub(super) rectify: bool,
    pub(super) panels: Vec<Panel<F>>,
    /// Dropout of the inputs.
    pub(super) dropout: Option<Dropout>,
    /// The masks of the inputs, [`TrainedLayer::words`] a row.
    pub(super) masks: Vec<u64>,
}

impl<F: Float> TrainedLayer<F> {
    pub(super) fn zeros(plan: &PlannedLayer, inputs: usize, batch: usize) -> Self {
        let (inputs, outputs) = (Columns::new::<F>(inputs), Columns::new::<F>(plan.outputs));
        Self {
            inputs,
            outputs,
            rectify: plan.rectify,
            panels: vec![Panel::zeros(inputs, outputs); outputs.panels()],
            dropout: plan.dropout,
            masks: vec![0; batch * inputs.width.div_ceil(64)],
        }
    }

    /// Words a mask.
    pub(super) fn words(&self) -> usize {
        self.inputs.width.div_ceil(64)
    }

    /// What becomes of the inputs in panel `panel`: the units of the layer before, then this layer's dropout.
    pub(super) fn epilogue(&self, rectify: bool, panel: usize) -> Epilogue<'_, F> {
        Epilogue {
            rectify,
            masks: self.dropout.map(|_| (&self.masks[..], self.words())),
            unit: panel * self.inputs.panel,
            scale: F::from_f64(self.dropout.map_or(1.0, |dropout| dropout.scale)),
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
