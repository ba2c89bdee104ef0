//! Claim mc.arithmetic: Monte Carlo is unbiased for the arithmetic mean, with error variance Var/k and Hoeffding's bound.
//!
//! The estimator is checked without chance: it is run on every script of random words, and the results are averaged.

use crate::scripted_rng::Script;
use crate::submodels::{Submodels, any_submodels, no_input};
use crate::support::{holds, refuted};
use dropout_oracle::Real;
use dropout_oracle::ensemble::hoeffding::{hoeffding_half_width, hoeffding_tail};
use dropout_oracle::ensemble::{Ensemble, MonteCarlo};
use dropout_oracle::head::{Head, Softmax};
use dropout_oracle::law::{Independent, Law};
use dropout_oracle::network::Network;
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

const UNITS: usize = 2;

/// Four words for the four quarters of [0, 1): a unit with KEEP probability ¼ is kept by one of them, ½ by two.
const QUARTERS: [u64; 4] = [0, 1 << 62, 2 << 62, 3 << 62];

fn law() -> Independent<f64> {
    Independent::new(dvector![0.25, 0.5]).unwrap()
}

type Case<'a> = Ensemble<'a, Submodels<f64>, Softmax, Independent<f64>>;

/// An estimator of the arithmetic mean from k samples.
type Rule = fn(&Case, k: u64, &mut dyn Rng) -> MonteCarlo<f64>;

fn library(ensemble: &Case, k: u64, rng: &mut dyn Rng) -> MonteCarlo<f64> {
    ensemble.monte_carlo(&no_input(), k, rng).unwrap()
}

/// Over all scripts: the estimate has mean AM and variance Var/k, and the squared standard error has that mean too.
fn unbiased_with_variance_over_k(rule: Rule, submodels: &Submodels<f64>) -> TestCaseResult {
    // At most 4^6 probabilities are added, one after another.
    let rounding = 4096.0 * f64::EPSILON;
    let law = law();
    let ensemble = Ensemble::new(submodels, &Softmax, &law).unwrap();
    let mean = ensemble.arithmetic_mean(&no_input()).unwrap();
    let square = |x: &DVector<f64>| x.component_mul(x);
    let variance = crate::support::mean_over(&law, |multipliers| {
        square(&(Softmax.expected(&submodels.output(&no_input(), multipliers).unwrap()) - &mean))
    });
    for k in 1..=3 {
        let estimates: Vec<_> =
            Script::all(&QUARTERS, UNITS * k as usize).map(|mut script| rule(&ensemble, k, &mut script)).collect();
        let average = |f: &dyn Fn(&MonteCarlo<f64>) -> DVector<f64>| {
            estimates.iter().fold(DVector::zeros(2), |sum, e| sum + f(e)) / estimates.len() as f64
        };
        prop_assert!((average(&|e| e.mean.clone()) - &mean).amax() < rounding, "biased for k = {k}");
        let expected = &variance / k as f64;
        let found = average(&|e| square(&(&e.mean - &mean)));
        prop_assert!((found - &expected).amax() < rounding, "the variance is not Var/{k}");
        if k > 1 {
            let claimed = average(&|e| square(e.standard_error.as_ref().expect("more than one sample")));
            prop_assert!((claimed - expected).amax() < rounding, "the standard error is biased for k = {k}");
        }
    }
    Ok(())
}

#[test]
fn mc_arithmetic_holds_over_all_scripts_of_the_sampler() {
    holds(8, any_submodels(UNITS, 2), |submodels| unbiased_with_variance_over_k(library, &submodels));
}

#[test]
fn mc_arithmetic_mutant_uses_one_mask_for_all_samples() {
    fn one_mask(ensemble: &Case, k: u64, rng: &mut dyn Rng) -> MonteCarlo<f64> {
        let first = library(ensemble, 1, rng);
        MonteCarlo { samples: k, standard_error: Some(DVector::zeros(2)), ..first }
    }
    refuted(8, any_submodels(UNITS, 2), |submodels| unbiased_with_variance_over_k(one_mask, &submodels));
}

#[test]
fn mc_arithmetic_mutant_divides_the_squares_by_k() {
    fn not_by_k_minus_1(ensemble: &Case, k: u64, rng: &mut dyn Rng) -> MonteCarlo<f64> {
        let mut estimate = library(ensemble, k, rng);
        let shrink = ((k - 1) as f64 / k as f64).sqrt();
        estimate.standard_error = estimate.standard_error.map(|error| error * shrink);
        estimate
    }
    refuted(8, any_submodels(UNITS, 2), |submodels| unbiased_with_variance_over_k(not_by_k_minus_1, &submodels));
}

