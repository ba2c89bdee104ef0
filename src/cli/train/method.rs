//! What training goes down, and by which name a configuration asks for it.

use dropout_oracle::train::Method;
use itertools::Itertools;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A method and its name.
#[derive(Clone, Copy, Debug)]
pub struct MethodSpec {
    pub name: &'static str,
    pub way: Way,
}

/// How a method goes down.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// A minibatch a step, by the optimised trainer.
    Minibatches(Method),
    /// All examples at once, without noise.
    Expected(Expectation),
}

/// The expected loss of logistic units, known without sampling.
#[derive(Clone, Copy, Debug)]
pub enum Expectation {
    /// [`dropout_oracle::marginal::objective`].
    Exact,
    /// [`dropout_oracle::approximation::fast_dropout`], which takes their inputs for normal.
    FastDropout,
}

/// Every method there is.
const METHODS: &[MethodSpec] = &[
    MethodSpec { name: "plain", way: Way::Minibatches(Method::Plain) },
    MethodSpec { name: "dropout", way: Way::Minibatches(Method::Dropout) },
    MethodSpec { name: "boosting", way: Way::Minibatches(Method::Boosting) },
    MethodSpec { name: "boosting-weight-scaled", way: Way::Minibatches(Method::BoostingWeightScaled) },
    MethodSpec { name: "gaussian-noise", way: Way::Minibatches(Method::Gaussian) },
    MethodSpec { name: "dropconnect", way: Way::Minibatches(Method::DropConnect) },
    MethodSpec { name: "exact-marginal", way: Way::Expected(Expectation::Exact) },
    MethodSpec { name: "fast-dropout", way: Way::Expected(Expectation::FastDropout) },
];

impl MethodSpec {
    /// What every average over sub-networks leaves out, where the noise of training is no mask of units.
    pub fn note(&self) -> Option<String> {
        let noise = match self.way {
            Way::Minibatches(Method::Gaussian) => "multiplies units by normal numbers",
            Way::Minibatches(Method::DropConnect) => "masks weights one by one",
            Way::Minibatches(_) | Way::Expected(_) => return None,
        };
        Some(format!(
            "Method {} {noise}: weight scaling is the network at the mean of this noise; averages over sub-networks \
             (Monte Carlo, both means, `dropout-oracle ensemble`) are over masks of whole units, which training did not \
             draw.",
            self.name
        ))
    }
}

impl Default for MethodSpec {
    fn default() -> Self {
        Self { name: "dropout", way: Way::Minibatches(Method::Dropout) }
    }
}

/// By its name.
impl<'de> Deserialize<'de> for MethodSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        METHODS.iter().copied().find(|method| method.name == name).ok_or_else(|| {
            let names = METHODS.iter().map(|method| method.name).join(", ");
            D::Error::custom(format!("unknown method `{name}`; it must be one of {names}"))
        })
    }
}

impl Serialize for MethodSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}
