//! Expected losses in O(D) instead of 2^D: Poisson regression, exponential loss, and a bound for logistic loss.

use crate::support::*;
use dropout_oracle::Real;
use dropout_oracle::head::Poisson;
use dropout_oracle::law::{Independent, Law, Rescaled, Tied, Uniform};
use dropout_oracle::network::Affine;
use dropout_oracle::penalty::Glm;
use dropout_oracle::penalty::closed_form::{
    exponential_loss, log_mean_exponential, logistic_loss_bound, poisson_log_partition,
};
use dropout_oracle::scalar::dot;
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 4;

/// KEEP probabilities, weights and inputs; exponents stay below 4·9/4 = 9 at p = 1 and below 36 at p = ¼.
type Case = (DVector<f64>, DVector<f64>, DVector<f64>);

fn cases() -> impl Strategy<Value = Case> + Clone {
    let keep = prop::collection::vec(0.25..=1.0, INPUTS).prop_map(DVector::from_vec);
    (keep, reals(INPUTS), reals(INPUTS).prop_map(|x| x / 4.0))
}

/// E f(x̃·w) under inverted dropout, by enumeration.
fn enumerated((keep, weights, x): &Case, f: impl Fn(f64) -> f64) -> f64 {
    let law = Rescaled::inverted(Independent::new(keep.clone()).unwrap()).unwrap();
    mean_over(&law, |mu| dvector![f(dot(weights, &x.component_mul(mu)))])[0]
}

/// All terms are positive, and an exponent of 36 with 10 roundings moves e^36 by 360 u relative; products, logarithms
/// and 16 masks add fewer than 100.
const RELATIVE: f64 = 500.0 * f64::EPSILON;

type Expected = fn(&DVector<f64>, &DVector<f64>, &DVector<f64>) -> f64;

// glm.poisson

fn poisson(keep: &DVector<f64>, weights: &DVector<f64>, x: &DVector<f64>) -> f64 {
    poisson_log_partition(keep, weights, x).unwrap()
}

/// E A(x̃β), by enumeration; and less A(xβ) it is the general penalty.
fn rule_gives_the_poisson_partition(rule: Expected, case: &Case) -> TestCaseResult {
    let (keep, weights, x) = case;
    let (value, expected) = (rule(keep, weights, x), enumerated(case, Real::exp));
    prop_assert!((value - expected).abs() <= RELATIVE * expected, "{value} against {expected}");
    let row = DMatrix::from_row_slice(1, INPUTS, weights.as_slice());
    let affine = Affine::new(row, dvector![0.0]).unwrap();
    let law = Rescaled::inverted(Independent::new(keep.clone()).unwrap()).unwrap();
    let penalty =
        Glm::new(&affine, &Poisson, &law).unwrap().penalty(&DMatrix::from_row_slice(1, INPUTS, x.as_slice())).unwrap();
    prop_assert!((value - Real::exp(dot(weights, x)) - penalty).abs() <= RELATIVE * expected);
    Ok(())
}

#[test]
fn glm_poisson_holds() {
    holds(48, cases(), |case| rule_gives_the_poisson_partition(poisson, &case));
}

#[test]
fn glm_poisson_mutant_does_not_rescale() {
    let mutant: Expected = |keep, w, x| {
        let factor = |j: usize| 1.0 - keep[j] + keep[j] * Real::exp(w[j] * x[j]);
        (0..INPUTS).map(factor).product()
    };
    refuted(48, cases(), |case| rule_gives_the_poisson_partition(mutant, &case));
}

#[test]
fn glm_poisson_mutant_takes_the_keep_probability_for_the_drop_rate() {
    let mutant: Expected = |keep, w, x| poisson(&keep.map(|p| 1.125 - p), w, x);
    let dropping = cases().prop_filter("out of range", |(keep, ..)| keep.iter().all(|p| *p < 1.0));
    refuted(48, dropping, |case| rule_gives_the_poisson_partition(mutant, &case));
}

