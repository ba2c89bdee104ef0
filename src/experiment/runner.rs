//! All trials of an experiment, in parallel: first those by which hyperparameters are chosen, then those reported.

use super::setting::Candidate;
use super::{Estimate, Experiment, Judged, Outcome, Setting};
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
    /// The trials of each setting that are reported have the seeds 0, 1, …, `seeds` − 1.
    pub seeds: u64,
    /// The trials by which its training is chosen have as many other seeds, from [`Run::FIRST_CHOICE_SEED`] on.
    pub choice_seeds: u64,
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
    /// One value a measure; of a trial for the choice its validation error alone, and nothing if it diverged.
    pub values: Vec<f64>,
}

/// How the training of a setting was chosen.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Choice {
    /// The label of the candidate.
    pub candidate: String,
    /// The mean over the seeds of its validation error in percent; none if it diverged.
    pub validation_error: Option<f64>,
}

/// The values of all trials, by parameters and seed.
type Values = BTreeMap<(String, u64), Vec<f64>>;

impl Run {
    /// Far from the seeds that are reported.
    pub const FIRST_CHOICE_SEED: u64 = 1 << 32;

    /// The experiment with its full or its quick settings.
    pub fn new(experiment: &'static Experiment, quick: bool, seeds: u64) -> Self {
        let choice_seeds = if quick { 1 } else { 2 };
        Self { experiment, quick, settings: (experiment.settings)(quick), seeds, choice_seeds }
    }

    /// Sets the number of steps of every training.
    pub fn steps(mut self, steps: u64) -> Self {
        let steps = |setting: Setting| setting.trained(|training| crate::train::Training { steps, ..training });
        self.settings = self.settings.into_iter().map(steps).collect();
        self
    }

    /// The number of all trials.
    pub fn trials(&self) -> u64 {
        let candidates: usize = self.settings.iter().map(|setting| setting.candidates.len()).sum();
        self.seeds * self.settings.len() as u64 + self.choice_seeds * candidates as u64
    }

    /// Whether a record is one of this run's trials, and not of a longer run's.
    pub fn has(&self, record: &Record) -> bool {
        record.seed < self.seeds || record.seed >= Self::FIRST_CHOICE_SEED
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
        let mut values: Values =
            done.into_iter().map(|record| ((record.parameters, record.seed), record.values)).collect();

        let judged = |setting: &Setting, judged| -> Vec<Setting> {
            setting.candidates.iter().map(|candidate| setting.choose(candidate, judged)).collect()
        };
        let to_validate = self.settings.iter().flat_map(|setting| judged(setting, Judged::Validation)).collect();
        let choice_seeds = (0..self.choice_seeds).map(|k| Self::FIRST_CHOICE_SEED + k).collect::<Vec<_>>();
        self.complete(&mut values, to_validate, &choice_seeds, |setting, seed| self.validate(setting, seed), &each)?;

        let choices: Vec<Vec<Choice>> = self
            .settings
            .iter()
            .map(|setting| {
                let validated = setting.candidates.iter().zip(judged(setting, Judged::Validation));
                validated.map(|(candidate, setting)| Choice::new(candidate, &setting, &choice_seeds, &values)).collect()
            })
            .collect();
        let chosen = self.settings.iter().zip(&choices).map(|(setting, choices)| {
            let best = best(choices).ok_or_else(|| Error::Domain {
                what: format!("validation error of every candidate of setting {:?}", setting.name),
                value: "that of a training that diverged".into(),
                must: "finite for at least one of them",
            })?;
            Ok(setting.choose(&setting.candidates[best], Judged::Test))
        });
        let chosen = chosen.collect::<Result<Vec<Setting>>>()?;
        let seeds: Vec<u64> = (0..self.seeds).collect();
        self.complete(&mut values, chosen.clone(), &seeds, |setting, seed| self.measure(setting, seed), &each)?;

        let of = |setting: &Setting| seeds.iter().map(|seed| values[&(setting.parameters(), *seed)].clone()).collect();
        let values: Vec<_> = chosen.iter().map(of).collect();
        Ok(Outcome::new(self, &chosen, &choices, &values)?)
    }

    /// Adds the values of the trials that are lacking.
    fn complete<E: From<Error> + Send>(
        &self,
        values: &mut Values,
        settings: Vec<Setting>,
        seeds: &[u64],
        trial: impl Fn(&Setting, u64) -> Result<Vec<f64>> + Sync,
        each: &(impl Fn(&Record) -> Result<(), E> + Sync),
    ) -> Result<(), E> {
        let settings: Vec<(String, Setting)> = settings.into_iter().map(|s| (s.parameters(), s)).collect();
        let lacking: Vec<(&(String, Setting), u64)> = seeds
            .iter()
            .flat_map(|&seed| settings.iter().map(move |setting| (setting, seed)))
            .filter(|((parameters, _), seed)| !values.contains_key(&(parameters.clone(), *seed)))
            .collect();
        let trial = |((parameters, setting), seed): (&(String, Setting), u64)| -> Result<_, E> {
            let (parameters, values) = (parameters.clone(), trial(setting, seed)?);
            let record = Record { setting: setting.name.clone(), parameters, seed, values };
            each(&record)?;
            Ok(((record.parameters, seed), record.values))
        };
        values.extend(lacking.into_par_iter().map(trial).collect::<Result<Vec<_>, E>>()?);
        Ok(())
    }

    /// The validation error of one candidate, or nothing if its training diverges.
    fn validate(&self, setting: &Setting, seed: u64) -> Result<Vec<f64>> {
        match (self.experiment.validate)(setting, seed) {
            Err(Error::Diverged { .. }) => Ok(Vec::new()),
            error => Ok(vec![error?]),
        }
    }

    /// One trial that is reported.
    fn measure(&self, setting: &Setting, seed: u64) -> Result<Vec<f64>> {
        let values = (self.experiment.run)(setting, seed)?;
        Error::shape("values of a trial, one a measure", self.experiment.measures.len(), values.len())?;
        for (value, measure) in values.iter().zip(self.experiment.measures) {
            if !value.is_finite() {
                let what = format!("{} of setting {:?} with seed {seed}", measure.name, setting.name);
                return Err(Error::NotFinite { what, value: *value });
            }
        }
        Ok(values)
    }
}

impl Choice {
    fn new(candidate: &Candidate, setting: &Setting, seeds: &[u64], values: &Values) -> Self {
        let parameters = setting.parameters();
        let errors = seeds.iter().map(|seed| values[&(parameters.clone(), *seed)].first().copied());
        let errors: Option<Vec<f64>> = errors.collect();
        Self { candidate: candidate.label.clone(), validation_error: errors.map(|errors| Estimate::new(&errors).mean) }
    }
}

/// The number of the smallest validation error, the first of equals; none if all diverged.
pub(super) fn best(choices: &[Choice]) -> Option<usize> {
    let errors = choices.iter().enumerate().filter_map(|(i, choice)| Some((choice.validation_error?, i)));
    errors.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, i)| i)
}
