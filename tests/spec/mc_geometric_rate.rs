//! Claim mc.geometric-rate: the geometric mean of k sampled sub-models approaches the ensemble's at the rate 1/k.
//!
//! E KL(NGM‖G_k) is computed without sampling: over every k-tuple of masks, or, as only the counts matter, over the
//! multinomial distribution of the counts.

use crate::scripted_rng::Script;
use crate::submodels::{Submodels, any_f64_law, any_submodels, no_input, probabilities};
use crate::support::{holds, reals, refuted};
use dropout_oracle::ensemble::{Ensemble, divergence, geometric_rate};
use dropout_oracle::head::Softmax;
use dropout_oracle::law::{FiniteLaw, Table, Uniform};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, softmax_regression};
use itertools::Itertools;
use nalgebra::{DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const CLASSES: usize = 3;

/// The logits of the sub-models with their weights.
type Logits = Vec<(DVector<f64>, f64)>;

fn logits(network: &impl Network<f64>, x: &DVector<f64>, law: &impl FiniteLaw<f64>) -> Logits {
    law.support().unwrap().map(|(multipliers, weight)| (network.output(x, &multipliers).unwrap(), weight)).collect()
}

/// E KL(q‖G_k), over the multinomial distribution of how often each of the sub-models is drawn.
fn expected_divergence(q: &DVector<f64>, logits: &Logits, k: u64) -> f64 {
    fn over(q: &DVector<f64>, rest: &[(DVector<f64>, f64)], sum: DVector<f64>, chance: f64, left: u64, k: u64) -> f64 {
        let [(z, weight), rest @ ..] = rest else { unreachable!("the last sub-model takes what is left") };
        if rest.is_empty() {
            return chance * weight.powi(left as i32) * divergence(q, &((sum + z * left as f64) / k as f64)).unwrap();
        }
        // binomial(left, count) weight^count, for count = 0, 1, …
        let mut share = chance;
        let mut total = 0.0;
        for count in 0..=left {
            total += over(q, rest, &sum + z * count as f64, share, left - count, k);
            share *= weight * (left - count) as f64 / (count + 1) as f64;
        }
        total
    }
    over(q, logits, DVector::zeros(q.len()), 1.0, k, k)
}

/// The same over all k-tuples of sub-models.
fn over_tuples(q: &DVector<f64>, logits: &Logits, k: u64) -> f64 {
    let tuples = (0..k).map(|_| logits.iter()).multi_cartesian_product();
    tuples.fold(0.0, |total, tuple| {
        let chance: f64 = tuple.iter().map(|(_, weight)| weight).product();
        let sum = tuple.iter().fold(DVector::zeros(q.len()), |sum, (z, _)| sum + z);
        total + chance * divergence(q, &(sum / k as f64)).unwrap()
    })
}

/// The mean logits: the geometric mean, up to a constant.
fn geometric_mean(logits: &Logits) -> DVector<f64> {
    logits.iter().fold(DVector::zeros(logits[0].0.len()), |sum, (z, weight)| sum + z * *weight)
}

/// How far k·E KL can be from its limit. With d = z − E z, r(d) its range over the classes and δ the mean of k of them,
/// the divergence is ½δᵀHδ plus a third-order term at NGM, whose mean is E A‴[d, d, d]/6k², plus a fourth-order one, at
/// most sup|A⁗[δ, δ, δ, δ]|/24. The third central moment of a class's number in an interval of length r is at most
/// r³√3/18, its fourth cumulant at most r⁴/8, and r(δ)⁴ ≤ Σ (δ_y − δ_y')⁴ with
/// E(δ_y − δ_y')⁴ = (m₄/k + 3m₂²(k−1)/k)/k², for the moments m₂, m₄ of one d_y − d_y'.
fn distance_from_the_limit(logits: &Logits, k: u64) -> f64 {
    let mean = geometric_mean(logits);
    let moment =
        |f: &dyn Fn(&DVector<f64>) -> f64| logits.iter().map(|(z, weight)| weight * f(&(z - &mean))).sum::<f64>();
    let third = 3f64.sqrt() / 108.0 * moment(&|d| (d.max() - d.min()).powi(3));
    let k = k as f64;
    let fourth = (0..mean.len()).array_combinations().map(|[y, z]| {
        let (m2, m4) = (moment(&|d| (d[y] - d[z]).powi(2)), moment(&|d| (d[y] - d[z]).powi(4)));
        m4 / k + 3.0 * m2 * m2 * (k - 1.0) / k
    });
    (third + fourth.sum::<f64>() / 192.0) / k
}

/// k·E KL(NGM‖G_k) is within the distance above of the rule's limit, up to k = `largest`.
fn approaches_at_rate(
    rule: fn(&Submodels<f64>, &Table<f64>) -> f64,
    submodels: &Submodels<f64>,
    law: &Table<f64>,
    largest: u64,
) -> TestCaseResult {
    let logits = logits(submodels, &no_input(), law);
    let (ngm, limit) = (geometric_mean(&logits), rule(submodels, law));
    for k in (0..).map(|i| 1 << i).take_while(|k| *k <= largest) {
        let found = k as f64 * expected_divergence(&ngm, &logits, k);
        // k times a sum of weight one, of differences of logarithms below 8
        let rounding = k as f64 * 64.0 * 8.0 * f64::EPSILON;
        let allowed = distance_from_the_limit(&logits, k) + rounding;
        prop_assert!((found - limit).abs() <= allowed, "k = {k}: {found} is not within {allowed:e} of {limit}");
    }
    Ok(())
}

/// ½ tr(H Cov z) by the library.
fn library(submodels: &Submodels<f64>, law: &Table<f64>) -> f64 {
    let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
    let ngm = ensemble.geometric_mean(&no_input()).unwrap().expected;
    geometric_rate(&ngm, &ensemble.output_covariance(&no_input()).unwrap()).unwrap()
}

/// One droppable unit: two sub-models, and up to 256 samples.
fn two_submodels() -> impl Strategy<Value = (Submodels<f64>, Table<f64>)> + Clone {
    (any_submodels(1, CLASSES), any_f64_law(1))
}

#[test]
fn mc_geometric_rate_holds_for_two_sub_models_and_many_samples() {
    holds(32, two_submodels(), |(submodels, law)| approaches_at_rate(library, &submodels, &law, 256));
}

#[test]
fn mc_geometric_rate_holds_for_any_network_and_law() {
    holds(16, (any_submodels(2, CLASSES), any_f64_law(2)), |(submodels, law)| {
        approaches_at_rate(library, &submodels, &law, 8)
    });
}

#[test]
fn mc_geometric_rate_mutant_forgets_the_half() {
    fn whole(submodels: &Submodels<f64>, law: &Table<f64>) -> f64 {
        2.0 * library(submodels, law)
    }
    refuted(32, two_submodels(), |(submodels, law)| approaches_at_rate(whole, &submodels, &law, 256));
}

/// diag(p) instead of diag(p) − ppᵀ.
#[test]
fn mc_geometric_rate_mutant_forgets_the_outer_product() {
    fn diagonal(submodels: &Submodels<f64>, law: &Table<f64>) -> f64 {
        let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
        let ngm = ensemble.geometric_mean(&no_input()).unwrap().expected;
        ensemble.output_covariance(&no_input()).unwrap().diagonal().dot(&ngm) / 2.0
    }
    refuted(32, two_submodels(), |(submodels, law)| approaches_at_rate(diagonal, &submodels, &law, 256));
}

#[test]
fn mc_geometric_rate_mutant_takes_the_arithmetic_mean() {
    fn at_the_arithmetic_mean(submodels: &Submodels<f64>, law: &Table<f64>) -> f64 {
        let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
        let am = ensemble.arithmetic_mean(&no_input()).unwrap();
        geometric_rate(&am, &ensemble.output_covariance(&no_input()).unwrap()).unwrap()
    }
    refuted(32, two_submodels(), |(submodels, law)| approaches_at_rate(at_the_arithmetic_mean, &submodels, &law, 256));
}

/// The two ways to the same expectation, and, for every q, E KL(q‖G_k) = KL(q‖NGM) + E KL(NGM‖G_k): the floor.
#[test]
fn mc_geometric_rate_holds_with_the_floor_of_any_other_prediction() {
    let case = (any_submodels(2, CLASSES), any_f64_law(2), reals(CLASSES));
    holds(32, case, |(submodels, law, q)| {
        let logits = logits(&submodels, &no_input(), &law);
        let ngm = geometric_mean(&logits);
        let rounding = 64.0 * 8.0 * f64::EPSILON; // logarithms below 8, up to 4³ of them
        for k in 1..=3 {
            let found = expected_divergence(&q, &logits, k);
            prop_assert!((found - over_tuples(&q, &logits, k)).abs() < rounding);
            let floor = divergence(&q, &ngm).unwrap();
            prop_assert!((found - floor - expected_divergence(&ngm, &logits, k)).abs() < rounding);
        }
        Ok(())
    });
}

/// Softmax regression: weight scaling is the geometric mean, so G_k approaches it.
#[test]
fn mc_geometric_rate_holds_against_weight_scaling_in_softmax_regression() {
    let network = softmax_regression(dmatrix![1.0, -2.0; 0.5, 0.0; -1.0, 1.5], dvector![0.0, 1.0, -0.5]).unwrap();
    let (x, law) = (dvector![1.0, 0.5], Uniform::new(2));
    let weight_scaling = Ensemble::new(&network, &Softmax, &law).unwrap().weight_scaled_output(&x).unwrap();
    let logits = logits(&network, &x, &law);
    let divergences = [1, 4, 16].map(|k| expected_divergence(&weight_scaling, &logits, k));
    // Each fourth part of the one before, but for what the distance from the limit allows.
    for (k, pair) in [1, 4].iter().zip(divergences.windows(2)) {
        let allowed =
            distance_from_the_limit(&logits, *k) / *k as f64 + distance_from_the_limit(&logits, 4 * k) / *k as f64;
        assert!((pair[0] - 4.0 * pair[1]).abs() < allowed);
    }
    assert!(divergences[2] < 0.03 && divergences[0] > 10.0 * divergences[2]);
}

/// A nonlinear network: the divergence from weight scaling stops at KL(WS‖NGM).
#[test]
fn mc_geometric_rate_fails_to_reach_weight_scaling_in_a_nonlinear_network() {
    let network = Mlp::new(
        2,
        vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(dmatrix![4.0, 4.0; -4.0, 4.0], dvector![-2.0, 2.0]).unwrap()),
            Layer::Unit(Activation::Tanh),
            Layer::Affine(Affine::new(dmatrix![2.0, 1.0; -2.0, 1.0; 0.0, -2.0], dvector![0.0, 0.0, 0.0]).unwrap()),
        ],
    )
    .unwrap();
    let (x, law) = (dvector![1.0, 1.0], Uniform::new(2));
    let weight_scaling = Ensemble::new(&network, &Softmax, &law).unwrap().weight_scaled_output(&x).unwrap();
    let logits = logits(&network, &x, &law);
    let floor = divergence(&weight_scaling, &geometric_mean(&logits)).unwrap();
    assert_eq!(format!("{floor:.4}"), "0.1177");
    let divergences = [1, 2, 4, 8, 16].map(|k| expected_divergence(&weight_scaling, &logits, k));
    assert!(divergences.is_sorted_by(|a, b| a > b), "they fall");
    assert!(divergences[4] > floor && divergences[4] < 1.5 * floor, "to the floor, not to zero: {divergences:?}");
}

