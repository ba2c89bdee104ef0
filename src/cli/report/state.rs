//! A verdict as a cell shows it: a sign that is told apart without colour, and a word.

use dropout_oracle::conformance::{Finding, Verdict};

/// From the worst on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Fails,
    Unexpected,
    Broke,
    Expected,
    Holds,
    NotTested,
    NotRun,
}

impl State {
    pub const ALL: [Self; 7] =
        [Self::Holds, Self::Fails, Self::Expected, Self::Unexpected, Self::Broke, Self::NotTested, Self::NotRun];

    pub fn of(finding: &Finding) -> Self {
        match (&finding.verdict, &finding.expected) {
            (Verdict::Holds { .. }, None) => Self::Holds,
            (Verdict::Holds { .. }, Some(_)) => Self::Unexpected,
            (Verdict::Fails { .. }, None) => Self::Fails,
            (Verdict::Fails { .. }, Some(_)) => Self::Expected,
            (Verdict::NotApplicable { .. }, _) => Self::NotTested,
            (Verdict::AdapterFailed { .. }, _) => Self::Broke,
        }
    }

    pub fn sign(self) -> &'static str {
        match self {
            Self::Fails => "✗",
            Self::Unexpected => "✓?",
            Self::Broke => "!",
            Self::Expected => "(✗)",
            Self::Holds => "✓",
            Self::NotTested => "–",
            Self::NotRun => "·",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Unexpected => "holds, though it is expected to fail",
            Self::Broke => "adapter failed",
            Self::Expected => "fails as expected",
            Self::Holds => "holds",
            Self::NotTested => "not tested",
            Self::NotRun => "not run",
        }
    }

    /// The class of its cells.
    pub fn class(self) -> &'static str {
        match self {
            Self::Fails | Self::Unexpected => "bad",
            Self::Broke | Self::Expected => "odd",
            Self::Holds => "good",
            Self::NotTested | Self::NotRun => "none",
        }
    }

    /// What it means, for the legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Fails => "there is a counterexample",
            Self::Unexpected => "it stands on the list of known failures, and should be taken off",
            Self::Broke => "the adapter crashed, hung, or reported an error of its own: nothing is known",
            Self::Expected => "there is a counterexample, and it is known",
            Self::Holds => "no counterexample was found",
            Self::NotTested => "the layer or its adapter lacks what the law needs",
            Self::NotRun => "this law was not part of the run",
        }
    }
}
