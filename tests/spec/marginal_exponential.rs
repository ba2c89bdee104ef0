//! Claims marginal.exponential and marginal.tilting: Poisson rates and tiny probabilities, relatively accurate.

use crate::support::{holds, refuted};
use dropout_oracle::Rational;
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::marginal::{Certified, Logit, Term};
use dropout_oracle::scalar::dot;
use dropout_oracle::{Error, Real, Scalar};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

/// Weights, KEEP probabilities, bias.
type Unit = (DVector<f64>, DVector<f64>, f64);

fn unit(most: usize, scale: i32, bias: std::ops::Range<i32>) -> impl Strategy<Value = Unit> + Clone {
    let weight = (-64 * scale..=64 * scale).prop_map(|k| f64::from(k) / 64.0);
    let keep = prop_oneof![6 => (1i32..=16).prop_map(|k| f64::from(k) / 16.0), 1 => Just(1e-9), 1 => Just(1.0 - 1e-9)];
    (prop::collection::vec((weight, keep), 0..=most), bias).prop_map(|(units, bias)| {
        let (weights, keep): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        (weights.into(), keep.into(), f64::from(bias))
    })
}

/// A rule that claims E e^S, E e^2S and E σ(S).
type Rule = fn(&Unit) -> [Certified; 3];

fn products((weights, keep, bias): &Unit) -> [Certified; 3] {
    let logit = Logit::masked(weights, keep, *bias).unwrap();
    [
        logit.expected_exponential(1.0).unwrap(),
        logit.expected_exponential(2.0).unwrap(),
        logit.expected_logistic_by_tilting().unwrap(),
    ]
}

/// The claim: within the error of the enumerated mean, and the error is small *relative* to it.
fn exponentials_are_the_enumerated_ones(rule: Rule, case: &Unit, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let functions = |s: f64| dvector![Real::exp(s), Real::exp(2.0 * s), Real::logistic(s)];
    let means = expectation(law, |d| Ok(functions(case.2 + dot(d, &case.0)))).unwrap();
    // The logits are dyadic, hence exact; each term of a mean is rounded 2n + 6 times.
    let slack = (2.0 * case.0.len() as f64 + 6.0) * U;
    let size = 1.0 + case.0.iter().map(|w| w.abs()).sum::<f64>();
    for (i, (certified, mean)) in rule(case).into_iter().zip(&means).enumerate() {
        let off = (certified.value - mean).abs();
        prop_assert!(off <= certified.error + slack * mean, "{i}: off by {off:e}, {certified:?}");
        prop_assert!(certified.error <= 4e-14 * size * mean, "{i}: the bound is loose: {certified:?}");
    }
    Ok(())
}

fn independent(case: &Unit) -> Independent<f64> {
    Independent::new(case.1.clone()).unwrap()
}

#[test]
fn marginal_exponential_holds_by_enumeration() {
    holds(48, unit(8, 3, -5..6), |case| exponentials_are_the_enumerated_ones(products, &case, &independent(&case)));
}

/// Probabilities down to 10⁻¹³⁰ and less.
#[test]
fn marginal_tilting_holds_for_tiny_probabilities() {
    holds(32, unit(8, 2, -300..-20), |case| exponentials_are_the_enumerated_ones(products, &case, &independent(&case)));
}

