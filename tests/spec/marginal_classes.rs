//! Claims marginal.bracket and marginal.three-classes: the mean softmax of several classes without enumeration.

use crate::support::{holds, refuted};
use dropout_oracle::ensemble::expectation;
use dropout_oracle::head::{Head, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::marginal::{Bracket, Certified, Classes};
use dropout_oracle::network::Affine;
use dropout_oracle::{Error, Real};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::f64::consts::PI;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

/// Weights (classes × units), KEEP probabilities, biases.
type Case = (DMatrix<f64>, DVector<f64>, DVector<f64>);

fn case(classes: usize, most: usize, scale: f64) -> impl Strategy<Value = Case> + Clone {
    let keep = prop_oneof![6 => (1i32..=16).prop_map(|k| f64::from(k) / 16.0), 1 => Just(1e-9), 1 => Just(1.0 - 1e-9)];
    let weight = prop_oneof![8 => -scale..scale, 1 => Just(0.0), 1 => Just(1.0)];
    (0..=most).prop_flat_map(move |n| {
        let weights = prop::collection::vec(weight.clone(), classes * n);
        let keep = prop::collection::vec(keep.clone(), n);
        (weights, keep, prop::collection::vec(-scale..scale, classes))
            .prop_map(move |(weights, keep, bias)| (DMatrix::from_vec(classes, n, weights), keep.into(), bias.into()))
    })
}

/// E softmax(A d + b) by enumeration, and what its roundings can be.
fn enumerated((weights, _, bias): &Case, law: &impl FiniteLaw<f64>) -> (DVector<f64>, f64) {
    let affine = Affine::new(weights.clone(), bias.clone()).unwrap();
    let mean = expectation(law, |d| Ok(Softmax.expected(&affine.apply(d)))).unwrap();
    let size = 1.0 + bias.amax() + weights.iter().map(|w| w.abs()).sum::<f64>();
    let n = weights.ncols() as f64;
    // Each logit is rounded n times by its size, each term of a mean 2n + 8 times.
    (mean, ((n + 1.0) * size + 2.0 * n + 12.0) * U)
}

/// A rule that claims brackets of all classes.
type BracketRule = fn(&Case) -> Vec<Bracket>;

fn jensen_and_pairs((weights, keep, bias): &Case) -> Vec<Bracket> {
    let classes = Classes::masked(weights.clone(), keep.clone(), bias.clone()).unwrap();
    (0..bias.len()).map(|y| classes.bracket(y).unwrap()).collect()
}

/// The claim: the mean lies between the two, and neither is a mere 0 or 1 where two classes decide.
fn bracket_contains_the_mean(rule: BracketRule, case: &Case, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let (mean, slack) = enumerated(case, law);
    for (bracket, mean) in rule(case).into_iter().zip(&mean) {
        prop_assert!(bracket.low - slack <= *mean && *mean <= bracket.high + slack, "{mean} in {bracket:?}");
        if case.2.len() == 2 {
            prop_assert!(bracket.high - bracket.low <= 1e-12, "two classes leave nothing open: {bracket:?}");
        }
    }
    Ok(())
}

/// A rule that claims the means of all classes.
type Rule = fn(&Case) -> Vec<Certified>;

fn integral((weights, keep, bias): &Case) -> Vec<Certified> {
    let classes = Classes::masked(weights.clone(), keep.clone(), bias.clone()).unwrap();
    (0..bias.len()).map(|y| classes.expected_softmax(y).unwrap()).collect()
}

/// The claim: within the error, which is below 10⁻¹² for logits of size 1.
fn mean_is_the_enumerated_one(rule: Rule, case: &Case, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let (mean, slack) = enumerated(case, law);
    let size = 1.0 + case.2.amax() + case.0.iter().map(|w| w.abs()).sum::<f64>();
    for (certified, mean) in rule(case).into_iter().zip(&mean) {
        let off = (certified.value - mean).abs();
        prop_assert!(off <= certified.error + slack, "off by {off:e}, {certified:?}");
        prop_assert!(certified.error <= 1e-13 * size, "the bound is loose: {certified:?}");
    }
    Ok(())
}

fn independent(case: &Case) -> Independent<f64> {
    Independent::new(case.1.clone()).unwrap()
}

#[test]
fn marginal_bracket_holds_by_enumeration() {
    for classes in [2, 3, 5, 10] {
        holds(16, case(classes, 7, 2.0), |case| {
            bracket_contains_the_mean(jensen_and_pairs, &case, &independent(&case))
        });
    }
}

#[test]
fn marginal_bracket_holds_for_logits_up_to_600() {
    holds(12, case(4, 6, 60.0), |case| bracket_contains_the_mean(jensen_and_pairs, &case, &independent(&case)));
}

#[test]
fn marginal_bracket_mutant_takes_the_mean_logits_for_the_mean() {
    refuted(32, case(3, 6, 2.0), |case| {
        let rule: BracketRule = |(weights, keep, bias)| {
            let mean = Softmax.expected(&Affine::new(weights.clone(), bias.clone()).unwrap().apply(keep));
            mean.iter().map(|&p| Bracket { low: p, high: p }).collect()
        };
        bracket_contains_the_mean(rule, &case, &independent(&case))
    });
}

/// Outside its condition: one mask for two units.
#[test]
fn marginal_bracket_fails_for_tied_masks() {
    let case = (dmatrix![2.0, 2.0; 0.0, 0.0], dvector![0.5, 0.5], dvector![-3.0, 0.0]);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    bracket_contains_the_mean(jensen_and_pairs, &case, &independent(&case)).unwrap();
    assert!(bracket_contains_the_mean(jensen_and_pairs, &case, &tied).is_err());
}

#[test]
fn marginal_three_classes_holds_by_enumeration() {
    holds(6, case(3, 7, 1.0), |case| mean_is_the_enumerated_one(integral, &case, &independent(&case)));
}

#[test]
fn marginal_three_classes_holds_for_two() {
    holds(16, case(2, 7, 2.0), |case| mean_is_the_enumerated_one(integral, &case, &independent(&case)));
}

/// 60 units: the three means add up to 1, and lie in their brackets.
#[test]
fn marginal_three_classes_holds_for_60_units() {
    let weights = DMatrix::from_fn(3, 60, |i, j| ((7 * j * j + 5 * i * j + i) % 17) as f64 / 32.0 - 0.25);
    let keep = DVector::from_fn(60, |j, _| (1 + j % 8) as f64 / 9.0);
    let case = (weights, keep, dvector![0.25, -0.5, 0.0]);
    let (means, brackets) = (integral(&case), jensen_and_pairs(&case));
    let (sum, error) = means.iter().fold((0.0, 0.0), |(sum, error), m| (sum + m.value, error + m.error));
    assert!((sum - 1.0).abs() <= error + 3.0 * U && error < 1e-12, "{means:?}");
    for (mean, bracket) in means.iter().zip(&brackets) {
        assert!(bracket.low <= mean.high() && mean.low() <= bracket.high, "{mean:?} {bracket:?}");
    }
}

/// The closed form of what the midpoint grid leaves, at a step so long that it can be seen: the bound holds, and is met
/// within two powers of ten.
#[test]
fn marginal_three_classes_aliases_as_poisson_says() {
    let f = |u: f64, v: f64| 1.0 / (1.0 + Real::exp(-u) + Real::exp(-v));
    let sigma = Real::logistic;
    for (u, v, h) in [(0.5, -0.25, 0.7), (1.0, 2.0, 0.6), (-1.0, 1.5, 0.5)] {
        let count = (16.5 / h) as i32;
        let w = |k: i32| (f64::from(k) + 0.5) * h;
        let mut sum = 0.0;
        for k in -count - 1..=count {
            for l in -count - 1..=count {
                let (size, phase) = gamma_product(w(k), w(l));
                sum += size * (phase + w(k) * u + w(l) * v).cos();
            }
        }
        let grid = sum * h * h / (4.0 * PI.powi(2));
        let rest = (f(u, v) - grid - 0.5 * (sigma(u) + sigma(v)) + 0.25).abs();
        let (q, reach) = (Real::exp(-2.0 * PI / h), Real::exp(f64::max(u.abs(), v.abs())));
        let g = q / (1.0 - q);
        let bound = 6.0 * reach * g + 4.0 * (reach * g).powi(2) + 0.5 * reach * q / (1.0 - q.sqrt()).powi(2);
        assert!(rest <= bound + 1e-13 && rest >= bound / 100.0, "{rest:e} {bound:e}");
    }
}

/// Size and phase of Γ(ix)Γ(iy)Γ(1 − i(x + y)), by Γ(z) = Γ(z + 30)/(z … (z + 29)) and Stirling's formula with one
/// correction: to 10⁻⁷ in phase, which the test above does not see beside what it looks for.
fn gamma_product(x: f64, y: f64) -> (f64, f64) {
    let log_gamma = |re: f64, im: f64| {
        let (mut size, mut phase, mut x) = (0.0, 0.0, re);
        while x < 30.0 {
            size -= 0.5 * Real::ln(x * x + im * im);
            phase -= im.atan2(x);
            x += 1.0;
        }
        let (log, arg) = (0.5 * Real::ln(x * x + im * im), im.atan2(x));
        let square = x * x + im * im;
        let z3 = square * square * square;
        size += (x - 0.5) * log - im * arg - x + 0.5 * Real::ln(2.0 * PI) + x / (12.0 * square);
        phase += (x - 0.5) * arg + im * log - im - im / (12.0 * square) + im * (3.0 * x * x - im * im) / (360.0 * z3);
        (size, phase)
    };
    let parts = [log_gamma(0.0, x), log_gamma(0.0, y), log_gamma(1.0, -x - y)];
    (Real::exp(parts.iter().map(|p| p.0).sum::<f64>()), parts.iter().map(|p| p.1).sum())
}

fn mutant_is_refused(mutant: Rule) {
    refuted(8, case(3, 4, 1.0), |case| mean_is_the_enumerated_one(mutant, &case, &independent(&case)));
}

#[test]
fn marginal_three_classes_mutant_claims_to_be_exact() {
    mutant_is_refused(|case| integral(case).into_iter().map(|c| Certified { value: c.value + 1e-11, ..c }).collect());
}

/// As if the classes' differences were independent: the product of the pairs.
#[test]
fn marginal_three_classes_mutant_multiplies_the_pairs() {
    mutant_is_refused(|case| {
        let brackets = jensen_and_pairs(case);
        brackets.iter().map(|b| Certified { value: b.high * b.high, error: 1e-14 }).collect()
    });
}

#[test]
fn marginal_three_classes_fails_for_tied_masks() {
    let case = (dmatrix![1.0, 1.0; 0.0, 0.0; 0.5, 0.5], dvector![0.5, 0.5], dvector![-1.0, 0.0, 0.25]);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    mean_is_the_enumerated_one(integral, &case, &independent(&case)).unwrap();
    assert!(mean_is_the_enumerated_one(integral, &case, &tied).is_err());
}

#[test]
fn marginal_three_classes_refuses_what_it_cannot_do() {
    let classes = |c: usize, w: f64| {
        let weights = DMatrix::from_fn(c, 2, |i, j| w * (i + j) as f64);
        Classes::masked(weights, dvector![0.5, 0.5], DVector::zeros(c))
    };
    assert!(matches!(classes(4, 1.0).unwrap().expected_softmax(0), Err(Error::Domain { .. })));
    assert!(matches!(classes(3, 1e6).unwrap().expected_softmax(0), Err(Error::Domain { .. })));
    assert!(matches!(classes(3, 1.0).unwrap().bracket(3), Err(Error::Domain { .. })));
    assert!(matches!(classes(1, 1.0), Err(Error::Domain { .. })));
}
