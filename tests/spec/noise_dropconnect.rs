//! Claim noise.dropconnect: masks on weights against masks on inputs.

use crate::moments::moments;
use crate::support::{holds, q, rational_matrix, rationals, refuted};
use approx::assert_abs_diff_eq;
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::Softmax;
use dropout_oracle::law::{FiniteLaw, Independent, Tied};
use dropout_oracle::network::{Affine, Mlp, Network, PiecewiseLinear, softmax_regression};
use dropout_oracle::noise::dropconnect::{self, PreActivation};
use dropout_oracle::{Error, Rational, Real, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::collections::BTreeMap;

const OUTPUTS: usize = 2;
const INPUTS: usize = 3;

/// The layer, its input v, and the KEEP probability p.
type Case = (Affine<Rational>, DVector<Rational>, Rational);

fn case() -> impl Strategy<Value = Case> + Clone {
    let layer = (rational_matrix(OUTPUTS, INPUTS), rationals(OUTPUTS));
    (layer, rationals(INPUTS), 1i64..=6)
        .prop_map(|((weight, bias), v, p)| (Affine::new(weight, bias).unwrap(), v, q(p, 6)))
}

fn product_network<T: Scalar>(affine: &Affine<T>) -> Mlp<T, PiecewiseLinear> {
    Mlp::new(affine.inputs(), dropconnect::layers(affine).into()).unwrap()
}

/// A law over the multipliers of all weights.
type WeightMasks<T> = fn(&Affine<T>, &T) -> Box<dyn FiniteLaw<T>>;

fn one_mask_a_weight<T: Scalar>(affine: &Affine<T>, p: &T) -> Box<dyn FiniteLaw<T>> {
    Box::new(Independent::new(DVector::from_element(affine.weight.len(), p.clone())).unwrap())
}

fn tied_by_input<T: Scalar>(affine: &Affine<T>, p: &T) -> Box<dyn FiniteLaw<T>> {
    let inputs = Independent::new(DVector::from_element(affine.inputs(), p.clone())).unwrap();
    Box::new(Tied::new(inputs, dropconnect::input_of_weight(affine)).unwrap())
}

/// Output dropout instead: one mask a row.
fn tied_by_output<T: Scalar>(affine: &Affine<T>, p: &T) -> Box<dyn FiniteLaw<T>> {
    let outputs = Independent::new(DVector::from_element(affine.outputs(), p.clone())).unwrap();
    let row_of = (0..affine.weight.len()).map(|unit| unit / affine.inputs()).collect();
    Box::new(Tied::new(outputs, row_of).unwrap())
}

/// The law of the i-th entry of f(v, μ): each value with its probability.
fn marginal(
    network: &impl Network<Rational>,
    law: &dyn FiniteLaw<Rational>,
    v: &DVector<Rational>,
    i: usize,
) -> BTreeMap<Rational, Rational> {
    let mut probabilities = BTreeMap::new();
    for (multipliers, weight) in law.support().unwrap().filter(|(_, weight)| !weight.is_zero()) {
        let value = network.output(v, &multipliers).unwrap()[i].clone();
        *probabilities.entry(value).or_insert_with(Rational::zero) += weight;
    }
    probabilities
}

/// Each pre-activation has the law that it has under dropout of the inputs.
fn same_marginals(masks: WeightMasks<Rational>, (affine, v, p): &Case) -> TestCaseResult {
    let dropout = softmax_regression(affine.weight.clone(), affine.bias.clone()).unwrap();
    let inputs = Independent::new(DVector::from_element(INPUTS, p.clone())).unwrap();
    for i in 0..OUTPUTS {
        let by_weight = marginal(&product_network(affine), &*masks(affine, p), v, i);
        prop_assert_eq!(by_weight, marginal(&dropout, &inputs, v, i));
    }
    Ok(())
}

#[test]
fn noise_dropconnect_holds_for_the_marginals_of_the_pre_activations() {
    holds(24, case(), |case| same_marginals(one_mask_a_weight, &case));
}

/// Input dropout is DropConnect with the masks of each column tied.
#[test]
fn noise_dropconnect_holds_for_dropout_as_its_tied_case() {
    holds(24, case(), |case| same_marginals(tied_by_input, &case));
}

#[test]
fn noise_dropconnect_mutant_masks_whole_rows() {
    refuted(24, case(), |case| same_marginals(tied_by_output, &case));
}

/// A formula for Cov(u_i, u_l), i ≠ l.
type Covariance = fn(&Case, usize, usize) -> Rational;

fn none(_: &Case, _: usize, _: usize) -> Rational {
    Rational::zero()
}

/// p(1−p) Σ_j w_ij w_lj v_j².
fn shared_inputs((affine, v, p): &Case, i: usize, l: usize) -> Rational {
    let w = &affine.weight;
    let terms = (0..INPUTS).map(|j| w[(i, j)].clone() * w[(l, j)].clone() * v[j].clone() * v[j].clone());
    terms.fold(Rational::zero(), |sum, term| sum + term) * p.clone() * (Rational::one() - p.clone())
}

fn covariance_is(masks: WeightMasks<Rational>, formula: Covariance, case: &Case) -> TestCaseResult {
    let (affine, v, p) = case;
    let network = product_network(affine);
    let (_, covariance) = moments(&*masks(affine, p), |multipliers| network.output(v, multipliers).unwrap());
    prop_assert_eq!(covariance[(0, 1)].clone(), formula(case, 0, 1));
    Ok(())
}

#[test]
fn noise_dropconnect_holds_for_the_covariance_across_outputs() {
    holds(24, case(), |case| {
        covariance_is(one_mask_a_weight, none, &case)?;
        covariance_is(tied_by_input, shared_inputs, &case)
    });
}

#[test]
fn noise_dropconnect_mutant_keeps_the_covariance_of_dropout() {
    refuted(24, case(), |case| covariance_is(one_mask_a_weight, shared_inputs, &case));
}

/// Softmax regression: the mean logits, hence NGM, are those of dropout, whichever way the masks are tied.
#[test]
fn noise_dropconnect_holds_for_the_geometric_mean() {
    holds(24, case(), |(affine, v, p)| {
        let network = product_network(&affine);
        let scaled = affine.apply(&(&v * p.clone()));
        for masks in [one_mask_a_weight, tied_by_input] {
            let (mean, _) = moments(&*masks(&affine, &p), |multipliers| network.output(&v, multipliers).unwrap());
            prop_assert_eq!(mean, scaled.clone());
        }
        Ok(())
    });
}

/// Logits (2d, −2d′) at p = ½: with d = d′ AM is ½σ(4) + ¼ = .7410, with independent masks .8109; NGM is σ(2) in both.
#[test]
fn noise_dropconnect_has_another_arithmetic_mean() {
    let affine = Affine::new(dmatrix![2.0; -2.0], dvector![0.0, 0.0]).unwrap();
    let network = product_network(&affine);
    let predict = |masks: WeightMasks<f64>| {
        let law = masks(&affine, &0.5);
        Ensemble::new(&network, &Softmax, &*law).unwrap().predict(&dvector![1.0]).unwrap()
    };
    let (weights, inputs) = (predict(one_mask_a_weight), predict(tied_by_input));
    // A handful of roundings of numbers below 1.
    assert_abs_diff_eq!(weights.geometric_mean.expected[0], 2f64.logistic(), epsilon = 1e-15);
    assert_abs_diff_eq!(inputs.geometric_mean.expected[0], 2f64.logistic(), epsilon = 1e-15);
    let by_hand = [0.25 * 4f64.logistic() + 0.5 * 2f64.logistic() + 0.125, 0.5 * 4f64.logistic() + 0.25];
    assert_abs_diff_eq!(weights.arithmetic_mean[0], by_hand[0], epsilon = 1e-15);
    assert_abs_diff_eq!(inputs.arithmetic_mean[0], by_hand[1], epsilon = 1e-15);
    assert_eq!(by_hand.map(|p| format!("{p:.4}")), ["0.8109", "0.7410"]);
}

/// Outside the condition "logits add up functions of one pre-activation each": h = relu(u_0 + u_1) with u = (d, −d′) is
/// always 0 under dropout, and 1 for one mask in four of DropConnect.
#[test]
fn noise_dropconnect_fails_where_pre_activations_meet_in_a_unit() {
    let affine = Affine::new(dmatrix![q(1, 1); q(-1, 1)], dvector![q(0, 1), q(0, 1)]).unwrap();
    let network = product_network(&affine);
    let mean = |masks: WeightMasks<Rational>| {
        let h = |multipliers: &DVector<Rational>| {
            let u = network.output(&dvector![q(1, 1)], multipliers).unwrap();
            dvector![u.sum().maximum(q(0, 1))]
        };
        moments(&*masks(&affine, &q(1, 2)), h).0[0].clone()
    };
    assert_eq!(mean(tied_by_input), q(0, 1));
    assert_eq!(mean(one_mask_a_weight), q(1, 4));
}

/// The moments of the pre-activations, as some implementation has them.
type Moments = fn(&Case) -> PreActivation<Rational>;

fn library((affine, v, p): &Case) -> PreActivation<Rational> {
    PreActivation::new(affine, p.clone(), v).unwrap()
}

fn moments_match(rule: Moments, case: &Case) -> TestCaseResult {
    let (affine, v, p) = case;
    let network = product_network(affine);
    let law = one_mask_a_weight(affine, p);
    let (mean, covariance) = moments(&*law, |multipliers| network.output(v, multipliers).unwrap());
    let claimed = rule(case);
    prop_assert_eq!(claimed.mean, mean);
    prop_assert_eq!(DMatrix::from_diagonal(&claimed.variance), covariance);
    Ok(())
}

/// u has mean p W v + b and the diagonal covariance p(1−p)(W∘W)(v∘v).
#[test]
fn noise_dropconnect_holds_for_the_moments_of_its_inference() {
    holds(24, case(), |case| moments_match(library, &case));
}

#[test]
fn noise_dropconnect_mutant_forgets_the_drop_rate_in_the_variance() {
    fn forgets(case: &Case) -> PreActivation<Rational> {
        let (affine, v, p) = case;
        let squares = Affine { weight: affine.weight.map(|w| w.clone() * w), bias: DVector::zeros(OUTPUTS) };
        PreActivation { variance: squares.apply(&v.map(|v| v.clone() * v)) * p.clone(), ..library(case) }
    }
    refuted(24, case(), |case| moments_match(forgets, &case));
}

#[test]
fn noise_dropconnect_mutant_scales_the_bias() {
    fn scaled(case: &Case) -> PreActivation<Rational> {
        let (affine, v, p) = case;
        PreActivation { mean: affine.apply(v) * p.clone(), ..library(case) }
    }
    refuted(24, case(), |case| moments_match(scaled, &case));
}

/// relu(d_0 + d_1 − 1), p = ½: the arithmetic mean is ¼, and the normal law of the same moments, N(0, ½), has
/// E relu(u) = 1/√(4π) = .2821: more samples do not make the paper's inference exact.
#[test]
fn noise_dropconnect_inference_converges_to_the_normal_law_not_to_the_masks() {
    let affine = Affine::new(dmatrix![1.0, 1.0], dvector![-1.0]).unwrap();
    let u = PreActivation::new(&affine, 0.5, &dvector![1.0, 1.0]).unwrap();
    let samples = 40_000;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let sampled = u.average(&PiecewiseLinear::Relu, samples, &mut rng).unwrap()[0];
    let normal = 1.0 / (4.0 * std::f64::consts::PI).sqrt();
    // relu is 1-Lipschitz, so its mean over n normal draws of variance ½ is farther off than s with probability at most
    // 2 exp(−n s²): false alarms at rate 1e-6.
    let allowed = (Real::ln(2e6) / samples as f64).sqrt();
    assert!((sampled - normal).abs() < allowed, "{sampled} against {normal} +- {allowed}");
    assert!(normal - allowed > 0.25, "the sample cannot tell .2821 from .25");
    let law = one_mask_a_weight(&affine, &0.5);
    let network = product_network(&affine);
    let relu =
        |multipliers: &DVector<f64>| network.output(&dvector![1.0, 1.0], multipliers).unwrap().map(|u| u.max(0.0));
    assert_eq!(moments(&*law, relu).0[0], 0.25);
}

#[test]
fn noise_dropconnect_refuses_what_makes_no_sense() {
    let affine = Affine::new(dmatrix![1.0, 1.0], dvector![0.0]).unwrap();
    let v = dvector![1.0, 1.0];
    assert!(matches!(PreActivation::new(&affine, 0.0, &v), Err(Error::KeepProbability { .. })));
    assert!(matches!(PreActivation::new(&affine, 0.5, &dvector![1.0]), Err(Error::Shape { .. })));
    let u = PreActivation::new(&affine, 0.5, &v).unwrap();
    let none = u.average(&PiecewiseLinear::Relu, 0, &mut ChaCha8Rng::seed_from_u64(0));
    assert!(matches!(none, Err(Error::Domain { .. })));
}
