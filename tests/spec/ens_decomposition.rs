//! Claim ens.decomposition: what dropout minimises is the geometric mean's loss plus the sub-models' disagreement.

use crate::submodels::{
    Submodels, any_f64_law, any_submodels, drawn, mixture, no_input, one_hot, probabilities, products,
};
use crate::support::{any_law, holds, q, rationals, real, reals, refuted};
use dropout_oracle::ensemble::{Decomposition, Ensemble, divergence};
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, LogProbability, Poisson, Softmax};
use dropout_oracle::law::{FiniteLaw, Table, Uniform};
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::{Rational, Real};
use nalgebra::{DVector, dmatrix, dvector};
use num_traits::Zero;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 2;
const CLASSES: usize = 3;

/// Logarithms of probabilities below 8 in size (logits within ±3), each number here within 40 roundings of such.
const ROUNDING: f64 = 40.0 * 8.0 * f64::EPSILON;

/// A rule that claims to split the expected loss at class y.
type Rule = fn(&Submodels<f64>, &Table<f64>, y: usize) -> Decomposition<f64>;

fn library(submodels: &Submodels<f64>, law: &Table<f64>, y: usize) -> Decomposition<f64> {
    let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
    ensemble.decomposition(&no_input(), &one_hot(CLASSES, y)).unwrap()
}

fn close(what: &str, found: f64, expected: f64) -> TestCaseResult {
    prop_assert!((found - expected).abs() < ROUNDING, "{what} is {found}, not {expected}");
    Ok(())
}

/// The three terms are what their definitions say, at every class, and the first is the sum of the others.
fn splits_the_loss(rule: Rule, submodels: &Submodels<f64>, law: &Table<f64>) -> TestCaseResult {
    let drawn = drawn(submodels, law);
    let products = products(&drawn);
    for y in 0..CLASSES {
        let found = rule(submodels, law, y);
        let expected_loss: f64 = drawn.iter().map(|(p, weight)| -weight * Real::ln(p[y])).sum();
        close("the expected loss", found.expected_loss, expected_loss)?;
        close("the geometric mean's loss", found.geometric_loss, -Real::ln(products[y] / products.sum()))?;
        close("the disagreement", found.disagreement, -Real::ln(products.sum()))?;
        close("the sum", found.geometric_loss + found.disagreement, expected_loss)?;
        prop_assert!(found.disagreement > -ROUNDING);
    }
    Ok(())
}

fn any_case() -> impl Strategy<Value = (Submodels<f64>, Table<f64>)> + Clone {
    (any_submodels(UNITS, CLASSES), any_f64_law(UNITS))
}

#[test]
fn ens_decomposition_holds_for_any_network_and_law() {
    holds(64, any_case(), |(submodels, law)| splits_the_loss(library, &submodels, &law));
}

#[test]
fn ens_decomposition_mutant_takes_the_arithmetic_mean() {
    fn arithmetic(submodels: &Submodels<f64>, law: &Table<f64>, y: usize) -> Decomposition<f64> {
        let Decomposition { expected_loss, .. } = library(submodels, law, y);
        let geometric_loss = -Real::ln(mixture(&drawn(submodels, law))[y]);
        Decomposition { expected_loss, geometric_loss, disagreement: expected_loss - geometric_loss }
    }
    refuted(32, any_case(), |(submodels, law)| splits_the_loss(arithmetic, &submodels, &law));
}

#[test]
fn ens_decomposition_mutant_forgets_to_renormalise() {
    fn not_normalised(submodels: &Submodels<f64>, law: &Table<f64>, y: usize) -> Decomposition<f64> {
        let Decomposition { expected_loss, .. } = library(submodels, law, y);
        Decomposition { expected_loss, geometric_loss: expected_loss, disagreement: 0.0 }
    }
    refuted(32, any_case(), |(submodels, law)| splits_the_loss(not_normalised, &submodels, &law));
}

