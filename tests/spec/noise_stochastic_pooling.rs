//! Claim noise.stochastic-pooling: what test time passes on is the exact expectation, what back-propagation passes back
//! is not the exact gradient.

use crate::support::{holds, mean_over, q, refuted};
use approx::assert_abs_diff_eq;
use dropout_oracle::law::{FiniteLaw, Law};
use dropout_oracle::network::{Network, linear_regression};
use dropout_oracle::noise::Region;
use dropout_oracle::{Error, Rational, Scalar};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 4;

/// Activations a ≥ 0, zeros and all-zero regions among them.
fn activations() -> impl Strategy<Value = DVector<Rational>> + Clone {
    let a = (0i64..=4, 1i64..=3).prop_map(|(n, d)| q(n, d));
    prop_oneof![
        9 => prop::collection::vec(a, UNITS).prop_map(DVector::from_vec),
        1 => Just(DVector::from_element(UNITS, q(0, 1))),
    ]
}

/// What a rule passes on at test time.
type Pooling = fn(&DVector<Rational>) -> Rational;

fn library(a: &DVector<Rational>) -> Rational {
    Region::new(a.clone()).unwrap().expected()
}

/// The law of the drawn unit, and by enumeration the mean of what it passes on.
fn is_the_expectation(pooling: Pooling, a: &DVector<Rational>) -> TestCaseResult {
    let law = Region::new(a.clone()).unwrap().law().unwrap();
    let pooled = linear_regression(a.clone(), q(0, 1)).unwrap(); // Σ μ_i a_i, with x = 1
    let ones = DVector::from_element(UNITS, q(1, 1));
    for (mask, _) in law.support().unwrap() {
        let drawn = mask.iter().filter(|d| !d.is_zero()).count();
        prop_assert_eq!(drawn, usize::from(a.iter().any(|a| !a.is_zero())));
    }
    let mean = mean_over(&law, |multipliers| pooled.output(&ones, multipliers).unwrap());
    prop_assert_eq!(&mean[0], &pooling(a));
    prop_assert_eq!(&pooled.output(&ones, &law.mean()).unwrap()[0], &pooling(a)); // weight scaling
    Ok(())
}

#[test]
fn noise_stochastic_pooling_holds_for_the_expectation() {
    holds(64, activations(), |a| is_the_expectation(library, &a));
}

/// Σa²/Σa written out, and P(I = i) in proportion to a_i.
#[test]
fn noise_stochastic_pooling_holds_as_a_ratio_of_power_sums() {
    holds(64, activations(), |a| {
        let total = a.sum();
        let region = Region::new(a.clone()).unwrap();
        prop_assert_eq!(region.expected() * total.clone(), a.dot(&a));
        prop_assert_eq!(region.probabilities() * total, a);
        Ok(())
    });
}

#[test]
fn noise_stochastic_pooling_mutant_averages_the_region() {
    refuted(24, activations(), |a| is_the_expectation(|a| a.sum() / q(UNITS as i64, 1), &a));
}

#[test]
fn noise_stochastic_pooling_mutant_takes_the_largest() {
    let largest: Pooling = |a| a.iter().cloned().fold(q(0, 1), Rational::maximum);
    refuted(24, activations(), |a| is_the_expectation(largest, &a));
}

/// Behind a nonlinearity the expectation of the pooled value is not enough: a = (1, 3) under relu(a − 2).
#[test]
fn noise_stochastic_pooling_fails_behind_a_nonlinearity() {
    let region = Region::new(dvector![q(1, 1), q(3, 1)]).unwrap();
    let relu = |a: &Rational| (a.clone() - q(2, 1)).maximum(q(0, 1));
    assert_eq!(region.expected_loss(relu), q(3, 4));
    assert_eq!(relu(&region.expected()), q(1, 2));
}

/// The gradient of E f(a_I) with respect to a, for f(a) = (a − t)².
type Gradient = fn(&Region<Rational>, &Rational) -> DVector<Rational>;

fn loss(t: &Rational) -> impl Fn(&Rational) -> Rational + '_ {
    move |a| (a.clone() - t.clone()) * (a.clone() - t.clone())
}

fn derivative(t: &Rational) -> impl Fn(&Rational) -> Rational + '_ {
    move |a| (a.clone() - t.clone()) * q(2, 1)
}

