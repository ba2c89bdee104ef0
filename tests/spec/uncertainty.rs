//! Claim ens.uncertainty: predictive entropy, mutual information and the law of total variance.

use crate::submodels::{Submodels, no_input};
use crate::support::{any_law, holds, keeps, mean_over, q, rational_matrix, rationals, real_matrix, reals, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::ensemble::total_variance::{HeadVariance, TotalVariance};
use dropout_oracle::ensemble::uncertainty::{FiniteHead, Uncertainty};
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, Poisson, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent, Uniform};
use dropout_oracle::network::{Network, softmax_regression};
use dropout_oracle::{Error, Rational, Real, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::Zero;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

const INPUTS: usize = 3;
const CLASSES: usize = 3;

/// The sub-models' class probabilities, with their weights.
type Predictions = Vec<(DVector<f64>, f64)>;

/// Softmax regression (W, b), an input and KEEP probabilities.
type Case = (DMatrix<f64>, DVector<f64>, DVector<f64>, DVector<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    (real_matrix(CLASSES, INPUTS), reals(CLASSES), reals(INPUTS), keeps(INPUTS))
}

fn law(keep: &DVector<Rational>) -> Independent<f64> {
    Independent::new(keep.map(|p| Scalar::to_f64(&p))).unwrap()
}

/// By enumeration, from the definition: every sub-model's distribution.
fn predictions((w, b, x, keep): &Case) -> Predictions {
    let network = softmax_regression(w.clone(), b.clone()).unwrap();
    let masks = law(keep);
    let submodels = masks.support().unwrap();
    submodels.map(|(d, weight)| (Softmax.expected(&network.output(x, &d).unwrap()), weight)).collect()
}

fn kl(p: &DVector<f64>, q: &DVector<f64>) -> f64 {
    p.zip_fold(q, 0.0, |sum, p, q| sum + p * (Real::ln(p) - Real::ln(q)))
}

fn mean(predictions: &Predictions) -> DVector<f64> {
    predictions.iter().fold(DVector::zeros(CLASSES), |sum, (p, weight)| sum + p * *weight)
}

/// A rule that claims to give the mutual information of class and mask.
type Rule = fn(&Case) -> f64;

/// The project's rule.
fn uncertainty((w, b, x, keep): &Case) -> Uncertainty<f64> {
    let (network, law) = (softmax_regression(w.clone(), b.clone()).unwrap(), law(keep));
    Ensemble::new(&network, &Softmax, &law).unwrap().uncertainty(x).unwrap()
}

/// The claim: the difference of the entropies is the mean divergence of the sub-models from their mean, which is not
/// negative and at most ln C. Entropies below ln 3 of 8 masks: fewer than 100 roundings of numbers below 30 (the logs).
fn information_is_the_mean_divergence(rule: Rule, case: &Case) -> TestCaseResult {
    let predictions = predictions(case);
    let mean = mean(&predictions);
    let divergence = predictions.iter().fold(0.0, |sum, (p, weight)| sum + weight * kl(p, &mean));
    let information = rule(case);
    prop_assert!((information - divergence).abs() < 3000.0 * f64::EPSILON, "{} and {}", information, divergence);
    prop_assert!((0.0..=Real::ln(3.0)).contains(&information));
    Ok(())
}

#[test]
fn ens_uncertainty_holds_by_enumeration() {
    holds(64, case(), |case| information_is_the_mean_divergence(|case| uncertainty(case).mutual_information, &case));
}

/// The parts are what they are called, and literal: sub-models (.5, .5) and (.9, .1).
#[test]
fn ens_uncertainty_holds_for_a_literal_pair() {
    let network = softmax_regression(dmatrix![Real::ln(9.0); 0.0], dvector![0.0, 0.0]).unwrap();
    let masks = Uniform::new(1);
    let about = Ensemble::new(&network, &Softmax, &masks).unwrap().uncertainty(&dvector![1.0]).unwrap();
    let parts = [about.predictive_entropy, about.expected_entropy, about.mutual_information];
    assert_eq!(parts.map(|part| format!("{part:.6}")), ["0.610864", "0.509115", "0.101749"]);
    // Two answers of a Bernoulli head count one by one.
    let two: f64 = Bernoulli.entropy(&dvector![0.7, 0.7]);
    assert!((two - 2.0 * about.predictive_entropy).abs() < 8.0 * f64::EPSILON);
}

/// All sub-models agree where nothing is dropped, or where dropping changes nothing.
#[test]
fn ens_uncertainty_is_zero_without_disagreement() {
    let same = (
        DMatrix::zeros(CLASSES, INPUTS),
        dvector![1.0, 2.0, 3.0],
        dvector![1.0, 1.0, 1.0],
        dvector![q(1, 2), q(1, 3), q(1, 1)],
    );
    assert!(uncertainty(&same).mutual_information < 4.0 * f64::EPSILON);
    // Certain and impossible classes: 0 ln 0 is 0.
    let sure = (
        dmatrix![0.0, 0.0, 0.0; 800.0, 0.0, 0.0; 0.0, 0.0, 0.0],
        DVector::zeros(3),
        dvector![1.0, 0.0, 0.0],
        dvector![q(1, 1), q(1, 2), q(1, 2)],
    );
    assert_eq!(uncertainty(&sure).predictive_entropy, 0.0);
}

#[test]
fn ens_uncertainty_mutant_diverges_the_other_way() {
    refuted(32, case(), |case| {
        information_is_the_mean_divergence(
            |case| {
                let predictions = predictions(case);
                let mean = mean(&predictions);
                predictions.iter().fold(0.0, |sum, (p, weight)| sum + weight * kl(&mean, p))
            },
            &case,
        )
    });
}

#[test]
fn ens_uncertainty_mutant_takes_the_predictive_entropy() {
    refuted(32, case(), |case| information_is_the_mean_divergence(|case| uncertainty(case).predictive_entropy, &case));
}

/// Outside its condition, that the prediction is the *arithmetic* mean: the geometric one can be surer than its
/// sub-models are on average. (.5, .5) and (.99, .01): H(NGM) = .306 below E H = .375.
#[test]
fn ens_uncertainty_fails_for_the_geometric_mean() {
    let network = softmax_regression(dmatrix![Real::ln(99.0); 0.0], dvector![0.0, 0.0]).unwrap();
    let masks = Uniform::new(1);
    let ensemble = Ensemble::new(&network, &Softmax, &masks).unwrap();
    let (x, about) = (dvector![1.0], ensemble.uncertainty(&dvector![1.0]).unwrap());
    let geometric = Softmax.entropy(&ensemble.geometric_mean(&x).unwrap().expected);
    assert_eq!(format!("{geometric:.3} {:.3}", about.expected_entropy), "0.306 0.375");
}

/// Sampled: the seeded estimate lies where k = 4000 samples put it. Each of the k entropies lies in [0, ln 3], so by
/// Hoeffding their mean is within ln 3·√(ln(2/α)/2k) = .06 of its expectation but for α = 10⁻⁹.
#[test]
fn ens_uncertainty_holds_sampled() {
    let case = (
        dmatrix![2.0, -1.0, 0.5; 0.0, 1.0, -2.0; 1.0, 1.0, 1.0],
        dvector![0.0, 0.5, 0.0],
        dvector![1.0, 1.0, 1.0],
        dvector![q(1, 2), q(1, 2), q(1, 2)],
    );
    let (network, law) = (softmax_regression(case.0.clone(), case.1.clone()).unwrap(), law(&case.3));
    let ensemble = Ensemble::new(&network, &Softmax, &law).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let sampled = ensemble.sampled_uncertainty(&case.2, 4000, &mut rng).unwrap();
    assert!((sampled.expected_entropy - uncertainty(&case).expected_entropy).abs() < 0.06);
    let one = ensemble.sampled_uncertainty(&case.2, 1, &mut rng).unwrap();
    assert_eq!(one.mutual_information, 0.0);
    assert!(matches!(ensemble.sampled_uncertainty(&case.2, 0, &mut rng), Err(Error::Domain { .. })));
}

/// Linear regression with two outputs under any joint law of the mask, and σ² = 1/3.
type Regression = (DMatrix<Rational>, DVector<Rational>, DVector<Rational>);

fn regression() -> impl Strategy<Value = Regression> + Clone {
    (rational_matrix(2, INPUTS), rationals(2), rationals(INPUTS))
}

/// A rule that claims to split Var y.
type Split = fn(&Regression, &dyn FiniteLaw<Rational>) -> TotalVariance<Rational>;

/// The project's rule.
fn total_variance((w, b, x): &Regression, law: &dyn FiniteLaw<Rational>) -> TotalVariance<Rational> {
    let (network, head) = (softmax_regression(w.clone(), b.clone()).unwrap(), Gaussian::new(q(1, 3)).unwrap());
    Ensemble::new(&network, &head, law).unwrap().total_variance(x).unwrap()
}

/// The law of total variance: the parts sum to E y² − (E y)², where E(y² given μ) = f² + σ².
fn parts_sum_to_the_variance(rule: Split, case: &Regression, law: &dyn FiniteLaw<Rational>) -> TestCaseResult {
    let network = softmax_regression(case.0.clone(), case.1.clone()).unwrap();
    let moments = mean_over(law, |d| {
        let f = network.output(&case.2, d).unwrap();
        dvector![f[0].clone(), f[1].clone(), &f[0] * &f[0] + q(1, 3), &f[1] * &f[1] + q(1, 3)]
    });
    let parts = rule(case, law);
    for i in 0..2 {
        prop_assert_eq!(&parts.within[i] + &parts.between[i], &moments[2 + i] - &moments[i] * &moments[i]);
        prop_assert!(parts.between[i] >= Rational::zero());
    }
    Ok(())
}

#[test]
fn ens_uncertainty_splits_the_variance_under_any_law() {
    holds(32, (regression(), any_law(INPUTS)), |(case, law)| parts_sum_to_the_variance(total_variance, &case, &law));
}

/// For classes y is one-hot, and Var y = AM(1 − AM).
#[test]
fn ens_uncertainty_splits_the_variance_of_classes() {
    holds(32, case(), |case| {
        let (network, law) = (softmax_regression(case.0.clone(), case.1.clone()).unwrap(), law(&case.3));
        let ensemble = Ensemble::new(&network, &Softmax, &law).unwrap();
        let (am, parts) = (ensemble.arithmetic_mean(&case.2).unwrap(), ensemble.total_variance(&case.2).unwrap());
        let off = (parts.within + parts.between - am.map(|p| p * (1.0 - p))).amax();
        // Numbers below 1, a dozen roundings each.
        prop_assert!(off < 32.0 * f64::EPSILON, "{}", off);
        Ok(())
    });
}

/// Two sub-models with weight ½ each, under the heads whose variance moves with the mask: N(0, 1) and N(2, 4) beside
/// N(3, 5) and N(3, 7), answers of probability ½ and 0, and counts of rates 1 and 4.
#[test]
fn ens_uncertainty_splits_the_variance_of_every_head() {
    fn parts(head: &impl HeadVariance<f64>, outputs: [DVector<f64>; 2]) -> [Vec<f64>; 2] {
        let (submodels, law) = (Submodels(outputs.into()), Uniform::new(1));
        let parts = Ensemble::new(&submodels, head, &law).unwrap().total_variance(&no_input()).unwrap();
        [parts.within, parts.between].map(|part| part.as_slice().to_vec())
    }
    let normal = [dvector![0.0, 3.0, 1.0, 5.0], dvector![2.0, 3.0, 4.0, 7.0]];
    assert_eq!(parts(&GaussianWithVariance, normal), [[2.5, 6.0], [1.0, 0.0]]);
    assert_eq!(parts(&Bernoulli, [dvector![0.0], dvector![-800.0]]), [[0.125], [0.0625]]);
    let [within, between] = parts(&Poisson, [dvector![0.0], dvector![Real::ln(4.0)]]);
    // The rate 4 is off by e^x's condition number ln 4 and two roundings.
    assert!((within[0] - 2.5).abs() < 1e-14 && (between[0] - 2.25).abs() < 1e-14, "{within:?} {between:?}");
}

#[test]
fn ens_uncertainty_mutant_forgets_the_spread_of_the_means() {
    let forgetful: Split = |case, law| {
        let parts = total_variance(case, law);
        TotalVariance { between: DVector::zeros(2), ..parts }
    };
    refuted(16, (regression(), any_law(INPUTS)), |(case, law)| parts_sum_to_the_variance(forgetful, &case, &law));
}
