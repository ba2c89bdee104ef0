//! All trials of an experiment, in parallel.

use super::{Experiment, Outcome, Setting};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// An experiment with its settings and the number of repetitions.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is asked.
    pub experiment: &'static Experiment,
    /// Whether the settings are the smaller ones.
    pub quick: bool,
    /// The settings.
    pub settings: Vec<Setting>,
    /// The trials of each setting have the seeds 0, 1, …, `seeds` − 1.
    pub seeds: u64,
}

/// What one trial gave.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The name of the setting.
    pub setting: String,
    /// All its parameters, so that values of another setting of that name are never taken for its own.
    pub parameters: String,
    /// The seed of the trial.
    pub seed: u64,
    /// One value a measure.
    pub values: Vec<f64>,
}

impl Run {
    /// The experiment with its full or its quick settings.
    pub fn new(experiment: &'static Experiment, quick: bool, seeds: u64) -> Self {
        Self { experiment, quick, settings: (experiment.settings)(quick), seeds }
    }

    /// Runs every trial that is not among `done`, telling `each` of it from whichever thread ran it, and puts all
    /// together. The outcome depends neither on the order nor on what was done before.
    ///
    /// # Errors
    /// The first error of a trial, [`Error::NotFinite`] for a value that is not finite, or an error of `each`.
    pub fn outcome<E: From<Error> + Send>(
        &self,
        done: Vec<Record>,
        each: impl Fn(&Record) -> Result<(), E> + Sync,
    ) -> Result<Outcome, E> {
        let mut values: BTreeMap<(String, u64), Vec<f64>> =
            done.into_iter().map(|record| ((record.setting, record.seed), record.values)).collect();
        let trials: Vec<(&Setting, u64)> = (0..self.seeds)
            .flat_map(|seed| self.settings.iter().map(move |setting| (setting, seed)))
            .filter(|(setting, seed)| !values.contains_key(&(setting.name.clone(), *seed)))
            .collect();
        let trial = |(setting, seed): (&Setting, u64)| -> Result<_, E> {
            let record = self.trial(setting, seed)?;
            each(&record)?;
            Ok(((record.setting, seed), record.values))
        };
        values.extend(trials.into_par_iter().map(trial).collect::<Result<Vec<_>, E>>()?);
        let of =
            |setting: &Setting| (0..self.seeds).map(|seed| values[&(setting.name.clone(), seed)].clone()).collect();
        Ok(Outcome::new(self, &self.settings.iter().map(of).collect::<Vec<_>>())?)
    }

    /// One trial.
    fn trial(&self, setting: &Setting, seed: u64) -> Result<Record> {
        let values = (self.experiment.run)(setting, seed)?;
        Error::shape("values of a trial, one a measure", self.experiment.measures.len(), values.len())?;
        for (value, measure) in values.iter().zip(self.experiment.measures) {
            if !value.is_finite() {
                let what = format!("{} of setting {:?} with seed {seed}", measure.name, setting.name);
                return Err(Error::NotFinite { what, value: *value });
            }
        }
        Ok(Record { setting: setting.name.clone(), parameters: setting.parameters(), seed, values })
    }
}

impl Setting {
    /// Every parameter, as text.
    pub fn parameters(&self) -> String {
        format!("{self:?}")
    }
}
