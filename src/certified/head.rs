//! The heads over intervals: what [`Head`](crate::head::Head) does, with every step enclosed.
//!
//! No largest logit is taken out: the exponents of an [`Interval`] have room for any logit.

use super::Interval;
use crate::model::HeadKind;
use crate::scalar::Scalar;
use nalgebra::DVector;
use num_traits::{One, Zero};

/// A normalised geometric mean, enclosed.
pub(super) struct Enclosed {
    pub(super) expected: DVector<Interval>,
    pub(super) log_mass: Interval,
}

fn sum(terms: impl Iterator<Item = Interval>) -> Interval {
    terms.fold(Interval::zero(), |sum, term| sum + term)
}

/// \\(e^x/\sum e^x\\) and \\(\ln \sum e^x\\).
fn softmax(x: &[Interval]) -> (Vec<Interval>, Interval) {
    let exponentials: Vec<_> = x.iter().map(Interval::exp).collect();
    let total = sum(exponentials.iter().cloned());
    (exponentials.into_iter().map(|e| e / total.clone()).collect(), total.ln())
}

/// E y.
pub(super) fn expected(kind: &HeadKind, output: &DVector<Interval>) -> DVector<Interval> {
    match kind {
        HeadKind::Softmax => softmax(output.as_slice()).0.into(),
        HeadKind::Bernoulli => output.map(|logit| Interval::one() / (Interval::one() + (-logit).exp())),
        HeadKind::Gaussian { .. } => output.clone(),
        HeadKind::Poisson => output.map(|log_rate| log_rate.exp()),
    }
}

/// The numbers that determine ln p linearly.
pub(super) fn coordinates(kind: &HeadKind, output: &DVector<Interval>) -> DVector<Interval> {
    match kind {
        HeadKind::Softmax => {
            let log_partition = softmax(output.as_slice()).1;
            output.map(|logit| logit - log_partition.clone())
        }
        HeadKind::Bernoulli => {
            let softplus = |logit: Interval| (Interval::one() + logit.exp()).ln();
            let pairs = output.iter().flat_map(|logit| [-softplus(-logit.clone()), -softplus(logit.clone())]);
            DVector::from_iterator(2 * output.len(), pairs)
        }
        HeadKind::Gaussian { .. } | HeadKind::Poisson => output.push(log_partition(kind, output.as_slice())),
    }
}

/// A of the Gaussian at these means, or of the Poisson at these log rates.
fn log_partition(kind: &HeadKind, parameters: &[Interval]) -> Interval {
    match kind {
        HeadKind::Gaussian { variance } => {
            let squares = sum(parameters.iter().map(|m| m.clone() * m.clone()));
            squares / (Interval::ratio(2, 1) * Interval::from(*variance))
        }
        _ => sum(parameters.iter().map(Interval::exp)),
    }
}

/// Equation 7.55.
pub(super) fn normalise(kind: &HeadKind, coordinates: &DVector<Interval>) -> Enclosed {
    match kind {
        HeadKind::Softmax => {
            let (expected, log_mass) = softmax(coordinates.as_slice());
            Enclosed { expected: expected.into(), log_mass }
        }
        HeadKind::Bernoulli => {
            let pairs: Vec<_> = coordinates.as_slice().chunks_exact(2).map(softmax).collect();
            let expected: Vec<_> = pairs.iter().map(|(pair, _)| pair[0].clone()).collect();
            Enclosed { expected: expected.into(), log_mass: sum(pairs.into_iter().map(|(_, mass)| mass)) }
        }
        HeadKind::Gaussian { .. } | HeadKind::Poisson => {
            let (parameters, partition) = coordinates.as_slice().split_at(coordinates.len() - 1);
            let log_mass = log_partition(kind, parameters) - partition[0].clone();
            Enclosed { expected: expected(kind, &DVector::from_column_slice(parameters)), log_mass }
        }
    }
}
