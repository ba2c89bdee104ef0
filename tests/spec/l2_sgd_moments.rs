//! Gradient descent with fresh masks: its mean finds the ridge minimiser exactly, its covariance stays; and what it
//! matters whether a minibatch shares its mask.

use crate::support::*;
use dropout_oracle::law::{FiniteLaw, Independent, Rescaled, Uniform};
use dropout_oracle::penalty::{Descent, LeastSquares, MaskPer, Moments};
use dropout_oracle::{Error, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const FEATURES: usize = 2;

/// Three examples, inputs and targets in {−2, …, 2}, no feature zero throughout.
fn problem() -> impl Strategy<Value = LeastSquares<Rational>> + Clone {
    let integers = |len| prop::collection::vec((-2i64..=2).prop_map(|n| q(n, 1)), len);
    (integers(3 * FEATURES), integers(3))
        .prop_map(|(x, y)| LeastSquares::new(DMatrix::from_vec(3, FEATURES, x), DVector::from_vec(y)).unwrap())
        .prop_filter("a feature is zero", |problem| problem.gram().diagonal().iter().all(|square| !square.is_zero()))
}

/// KEEP probabilities strictly between 0 and 1.
fn dropping() -> impl Strategy<Value = Independent<Rational>> + Clone {
    prop::collection::vec((1i64..=3).prop_map(|n| q(n, 4)), FEATURES)
        .prop_map(|keep| Independent::new(DVector::from_vec(keep)).unwrap())
}

/// Mean and covariance of weighted vectors, by definition.
fn moments_of(outcomes: &[(DVector<Rational>, Rational)]) -> Moments<Rational> {
    let mean = outcomes.iter().fold(DVector::zeros(FEATURES), |sum, (w, weight)| sum + w * weight.clone());
    let covariance = outcomes.iter().fold(DMatrix::zeros(FEATURES, FEATURES), |sum, (w, weight)| {
        let off = w - &mean;
        sum + DMatrix::from_fn(FEATURES, FEATURES, |i, j| off[i].clone() * off[j].clone() * weight.clone())
    });
    Moments { mean, covariance }
}

/// Every sequence of three masks, each followed from w = (1, −1) on, with its probability.
fn every_path(problem: &LeastSquares<Rational>, law: &Independent<Rational>, step: &Rational) -> Moments<Rational> {
    let follow = |paths: Vec<(DVector<Rational>, Rational)>| {
        let next = |(w, weight): (DVector<Rational>, Rational)| {
            law.support().unwrap().map(move |(mu, pi)| {
                // w + α μ∘Xᵀ(y − X(μ∘w)), written out.
                let off = problem.targets() - problem.inputs() * mu.component_mul(&w);
                let pull = problem.inputs().transpose() * off;
                (&w + mu.component_mul(&pull) * step.clone(), weight.clone() * pi)
            })
        };
        paths.into_iter().flat_map(next).collect()
    };
    moments_of(&(0..3).fold(vec![(start(), Rational::one())], |paths, _| follow(paths)))
}

fn start() -> DVector<Rational> {
    dvector![q(1, 1), q(-1, 1)]
}

type Recursion = fn(&Descent<'_, Rational, Independent<Rational>>, &Moments<Rational>) -> Moments<Rational>;

fn recursion(descent: &Descent<'_, Rational, Independent<Rational>>, before: &Moments<Rational>) -> Moments<Rational> {
    descent.next(before).unwrap()
}

/// The recursion follows the moments of all 4³ paths, and leaves the mean where the ridge minimiser is, whatever the
/// covariance.
fn rule_follows_every_path(
    rule: Recursion,
    problem: &LeastSquares<Rational>,
    law: &Independent<Rational>,
) -> TestCaseResult {
    let step = q(1, 16);
    let descent = Descent::new(problem, law, step.clone()).unwrap();
    let moments = (0..3).fold(Moments::certain(start()), |moments, _| rule(&descent, &moments));
    prop_assert_eq!(moments, every_path(problem, law, &step));
    let ridge = problem.ridge(&problem.ridge_coefficients(law.keep()).unwrap()).unwrap();
    let minimiser = Moments { mean: ridge.component_div(law.keep()), covariance: DMatrix::identity(2, 2) };
    prop_assert_eq!(rule(&descent, &minimiser).mean, minimiser.mean);
    Ok(())
}

#[test]
fn l2_sgd_moments_holds_over_every_path() {
    holds(24, (problem(), dropping()), |(problem, law)| rule_follows_every_path(recursion, &problem, &law));
}

#[test]
fn l2_sgd_moments_mutant_forgets_that_the_mask_multiplies_the_noise_of_the_weights() {
    fn mutant(descent: &Descent<'_, Rational, Independent<Rational>>, before: &Moments<Rational>) -> Moments<Rational> {
        let fresh = recursion(descent, &Moments::certain(before.mean.clone()));
        Moments { covariance: &before.covariance + fresh.covariance, mean: fresh.mean }
    }
    refuted(24, (problem(), dropping()), |(problem, law)| rule_follows_every_path(mutant, &problem, &law));
}

#[test]
fn l2_sgd_moments_mutant_moves_the_mean_as_without_dropout() {
    fn mutant(descent: &Descent<'_, Rational, Independent<Rational>>, before: &Moments<Rational>) -> Moments<Rational> {
        let kept = DVector::from_element(FEATURES, q(1, 1));
        Moments { mean: descent.update(&before.mean, &kept).unwrap(), ..recursion(descent, before) }
    }
    refuted(24, (problem(), dropping()), |(problem, law)| rule_follows_every_path(mutant, &problem, &law));
}

/// What [`Descent::stationary`] finds is a fixed point of the recursion, in exact rationals, with the minimiser as its
/// mean.
#[test]
fn l2_sgd_moments_holds_at_the_fixed_point() {
    holds(24, (problem(), dropping()), |(problem, law)| {
        let descent = Descent::new(&problem, &law, q(1, 24)).unwrap();
        let fixed = descent.stationary().unwrap();
        prop_assert_eq!(descent.next(&fixed).unwrap(), fixed.clone());
        prop_assert_eq!(fixed.mean, problem.minimiser(&law).unwrap());
        Ok(())
    });
}

/// A problem on which the figures below are computed: well away from its limits, with noise at the minimiser.
fn example() -> LeastSquares<f64> {
    LeastSquares::new(dmatrix![1.0, 1.0; 1.0, 0.5; 0.0, 1.0], dvector![5.0, -2.0, 3.0]).unwrap()
}

fn trace(moments: &Moments<f64>) -> f64 {
    moments.covariance.trace()
}

/// With a constant step the weights never settle: the fixed covariance is positive, and of order α. S/α tends to the
/// solution L of HL + LH = Cov g, H the Hessian, from S = (I − αH)S(I − αH) + α² Cov g + O(α² S): halving α halves S up
/// to O(α²), so the ratio's distance from 2 halves with α too.
#[test]
fn l2_sgd_moments_fails_to_converge_with_a_constant_step() {
    let (problem, law) = (example(), Uniform::new(2));
    let ratio = |alpha: f64| {
        let at = |step| trace(&Descent::new(&problem, &law, step).unwrap().stationary().unwrap());
        at(alpha) / at(alpha / 2.0)
    };
    let (coarse, fine) = (ratio(1.0 / 64.0) - 2.0, ratio(1.0 / 128.0) - 2.0);
    assert!(coarse > 0.0 && coarse < 0.1, "{coarse}");
    // Linear in α up to O(α): within a tenth of one half.
    assert!((fine / coarse - 0.5).abs() < 0.05, "{fine} {coarse}");
    // The recursion arrives there from anywhere, and stays. The mean contracts by 1 − αλ or faster, λ > ⅔ the least
    // eigenvalue of H: 4000 steps leave e^(−4000/64·⅔) < 1e−18 of it.
    let descent = Descent::new(&problem, &law, 1.0 / 64.0).unwrap();
    let far = Moments::certain(dvector![9.0, -9.0]);
    let late = (0..4000).fold(far, |moments, _| descent.next(&moments).unwrap());
    let fixed = descent.stationary().unwrap();
    approx::assert_relative_eq!(late.mean, fixed.mean, max_relative = 1e-10);
    approx::assert_relative_eq!(late.covariance, fixed.covariance, max_relative = 1e-10);
    assert!(trace(&fixed) > 0.01, "{}", trace(&fixed));
}

/// The exception: features that are orthogonal do not disturb each other, the gradient at the minimiser vanishes under
/// every mask, and even a constant step converges.
#[test]
fn l2_sgd_moments_converge_with_a_constant_step_for_orthogonal_features() {
    let x = dmatrix![q(1, 1), q(1, 1); q(1, 1), q(-1, 1)];
    let (problem, law) = (LeastSquares::new(x, dvector![q(3, 1), q(-2, 1)]).unwrap(), Uniform::new(2));
    let fixed = Descent::new(&problem, &law, q(1, 4)).unwrap().stationary().unwrap();
    assert_eq!(fixed, Moments::certain(problem.minimiser(&law).unwrap()));
}

/// Decreasing steps let the iterate converge: α_t = 1/(t + 4) brings the covariance down like 1/t, since the least
/// eigenvalue of H is above ½.
#[test]
fn l2_sgd_moments_converge_with_decreasing_steps() {
    let (problem, law) = (example(), Uniform::new(2));
    let minimiser = problem.minimiser(&law).unwrap();
    let run = |start: &DVector<f64>, steps: u32| {
        (0..steps).fold(Moments::certain(start.clone()), |moments, t| {
            Descent::new(&problem, &law, 1.0 / (f64::from(t) + 4.0)).unwrap().next(&moments).unwrap()
        })
    };
    let off = |steps| (run(&dvector![9.0, -9.0], steps).mean - &minimiser).norm();
    assert!(off(1000) < off(250) / 2.0);
    let ratio = trace(&run(&minimiser, 250)) / trace(&run(&minimiser, 1000));
    // Four times the steps, a quarter of the covariance, up to the first steps' part.
    assert!((ratio - 4.0).abs() < 0.4, "{ratio}");
}

/// So does averaging the iterates of a constant step. In the fixed point Cov(w_s, w_t) = A^(t−s) S with A = I − αH the
/// mean update, so the average of T of them has covariance (1/T²) Σ_st A^|t−s| S, which goes like 1/T.
#[test]
fn l2_sgd_moments_converge_for_the_averaged_iterate() {
    let (problem, law, step) = (example(), Uniform::new(2), 1.0 / 8.0);
    let descent = Descent::new(&problem, &law, step).unwrap();
    let fixed = descent.stationary().unwrap();
    // A v, from the mean update of a point v away from the minimiser.
    let forward = |v: DVector<f64>| descent.next(&Moments::certain(&fixed.mean + v)).unwrap().mean - &fixed.mean;
    let averaged = |count: usize| {
        let mut lagged = fixed.covariance.clone();
        let mut sum = trace(&fixed) * count as f64;
        for lag in 1..count {
            lagged = DMatrix::from_columns(&lagged.column_iter().map(|c| forward(c.into_owned())).collect::<Vec<_>>());
            sum += 2.0 * (count - lag) as f64 * lagged.trace();
        }
        sum / (count * count) as f64
    };
    assert_eq!(averaged(1), trace(&fixed));
    let ratio = averaged(200) / averaged(800);
    assert!((ratio - 4.0).abs() < 0.4, "{ratio}");
    // Σ_lag A^|lag| ≤ 2/αλ for the least eigenvalue λ > ⅔ of H: at most 24 times the variance over 800.
    assert!(averaged(800) < trace(&fixed) * 24.0 / 800.0);
}

/// The step must be small enough for the *second* moment: one feature, x = 1, p = ½ and α = 3. The mean contracts by
/// 1 − α/2 = −½ a step, the mean square grows by (1 + (1 − α)²)/2 = 5/2.
#[test]
fn l2_sgd_moments_fails_for_a_step_that_only_the_mean_survives() {
    let problem = LeastSquares::new(dmatrix![q(1, 1)], dvector![q(1, 1)]).unwrap();
    let (law, step) = (Uniform::new(1), q(3, 1));
    let descent = Descent::new(&problem, &law, step).unwrap();
    assert!(matches!(descent.stationary(), Err(Error::Domain { .. })));
    let minimiser = problem.minimiser(&law).unwrap();
    let mut moments = Moments { mean: &minimiser + dvector![q(1, 1)], covariance: dmatrix![q(1, 1)] };
    for _ in 0..4 {
        let next = descent.next(&moments).unwrap();
        assert_eq!(&next.mean - &minimiser, (&moments.mean - &minimiser) * q(-1, 2));
        assert!(next.covariance[0] >= moments.covariance[0].clone() * q(5, 2));
        moments = next;
    }
}

// l2.batch-mask

/// Mean and covariance of the gradient with a mask for every row, over all joint choices of masks, by definition.
fn every_joint_choice(
    problem: &LeastSquares<Rational>,
    law: &Independent<Rational>,
    w: &DVector<Rational>,
) -> Moments<Rational> {
    let gradient = |n: usize, mu: &DVector<Rational>| {
        let x = problem.inputs().row(n).transpose();
        let off = dropout_oracle::scalar::dot(&x, &mu.component_mul(w)) - problem.targets()[n].clone();
        x.component_mul(mu) * off
    };
    let choose = |sums: Vec<(DVector<Rational>, Rational)>, n: usize| {
        let next = |(sum, weight): (DVector<Rational>, Rational)| {
            law.support().unwrap().map(move |(mu, pi)| (&sum + gradient(n, &mu), weight.clone() * pi))
        };
        sums.into_iter().flat_map(next).collect()
    };
    moments_of(&(0..problem.targets().len()).fold(vec![(DVector::zeros(FEATURES), Rational::one())], choose))
}

type GradientMoments =
    fn(&LeastSquares<Rational>, &Independent<Rational>, &DVector<Rational>, MaskPer) -> Moments<Rational>;

fn gradient_moments(
    p: &LeastSquares<Rational>,
    law: &Independent<Rational>,
    w: &DVector<Rational>,
    per: MaskPer,
) -> Moments<Rational> {
    p.gradient_moments(law, w, per).unwrap()
}

/// Rows: as over all joint choices. Batch: as over the masks. The means agree.
fn rule_gives_the_gradient(
    rule: GradientMoments,
    problem: &LeastSquares<Rational>,
    law: &Independent<Rational>,
    w: &DVector<Rational>,
) -> TestCaseResult {
    let (batch, row) = (rule(problem, law, w, MaskPer::Batch), rule(problem, law, w, MaskPer::Row));
    let shared = law.support().unwrap().map(|(mu, pi)| (problem.gradient(w, &mu).unwrap(), pi));
    prop_assert_eq!(&batch, &moments_of(&shared.collect::<Vec<_>>()));
    prop_assert_eq!(&row, &every_joint_choice(problem, law, w));
    prop_assert_eq!(batch.mean, row.mean);
    Ok(())
}

#[test]
fn l2_batch_mask_holds_over_all_joint_choices() {
    holds(24, (problem(), dropping(), rationals(FEATURES)), |(problem, law, w)| {
        rule_gives_the_gradient(gradient_moments, &problem, &law, &w)
    });
}

#[test]
fn l2_batch_mask_mutant_gives_both_ways_the_same_covariance() {
    refuted(24, (problem(), dropping(), rationals(FEATURES)), |(problem, law, w)| {
        let shared: GradientMoments = |problem, law, w, _| gradient_moments(problem, law, w, MaskPer::Batch);
        rule_gives_the_gradient(shared, &problem, &law, &w)
    });
}

/// The mean gradient is that of the expected loss only with the law that the loss has: inverted dropout's is another.
#[test]
fn l2_batch_mask_mutant_rescales_the_masks() {
    refuted(24, (problem(), dropping(), rationals(FEATURES)), |(problem, law, w)| {
        let rescaled: GradientMoments =
            |problem, law, w, per| problem.gradient_moments(&Rescaled::inverted(law.clone()).unwrap(), w, per).unwrap();
        rule_gives_the_gradient(rescaled, &problem, &law, &w)
    });
}

/// Neither way always has the smaller covariance: errors of the same sign add up under a shared mask, errors of opposite
/// signs cancel.
#[test]
fn l2_batch_mask_fails_to_order_the_covariances() {
    let covariance = |second: i64, per| {
        let problem = LeastSquares::new(dmatrix![q(1, 1); q(1, 1)], dvector![q(2, 1), q(second, 1)]).unwrap();
        problem.gradient_moments(&Uniform::new(1), &dvector![q(1, 1)], per).unwrap().covariance[0].clone()
    };
    assert_eq!((covariance(2, MaskPer::Batch), covariance(2, MaskPer::Row)), (q(1, 1), q(1, 2)));
    assert_eq!((covariance(0, MaskPer::Batch), covariance(0, MaskPer::Row)), (q(0, 1), q(1, 2)));
}
