//! Claims fast.logistic, fast.square and fast.relu: what a unit makes of a normal pre-activation.
//!
//! The judge is an own quadrature of the Gaussian integral. For logistic units it is the trapezoidal rule on [−9, 9]
//! with step 1/40: the tails hold 10⁻¹⁸, and the poles of σ(m + sz) at distance π/s from the real line alias by
//! 2e^(−80π²/s), below 10⁻²⁵ for s ≤ 13.

use crate::support::{holds, refuted};
use dropout_oracle::approximation::fast_dropout::unit::{logistic_mean, logistic_second_moment, relu};
use dropout_oracle::approximation::fast_dropout::{expected_loss, objective};
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{Independent, Rescaled, Uniform};
use dropout_oracle::marginal::{Logit, Term};
use dropout_oracle::network::Affine;
use dropout_oracle::normal::{cumulative, density};
use dropout_oracle::scalar::dot;
use dropout_oracle::{Error, Real};
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// E g(S) for S ~ N(m, s²).
fn gaussian_mean(m: f64, s: f64, g: impl Fn(f64) -> f64) -> f64 {
    let nodes = (-360..=360).map(|k| f64::from(k) / 40.0);
    nodes.map(|z| g(m + s * z) * density(z)).sum::<f64>() / 40.0
}

/// Means and standard deviations: s from .02 to 10, |m| up to 3 s + 4.
fn grid() -> impl Iterator<Item = (f64, f64)> {
    let sds = [0.02, 0.1, 0.3, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0];
    sds.into_iter().flat_map(|s| (-60..=60).map(move |k| (f64::from(k) / 60.0 * (3.0 * s + 4.0), s)))
}

/// The largest |rule(m, s²) − E g(S)| over the grid.
fn largest_error(rule: impl Fn(f64, f64) -> f64, g: impl Fn(f64) -> f64 + Copy) -> f64 {
    grid().map(|(m, s)| (rule(m, s * s) - gaussian_mean(m, s, g)).abs()).fold(0.0, f64::max)
}

fn square(x: f64) -> f64 {
    x.logistic() * x.logistic()
}

/// fast.logistic: off by at most .01768, wherever it is on the grid.
fn logistic_mean_is_close(rule: impl Fn(f64, f64) -> f64) -> bool {
    largest_error(rule, Real::logistic) <= 0.01768
}

#[test]
fn fast_logistic_holds_against_the_gaussian_integral() {
    assert!(logistic_mean_is_close(logistic_mean));
}

/// The judge itself: the quadrature agrees with the certified integral of the same mean.
#[test]
fn fast_logistic_has_a_judge_that_is_judged() {
    for (m, s) in [(0.3, 0.5), (-2.0, 3.0), (17.0, 10.0)] {
        let exact = Logit::new(0.0, vec![Term::Gaussian { mean: m, variance: s * s }]).unwrap();
        let exact = exact.expected_logistic().unwrap();
        let off = (gaussian_mean(m, s, Real::logistic) - exact.value).abs();
        assert!(off <= exact.error + 1e-13, "721 terms below 1 round by less than 10⁻¹³; off by {off:e}");
    }
}

/// The published figure: for s → ∞ the mean is Φ(m/s) and the approximation σ(√(8/π) m/s); they part by .01767, most at
/// m/s = 1.7318.
#[test]
fn fast_logistic_has_its_largest_error_at_infinite_variance() {
    let slope = (16.0 / f64::two_pi()).sqrt();
    let gap = |r: f64| (cumulative(r) - (slope * r).logistic()).abs();
    let worst = (0..=40_000).map(|k| f64::from(k) / 10_000.0).max_by(|a, b| gap(*a).total_cmp(&gap(*b))).unwrap();
    assert_eq!(format!("{:.5} {worst:.4}", gap(worst)), "0.01767 1.7318");
    // Nothing but the limit: 10⁸ standard deviations wide, the approximation is its limit to 8 digits.
    assert!((logistic_mean(1.7318e8, 1e16) - (slope * 1.7318).logistic()).abs() < 1e-8);
}

#[test]
fn fast_logistic_mutant_ignores_the_variance() {
    assert!(!logistic_mean_is_close(|m, _| m.logistic()));
}

#[test]
fn fast_logistic_mutant_takes_the_deviation_for_the_variance() {
    assert!(!logistic_mean_is_close(|m, variance| logistic_mean(m, variance.sqrt())));
}

/// 1/√(1 + s²/2) in place of 1/√(1 + πs²/8).
#[test]
fn fast_logistic_mutant_has_another_constant() {
    assert!(!logistic_mean_is_close(|m, variance| (m / (1.0 + variance / 2.0).sqrt()).logistic()));
}

