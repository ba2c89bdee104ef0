//! Claim noise.batch-norm: the noise of batch normalisation, over all batches.

use crate::moments::moments;
use crate::support::{holds, q, rationals, refuted};
use approx::assert_abs_diff_eq;
use dropout_oracle::law::FiniteLaw;
use dropout_oracle::noise::Population;
use dropout_oracle::{Error, Rational};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// The values of N examples, and the batch size m.
type Case = (DVector<Rational>, usize);

fn case() -> impl Strategy<Value = Case> + Clone {
    (2usize..=5).prop_flat_map(|n| (rationals(n), 1..=n))
}

/// Var μ_B, E σ_B², and E(μ_B | i ∈ B) − μ, as some formulas have them.
type Formulas = fn(&Case, usize) -> [Rational; 3];

fn library((values, m): &Case, i: usize) -> [Rational; 3] {
    let x = Population::new(values.clone(), *m).unwrap();
    [x.variance_of_batch_mean(), x.expected_batch_variance(), x.shift_given(i)]
}

fn formulas_hold(formulas: Formulas, case: &Case) -> TestCaseResult {
    let x = Population::new(case.0.clone(), case.1).unwrap();
    let batches = x.batches().unwrap();
    let (mean, covariance) = moments(&batches, |batch| {
        let (mean, variance) = x.moments(batch);
        dvector![mean, variance]
    });
    prop_assert_eq!(&mean[0], &x.mean());
    for i in 0..case.0.len() {
        let [variance_of_mean, expected_variance, shift] = formulas(case, i);
        prop_assert_eq!(&covariance[(0, 0)], &variance_of_mean);
        prop_assert_eq!(&mean[1], &expected_variance);
        let with_i: Vec<_> = batches.support().unwrap().filter(|(batch, _)| !batch[i].is_zero()).collect();
        let sum = with_i.iter().fold(q(0, 1), |sum, (batch, _)| sum + x.moments(batch).0);
        prop_assert_eq!(sum / q(with_i.len() as i64, 1) - x.mean(), shift);
    }
    Ok(())
}

#[test]
fn noise_batch_norm_holds_over_all_batches() {
    holds(64, case(), |case| formulas_hold(library, &case));
}

#[test]
fn noise_batch_norm_mutant_draws_with_replacement() {
    refuted(24, case(), |case| {
        let with_replacement: Formulas = |case, i| {
            let x = Population::new(case.0.clone(), case.1).unwrap();
            let [_, expected, shift] = library(case, i);
            [x.variance() / q(case.1 as i64, 1), expected, shift]
        };
        formulas_hold(with_replacement, &case)
    });
}

#[test]
fn noise_batch_norm_mutant_corrects_the_variance_as_for_independent_draws() {
    refuted(24, case(), |case| {
        let bessel: Formulas = |case, i| {
            let x = Population::new(case.0.clone(), case.1).unwrap();
            let [variance, _, shift] = library(case, i);
            [variance, x.variance() * q(case.1 as i64 - 1, case.1 as i64), shift]
        };
        formulas_hold(bessel, &case)
    });
}

#[test]
fn noise_batch_norm_mutant_shifts_by_one_mth() {
    refuted(24, case(), |case| {
        let one_mth: Formulas = |case, i| {
            let x = Population::new(case.0.clone(), case.1).unwrap();
            let [variance, expected, _] = library(case, i);
            [variance, expected, (case.0[i].clone() - x.mean()) / q(case.1 as i64, 1)]
        };
        formulas_hold(one_mth, &case)
    });
}

/// Outside the condition "m different examples": drawn with replacement, the variance of the mean is σ²/m.
#[test]
fn noise_batch_norm_fails_for_batches_drawn_with_replacement() {
    let values = dvector![q(0, 1), q(1, 1), q(5, 1)];
    let x = Population::new(values.clone(), 2).unwrap();
    let means = itertools::iproduct!(0..3, 0..3).map(|(i, j)| (values[i].clone() + values[j].clone()) / q(2, 1));
    let squares = means.fold(q(0, 1), |sum, mean: Rational| {
        let off = mean - x.mean();
        sum + off.clone() * off
    });
    assert_eq!(squares / q(9, 1), x.variance() / q(2, 1));
    assert_eq!((x.variance() / q(2, 1), x.variance_of_batch_mean()), (q(7, 3), q(7, 6)));
}