/// The mean rate as a product of rationals, where e^a is replaced by a rational 2^k: the weights k ln 2 are rounded once.
#[test]
fn marginal_exponential_holds_for_powers_of_two() {
    let ln2 = std::f64::consts::LN_2;
    let powers: Vec<i64> = (0..40).map(|j| (j * j) % 7 - 3).collect();
    let keep = |j: usize| Rational::ratio(1 + j as i64 % 4, 4);
    let two = |k: i64| if k < 0 { Rational::ratio(1, 1 << -k) } else { Rational::ratio(1 << k, 1) };
    let rate = powers
        .iter()
        .enumerate()
        .fold(Rational::ratio(1, 1), |product, (j, &k)| product * (Rational::ratio(1, 1) - keep(j) + keep(j) * two(k)));
    let weights = DVector::from_fn(40, |j, _| powers[j] as f64 * ln2);
    let keeps = DVector::from_fn(40, |j, _| Scalar::to_f64(&keep(j)));
    let certified = Logit::masked(&weights, &keeps, 0.0).unwrap().expected_exponential(1.0).unwrap();
    let rate = Scalar::to_f64(&rate);
    // 40 weights up to 3 ln 2, each rounded twice.
    assert!((certified.value - rate).abs() <= certified.error + 40.0 * 3.0 * 2.0 * U * rate);
    assert!(certified.error < 1e-13 * rate);
}

/// ∂/∂a_j E e^S = E[d_j e^S], by enumeration.
#[test]
fn marginal_exponential_holds_for_the_gradient() {
    holds(32, unit(7, 2, -3..4), |case| {
        let gradient = Logit::masked(&case.0, &case.1, case.2).unwrap().exponential_gradient().unwrap();
        let truth = expectation(&independent(&case), |d| Ok(d * Real::exp(case.2 + dot(d, &case.0)))).unwrap();
        let slack = (2.0 * case.0.len() as f64 + 6.0) * U;
        for (value, truth) in gradient.by_weight.iter().zip(&truth) {
            prop_assert!((value - truth).abs() <= gradient.error + slack * truth);
        }
        prop_assert!(gradient.error <= 1e-12 * gradient.value.value);
        Ok(())
    });
}

/// E e^X of a normal X is e^(m + v/2); tilting moves its mean by v.
#[test]
fn marginal_exponential_holds_for_gaussian_noise() {
    let logit = Logit::new(-60.0, vec![Term::Gaussian { mean: 1.0, variance: 2.0 }]).unwrap();
    let rate = logit.expected_exponential(1.0).unwrap();
    assert!((rate.value - Real::exp(-58.0)).abs() <= rate.error + 2.0 * U * rate.value);
    let tiny = logit.expected_logistic_by_tilting().unwrap();
    // σ(x) lies within e^x and e^x − e^2x.
    assert!(tiny.value <= rate.value * (1.0 + 1e-14) && tiny.value >= rate.value * (1.0 - 1e-14));
    assert!(tiny.error <= 1e-13 * tiny.value);
}

fn mutant_is_refused(mutant: Rule) {
    refuted(32, unit(6, 2, -200..-20), |case| exponentials_are_the_enumerated_ones(mutant, &case, &independent(&case)));
}

/// The plain integral is accurate absolutely, and knows nothing of 10⁻³⁰.
#[test]
fn marginal_tilting_mutant_is_the_plain_integral() {
    mutant_is_refused(|case| {
        let mut all = products(case);
        all[2] = Logit::masked(&case.0, &case.1, case.2).unwrap().expected_logistic().unwrap();
        all
    });
}

#[test]
fn marginal_exponential_mutant_takes_the_exponential_of_the_mean() {
    mutant_is_refused(|case| {
        let mut all = products(case);
        all[0].value = Real::exp(case.2 + dot(&case.0, &case.1));
        all
    });
}

#[test]
fn marginal_exponential_fails_for_tied_masks() {
    let case = (dvector![1.0, 1.0], dvector![0.5, 0.5], -1.0);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    exponentials_are_the_enumerated_ones(products, &case, &independent(&case)).unwrap();
    assert!(exponentials_are_the_enumerated_ones(products, &case, &tied).is_err());
}

#[test]
fn marginal_exponential_refuses_what_overflows() {
    let logit = Logit::masked(&dvector![800.0], &dvector![0.5], 0.0).unwrap();
    assert!(matches!(logit.expected_exponential(1.0), Err(Error::Domain { .. })));
    assert!(logit.log_exponential_moment(1.0).is_ok());
    assert!(matches!(logit.log_exponential_moment(f64::INFINITY), Err(Error::NotFinite { .. })));
}
