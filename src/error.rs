//! What can be wrong with an input, each with what would be right.

/// A mathematical object that cannot be built or evaluated from what was given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two things that must fit do not.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// Which length or count.
        what: String,
        /// What would fit.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A keep probability outside (0, 1].
    #[error(
        "keep probability of unit {unit} is {value}; it must lie in (0, 1] (it is the probability of KEEPING the unit, \
         1 minus the drop rate)"
    )]
    KeepProbability {
        /// Index of the unit.
        unit: usize,
        /// What was given.
        value: String,
    },
    /// A weight, bias or input that is NaN or infinite.
    #[error("{what} is {value}; every number must be finite")]
    NotFinite {
        /// Which number.
        what: String,
        /// What was given.
        value: f64,
    },
    /// A law without a single mask.
    #[error("the law has no masks: {why}")]
    NoMasks {
        /// What makes it empty.
        why: &'static str,
    },
    /// Weights that are negative or do not sum to one.
    #[error("the weights are not a probability law: {why}")]
    NotALaw {
        /// What is wrong with it.
        why: String,
    },
    /// More masks than can be indexed, let alone enumerated.
    #[error(
        "{units} droppable units have 2^{units} masks, more than can be enumerated; sample them (Monte Carlo) or use \
         weight scaling"
    )]
    TooManyMasks {
        /// Number of droppable units.
        units: usize,
    },
    /// The geometric mean of the sub-models is zero everywhere, so it cannot be normalised (equation 7.55 is 0/0).
    #[error(
        "the normalised geometric mean does not exist: every outcome has probability 0 under at least one sub-model; \
         use the arithmetic mean"
    )]
    ZeroProbability,
    /// A least-squares problem with more than one solution.
    #[error("the weight of feature {feature} is undetermined: {why}")]
    Undetermined {
        /// Index of a feature whose weight could be anything.
        feature: usize,
        /// What leaves it open, and what would not.
        why: &'static str,
    },
    /// Training whose loss or weights left the numbers.
    #[error(
        "training diverged at step {step} (counted from 0): the loss of its minibatch was {loss} and the weights did not \
         stay finite; use a smaller learning rate, less momentum or a max-norm constraint"
    )]
    Diverged {
        /// The step that failed.
        step: u64,
        /// The loss of its minibatch, before the step.
        loss: f64,
    },
    /// No way to the exact mean over all masks is affordable.
    #[error(
        "no exact method is affordable for this network ({reasons}); sample the masks (Monte Carlo, with its interval), \
         take a bracket (marginal::Classes) or an approximation (fast dropout, weight scaling), or raise the budget"
    )]
    NoExactMethod {
        /// What each method lacks or costs.
        reasons: String,
    },
    /// A parameter outside the range where the formula means anything.
    #[error("{what} is {value}; it must be {must}")]
    Domain {
        /// Which parameter.
        what: String,
        /// What was given.
        value: String,
        /// What would be right.
        must: &'static str,
    },
}

/// `std::result::Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// `Ok` if `found == expected`, else [`Error::Shape`].
    pub(crate) fn shape(what: impl Into<String>, expected: usize, found: usize) -> Result<()> {
        if found == expected { Ok(()) } else { Err(Self::Shape { what: what.into(), expected, found }) }
    }
}
