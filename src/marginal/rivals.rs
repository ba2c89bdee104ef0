//! One class against the others: its mean softmax as the probability that it wins a race of Gumbel variables.
//!
//! With independent standard Gumbel variables G, softmax(z)_y is the probability that z_y + G_y is the largest z_k + G_k:
//! that all \\(D_k = u_k + G_y - G_k\\) are positive, with \\(u_k = z_y - z_k\\). `orthant` computes that probability. A rival
//! with \\(\mathbb E\\,\sigma(-u_k) = P(D_k < 0)\\) next to nothing can be left out: it changes the mean by at most that.

use super::certificate::Certified;
use super::grid::Grid;
use super::logit::{Logit, U};
use super::orthant::Orthant;
use crate::error::Result;

/// The logits u_k = z_y − z_k, with the same masked terms in the same order.
pub(super) struct Rivals<'a> {
    logits: &'a [Logit],
    tolerance: f64,
}

/// What decides the race.
enum Race<'a> {
    /// Nothing: the mean is known to within the error.
    Decided(Certified),
    /// These rivals, up to that error.
    Open(Vec<&'a Logit>, f64),
}

impl<'a> Rivals<'a> {
    pub fn new(logits: &'a [Logit]) -> Self {
        let masks = logits.first().map_or(0, |logit| logit.terms().len());
        // A part of what the roundings of the masks' factors can add up to.
        Self { logits, tolerance: 4.0 * (masks + 8) as f64 * U }
    }

    /// \\(\mathbb E\\,1/(1 + \sum_k e^{-u_k})\\).
    pub fn expected_softmax(&self) -> Result<Certified> {
        if let [only] = self.logits {
            return only.expected_logistic();
        }
        let (rivals, left_out) = match self.race()? {
            Race::Decided(mean) => return Ok(mean),
            Race::Open(rivals, left_out) => (rivals, left_out),
        };
        let mean = match rivals[..] {
            [rival] => rival.expected_logistic()?,
            _ => Orthant::new(&rivals, self.tolerance)?.probability(),
        };
        Ok(Certified { error: mean.error + left_out, ..mean })
    }

    /// About how many multiplications that takes, at most.
    pub fn operations(&self) -> Result<f64> {
        match self.race()? {
            Race::Open(rivals, _) if rivals.len() > 1 => Ok(Grid::operations(&rivals, self.tolerance)),
            // An integral of some 60 nodes, each some 40 operations a mask, for every rival.
            _ => Ok(2400.0 * (self.logits.iter().map(|logit| logit.terms().len() + 4).sum::<usize>()) as f64),
        }
    }

    /// Who is still in the race.
    fn race(&self) -> Result<Race<'a>> {
        let (mut rivals, mut left_out) = (vec![], 0.0);
        for logit in self.logits {
            let ahead = logit.expected_logistic()?;
            if ahead.high() <= self.tolerance {
                let value = ahead.high() / 2.0;
                return Ok(Race::Decided(Certified { value, error: 1.001 * value }));
            }
            let behind = 1.0 - ahead.low();
            if behind <= self.tolerance {
                left_out += 1.001 * behind.max(0.0);
            } else {
                rivals.push(logit);
            }
        }
        let decided = Race::Decided(Certified { value: 1.0, error: left_out });
        Ok(if rivals.is_empty() { decided } else { Race::Open(rivals, left_out) })
    }
}
