//! One arm of an experiment: a small ReLU classifier of the digits and how it is trained.

use crate::data::{Digits, Examples};
use crate::error::Result;
use crate::model::{Convention, HeadKind, Model};
use crate::network::{Affine, Layer, Mlp, PiecewiseLinear};
use crate::train::{Training, initial};
use nalgebra::{DMatrix, DVector};
use std::ops::ControlFlow;
use std::sync::LazyLock;

static DIGITS: LazyLock<Digits> = LazyLock::new(Digits::load);

/// What is trained, on what, and how. Its `Debug` text names every parameter, and so identifies the setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Unique in its experiment.
    pub name: String,
    /// The digits to be told apart.
    pub classes: Classes,
    /// Training examples; all others are test examples.
    pub examples: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// KEEP probability of each pixel.
    pub keep_input: f64,
    /// KEEP probability of each hidden unit.
    pub keep_hidden: f64,
    /// The noise on the hidden units.
    pub noise: Noise,
    /// How it is trained; the seed is replaced by the trial's.
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

impl Setting {
    /// A 64-64-64-10 network on 200 examples without dropout; `quick` trains 1000 steps instead of 2000.
    pub fn new(name: impl Into<String>, quick: bool) -> Self {
        let training = Training::new(if quick { 1000 } else { 2000 }).learning_rate(0.02);
        Self {
            name: name.into(),
            classes: Classes::Ten,
            examples: 200,
            hidden: vec![64, 64],
            keep_input: 1.0,
            keep_hidden: 1.0,
            noise: Noise::Bernoulli,
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

    /// All examples of the classes.
    ///
    /// # Errors
    /// As [`Digits::pair`].
    pub fn data(&self) -> Result<Examples> {
        match self.classes {
            Classes::Ten => Ok(DIGITS.examples()),
            Classes::Pair(first, second) => DIGITS.pair(first, second),
        }
    }

    /// Training and test examples.
    ///
    /// # Errors
    /// As [`Examples::split`] and [`Setting::data`].
    pub fn split(&self, seed: u64) -> Result<(Examples, Examples)> {
        self.data()?.split(self.examples, seed)
    }

    /// The classifier before training.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn untrained(&self, inputs: usize, classes: usize, seed: u64) -> Result<Model> {
        let mut layers = vec![Layer::dropout(inputs)];
        let mut keep = vec![self.keep_input; inputs];
        let mut width = inputs;
        for &units in &self.hidden {
            let affine = Affine::new(DMatrix::zeros(units, width), DVector::zeros(units))?;
            layers.extend([Layer::Affine(affine), Layer::Unit(PiecewiseLinear::Relu.into()), Layer::dropout(units)]);
            keep.extend(vec![self.keep_hidden; units]);
            width = units;
        }
        layers.push(Layer::Affine(Affine::new(DMatrix::zeros(classes, width), DVector::zeros(classes))?));
        let mut network = Mlp::new(inputs, layers)?;
        initial::he_uniform(&mut network, seed);
        Model::new(network, HeadKind::Softmax, keep.into(), Convention::Inverted)
    }

    /// The classifier trained with dropout, and the test examples.
    ///
    /// # Errors
    /// As [`Setting::split`], [`Setting::untrained`] and [`Training::run`].
    pub fn train(&self, seed: u64) -> Result<(Model, Examples)> {
        let (train, test) = self.split(seed)?;
        let mut model = self.untrained(train.inputs()[0].len(), train.targets()[0].len(), seed)?;
        self.training.clone().seed(seed).run(&mut model, &train, |_| ControlFlow::Continue(()))?;
        Ok((model, test))
    }
}

/// The percentage of the examples whose class does not have the largest output; `output` gets the example's number too.
pub(super) fn error_percent(
    test: &Examples,
    output: impl Fn(u64, &DVector<f64>) -> Result<DVector<f64>>,
) -> Result<f64> {
    let mut wrong = 0u32;
    for (n, (x, target)) in (0..).zip(test.iter()) {
        wrong += u32::from(output(n, x)?.imax() != target.imax());
    }
    Ok(100.0 * f64::from(wrong) / test.count() as f64)
}

/// The test error of weight scaling alone, as the only measure: the trial of most experiments.
pub(super) fn weight_scaling_error(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    let (model, test) = setting.train(seed)?;
    Ok(vec![error_percent(&test, |_, x| model.ensemble().weight_scaled_output(x))?])
}
