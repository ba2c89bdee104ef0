//! What the demo found, as one document: `schemas/demo-1.schema.json`. Table and report are made from it.

use dropout_oracle::experiment::averaging::{HIDDEN, KEEP, Predictor, Score, Trial};
use dropout_oracle::experiment::{Averaging, Estimate};
use serde::Serialize;

/// Bins of the histogram of sub-networks, at most.
const BINS: usize = 40;

/// The whole document.
#[derive(Serialize)]
pub struct Document {
    pub format: &'static str,
    pub pair: [usize; 2],
    pub network: Network,
    pub training: Training,
    pub examples: Examples,
    pub distance: &'static str,
    /// The seed of each network, in the order of every `per_seed`.
    pub seeds: Vec<u64>,
    pub predictors: Vec<Row>,
    pub submodels: Submodels,
}

/// The architecture.
#[derive(Serialize)]
pub struct Network {
    pub shape: String,
    pub activation: &'static str,
    pub head: &'static str,
    pub convention: &'static str,
    /// KEEP probability of the inputs and of each hidden layer.
    pub keep: [f64; 3],
    pub droppable_units: usize,
}

/// How each network was trained.
#[derive(Serialize)]
pub struct Training {
    pub steps: u64,
    pub batch: usize,
    pub learning_rate: f64,
    pub momentum: f64,
    pub decay: &'static str,
}

/// How many images each network was trained and tested on.
#[derive(Serialize)]
pub struct Examples {
    pub train: usize,
    pub test: usize,
}

/// One predictor.
#[derive(Serialize)]
pub struct Row {
    pub name: String,
    /// k, for Monte Carlo.
    pub samples: Option<u64>,
    pub error_percent: Measured,
    pub nll: Measured,
    pub distance_to_am: Measured,
    pub distance_to_ngm: Measured,
}

/// A figure with its value for every seed.
#[derive(Serialize)]
pub struct Measured {
    pub mean: f64,
    pub standard_error: Option<f64>,
    pub per_seed: Vec<f64>,
}

/// The sub-networks on their own.
#[derive(Serialize)]
pub struct Submodels {
    /// How many one network has.
    pub count: usize,
    /// The mean over one network's sub-networks.
    pub error_percent: Measured,
    /// Over the sub-networks of all seeds.
    pub histogram: Histogram,
}

/// Counts by test error. A bin includes its lower edge, and the last one its upper edge too.
#[derive(Serialize)]
pub struct Histogram {
    pub edges_percent: Vec<f64>,
    pub counts: Vec<usize>,
}

impl Document {
    pub fn new(pair: [usize; 2], examples: usize, averaging: &Averaging, trials: &[Trial]) -> Self {
        let training = &averaging.training;
        let (test, count) = (trials[0].tested, trials[0].submodels_wrong.len());
        let row = |(i, predictor): (usize, Predictor)| {
            let measured = |f: fn(&Score) -> f64| Measured::new(trials.iter().map(|trial| f(&trial.scores[i])));
            Row {
                name: predictor.to_string(),
                samples: if let Predictor::MonteCarlo(samples) = predictor { Some(samples) } else { None },
                error_percent: measured(|score| 100.0 * score.error),
                nll: measured(|score| score.nll),
                distance_to_am: measured(|score| score.distance_to_arithmetic),
                distance_to_ngm: measured(|score| score.distance_to_geometric),
            }
        };
        let mean_error = |trial: &Trial| {
            let wrong: usize = trial.submodels_wrong.iter().sum();
            100.0 * wrong as f64 / (count * test) as f64
        };
        Self {
            format: "dropout-oracle/demo-1",
            pair,
            network: Network {
                shape: format!("64-{HIDDEN}-{HIDDEN}-2"),
                activation: "relu",
                head: "softmax",
                convention: "inverted",
                keep: [1.0, KEEP, KEEP],
                droppable_units: 2 * HIDDEN,
            },
            training: Training {
                steps: training.steps,
                batch: training.batch,
                learning_rate: training.learning_rate,
                momentum: training.momentum,
                decay: "linear",
            },
            examples: Examples { train: examples - test, test },
            distance: "mean total variation",
            seeds: trials.iter().map(|trial| trial.seed).collect(),
            predictors: averaging.predictors().into_iter().enumerate().map(row).collect(),
            submodels: Submodels {
                count,
                error_percent: Measured::new(trials.iter().map(mean_error)),
                histogram: Histogram::new(test, trials.iter().flat_map(|trial| &trial.submodels_wrong)),
            },
        }
    }

    /// The exact predictors, which do not depend on k.
    pub fn exact(&self) -> impl Iterator<Item = &Row> {
        self.predictors.iter().filter(|row| row.samples.is_none())
    }

    /// Monte Carlo, by k.
    pub fn monte_carlo(&self) -> impl Iterator<Item = (u64, &Row)> {
        self.predictors.iter().filter_map(|row| Some((row.samples?, row)))
    }
}

impl Measured {
    fn new(per_seed: impl Iterator<Item = f64>) -> Self {
        let per_seed: Vec<f64> = per_seed.collect();
        let Estimate { mean, standard_error } = Estimate::new(&per_seed);
        Self { mean, standard_error, per_seed }
    }

    /// `mean ± standard error`.
    pub fn show(&self, digits: usize) -> String {
        match self.standard_error {
            Some(error) => format!("{:.digits$} ± {error:.digits$}", self.mean),
            None => format!("{:.digits$}", self.mean),
        }
    }
}

impl Histogram {
    /// Bins of equally many possible errors each, from 0 to all `tested` examples.
    fn new<'a>(tested: usize, wrong: impl Iterator<Item = &'a usize>) -> Self {
        let width = (tested + 1).div_ceil(BINS);
        let bins = (tested + 1).div_ceil(width);
        let mut counts = vec![0; bins];
        wrong.for_each(|wrong| counts[wrong / width] += 1);
        let edges_percent = (0..=bins).map(|bin| 100.0 * (bin * width).min(tested) as f64 / tested as f64).collect();
        Self { edges_percent, counts }
    }
}
