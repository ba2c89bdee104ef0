//! Exact averaging: how good is each way to average the sub-networks of one small trained network?
//!
//! A classifier of shape inputs-6-6-classes with dropout on both hidden layers has 2¹² = 4096 sub-networks, few enough
//! to average them all for every test example. Warde-Farley et al. (2014) did this for small networks and found the
//! geometric and the arithmetic mean to be comparable in accuracy; Goodfellow et al. (2013) compared weight scaling with
//! means of sampled sub-networks.

use super::classifier::Classifier;
use crate::data::Examples;
use crate::ensemble::Prediction;
use crate::error::Result;
use crate::mask::Mask;
use crate::model::Model;
use crate::network::{Network, PiecewiseLinear};
use crate::random::{Purpose, stream};
use crate::scalar::Real;
use crate::train::Training;
use nalgebra::DVector;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Units of each of the two hidden layers.
pub const HIDDEN: usize = 6;

/// KEEP probability of each hidden unit; inputs are never dropped.
pub const KEEP: f64 = 0.5;

/// The settings of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Averaging {
    /// How each network is trained; its seed is replaced by the trial's.
    pub training: Training,
    /// The numbers of masks k of the Monte Carlo predictions.
    pub samples: Vec<u64>,
}

/// A way to predict from all the sub-networks of a trained network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predictor {
    /// WS: one network, at the mean multipliers.
    WeightScaling,
    /// NGM: the normalised geometric mean of all sub-networks' predictions.
    GeometricMean,
    /// AM: the arithmetic mean of all sub-networks' predictions.
    ArithmeticMean,
    /// MC: the arithmetic mean of the predictions of this many sampled sub-networks.
    MonteCarlo(u64),
}

/// How well one predictor did on the test examples of one trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The fraction of the examples whose most probable class is not the target's.
    pub error: f64,
    /// The mean of −ln p(y), in nats; infinite where a target got probability zero.
    pub nll: f64,
    /// The mean [total variation](total_variation) between this prediction and the exact arithmetic mean.
    pub distance_to_arithmetic: f64,
    /// The same to the exact normalised geometric mean.
    pub distance_to_geometric: f64,
}

/// One network, trained and averaged.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Decides the split into training and test examples, the initial weights, the order of the examples and all masks.
    pub seed: u64,
    /// One score a predictor, in the order of [`Averaging::predictors`].
    pub scores: Vec<Score>,
    /// The number of test examples.
    pub tested: usize,
    /// How many of them each sub-network gets wrong on its own, in the order of the masks.
    pub submodels_wrong: Vec<usize>,
}

/// \\(\tfrac12 \sum_y |p(y) - q(y)|\\): the largest difference in the probability of any event.
pub fn total_variation(p: &DVector<f64>, q: &DVector<f64>) -> f64 {
    p.zip_fold(q, 0.0, |sum, p, q| sum + (p - q).abs()) / 2.0
}

impl Averaging {
    /// WS, NGM, AM, and Monte Carlo for each number of masks.
    pub fn predictors(&self) -> Vec<Predictor> {
        let exact = [Predictor::WeightScaling, Predictor::GeometricMean, Predictor::ArithmeticMean];
        exact.into_iter().chain(self.samples.iter().copied().map(Predictor::MonteCarlo)).collect()
    }

    /// The trials with seeds 0, 1, …, `seeds` − 1, in parallel; `done` is called after each.
    ///
    /// # Errors
    /// As [`Averaging::trial`].
    pub fn trials(&self, examples: &Examples, seeds: u64, done: impl Fn() + Sync) -> Result<Vec<Trial>> {
        let trial = |seed| {
            let trial = self.trial(examples, seed);
            done();
            trial
        };
        (0..seeds).into_par_iter().map(trial).collect()
    }

    /// Trains one network on a random half of the examples (rounded down) and scores every predictor on the rest.
    ///
    /// # Errors
    /// [`Error::Domain`](crate::Error::Domain) for fewer than two examples, classes or samples; otherwise as
    /// [`Training::run`].
    pub fn trial(&self, examples: &Examples, seed: u64) -> Result<Trial> {
        let (train, test) = examples.split(examples.count() / 2, seed)?;
        let hidden = [HIDDEN; 2];
        let unit = PiecewiseLinear::Relu.into();
        let classifier = Classifier { hidden: &hidden, unit, keep_input: 1.0, keep_hidden: KEEP };
        let mut model = classifier.untrained(&train, seed)?;
        self.training.clone().seed(seed).run(&mut model, &train, |_| ControlFlow::Continue(()))?;
        self.scores(&model, &test, seed)
    }

    /// Scores every predictor of a trained network on test examples; the seed decides the masks of Monte Carlo.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`](crate::Error::TooManyMasks) for a network that is too large to be enumerated,
    /// [`Error::Shape`](crate::Error::Shape) for examples that do not fit it, and
    /// [`Error::Domain`](crate::Error::Domain) for fewer than two samples.
    pub fn scores(&self, model: &Model, test: &Examples, seed: u64) -> Result<Trial> {
        let ensemble = model.ensemble();

        let mut scores = vec![Vec::new(); self.predictors().len()];
        let mut submodels_wrong = vec![0; Mask::count(model.network().units())? as usize];
        for (n, (x, target)) in (0..).zip(test.iter()) {
            let class = target.imax();
            let Prediction { arithmetic_mean, geometric_mean, weight_scaling } = ensemble.predict(x)?;
            let score = |p: &DVector<f64>| Score {
                error: f64::from(p.imax() != class),
                nll: -Real::ln(p[class]),
                distance_to_arithmetic: total_variation(p, &arithmetic_mean),
                distance_to_geometric: total_variation(p, &geometric_mean.expected),
            };
            for (scores, predictor) in scores.iter_mut().zip(self.predictors()) {
                scores.push(match predictor {
                    Predictor::WeightScaling => score(&weight_scaling),
                    Predictor::GeometricMean => score(&geometric_mean.expected),
                    Predictor::ArithmeticMean => score(&arithmetic_mean),
                    Predictor::MonteCarlo(samples) => {
                        score(&ensemble.monte_carlo(x, samples, &mut stream(seed, Purpose::MonteCarlo, n, 0))?.mean)
                    }
                });
            }
            for (wrong, (logits, _)) in submodels_wrong.iter_mut().zip(ensemble.submodels(x)?) {
                *wrong += usize::from(logits.imax() != class);
            }
        }
        Ok(Trial {
            seed,
            scores: scores.iter().map(|scores| Score::mean(scores)).collect(),
            tested: test.count(),
            submodels_wrong,
        })
    }
}

impl Score {
    /// The mean over examples.
    fn mean(scores: &[Self]) -> Self {
        let mean = |f: fn(&Self) -> f64| scores.iter().map(f).sum::<f64>() / scores.len() as f64;
        Self {
            error: mean(|score| score.error),
            nll: mean(|score| score.nll),
            distance_to_arithmetic: mean(|score| score.distance_to_arithmetic),
            distance_to_geometric: mean(|score| score.distance_to_geometric),
        }
    }
}

impl std::fmt::Display for Predictor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WeightScaling => f.pad("WS"),
            Self::GeometricMean => f.pad("NGM"),
            Self::ArithmeticMean => f.pad("AM"),
            Self::MonteCarlo(samples) => f.pad(&format!("MC k={samples}")),
        }
    }
}
