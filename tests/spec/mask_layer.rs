//! What a layer of dropout is, given its mask and over all masks: the claims that the laws of `conformance` rest on.

use crate::support::*;
use dropout_oracle::law::{FiniteLaw, Independent, Law, Rescaled, Table};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::{Error, Mask, Rational};
use itertools::{Itertools, iproduct};
use nalgebra::{DVector, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 3;

/// Keep probabilities and an input.
fn layer() -> impl Strategy<Value = (DVector<Rational>, DVector<Rational>)> + Clone {
    (keeps(UNITS), rationals(UNITS))
}

fn independent(keep: &DVector<Rational>) -> Independent<Rational> {
    Independent::new(keep.clone()).unwrap()
}

/// The factors of kept units in training, and of all units in evaluation, for a keep probability.
type Scales = fn(&Rational) -> (Rational, Rational);

fn inverted(q: &Rational) -> (Rational, Rational) {
    (Rational::one() / q, Rational::one())
}

fn classic(q: &Rational) -> (Rational, Rational) {
    (Rational::one(), q.clone())
}

fn evaluation_is_the_mean(scales: Scales, (keep, x): &(DVector<Rational>, DVector<Rational>)) -> TestCaseResult {
    let (training, evaluation) = (keep.map(|q| scales(&q).0), keep.map(|q| scales(&q).1));
    let mean = mean_over(&independent(keep), |mask| mask.component_mul(&training).component_mul(x));
    prop_assert_eq!(mean, evaluation.component_mul(x));
    Ok(())
}

#[test]
fn mask_scale_holds_for_both_conventions() {
    for scales in [inverted as Scales, classic] {
        holds(64, layer(), |case| evaluation_is_the_mean(scales, &case));
    }
}

#[test]
fn mask_scale_holds_for_the_laws_of_the_library() {
    holds(64, layer(), |(keep, x)| {
        let laws = [Rescaled::inverted(independent(&keep)).unwrap(), Rescaled::unscaled(independent(&keep))];
        for (law, scales) in laws.into_iter().zip([inverted as Scales, classic]) {
            prop_assert_eq!(mean_over(&law, |m| m.component_mul(&x)), law.mean().component_mul(&x));
            prop_assert_eq!(law.mean(), keep.map(|q| scales(&q).1));
        }
        Ok(())
    });
}

/// Two units at q = 1/2, divided by the share that this draw kept: a unit's mean is 3/4 of it, for nothing is kept in one
/// draw of four.
#[test]
fn mask_scale_fails_for_a_scale_of_the_draws_own_count() {
    let law = independent(&dvector![q(1, 2), q(1, 2)]);
    let mean = mean_over(&law, |mask| {
        let kept = total(mask.iter().cloned());
        if kept.is_zero() { mask.clone() } else { mask * (q(2, 1) / kept) }
    });
    assert_eq!(mean, dvector![q(3, 4), q(3, 4)]);
}

#[test]
fn mask_scale_mutant_divides_by_the_drop_rate() {
    fn mutant(keep: &Rational) -> (Rational, Rational) {
        let drop = Rational::one() - keep;
        (if drop.is_zero() { Rational::one() } else { Rational::one() / drop }, Rational::one())
    }
    refuted(64, layer(), |case| evaluation_is_the_mean(mutant, &case));
}

#[test]
fn mask_scale_mutant_scales_in_both_modes() {
    refuted(64, layer(), |case| evaluation_is_the_mean(|q| (inverted(q).0, classic(q).1), &case));
}

/// A problem, weights, and keep probabilities of the features.
type Regression = (LeastSquares<Rational>, DVector<Rational>, DVector<Rational>);

fn regression() -> impl Strategy<Value = Regression> + Clone {
    let problem = (rational_matrix(2, UNITS), rationals(2)).prop_map(|(x, y)| LeastSquares::new(x, y).unwrap());
    (problem, rationals(UNITS), keeps(UNITS))
}

/// A gradient of half the loss, given the multipliers of the forward pass and others that are drawn like them.
type Backward =
    fn(&LeastSquares<Rational>, &DVector<Rational>, &DVector<Rational>, &DVector<Rational>) -> DVector<Rational>;

/// The loss is quadratic in each weight: its central difference quotient is its derivative exactly, with any step.
fn mean_gradient_is_that_of_the_mean(backward: Backward, (problem, w, keep): &Regression) -> TestCaseResult {
    let law = Rescaled::inverted(independent(keep)).unwrap();
    let mean = mean_over(&law, |forward| mean_over(&law, |anew| backward(problem, w, forward, anew)));
    let at = |i: usize, step: i64| {
        let mut w = w.clone();
        w[i] += q(step, 1);
        problem.expected_loss(&law, &w).unwrap() * q(1, 2)
    };
    let slope = DVector::from_fn(UNITS, |i, _| (at(i, 1) - at(i, -1)) * q(1, 2));
    prop_assert_eq!(mean, slope);
    Ok(())
}

/// −μ' ∘ X'(y − X(μ ∘ w)), with μ of the forward and μ' of the backward pass.
fn through(
    problem: &LeastSquares<Rational>,
    w: &DVector<Rational>,
    forward: &DVector<Rational>,
    backward: &DVector<Rational>,
) -> DVector<Rational> {
    let residuals = problem.targets() - problem.inputs() * w.component_mul(forward);
    -(problem.inputs().transpose() * residuals).component_mul(backward)
}

#[test]
fn mask_gradient_holds_through_the_mask_of_the_forward_pass() {
    let library: Backward = |problem, w, forward, _| problem.gradient(w, forward).unwrap();
    for backward in [library, |problem, w, forward, _| through(problem, w, forward, forward)] {
        holds(32, regression(), |case| mean_gradient_is_that_of_the_mean(backward, &case));
    }
}

/// Given the mask, s m o x is linear in x: its second difference is 0, its difference quotient s m at every x.
#[test]
fn mask_gradient_holds_that_given_the_mask_the_layer_is_linear() {
    holds(32, (layer(), rationals(UNITS)), |((keep, x), step)| {
        for (multipliers, _) in Rescaled::inverted(independent(&keep)).unwrap().support().unwrap() {
            let y = |x: DVector<Rational>| multipliers.component_mul(&x);
            let difference = y(&x + &step) - y(x.clone());
            prop_assert_eq!(&difference, &multipliers.component_mul(&step));
            prop_assert_eq!(y(&x + &step + &step) - y(&x + &step), difference);
        }
        Ok(())
    });
}

/// With a mask of its own the backward pass lacks the gradient of the penalty, (p/q) w_i sum_j x_ij^2, and no more.
#[test]
fn mask_gradient_fails_for_a_mask_drawn_anew() {
    holds(32, regression(), |(problem, w, keep)| {
        let law = Rescaled::inverted(independent(&keep)).unwrap();
        let of = |backward: Backward| {
            mean_over(&law, |forward| mean_over(&law, |anew| backward(&problem, &w, forward, anew)))
        };
        let lacking = of(|p, w, m, _| through(p, w, m, m)) - of(through);
        let squares = problem.gram().diagonal();
        let penalty =
            DVector::from_fn(UNITS, |i, _| (Rational::one() / &keep[i] - Rational::one()) * &w[i] * &squares[i]);
        prop_assert_eq!(lacking, penalty);
        Ok(())
    });
    refuted(32, regression(), |case| mean_gradient_is_that_of_the_mean(through, &case));
}

#[test]
fn mask_gradient_mutant_does_not_scale() {
    let ones: Backward = |problem, w, forward, _| {
        through(problem, w, forward, &forward.map(|m| if m.is_zero() { m } else { Rational::one() }))
    };
    refuted(32, regression(), |case| mean_gradient_is_that_of_the_mean(ones, &case));
}

#[test]
fn mask_gradient_mutant_infers_the_mask_from_products_that_are_not_zero() {
    let inferred: Backward = |problem, w, forward, _| {
        let seen = DVector::from_fn(UNITS, |i, _| if w[i].is_zero() { Rational::zero() } else { forward[i].clone() });
        through(problem, w, forward, &seen)
    };
    refuted(64, regression(), |case| mean_gradient_is_that_of_the_mean(inferred, &case));
}

/// Every mask of three units, and every x of {-1, 0, 2}^3.
fn masked_inputs() -> impl Iterator<Item = (Mask, Vec<i64>)> {
    iproduct!(Mask::all(UNITS).unwrap(), (0..UNITS).map(|_| [-1, 0, 2]).multi_cartesian_product())
}

/// Where y tells another mask than was used; x is scaled by 2.
fn misread(read: fn(i64) -> bool, mask: Mask, x: &[i64]) -> Vec<usize> {
    (0..UNITS).filter(|&i| read(if mask.keeps(i) { 2 * x[i] } else { 0 }) != mask.keeps(i)).collect()
}

#[test]
fn mask_read_back_holds_where_x_is_not_zero() {
    for (mask, x) in masked_inputs() {
        assert!(misread(|y| y != 0, mask, &x).into_iter().all(|i| x[i] == 0), "{mask:?} {x:?}");
    }
}

/// Where x_i = 0 a unit that is kept and one that is dropped give one y, so every reader misreads one of them.
#[test]
fn mask_read_back_fails_where_x_is_zero() {
    for read in [(|y| y != 0) as fn(i64) -> bool, |y| y == 0, |_| true, |_| false] {
        let misread = |(mask, x): (Mask, Vec<i64>)| misread(read, mask, &x).into_iter().any(|i| x[i] == 0);
        assert!(masked_inputs().any(misread));
    }
}

#[test]
fn mask_read_back_mutant_reads_the_sign() {
    let misread = |(mask, x): (Mask, Vec<i64>)| misread(|y| y > 0, mask, &x).into_iter().any(|i| x[i] != 0);
    assert!(masked_inputs().any(misread));
}

/// E and Var of the multiplier of one unit, by enumeration.
fn multiplier(law: &impl FiniteLaw<Rational>) -> (Rational, Rational) {
    let mean = mean_over(law, |m| m.clone())[0].clone();
    let square = mean_over(law, |m| m.component_mul(m))[0].clone();
    (mean.clone(), square - &mean * &mean)
}

type Variance = fn(&Rational) -> Rational;

/// At q = 1/k the multiplier of inverted dropout has mean 1 and variance k - 1: 0 at q = 1, without bound towards q = 0.
fn grows_without_bound(variance: Variance) -> bool {
    (1..=32).all(|k| {
        let found = multiplier(&Rescaled::inverted(independent(&dvector![q(1, k)])).unwrap());
        found == (Rational::one(), variance(&q(1, k))) && found.1 == q(k - 1, 1)
    })
}

#[test]
fn mask_endpoints_holds_at_keep_probability_1_and_towards_0() {
    assert!(grows_without_bound(|q| (Rational::one() - q) / q));
    let law = Rescaled::inverted(independent(&dvector![q(1, 1)])).unwrap();
    assert!(law.support().unwrap().all(|(m, probability)| probability.is_zero() || m[0].is_one()));
}

/// At q = 0 every scale gives the mean 0: dropout of everything is no limit of unbiased dropout, and 1/q is refused.
#[test]
fn mask_endpoints_fails_at_keep_probability_0() {
    let none = Mask::all(1).unwrap().next().unwrap();
    let nothing = Table::new(vec![(none, q(1, 1))]).unwrap();
    assert!(matches!(Rescaled::inverted(nothing.clone()), Err(Error::Domain { .. })));
    for scale in -8..=8 {
        let law = Rescaled::new(nothing.clone(), dvector![q(scale, 1)]).unwrap();
        assert_eq!(multiplier(&law), (q(0, 1), q(0, 1)));
    }
}

/// Whether a check of a keep probability refuses what is no probability and takes what is one.
fn tells_probabilities(accepts: fn(f64) -> bool) -> bool {
    let none = [-0.1, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::MIN_POSITIVE, 1.0 + f64::EPSILON];
    let some = [f64::MIN_POSITIVE, 0.5, 1.0 - f64::EPSILON / 2.0, 1.0];
    none.into_iter().all(|p| !accepts(p)) && some.into_iter().all(accepts)
}

#[test]
fn mask_endpoints_holds_that_what_is_no_probability_is_refused() {
    assert!(tells_probabilities(|p| Independent::new(DVector::from_element(1, p)).is_ok()));
}

#[test]
fn mask_endpoints_mutant_has_the_variance_of_the_standard_mask() {
    assert!(!grows_without_bound(|q| (Rational::one() - q) * q));
}

#[test]
fn mask_endpoints_mutant_takes_nan() {
    assert!(!tells_probabilities(|p| (0.0..=1.0).contains(&p) || p.is_nan()));
}
