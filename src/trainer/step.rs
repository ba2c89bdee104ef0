//! One step of gradient descent.

use super::data::Data;
use super::float::Float;
use super::head::loss_and_error;
use super::kernel::{Backward, Forward, Multipliers, Multiply, Rule, Update};
use super::layer::TrainedLayer;
use super::masks::Masks;
use super::network::TrainedNetwork;
use super::noise::NoiseKind;
use super::panel::Panel;
use super::plan::Judged;
use super::tasks::{for_each_chunk, rows_a_task};
use super::units::Units;
use crate::kernel::InstructionSet;

/// What a step is told.
pub(super) struct Step<'a, F> {
    pub(super) data: &'a Data<F>,
    /// The numbers of the examples.
    pub(super) rows: &'a [usize],
    pub(super) number: u64,
    pub(super) masks: Masks,
    pub(super) rule: Rule<F>,
    pub(super) instructions: InstructionSet,
    pub(super) parallel: bool,
}

impl<F: Float> TrainedNetwork<F> {
    /// The mean loss of the minibatch, and whether all weights are finite after the step. No weight has moved where the
    /// loss is not finite.
    pub(super) fn step(&mut self, step: &Step<'_, F>) -> (f64, bool) {
        let outputs = self.layers.len();
        let all = |network: &mut Self, mean_from| (0..=outputs).for_each(|layer| network.enter(step, layer, mean_from));
        // The error of another network than the sub-models' comes first, and what flows through them takes its place.
        match self.judged {
            Judged::SubModel => {}
            Judged::WeightScaling => all(self, 0),
            Judged::Ensemble { linear } => self.enter_ensemble(step, linear),
        }
        let early = (self.judged != Judged::SubModel).then(|| self.judge(step));
        self.draw(step);
        all(self, outputs);
        let loss = early.unwrap_or_else(|| self.judge(step));
        if !loss.is_finite() {
            return (loss, true);
        }
        self.pull_back_outputs(step);
        self.find_slopes(step);
        for layer in (0..outputs).rev() {
            if layer > 0 {
                self.backward(step, layer);
            }
            match self.layers[layer].noise.law.kind {
                NoiseKind::Weights => self.update::<true>(step, layer),
                _ => self.update::<false>(step, layer),
            }
        }
        (loss, self.layers.iter().flat_map(|layer| &layer.panels).all(|panel| panel.finite))
    }

    /// The noise of all layers, and the weights under theirs.
    fn draw(&mut self, step: &Step<'_, F>) {
        for (number, layer) in self.layers.iter_mut().enumerate() {
            layer.noise.draw(step.masks, step.number, number, step.rows.len(), step.parallel);
            if layer.noise.law.kind == NoiseKind::Weights {
                let TrainedLayer { panels, noise, outputs, .. } = layer;
                let width = outputs.panel;
                for_each_chunk(step.parallel, panels, 1, |p, panel| {
                    let Panel { weight, noisy, .. } = &mut panel[0];
                    noisy.copy_from_slice(weight);
                    step.instructions.run_wide(Multiply {
                        rows: noisy,
                        width,
                        multipliers: noise.of_weights(p * width),
                    });
                });
            }
        }
    }

    /// Computes what enters layer `number`, after units and noise; what enters the layer after the last is the output.
    /// Layers from `mean_from` on take their mean multipliers.
    pub(super) fn enter(&mut self, step: &Step<'_, F>, number: usize, mean_from: usize) {
        match number.checked_sub(1) {
            Some(before) => self.forward(step, before, number < mean_from),
            None => self.read_inputs(step, number < mean_from),
        }
    }

