//! Claim marginal.gradient: the gradient of the mean loss and of the arithmetic mean in every weight, without enumeration.

use crate::logistic_units::{Unit, unit};
use crate::support::{holds, refuted};
use dropout_oracle::Real;
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::marginal::{Gradient, Logit, Term};
use dropout_oracle::scalar::dot;
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

/// A mean over a logit's law.
type Mean = fn(&Logit) -> f64;
/// A function of one number.
type Function = fn(f64) -> f64;

/// A rule that claims to give the gradients of E ln(1 + e^S) and of E σ(S).
type Rule = fn(&Unit) -> [Gradient; 2];

fn characteristic_function((weights, keep, bias): &Unit) -> [Gradient; 2] {
    let logit = Logit::masked(weights, keep, *bias).unwrap();
    [logit.softplus_gradient().unwrap(), logit.logistic_gradient().unwrap()]
}

/// The claim: each derivative lies within the stated error of the enumerated E[d_j g′(S)], and the errors are small.
fn gradient_is_the_enumerated_one(rule: Rule, case: &Unit, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let n = case.0.len();
    let size = 1.0 + case.2.abs() + case.0.iter().map(|w| w.abs()).sum::<f64>();
    let functions: [[Function; 2]; 2] =
        [[Real::softplus, Real::logistic], [Real::logistic, |s| s.logistic() * (-s).logistic()]];
    for (gradient, [g, derivative]) in rule(case).into_iter().zip(functions) {
        let truth = expectation(law, |d| {
            let s = case.2 + dot(d, &case.0);
            Ok(DVector::from_iterator(
                n + 2,
                [g(s), derivative(s)].into_iter().chain(d.iter().map(|d| d * derivative(s))),
            ))
        })
        .unwrap();
        // The logit is rounded n + 1 times, each term of a mean 2n + 6 times.
        let slack = |x: f64| (n as f64 + 1.0) * U * size + (2.0 * n as f64 + 6.0) * U * x.abs();
        let near = |value: f64, truth: f64, error: f64| {
            let off = (value - truth).abs();
            prop_assert!(off <= error + slack(truth), "off by {off:e}, certified {error:e}: {gradient:?}");
            prop_assert!(error <= 2e-14 * size, "the bound is loose: {gradient:?}");
            Ok(())
        };
        near(gradient.value.value, truth[0], gradient.value.error)?;
        near(gradient.by_bias.value, truth[1], gradient.by_bias.error)?;
        for j in 0..n {
            near(gradient.by_weight[j], truth[j + 2], gradient.error)?;
        }
    }
    Ok(())
}

fn independent(case: &Unit) -> Independent<f64> {
    Independent::new(case.1.clone()).unwrap()
}

#[test]
fn marginal_gradient_holds_by_enumeration() {
    holds(32, unit(7, 3.0), |case| gradient_is_the_enumerated_one(characteristic_function, &case, &independent(&case)));
}

#[test]
fn marginal_gradient_holds_for_small_weights() {
    holds(24, unit(7, 0.05), |case| {
        gradient_is_the_enumerated_one(characteristic_function, &case, &independent(&case))
    });
}

#[test]
fn marginal_gradient_holds_for_logits_up_to_600() {
    holds(8, unit(6, 60.0), |case| gradient_is_the_enumerated_one(characteristic_function, &case, &independent(&case)));
}

/// For 400 units, derivative j is p_j times the mean with unit j kept for good: small weights (one series for all),
/// large ones (products of the others), and both.
#[test]
fn marginal_gradient_holds_for_400_units_one_kept_for_good() {
    for (scale, mixed) in [(0.03, true), (0.03, false), (1.0, true), (30.0, false)] {
        let weights = DVector::from_fn(400, |j, _| scale * (((j * j + 7 * j) % 101) as f64 / 50.0 - 1.0));
        let keep = DVector::from_fn(400, |j, _| if mixed { (1 + j % 8) as f64 / 9.0 } else { 0.5 });
        let bias = 0.75 - dot(&weights, &keep);
        let gradient = Logit::masked(&weights, &keep, bias).unwrap().softplus_gradient().unwrap();
        assert!(gradient.error < 1.5e-14, "{scale} {mixed} {:e}", gradient.error);
        for j in [0, 17, 399] {
            let mut terms: Vec<Term> =
                weights.iter().zip(&keep).map(|(&weight, &keep)| Term::Masked { weight, keep }).collect();
            terms[j] = Term::Masked { weight: weights[j], keep: 1.0 };
            let kept = Logit::new(bias, terms).unwrap().expected_logistic().unwrap();
            let off = (gradient.by_weight[j] - keep[j] * kept.value).abs();
            assert!(off <= gradient.error + kept.error + U, "{scale} {mixed} {j}: {off:e}");
        }
    }
}

/// The derivatives in mean and variance of Gaussian noise, by differences of the certified means: h² times a third
/// derivative, which is at most 1, and the errors over h.
#[test]
fn marginal_gradient_holds_for_gaussian_noise() {
    let logit = |mean: f64, variance: f64| {
        Logit::new(0.25, vec![Term::Gaussian { mean, variance }, Term::Masked { weight: 2.0, keep: 0.25 }]).unwrap()
    };
    let h = 1e-5;
    for (mean, variance) in [(0.0, 1.0), (1.3, 2.2), (-2.0, 0.1)] {
        let at = logit(mean, variance);
        let (loss, average) = (at.softplus_gradient().unwrap(), at.logistic_gradient().unwrap());
        let difference = |g: Mean, by_mean: f64, by_variance: f64| {
            let value = |s: f64| g(&logit(mean + s * by_mean, variance + s * by_variance));
            (value(h) - value(-h)) / (2.0 * h)
        };
        let softplus: Mean = |l| l.expected_softplus().unwrap().value;
        let logistic: Mean = |l| l.expected_logistic().unwrap().value;
        for (gradient, g) in [(loss, softplus), (average, logistic)] {
            assert!((gradient.by_weight[0] - difference(g, 1.0, 0.0)).abs() < 1e-9);
            assert!((gradient.by_variance.value - difference(g, 0.0, 1.0)).abs() < 1e-9);
            assert!(gradient.by_variance.error < 1e-13, "{:e}", gradient.by_variance.error);
        }
    }
}

fn mutant_is_refused(mutant: Rule) {
    refuted(32, unit(6, 3.0), |case| gradient_is_the_enumerated_one(mutant, &case, &independent(&case)));
}

/// As if the unit's own mask told nothing about the others' sum.
#[test]
fn marginal_gradient_mutant_takes_the_unconditional_mean() {
    mutant_is_refused(|case| {
        characteristic_function(case).map(|g| Gradient { by_weight: &case.1 * g.by_bias.value, ..g })
    });
}

#[test]
fn marginal_gradient_mutant_forgets_the_keep_probability() {
    mutant_is_refused(|case| {
        characteristic_function(case).map(|g| Gradient { by_weight: g.by_weight.component_div(&case.1), ..g })
    });
}

#[test]
fn marginal_gradient_mutant_hides_behind_a_wide_bound() {
    mutant_is_refused(|case| characteristic_function(case).map(|g| Gradient { error: 1e-6, ..g }));
}

/// Outside its condition: one mask for two units.
#[test]
fn marginal_gradient_fails_for_tied_masks() {
    let case = (dvector![2.0, 2.0], dvector![0.5, 0.5], -2.0);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    gradient_is_the_enumerated_one(characteristic_function, &case, &independent(&case)).unwrap();
    assert!(gradient_is_the_enumerated_one(characteristic_function, &case, &tied).is_err());
}
