//! What has been seen on the way.

use super::score::Score;
use dropout_oracle::network::Affine;
use serde::{Deserialize, Serialize};

/// One look at where training stands: a line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Steps taken.
    pub step: u64,
    /// The mean loss of the minibatches since the look before; none where it is not finite.
    pub loss: Option<f64>,
    /// Of weight scaling, on the validation examples.
    pub validation: Option<Score>,
}

/// The way so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    pub looks: Vec<Look>,
    /// Looks without a smaller validation loss.
    pub worse: u64,
    /// The bits of the sum of the losses since the last look.
    total: u64,
    /// How many they are.
    since: u64,
}

/// The network with the smallest validation loss.
pub struct Best<F> {
    pub step: u64,
    pub loss: f64,
    pub parameters: Vec<Affine<F>>,
}

impl Course {
    /// Takes note of one step's loss.
    pub fn stepped(&mut self, loss: f64) {
        self.total = (f64::from_bits(self.total) + loss).to_bits();
        self.since += 1;
    }

    /// Takes note of a look.
    pub fn look(&mut self, step: u64, validation: Option<Score>) -> &Look {
        let loss = f64::from_bits(self.total) / self.since as f64;
        (self.total, self.since) = (0, 0);
        self.looks.push(Look { step, loss: Some(loss).filter(|loss| loss.is_finite()), validation });
        self.looks.last().expect("it was just added")
    }
}