fn both_terms(region: &Region<Rational>, t: &Rational) -> DVector<Rational> {
    region.pathwise_gradient(derivative(t)) + region.score_gradient(loss(t)).unwrap()
}

/// The quotient rule for N/S, N = Σ a f(a), S = Σ a: (f(a_k) + a_k f′(a_k))/S − N/S².
fn is_the_gradient(gradient: Gradient, a: &DVector<Rational>, t: &Rational) -> TestCaseResult {
    let total = a.sum();
    prop_assume!(!total.is_zero());
    let numerator = a.iter().fold(q(0, 1), |sum, a| sum + a.clone() * loss(t)(a));
    let exact = a.map(|a| {
        (loss(t)(&a) + a.clone() * derivative(t)(&a)) / total.clone()
            - numerator.clone() / (total.clone() * total.clone())
    });
    prop_assert_eq!(gradient(&Region::new(a.clone()).unwrap(), t), exact);
    Ok(())
}

fn target() -> impl Strategy<Value = Rational> + Clone {
    (-3i64..=6).prop_map(|t| q(t, 2))
}

#[test]
fn noise_stochastic_pooling_holds_for_the_gradient_with_the_score_term() {
    holds(64, (activations(), target()), |(a, t)| is_the_gradient(both_terms, &a, &t));
}

/// What the paper trains with.
#[test]
fn noise_stochastic_pooling_mutant_back_propagates_through_the_drawn_unit_only() {
    let pathwise: Gradient = |region, t| region.pathwise_gradient(derivative(t));
    refuted(24, (activations(), target()), |(a, t)| is_the_gradient(pathwise, &a, &t));
}

#[test]
fn noise_stochastic_pooling_mutant_forgets_the_baseline() {
    let without: Gradient = |region, t| {
        let mean = region.expected_loss(loss(t));
        let score = region.score_gradient(loss(t)).unwrap();
        let total = q(1, 1) / region.probabilities().sum();
        region.pathwise_gradient(derivative(t)) + score.add_scalar(mean / total)
    };
    refuted(24, (activations(), target()), |(a, t)| is_the_gradient(without, &a, &t));
}

/// Figures: a = (1, 3), f(a) = a², at unit 0: back-propagation gives ½, the gradient of Σa³/Σa is −1.
#[test]
fn noise_stochastic_pooling_omits_a_term_that_can_turn_the_sign() {
    let region = Region::new(dvector![1.0, 3.0]).unwrap();
    assert_eq!(region.pathwise_gradient(|a| 2.0 * a)[0], 0.5);
    assert_eq!(region.score_gradient(|a| a * a).unwrap()[0], -1.5);
    let objective = |a0: f64| Region::new(dvector![a0, 3.0]).unwrap().expected_loss(|a| a * a);
    let h = 1e-5;
    // Truncation h² times a third derivative of about 10; rounding 10·2⁻⁵³/h.
    assert_abs_diff_eq!((objective(1.0 + h) - objective(1.0 - h)) / (2.0 * h), -1.0, epsilon = 1e-8);
}

/// π depends on the input: two inputs, two laws, whatever the parameters. Only the scale of the region does not matter.
#[test]
fn noise_stochastic_pooling_has_a_law_that_depends_on_the_input() {
    let law = |a: DVector<Rational>| Region::new(a).unwrap().law().unwrap();
    assert_ne!(law(dvector![q(1, 1), q(3, 1)]), law(dvector![q(2, 1), q(3, 1)]));
    assert_eq!(law(dvector![q(1, 1), q(3, 1)]), law(dvector![q(2, 1), q(6, 1)]));
}

#[test]
fn noise_stochastic_pooling_refuses_negative_activations_and_gives_zero_for_none() {
    assert!(matches!(Region::new(dvector![1.0, -1.0]), Err(Error::Domain { .. })));
    assert!(matches!(Region::new(dvector![1.0, f64::NAN]), Err(Error::Domain { .. })));
    assert!(matches!(Region::<f64>::new(dvector![]), Err(Error::Shape { .. })));
    let silent = Region::new(dvector![0.0, 0.0]).unwrap();
    assert_eq!((silent.expected(), silent.law().unwrap().mean().sum()), (0.0, 0.0));
    assert!(matches!(silent.score_gradient(|a| *a), Err(Error::Domain { .. })));
}