/// The root of equation 7.54 is the uniform law's only.
#[test]
fn ens_decomposition_mutant_takes_the_root_under_any_law() {
    fn root(submodels: &Submodels<f64>, _: &Table<f64>, y: usize) -> Decomposition<f64> {
        let uniform = Uniform::new(UNITS);
        let ensemble = Ensemble::new(submodels, &Softmax, &uniform).unwrap();
        ensemble.decomposition(&no_input(), &one_hot(CLASSES, y)).unwrap()
    }
    refuted(32, any_case(), |(submodels, law)| splits_the_loss(root, &submodels, &law));
}

/// A rule that claims to give (the logits of) the distribution nearest to all sub-models.
type Nearest = fn(&Submodels<f64>, &Table<f64>) -> DVector<f64>;

fn geometric(submodels: &Submodels<f64>, law: &Table<f64>) -> DVector<f64> {
    let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
    ensemble.geometric_mean(&no_input()).unwrap().expected.map(Real::ln)
}

/// R = min_q Σ π KL(q‖p_μ), attained at the rule's distribution, against any other q; and what q loses is KL(q‖NGM).
fn nearest_is_at_distance_r(
    rule: Nearest,
    submodels: &Submodels<f64>,
    law: &Table<f64>,
    other: &DVector<f64>,
) -> TestCaseResult {
    let ensemble = Ensemble::new(submodels, &Softmax, law).unwrap();
    let distance = |logits: &DVector<f64>| ensemble.mean_divergence(&no_input(), logits).unwrap();
    let nearest = rule(submodels, law);
    close("the least mean divergence", distance(&nearest), library(submodels, law, 0).disagreement)?;
    prop_assert!(distance(&nearest) < distance(other) + ROUNDING);
    let lost = divergence(other, &nearest).unwrap();
    close("the mean divergence of any q", distance(other), distance(&nearest) + lost)?;
    // The library's divergence is the one by definition.
    let (by_hand, q) = (drawn(submodels, law), probabilities(other));
    let divergence = |p: &DVector<f64>| q.zip_fold(p, 0.0, |sum, q, p| sum + q * Real::ln(q / p));
    close("Σ π KL(q‖p)", distance(other), by_hand.iter().map(|(p, weight)| weight * divergence(p)).sum())
}

#[test]
fn ens_decomposition_holds_as_the_least_mean_divergence() {
    holds(64, (any_case(), reals(CLASSES)), |((submodels, law), other)| {
        nearest_is_at_distance_r(geometric, &submodels, &law, &other)
    });
}

/// A q with a class that p has not is infinitely far from it; a p with a class that q has not is not.
#[test]
fn ens_decomposition_holds_for_impossible_classes() {
    let (both, first) = (dvector![3.0, 3.0], dvector![0.0, f64::NEG_INFINITY]);
    assert_eq!(divergence(&both, &first), Ok(f64::INFINITY));
    assert_eq!(divergence(&first, &both), Ok(Real::ln(2.0)));
}

/// The arithmetic mean is nearest in the other direction, Σ π KL(p_μ‖q).
#[test]
fn ens_decomposition_mutant_takes_the_arithmetic_mean_as_nearest() {
    fn arithmetic(submodels: &Submodels<f64>, law: &Table<f64>) -> DVector<f64> {
        mixture(&drawn(submodels, law)).map(Real::ln)
    }
    refuted(32, (any_case(), reals(CLASSES)), |((submodels, law), other)| {
        nearest_is_at_distance_r(arithmetic, &submodels, &law, &other)
    });
}

