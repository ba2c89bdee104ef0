//! What a law says of a layer: holds, fails, does not apply, or the adapter failed.

use super::dtype::Dtype;
use serde::{Deserialize, Serialize};

/// A number with its bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// In decimal, as short as identifies it.
    pub value: String,
    /// In hexadecimal.
    pub bits: String,
    /// Its format.
    pub dtype: Dtype,
}

impl Quantity {
    /// The number of this format with these bits.
    pub fn new(dtype: Dtype, bits: u64) -> Self {
        let value = format!("{:?}", dtype.value(bits));
        Self { value, bits: format!("0x{bits:0width$x}", width = 2 * dtype.bytes()), dtype }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} {})", self.value, self.dtype, self.bits)
    }
}

/// How far off something was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// So many numbers of the format lie from the enclosure to what was got.
    Ulps(u64),
    /// The probability of something at least as far off, if the law held.
    PValue(f64),
}

/// What was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// A number from one to another.
    Between(Quantity, Quantity),
    /// Something else, in words.
    Words(String),
}

/// A counterexample to a law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The call, or the calls, in words.
    pub case: String,
    /// The element's indices.
    pub at: Option<Vec<usize>>,
    /// The element of the input.
    pub input: Option<Quantity>,
    /// What was expected.
    pub expected: Expected,
    /// What was got.
    pub got: String,
    /// How far off that is.
    pub distance: Option<Distance>,
    /// What is wrong, in a sentence.
    pub diagnosis: String,
}

impl Failure {
    /// A counterexample in words.
    pub fn new(case: impl ToString, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            case: case.to_string(),
            at: None,
            input: None,
            expected: Expected::Words(expected.into()),
            got: got.into(),
            distance: None,
            diagnosis: String::new(),
        }
    }

    /// Because of this, rather than what the law says in general.
    pub fn because(self, diagnosis: impl Into<String>) -> Self {
        Self { diagnosis: diagnosis.into(), ..self }
    }
}

/// A test on random masks: what it could see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// What was tested.
    pub name: String,
    /// The sample size N.
    pub samples: u64,
    /// The probability of an alarm where nothing is wrong, α.
    pub false_alarm: f64,
    /// The probability of an alarm at the smallest detectable error.
    pub power: f64,
    /// The smallest error that is detected with that power, in words.
    pub smallest_detectable: String,
    /// The p-value that was found.
    pub p_value: f64,
}

/// What a law was seen to hold on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Requests that were answered.
    pub requests: u64,
    /// Single comparisons that were made.
    pub comparisons: u64,
    /// What was left out, and why.
    pub skipped: Vec<String>,
    /// Tests on random masks.
    pub statistics: Vec<Statistic>,
}

/// What a law says of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// No counterexample.
    Holds {
        /// What it was seen to hold on.
        evidence: Evidence,
    },
    /// A counterexample.
    Fails {
        /// It.
        failure: Box<Failure>,
    },
    /// Not tested.
    NotApplicable {
        /// What is lacking.
        why: String,
    },
    /// The adapter crashed, hung, talked nonsense or reported an error of its own.
    AdapterFailed {
        /// What happened.
        why: String,
    },
}

impl Verdict {
    /// Whether there is a counterexample.
    pub fn fails(&self) -> bool {
        matches!(self, Self::Fails { .. })
    }

    /// Whether no counterexample was found.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds { .. })
    }
}
