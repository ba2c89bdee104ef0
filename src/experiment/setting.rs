//! One arm of an experiment: a small classifier of the digits, how it is trained, and on what it is judged.

use super::classifier::Classifier;
use crate::data::{Digits, Examples};
use crate::error::Result;
use crate::model::Model;
use crate::network::{Activation, PiecewiseLinear};
use crate::train::committee::Resampling;
use crate::train::{EarlyStopping, Progress, Training};
use nalgebra::DVector;
use std::ops::ControlFlow;
use std::sync::LazyLock;

static DIGITS: LazyLock<Digits> = LazyLock::new(Digits::load);

/// Decides once for all which digits are test examples.
const TEST_SEED: u64 = u64::MAX;

/// What is trained, on what, and how. Its `Debug` text names every parameter, and so identifies the setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Unique in its experiment.
    pub name: String,
    /// The digits to be told apart.
    pub classes: Classes,
    /// Training examples, those for [`EarlyStopping`] among them.
    pub examples: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// The hidden units.
    pub unit: Activation,
    /// KEEP probability of each pixel.
    pub keep_input: f64,
    /// KEEP probability of each hidden unit.
    pub keep_hidden: f64,
    /// The noise on the hidden units.
    pub noise: Noise,
    /// What the last layer is trained on.
    pub objective: Objective,
    /// How many networks are averaged and which examples each is given; none for a single network.
    pub committee: Option<(u64, Resampling)>,
    /// When training stops, judged by every fifth training example; none for all steps.
    pub early_stopping: Option<EarlyStopping>,
    /// On what the trained network is judged.
    pub judged: Judged,
    /// How it is trained: the candidate that was chosen, its seed replaced by the trial's.
    pub training: Training,
    /// The trainings to choose from by validation error; none in a setting whose training is chosen.
    pub candidates: Vec<Candidate>,
}

/// One way to train a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The hyperparameters that are chosen, with their values.
    pub label: String,
    /// The training with these values.
    pub training: Training,
}

/// Digits to be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classes {
    /// All ten.
    Ten,
    /// Two of them.
    Pair(usize, usize),
}

/// How hidden units are disturbed while training; in each case with the mean and variance of inverted dropout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Times 0 or 1/p: dropout.
    Bernoulli,
    /// Times N(1, (1 − p)/p).
    Gaussian,
    /// Plus N(0, (1 − p)/p).
    Additive,
}

/// What a logistic unit with dropout on its features is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// One sampled mask a row of a minibatch.
    Sampled,
    /// Wang & Manning's normal approximation of the mean loss over all masks.
    FastDropout,
    /// The mean loss over all masks.
    Exact,
}

/// The examples on which a trained network is judged. Test examples, 4 in 9, are the same for every seed; training and
/// validation examples are drawn by the seed from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// All that are neither training nor test examples: to choose hyperparameters.
    Validation,
    /// The test examples: to report.
    Test,
}

impl Setting {
    /// The learning rates from which each setting chooses.
    pub const RATES: [f64; 3] = [0.005, 0.015, 0.05];

    /// A 64-64-64-10 ReLU network on 200 examples without dropout; `quick` trains 1000 steps instead of 2000.
    pub fn new(name: impl Into<String>, quick: bool) -> Self {
        let training = Training::new(if quick { 1000 } else { 2000 });
        let rate = |rate| Candidate { label: format!("rate {rate}"), training: training.clone().learning_rate(rate) };
        Self {
            name: name.into(),
            classes: Classes::Ten,
            examples: 200,
            hidden: vec![64, 64],
            unit: PiecewiseLinear::Relu.into(),
            keep_input: 1.0,
            keep_hidden: 1.0,
            noise: Noise::Bernoulli,
            objective: Objective::Sampled,
            committee: None,
            early_stopping: None,
            judged: Judged::Test,
            candidates: Self::RATES.map(rate).into(),
            training,
        }
    }

    /// Sets the KEEP probabilities.
    pub fn keep(self, keep_input: f64, keep_hidden: f64) -> Self {
        Self { keep_input, keep_hidden, ..self }
    }

