//! Claim ens.zero-probability: when the geometric mean exists, and how much mass it has before it is normalised.

use crate::submodels::{Submodels, in_f64, no_input};
use crate::support::{any_law, holds, q, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Normalised, Softmax};
use dropout_oracle::law::{FiniteLaw, Table, Uniform};
use dropout_oracle::{Error, Rational, Real, Result, Scalar};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const CLASSES: usize = 3;
const UNITS: usize = 2;

/// The sub-models' distributions, in sixths and with zeros, one a mask.
fn distributions() -> impl Strategy<Value = Vec<DVector<Rational>>> + Clone {
    let one = (0i64..=6, 0i64..=6).prop_map(|(a, b)| {
        let (low, high) = (a.min(b), a.max(b));
        dvector![q(low, 6), q(high - low, 6), q(6 - high, 6)]
    });
    prop::collection::vec(one, 1 << UNITS)
}

fn any_case() -> impl Strategy<Value = (Vec<DVector<Rational>>, Table<Rational>)> + Clone {
    (distributions(), any_law(UNITS))
}

/// A rule that claims to give the geometric mean of what can be drawn.
type Rule = fn(&Submodels<f64>, &Table<f64>) -> Result<Normalised<f64>>;

fn library(submodels: &Submodels<f64>, law: &Table<f64>) -> Result<Normalised<f64>> {
    Ensemble::new(submodels, &Softmax, law).unwrap().geometric_mean(&no_input())
}

/// It exists iff some class is possible under every mask of positive weight; then Z ≤ 1, with Z = 1 iff all agree.
fn exists_iff_some_class_is_always_possible(
    rule: Rule,
    distributions: &[DVector<Rational>],
    law: &Table<Rational>,
) -> TestCaseResult {
    let weights: Vec<Rational> = law.support().unwrap().map(|(_, weight)| weight).collect();
    let drawn: Vec<_> = distributions.iter().zip(weights).filter(|(_, weight)| !Rational::is_zero(weight)).collect();
    let possible = (0..CLASSES).filter(|&y| drawn.iter().all(|(p, _)| !p[y].is_zero()));
    let agree = drawn.iter().all(|(p, _)| *p == drawn[0].0);

    let logits = distributions.iter().map(|p| p.map(|p| Real::ln(Scalar::to_f64(&p)))).collect();
    match rule(&Submodels(logits), &in_f64(law)) {
        Err(error) => {
            prop_assert_eq!(error, Error::ZeroProbability);
            prop_assert_eq!(possible.count(), 0);
        }
        Ok(Normalised { expected, log_mass }) => {
            prop_assert!(expected.iter().enumerate().filter(|(_, p)| **p > 0.0).map(|(y, _)| y).eq(possible));
            // Logarithms of at least 1/6, with a few dozen roundings. Two sub-models that differ do so by 1/6 in total
            // variation and weigh at least 1/20 each, so −ln Z ≥ 2ab/(a + b)/36 ≥ 1/720 (as for R = 0 iff all agree).
            let rounding = 40.0 * 2.0 * f64::EPSILON;
            let as_it_must = if agree { log_mass.abs() < rounding } else { log_mass < rounding - 1.0 / 720.0 };
            prop_assert!(as_it_must, "all agree: {agree}, ln Z = {log_mass}");
        }
    }
    Ok(())
}

#[test]
fn ens_zero_probability_holds_for_any_sub_models_and_law() {
    holds(256, any_case(), |(p, law)| exists_iff_some_class_is_always_possible(library, &p, &law));
}

#[test]
fn ens_zero_probability_mutant_counts_masks_of_weight_zero() {
    fn every_mask(submodels: &Submodels<f64>, _: &Table<f64>) -> Result<Normalised<f64>> {
        Ensemble::new(submodels, &Softmax, &Uniform::new(UNITS)).unwrap().geometric_mean(&no_input())
    }
    refuted(64, any_case(), |(p, law)| exists_iff_some_class_is_always_possible(every_mask, &p, &law));
}

/// The section's condition, no zero anywhere: sufficient, not necessary.
#[test]
fn ens_zero_probability_mutant_refuses_any_zero() {
    fn no_zero_anywhere(submodels: &Submodels<f64>, law: &Table<f64>) -> Result<Normalised<f64>> {
        let zero = submodels.0.iter().any(|logits| logits.iter().any(|z| *z == f64::NEG_INFINITY));
        if zero { Err(Error::ZeroProbability) } else { library(submodels, law) }
    }
    refuted(64, any_case(), |(p, law)| exists_iff_some_class_is_always_possible(no_zero_anywhere, &p, &law));
}

#[test]
fn ens_zero_probability_mutant_forgets_to_renormalise() {
    fn mass_one(submodels: &Submodels<f64>, law: &Table<f64>) -> Result<Normalised<f64>> {
        Ok(Normalised { log_mass: 0.0, ..library(submodels, law)? })
    }
    refuted(64, any_case(), |(p, law)| exists_iff_some_class_is_always_possible(mass_one, &p, &law));
}

fn of_two(p: DVector<f64>, r: DVector<f64>) -> Result<Normalised<f64>> {
    let submodels = Submodels(vec![p.map(Real::ln), r.map(Real::ln)]);
    Ensemble::new(&submodels, &Softmax, &Uniform::new(1)).unwrap().geometric_mean(&no_input())
}

/// (1, 0) and (0, 1): equation 7.55 is 0/0, and the error says so.
#[test]
fn ens_zero_probability_fails_by_name_where_no_class_is_possible() {
    let error = of_two(dvector![1.0, 0.0], dvector![0.0, 1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the normalised geometric mean does not exist: every outcome has probability 0 under at least one sub-model; \
         use the arithmetic mean"
    );
}

/// (½, ½, 0) and (¼, 0, ¾) have zeros, and the geometric mean (1, 0, 0).
#[test]
fn ens_zero_probability_holds_in_spite_of_zeros() {
    let mean = of_two(dvector![0.5, 0.5, 0.0], dvector![0.25, 0.0, 0.75]).unwrap();
    assert_eq!(mean.expected.as_slice(), [1.0, 0.0, 0.0]);
    approx::assert_relative_eq!(mean.log_mass, -1.5 * Real::ln(2f64), max_relative = 4.0 * f64::EPSILON); // Z = √⅛
}

/// e^−800 is 0 in f64, yet not impossible: in logarithms the mean of (1, e^−800) and (e^−800, 1) is (½, ½).
#[test]
fn ens_zero_probability_holds_below_the_smallest_number() {
    let submodels = Submodels(vec![dvector![0.0, -800.0], dvector![-800.0, 0.0]]);
    let mean = Ensemble::new(&submodels, &Softmax, &Uniform::new(1)).unwrap().geometric_mean(&no_input()).unwrap();
    assert_eq!(mean.expected.as_slice(), [0.5, 0.5]);
    assert_eq!(mean.log_mass, -400.0 + Real::ln(2f64));
    assert_eq!(
        of_two(dvector![1.0, Real::exp(-800f64)], dvector![Real::exp(-800f64), 1.0]),
        Err(Error::ZeroProbability)
    );
}
