//! The trainer and its state.

use super::data::Data;
use super::float::Float;
use super::kernel::Rule;
use super::masks::Masks;
use super::network::TrainedNetwork;
use super::panel::Panel;
use super::plan::Plan;
use super::step::Step;
use crate::error::{Error, Result};
use crate::kernel::InstructionSet;
use crate::model::Model;
use crate::network::Affine;
use crate::train::{Batches, Summary, Training};
use std::ops::ControlFlow;

/// Minibatch gradient descent in `f32` or `f64`, as [`Training::run`] defines it, by blocked kernels on all threads.
///
/// Settings, minibatches, objective and update are those of [`Training`]; what differs is the number type, the order of
/// the sums, and the noise, which comes from [`Masks`]; and a velocity below the least normal number counts as 0. Given the
/// same noise, each step agrees with the reference's within the rounding errors of `F`. The bits of a result do not depend
/// on the number of threads, the machine or its instructions.
///
/// ```
/// use dropout_oracle::data::Examples;
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
/// use dropout_oracle::train::{Training, initial::he_uniform};
/// use dropout_oracle::trainer::{Data, Trainer};
/// use nalgebra::{DMatrix, DVector, dvector};
/// use std::ops::ControlFlow;
/// let affine = |outputs, inputs| Affine::new(DMatrix::zeros(outputs, inputs), DVector::zeros(outputs));
/// let mut network = Mlp::new(2, vec![
///     Layer::Affine(affine(32, 2)?),
///     Layer::Unit(PiecewiseLinear::Relu.into()),
///     Layer::dropout(32),
///     Layer::Affine(affine(1, 32)?),
/// ])?;
/// he_uniform(&mut network, 7);
/// let mut model = Model::new(network, HeadKind::Bernoulli, DVector::from_element(32, 0.8), Convention::Inverted)?;
/// let xor = Examples::new(
///     vec![dvector![0.0, 0.0], dvector![0.0, 1.0], dvector![1.0, 0.0], dvector![1.0, 1.0]],
///     vec![dvector![0.0], dvector![1.0], dvector![1.0], dvector![0.0]],
/// )?;
/// let mut trainer = Trainer::<f32>::new(&model, Training::new(2000).batch(4).max_norm(3.0))?;
/// trainer.run(&Data::from_examples(&xor)?, |progress| {
///     if progress.step % 500 == 0 {
///         println!("step {} loss {}", progress.step, progress.loss);
///     }
///     ControlFlow::Continue(())
/// })?;
/// trainer.write_to(&mut model)?;
/// assert!(model.ensemble().weight_scaling(&dvector![0.0, 1.0])?[0] > 0.9);
/// assert!(model.ensemble().weight_scaling(&dvector![1.0, 1.0])?[0] < 0.1);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trainer<F: Float> {
    training: Training,
    instructions: InstructionSet,
    /// Steps taken.
    step: u64,
    network: TrainedNetwork<F>,
    /// The panels of every layer and the number of steps taken, not long ago.
    last_good: (u64, Vec<Vec<Panel<F>>>),
}

/// One step that has been taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Its number, counted from 0.
    pub step: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The mean loss of its minibatch before the step: −ln p(y) without the base measure and without penalties.
    pub loss: f64,
}

/// All that decides how training goes on: a plain value, from which [`Trainer::resume`] continues to the bit.
#[derive(Clone, Debug, PartialEq)]
pub struct State<F> {
    /// The settings, with the seed.
    pub training: Training,
    /// The steps taken.
    pub step: u64,
    /// The weights and biases of each affine layer.
    pub parameters: Vec<Affine<F>>,
    /// The velocity of each of them.
    pub velocities: Vec<Affine<F>>,
}

/// Multiply-adds of a step from which on its panels are worth a task each: with fewer, waking the other threads takes as
/// long as the work.
const PARALLEL_WORK: usize = 4_000_000;

impl<F: Float> Trainer<F> {
    /// Good numbers are put aside every so many steps.
    const PUT_ASIDE: u64 = 100;

