//! Experiments: published findings about dropout, repeated in miniature.
//!
//! An [`Experiment`] is data: the question, what was published, its [`Setting`]s, how one trial of a setting is run, and
//! which values are to be compared. One [runner](Run) does the rest for all of them: trials in parallel, means with
//! standard errors over the seeds, and an exact [paired test](Paired) for every comparison.
//!
//! # How hyperparameters are chosen
//!
//! Never by what is reported. 4 in 9 of the digits are test examples, the same for every seed; no training and no choice
//! sees them. Each setting chooses its own training among its [`Candidate`]s: learning rates
//! ([`Setting::RATES`], the same for all), and where the method has a strength, its strengths too. Every candidate is
//! trained with seeds that are not reported (two from [`Run::FIRST_CHOICE_SEED`] on; one in quick runs), and judged by the
//! error of weight scaling on validation examples, which are neither training nor test examples; the smallest mean wins.
//! A training that diverges is out. Then, and only then, the chosen training is run with the seeds that are reported, and
//! judged on the test examples. Every candidate's validation error is part of the [`Outcome`]. The rest is fixed
//! beforehand, alike in all settings but for what the experiment varies: shape, minibatches of 32, momentum .9, the linear
//! decay to 0 and the number of steps.
//!
//! Since all seeds share the test examples, a p-value speaks of training sets, initial weights, order and masks, for these
//! test examples.
//!
//! A new experiment is one file with a `pub const EXPERIMENT`, and its entry in [`ALL`].

pub mod averaging;
mod classifier;
mod estimate;
mod paired;

#[cfg(feature = "files")]
mod additive_or_multiplicative;
#[cfg(feature = "files")]
mod boosting_control;
#[cfg(feature = "files")]
mod co_adaptation;
#[cfg(feature = "files")]
mod data_size;
#[cfg(feature = "files")]
mod exact_averaging;
#[cfg(feature = "files")]
mod exact_objective;
#[cfg(feature = "files")]
mod input_or_hidden;
#[cfg(feature = "files")]
mod journal;
#[cfg(feature = "files")]
mod keep_probability;
#[cfg(feature = "files")]
mod monte_carlo_curve;
#[cfg(feature = "files")]
mod outcome;
#[cfg(feature = "files")]
mod regularisers;
#[cfg(feature = "files")]
mod runner;
#[cfg(feature = "files")]
mod setting;
#[cfg(feature = "files")]
mod width;

pub use averaging::Averaging;
pub use estimate::Estimate;
#[cfg(feature = "files")]
pub use journal::Journal;
#[cfg(feature = "files")]
pub use outcome::{Outcome, Verdict};
pub use paired::Paired;
#[cfg(feature = "files")]
pub use runner::{Choice, Record, Run};
#[cfg(feature = "files")]
pub use setting::{Candidate, Classes, Judged, Noise, Objective, Setting};

/// Every experiment, in the order in which they are listed.
#[cfg(feature = "files")]
pub const ALL: &[&Experiment] = &[
    &boosting_control::EXPERIMENT,
    &exact_averaging::EXPERIMENT,
    &monte_carlo_curve::EXPERIMENT,
    &data_size::EXPERIMENT,
    &regularisers::EXPERIMENT,
    &keep_probability::EXPERIMENT,
    &width::EXPERIMENT,
    &co_adaptation::EXPERIMENT,
    &input_or_hidden::EXPERIMENT,
    &additive_or_multiplicative::EXPERIMENT,
    &exact_objective::EXPERIMENT,
];

/// A question about dropout and how it is put to small networks on the embedded digits.
#[cfg(feature = "files")]
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Lower case, words joined by hyphens.
    pub name: &'static str,
    /// What is asked, in one line.
    pub question: &'static str,
    /// What was published, with its source.
    pub published: &'static str,
    /// What is measured in every trial.
    pub measures: &'static [Measure],
    /// The settings; `quick` asks for fewer or smaller ones.
    pub settings: fn(quick: bool) -> Vec<Setting>,
    /// The error in percent of one trial of a candidate, by which the candidates are chosen.
    pub validate: fn(&Setting, seed: u64) -> crate::Result<f64>,
    /// One trial of a setting: a value for each measure. The seed decides everything that is random.
    pub run: fn(&Setting, seed: u64) -> crate::Result<Vec<f64>>,
    /// What is compared. A comparison with a setting that is left out (`quick`) is left out too.
    pub comparisons: &'static [Comparison],
}

/// A quantity measured in every trial.
#[cfg(feature = "files")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// What is measured; unique in its experiment.
    pub name: &'static str,
    /// Its unit; measures of one unit share an axis.
    pub unit: &'static str,
}

/// Two values to be compared over the seeds.
#[cfg(feature = "files")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Setting and measure.
    pub first: (&'static str, &'static str),
    /// Setting and measure.
    pub second: (&'static str, &'static str),
    /// How the first was published to compare with the second.
    pub published: Published,
}

/// A published ordering.
#[cfg(feature = "files")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The first is lower.
    Lower,
    /// The first is higher.
    Higher,
    /// They are about equal.
    Alike,
    /// Nothing was published.
    Nothing,
}

#[cfg(feature = "files")]
impl Experiment {
    /// The experiment of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|experiment| experiment.name == name)
    }
}
