//! Claims mc.intervals, mc.log-bias and mc.tied-masks: what a finite number of sampled sub-models can say.
//!
//! A network with one droppable unit has two predictions, p₀ (dropped) and p₁ (kept, with KEEP probability q). The number
//! of kept units among k samples is binomial, so the law of every estimate is known exactly, and claims about it are
//! checked without drawing anything.

use crate::support::{holds, q as ratio, refuted};
use dropout_oracle::ensemble::interval::{Interval, Method};
use dropout_oracle::ensemble::{Ensemble, MonteCarlo};
use dropout_oracle::head::Bernoulli;
use dropout_oracle::law::{FiniteLaw, Independent, Law, Tied};
use dropout_oracle::network::{Affine, Network, deep_linear, linear_regression};
use dropout_oracle::{Error, Rational, Real};
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// p₀, p₁ and the KEEP probability q.
#[derive(Clone, Copy, Debug)]
struct Pair {
    p0: f64,
    p1: f64,
    keep: f64,
}

impl Pair {
    fn mean(self) -> f64 {
        (1.0 - self.keep) * self.p0 + self.keep * self.p1
    }
    fn variance(self) -> f64 {
        self.keep * (1.0 - self.keep) * (self.p1 - self.p0) * (self.p1 - self.p0)
    }
    /// What Monte Carlo returns when j of k samples keep the unit.
    fn outcome(self, k: u64, j: u64) -> MonteCarlo<f64> {
        let (k1, j1) = (k as f64, j as f64);
        let spread = (self.p1 - self.p0).abs() * (j1 * (k1 - j1) / (k1 * k1 * (k1 - 1.0))).sqrt();
        MonteCarlo {
            samples: k,
            mean: dvector![self.p0 + (self.p1 - self.p0) * j1 / k1],
            standard_error: (k > 1).then(|| dvector![spread]),
        }
    }
    /// E g over the k + 1 outcomes. The weights sum to 1 to 10⁻¹¹: each is a product of fewer than k + 3 factors.
    fn expect(self, k: u64, g: impl Fn(&MonteCarlo<f64>) -> f64) -> f64 {
        let odds = Real::ln(self.keep) - Real::ln_1p(-self.keep);
        let mut log_weight = k as f64 * Real::ln_1p(-self.keep);
        (0..=k).fold(0.0, |sum, j| {
            let term = Real::exp(log_weight) * g(&self.outcome(k, j));
            log_weight += odds + Real::ln((k - j) as f64) - Real::ln((j + 1) as f64);
            sum + term
        })
    }
}

/// A rule that claims to give an interval of level 1 − α.
type Rule = fn(&MonteCarlo<f64>, f64) -> Interval<f64>;

fn hoeffding(sampled: &MonteCarlo<f64>, alpha: f64) -> Interval<f64> {
    sampled.intervals(Method::Hoeffding, alpha).unwrap()[0]
}

fn empirical_bernstein(sampled: &MonteCarlo<f64>, alpha: f64) -> Interval<f64> {
    sampled.intervals(Method::EmpiricalBernstein, alpha).unwrap()[0]
}

fn normal(sampled: &MonteCarlo<f64>, alpha: f64) -> Interval<f64> {
    sampled.intervals(Method::Normal, alpha).unwrap()[0]
}

/// Any pair of predictions, rare masks among them, sample sizes and levels.
fn setting() -> impl Strategy<Value = (Pair, u64, f64)> + Clone {
    let keep = prop_oneof![0.05..0.95, 0.001..0.05, 0.95..0.999];
    (0.0..=1.0, 0.0..=1.0, keep, 2u64..120, prop_oneof![Just(0.5), Just(0.1), Just(0.05), Just(0.001)])
        .prop_map(|(p0, p1, keep, k, alpha)| (Pair { p0, p1, keep }, k, alpha))
}

