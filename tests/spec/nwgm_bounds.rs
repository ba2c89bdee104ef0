//! Claims nwgm.false-bound, nwgm.false-convex and nwgm.true-bounds: how far NWGM is from the mean, and from the truth.

use crate::nwgm::{Law, any_s, library, mean, odds};
use crate::support::{holds, q, rational, refuted};
use dropout_oracle::ensemble::nwgm::{BinaryMeans, logistic_gap_bound, relu_gap_bound};
use dropout_oracle::{Rational, Real, Scalar};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

// nwgm.false-bound and nwgm.false-convex: sub-models ½ and n²/(n² + 1), whose odds are 1 and n², so that NWGM = n/(n + 1)
// is rational and everything is exact.

/// E and NWGM of the two sub-models number n.
type Pair = fn(n: i64) -> (Rational, Rational);

fn pair(n: i64) -> (Rational, Rational) {
    let second = q(n * n, n * n + 1);
    let nwgm = q(n, n + 1);
    assert_eq!(odds(nwgm.clone()).sqr(), odds(q(1, 2)) * odds(second.clone())); // by definition, squared
    ((q(1, 2) + second) / q(2, 1), nwgm)
}

fn abs(x: Rational) -> Rational {
    x.clone().max(-x)
}

/// The published |E − NWGM| ≤ 2E(1 − E)|1 − 2E|.
fn published_bound(e: &Rational) -> Rational {
    let one = Rational::one;
    q(2, 1) * e.clone() * (one() - e.clone()) * abs(one() - q(2, 1) * e.clone())
}

fn refutes_the_published_bound(rule: Pair) -> bool {
    (20..=200).all(|n| {
        let (e, nwgm) = rule(n);
        abs(e.clone() - nwgm) > published_bound(&e)
    })
}

#[test]
fn nwgm_false_bound_holds_as_a_counterexample_in_rationals() {
    assert!(refutes_the_published_bound(pair));
}

/// O = (.5, .999999): the gap is .2490, the bound .1875. NWGM has the odds √999999, and is above E + bound because 999999
/// is above the square of those odds.
#[test]
fn nwgm_false_bound_holds_at_the_published_figures() {
    let (first, second) = (q(1, 2), q(999_999, 1_000_000));
    let e = (first + second.clone()) / q(2, 1);
    let bound = published_bound(&e);
    assert!(odds(second) > odds(e.clone() + bound.clone()).sqr());
    let means = BinaryMeans::new(&[(0.5, 0.5), (0.999999, 0.5)]).unwrap();
    assert_eq!(format!("{:.4}", means.normalised() - means.arithmetic), "0.2490");
    assert_eq!(format!("{:.4}", bound.to_f64().value()), "0.1875");
}

#[test]
fn nwgm_false_bound_mutant_takes_the_arithmetic_mean_for_nwgm() {
    assert!(!refutes_the_published_bound(|n| (pair(n).0, pair(n).0)));
}

/// (E[(O − t)²], (NWGM − t)²) at target t = 0.
type SquaredErrors = fn(n: i64) -> (Rational, Rational);

fn squared_errors(n: i64) -> (Rational, Rational) {
    ((q(1, 4) + q(n * n, n * n + 1).sqr()) / q(2, 1), pair(n).1.sqr())
}

/// The published "error of NWGM ≤ mean error, for any convex error".
fn refutes_the_convex_claim(rule: SquaredErrors) -> bool {
    (3..=100).all(|n| {
        let (mean_error, error_of_nwgm) = rule(n);
        error_of_nwgm > mean_error
    })
}

#[test]
fn nwgm_false_convex_holds_as_a_counterexample_in_rationals() {
    assert!(refutes_the_convex_claim(squared_errors));
    let (mean_error, error_of_nwgm) = squared_errors(100);
    assert_eq!(error_of_nwgm, q(100, 101).sqr());
    let shown = [error_of_nwgm, mean_error].map(|x| format!("{:.4}", x.to_f64().value()));
    assert_eq!(shown, ["0.9803", "0.6249"]);
}

/// For E in place of NWGM the published sentence is Jensen's inequality, and true.
#[test]
fn nwgm_false_convex_mutant_takes_the_arithmetic_mean() {
    assert!(!refutes_the_convex_claim(|n| (squared_errors(n).0, pair(n).0.sqr())));
}

/// For cross-entropy the published sentence is true, soft targets included: its mean is the entropy of the target against
/// NWGM plus −ln(G + G') ≥ 0. Logits within ±3, so logarithms below 4, with a few roundings.
#[test]
fn nwgm_false_convex_fails_for_cross_entropy() {
    holds(128, (any_s(), 0.0..=1.0), |(law, t): (_, f64)| {
        let cross_entropy = |o: f64| -t * Real::ln(o) - (1.0 - t) * Real::ln_1p(-o);
        let outcomes: Vec<_> = law.iter().map(|(s, weight)| (Real::logistic(*s), *weight)).collect();
        let mean_error: f64 = outcomes.iter().map(|(o, weight)| weight * cross_entropy(*o)).sum();
        prop_assert!(cross_entropy(library(&outcomes)) <= mean_error + 64.0 * 4.0 * f64::EPSILON);
        Ok(())
    });
}

