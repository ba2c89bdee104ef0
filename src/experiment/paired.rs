//! Whether two methods differ, judged on the same seeds.

use super::Estimate;
use crate::error::{Error, Result};
use crate::mask::Mask;

/// The comparison of two methods over paired repetitions.
///
/// The p-value is Fisher's exact sign-flip test: if the methods were exchangeable, each difference could as well have had
/// the other sign, so all 2^n sign patterns are alike, and p is the fraction of them whose mean is at least as far from zero
/// as the one seen. It needs no normality: under that hypothesis \\(P(p \le \alpha) \le \alpha\\) for every α, whatever the
/// law of the differences. With n repetitions p is at least 2/2^n, so n ≥ 6 is needed for p ≤ .05.
///
/// ```
/// use dropout_oracle::experiment::Paired;
/// let (dropout, plain) = ([6.5, 7.0, 6.0, 6.8, 7.1, 6.4], [8.0, 7.9, 7.5, 7.7, 8.3, 8.1]);
/// let comparison = Paired::new(&dropout, &plain)?;
/// assert!(comparison.difference.mean < 0.0);
/// assert_eq!(comparison.p_value, 2.0 / 64.0); // all six differences have one sign
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// The mean of first − second, with its standard error.
    pub difference: Estimate,
    /// Two-sided.
    pub p_value: f64,
}

impl Paired {
    /// The most repetitions whose sign patterns are enumerated.
    pub const MAX_REPETITIONS: usize = 24;

    /// Compares the values of the first method with those of the second, seed by seed.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one value a seed for both, [`Error::Domain`] for none or more than
    /// [`Paired::MAX_REPETITIONS`], [`Error::NotFinite`] for a NaN or infinite value or difference.
    pub fn new(first: &[f64], second: &[f64]) -> Result<Self> {
        Error::shape("paired repetitions", first.len(), second.len())?;
        if first.is_empty() || first.len() > Self::MAX_REPETITIONS {
            return Err(Error::Domain {
                what: "number of paired repetitions".into(),
                value: first.len().to_string(),
                must: "from 1 to 24",
            });
        }
        let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        if let Some(bad) = first.iter().chain(second).chain(&differences).find(|value| !value.is_finite()) {
            return Err(Error::NotFinite { what: "a value of a paired comparison".into(), value: *bad });
        }
        let seen = differences.iter().sum::<f64>().abs();
        // Sums that are equal in exact arithmetic may differ by roundings: a few of each value itself (a percentage, say),
        // and n − 1 of either sum.
        let size: f64 = first.iter().chain(second).map(|value| value.abs()).sum();
        let rounding = size * f64::EPSILON * (differences.len() as f64 + 3.0);
        let patterns = Mask::all(differences.len())?;
        let total = patterns.len() as f64;
        let flipped = |signs: Mask| {
            let signed = differences.iter().enumerate().map(|(i, d)| if signs.keeps(i) { *d } else { -d });
            signed.sum::<f64>().abs()
        };
        let extreme = patterns.filter(|signs| flipped(*signs) >= seen - rounding).count() as f64;
        Ok(Self { difference: Estimate::new(&differences), p_value: extreme / total })
    }
}
