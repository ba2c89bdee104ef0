//! Claim marginal.readout: variance, slope, entropy and mutual information of one logistic unit, without enumeration.

use crate::logistic_units::{Unit, unit};
use crate::support::{holds, refuted};
use dropout_oracle::Real;
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::marginal::{Certified, Logit, Term};
use dropout_oracle::scalar::dot;
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::f64::consts::PI;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

/// σ, σ², ln(1 + e^s), ln(1 + e^−s), σ′ and the entropy at s.
fn functions(s: f64) -> [f64; 6] {
    let (up, down) = (s.logistic(), (-s).logistic());
    [up, up * up, s.softplus(), (-s).softplus(), up * down, (-s.abs()).softplus() + s.abs() * (-s.abs()).logistic()]
}

/// A rule that claims to give the mean, the variance, both losses, the slope, the entropy and the mutual information.
type Rule = fn(&Unit) -> [Certified; 7];

/// The project's rule.
fn characteristic_function((weights, keep, bias): &Unit) -> [Certified; 7] {
    let logit = Logit::masked(weights, keep, *bias).unwrap();
    let all = logit.readout().unwrap();
    let slope = logit.expected_slope().unwrap();
    [all.mean, all.variance, all.loss_at_zero, all.loss_at_one, slope, all.expected_entropy, all.mutual_information]
}

/// The claim: every value lies within its error of the enumerated one, and the errors are below 10⁻¹⁴ for logits of
/// size 1 (those of the losses grow with the logit's).
fn readout_is_the_enumerated_one(rule: Rule, case: &Unit, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let size = 1.0 + case.2.abs() + case.0.iter().map(|w| w.abs()).sum::<f64>();
    let means = expectation(law, |d| Ok(DVector::from_row_slice(&functions(case.2 + dot(d, &case.0))))).unwrap();
    let surprise = |p: f64| if p > 0.0 { -p * Real::ln(p) } else { 0.0 };
    let predictive = surprise(means[0]) + surprise(1.0 - means[0]);
    let expected =
        [means[0], means[1] - means[0] * means[0], means[2], means[3], means[4], means[5], predictive - means[5]];
    // A logit is rounded n times by its size, which moves no function by more; each term of a mean is a product of n + 1
    // factors and added n times, the entropy of the mean moves by ln(1/u) < 37 times what the mean is off.
    let n = case.0.len() as f64;
    let slack = (n + 1.0) * U * size + 37.0 * (2.0 * n + 12.0) * U;
    for (i, (certified, expected)) in rule(case).into_iter().zip(expected).enumerate() {
        let off = (certified.value - expected).abs();
        prop_assert!(off <= certified.error + slack * expected.abs().max(1.0), "{i}: off {off:e}, {certified:?}");
        prop_assert!(certified.error <= 1e-14 * size, "{i}: the bound is loose: {certified:?}");
    }
    Ok(())
}

fn independent(case: &Unit) -> Independent<f64> {
    Independent::new(case.1.clone()).unwrap()
}

#[test]
fn marginal_readout_holds_by_enumeration() {
    holds(48, unit(8, 3.0), |case| readout_is_the_enumerated_one(characteristic_function, &case, &independent(&case)));
}

#[test]
fn marginal_readout_holds_for_small_weights_of_many_sizes() {
    holds(24, unit(8, 0.05), |case| readout_is_the_enumerated_one(characteristic_function, &case, &independent(&case)));
}

#[test]
fn marginal_readout_holds_for_logits_up_to_600() {
    holds(8, unit(7, 60.0), |case| readout_is_the_enumerated_one(characteristic_function, &case, &independent(&case)));
}

/// The bound of the mean is 10⁻¹⁵ for 1000 units, small and large weights, keep probabilities of one kind and of
/// many: the cumulants and the factors give one value, and it is symmetric.
#[test]
fn marginal_readout_holds_its_bound_for_1000_units() {
    for (scale, mixed) in [(0.02, true), (0.02, false), (0.5, true), (4.0, false)] {
        let weights = DVector::from_fn(1000, |j, _| scale * (((j * j + 7 * j) % 101) as f64 / 50.0 - 1.0));
        let keep = DVector::from_fn(1000, |j, _| if mixed { (1 + j % 8) as f64 / 9.0 } else { 0.5 });
        let mean = |sign: f64| {
            let bias = sign * (0.75 - dot(&weights, &keep));
            Logit::masked(&(&weights * sign), &keep, bias).unwrap().readout().unwrap()
        };
        let (one, other) = (mean(1.0), mean(-1.0));
        // Weights that are large beside 1/t are multiplied one by one: twice the roundings.
        assert!(one.mean.error < if scale < 1.0 { 1e-15 } else { 2.5e-15 }, "{scale} {mixed}: {one:?}");
        // The two biases are rounded alike.
        assert!((one.mean.value + other.mean.value - 1.0).abs() <= one.mean.error + other.mean.error + U);
        assert!((one.variance.value - other.variance.value).abs() <= one.variance.error + other.variance.error);
        let information = (one.mutual_information, other.mutual_information);
        assert!((information.0.value - information.1.value).abs() <= information.0.error + information.1.error);
        assert!(one.variance.value > 0.0 && information.0.value > 0.0);
    }
}