    /// Sets the number of training examples.
    pub fn examples(self, examples: usize) -> Self {
        Self { examples, ..self }
    }

    /// Sets the hidden layers.
    pub fn hidden(self, hidden: &[usize]) -> Self {
        Self { hidden: hidden.into(), ..self }
    }

    /// Changes every candidate.
    pub fn trained(mut self, change: impl Fn(Training) -> Training) -> Self {
        for candidate in &mut self.candidates {
            candidate.training = change(candidate.training.clone());
        }
        self
    }

    /// Every candidate with every value of one more hyperparameter.
    pub fn among(mut self, name: &str, values: &[f64], set: impl Fn(Training, f64) -> Training) -> Self {
        let with = |Candidate { label, training }: Candidate| {
            let set = &set;
            values.iter().map(move |&value| Candidate {
                label: format!("{label}, {name} {value}"),
                training: set(training.clone(), value),
            })
        };
        self.candidates = self.candidates.into_iter().flat_map(with).collect();
        self
    }

    /// The setting with one of its candidates chosen.
    pub fn choose(&self, candidate: &Candidate, judged: Judged) -> Self {
        Self { training: candidate.training.clone(), candidates: Vec::new(), judged, ..self.clone() }
    }

    /// Every parameter, as text.
    pub fn parameters(&self) -> String {
        format!("{self:?}")
    }

    /// The examples to train on and those to be judged on.
    ///
    /// # Errors
    /// As [`Digits::pair`] and [`Examples::split`].
    pub fn split(&self, seed: u64) -> Result<(Examples, Examples)> {
        let all = match self.classes {
            Classes::Ten => DIGITS.examples(),
            Classes::Pair(first, second) => DIGITS.pair(first, second)?,
        };
        let (development, test) = all.split(all.count() * 5 / 9, TEST_SEED)?;
        let (train, validation) = development.split(self.examples, seed)?;
        Ok(match self.judged {
            Judged::Validation => (train, validation),
            Judged::Test => (train, test),
        })
    }

    /// The classifier of the examples' classes before training.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn untrained(&self, examples: &Examples, seed: u64) -> Result<Model> {
        let Self { hidden, unit, keep_input, keep_hidden, .. } = self.clone();
        Classifier { hidden: &hidden, unit, keep_input, keep_hidden }.untrained(examples, seed)
    }

    /// The trained classifier, a single one, and the examples to be judged on.
    ///
    /// # Errors
    /// As [`Setting::split`], [`Setting::untrained`] and [`Training::run`].
    pub fn train(&self, seed: u64) -> Result<(Model, Examples)> {
        let (train, judged) = self.split(seed)?;
        let mut model = self.untrained(&train, seed)?;
        let training = self.training.clone().seed(seed);
        let go_on = |_: &Progress<'_>| ControlFlow::Continue(());
        match self.early_stopping {
            None => drop(training.run(&mut model, &train, go_on)?),
            Some(stopping) => {
                let (fitted, held_out) = train.split(train.count() - train.count() / 5, seed)?;
                stopping.run(&training, &mut model, &fitted, &held_out, go_on)?;
            }
        }
        Ok((model, judged))
    }
}

/// The percentage of the examples whose class does not have the largest output; `output` gets the example's number too.
pub(super) fn error_percent(
    examples: &Examples,
    output: impl Fn(u64, &DVector<f64>) -> Result<DVector<f64>>,
) -> Result<f64> {
    let mut wrong = 0u32;
    for (n, (x, target)) in (0..).zip(examples.iter()) {
        wrong += u32::from(output(n, x)?.imax() != target.imax());
    }
    Ok(100.0 * f64::from(wrong) / examples.count() as f64)
}

/// The error of a single network's weight scaling: what hyperparameters are chosen by.
pub(super) fn weight_scaling_error(setting: &Setting, seed: u64) -> Result<f64> {
    let (model, judged) = setting.train(seed)?;
    error_percent(&judged, |_, x| model.ensemble().weight_scaled_output(x))
}

/// The same as the only measure: the trial of most experiments.
pub(super) fn weight_scaling_alone(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    Ok(vec![weight_scaling_error(setting, seed)?])
}
