//! Claims fast.layer and fast.target: moments through a layer, and what fast dropout is an approximation of.

use crate::support::{holds, keeps, mean_over, q, rational_matrix, rationals, refuted};
use dropout_oracle::approximation::fast_dropout::unit::logistic_mean;
use dropout_oracle::approximation::fast_dropout::{Moments, network_moments};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::Bernoulli;
use dropout_oracle::law::{FiniteLaw, Independent, IndependentUnits, Rescaled};
use dropout_oracle::network::{
    Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, deep_linear, linear_regression,
};
use dropout_oracle::{Error, Rational, Real};
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// Two affine layers (2 × 2 each), an input, and KEEP probabilities of the 4 masks before them.
type Case = ([Affine<Rational>; 2], DVector<Rational>, DVector<Rational>);

/// The first layer's weights are diagonal: its outputs depend on different masks, so they are independent.
fn case() -> impl Strategy<Value = Case> + Clone {
    (rationals(2), rationals(2), rational_matrix(2, 2), rationals(2), rationals(2), keeps(4)).prop_map(
        |(diagonal, b, w, c, x, keep)| {
            let first = Affine::new(DMatrix::from_diagonal(&diagonal), b).unwrap();
            ([first, Affine::new(w, c).unwrap()], x, keep)
        },
    )
}

/// One dropout step on one unit: h with these moments, times a multiplier with these.
type Step = fn(&mut Moments<Rational>, usize, &Rational, &Rational);

/// The project's step.
fn multiply(moments: &mut Moments<Rational>, i: usize, mean: &Rational, variance: &Rational) {
    moments.multiply(i, mean, variance);
}

/// The claim: with independent units, mean and variance after dropout – affine – dropout – affine are those over all
/// masks, under standard and inverted dropout.
fn moments_are_the_enumerated_ones(step: Step, (layers, x, keep): &Case) -> TestCaseResult {
    let network = deep_linear(2, layers.to_vec()).unwrap();
    let independent = Independent::new(keep.clone()).unwrap();
    let check = |law: &dyn FiniteLaw<Rational>, variance: DVector<Rational>| {
        let mut moments = Moments::certain(x);
        for (layer, affine) in layers.iter().enumerate() {
            (0..2).for_each(|i| step(&mut moments, i, &law.mean()[2 * layer + i], &variance[2 * layer + i]));
            moments = moments.affine(affine);
        }
        let output = |d: &DVector<Rational>| network.output(x, d).unwrap();
        let mean = mean_over(law, output);
        prop_assert_eq!(&moments.mean, &mean);
        let variance = mean_over(law, |d| (output(d) - &mean).map(|off| &off * &off));
        prop_assert_eq!(&moments.variance, &variance);
        Ok(())
    };
    check(&independent, independent.variance())?;
    let inverted = Rescaled::inverted(independent).unwrap();
    check(&inverted, inverted.variance())
}

#[test]
fn fast_layer_holds_by_enumeration_in_both_conventions() {
    holds(32, case(), |case| moments_are_the_enumerated_ones(multiply, &case));
}

/// The literal formula, for one unit: Var(dh) = p Var h + p(1−p)(E h)².
#[test]
fn fast_layer_holds_as_it_is_written() {
    let mut moments = Moments { mean: dvector![q(3, 1)], variance: dvector![q(5, 1)] };
    let p = q(1, 4);
    moments.multiply(0, &p, &(&p * q(3, 4)));
    assert_eq!(moments.variance[0], q(1, 4) * q(5, 1) + q(3, 16) * q(9, 1));
    assert_eq!(moments.mean[0], q(3, 4));
}

/// "The first term is easily forgotten": the noise that h already has.
#[test]
fn fast_layer_mutant_forgets_the_variance_of_h() {
    let forgetful: Step = |moments, i, mean, variance| {
        moments.variance[i] = variance * &moments.mean[i] * &moments.mean[i];
        moments.mean[i] *= mean;
    };
    refuted(16, case(), |case| moments_are_the_enumerated_ones(forgetful, &case));
}

/// p² Var h + p(1−p)(E h)² forgets that the mask's own variance multiplies Var h too.
#[test]
fn fast_layer_mutant_forgets_the_product_of_the_variances() {
    let forgetful: Step = |moments, i, mean, variance| {
        let own = mean * mean * &moments.variance[i];
        moments.variance[i] = own + variance * &moments.mean[i] * &moments.mean[i];
        moments.mean[i] *= mean;
    };
    refuted(16, case(), |case| moments_are_the_enumerated_ones(forgetful, &case));
}

/// Outside its condition: two units that share a mask of the layer before are correlated, and the next layer's variance
/// is not the sum of theirs. For h = (d, d) and f = d₁d + d₂d it is ½, and fast dropout says 2·3/16.
#[test]
fn fast_layer_fails_for_units_that_share_a_mask() {
    let split = Affine::new(DMatrix::from_element(2, 2, q(1, 2)), dvector![q(0, 1), q(0, 1)]).unwrap();
    let join = Affine::new(DMatrix::from_element(2, 2, q(1, 1)), dvector![q(0, 1), q(0, 1)]).unwrap();
    let shared = ([split, join], dvector![q(2, 1), q(0, 1)], DVector::from_element(4, q(1, 2)));
    assert!(moments_are_the_enumerated_ones(multiply, &shared).is_err());
}