/// Gaussian noise against a quadrature with step 1/40: see the claim on the mean for its error.
#[test]
fn marginal_readout_holds_for_gaussian_noise() {
    for (mean, variance) in [(0.0, 1.0), (1.3, 2.2), (-4.0, 0.01), (3.0, 25.0)] {
        let readout = Logit::new(0.0, vec![Term::Gaussian { mean, variance }]).unwrap().readout().unwrap();
        let nodes = (-360..=360).map(|k| f64::from(k) / 40.0);
        let at = |z: f64| DVector::from_row_slice(&functions(mean + variance.sqrt() * z)) * Real::exp(-z * z / 2.0);
        let means = nodes.fold(DVector::zeros(6), |sum, z| sum + at(z)) / 40.0 / (2.0 * PI).sqrt();
        let spread = means[1] - means[0] * means[0];
        for (certified, truth) in [(readout.variance, spread), (readout.expected_entropy, means[5])] {
            // The sums over 720 nodes round by at most 724u each.
            assert!((certified.value - truth).abs() <= certified.error + 3.0 * 724.0 * U, "{mean} {variance}");
        }
    }
}

/// The trapezoidal sum of an even kernel is the sum of the function's translates: the closed form of the error, at steps
/// so long that it is far from zero.
#[test]
fn marginal_readout_aliases_as_poisson_says() {
    for (x, h) in [(3.0, 0.9), (-7.0, 0.4), (0.5, 1.5)] {
        let omega = 2.0 * PI / h;
        let translates = |g: usize| (-40..=40).map(|m| functions(x + f64::from(m) * omega)[g]).sum::<f64>();
        let (mut slope, mut entropy) = (0.5 / PI, PI / 6.0);
        for t in (1..).map(|k| f64::from(k) * h).take_while(|t| *t < 14.0) {
            let (z, cos) = (PI * t, pxfm::f_cos(x * t));
            let sinh = pxfm::f_sinh(z);
            slope += t / sinh * cos;
            entropy += (z * pxfm::f_cosh(z) - sinh) / (sinh * sinh) / t * cos;
        }
        // Fewer than 100 terms below 10, each with a few roundings; the numerator cancels three digits at most.
        assert!((h * slope - translates(4)).abs() < 1e-12, "{x} {h}");
        assert!((h * entropy - translates(5)).abs() < 1e-12, "{x} {h}");
        assert!((h * entropy - functions(x)[5]).abs() > 1e-5, "the error is there to be seen");
    }
}

fn mutant_is_refused(mutant: Rule) {
    refuted(32, unit(6, 3.0), |case| readout_is_the_enumerated_one(mutant, &case, &independent(&case)));
}

#[test]
fn marginal_readout_mutant_takes_the_entropy_of_the_mean() {
    mutant_is_refused(|case| {
        let mut all = characteristic_function(case);
        all[5].value += all[6].value;
        all
    });
}

#[test]
fn marginal_readout_mutant_takes_the_bernoulli_variance() {
    mutant_is_refused(|case| {
        let mut all = characteristic_function(case);
        all[1].value = all[0].value * (1.0 - all[0].value);
        all
    });
}

#[test]
fn marginal_readout_mutant_claims_to_be_exact() {
    mutant_is_refused(|case| characteristic_function(case).map(|c| Certified { value: c.value + 1e-11, error: 0.0 }));
}

/// Outside its condition: one mask for two units.
#[test]
fn marginal_readout_fails_for_tied_masks() {
    let case = (dvector![2.0, 2.0], dvector![0.5, 0.5], -2.0);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    readout_is_the_enumerated_one(characteristic_function, &case, &independent(&case)).unwrap();
    assert!(readout_is_the_enumerated_one(characteristic_function, &case, &tied).is_err());
}
