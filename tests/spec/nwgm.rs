//! Claims nwgm.logistic, nwgm.order and nwgm.fixture: the normalised weighted geometric mean of one probability (Baldi &
//! Sadowski 2013, 2014).

use crate::submodels::{any_f64_law, any_submodels, no_input, probabilities};
use crate::support::{holds, q, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::ensemble::nwgm::BinaryMeans;
use dropout_oracle::head::Softmax;
use dropout_oracle::{Rational, Real};
use nalgebra::DVector;
use num_traits::{One, Pow, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

// nwgm.logistic.

/// Four values of S with their weights.
pub type Law = Vec<(f64, f64)>;

pub fn any_s() -> impl Strategy<Value = Law> + Clone {
    let values = prop::collection::vec(-3.0..3.0, 4);
    (values, any_f64_law(2)).prop_map(|(values, law)| {
        let weights = dropout_oracle::law::FiniteLaw::support(&law).unwrap().map(|(_, weight)| weight);
        values.into_iter().zip(weights).collect()
    })
}

pub fn mean(law: &[(f64, f64)]) -> f64 {
    law.iter().map(|(s, weight)| s * weight).sum()
}

/// A rule that claims to give the NWGM of probabilities with weights.
type Rule = fn(&[(f64, f64)]) -> f64;

pub fn library(outcomes: &[(f64, f64)]) -> f64 {
    BinaryMeans::new(outcomes).unwrap().normalised()
}

/// NWGM(f(S)) = f(E S), to rounding. The odds of f(S) lie within e^±7, so an O near 1 has 1 − O, and hence the logit, to
/// e^7 roundings; the logistic function has slope ¼.
fn is_at_the_mean_input(rule: Rule, f: impl Fn(f64) -> f64, law: &Law) -> TestCaseResult {
    let outcomes: Vec<_> = law.iter().map(|(s, weight)| (f(*s), *weight)).collect();
    let (found, expected) = (rule(&outcomes), f(mean(law)));
    prop_assert!((found - expected).abs() < 4.0 * 1100.0 * f64::EPSILON, "{found} is not {expected}");
    Ok(())
}

#[test]
fn nwgm_logistic_holds_for_any_law() {
    holds(128, any_s(), |law| is_at_the_mean_input(library, Real::logistic, &law));
}

/// 1/(1 + c e^{−λx}), of which (1 + tanh)/2 is the one with c = 1 and λ = 2; and constants.
#[test]
fn nwgm_logistic_holds_for_the_whole_family() {
    holds(128, (any_s(), 0.5..2.0, -2.0..2.0), |(law, c, lambda): (_, f64, f64)| {
        is_at_the_mean_input(library, |x| 1.0 / (1.0 + c * Real::exp(-lambda * x)), &law)?;
        is_at_the_mean_input(library, |x| (1.0 + Real::tanh(x)) / 2.0, &law)?;
        is_at_the_mean_input(library, |_| c / 4.0, &law)
    });
}

/// Several classes: the normalised geometric mean of softmaxes is the softmax of the mean logits (below 3, with 40
/// roundings).
#[test]
fn nwgm_logistic_holds_for_softmax() {
    holds(64, (any_submodels(2, 3), any_f64_law(2)), |(submodels, law)| {
        let ensemble = Ensemble::new(&submodels, &Softmax, &law).unwrap();
        let logits = ensemble.submodels(&no_input()).unwrap();
        let mean = logits.iter().fold(DVector::zeros(3), |sum, (z, weight)| sum + z * *weight);
        let found = ensemble.geometric_mean(&no_input()).unwrap().expected;
        prop_assert!((found - probabilities(&mean)).amax() < 40.0 * 3.0 * f64::EPSILON);
        Ok(())
    });
}

#[test]
fn nwgm_logistic_mutant_forgets_to_renormalise() {
    let geometric: Rule = |outcomes| BinaryMeans::new(outcomes).unwrap().geometric();
    refuted(32, any_s(), |law| is_at_the_mean_input(geometric, Real::logistic, &law));
}

#[test]
fn nwgm_logistic_mutant_takes_the_arithmetic_mean() {
    let arithmetic: Rule = |outcomes| BinaryMeans::new(outcomes).unwrap().arithmetic;
    refuted(32, any_s(), |law| is_at_the_mean_input(arithmetic, Real::logistic, &law));
}

/// The fourth root, although the law is not uniform.
#[test]
fn nwgm_logistic_mutant_takes_the_root_under_any_law() {
    let root: Rule = |outcomes| library(&outcomes.iter().map(|(o, _)| (*o, 0.25)).collect::<Vec<_>>());
    refuted(32, any_s(), |law| is_at_the_mean_input(root, Real::logistic, &law));
}

/// Logits 0 and 3, the normal distribution function: NWGM .9645, at the mean .9332.
#[test]
fn nwgm_logistic_fails_for_the_probit() {
    let probit = |x: f64| (1.0 + pxfm::f_erf(x / 2f64.sqrt())) / 2.0;
    let law = vec![(0.0, 0.5), (3.0, 0.5)];
    assert!(is_at_the_mean_input(library, probit, &law).is_err());
    assert_eq!(format!("{:.4}", library(&[(probit(0.0), 0.5), (probit(3.0), 0.5)])), "0.9645");
    assert_eq!(format!("{:.4}", probit(1.5)), "0.9332");
}

/// x/√(1 + x²), brought to [0, 1], has the shape of a logistic function and not its odds.
#[test]
fn nwgm_logistic_fails_for_the_algebraic_sigmoid() {
    let sigmoid = |x: f64| (1.0 + x / (1.0 + x * x).sqrt()) / 2.0;
    refuted(32, any_s(), |law| is_at_the_mean_input(library, sigmoid, &law));
}

/// That logistic functions and constants are the only ones needs values inside (0, 1): there logit f is affine, as it takes
/// the mean of two numbers to the mean of its values (Cauchy's equation, for any f that is bounded on an interval). A step
/// from 0 to 1 has the property wherever there is an NWGM at all: on one side of the step.
#[test]
fn nwgm_logistic_fails_to_be_alone_among_steps() {
    let step = |x: f64| f64::from(x >= 0.0);
    let mut undefined = 0;
    for (a, b) in itertools::iproduct!(-3..=3, -3..=3) {
        let law = vec![(f64::from(a), 0.5), (f64::from(b), 0.5)];
        if step(f64::from(a)) == step(f64::from(b)) {
            is_at_the_mean_input(library, step, &law).unwrap();
        } else {
            undefined += 1;
            let outcomes = [(0.0, 0.5), (1.0, 0.5)];
            assert_eq!(BinaryMeans::new(&outcomes), Err(dropout_oracle::Error::ZeroProbability));
        }
    }
    assert_eq!(undefined, 2 * 3 * 4);
}

#[test]
fn nwgm_logistic_holds_with_named_errors_for_what_are_no_probabilities() {
    let error = |outcomes: &[(f64, f64)]| BinaryMeans::new(outcomes).unwrap_err().to_string();
    assert_eq!(
        error(&[(Real::tanh(-1.0), 1.0)]),
        "a sub-model's probability is -0.7615941559557649; it must be in [0, 1]"
    );
    assert_eq!(error(&[(f64::NAN, 1.0)]), "a sub-model's probability is NaN; it must be in [0, 1]");
    let law = "the weights are not a probability law: ";
    assert_eq!(error(&[(0.5, 0.5), (0.5, 0.25)]), format!("{law}the probabilities sum to 0.75, not to 1"));
    assert_eq!(error(&[(0.5, 1.5), (0.5, -0.5)]), format!("{law}sub-model 1 has probability -0.5"));
    assert_eq!(BinaryMeans::new(&[(0.0, 0.5), (1.0, 0.5)]), Err(dropout_oracle::Error::ZeroProbability));
    assert_eq!(BinaryMeans::new(&[(0.0, 0.5), (0.5, 0.5)]).unwrap().normalised(), 0.0);
}

// nwgm.order.

/// Sub-models' probabilities between `low` and `high` twelfths, each so many times over.
fn counted(low: i64, high: i64) -> impl Strategy<Value = Vec<(Rational, usize)>> + Clone {
    prop::collection::vec(((low..=high).prop_map(|n| q(n, 12)), 1usize..=3), 1..=3)
}

fn total(counted: &[(Rational, usize)]) -> usize {
    counted.iter().map(|(_, n)| n).sum()
}

fn arithmetic(counted: &[(Rational, usize)]) -> Rational {
    let sum = counted.iter().fold(Rational::zero(), |sum, (o, n)| sum + o.clone() * q(*n as i64, 1));
    sum / q(total(counted) as i64, 1)
}

pub fn odds(o: Rational) -> Rational {
    o.clone() / (Rational::one() - o)
}

/// A rule that claims to give E.
type Mean = fn(&[(Rational, usize)]) -> Rational;

/// NWGM ≤ E, or ≥ E: without any root, as Π odds^n against odds(E)^Σn, in exact rationals.
fn ordered(rule: Mean, counted: &[(Rational, usize)], at_most: bool) -> TestCaseResult {
    let of_nwgm = counted.iter().fold(Rational::one(), |product, (o, n)| product * odds(o.clone()).pow(*n));
    let of_mean = odds(rule(counted)).pow(total(counted));
    let as_claimed = if at_most { of_nwgm <= of_mean } else { of_nwgm >= of_mean };
    prop_assert!(as_claimed, "NWGM has odds^N = {of_nwgm}, E has {of_mean}");
    Ok(())
}

/// Ky Fan's inequality, and the same for the complements.
#[test]
fn nwgm_order_holds_on_either_side_of_one_half_in_rationals() {
    holds(64, counted(1, 6), |low| ordered(arithmetic, &low, true));
    holds(64, counted(6, 11), |high| ordered(arithmetic, &high, false));
}

#[test]
fn nwgm_order_mutant_weighs_all_alike() {
    fn alike(counted: &[(Rational, usize)]) -> Rational {
        arithmetic(&counted.iter().map(|(o, _)| (o.clone(), 1)).collect::<Vec<_>>())
    }
    refuted(64, counted(1, 6), |low| ordered(alike, &low, true));
    refuted(64, counted(6, 11), |high| ordered(alike, &high, false));
}

#[test]
fn nwgm_order_mutant_averages_the_odds() {
    fn of_the_odds(counted: &[(Rational, usize)]) -> Rational {
        let odds: Vec<_> = counted.iter().map(|(o, n)| (odds(o.clone()), *n)).collect();
        arithmetic(&odds).clone() / (arithmetic(&odds) + Rational::one())
    }
    refuted(64, counted(6, 11), |high| ordered(of_the_odds, &high, false));
}

/// On both sides of ½ at once there is no order.
#[test]
fn nwgm_order_fails_across_one_half() {
    let (below, above) = ([(q(1, 10), 1), (q(6, 10), 1)], [(q(4, 10), 1), (q(9, 10), 1)]);
    assert!(ordered(arithmetic, &below, true).is_ok() && ordered(arithmetic, &below, false).is_err());
    assert!(ordered(arithmetic, &above, true).is_err() && ordered(arithmetic, &above, false).is_ok());
}

/// G ≤ E and G ≤ NWGM, whatever the probabilities: four numbers in [0, 1], to a few roundings.
fn geometric_is_least(normalised: fn(&BinaryMeans<f64>) -> f64, law: &Law) -> TestCaseResult {
    let outcomes: Vec<_> = law.iter().map(|(s, weight)| (Real::logistic(*s), *weight)).collect();
    let means = BinaryMeans::new(&outcomes).unwrap();
    let rounding = 16.0 * f64::EPSILON;
    prop_assert!(means.geometric() <= means.arithmetic + rounding);
    prop_assert!(means.geometric() <= normalised(&means) + rounding);
    Ok(())
}

#[test]
fn nwgm_order_holds_with_the_geometric_mean_least() {
    holds(128, any_s(), |law| geometric_is_least(BinaryMeans::normalised, &law));
}

#[test]
fn nwgm_order_mutant_multiplies_by_the_mass() {
    fn multiplied(means: &BinaryMeans<f64>) -> f64 {
        means.geometric() * (means.geometric() + Real::exp(means.log_complement))
    }
    refuted(32, any_s(), |law| geometric_is_least(multiplied, &law));
}

// nwgm.fixture.

/// Logits ½ and 1: the four means, to six digits.
fn fixture(rule: fn(&[(f64, f64)]) -> BinaryMeans<f64>) -> bool {
    let outcomes = [0.5, 1.0].map(|s| (Real::logistic(s), 0.5));
    let means = rule(&outcomes);
    let found = [
        outcomes[0].0,
        outcomes[1].0,
        means.arithmetic,
        means.geometric(),
        Real::exp(means.log_complement),
        means.normalised(),
    ];
    found.map(|x| format!("{x:.6}")) == ["0.622459", "0.731059", "0.676759", "0.674577", "0.318648", "0.679179"]
}

#[test]
fn nwgm_fixture_holds() {
    assert!(fixture(|outcomes| BinaryMeans::new(outcomes).unwrap()));
    assert_eq!(format!("{:.6}", Real::logistic(0.75)), "0.679179"); // at the mean logit
}

#[test]
fn nwgm_fixture_mutant_takes_one_minus_g_for_the_complements() {
    assert!(!fixture(|outcomes| {
        let means = BinaryMeans::new(outcomes).unwrap();
        BinaryMeans { log_complement: Real::ln(1.0 - means.geometric()), ..means }
    }));
}
