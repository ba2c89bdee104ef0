//! One step of gradient descent.

use super::aligned::Aligned;
use super::data::Data;
use super::float::Float;
use super::head::loss_and_error;
use super::instruction_set::InstructionSet;
use super::kernel::{Backward, Dropped, Epilogue, Forward, Rule, Update};
use super::layer::TrainedLayer;
use super::masks::Masks;
use super::plan::Plan;
use super::tasks::{for_each_chunk, rows_a_task};
use crate::model::HeadKind;

/// The layers, and room for all that flows through them, so that a step allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct TrainedNetwork<F: Float> {
    pub(super) layers: Vec<TrainedLayer<F>>,
    head: HeadKind,
    /// The input of each layer after units and dropout, in panels; last, the network's output.
    activations: Vec<Aligned<F>>,
    /// The gradient with respect to each layer's H W + b, in panels.
    errors: Vec<Aligned<F>>,
    /// A row an example: its output, then the error of it, and last its loss.
    judged: Vec<F>,
}

/// What a step is told.
pub(super) struct Step<'a, F> {
    pub(super) data: &'a Data<F>,
    /// The numbers of the examples.
    pub(super) rows: &'a [usize],
    pub(super) number: u64,
    pub(super) masks: Masks,
    pub(super) rule: Rule<F>,
    pub(super) set: InstructionSet,
    pub(super) parallel: bool,
}

impl<F: Float> TrainedNetwork<F> {
    /// All weights zero, with room for `batch` rows.
    pub(super) fn zeros(plan: &Plan, batch: usize) -> Self {
        let widths = std::iter::once(plan.inputs).chain(plan.layers.iter().map(|layer| layer.outputs));
        let layers: Vec<_> =
            plan.layers.iter().zip(widths).map(|(layer, inputs)| TrainedLayer::zeros(layer, inputs, batch)).collect();
        let last = layers[layers.len() - 1].outputs;
        let columns = layers.iter().map(|layer| layer.inputs).chain([last]);
        Self {
            head: plan.head.clone(),
            activations: columns.clone().map(|columns| Aligned::zeros(batch * columns.padded())).collect(),
            errors: columns.skip(1).map(|columns| Aligned::zeros(batch * columns.padded())).collect(),
            judged: vec![F::zero(); batch * (last.width + 1)],
            layers,
        }
    }

    /// Multiply-adds of a step, for each row.
    pub(super) fn work(&self) -> usize {
        self.layers.iter().map(|layer| 3 * layer.inputs.width * layer.outputs.width).sum()
    }

    /// The mean loss of the minibatch, and whether all weights are finite after the step. No weight has moved where the
    /// loss is not finite.
    pub(super) fn step(&mut self, step: &Step<'_, F>) -> (f64, bool) {
        self.draw_masks(step);
        self.read_inputs(step);
        for layer in 0..self.layers.len() {
            self.forward(step, layer);
        }
        let loss = self.judge(step);
        if !loss.is_finite() {
            return (loss, true);
        }
        for layer in (0..self.layers.len()).rev() {
            if layer > 0 {
                self.backward(step, layer);
            }
            self.update(step, layer);
        }
        (loss, self.layers.iter().flat_map(|layer| &layer.panels).all(|panel| panel.finite))
    }

    pub(super) fn draw_masks(&mut self, step: &Step<'_, F>) {
        for (number, layer) in self.layers.iter_mut().enumerate() {
            let words = layer.words();
            let Some(dropout) = layer.dropout else { continue };
            for_each_chunk(step.parallel, &mut layer.masks[..step.rows.len() * words], words, |row, words| {
                step.masks.fill(step.number, number, row, dropout.keep, words);
            });
        }
    }

    fn read_inputs(&mut self, step: &Step<'_, F>) {
        let layer = &self.layers[0];
        let (columns, batch) = (layer.inputs, step.rows.len());
        let width = columns.panel;
        for_each_chunk(
            step.parallel,
            &mut self.activations[0][..batch * columns.padded()],
            batch * width,
            |p, rows| {
                for (row, &example) in rows.chunks_exact_mut(width).zip(step.rows) {
                    let filled = columns.filled(p);
                    let (row, rest) = row.split_at_mut(filled);
                    row.copy_from_slice(&step.data.input(example)[p * width..][..filled]);
                    rest.fill(F::zero()); // a minibatch of another size may have left numbers here
                }
                step.set.run(Dropped { rows, width, epilogue: layer.epilogue(false, p) });
            },
        );
    }

