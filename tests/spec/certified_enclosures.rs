//! Enclosures contain the real number, and the running error bound of the `f64` path is sound.

use crate::support::{holds, q, rational, real_matrix, reals, refuted};
use dropout_oracle::certified::{Bounded, CertifiedModel, Interval, losses_with_bounds, predict_with_bounds};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::{Rational, Real, Scalar};
use nalgebra::{DVector, dmatrix, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;

/// \\(\sum_{k<K} x^k/k!\\) and a bound on the rest, \\(2|x|^K/K!\\) for |x| ≤ K/2: an enclosure of eˣ in rationals.
fn taylor(x: &Rational) -> (Rational, Rational) {
    let (mut sum, mut term) = (Rational::zero(), Rational::one());
    for k in 0..60i64 {
        sum += term.clone();
        term = term * x.clone() / q(k + 1, 1);
    }
    let rest = q(2, 1) * if term < Rational::zero() { -term } else { term };
    (sum.clone() - rest.clone(), sum + rest)
}

/// The arithmetic of intervals: the exact result of rational operands lies inside.
#[test]
fn intervals_contain_exact_arithmetic() {
    holds(256, (rational(), rational()), |(a, b)| {
        let (i, j) = (Interval::from(&a), Interval::from(&b));
        prop_assert!((i.clone() + j.clone()).contains(&(a.clone() + b.clone())));
        prop_assert!((i.clone() - j.clone()).contains(&(a.clone() - b.clone())));
        prop_assert!((i.clone() * j.clone()).contains(&(a.clone() * b.clone())));
        prop_assert!(i.clone().maximum(j.clone()).contains(&a.clone().maximum(b.clone())));
        if !b.is_zero() {
            prop_assert!((i / j).contains(&(a / b)));
        }
        Ok(())
    });
}

/// Chains of operations whose exact result is known: cancellation, and thirds, which no binary number is.
#[test]
fn intervals_stay_around_the_exact_result_of_long_sums() {
    let third = Interval::ratio(1, 3);
    let sum = (0..999).fold(Interval::zero(), |sum, _| sum + third.clone());
    assert!(sum.contains(&q(333, 1)));
    let (lo, hi) = (sum - Interval::ratio(333, 1)).to_f64s();
    assert!(lo <= 0.0 && 0.0 <= hi && hi - lo < 1e-40);
}

/// exp and ln against an independent enclosure in rationals: the two overlap.
#[test]
fn interval_exp_and_ln_agree_with_taylor_in_rationals() {
    holds(64, rational(), |x| {
        let (lo, hi) = taylor(&x);
        let e = Interval::from(&x).exp();
        let disjoint = e < Interval::from(&lo) || e > Interval::from(&hi);
        prop_assert!(!disjoint);
        prop_assert!(e.ln().contains(&x));
        let (l, h) = e.to_f64s();
        prop_assert!(h <= l.next_up(), "as f64 at most one ulp wide");
        Ok(())
    });
}

/// An `f64` exponential is inside the enclosure widened by half an ulp: `Real::exp` is correctly rounded.
#[test]
fn real_exp_and_ln_are_the_numbers_nearest_to_the_enclosure() {
    holds(256, -700.0..700.0f64, |x| {
        let (lo, hi) = Interval::from(x).exp().to_f64s();
        prop_assert!(Real::exp(x) == lo || Real::exp(x) == hi);
        let y = x.abs() + 1e-3;
        let (lo, hi) = Interval::from(y).ln().to_f64s();
        prop_assert!(Real::ln(y) == lo || Real::ln(y) == hi);
        Ok(())
    });
}

fn kinds() -> impl Strategy<Value = HeadKind> + Clone {
    prop_oneof![
        Just(HeadKind::Softmax),
        Just(HeadKind::Bernoulli),
        Just(HeadKind::Gaussian { variance: 0.7 }),
        Just(HeadKind::Poisson),
    ]
}

/// A 2-4/2-2 network (ReLU or maxout) with dropout on inputs and hidden units, its weights scaled by `scale`, and an input.
fn model_and_input() -> impl Strategy<Value = (Model, DVector<f64>)> {
    let weights = (real_matrix(4, 2), reals(4), real_matrix(2, 2), reals(2), reals(2));
    let keep = prop::collection::vec(0.05..1.0f64, 4).prop_map(DVector::from_vec);
    let settings = (kinds(), any::<bool>(), prop_oneof![Just(0.1), Just(1.0), Just(6.0)]);
    (weights, keep, settings).prop_map(|((w, b, v, c, x), keep, (kind, inverted, scale))| {
        let layers = vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(w * scale, b).unwrap()),
            Layer::Unit(Activation::from(PiecewiseLinear::Maxout { pieces: 2 })),
            Layer::dropout(2),
            Layer::Affine(Affine::new(v, c).unwrap()),
        ];
        let convention = if inverted { Convention::Inverted } else { Convention::Standard };
        (Model::new(Mlp::new(2, layers).unwrap(), kind, keep, convention).unwrap(), x)
    })
}

