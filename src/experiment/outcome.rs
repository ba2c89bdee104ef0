//! What an experiment gave: means over the seeds, comparisons, and what they say about the published finding.

use super::{Choice, Comparison, Estimate, Paired, Published, Run, Setting, runner};
use crate::error::Result;
use serde::Serialize;

/// The largest p-value that counts as significant; not corrected for the number of comparisons.
pub const LEVEL: f64 = 0.05;

/// The name and number of the format of an [`Outcome`] as JSON.
pub const FORMAT: &str = "dropout-oracle/experiment-1";

/// The results of an experiment, ready to be printed or written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Name and number of the format, with a schema of that name.
    pub format: &'static str,
    /// The experiment.
    pub experiment: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// What was published.
    pub published: &'static str,
    /// Whether the settings were the smaller ones.
    pub quick: bool,
    /// Repetitions of each setting.
    pub seeds: u64,
    /// Name and unit of every measure.
    pub measures: Vec<Named>,
    /// One row a setting.
    pub settings: Vec<Row>,
    /// One entry a comparison.
    pub comparisons: Vec<Compared>,
}

/// A measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// What is measured.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
}

/// The results of one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The setting.
    pub name: String,
    /// All its parameters, the chosen ones among them.
    pub parameters: String,
    /// The label of the candidate that was chosen.
    pub chosen: String,
    /// All candidates.
    pub candidates: Vec<Choice>,
    /// One cell a measure.
    pub cells: Vec<Cell>,
}

/// One measure of one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The mean over the seeds.
    pub mean: f64,
    /// Its standard error; none for a single seed.
    pub standard_error: Option<f64>,
    /// The value for each seed.
    pub values: Vec<f64>,
}

/// Two cells, compared seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Setting and measure.
    pub first: [&'static str; 2],
    /// Setting and measure.
    pub second: [&'static str; 2],
    /// The mean of first − second.
    pub difference: f64,
    /// Its standard error; none for a single seed.
    pub standard_error: Option<f64>,
    /// Of the two-sided exact sign-flip test ([`Paired`]).
    pub p_value: f64,
    /// What that says about the published ordering.
    pub verdict: Verdict,
}

/// How a comparison stands to the published ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A significant difference in the published direction.
    Reproduced,
    /// No significant difference, where none was published; that is no proof that there is none.
    NoDifference,
    /// No significant difference, where one was published: not reproduced.
    NotSignificant,
    /// A significant difference against the published ordering, or where none was published: not reproduced.
    Contradicted,
    /// Nothing was published to compare with, and the difference is significant.
    Different,
    /// Nothing was published to compare with, and the difference is not significant.
    Undecided,
}

impl Verdict {
    /// The verdict on a difference with this p-value.
    ///
    /// ```
    /// use dropout_oracle::experiment::{Published, Verdict};
    /// assert_eq!(Verdict::new(-1.0, 0.01, Published::Lower), Verdict::Reproduced);
    /// assert_eq!(Verdict::new(1.0, 0.01, Published::Lower), Verdict::Contradicted);
    /// assert_eq!(Verdict::new(-1.0, 0.5, Published::Lower), Verdict::NotSignificant);
    /// ```
    pub fn new(difference: f64, p_value: f64, published: Published) -> Self {
        match (p_value <= LEVEL, published) {
            (true, Published::Lower) if difference < 0.0 => Self::Reproduced,
            (true, Published::Higher) if difference > 0.0 => Self::Reproduced,
            (true, Published::Nothing) => Self::Different,
            (true, _) => Self::Contradicted,
            (false, Published::Alike) => Self::NoDifference,
            (false, Published::Nothing) => Self::Undecided,
            (false, _) => Self::NotSignificant,
        }
    }

    /// In words.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Reproduced => "significant, ordered as published",
            Self::NoDifference => "no significant difference, about equal as published (which it does not prove)",
            Self::NotSignificant => {
                "not significant: the published ordering does not reproduce at this size and length"
            }
            Self::Contradicted => "significant, NOT as published: it does not reproduce at this size and length",
            Self::Different => "significant; no order was published",
            Self::Undecided => "not significant; no order was published",
        }
    }
}

impl Outcome {
    /// From the chosen settings, how they were chosen, and `values[setting][seed][measure]`.
    pub(super) fn new(
        run: &Run,
        chosen: &[Setting],
        choices: &[Vec<Choice>],
        values: &[Vec<Vec<f64>>],
    ) -> Result<Self> {
        let experiment = run.experiment;
        let cell = |setting: usize, measure: usize| {
            let values: Vec<f64> = values[setting].iter().map(|trial| trial[measure]).collect();
            let Estimate { mean, standard_error } = Estimate::new(&values);
            Cell { mean, standard_error, values }
        };
        let settings: Vec<Row> = (0..)
            .zip(chosen.iter().zip(choices))
            .map(|(i, (setting, choices))| Row {
                name: setting.name.clone(),
                parameters: setting.parameters(),
                chosen: runner::best(choices).map_or(String::new(), |best| choices[best].candidate.clone()),
                candidates: choices.clone(),
                cells: (0..experiment.measures.len()).map(|measure| cell(i, measure)).collect(),
            })
            .collect();
        let find = |(setting, measure): (&str, &str)| {
            let row = settings.iter().find(|row| row.name == setting)?;
            let measure = experiment.measures.iter().position(|m| m.name == measure);
            Some(&row.cells[measure.expect("comparisons name measures of their experiment")])
        };
        let compare = |comparison: &Comparison| {
            let (first, second) = (find(comparison.first)?, find(comparison.second)?);
            Some(Paired::new(&first.values, &second.values).map(|paired| Compared {
                first: comparison.first.into(),
                second: comparison.second.into(),
                difference: paired.difference.mean,
                standard_error: paired.difference.standard_error,
                p_value: paired.p_value,
                verdict: Verdict::new(paired.difference.mean, paired.p_value, comparison.published),
            }))
        };
        let comparisons = experiment.comparisons.iter().filter_map(compare).collect::<Result<_>>()?;
        let measures = experiment.measures.iter().map(|m| Named { name: m.name, unit: m.unit }).collect();
        Ok(Self {
            format: FORMAT,
            experiment: experiment.name,
            question: experiment.question,
            published: experiment.published,
            quick: run.quick,
            seeds: run.seeds,
            measures,
            settings,
            comparisons,
        })
    }
}