    fn forward(&mut self, step: &Step<'_, F>, number: usize) {
        let (layer, next) = (&self.layers[number], self.layers.get(number + 1));
        let (inputs, outputs) = self.activations.split_at_mut(number + 1);
        let (batch, width) = (step.rows.len(), layer.outputs.panel);
        let rows = rows_a_task(step.parallel, layer.panels.len(), batch);
        for_each_chunk(step.parallel, &mut outputs[0][..batch * layer.outputs.padded()], batch * width, |p, panel| {
            let last = Epilogue { rectify: layer.rectify, masks: None, unit: p * width, scale: F::one() };
            let epilogue = next.map_or(last, |next| next.epilogue(layer.rectify, p));
            for_each_chunk(step.parallel, panel, rows * width, |block, output| {
                step.set.run(Forward {
                    input: &inputs[number],
                    inputs: layer.inputs,
                    batch,
                    panel: &layer.panels[p],
                    first: block * rows,
                    output,
                    epilogue,
                });
            });
        });
    }

    /// The mean loss, and the errors of the last layer.
    fn judge(&mut self, step: &Step<'_, F>) -> f64 {
        let number = self.layers.len() - 1;
        let (batch, columns) = (step.rows.len(), self.layers[number].outputs);
        let (logits, errors, head) = (&self.activations[number + 1], &mut self.errors[number], &self.head);
        let judged = &mut self.judged[..batch * (columns.width + 1)];
        let mean = F::one() / F::ratio(batch as i64, 1);
        for_each_chunk(step.parallel, judged, columns.width + 1, |row, judged| {
            let (loss, output) = judged.split_last_mut().expect("a row holds at least its loss");
            for (p, part) in output.chunks_mut(columns.panel).enumerate() {
                part.copy_from_slice(&logits[(p * batch + row) * columns.panel..][..part.len()]);
            }
            *loss = loss_and_error(head, output, step.data.target(step.rows[row]));
            output.iter_mut().for_each(|error| *error *= mean);
        });
        let mut total = 0.0;
        for (row, judged) in judged.chunks_exact(columns.width + 1).enumerate() {
            let (loss, error) = judged.split_last().expect("a row holds at least its loss");
            for (p, part) in error.chunks(columns.panel).enumerate() {
                let (filled, rest) =
                    errors[(p * batch + row) * columns.panel..][..columns.panel].split_at_mut(part.len());
                filled.copy_from_slice(part);
                rest.fill(F::zero());
            }
            total += loss.to_f64();
        }
        total / batch as f64
    }

    /// The errors of the layer before.
    fn backward(&mut self, step: &Step<'_, F>, number: usize) {
        let (layer, rectify) = (&self.layers[number], self.layers[number - 1].rectify);
        let (targets, errors) = self.errors.split_at_mut(number);
        let (batch, columns) = (step.rows.len(), layer.inputs);
        let width = columns.panel;
        let rows = rows_a_task(step.parallel, columns.panels(), batch);
        let (error, activations) = (&errors[0], &self.activations[number]);
        let target = &mut targets[number - 1][..batch * columns.padded()];
        for_each_chunk(step.parallel, target, batch * width, |p, panel| {
            for_each_chunk(step.parallel, panel, rows * width, |block, output| {
                let first = block * rows;
                step.set.run(Backward {
                    error,
                    outputs: layer.outputs,
                    batch,
                    panels: &layer.panels,
                    activation: &activations[(p * batch + first) * width..][..output.len()],
                    first,
                    width,
                    output,
                    epilogue: layer.epilogue(rectify, p),
                });
            });
        });
    }

    fn update(&mut self, step: &Step<'_, F>, number: usize) {
        let TrainedLayer { panels, inputs, outputs, .. } = &mut self.layers[number];
        let (input, errors, inputs) = (&self.activations[number], &self.errors[number], *inputs);
        let size = step.rows.len() * outputs.panel;
        for_each_chunk(step.parallel, panels, 1, |p, panel| {
            let error = &errors[p * size..][..size];
            step.set.run(Update { input, inputs, error, panel: &mut panel[0], rule: step.rule });
        });
    }
}