#[test]
fn mc_arithmetic_mutant_samples_fair_masks_whatever_the_law() {
    fn fair(ensemble: &Case, k: u64, rng: &mut dyn Rng) -> MonteCarlo<f64> {
        let outputs = ensemble.submodels(&no_input()).unwrap();
        let submodels = Submodels(outputs.into_iter().map(|(output, _)| output).collect());
        let fair = Independent::new(dvector![0.5, 0.5]).unwrap();
        library(&Ensemble::new(&submodels, &Softmax, &fair).unwrap(), k, rng)
    }
    refuted(8, any_submodels(UNITS, 2), |submodels| unbiased_with_variance_over_k(fair, &submodels));
}

#[test]
fn mc_arithmetic_holds_without_samples_by_a_named_error() {
    let (submodels, law) = (Submodels(vec![dvector![0.0, 1.0]; 4]), law());
    let ensemble = Ensemble::new(&submodels, &Softmax, &law).unwrap();
    let error = ensemble.monte_carlo(&no_input::<f64>(), 0, &mut Script::new(vec![0])).unwrap_err();
    assert_eq!(error.to_string(), "number of Monte Carlo samples is 0; it must be at least 1");
    assert_eq!(ensemble.monte_carlo(&no_input::<f64>(), 1, &mut Script::new(vec![0])).unwrap().standard_error, None);
}

/// 1000 samples of the seeded generator, against an interval that misses with probability at most 10⁻⁹ an entry: 32
/// entries, so a right sampler fails with probability α ≤ 3.2·10⁻⁸, once and for all, as the seed is fixed.
#[test]
fn mc_arithmetic_holds_for_seeded_samples() {
    let half_width = hoeffding_half_width(1000, 1e-9).unwrap();
    holds(16, (any_submodels(UNITS, 2), any::<u64>()), |(submodels, seed)| {
        let law = law();
        let ensemble = Ensemble::new(&submodels, &Softmax, &law).unwrap();
        let estimate = library(&ensemble, 1000, &mut ChaCha8Rng::seed_from_u64(seed));
        prop_assert!((estimate.mean - ensemble.arithmetic_mean(&no_input()).unwrap()).amax() < half_width);
        Ok(())
    });
}

// Hoeffding's bound, against the exact tail of the binomial distribution.

/// \\(\binom kj p^j (1-p)^{k-j}\\).
fn binomial(k: u64, j: u64, p: f64) -> f64 {
    let coefficient = (0..j).fold(1.0, |c, i| c * (k - i) as f64 / (i + 1) as f64);
    coefficient * p.powi(j as i32) * (1.0 - p).powi((k - j) as i32)
}

/// A rule that claims to bound P(|mean of k − p| ≥ ε).
type Tail = fn(k: u64, epsilon: f64) -> f64;

/// For sub-models that say 0 or 1: all k ≤ 24, p in eighths, and every ε at which the tail steps.
fn bounds_every_binomial_tail(rule: Tail) -> bool {
    itertools::iproduct!(1..=24u64, 1..8u64).all(|(k, eighths)| {
        let p = eighths as f64 / 8.0;
        let distance = |j: u64| (j as f64 / k as f64 - p).abs();
        (0..=k).map(distance).filter(|&epsilon| epsilon > 1e-12).all(|epsilon| {
            let reached = (0..=k).filter(|&j| distance(j) > epsilon - 1e-12); // j/k is rounded
            let tail: f64 = reached.map(|j| binomial(k, j, p)).sum();
            tail <= rule(k, epsilon) + 1e-12 // 25 terms, each with a few dozen roundings
        })
    })
}

fn hoeffding(k: u64, epsilon: f64) -> f64 {
    hoeffding_tail(k, epsilon).unwrap()
}

#[test]
fn mc_arithmetic_holds_with_hoeffding_for_every_binomial_tail() {
    assert!(bounds_every_binomial_tail(hoeffding));
}

#[test]
fn mc_arithmetic_mutant_counts_one_side_only() {
    assert!(!bounds_every_binomial_tail(|k, epsilon| hoeffding(k, epsilon) / 2.0));
}

#[test]
fn mc_arithmetic_mutant_doubles_hoeffdings_exponent() {
    assert!(!bounds_every_binomial_tail(|k, epsilon| hoeffding(2 * k, epsilon)));
}