/// mc.intervals: the probability that the interval misses, computed exactly, is at most α.
fn misses_at_most_alpha(rule: Rule, (pair, k, alpha): (Pair, u64, f64)) -> TestCaseResult {
    let misses = pair.expect(k, |sampled| f64::from(u8::from(!rule(sampled, alpha).contains(pair.mean()))));
    prop_assert!(misses <= alpha + 1e-11, "misses with probability {}, not {}", misses, alpha);
    Ok(())
}

#[test]
fn mc_intervals_holds_for_hoeffding_at_any_sample_size() {
    holds(128, setting(), |setting| misses_at_most_alpha(hoeffding, setting));
}

#[test]
fn mc_intervals_holds_for_empirical_bernstein_at_any_sample_size() {
    holds(128, setting(), |setting| misses_at_most_alpha(empirical_bernstein, setting));
}

/// The normal interval: near its level for 1000 samples of a mask that is not rare (measured: .0496, .0537, .0496).
#[test]
fn mc_intervals_holds_for_the_normal_interval_as_samples_grow() {
    for keep in [0.3, 0.5, 0.7] {
        let pair = Pair { p0: 0.2, p1: 0.9, keep };
        let misses = pair.expect(1000, |sampled| f64::from(u8::from(!normal(sampled, 0.05).contains(pair.mean()))));
        assert!((misses - 0.05).abs() < 0.005, "{misses}");
    }
}

/// Outside its condition: 50 samples of a mask that drops once in a thousand draws mostly see no drop at all, estimate
/// the variance as 0, and miss with probability .95. Empirical Bernstein knows better.
#[test]
fn mc_intervals_fails_for_the_normal_interval_of_rare_masks() {
    let rare = (Pair { p0: 0.0, p1: 1.0, keep: 0.999 }, 50, 0.05);
    assert!(misses_at_most_alpha(normal, rare).is_err());
    misses_at_most_alpha(empirical_bernstein, rare).unwrap();
    let misses = rare.0.expect(50, |sampled| f64::from(u8::from(!normal(sampled, 0.05).contains(rare.0.mean()))));
    assert_eq!(format!("{misses:.3}"), "0.951");
}

#[test]
fn mc_intervals_mutant_forgets_the_root() {
    fn mutant(sampled: &MonteCarlo<f64>, alpha: f64) -> Interval<f64> {
        let half = Real::ln(2.0 / alpha) / (2.0 * sampled.samples as f64);
        Interval { low: sampled.mean[0] - half, high: sampled.mean[0] + half }
    }
    refuted(128, setting(), |setting| misses_at_most_alpha(mutant, setting));
}

#[test]
fn mc_intervals_mutant_drops_bernsteins_second_term() {
    fn mutant(sampled: &MonteCarlo<f64>, alpha: f64) -> Interval<f64> {
        let half = sampled.standard_error.as_ref().unwrap()[0] * (2.0 * Real::ln(4.0 / alpha)).sqrt();
        Interval { low: sampled.mean[0] - half, high: sampled.mean[0] + half }
    }
    refuted(128, setting(), |setting| misses_at_most_alpha(mutant, setting));
}

/// The three half-widths, literally, for k = 100 samples with mean .5 and standard error .01, α = .05.
#[test]
fn mc_intervals_have_the_published_widths() {
    let sampled = MonteCarlo { samples: 100, mean: dvector![0.5], standard_error: Some(dvector![0.01]) };
    let half = |rule: Rule| format!("{:.5}", rule(&sampled, 0.05).high - 0.5);
    assert_eq!([hoeffding as Rule, empirical_bernstein, normal].map(half), ["0.13581", "0.13288", "0.01960"]);
}

