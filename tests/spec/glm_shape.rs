//! The shape of the logistic penalty and of its quadratic approximation, and why more orders do not help.

use crate::support::*;
use dropout_oracle::Real;
use dropout_oracle::head::Bernoulli;
use dropout_oracle::law::{Independent, Rescaled};
use dropout_oracle::network::Affine;
use dropout_oracle::penalty::Glm;
use dropout_oracle::penalty::taylor::softplus_coefficients;
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// R and R^q of logistic regression without a bias, at one example, under inverted dropout with DROP rate δ.
fn penalties(x: &[f64], beta: &[f64], delta: f64) -> (f64, f64) {
    let weights = Affine::new(DMatrix::from_row_slice(1, beta.len(), beta), dvector![0.0]).unwrap();
    let law = Rescaled::inverted(Independent::new(DVector::from_element(x.len(), 1.0 - delta)).unwrap()).unwrap();
    let glm = Glm::new(&weights, &Bernoulli, &law).unwrap();
    let inputs = DMatrix::from_row_slice(1, x.len(), x);
    (glm.penalty(&inputs).unwrap(), glm.quadratic_penalty(&inputs).unwrap())
}

/// The logistic loss at label y in {0, 1}.
fn loss(logit: f64, y: f64) -> f64 {
    Real::softplus(logit) - y * logit
}

/// f″ by central differences with h = 2⁻¹⁰, off by h²/12 |f⁗| < 1e−6 (|f⁗| below 10 for what follows) and by 100 roundings
/// over h², 1e−7 · |f|.
fn second_derivative(f: impl Fn(f64) -> f64, at: f64) -> f64 {
    let h = 1.0 / 1024.0;
    (f(at + h) - 2.0 * f(at) + f(at - h)) / (h * h)
}

// glm.shape

type Bound = fn(f64) -> f64;

/// One feature: 0 ≤ R ≤ δ ln 2, and R comes as close to it as one likes for large weights: the penalty of a weight that
/// decides for sure is the entropy of the coin that it is dropped to.
fn bound_is_the_supremum(bound: Bound, delta: f64, beta: f64) -> TestCaseResult {
    let (penalty, _) = penalties(&[1.0], &[beta], delta);
    // ln 2 and logits below 60/(1 − 0.9), with four roundings.
    let tolerance = 4.0 * 600.0 * f64::EPSILON;
    prop_assert!(penalty >= -tolerance && penalty <= bound(delta) + tolerance, "{penalty}");
    // e^−60 is gone beside ln 2.
    for far in [60.0, -60.0] {
        let (largest, quadratic) = penalties(&[1.0], &[far], delta);
        prop_assert!((largest - bound(delta)).abs() <= tolerance, "{largest}");
        // R^q there is ½ δ/(1 − δ) β² e^−|β|.
        prop_assert!(quadratic < 1e-20, "{quadratic}");
    }
    Ok(())
}

fn drop_rates() -> impl Strategy<Value = f64> + Clone {
    0.05..0.9
}

#[test]
fn glm_shape_is_bounded_for_one_feature() {
    holds(64, (drop_rates(), -20.0..20.0), |(delta, beta)| bound_is_the_supremum(|d| d * Real::ln(2.0), delta, beta));
}

/// The figure at δ = ½ does not serve for every δ.
#[test]
fn glm_shape_mutant_is_bounded_by_half_of_ln_2_at_any_drop_rate() {
    refuted(64, (drop_rates(), -20.0..20.0), |(delta, beta)| {
        bound_is_the_supremum(|_| Real::ln(2.0) / 2.0, delta, beta)
    });
}

/// Two features that cancel: η̄ = 0 at any size, and losing one of them costs in proportion to it.
#[test]
fn glm_shape_fails_to_be_bounded_for_two_features() {
    let at = |beta: f64| penalties(&[1.0, -1.0], &[beta, beta], 0.5).0;
    assert!(at(10.0) > 4.0 && at(100.0) > 40.0, "{} {}", at(10.0), at(100.0));
}

/// R is not convex (bounded and not constant could not be), with the value of its second derivative at β = 2 and δ = ½.
#[test]
fn glm_shape_is_not_convex() {
    let curvature = second_derivative(|beta| penalties(&[1.0], &[beta], 0.5).0, 2.0);
    // 2σ′(4) − σ′(2) = −.0697.
    approx::assert_abs_diff_eq!(curvature, -0.0697, epsilon = 5e-5);
}

type PenaltyOf = fn((f64, f64)) -> f64;

/// Loss plus penalty is convex along any line β + t·direction through three features.
fn objective_is_convex(
    rule: PenaltyOf,
    x: &[f64],
    y: f64,
    (beta, direction): (&[f64], &[f64]),
    delta: f64,
) -> TestCaseResult {
    let objective = |t: f64| {
        let moved: Vec<f64> = beta.iter().zip(direction).map(|(b, d)| b + t * d).collect();
        let logit = x.iter().zip(&moved).map(|(x, b)| x * b).sum();
        loss(logit, y) + rule(penalties(x, &moved, delta))
    };
    let at = second_derivative(objective, 0.0);
    // A mean of convex functions; the difference quotient of one is never negative but for the roundings of values
    // below 27/(1 − 0.9), over h².
    prop_assert!(at >= -20.0 * 270.0 * f64::EPSILON * 1024.0 * 1024.0, "{at}");
    Ok(())
}

