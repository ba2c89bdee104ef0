//! Claim ens.jensen: the arithmetic mean of the sub-models beats their average loss.

use crate::submodels::{Submodels, any_f64_law, any_submodels, drawn, mixture, no_input, one_hot, products};
use crate::support::{holds, reals, refuted};
use dropout_oracle::Real;
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Bernoulli, Gaussian, LogProbability, Poisson, Softmax};
use dropout_oracle::law::{Table, Uniform};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const CLASSES: usize = 3;

/// Logarithms of probabilities below 8 in size (logits within ±3), each number here within 40 roundings of such.
const ROUNDING: f64 = 40.0 * 8.0 * f64::EPSILON;

/// A rule that claims to give ln AM(y).
type Rule = fn(&Submodels<f64>, &Table<f64>, y: usize) -> f64;

fn library(submodels: &Submodels<f64>, law: &Table<f64>, y: usize) -> f64 {
    let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
    ensemble.log_arithmetic_mean(&no_input(), &one_hot(CLASSES, y)).unwrap()
}

/// The rule gives ln AM by definition, and −ln AM(y) ≤ E[−ln p_μ(y)].
fn beats_the_average_loss(rule: Rule, submodels: &Submodels<f64>, law: &Table<f64>) -> TestCaseResult {
    let drawn = drawn(submodels, law);
    for y in 0..CLASSES {
        let log_mean = rule(submodels, law, y);
        let expected_loss: f64 = drawn.iter().map(|(p, weight)| -weight * Real::ln(p[y])).sum();
        prop_assert!(-log_mean <= expected_loss + ROUNDING, "{} > {expected_loss}", -log_mean);
        prop_assert!((log_mean - Real::ln(mixture(&drawn)[y])).abs() < ROUNDING);
    }
    Ok(())
}

#[test]
fn ens_jensen_holds_for_any_network_and_law() {
    let case = (any_submodels(2, CLASSES), any_f64_law(2));
    holds(64, case, |(submodels, law)| beats_the_average_loss(library, &submodels, &law));
}

/// Whatever the head: ln AM(y) is the logarithm of the mixture of the sub-models' densities at y.
fn every_head<H: LogProbability<f64>>(
    head: &H,
    submodels: &Submodels<f64>,
    law: &Table<f64>,
    y: &DVector<f64>,
) -> TestCaseResult {
    let ensemble = Ensemble::new(submodels, head, law).unwrap();
    let log_mean = ensemble.log_arithmetic_mean(&no_input(), y).unwrap();
    let logs: Vec<_> = ensemble.submodels(&no_input()).unwrap();
    let logs = logs.iter().map(|(z, weight)| (head.log_probability(z, y).unwrap(), *weight));
    let expected_loss: f64 = logs.clone().map(|(log, weight)| -weight * log).sum();
    let mixture: f64 = logs.map(|(log, weight)| weight * Real::exp(log)).sum();
    // Densities of at least e^−200, whose logarithms carry 40 roundings of 200.
    let rounding = 40.0 * 200.0 * f64::EPSILON;
    prop_assert!(-log_mean <= expected_loss + rounding);
    prop_assert!((log_mean - Real::ln(mixture)).abs() < rounding);
    Ok(())
}

#[test]
fn ens_jensen_holds_for_every_head() {
    let bits = prop::collection::vec((0..2).prop_map(f64::from), 2).prop_map(DVector::from_vec);
    holds(64, (any_submodels(2, 2), any_f64_law(2), reals(2), bits), |(submodels, law, point, bits)| {
        every_head(&Bernoulli, &submodels, &law, &bits)?;
        every_head(&Poisson, &submodels, &law, &(bits * 3.0))?;
        every_head(&Gaussian::new(0.5).unwrap(), &submodels, &law, &point)
    });
}

/// Averaging 1/p instead of p: that mean is below the geometric one.
#[test]
fn ens_jensen_mutant_takes_the_harmonic_mean() {
    fn harmonic(submodels: &Submodels<f64>, law: &Table<f64>, y: usize) -> f64 {
        -Real::ln(drawn(submodels, law).iter().map(|(p, weight)| weight / p[y]).sum())
    }
    let case = (any_submodels(2, CLASSES), any_f64_law(2));
    refuted(32, case, |(submodels, law)| beats_the_average_loss(harmonic, &submodels, &law));
}

#[test]
fn ens_jensen_mutant_weighs_all_masks_alike() {
    fn alike(submodels: &Submodels<f64>, _: &Table<f64>, y: usize) -> f64 {
        let uniform = Uniform::new(2);
        let ensemble = Ensemble::new(submodels, &Softmax, &uniform).unwrap();
        ensemble.log_arithmetic_mean(&no_input(), &one_hot(CLASSES, y)).unwrap()
    }
    let case = (any_submodels(2, CLASSES), any_f64_law(2));
    refuted(32, case, |(submodels, law)| beats_the_average_loss(alike, &submodels, &law));
}

/// The two ensembles have no order: of (.9, .1) and (.5, .5) the geometric mean has the larger probability at one class and
/// hence the smaller at the other.
#[test]
fn ens_jensen_fails_between_the_arithmetic_and_the_geometric_mean() {
    let submodels = Submodels(vec![dvector![9f64, 1.0].map(Real::ln), dvector![1f64, 1.0].map(Real::ln)]);
    let drawn = drawn(&submodels, &Uniform::new(1));
    let (arithmetic, products) = (mixture(&drawn), products(&drawn));
    let geometric = &products / products.sum();
    // AM = (.7, .3); NGM has the odds √9 = 3, hence (.75, .25).
    approx::assert_relative_eq!(arithmetic, dvector![0.7, 0.3], epsilon = ROUNDING);
    approx::assert_relative_eq!(geometric, dvector![0.75, 0.25], epsilon = ROUNDING);
    assert!(geometric[0] > arithmetic[0] && geometric[1] < arithmetic[1]);
}