/// An interval for a probability is cut at 0 and 1; the normal one, for predictions of any kind, is not.
#[test]
fn mc_intervals_of_probabilities_are_probabilities() {
    let around = |mean: f64| MonteCarlo { samples: 10, mean: dvector![mean], standard_error: Some(dvector![0.1]) };
    for rule in [hoeffding as Rule, empirical_bernstein] {
        let (low, high) = (rule(&around(0.125), 0.05), rule(&around(0.875), 0.05));
        assert_eq!((low.low, high.high), (0.0, 1.0));
        assert!(low.high > 0.125 && high.low < 0.875);
    }
    assert!(normal(&around(0.125), 0.05).low < 0.0 && normal(&around(0.875), 0.05).high > 1.0);
}

/// Sampled: 200 seeded runs of 100 masks each. A Hoeffding interval misses with probability at most .05; more than 30
/// misses of 200 would have probability below 10⁻⁷ (Chernoff: 200 KL(.15‖.05) = 17.7).
#[test]
fn mc_intervals_holds_for_sampled_masks() {
    let (network, law) =
        (linear_regression(dvector![3.0, -2.0, 1.0], 0.0).unwrap(), Independent::new(dvector![0.5, 0.8, 0.3]).unwrap());
    let (ensemble, x) = (Ensemble::new(&network, &Bernoulli, &law).unwrap(), dvector![1.0, 1.0, 1.0]);
    let truth = ensemble.arithmetic_mean(&x).unwrap()[0];
    for (rule, most) in [(hoeffding as Rule, 30), (empirical_bernstein, 30), (normal, 30)] {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let missed =
            (0..200).filter(|_| !rule(&ensemble.monte_carlo(&x, 100, &mut rng).unwrap(), 0.05).contains(truth)).count();
        assert!(missed <= most, "{missed}");
    }
}

#[test]
fn mc_intervals_refuse_what_they_cannot_give() {
    let pair = Pair { p0: 0.0, p1: 1.0, keep: 0.5 };
    let one = pair.outcome(1, 1);
    assert!(one.intervals(Method::Hoeffding, 0.1).is_ok());
    for method in [Method::EmpiricalBernstein, Method::Normal] {
        assert!(matches!(one.intervals(method, 0.1), Err(Error::Domain { .. })));
    }
    for alpha in [0.0, -1.0, 1.0, f64::NAN] {
        assert!(matches!(pair.outcome(9, 4).intervals(Method::Hoeffding, alpha), Err(Error::Domain { .. })));
    }
    let no_probability = MonteCarlo { samples: 9, mean: dvector![2.0], standard_error: None };
    assert!(matches!(no_probability.intervals(Method::Hoeffding, 0.1), Err(Error::Domain { .. })));
}

/// Quantities that are not means of the samples, and the limit of k times their bias.
#[derive(Clone, Copy, Debug)]
enum Estimate {
    /// ln p̄_k for ln AM.
    Log,
    /// The geometric mean of k probabilities for the exact one, relatively (before normalisation).
    Geometric,
    /// The entropy of (p̄_k, 1 − p̄_k), and with it the mutual information.
    Entropy,
}

/// Var p/AM², Var ln p, and Var p (1/AM + 1/(1 − AM)): twice the limits below, without their signs.
fn curvature(estimate: Estimate, pair: Pair) -> f64 {
    let (mean, variance) = (pair.mean(), pair.variance());
    match estimate {
        Estimate::Log => variance / (mean * mean),
        Estimate::Geometric => {
            let gap = Real::ln(pair.p1) - Real::ln(pair.p0);
            pair.keep * (1.0 - pair.keep) * gap * gap
        }
        Estimate::Entropy => variance / (mean * (1.0 - mean)),
    }
}

fn entropy(p: f64) -> f64 {
    -p * Real::ln(p) - (1.0 - p) * Real::ln(1.0 - p)
}

