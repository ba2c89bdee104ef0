//! The heads over intervals: what [`Head`](crate::head::Head) does, with every step enclosed.
//!
//! No largest logit is taken out: the exponents of an [`Interval`] have room for any logit.

use super::Interval;
use crate::error::{Error, Result};
use crate::model::HeadKind;
use crate::scalar::{Rational, Scalar};
use dashu_int::UBig;
use nalgebra::DVector;
use num_traits::{One, Zero};

/// A normalised geometric mean, enclosed.
pub(super) struct Enclosed {
    pub(super) expected: DVector<Interval>,
    pub(super) log_mass: Interval,
}

/// The largest exponent that is taken of e: far above any network's logit, and far below what overflows.
const LARGEST_EXPONENT: i64 = 1 << 40;

/// Refuses what cannot be an exponent of e.
pub(super) fn check_exponents(what: &str, exponents: &DVector<Interval>) -> Result<()> {
    let limit = Interval::ratio(LARGEST_EXPONENT, 1);
    match exponents.iter().find(|x| !(**x < limit && **x > -limit.clone())) {
        Some(bad) => Err(Error::Domain {
            what: format!("{what}, the exponent of an enclosed exponential,"),
            value: bad.to_f64().to_string(),
            must: "below 2^40 in absolute value",
        }),
        None => Ok(()),
    }
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

/// Whether [`coordinates`] are the logarithms of the probabilities of all outcomes, `group` after group; for several
/// Bernoulli answers a group is one answer.
pub(super) fn group(kind: &HeadKind, coordinates: usize) -> Option<usize> {
    match kind {
        HeadKind::Softmax => Some(coordinates),
        HeadKind::Bernoulli => Some(2),
        HeadKind::Gaussian { .. } | HeadKind::Poisson => None,
    }
}

/// \\(\sum p (\ln p - \ln q)\\) over all outcomes: the Kullback-Leibler divergence, for several Bernoulli answers the sum of
/// theirs. `log_q` holds the logarithms of q up to one constant a group.
pub(super) fn divergence(p: &[Interval], log_q: &[Interval], group: usize) -> Interval {
    let of_group = |(p, log_q): (&[Interval], &[Interval])| {
        let log_mass = softmax(log_q).1;
        sum(p.iter().zip(log_q).map(|(p, log_q)| p.clone() * (p.ln() - (log_q.clone() - log_mass.clone()))))
    };
    sum(p.chunks_exact(group).zip(log_q.chunks_exact(group)).map(of_group))
}

/// The largest count whose factorial is enclosed, by multiplying it out.
const LARGEST_COUNT: f64 = 10_000.0;

/// ln p(y), at an output.
///
/// # Errors
/// [`Error::Domain`] for a target that is none: a Poisson target that is no count, or above 10 000.
pub(super) fn log_probability(kind: &HeadKind, output: &DVector<Interval>, target: &DVector<f64>) -> Result<Interval> {
    let coordinates = coordinates(kind, output);
    let y = || target.iter().map(|y| Interval::from(*y));
    let share = |(y, log_p): (Interval, &Interval)| y * log_p.clone();
    Ok(match kind {
        HeadKind::Softmax => sum(y().zip(&coordinates).map(share)),
        HeadKind::Bernoulli => sum(y().flat_map(|y| [y.clone(), Interval::one() - y]).zip(&coordinates).map(share)),
        HeadKind::Gaussian { variance } => {
            let twice_variance = Interval::ratio(2, 1) * Interval::from(*variance);
            let squares = sum(y().zip(output).map(|(y, mean)| (y.clone() - mean.clone()) * (y - mean.clone())));
            let volume = (Interval::pi() * twice_variance.clone()).ln() * Interval::ratio(target.len() as i64, 2);
            -(squares / twice_variance + volume)
        }
        HeadKind::Poisson => {
            let base = target.iter().map(|y| log_factorial(*y)).collect::<Result<Vec<_>>>()?;
            let partition = coordinates[output.len()].clone();
            sum(y().zip(output).map(share)) - partition - sum(base.into_iter())
        }
    })
}

/// ln y!.
fn log_factorial(y: f64) -> Result<Interval> {
    if !(y.fract() == 0.0 && (0.0..=LARGEST_COUNT).contains(&y)) {
        let (what, value) = ("a target of an enclosed Poisson head".into(), y.to_string());
        return Err(Error::Domain { what, value, must: "a count, at most 10000" });
    }
    let factorial = (2..=y as u64).fold(UBig::ONE, |product, factor| product * factor);
    Ok(Interval::from(&Rational::from(factorial)).ln())
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
