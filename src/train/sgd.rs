//! Stochastic gradient descent on the dropout objective.

use super::regulariser::Sparsity;
use super::{Batches, Method, Momentum, Regularisers, constraint};
use crate::data::Examples;
use crate::error::{Error, Result};
use crate::law::Law;
use crate::model::Model;
use crate::network::{Mlp, Network};
use crate::random::{Purpose, stream};
use std::ops::ControlFlow;

/// How a [`Model`] is trained, by default with dropout. Every setting has a default and a setter.
///
/// ```
/// use dropout_oracle::data::Examples;
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use dropout_oracle::train::Training;
/// use nalgebra::{dmatrix, dvector};
/// use std::ops::ControlFlow;
/// let layers = vec![Layer::dropout(2), Layer::Affine(Affine::new(dmatrix![0.0, 0.0], dvector![0.0])?)];
/// let network = Mlp::new(2, layers)?;
/// let mut model = Model::new(network, HeadKind::Bernoulli, dvector![0.8, 0.5], Convention::Inverted)?;
/// let examples = Examples::new(
///     vec![dvector![1.0, 0.0], dvector![0.0, 1.0]],
///     vec![dvector![1.0], dvector![0.0]],
/// )?;
/// let training = Training::new(100).batch(2).learning_rate(0.5).seed(7);
/// let summary = training.run(&mut model, &examples, |_| ControlFlow::Continue(()))?;
/// assert_eq!(summary.steps, 100);
/// assert!(model.ensemble().weight_scaling(&dvector![1.0, 0.0])?[0] > 0.8);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Training {
    /// Number of steps, each on one minibatch.
    pub steps: u64,
    /// What a step goes down.
    pub method: Method,
    /// Examples a minibatch; a number beyond all examples means all of them.
    pub batch: usize,
    /// η of the first step.
    pub learning_rate: f64,
    /// m of [`Momentum`].
    pub momentum: f64,
    /// Whether the momentum is [Nesterov's](Momentum::nesterov).
    pub nesterov: bool,
    /// What becomes of the learning rate.
    pub decay: Decay,
    /// The penalties that are added to the objective; none by default.
    pub regularisers: Regularisers,
    /// The largest norm of a unit's incoming weights ([`constraint::max_norm`]), in every layer; none by default.
    pub max_norm: Option<f64>,
    /// Decides the order of the examples and every mask.
    pub seed: u64,
}

/// The learning rate over the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// η at every step.
    Constant,
    /// \\(\eta\\,(1 - t/T)\\) at step t = 0, 1, … of T: down to zero in equal steps.
    Linear,
}

/// One step that has been taken.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Its number, counted from 0.
    pub step: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The mean loss of its minibatch before the step, as the [`Method`] has it: −ln p(y) without the base measure and
    /// without penalties.
    pub loss: f64,
    /// The network after it.
    pub network: &'a Mlp<f64>,
}

/// What came of a training that did not fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The steps taken: all of them unless the observer broke off.
    pub steps: u64,
    /// The loss of the last minibatch, as in [`Progress`].
    pub loss: f64,
}

impl Decay {
    /// The learning rate of step `step` out of `steps`.
    pub fn at(self, learning_rate: f64, step: u64, steps: u64) -> f64 {
        match self {
            Self::Constant => learning_rate,
            Self::Linear => learning_rate * ((steps - step) as f64 / steps as f64),
        }
    }
}

impl Training {
    /// `steps` steps of dropout with minibatches of 32, learning rate 0.1 decaying linearly, momentum 0.9, no penalties,
    /// no max-norm, seed 0.
    pub fn new(steps: u64) -> Self {
        Self {
            steps,
            method: Method::Dropout,
            batch: 32,
            learning_rate: 0.1,
            momentum: 0.9,
            nesterov: false,
            decay: Decay::Linear,
            regularisers: Regularisers::default(),
            max_norm: None,
            seed: 0,
        }
    }

