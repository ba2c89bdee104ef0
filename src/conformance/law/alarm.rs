//! From a p-value to a verdict: one alarm is drawn again, and only a second one counts.

use crate::conformance::trial::{Check, Effort, Trial};
use crate::conformance::verdict::{Distance, Failure, Statistic};

/// The false-alarm rate of one test, before it is repeated.
pub const ALPHA: f64 = 1e-9;

/// 1 − power at the smallest detectable error that is stated.
pub const BETA: f64 = 1e-6;

/// What one sample says.
pub struct Reading {
    /// The sample size.
    pub samples: u64,
    /// The probability of something as far off, if the law holds.
    pub p_value: f64,
    /// What was expected.
    pub expected: String,
    /// What was got.
    pub got: String,
}

impl Reading {
    /// The most surprising of several readings of one sample, its p-value times their number (Bonferroni).
    pub fn most_surprising(readings: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (mut count, mut worst) = (0, None::<Self>);
        for reading in readings {
            count += 1;
            if worst.as_ref().is_none_or(|worst| reading.p_value < worst.p_value) {
                worst = Some(reading);
            }
        }
        worst.map(|worst| Self { p_value: (worst.p_value * f64::from(count)).min(1.0), ..worst })
    }
}

/// Holds `draw` against the law: it draws a sample, `factor` times its usual size, with fresh seeds at each call.
///
/// At a p-value below [`ALPHA`] it draws again, four times as much, and the law fails only if both are below: a right
/// implementation fails with probability at most α².
///
/// `sees` says in words what a number of samples detects.
pub fn test(
    trial: &mut Trial<'_>,
    name: &str,
    sees: impl Fn(u64) -> String,
    mut draw: impl FnMut(&mut Trial<'_>, u64) -> Check<Reading>,
) -> Check {
    for factor in [1, 4] {
        let reading = draw(trial, factor)?;
        trial.evidence.comparisons += 1;
        trial.evidence.statistics.push(Statistic {
            name: name.into(),
            samples: reading.samples,
            false_alarm: ALPHA,
            power: 1.0 - BETA,
            smallest_detectable: sees(reading.samples),
            p_value: reading.p_value,
        });
        if reading.p_value >= ALPHA {
            return Ok(());
        }
        if factor > 1 {
            let failure = Failure::new(format!("{name}, {} samples", reading.samples), reading.expected, reading.got);
            return Err(Failure { distance: Some(Distance::PValue(reading.p_value)), ..failure }.into());
        }
    }
    unreachable!("the second reading ends it")
}

/// A sample size for the effort: in quick runs, in standard ones, in thorough ones.
pub fn size(trial: &Trial<'_>, [quick, standard, thorough]: [usize; 3]) -> usize {
    match trial.config.effort {
        Effort::Quick => quick,
        Effort::Standard => standard,
        Effort::Thorough => thorough,
    }
}