    /// A trainer that starts from the model's weights, at rest.
    ///
    /// It takes chains of affine layers with linear, ReLU, tanh or logistic units, and dropout of whole layers, each with
    /// one KEEP probability; every head, method and setting of [`Training`].
    ///
    /// # Errors
    /// [`Error::Domain`] for a network that is not among these or a setting outside its range;
    /// [`Error::TooManyMasks`] for [`Method::Boosting`](crate::train::Method::Boosting) where more than 20 units are
    /// dropped before the last part of the network that is linear.
    pub fn new(model: &Model, training: Training) -> Result<Self> {
        let parameters: Vec<_> = model.network().affine().map(|affine| affine.map(|&w| F::from_f64(w))).collect();
        let velocities = parameters.iter().map(|affine| affine.map(|_| F::zero())).collect();
        Self::resume(model, State { training, step: 0, parameters, velocities })
    }

    /// The trainer whose [`Trainer::state`] this is; of the model, only the network's shape, the head, the keep
    /// probabilities and the convention are read.
    ///
    /// # Errors
    /// As [`Trainer::new`], and [`Error::Shape`] for a state of another network, [`Error::NotFinite`] for a number that
    /// is NaN or infinite.
    pub fn resume(model: &Model, state: State<F>) -> Result<Self> {
        let State { training, step, parameters, velocities } = state;
        training.check()?;
        let plan = Plan::new(model, &training)?;
        let mut network = TrainedNetwork::zeros(&plan, training.batch);
        for (what, numbers) in [("layers of parameters", &parameters), ("layers of velocities", &velocities)] {
            Error::shape(what, network.layers.len(), numbers.len())?;
            for (layer, affine) in network.layers.iter().zip(numbers) {
                Error::shape("outputs of a layer", layer.outputs.width, affine.outputs())?;
                Error::shape("inputs of a layer", layer.inputs.width, affine.inputs())?;
                Affine::new(affine.weight.clone(), affine.bias.clone())?;
            }
        }
        for (layer, (parameters, velocities)) in network.layers.iter_mut().zip(parameters.iter().zip(&velocities)) {
            layer.set(parameters, |panel| (&mut panel.weight, &mut panel.bias));
            layer.set(velocities, |panel| (&mut panel.velocity, &mut panel.bias_velocity));
        }
        let panels = network.layers.iter().map(|layer| layer.panels.clone()).collect();
        Ok(Self { training, instructions: InstructionSet::detect(), step, network, last_good: (step, panels) })
    }

    /// Computes with these instructions. No bit of any result changes.
    pub fn with_instructions(self, instructions: InstructionSet) -> Self {
        Self { instructions, ..self }
    }

    /// The settings, the steps taken, the weights and the velocities.
    pub fn state(&self) -> State<F> {
        let layers = &self.network.layers;
        State {
            training: self.training.clone(),
            step: self.step,
            parameters: layers.iter().map(|layer| layer.affine(|panel| (&panel.weight, &panel.bias))).collect(),
            velocities: layers
                .iter()
                .map(|layer| layer.affine(|panel| (&panel.velocity, &panel.bias_velocity)))
                .collect(),
        }
    }

    /// Puts the weights into a model of the same network.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the shapes agree; the model is then as it was.
    pub fn write_to(&self, model: &mut Model) -> Result<()> {
        let parameters = self.state().parameters;
        Error::shape("affine layers", parameters.len(), model.network().affine().count())?;
        for (new, old) in parameters.iter().zip(model.network().affine()) {
            Error::shape("outputs of a layer", new.outputs(), old.outputs())?;
            Error::shape("inputs of a layer", new.inputs(), old.inputs())?;
        }
        for (new, old) in parameters.iter().zip(model.network_mut().affine_mut()) {
            *old = new.map(F::to_f64);
        }
        Ok(())
    }

    /// The masks and normal numbers that every step draws.
    pub fn masks(&self) -> Masks {
        Masks::new(self.training.seed)
    }