/// Outside its condition, a normal S: one unit with weight 20 and bias −4 is −4 or 16.
#[test]
fn fast_logistic_fails_for_two_point_logits() {
    let exact = (Real::logistic(-4.0f64) + Real::logistic(16.0)) / 2.0;
    assert!((logistic_mean(6.0, 100.0) - exact).abs() > 0.2);
}

/// KEEP probabilities, weights and a bias of 8 masked inputs.
fn unit() -> impl Strategy<Value = (DVector<f64>, DVector<f64>, f64)> + Clone {
    let vector = |range: std::ops::Range<f64>| prop::collection::vec(range, 8).prop_map(DVector::from_vec);
    (vector(0.1..1.0), vector(-2.0..2.0), -3.0..3.0f64)
}

/// Against all masks: .01768 for the normal S, and Lindeberg's swapping for S not being normal. Replacing one term after
/// another by a normal one of equal mean and variance costs |σ‴|/6 ≤ 1/48 times both third moments, where a mask has
/// pq(p² + q²)|w|³ and the normal 2√(2/π)(pq)^1.5 |w|³.
fn logistic_mean_is_close_to_all_masks(
    rule: fn(f64, f64) -> f64,
    (keep, w, b): &(DVector<f64>, DVector<f64>, f64),
) -> TestCaseResult {
    let law = Independent::new(keep.clone()).unwrap();
    let exact = expectation(&law, |d| Ok(dvector![Real::logistic(b + dot(d, w))])).unwrap()[0];
    let noise = keep.map(|p| p * (1.0 - p));
    let variance = noise.zip_fold(w, 0.0, |sum, pq, w| sum + pq * w * w);
    let third = keep.zip_fold(w, 0.0, |sum, p, w| {
        let pq: f64 = p * (1.0 - p);
        sum + (pq * (1.0 - 2.0 * pq) + 1.5958 * pq * pq.sqrt()) * (w * w * w).abs()
    });
    let off = (rule(b + dot(keep, w), variance) - exact).abs();
    prop_assert!(off <= 0.01768 + third / 48.0, "off by {}", off);
    Ok(())
}

#[test]
fn fast_logistic_holds_by_enumeration() {
    holds(48, unit(), |case| logistic_mean_is_close_to_all_masks(logistic_mean, &case));
}

#[test]
fn fast_logistic_mutant_forgets_to_square_root() {
    let mutant = |m: f64, variance: f64| logistic_mean(m, variance * (2.0 + variance));
    refuted(64, unit(), |case| logistic_mean_is_close_to_all_masks(mutant, &case));
}

/// fast.logistic, the objective: above the expected loss everywhere, by at most .0355 s.
fn loss_is_close_from_above(rule: impl Fn(f64, f64) -> f64) -> bool {
    grid().all(|(m, s)| {
        let exact = gaussian_mean(m, s, |x| (-x).softplus());
        // 721 terms below 100 round by less than 10⁻¹¹.
        (-1e-11..=0.0355 * s).contains(&(rule(m, s * s) - exact))
    })
}

#[test]
fn fast_logistic_objective_holds_from_above() {
    assert!(loss_is_close_from_above(|m, variance| expected_loss(m, variance, 1.0).loss));
}

#[test]
fn fast_logistic_objective_mutant_forgets_the_factor() {
    assert!(!loss_is_close_from_above(|m, variance| -Real::ln(logistic_mean(m, variance))));
}

/// The .0355: divided by s, approximation and loss tend to κ ln(1 + e^(−r/κ)) and φ(r) − rΦ(−r), with κ = √(π/8) and
/// r = m/s, as s → ∞, and they part by .03542, most at r = 0.
#[test]
fn fast_logistic_objective_has_its_largest_error_at_infinite_variance() {
    let kappa = (f64::two_pi() / 16.0).sqrt();
    let gap = |r: f64| kappa * (-r / kappa).softplus() - (density(r) - r * cumulative(-r));
    let worst = (0..4000).map(|k| f64::from(k) / 1000.0).max_by(|a, b| gap(*a).total_cmp(&gap(*b))).unwrap();
    assert_eq!(format!("{:.5} {worst:.3}", gap(worst)), "0.03542 0.000");
}