/// The half-width is the bound solved for ε: to a few roundings of the exponent ln(2/α) < 25.
#[test]
fn mc_arithmetic_holds_with_the_half_width_that_the_bound_asks_for() {
    for (k, alpha) in itertools::iproduct!([1u64, 10, 50, 1_000_000], [0.5, 0.05, 1e-10]) {
        let back = hoeffding(k, hoeffding_half_width(k, alpha).unwrap());
        approx::assert_relative_eq!(back, alpha, max_relative = 8.0 * 25.0 * f64::EPSILON);
    }
}

#[test]
fn mc_arithmetic_refuses_the_ends_of_hoeffdings_ranges() {
    for (alpha, shown) in [(0.0, "0"), (1.0, "1"), (f64::NAN, "NaN")] {
        let error = hoeffding_half_width(10, alpha).unwrap_err().to_string();
        assert_eq!(error, format!("probability of missing is {shown}; it must be between 0 and 1"));
    }
    for (epsilon, shown) in [(0.0, "0"), (-0.5, "-0.5"), (f64::NAN, "NaN")] {
        let error = hoeffding_tail(10, epsilon).unwrap_err().to_string();
        assert_eq!(error, format!("distance from the arithmetic mean is {shown}; it must be positive"));
    }
}

/// Outside [0, 1], as for rates: sub-models that say 0 or 10 are always 5 away from their mean.
#[test]
fn mc_arithmetic_fails_with_hoeffding_outside_the_unit_interval() {
    assert!(hoeffding(1, 5.0) < 1e-20); // and the probability is 1
}

/// For logarithms the estimate is biased: k(ln AM − E ln AM_k) → Var/2AM². Sub-models .4 and .6, so AM_k = ½(1 + x) with
/// |x| ≤ .2, E x² = s²/k for s = .2, E x³ = 0 and E x⁴ ≤ 3s⁴/k²; the series of ln(1 + x) leaves at most E x⁴/4(1 − .2)⁴.
#[test]
fn mc_arithmetic_fails_for_the_logarithm_of_a_probability() {
    let s = 0.2;
    for k in [1, 4, 16, 64] {
        let term = |j| binomial(k, j, 0.5) * Real::ln((0.4 * j as f64 + 0.6 * (k - j) as f64) / k as f64);
        let bias = Real::ln(0.5f64) - (0..=k).map(term).sum::<f64>();
        let k = k as f64;
        assert!(bias > 0.0);
        assert!((k * bias - s * s / 2.0).abs() <= 3.0 * s.powi(4) / (4.0 * 0.8f64.powi(4) * k));
    }
}

/// So it is for the geometric mean: E G_k = (E O^{1/k})^k, and k ln(E G_k/G) → Var(ln O)/2. For ln O = ±h the left side is
/// k² ln cosh(h/k), between h²/2 − h⁴/12k² and h²/2.
#[test]
fn mc_arithmetic_fails_for_the_geometric_mean() {
    let h = 0.5f64;
    for k in [1u64, 2, 8, 32] {
        let (k, log) = (k as f64, k as i32);
        let mean = ((Real::exp(h / k) + Real::exp(-h / k)) / 2.0).powi(log);
        let bias = k * Real::ln(mean); // the geometric mean is 1
        assert!(bias > 0.0);
        // k roundings of 1 in the power, times k
        let rounding = 4.0 * k * k * f64::EPSILON;
        assert!(bias <= h * h / 2.0 + rounding && bias >= h * h / 2.0 - h.powi(4) / (12.0 * k * k) - rounding);
    }
}

/// The law's own sampler is what the estimator draws from.
#[test]
fn mc_arithmetic_holds_on_the_laws_own_stream() {
    let (submodels, law) = (Submodels((0..4).map(|mask| dvector![f64::from(mask), 0.0]).collect()), law());
    let ensemble = Ensemble::new(&submodels, &Softmax, &law).unwrap();
    let estimate = library(&ensemble, 5, &mut ChaCha8Rng::seed_from_u64(1));
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let drawn = (0..5).map(|_| submodels.output(&no_input(), &Law::<f64>::sample(&law, rng)).unwrap());
    let by_hand = drawn.fold(DVector::zeros(2), |sum, z| sum + Softmax.expected(&z)) / 5.0;
    approx::assert_relative_eq!(estimate.mean, by_hand, max_relative = 16.0 * f64::EPSILON);
}