    /// Takes the steps that are left, telling `observe` of each until it breaks off; [`Trainer::run`] may then be called
    /// again to go on.
    ///
    /// Step t takes the minibatch that [`Batches`] draws at its t-th call.
    ///
    /// # Errors
    /// [`Error::Shape`] for data that do not fit the network. [`Error::Diverged`] when a loss or a weight is no longer
    /// finite (nor the square of a unit's weights); the trainer is then as it was at an earlier step, at most 100 before:
    /// [`Trainer::state`] is the last good state.
    pub fn run(&mut self, data: &Data<F>, mut observe: impl FnMut(&Progress) -> ControlFlow<()>) -> Result<Summary> {
        let mut batches = Batches::new(data.count(), self.training.batch, self.training.seed);
        batches.skip(self.step);
        let mut summary = Summary { steps: self.step, loss: 0.0 };
        while self.step < self.training.steps {
            let progress = self.step_on(data, batches.advance())?;
            summary = Summary { steps: self.step, loss: progress.loss };
            if observe(&progress).is_break() {
                break;
            }
        }
        Ok(summary)
    }

    /// Takes one step on the examples of these numbers.
    ///
    /// # Errors
    /// As [`Trainer::run`], and [`Error::Domain`] for an example that does not exist, no example, or more of them than a
    /// minibatch has.
    pub fn step_on(&mut self, data: &Data<F>, rows: &[usize]) -> Result<Progress> {
        self.check(data, rows)?;
        if self.step.is_multiple_of(Self::PUT_ASIDE) {
            self.put_aside();
        }
        let training = &self.training;
        let learning_rate = training.decay.at(training.learning_rate, self.step, training.steps);
        let rule = Rule {
            learning_rate: F::from_f64(learning_rate),
            momentum: F::from_f64(training.momentum),
            nesterov: training.nesterov,
            l2: F::from_f64(training.regularisers.l2.unwrap_or(0.0)),
            l1: training.regularisers.l1.map(F::from_f64),
            max_norm: training.max_norm.map(F::from_f64),
        };
        let parallel = rayon::current_num_threads() > 1 && self.network.work() * rows.len() >= PARALLEL_WORK;
        let step = Step {
            data,
            rows,
            number: self.step,
            masks: self.masks(),
            rule,
            instructions: self.instructions,
            parallel,
        };
        let network = &mut self.network;
        let (loss, finite) = if parallel { rayon::scope(|_| network.step(&step)) } else { network.step(&step) };
        if !(loss.is_finite() && finite) {
            let step = self.step;
            self.go_back();
            return Err(Error::Diverged { step, loss });
        }
        self.step += 1;
        Ok(Progress { step: self.step - 1, learning_rate, loss })
    }

    fn check(&self, data: &Data<F>, rows: &[usize]) -> Result<()> {
        let (layers, (input, target)) = (&self.network.layers, data.widths());
        Error::shape("inputs of an example", layers[0].inputs.width, input)?;
        Error::shape("length of an example's target", layers[layers.len() - 1].outputs.width, target)?;
        if let Some(row) = rows.iter().find(|&&row| row >= data.count()) {
            return Err(Error::Domain {
                what: "number of an example".into(),
                value: row.to_string(),
                must: "below the number of examples, counted from 0",
            });
        }
        if rows.is_empty() || rows.len() > self.training.batch {
            return Err(Error::Domain {
                what: "examples of a step".into(),
                value: rows.len().to_string(),
                must: "at least 1, and at most the batch size of the settings",
            });
        }
        Ok(())
    }

    fn put_aside(&mut self) {
        self.last_good.0 = self.step;
        for (kept, layer) in self.last_good.1.iter_mut().zip(&self.network.layers) {
            kept.iter_mut().zip(&layer.panels).for_each(|(kept, panel)| kept.copy_from(panel));
        }
    }

    fn go_back(&mut self) {
        self.step = self.last_good.0;
        for (kept, layer) in self.last_good.1.iter().zip(&mut self.network.layers) {
            kept.iter().zip(&mut layer.panels).for_each(|(kept, panel)| panel.copy_from(kept));
        }
    }
}