    /// Sets what a step goes down.
    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Sets the number of examples a minibatch.
    pub fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Sets the learning rate of the first step.
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// Sets the momentum.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Takes [Nesterov's momentum](Momentum::nesterov) instead of the classical one.
    pub fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }

    /// Sets what becomes of the learning rate.
    pub fn decay(self, decay: Decay) -> Self {
        Self { decay, ..self }
    }

    /// Adds the [L2 penalty](super::regulariser::l2) of this strength.
    pub fn l2(self, strength: f64) -> Self {
        Self { regularisers: Regularisers { l2: Some(strength), ..self.regularisers }, ..self }
    }

    /// Adds the [L1 penalty](super::regulariser::l1) of this strength.
    pub fn l1(self, strength: f64) -> Self {
        Self { regularisers: Regularisers { l1: Some(strength), ..self.regularisers }, ..self }
    }

    /// Adds the [penalty on the mean activity](super::regulariser::sparsity) of the hidden logistic units.
    pub fn sparsity(self, sparsity: Sparsity<f64>) -> Self {
        Self { regularisers: Regularisers { sparsity: Some(sparsity), ..self.regularisers }, ..self }
    }

    /// Sets the largest norm of a unit's incoming weights.
    pub fn max_norm(self, max_norm: f64) -> Self {
        Self { max_norm: Some(max_norm), ..self }
    }

    /// Sets the seed.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Trains `model` on `examples`, telling `observe` of every step until it breaks off.
    ///
    /// Step t takes the next of the [`Batches`], draws the multipliers of its row r by [`Method::law`] from the stream
    /// ([`Purpose::Mask`], t, r) of the seed, and makes one step of [`Momentum`] down the gradient of [`Method::sampled`]
    /// and of the penalties, after which the max-norm constraint is restored.
    ///
    /// # Errors
    /// [`Error::Domain`] for a setting outside its range, those of [`Method::law`], [`Error::Shape`] for examples that do
    /// not fit the model, [`Error::Diverged`] when the loss or a weight is no longer finite. After an error the model is as
    /// it was before.
    pub fn run(
        &self,
        model: &mut Model,
        examples: &Examples,
        mut observe: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Summary> {
        self.check()?;
        self.check_examples(model, examples)?;

        let mut network = model.network().clone();
        let mut momentum = Momentum::new(&network, self.momentum);
        if self.nesterov {
            momentum = momentum.nesterov();
        }
        let noise = self.method.law(model)?;
        let mut batches = Batches::new(examples.count(), self.batch, self.seed);
        let mut summary = Summary { steps: 0, loss: 0.0 };
        for step in 0..self.steps {
            let (rows, head, law) = (batches.draw(), model.head(), model.law());
            // Without dropout the penalties too see the network at the mean multipliers.
            let multipliers = |row| match self.method {
                Method::Plain => law.mean(),
                _ => noise.sample(&mut stream(self.seed, Purpose::Mask, step, row as u64)),
            };
            let batch = self.method.sampled(&network, head, law, examples, &rows, multipliers).and_then(|mut batch| {
                let loss = batch.loss;
                self.regularisers.add_to(&mut batch, self.method, &network, examples, &rows, multipliers)?;
                Ok((loss, batch.gradient))
            });
            // The examples are finite, so only the weights can have made something infinite or NaN of them.
            let (loss, gradient) = batch.map_err(|error| match error {
                Error::NotFinite { value, .. } => Error::Diverged { step, loss: value },
                other => other,
            })?;
            let learning_rate = self.decay.at(self.learning_rate, step, self.steps);
            momentum.step(&mut network, &gradient, learning_rate);
            if let Some(limit) = self.max_norm {
                network.affine_mut().for_each(|affine| constraint::max_norm(affine, limit));
            }
            if !(loss.is_finite() && is_finite(&network)) {
                return Err(Error::Diverged { step, loss });
            }
            summary = Summary { steps: step + 1, loss };
            if observe(&Progress { step, learning_rate, loss, network: &network }).is_break() {
                break;
            }
        }
        *model.network_mut() = network;
        Ok(summary)
    }

    /// That inputs and targets have the model's lengths.
    pub(super) fn check_examples(&self, model: &Model, examples: &Examples) -> Result<()> {
        Error::shape("inputs of an example", model.network().inputs(), examples.inputs()[0].len())?;
        let targets = model.head().targets(model.network().outputs());
        Error::shape("length of an example's target", targets, examples.targets()[0].len())
    }

    /// That every setting is in its range.
    pub(crate) fn check(&self) -> Result<()> {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let settings = [
            (self.steps > 0, "number of training steps", self.steps as f64, "at least 1"),
            (self.batch > 0, "examples a minibatch", self.batch as f64, "at least 1"),
            (positive(self.learning_rate), "learning rate", self.learning_rate, "positive and finite"),
            ((0.0..1.0).contains(&self.momentum), "momentum", self.momentum, "in [0, 1)"),
            (self.max_norm.is_none_or(positive), "max-norm", self.max_norm.unwrap_or(1.0), "positive and finite"),
        ];
        self.regularisers.check()?;
        match settings.into_iter().find(|(fits, ..)| !fits) {
            Some((_, what, value, must)) => Err(Error::Domain { what: what.into(), value: value.to_string(), must }),
            None => Ok(()),
        }
    }
}

/// Whether every weight and bias is finite.
fn is_finite(network: &Mlp<f64>) -> bool {
    network.affine().all(|affine| affine.weight.iter().chain(&affine.bias).all(|w| w.is_finite()))
}