    fn read_inputs(&mut self, step: &Step<'_, F>, drawn: bool) {
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
                step.instructions.run_wide(Multiply {
                    rows,
                    width,
                    multipliers: layer.noise.of_units(drawn, p * width),
                });
            },
        );
    }

    fn forward(&mut self, step: &Step<'_, F>, number: usize, drawn: bool) {
        let (layer, next) = (&self.layers[number], self.layers.get(number + 1));
        let (batch, width) = (step.rows.len(), layer.outputs.panel);
        let multipliers =
            |p: usize| next.map_or(Multipliers::One, |next| next.noise.of_units(drawn, p * next.inputs.panel));
        let (inputs, outputs) = self.activations.split_at_mut(number + 1);
        let (output, apart) = (&mut outputs[0][..batch * layer.outputs.padded()], &mut self.apart[number]);
        let noise_apart = !apart.is_empty();
        let target = if noise_apart { &mut apart[..output.len()] } else { &mut *output };
        let rows = rows_a_task(step.parallel, layer.panels.len(), batch);
        for_each_chunk(step.parallel, target, batch * width, |p, panel| {
            let multipliers = if noise_apart { Multipliers::One } else { multipliers(p) };
            for_each_chunk(step.parallel, panel, rows * width, |block, output| {
                step.instructions.run_wide(Forward {
                    input: &inputs[number],
                    inputs: layer.inputs,
                    batch,
                    panel: &layer.panels[p],
                    first: block * rows,
                    output: &mut *output,
                    units: layer.units,
                    multipliers,
                });
                if let Some(activation) = layer.units.smooth::<F>() {
                    for row in output.chunks_exact_mut(width) {
                        row[..layer.outputs.filled(p)].iter_mut().for_each(|z| *z = activation(*z));
                    }
                }
            });
        });
        if noise_apart {
            for_each_chunk(step.parallel, output, batch * width, |p, rows| {
                rows.copy_from_slice(&apart[p * batch * width..][..rows.len()]);
                step.instructions.run_wide(Multiply { rows, width, multipliers: multipliers(p) });
            });
        }
    }

    /// The mean loss, and the errors of the output.
    fn judge(&mut self, step: &Step<'_, F>) -> f64 {
        let number = self.layers.len() - 1;
        let (batch, columns) = (step.rows.len(), self.layers[number].outputs);
        let (outputs, errors, head) = (&self.activations[number + 1], &mut self.errors[number], &self.head);
        let judgements = &mut self.judgements[..batch * (columns.width + 1)];
        let mean = F::one() / F::ratio(batch as i64, 1);
        for_each_chunk(step.parallel, judgements, columns.width + 1, |row, judgement| {
            let (loss, output) = judgement.split_last_mut().expect("a row holds at least its loss");
            for (p, part) in output.chunks_mut(columns.panel).enumerate() {
                part.copy_from_slice(&outputs[(p * batch + row) * columns.panel..][..part.len()]);
            }
            *loss = loss_and_error(head, output, step.data.target(step.rows[row]));
            output.iter_mut().for_each(|error| *error *= mean);
        });
        let mut total = 0.0;
        for (row, judgement) in judgements.chunks_exact(columns.width + 1).enumerate() {
            let (loss, error) = judgement.split_last().expect("a row holds at least its loss");
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

    /// From the errors of the output to those of the last layer's H W + b.
    fn pull_back_outputs(&mut self, step: &Step<'_, F>) {
        let number = self.layers.len() - 1;
        let TrainedLayer { units, outputs, .. } = self.layers[number];
        if units != Units::Linear {
            let errors = self.errors[number][..step.rows.len() * outputs.padded()].iter_mut();
            for (error, &output) in errors.zip(self.activations[number + 1].iter()) {
                *error = units.pull_back_one(output, *error);
            }
        }
    }

    /// The errors of the layer before.
    fn backward(&mut self, step: &Step<'_, F>, number: usize) {
        let (layer, before) = (&self.layers[number], number - 1);
        let (batch, columns) = (step.rows.len(), layer.inputs);
        let width = columns.panel;
        let rows = rows_a_task(step.parallel, columns.panels(), batch);
        let (apart, slopes) = (&self.apart[before], &self.slopes[before]);
        let units = if apart.is_empty() { &self.activations[number] } else { apart };
        let (targets, errors) = self.errors.split_at_mut(number);
        let (error, target) = (&errors[0], &mut targets[before][..batch * columns.padded()]);
        for_each_chunk(step.parallel, target, batch * width, |p, panel| {
            for_each_chunk(step.parallel, panel, rows * width, |block, output| {
                let first = block * rows;
                step.instructions.run_wide(Backward {
                    error,
                    outputs: layer.outputs,
                    batch,
                    panels: &layer.panels,
                    activation: &units[(p * batch + first) * width..][..output.len()],
                    unit: p * width,
                    first,
                    width,
                    output,
                    units: self.layers[before].units,
                    multipliers: layer.noise.of_units(true, p * width),
                    slopes: (!slopes.is_empty()).then(|| &slopes[p * width..][..width]),
                });
            });
        });
    }

    fn update<const NOISY: bool>(&mut self, step: &Step<'_, F>, number: usize) {
        let TrainedLayer { panels, inputs, outputs, noise, .. } = &mut self.layers[number];
        let (input, errors, inputs, width) = (&self.activations[number], &self.errors[number], *inputs, outputs.panel);
        let size = step.rows.len() * width;
        for_each_chunk(step.parallel, panels, 1, |p, panel| {
            let error = &errors[p * size..][..size];
            let multipliers = noise.of_weights(p * width);
            step.instructions.run_wide(Update::<_, NOISY> {
                input,
                inputs,
                error,
                panel: &mut panel[0],
                multipliers,
                rule: step.rule,
            });
        });
    }
}