/// Outside independence the mean of a product is not the product of the means: two units with one coin, e^{μ₁+μ₂} with
/// μ in {0, 2}.
#[test]
fn glm_poisson_fails_for_tied_units() {
    let tied = Rescaled::inverted(Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap()).unwrap();
    assert_eq!(tied.mean(), dvector![1.0, 1.0]);
    let together = mean_over(&tied, |mu| dvector![Real::exp(mu.sum())])[0];
    let apart = poisson(&dvector![0.5, 0.5], &dvector![1.0, 1.0], &dvector![1.0, 1.0]);
    // (1 + e⁴)/2 against ((1 + e²)/2)².
    assert!(together > 27.7 && together < 27.9 && apart > 17.5 && apart < 17.7, "{together} {apart}");
}

/// Far beyond what an exponential holds the logarithm is still right: ln(½ + ½ e^2000) = 2000 − ln 2.
#[test]
fn glm_poisson_is_finite_in_logarithms() {
    let log = log_mean_exponential(&dvector![0.5, 1.0], &dvector![1000.0, 3.0]).unwrap();
    approx::assert_relative_eq!(log, 2003.0 - Real::ln(2.0), max_relative = 4.0 * f64::EPSILON);
}

// mcf.exponential

type Labelled = fn(&DVector<f64>, &DVector<f64>, &DVector<f64>, f64) -> f64;

fn exponential(keep: &DVector<f64>, w: &DVector<f64>, x: &DVector<f64>, y: f64) -> f64 {
    exponential_loss(keep, w, x, y).unwrap()
}

fn rule_gives_the_exponential_loss(rule: Labelled, case: &Case) -> TestCaseResult {
    for y in [-1.0, 1.0] {
        let (value, expected) = (rule(&case.0, &case.1, &case.2, y), enumerated(case, |s| Real::exp(-y * s)));
        prop_assert!((value - expected).abs() <= RELATIVE * expected, "{value} against {expected}");
    }
    Ok(())
}

#[test]
fn mcf_exponential_holds() {
    holds(48, cases(), |case| rule_gives_the_exponential_loss(exponential, &case));
}

#[test]
fn mcf_exponential_mutant_loses_the_sign_of_the_label() {
    refuted(48, cases(), |case| rule_gives_the_exponential_loss(|keep, w, x, y| exponential(keep, w, x, -y), &case));
}

#[test]
fn mcf_exponential_mutant_exponentiates_the_mean() {
    let mutant: Labelled = |_, w, x, y| Real::exp(-y * dot(w, x));
    refuted(48, cases(), |case| rule_gives_the_exponential_loss(mutant, &case));
}

fn bound(keep: &DVector<f64>, w: &DVector<f64>, x: &DVector<f64>, y: f64) -> f64 {
    logistic_loss_bound(keep, w, x, y).unwrap()
}

/// The expected logistic loss lies below the bound, and above the loss at the mean.
fn rule_bounds_the_logistic_loss(rule: Labelled, case: &Case) -> TestCaseResult {
    for y in [-1.0, 1.0] {
        let expected = enumerated(case, |s| Real::softplus(-y * s));
        let (least, most) = (Real::softplus(-y * dot(&case.1, &case.2)), rule(&case.0, &case.1, &case.2, y));
        // As above, and absolute where the loss is small.
        prop_assert!(least <= expected + RELATIVE * (1.0 + expected), "{least} {expected}");
        prop_assert!(expected <= most + RELATIVE * (1.0 + most), "{expected} {most}");
    }
    Ok(())
}

#[test]
fn mcf_exponential_bounds_the_logistic_loss() {
    holds(48, cases(), |case| rule_bounds_the_logistic_loss(bound, &case));
}

#[test]
fn mcf_exponential_mutant_bounds_the_logistic_loss_by_that_of_the_mean() {
    let mutant: Labelled = |_, w, x, y| Real::softplus(-y * dot(w, x));
    refuted(48, cases(), |case| rule_bounds_the_logistic_loss(mutant, &case));
}

/// The bound is not the loss: one input with e^±, p = ½ and w x = 4 gives ln(1 + (1 + e⁸)/2) against 4.3.
#[test]
fn mcf_exponential_fails_to_be_exact_for_logistic_loss() {
    let case = (dvector![0.5], dvector![4.0], dvector![1.0]);
    let (expected, bound) = (enumerated(&case, Real::softplus), bound(&case.0, &case.1, &case.2, -1.0));
    assert!(expected < 4.4 && bound > 7.3, "{expected} {bound}");
}