/// The distance of an `f64` from an enclosure, which must be narrow: far below an ulp of 1, although above one of a loss
/// of 10⁻³⁶, the logarithm of a probability near 1.
fn distance(value: f64, enclosure: &Interval) -> f64 {
    let (lo, hi) = (enclosure.clone() - Interval::from(value)).to_f64s();
    assert!(hi - lo <= 1e-30 * value.abs().max(1.0) + 1e-15 * lo.abs(), "{value} {lo} {hi}"); // the ends are f64
    lo.max(-hi).max(0.0)
}

/// `within(value, bound, enclosure)` for every number of both predictions.
fn each_number(
    model: &Model,
    x: &DVector<f64>,
    within: impl Fn(Bounded, &Interval) -> bool,
) -> Result<(), TestCaseError> {
    // Outputs or rates beyond f64 are refused by name, and there is nothing to bound.
    let Ok(bounded) = predict_with_bounds(model, x) else { return Ok(()) };
    let certified = CertifiedModel::new(model).unwrap().predict(x).unwrap();
    let pairs = [
        (&bounded.arithmetic_mean, &certified.arithmetic_mean),
        (&bounded.geometric_mean.expected, &certified.geometric_mean),
        (&bounded.weight_scaling, &certified.weight_scaling),
    ];
    let numbers = pairs.into_iter().flat_map(|(b, c)| b.iter().copied().zip(c));
    let mass = (bounded.geometric_mean.log_mass, &certified.log_geometric_mass);
    // A target for every head: a class, answers, values, counts.
    let target = dvector![1.0, 0.0];
    let losses = losses_with_bounds(model, x, &target).unwrap();
    // Rates of e^33 make log-probabilities of −10¹⁴, refused by name.
    let Ok(enclosed) = CertifiedModel::new(model).unwrap().losses(x, &target, &certified) else { return Ok(()) };
    let losses = [
        (losses.arithmetic_mean, &enclosed.arithmetic_mean),
        (losses.geometric_mean, &enclosed.geometric_mean),
        (losses.weight_scaling, &enclosed.weight_scaling),
    ];
    for (bounded, enclosure) in numbers.chain([mass]).chain(losses) {
        prop_assert!(within(bounded, enclosure), "{bounded:?} against {:?}", enclosure.to_f64s());
    }
    Ok(())
}

/// The bound is sound: the exact number, enclosed, is never farther from the `f64` than the bound says.
#[test]
fn the_running_error_bound_is_sound() {
    holds(96, model_and_input().no_shrink(), |(model, x)| {
        each_number(&model, &x, |number, enclosure| distance(number.value(), enclosure) <= number.bound())
    });
}

/// A bound that counts only the last rounding would be refused.
#[test]
fn the_running_error_mutant_that_forgets_earlier_roundings_is_refused() {
    refuted(96, model_and_input().no_shrink(), |(model, x)| {
        each_number(&model, &x, |number, enclosure| {
            distance(number.value(), enclosure) <= number.value().abs() * f64::EPSILON / 2.0
        })
    });
}

/// The bounded prediction has the bits of the plain one.
#[test]
fn the_bounded_prediction_has_the_plain_bits() {
    holds(64, model_and_input().no_shrink(), |(model, x)| {
        let (Ok(bounded), Ok(plain)) = (predict_with_bounds(&model, &x), model.ensemble().predict(&x)) else {
            return Ok(());
        };
        prop_assert_eq!(bounded.arithmetic_mean.map(Bounded::value), plain.arithmetic_mean);
        prop_assert_eq!(bounded.geometric_mean.expected.map(Bounded::value), plain.geometric_mean.expected);
        prop_assert_eq!(bounded.weight_scaling.map(Bounded::value), plain.weight_scaling);
        let target = dvector![1.0, 0.0];
        let (bounded, plain) =
            (losses_with_bounds(&model, &x, &target).unwrap(), model.ensemble().losses(&x, &target).unwrap());
        prop_assert_eq!(bounded.arithmetic_mean.value(), plain.arithmetic_mean);
        prop_assert_eq!(bounded.geometric_mean.value(), plain.geometric_mean);
        prop_assert_eq!(bounded.weight_scaling.value(), plain.weight_scaling);
        Ok(())
    });
}