/// The exact bias for k samples.
fn bias(estimate: Estimate, pair: Pair, k: u64) -> f64 {
    match estimate {
        Estimate::Log => pair.expect(k, |sampled| Real::ln(sampled.mean[0])) - Real::ln(pair.mean()),
        Estimate::Entropy => pair.expect(k, |sampled| entropy(sampled.mean[0])) - entropy(pair.mean()),
        // j of k: ln G_k is linear in j.
        Estimate::Geometric => {
            let (l0, l1) = (Real::ln(pair.p0), Real::ln(pair.p1));
            let counted = Pair { p0: l0, p1: l1, ..pair };
            counted.expect(k, |sampled| Real::exp(sampled.mean[0] - counted.mean())) - 1.0
        }
    }
}

/// A rule that claims to give the limit of k · bias.
type Limit = fn(Estimate, Pair) -> f64;

/// The claim's: −½ Var p/AM², +½ Var ln p, −½ Σ_y Var p(y)/AM(y).
fn half_the_curvature(estimate: Estimate, pair: Pair) -> f64 {
    let sign = if matches!(estimate, Estimate::Geometric) { 1.0 } else { -1.0 };
    sign * curvature(estimate, pair) / 2.0
}

/// Probabilities between .1 and .9, so that the next order is moderate.
fn pair() -> impl Strategy<Value = Pair> + Clone {
    (0.1..0.4, 0.5..0.9, 0.2..0.8).prop_map(|(p0, p1, keep)| Pair { p0, p1, keep })
}

/// mc.log-bias: k · bias tends to the limit, with a remainder that falls as 1/k: for such pairs below 6/k of the limit
/// (measured), at k = 40 and at k = 320. k times the 10⁻¹¹ of rounding is below 10⁻⁸.
fn bias_falls_as_one_over_k(limit: Limit, pair: Pair) -> TestCaseResult {
    for estimate in [Estimate::Log, Estimate::Geometric, Estimate::Entropy] {
        let limit = limit(estimate, pair);
        for k in [40, 320] {
            let off = k as f64 * bias(estimate, pair, k) - limit;
            prop_assert!(
                off.abs() <= 6.0 * limit.abs() / k as f64 + 1e-8,
                "{:?}, k = {}: {} off {}",
                estimate,
                k,
                off,
                limit
            );
        }
    }
    Ok(())
}

#[test]
fn mc_log_bias_holds_exactly_counted() {
    holds(48, pair(), |pair| bias_falls_as_one_over_k(half_the_curvature, pair));
}

/// The estimated first order, on average over the samples, is the exact one up to the same 1/k.
#[test]
fn mc_log_bias_is_estimated_from_the_samples() {
    holds(48, pair(), |pair| {
        let estimated = pair.expect(320, |sampled| sampled.log_bias().unwrap()[0]);
        let first_order = half_the_curvature(Estimate::Log, pair) / 320.0;
        prop_assert!((estimated / first_order - 1.0).abs() <= 12.0 / 320.0, "{} and {}", estimated, first_order);
        Ok(())
    });
}

#[test]
fn mc_log_bias_mutant_has_no_half() {
    refuted(16, pair(), |pair| bias_falls_as_one_over_k(|e, pair| 2.0 * half_the_curvature(e, pair), pair));
}

#[test]
fn mc_log_bias_mutant_takes_the_geometric_mean_for_too_small() {
    refuted(16, pair(), |pair| bias_falls_as_one_over_k(|e, pair| -curvature(e, pair) / 2.0, pair));
}

/// "Unbiased, like the mean of the probabilities".
#[test]
fn mc_log_bias_mutant_is_unbiased() {
    refuted(16, pair(), |pair| bias_falls_as_one_over_k(|_, _| 0.0, pair));
}

/// Outside its condition, probabilities away from 0: one sub-model with p = 0 is all that k samples may see, and then
/// E ln p̄_k is −∞ for every k.
#[test]
fn mc_log_bias_fails_for_impossible_outcomes() {
    let pair = Pair { p0: 0.0, p1: 0.5, keep: 0.5 };
    assert!(bias_falls_as_one_over_k(half_the_curvature, pair).is_err());
    assert_eq!(bias(Estimate::Log, pair, 40), f64::NEG_INFINITY);
}

