//! Penalties that are added to the objective: on the weights (L2, L1) and on the hidden units' activity.
//!
//! They combine with each other, with every [`Method`] and with the max-norm
//! [constraint](super::constraint): values and gradients add. Biases are never penalised.

pub mod l1;
pub mod l2;
pub mod sparsity;

pub use sparsity::Sparsity;

use super::{Method, Objective};
use crate::data::Examples;
use crate::error::{Error, Result};
use crate::network::{Affine, Mlp, Unit};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// Which penalties are added, and how strongly; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regularisers {
    /// λ of the [L2 penalty](l2::penalty).
    pub l2: Option<f64>,
    /// λ of the [L1 penalty](l1::penalty).
    pub l1: Option<f64>,
    /// Target and λ of the [activity penalty](Sparsity::penalty).
    pub sparsity: Option<Sparsity<f64>>,
}

impl Regularisers {
    /// Adds every penalty's value and gradient, at the same rows and under the same noise as the objective's.
    pub(super) fn add_to(
        &self,
        objective: &mut Objective<f64>,
        method: Method,
        network: &Mlp<f64>,
        examples: &Examples,
        rows: &[usize],
        multipliers: impl FnMut(usize) -> DVector<f64>,
    ) -> Result<()> {
        if let Some(strength) = self.l2 {
            objective.add(&l2::penalty(network, &strength));
        }
        if let Some(strength) = self.l1 {
            objective.add(&l1::penalty(network, &strength));
        }
        if let Some(sparsity) = self.sparsity {
            objective.add(&method.under_noise(network, multipliers, |network, multipliers| {
                sparsity.penalty(network, examples, rows, multipliers)
            })?);
        }
        Ok(())
    }

    /// That every strength is positive and finite, and the target activity a probability that can be reached.
    pub(super) fn check(&self) -> Result<()> {
        let strengths = [
            ("strength of the L2 penalty", self.l2),
            ("strength of the L1 penalty", self.l1),
            ("strength of the activity penalty", self.sparsity.map(|sparsity| sparsity.strength)),
        ];
        for (what, strength) in strengths {
            if let Some(strength) = strength.filter(|&strength| !(strength > 0.0 && strength.is_finite())) {
                return Err(Error::Domain {
                    what: what.into(),
                    value: strength.to_string(),
                    must: "positive and finite",
                });
            }
        }
        match self.sparsity {
            Some(Sparsity { target, .. }) if !(target > 0.0 && target < 1.0) => Err(Error::Domain {
                what: "target mean activity of the hidden units".into(),
                value: target.to_string(),
                must: "in (0, 1), both ends excluded",
            }),
            _ => Ok(()),
        }
    }
}

/// The penalty \\(\sum_w v(w)\\) over all weights, with its derivative \\(v'\\) as gradient, 0 for the biases.
fn over_weights<T: Scalar, A: Unit<T>>(
    network: &Mlp<T, A>,
    value: impl Fn(&T) -> T,
    derivative: impl Fn(&T) -> T,
) -> Objective<T> {
    let weights = network.affine().flat_map(|affine| &affine.weight);
    let gradient = network
        .affine()
        .map(|affine| Affine { weight: affine.weight.map(|w| derivative(&w)), bias: DVector::zeros(affine.outputs()) });
    Objective { loss: weights.fold(T::zero(), |sum, w| sum + value(w)), gradient: gradient.collect() }
}