/// Logits of thousands: no overflow, and the tiny probability is enclosed although no `f64` holds it.
#[test]
fn certified_predictions_survive_extreme_logits() {
    let layers = vec![Layer::dropout(1), Layer::Affine(Affine::new(dmatrix![1e4; 0.0], dvector![0.0, 0.0]).unwrap())];
    let network = Mlp::new(1, layers).unwrap();
    let model = Model::new(network, HeadKind::Softmax, dvector![0.5], Convention::Standard).unwrap();
    let certified = CertifiedModel::new(&model).unwrap().predict(&dvector![1.0]).unwrap();
    // AM of class 1: ½·½ + ½·e^−10⁴
    assert_eq!(certified.arithmetic_mean[1].to_f64s(), (0.25, 0.25f64.next_up()));
    // NGM has the mean logit 5000 = WS, exactly: AM is as far from the one as from the other.
    let kl = certified.divergences.unwrap();
    let between = kl.geometric_mean - kl.weight_scaling;
    assert!(between.contains(&Rational::zero()));
    let (lo, hi) = between.to_f64s();
    assert!(hi - lo < 1e-40);
}

/// What is no exponent of e is refused by name: an output of 2⁴⁰, a Gaussian density of e^−10²⁴, a factorial of 10⁹.
#[test]
fn certified_errors_for_exponents_out_of_range() {
    let model = |kind, weight| {
        let layers =
            vec![Layer::dropout(1), Layer::Affine(Affine::new(dmatrix![weight; 0.0], dvector![0.0, 0.0]).unwrap())];
        Model::new(Mlp::new(1, layers).unwrap(), kind, dvector![0.5], Convention::Standard).unwrap()
    };
    let (x, y) = (dvector![1.0], dvector![0.0, 0.0]);
    let text = |error: dropout_oracle::Error| error.to_string();
    for kind in [HeadKind::Softmax, HeadKind::Bernoulli, HeadKind::Poisson] {
        let refused = CertifiedModel::new(&model(kind, 1e300)).unwrap().predict(&x).unwrap_err();
        let why = "an output of a certified network, the exponent of an enclosed exponential, is ";
        assert!(
            text(refused.clone()).starts_with(why) && text(refused).ends_with("must be below 2^40 in absolute value")
        );
    }
    let gaussian = CertifiedModel::new(&model(HeadKind::Gaussian { variance: 1.0 }, 1e12)).unwrap();
    let prediction = gaussian.predict(&x).unwrap();
    assert!(prediction.divergences.is_none());
    let refused = text(gaussian.losses(&x, &y, &prediction).unwrap_err());
    assert!(refused.starts_with("a log-probability, the exponent of"), "{refused}");
    let poisson = CertifiedModel::new(&model(HeadKind::Poisson, 1.0)).unwrap();
    let prediction = poisson.predict(&x).unwrap();
    for bad in [1e9, 0.5, -1.0] {
        let refused = text(poisson.losses(&x, &dvector![bad, 0.0], &prediction).unwrap_err());
        let why = format!("a target of an enclosed Poisson head is {bad}; it must be a count, at most 10000");
        assert_eq!(refused, why);
    }
    let short = text(poisson.losses(&x, &dvector![0.0], &prediction).unwrap_err());
    assert_eq!(short, "entries of the target: expected 2, found 1");
    let nan = text(poisson.losses(&x, &dvector![f64::NAN, 0.0], &prediction).unwrap_err());
    assert_eq!(nan, "an entry of the target is NaN; every number must be finite");
}

/// The decimal ends are rounded outward, and π is between its digits.
#[test]
fn certified_decimals_enclose() {
    let decimal = |text: &str| -> Rational {
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let places = mantissa.split_once('.').map_or(0, |(_, places)| places.len());
        let integer: i64 = mantissa.replace('.', "").parse().unwrap();
        q(integer, 1) * q(10, 1).pow(exponent.parse::<isize>().unwrap() - places as isize)
    };
    holds(256, rational(), |x| {
        let (lo, hi) = Interval::from(&x).to_decimals(12);
        prop_assert!(decimal(&lo) <= x && x <= decimal(&hi), "{lo} {x} {hi}");
        let width = decimal(&hi) - decimal(&lo);
        let size = if x < Rational::zero() { -x } else { x };
        prop_assert!(width <= size * q(10, 1).pow(-11), "one in the twelfth digit");
        Ok(())
    });
    assert_eq!(Interval::pi().to_decimals(30).0, "3.14159265358979323846264338327e0");
    assert_eq!(Interval::pi().to_decimals(30).1, "3.14159265358979323846264338328e0");
}

#[test]
fn certified_networks_have_piecewise_linear_units() {
    let layers = vec![Layer::Unit(Activation::Tanh)];
    let model = Model::new(Mlp::new(2, layers).unwrap(), HeadKind::Softmax, dvector![], Convention::Standard).unwrap();
    let error = CertifiedModel::new(&model).err().unwrap().to_string();
    assert_eq!(error, "the units of layer 0 of a certified network is Tanh; it must be identity, ReLU or maxout");
}