/// A recurrent unit as a chain: T = 3 steps of weight 2, dropout before each step.
const STEPS: usize = 3;

fn one_mask_per_sequence(keep: f64) -> Tied<Independent<f64>> {
    Tied::new(Independent::new(dvector![keep]).unwrap(), vec![0; STEPS]).unwrap()
}

fn one_mask_per_step(keep: f64) -> Independent<f64> {
    Independent::new(DVector::from_element(STEPS, keep)).unwrap()
}

/// A rule that claims to sample the masks of variational dropout: 4000 seeded predictions of the chain.
type Sampler = fn(f64) -> Box<dyn Law<f64>>;

/// mc.tied-masks: the samples' mean is the tied ensemble's, (1−p)σ(0) + pσ(2³), within Hoeffding's interval at
/// α = 10⁻⁹.
fn samples_average_the_tied_ensemble(sampler: Sampler, keep: f64) -> TestCaseResult {
    let step = Affine::new(DMatrix::from_element(1, 1, 2.0), dvector![0.0]).unwrap();
    let network = deep_linear(1, vec![step; STEPS]).unwrap();
    let x = dvector![1.0];
    let tied = (1.0 - keep) * 0.5 + keep * Real::logistic(8.0);
    let law = one_mask_per_sequence(keep);
    let by_enumeration = Ensemble::new(&network, &Bernoulli, &law).unwrap().arithmetic_mean(&x).unwrap()[0];
    prop_assert!((tied - by_enumeration).abs() < 4.0 * f64::EPSILON);
    let law = sampler(keep);
    let ensemble = Ensemble::new(&network, &Bernoulli, &*law).unwrap();
    let sampled = ensemble.monte_carlo(&x, 4000, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
    prop_assert!(hoeffding(&sampled, 1e-9).contains(tied), "{} and {}", sampled.mean[0], tied);
    Ok(())
}

#[test]
fn mc_tied_masks_holds_for_one_mask_per_sequence() {
    for keep in [0.3, 0.5, 0.8] {
        samples_average_the_tied_ensemble(|keep| Box::new(one_mask_per_sequence(keep)), keep).unwrap();
    }
}

#[test]
fn mc_tied_masks_mutant_draws_a_mask_per_step() {
    for keep in [0.3, 0.5, 0.8] {
        let fresh = samples_average_the_tied_ensemble(|keep| Box::new(one_mask_per_step(keep)), keep);
        assert!(fresh.is_err(), "{keep}");
    }
}

/// Outside its condition: weight scaling, which is the mean output under fresh masks of a linear chain, is not the mean
/// under tied ones. E μ₁μ₂μ₃ is p³ fresh and p tied: ⅛ and ½ at p = ½, times 2³.
#[test]
fn mc_tied_masks_fails_for_weight_scaling() {
    let step = Affine::new(DMatrix::from_element(1, 1, ratio(2, 1)), dvector![ratio(0, 1)]).unwrap();
    let network = deep_linear(1, vec![step; STEPS]).unwrap();
    let x = dvector![ratio(1, 1)];
    let coin = Independent::new(dvector![ratio(1, 2)]).unwrap();
    let tied = Tied::new(coin, vec![0; STEPS]).unwrap();
    let fresh = Independent::new(DVector::from_element(STEPS, ratio(1, 2))).unwrap();
    let mean = |law: &dyn FiniteLaw<Rational>| crate::support::mean_over(law, |d| network.output(&x, d).unwrap());
    assert_eq!((mean(&tied)[0].clone(), mean(&fresh)[0].clone()), (ratio(4, 1), ratio(1, 1)));
    assert_eq!(network.output(&x, &tied.mean()).unwrap()[0], ratio(1, 1)); // weight scaling: the fresh one's
}