/// R = 0 iff all sub-models agree. Sub-models at total variation t, of weights a and b, are by Pinsker's inequality never
/// nearer to any q than 2ab/(a + b)·t².
#[test]
fn ens_decomposition_holds_with_zero_disagreement_iff_all_agree() {
    holds(64, any_case(), |(submodels, law)| {
        let disagreement = library(&submodels, &law, 0).disagreement;
        for ((p, a), (r, b)) in itertools::iproduct!(drawn(&submodels, &law), drawn(&submodels, &law)) {
            let variation = (p - r).abs().sum() / 2.0;
            prop_assert!(disagreement > 2.0 * a * b / (a + b) * variation * variation - ROUNDING);
        }
        // The same distribution under every mask, although the logits differ by a constant.
        let agreeing = Submodels((0..4).map(|mask| submodels.0[0].add_scalar(f64::from(mask))).collect());
        close("the disagreement", library(&agreeing, &law, 0).disagreement, 0.0)
    });
}

/// The geometric mean's distribution as a network's output, found from its expected y.
fn check_head<H: LogProbability<f64>>(
    head: &H,
    submodels: &Submodels<f64>,
    law: &Table<f64>,
    target: &DVector<f64>,
    output: impl Fn(&DVector<f64>) -> DVector<f64>,
) -> TestCaseResult {
    let ensemble = Ensemble::new(submodels, head, law).unwrap();
    let split = ensemble.decomposition(&no_input(), target).unwrap();
    let outputs = ensemble.submodels(&no_input()).unwrap();
    let by_definition: f64 = outputs.iter().map(|(z, weight)| -weight * head.log_probability(z, target).unwrap()).sum();
    let geometric_mean = output(&ensemble.geometric_mean(&no_input()).unwrap().expected);
    // Rates and squares up to 100: 40 roundings of those.
    let rounding = 40.0 * 100.0 * f64::EPSILON;
    prop_assert!((split.expected_loss - by_definition).abs() < rounding);
    prop_assert!((split.geometric_loss + head.log_probability(&geometric_mean, target).unwrap()).abs() < rounding);
    prop_assert!((split.geometric_loss + split.disagreement - by_definition).abs() < rounding);
    prop_assert!(split.disagreement > -rounding);
    Ok(())
}

#[test]
fn ens_decomposition_holds_for_every_head() {
    let counts = prop::collection::vec((0..5).prop_map(f64::from), 2).prop_map(DVector::from_vec);
    let bits = prop::collection::vec((0..2).prop_map(f64::from), 2).prop_map(DVector::from_vec);
    let case = (any_submodels(UNITS, 2), any_f64_law(UNITS), reals(2), counts, bits, real());
    holds(48, case, |(submodels, law, point, counts, bits, y)| {
        check_head(&Bernoulli, &submodels, &law, &bits, |p| p.map(|p| Real::ln(p / (1.0 - p))))?;
        check_head(&Poisson, &submodels, &law, &counts, |rates| rates.map(Real::ln))?;
        check_head(&Gaussian::new(0.5).unwrap(), &submodels, &law, &point, DVector::clone)?;
        // One mean and one variance, the latter made positive.
        let head = GaussianWithVariance;
        let positive = Submodels(submodels.0.iter().map(|z| dvector![z[0], 1.0 + z[1] * z[1]]).collect());
        let coordinates = Ensemble::new(&positive, &head, &law).unwrap().submodels(&no_input()).unwrap();
        let mean = coordinates.iter().fold(DVector::zeros(3), |sum, (z, w)| sum + head.log_coordinates(z) * *w);
        check_head(&head, &positive, &law, &dvector![y], |m| dvector![m[0], head.variance(&mean)[0]])
    });
}

// Squared loss: over any network and law, in exact rationals.

/// Mean and variance of the sub-models' outputs.
type Moments = fn(&Submodels<Rational>, &Table<Rational>) -> (Rational, Rational);

fn moments(submodels: &Submodels<Rational>, law: &Table<Rational>) -> (Rational, Rational) {
    let head = Gaussian::new(q(1, 1)).unwrap();
    let ensemble = Ensemble::new(submodels, &head, law).unwrap();
    let mean = ensemble.arithmetic_mean(&no_input()).unwrap()[0].clone();
    (mean, ensemble.output_covariance(&no_input()).unwrap()[(0, 0)].clone())
}