/// (x_i − μ_B)² = σ_B² in every batch of two: whatever the values, the outputs are −1 and 1.
#[test]
fn noise_batch_norm_holds_that_batches_of_two_give_signs() {
    holds(32, rationals(4), |values| {
        let x = Population::new(values.clone(), 2).unwrap();
        for (batch, _) in x.batches().unwrap().support().unwrap() {
            let (mean, variance) = x.moments(&batch);
            for i in (0..4).filter(|&i| !batch[i].is_zero()) {
                let off = values[i].clone() - mean.clone();
                prop_assert_eq!(off.clone() * off, variance.clone());
            }
        }
        Ok(())
    });
}

fn fixture(m: usize) -> Population<f64> {
    Population::new(dvector![0.0, 1.0, 5.0, 6.0, 13.0], m).unwrap()
}

/// y_i = factor · x̂_i + offset, with one factor and one offset for the whole batch.
#[test]
fn noise_batch_norm_holds_as_a_factor_and_an_offset() {
    let values = [0.0, 1.0, 5.0, 6.0, 13.0];
    let x = fixture(3);
    for (batch, _) in x.batches().unwrap().support().unwrap() {
        let (noise, (mean, variance)) = (x.noise(&batch).unwrap(), x.moments(&batch));
        for value in values {
            let standardised = (value - x.mean()) / x.variance().sqrt();
            // Numbers below 10 after fewer than 20 roundings.
            let y = (value - mean) / variance.sqrt();
            assert_abs_diff_eq!(noise.factor * standardised + noise.offset, y, epsilon = 20.0 * 10.0 * f64::EPSILON);
        }
    }
}

/// Means over the batches that hold example i: of the factor, of the offset, and their covariance.
fn given(x: &Population<f64>, i: usize) -> [f64; 3] {
    let noises: Vec<_> = x.batches().unwrap().support().unwrap().filter(|(batch, _)| batch[i] == 1.0).collect();
    let noises: Vec<_> = noises.iter().map(|(batch, _)| x.noise(batch).unwrap()).collect();
    let mean = |f: &dyn Fn(usize) -> f64| (0..noises.len()).map(f).sum::<f64>() / noises.len() as f64;
    let (factor, offset) = (mean(&|b| noises[b].factor), mean(&|b| noises[b].offset));
    [factor, offset, mean(&|b| (noises[b].factor - factor) * (noises[b].offset - offset))]
}

/// The two noises are no independent draws: in the population (0, 1, 5, 6, 13), batches of 3, factor and offset are
/// correlated, and their means differ from example to example.
#[test]
fn noise_batch_norm_noises_are_correlated_and_depend_on_the_example() {
    let x = fixture(3);
    let means: Vec<[f64; 3]> = (0..5).map(|i| given(&x, i)).collect();
    let shown = |i: usize| means[i].map(|mean| format!("{mean:.4}"));
    assert_eq!(shown(0), FIRST);
    assert_eq!(shown(4), LAST);
}

const FIRST: [&str; 3] = ["1.3577", "0.4219", "0.3104"];
const LAST: [&str; 3] = ["0.9431", "-0.3050", "-0.0437"];

#[test]
fn noise_batch_norm_refuses_what_has_no_variance() {
    let equal = Population::new(dvector![1.0, 1.0, 2.0], 2).unwrap();
    assert!(matches!(equal.noise(&dvector![1.0, 1.0, 0.0]), Err(Error::Domain { .. })));
    assert!(matches!(Population::new(dvector![1.0], 1), Err(Error::Domain { .. })));
    assert!(matches!(Population::new(dvector![1.0, 2.0], 0), Err(Error::Domain { .. })));
    assert!(matches!(Population::new(dvector![1.0, 2.0], 3), Err(Error::Domain { .. })));
    assert!(matches!(Population::new(dvector![1.0, f64::NAN], 1), Err(Error::NotFinite { .. })));
}