// The sampled mean itself.

type Sampled = fn(&Submodels<f64>, script: &mut Script, k: u64) -> DVector<f64>;

fn sampled(submodels: &Submodels<f64>, script: &mut Script, k: u64) -> DVector<f64> {
    let law = Uniform::new(2);
    let ensemble = Ensemble::new(submodels, &Softmax, &law).unwrap();
    ensemble.monte_carlo_geometric(&no_input(), k, script).unwrap().expected
}

/// For every k-tuple of masks: the distribution at the mean logits of those masks.
fn is_the_geometric_mean_of_the_sample(rule: Sampled, submodels: &Submodels<f64>) -> TestCaseResult {
    for k in 1..=3u64 {
        for masks in (0..k).map(|_| 0..4).multi_cartesian_product() {
            let mean = masks.iter().fold(DVector::zeros(CLASSES), |sum, &m| sum + &submodels.0[m as usize]) / k as f64;
            let found = rule(submodels, &mut Script::new(masks), k);
            // Logits below 3 with a few roundings, and probabilities below 1.
            prop_assert!((found - probabilities(&mean)).amax() < 16.0 * 3.0 * f64::EPSILON);
        }
    }
    Ok(())
}

#[test]
fn mc_geometric_rate_holds_for_the_geometric_mean_of_every_tuple_of_masks() {
    holds(16, any_submodels(2, CLASSES), |submodels| is_the_geometric_mean_of_the_sample(sampled, &submodels));
}

#[test]
fn mc_geometric_rate_mutant_forgets_the_root() {
    fn product(submodels: &Submodels<f64>, script: &mut Script, k: u64) -> DVector<f64> {
        let powers = sampled(submodels, script, k).map(|p| p.powi(k as i32));
        &powers / powers.sum()
    }
    refuted(8, any_submodels(2, CLASSES), |submodels| is_the_geometric_mean_of_the_sample(product, &submodels));
}

#[test]
fn mc_geometric_rate_mutant_averages_the_probabilities() {
    fn arithmetic(submodels: &Submodels<f64>, script: &mut Script, k: u64) -> DVector<f64> {
        let law = Uniform::new(2);
        Ensemble::new(submodels, &Softmax, &law).unwrap().monte_carlo(&no_input(), k, script).unwrap().mean
    }
    refuted(8, any_submodels(2, CLASSES), |submodels| is_the_geometric_mean_of_the_sample(arithmetic, &submodels));
}