/// A logistic unit with 8 masked inputs: KEEP probabilities, weights, bias; E S and Var S large enough for the two means
/// to differ, and no weight so large that S is far from normal.
fn unit() -> impl Strategy<Value = (DVector<f64>, DVector<f64>, f64)> + Clone {
    let vector = |range: std::ops::Range<f64>| prop::collection::vec(range, 8).prop_map(DVector::from_vec);
    (vector(0.3..0.7), vector(1.0..2.0), vector(-1.0..1.0), 1.0..3.0f64).prop_map(|(keep, size, sign, mean)| {
        let weights = size.zip_map(&sign, f64::copysign);
        let bias = mean - keep.dot(&weights);
        (keep, weights, bias)
    })
}

/// A rule that claims to approximate the arithmetic mean.
type Rule = fn(f64, f64) -> f64;

/// fast.target: the rule is nearer to AM than half of AM's distance to NGM, and NGM is weight scaling.
fn target_is_the_arithmetic_mean(
    rule: Rule,
    (keep, weights, bias): &(DVector<f64>, DVector<f64>, f64),
) -> TestCaseResult {
    let network = linear_regression(weights.clone(), *bias).unwrap();
    let law = Independent::new(keep.clone()).unwrap();
    let x = DVector::from_element(weights.len(), 1.0);
    let prediction = Ensemble::new(&network, &Bernoulli, &law).unwrap().predict(&x).unwrap();
    let (am, ngm) = (prediction.arithmetic_mean[0], prediction.geometric_mean.expected[0]);
    // Logits below 20 carry fewer than 30 roundings.
    prop_assert!((ngm - prediction.weight_scaling[0]).abs() < 600.0 * f64::EPSILON);
    let logit = network_moments(&network, &law, &x).unwrap();
    let fast = rule(logit.mean[0], logit.variance[0]);
    prop_assert!((fast - am).abs() < (ngm - am).abs() / 2.0, "AM {}, NGM {}, the rule {}", am, ngm, fast);
    Ok(())
}

#[test]
fn fast_target_holds_for_logits_that_are_nearly_normal() {
    holds(64, unit(), |case| target_is_the_arithmetic_mean(logistic_mean, &case));
}

/// Eight inputs of weight 2, half kept, E S = 2: AM .725, fast dropout .728, weight scaling .881.
#[test]
fn fast_target_holds_for_a_literal_unit() {
    let case = (DVector::from_element(8, 0.5), DVector::from_element(8, 2.0), -6.0);
    target_is_the_arithmetic_mean(logistic_mean, &case).unwrap();
    assert_eq!(format!("{:.4} {:.4}", logistic_mean(2.0, 8.0), 2f64.logistic()), "0.7277 0.8808");
}

#[test]
fn fast_target_mutant_is_weight_scaling() {
    refuted(16, unit(), |case| target_is_the_arithmetic_mean(|m, _| m.logistic(), &case));
}

/// Outside its condition: one large weight, kept with .9, makes S −20 or 2.7. AM is .843, weight scaling .606, and fast
/// dropout .525: it shrinks the logit when the mean needs it larger.
#[test]
fn fast_target_fails_for_a_skewed_logit() {
    let skewed = (dvector![0.9], dvector![22.7], -20.0);
    assert!(target_is_the_arithmetic_mean(logistic_mean, &skewed).is_err());
    let (am, mean) = (0.1 * Real::logistic(-20.0) + 0.9 * Real::logistic(2.7), 22.7 * 0.9 - 20.0);
    let fast = logistic_mean(mean, 0.09 * 22.7 * 22.7);
    assert_eq!(format!("{am:.3} {:.3} {fast:.3}", mean.logistic()), "0.843 0.606 0.525");
}

/// Networks: one hidden layer of each kind of unit, against all 2^12 masks. Fast dropout's mean logit is nearer to the
/// enumerated one than weight scaling's, and its variance within half of the enumerated one (measured, one fixed network
/// each).
#[test]
fn fast_layer_carries_moments_through_every_unit() {
    let wave = |i: usize, j: usize| pxfm::f_sin(1.0 + 3.0 * i as f64 + 7.0 * j as f64);
    for unit in [PiecewiseLinear::Relu.into(), Activation::Tanh, Activation::Logistic] {
        let layers = vec![
            Layer::dropout(6),
            Layer::Affine(Affine::new(DMatrix::from_fn(6, 6, wave), DVector::from_element(6, 0.5)).unwrap()),
            Layer::Unit(unit),
            Layer::dropout(6),
            Layer::Affine(Affine::new(DMatrix::from_fn(1, 6, |_, j| 1.0 + 0.1 * j as f64), dvector![0.0]).unwrap()),
        ];
        let network = Mlp::new(6, layers).unwrap();
        let (law, x) = (Independent::new(DVector::from_element(12, 0.5)).unwrap(), DVector::from_element(6, 1.5));
        let moments = network_moments(&network, &law, &x).unwrap();
        let exact = mean_over(&law, |d| network.output(&x, d).unwrap())[0];
        let variance = mean_over(&law, |d| network.output(&x, d).unwrap().map(|f| (f - exact) * (f - exact)))[0];
        let scaled = network.output(&x, &DVector::from_element(12, 0.5)).unwrap()[0];
        let (off, gap) = ((moments.mean[0] - exact).abs(), (scaled - exact).abs());
        assert!(off < gap, "{unit:?}: fast dropout is off by {off}, weight scaling by {gap}");
        assert!((moments.variance[0] / variance - 1.0).abs() < 0.5, "{unit:?}");
    }
}

#[test]
fn fast_layer_refuses_maxout_by_name() {
    let layers = vec![Layer::Unit(Activation::from(PiecewiseLinear::Maxout { pieces: 2 }))];
    let network = Mlp::<f64>::new(2, layers).unwrap();
    let law = Independent::new(DVector::zeros(0)).unwrap();
    assert!(matches!(network_moments(&network, &law, &dvector![1.0, 2.0]), Err(Error::Domain { .. })));
}