/// E(f − t)² = (E f − t)² + Var f, `==`.
fn splits_the_squared_loss(
    rule: Moments,
    submodels: &Submodels<Rational>,
    law: &Table<Rational>,
    t: &Rational,
) -> TestCaseResult {
    let square = |x: Rational| x.clone() * x;
    let weights = law.support().unwrap().map(|(_, weight)| weight);
    let terms = submodels.0.iter().zip(weights).map(|(f, weight)| weight * square(f[0].clone() - t.clone()));
    let expected = terms.fold(Rational::zero(), |sum, term| sum + term);
    let (mean, variance) = rule(submodels, law);
    prop_assert_eq!(expected, square(mean - t.clone()) + variance);
    Ok(())
}

fn any_rational_case() -> impl Strategy<Value = (Submodels<Rational>, Table<Rational>, Rational)> + Clone {
    let submodels = prop::collection::vec(rationals(1), 1 << UNITS).prop_map(Submodels);
    (submodels, any_law(UNITS), rationals(1).prop_map(|t| t[0].clone()))
}

#[test]
fn ens_decomposition_holds_for_squared_loss_in_rationals() {
    holds(64, any_rational_case(), |(submodels, law, t)| splits_the_squared_loss(moments, &submodels, &law, &t));
}

/// The same through the Gaussian head: R = Var f/2σ².
#[test]
fn ens_decomposition_holds_for_the_gaussian_head_in_rationals() {
    holds(64, any_rational_case(), |(submodels, law, t)| {
        let head = Gaussian::new(q(3, 2)).unwrap();
        let ensemble = Ensemble::new(&submodels, &head, &law).unwrap();
        let target = DVector::from_element(1, t);
        let terms = ensemble.submodels(&no_input()).unwrap();
        let expected =
            terms.iter().fold(Rational::zero(), |sum, (f, weight)| sum + weight * head.loss(f, &target).unwrap());
        let ngm = ensemble.geometric_mean(&no_input()).unwrap();
        prop_assert_eq!(expected, head.loss(&ngm.expected, &target).unwrap() - ngm.log_mass.clone());
        prop_assert_eq!(-ngm.log_mass, moments(&submodels, &law).1 / q(3, 1));
        Ok(())
    });
}

#[test]
fn ens_decomposition_mutant_forgets_to_centre_the_variance() {
    fn second_moment(submodels: &Submodels<Rational>, law: &Table<Rational>) -> (Rational, Rational) {
        let (mean, variance) = moments(submodels, law);
        (mean.clone(), variance + mean.clone() * mean)
    }
    refuted(32, any_rational_case(), |(submodels, law, t)| {
        splits_the_squared_loss(second_moment, &submodels, &law, &t)
    });
}

/// "The mean network beats the average loss" is the geometric mean's property: weight scaling can lose. The logit is
/// 8 relu(d₀ + d₁ − 1) − 1, which weight scaling puts at −1, and the label is 1.
#[test]
fn ens_decomposition_fails_for_weight_scaling() {
    let network = Mlp::new(
        2,
        vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(dmatrix![1.0, 1.0], dvector![-1.0]).unwrap()),
            Layer::Unit(PiecewiseLinear::Relu),
            Layer::Affine(Affine::new(dmatrix![8.0], dvector![-1.0]).unwrap()),
        ],
    )
    .unwrap();
    let law = Uniform::new(2);
    let ensemble = Ensemble::new(&network, &Bernoulli, &law).unwrap();
    let (x, label) = (dvector![1.0, 1.0], dvector![1.0]);
    let split = ensemble.decomposition(&x, &label).unwrap();
    let weight_scaling = -Bernoulli.log_probability(&ensemble.weight_scaled_output(&x).unwrap(), &label).unwrap();
    assert!(split.geometric_loss < split.expected_loss && split.expected_loss < weight_scaling);
    assert_eq!(format!("{:.4} {weight_scaling:.4}", split.expected_loss), "0.9852 1.3133");
}