// nwgm.true-bounds.

fn variance(law: &Law) -> f64 {
    law.iter().map(|(s, weight)| weight * (s - mean(law)) * (s - mean(law))).sum()
}

/// |E f(S) − f(E S)|.
fn gap(f: impl Fn(f64) -> f64, law: &Law) -> f64 {
    (law.iter().map(|(s, weight)| weight * f(*s)).sum::<f64>() - f(mean(law))).abs()
}

/// The rule bounds every gap of the logistic function, and the one at its greatest curvature to within a hundredth.
fn bounds_the_logistic_gap(rule: fn(f64) -> f64, law: &Law) -> TestCaseResult {
    let rounding = 16.0 * f64::EPSILON; // a handful of numbers below 1
    prop_assert!(gap(Real::logistic, law) <= rule(variance(law)) + rounding);
    let steepest = Real::ln(2.0 + 3f64.sqrt()); // where σ‴ = 0
    let tight = vec![(steepest - 0.1, 0.5), (steepest + 0.1, 0.5)];
    prop_assert!(gap(Real::logistic, &tight) > 0.99 * rule(variance(&tight)));
    Ok(())
}

#[test]
fn nwgm_true_bounds_holds_for_logistic_units() {
    holds(128, any_s(), |law| bounds_the_logistic_gap(logistic_gap_bound, &law));
}

#[test]
fn nwgm_true_bounds_mutant_halves_the_logistic_bound() {
    refuted(64, any_s(), |law| bounds_the_logistic_gap(|v| logistic_gap_bound(v) / 2.0, &law));
    refuted(64, any_s(), |law| bounds_the_logistic_gap(|v| logistic_gap_bound(v) * 1.1, &law)); // and is not loose
}

/// A steeper logistic function has a greater curvature.
#[test]
fn nwgm_true_bounds_fails_for_a_steeper_unit() {
    let law = vec![(0.0, 0.5), (1.0, 0.5)];
    assert!(gap(|s| Real::logistic(4.0 * s), &law) > logistic_gap_bound(variance(&law)));
}

/// Values of S with their weights, in rationals.
type RationalLaw = Vec<(Rational, Rational)>;

fn any_rational_s() -> impl Strategy<Value = RationalLaw> + Clone {
    prop::collection::vec((rational(), 1i64..=5), 1..=4).prop_map(|law| {
        let total: i64 = law.iter().map(|(_, weight)| weight).sum();
        law.into_iter().map(|(s, weight)| (s, q(weight, total))).collect()
    })
}

/// 0 ≤ E relu(S) − relu(E S) ≤ ½ E|S − E S|, and the square of the latter is at most ¼ Var S. `least` is the factor ½.
fn bounds_the_relu_gap(least: &Rational, law: &RationalLaw) -> TestCaseResult {
    let mean = |f: &dyn Fn(Rational) -> Rational| {
        law.iter().fold(Rational::zero(), |sum, (s, weight)| sum + weight * f(s.clone()))
    };
    let centre = mean(&|s| s);
    let relu = |s: Rational| s.maximum(Rational::zero());
    let gap = mean(&relu) - relu(centre.clone());
    let deviation = mean(&|s| abs(s - centre.clone()));
    let variance = mean(&|s| (s - centre.clone()).sqr());
    prop_assert!(gap >= Rational::zero());
    prop_assert!(gap <= least.clone() * deviation.clone());
    prop_assert!(deviation.sqr() <= variance);
    let served = relu_gap_bound(variance.to_f64().value()); // √ and a halving: 2 roundings
    prop_assert!(gap.to_f64().value() <= served * (1.0 + 4.0 * f64::EPSILON));
    Ok(())
}

#[test]
fn nwgm_true_bounds_holds_for_relu_units_in_rationals() {
    holds(128, any_rational_s(), |law| bounds_the_relu_gap(&q(1, 2), &law));
    // S = ±1 reaches all of them: E relu = ½ = ½ E|S| = ½ sd.
    let fair = vec![(q(-1, 1), q(1, 2)), (q(1, 1), q(1, 2))];
    bounds_the_relu_gap(&q(1, 2), &fair).unwrap();
    assert_eq!(relu_gap_bound(1.0), 0.5);
}

#[test]
fn nwgm_true_bounds_mutant_quarters_the_relu_bound() {
    refuted(64, any_rational_s(), |law| bounds_the_relu_gap(&q(1, 4), &law));
}