#[test]
fn glm_shape_of_the_whole_objective_is_convex() {
    let vector = || prop::collection::vec(real(), 3);
    holds(64, (vector(), prop::bool::ANY, vector(), vector(), drop_rates()), |(x, y, beta, direction, delta)| {
        objective_is_convex(|(exact, _)| exact, &x, f64::from(u8::from(y)), (&beta, &direction), delta)
    });
}

#[test]
fn glm_shape_mutant_of_the_quadratic_objective_is_not_convex() {
    let vector = || prop::collection::vec(real(), 3);
    refuted(64, (vector(), prop::bool::ANY, vector(), vector(), drop_rates()), |(x, y, beta, direction, delta)| {
        objective_is_convex(|(_, quadratic)| quadratic, &x, f64::from(u8::from(y)), (&beta, &direction), delta)
    });
}

/// The figure: loss + R^q for the one example x = 1, y = 1 at δ = ½ has second derivative −.0365 at β = 2.2.
#[test]
fn glm_shape_of_the_quadratic_objective_fails_to_be_convex() {
    let objective = |beta: f64| loss(beta, 1.0) + penalties(&[1.0], &[beta], 0.5).1;
    approx::assert_abs_diff_eq!(second_derivative(objective, 2.2), -0.0365, epsilon = 5e-5);
}

// glm.taylor-radius

type Radius = fn(f64) -> f64;

/// The distance to ±iπ, where 1 + e^z = 0.
fn nearest_singularity(z0: f64) -> f64 {
    Real::sqrt(z0 * z0 + std::f64::consts::PI * std::f64::consts::PI)
}

/// The first `terms` terms of the series at z₀, summed at z₀ + step.
fn partial_sum(z0: f64, step: f64, terms: usize) -> f64 {
    softplus_coefficients(z0, terms).into_iter().rev().fold(0.0, |sum, c| sum * step + c)
}

/// Inside the radius the series gives ln(1 + e^z); outside it runs away.
fn rule_is_the_radius(rule: Radius, z0: f64) -> TestCaseResult {
    let radius = rule(z0);
    for sign in [-1.0, 1.0] {
        let inside = sign * 0.85 * radius;
        let off = partial_sum(z0, inside, 240) - Real::softplus(z0 + inside);
        // 0.85^240 = 1e−17; the terms, below 10, are added with 240 roundings, and each coefficient carries as many.
        prop_assert!(off.abs() < 240.0 * 240.0 * 10.0 * f64::EPSILON, "{off:e} inside");
        let outside = sign * 1.15 * radius;
        // 1.15^240 = 4e14, over the powers of the order that the coefficients of a logarithm have.
        let sums = [237, 238, 239, 240].map(|terms| partial_sum(z0, outside, terms).abs());
        prop_assert!(sums.into_iter().fold(0.0, f64::max) > 1e6, "{sums:?} outside");
    }
    Ok(())
}

#[test]
fn glm_taylor_radius_holds() {
    holds(16, -4.0..4.0, |z0| rule_is_the_radius(nearest_singularity, z0));
}

#[test]
fn glm_taylor_radius_mutant_is_pi_everywhere() {
    refuted(16, -4.0..4.0, |z0| rule_is_the_radius(|_| std::f64::consts::PI, z0));
}

#[test]
fn glm_taylor_radius_mutant_adds_the_distances() {
    refuted(16, -4.0..4.0, |z0| rule_is_the_radius(|z0: f64| z0.abs() + std::f64::consts::PI, z0));
}

/// At step 4 the series diverges from z₀ = 0, 1 and 2, and converges from z₀ = 3, whose radius is 4.34: the figure is one
/// for |z₀| < √(16 − π²) = 2.48.
#[test]
fn glm_taylor_radius_is_passed_at_step_4() {
    for z0 in [0.0, 1.0, 2.0] {
        let sums =
            [60, 120, 240].map(|terms| partial_sum(z0, 4.0, terms).abs().max(partial_sum(z0, 4.0, terms - 1).abs()));
        assert!(sums[0] < sums[1] && sums[1] < sums[2] && sums[2] > 100.0, "{z0}: {sums:?}");
    }
}

#[test]
fn glm_taylor_radius_fails_to_be_passed_at_step_4_from_3() {
    // (4/4.34)^240 = 3e−9.
    assert!((partial_sum(3.0, 4.0, 240) - Real::softplus(7.0)).abs() < 1e-8);
}

/// What it means for the penalty: two features that cancel (η̄ = 0) at δ = ½ move the logit by ±4, and R = .6625 against
/// R^q = 1. The next order is hardly better, and from there on each is worse than the one before.
#[test]
fn glm_taylor_radius_makes_higher_order_penalties_diverge() {
    let (exact, quadratic) = penalties(&[1.0, -1.0], &[2.0, 2.0], 0.5);
    // Noise ±4 with probability ¼ each: E of the series up to an order, less ln 2.
    let up_to = |order: usize| {
        (partial_sum(0.0, 4.0, order + 1) + partial_sum(0.0, -4.0, order + 1)) / 4.0 - Real::ln(2.0) / 2.0
    };
    approx::assert_relative_eq!(up_to(2), quadratic, max_relative = 8.0 * f64::EPSILON);
    let errors = [2, 4, 6, 8, 10, 20, 30].map(|order| (up_to(order) - exact).abs());
    assert!(errors.windows(2).skip(1).all(|pair| pair[0] < pair[1]) && errors[6] > 20.0, "{errors:?}");
    // ½ ln 2 + ¼ (ln(1 + e⁴) + ln(1 + e⁻⁴)) − ln 2, to the digits given.
    approx::assert_abs_diff_eq!(exact, 0.6625, epsilon = 5e-5);
}