/// At s = 10 the largest over-estimate, .345 at m = 2.8, is 12 % of the loss there. Relative to the loss itself it has no
/// bound: confident units have little loss, and the approximation's tail is heavier.
#[test]
fn fast_logistic_objective_has_the_published_over_estimate() {
    let both = |m: f64, s: f64| {
        let exact = gaussian_mean(m, s, |x| (-x).softplus());
        (expected_loss(m, s * s, 1.0).loss - exact, exact)
    };
    let ms = (0..=300).map(|k| f64::from(k) / 10.0); // the gap is even in m
    let worst = ms.max_by(|a, b| both(*a, 10.0).0.total_cmp(&both(*b, 10.0).0)).unwrap();
    let (over, exact) = both(worst, 10.0);
    assert_eq!(format!("{worst} {over:.3} {:.1} %", 100.0 * over / exact), "2.8 0.345 12.3 %");
    let (over, exact) = both(11.0, 1.0);
    assert!(over / exact > 2.8);
}

/// W (2 × 3), b, KEEP probabilities and three examples.
type Training = (Affine<f64>, DVector<f64>, Vec<(DVector<f64>, DVector<f64>)>);

fn training() -> impl Strategy<Value = Training> + Clone {
    let vector = |range: std::ops::Range<f64>, len| prop::collection::vec(range, len).prop_map(DVector::from_vec);
    let example = (vector(-2.0..2.0, 3), vector(0.0..1.0, 2));
    (vector(-2.0..2.0, 6), vector(-1.0..1.0, 2), vector(0.2..1.0, 3), prop::collection::vec(example, 3)).prop_map(
        |(w, b, keep, examples)| {
            (Affine::new(DMatrix::from_vec(2, 3, w.as_slice().to_vec()), b).unwrap(), keep, examples)
        },
    )
}

/// The gradient against central differences with step 2⁻¹⁷: they are off by h²/6 times a third derivative (below 10³,
/// so 10⁻⁸) and by 10⁻¹⁵ times the loss over the step (below 10⁻⁸).
fn gradient_is_the_difference_quotient(
    gradient: fn(&Training) -> Affine<f64>,
    (affine, keep, examples): &Training,
) -> TestCaseResult {
    let law = Rescaled::inverted(Independent::new(keep.clone()).unwrap()).unwrap();
    let loss = |affine: &Affine<f64>| objective(affine, &law, examples).unwrap().0;
    let gradient = gradient(&(affine.clone(), keep.clone(), examples.clone()));
    let h = 1.0 / f64::from(1 << 17);
    for i in 0..8 {
        let moved = |by: f64| {
            let mut affine = affine.clone();
            *affine.weight.iter_mut().chain(affine.bias.iter_mut()).nth(i).unwrap() += by;
            affine
        };
        let quotient = (loss(&moved(h)) - loss(&moved(-h))) / (2.0 * h);
        let slope = *gradient.weight.iter().chain(gradient.bias.iter()).nth(i).unwrap();
        prop_assert!((slope - quotient).abs() <= 2e-8, "entry {}: {} and {}", i, slope, quotient);
    }
    Ok(())
}

fn fast_gradient((affine, keep, examples): &Training) -> Affine<f64> {
    let law = Rescaled::inverted(Independent::new(keep.clone()).unwrap()).unwrap();
    objective(affine, &law, examples).unwrap().1
}

#[test]
fn fast_logistic_objective_holds_with_its_gradient() {
    holds(32, training(), |case| gradient_is_the_difference_quotient(fast_gradient, &case));
}

/// The gradient of the mean alone is that of weight scaling with shrunken logits.
#[test]
fn fast_logistic_objective_mutant_forgets_the_slope_of_the_variance() {
    fn mean_only(case: &Training) -> Affine<f64> {
        let mut gradient = fast_gradient(case);
        let (affine, keep, examples) = case;
        let law = Rescaled::inverted(Independent::new(keep.clone()).unwrap()).unwrap();
        gradient.weight.fill(0.0);
        for (x, target) in examples {
            let single = objective(affine, &law, &[(x.clone(), target.clone())]).unwrap().1;
            gradient.weight += single.bias * x.transpose();
        }
        gradient
    }
    refuted(16, training(), |case| gradient_is_the_difference_quotient(mean_only, &case));
}

#[test]
fn fast_logistic_objective_refuses_wrong_shapes() {
    let unit = Affine::new(DMatrix::zeros(1, 2), dvector![0.0]).unwrap();
    for (x, target) in [(dvector![1.0], dvector![1.0]), (dvector![1.0, 1.0], dvector![1.0, 0.0])] {
        assert!(matches!(objective(&unit, &Uniform::new(2), &[(x, target)]), Err(Error::Shape { .. })));
    }
    assert!(matches!(objective(&unit, &Uniform::new(3), &[]), Err(Error::Shape { .. })));
}

/// fast.square: off by at most .0271.
fn second_moment_is_close(rule: impl Fn(f64, f64) -> f64) -> bool {
    largest_error(rule, square) <= 0.0271
}

#[test]
fn fast_square_holds_against_the_gaussian_integral() {
    assert!(second_moment_is_close(logistic_second_moment));
}

/// The published .027 is where there is no noise at all: σ(a(m − b)) against σ(m)², most near m = −1.01.
#[test]
fn fast_square_has_its_largest_error_without_noise() {
    let gap = |m: f64| logistic_second_moment(m, 0.0) - square(m);
    let worst = (-500..=500).map(|k| f64::from(k) / 100.0).max_by(|a, b| gap(*a).total_cmp(&gap(*b))).unwrap();
    assert_eq!(format!("{:.3} {worst:.1}", gap(worst)), "0.027 -1.0");
}

#[test]
fn fast_square_mutant_squares_the_mean() {
    assert!(!second_moment_is_close(|m, variance| logistic_mean(m, variance) * logistic_mean(m, variance)));
}

#[test]
fn fast_square_mutant_does_not_shift() {
    let a = 4.0 - 8f64.sqrt();
    assert!(!second_moment_is_close(|m, variance| logistic_mean(a * m, a * a * variance)));
}

/// Outside its condition, a normal S.
#[test]
fn fast_square_fails_for_two_point_logits() {
    let exact = (square(-4.0) + square(16.0)) / 2.0;
    assert!((logistic_second_moment(6.0, 100.0) - exact).abs() > 0.1);
}

/// E g(S₊) for S ~ N(m, s²) and a polynomial g with g(0) = 0: Simpson's rule in u = (S/s)₊ from the kink on, 24 units
/// with step 1/256. Its error is 24/180·2⁻³² times a fourth derivative: that of u²φ(u − m/s) is below 60.
fn simpson(m: f64, s: f64, g: impl Fn(f64) -> f64) -> f64 {
    let nodes = 24 * 256;
    let at = |k: i32| {
        let u = f64::from(k) / 256.0;
        g(s * u) * density(u - m / s)
    };
    (0..nodes).step_by(2).map(|k| at(k) + 4.0 * at(k + 1) + at(k + 2)).sum::<f64>() / (3.0 * 256.0)
}

/// fast.relu: both moments are the integrals, to the 2·10⁻⁹ max(s, s²) of the quadrature above.
fn relu_moments_are_the_integrals(rule: fn(f64, f64) -> (f64, f64), m: f64, s: f64) -> TestCaseResult {
    let (mean, second) = rule(m, s * s);
    let off = [mean - simpson(m, s, |h| h), second - simpson(m, s, |h| h * h)];
    prop_assert!(off.iter().all(|off| off.abs() <= 2e-9 * s.max(s * s)), "off by {:?}", off);
    Ok(())
}

/// Where m/s lies within ±6, so that the normal law ends inside the quadrature's 24 units.
fn relu_case() -> impl Strategy<Value = (f64, f64)> + Clone {
    (-6.0..6.0, 0.1..5.0).prop_map(|(r, s): (f64, f64)| (r * s, s))
}

#[test]
fn fast_relu_holds_against_the_gaussian_integral() {
    holds(48, relu_case(), |(m, s)| relu_moments_are_the_integrals(relu, m, s));
}

/// Without noise it is the unit itself, and far below the kink it stays positive and tiny instead of cancelling.
#[test]
fn fast_relu_holds_at_the_edges() {
    assert_eq!((relu(3.0, 0.0), relu(-3.0, 0.0), relu(0.0, 0.0)), ((3.0, 9.0), (0.0, 0.0), (0.0, 0.0)));
    assert_eq!(relu(1e9, 1.0), (1e9, 1e18 + 1.0));
    let (mean, second) = relu(-8.0, 1.0);
    assert!(mean > 0.0 && second > 0.0 && mean < 1e-15);
}

#[test]
fn fast_relu_mutant_forgets_the_density() {
    let mutant = |m: f64, variance: f64| (m * cumulative(m / variance.sqrt()), relu(m, variance).1);
    refuted(8, relu_case(), |(m, s)| relu_moments_are_the_integrals(mutant, m, s));
}

#[test]
fn fast_relu_mutant_takes_the_mean_square_for_the_square() {
    let mutant = |m: f64, variance: f64| (relu(m, variance).0, relu(m, variance).0 * relu(m, variance).0);
    refuted(8, relu_case(), |(m, s)| relu_moments_are_the_integrals(mutant, m, s));
}

/// Outside its condition: S = ±1 has E S₊ = ½, a normal S with the same moments .3989.
#[test]
fn fast_relu_fails_for_two_point_pre_activations() {
    assert!((relu(0.0f64, 1.0).0 - 0.5).abs() > 0.1);
}
