//! Claim noise.alpha: alpha dropout keeps mean 0 and variance 1, and is ordinary dropout between two affine maps.

use crate::moments::{moments, standardised};
use crate::support::{holds, q, refuted};
use approx::{assert_abs_diff_eq, assert_relative_eq};
use dropout_oracle::law::Independent;
use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear};
use dropout_oracle::noise::AlphaDropout;
use dropout_oracle::noise::alpha_dropout::SELU_LIMIT;
use dropout_oracle::{Error, Rational, Scalar};
use nalgebra::{dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

type Net = Mlp<f64, PiecewiseLinear>;

/// The t of a two-valued unit of mean 0 and variance 1, KEEP probability, and α′.
fn case() -> impl Strategy<Value = (Rational, Rational, Rational)> + Clone {
    let t = (1i64..=4, 1i64..=4).prop_map(|(n, d)| q(n, d));
    (t, (1i64..=8).prop_map(|n| q(n, 8)), (-8i64..=0).prop_map(|n| q(n, 4)))
}

/// E and Var of f(x, d), x two-valued, d kept with probability q, by enumeration.
fn over_x_and_d(net: &Net, x: &[(f64, f64); 2], keep: f64) -> (f64, f64) {
    let law = Independent::new(dvector![keep]).unwrap();
    let first = x.iter().map(|(x, weight)| {
        let (mean, variance) = moments(&law, |d| net.output(&dvector![*x], d).unwrap());
        (weight * mean[0], weight * (variance[(0, 0)] + mean[0] * mean[0]))
    });
    let (mean, square) = first.fold((0.0, 0.0), |(m, s), (mean, square)| (m + mean, s + square));
    (mean, square - mean * mean)
}

/// An implementation: the layers for KEEP probability q and α′.
type Rule = fn(f64, f64) -> [Layer<f64, PiecewiseLinear>; 3];

fn library(keep: f64, dropped: f64) -> [Layer<f64, PiecewiseLinear>; 3] {
    AlphaDropout::new(keep, dropped).unwrap().layers(1)
}

fn keeps_mean_and_variance(rule: Rule, (t, keep, dropped): &(Rational, Rational, Rational)) -> TestCaseResult {
    let (keep, dropped) = (Scalar::to_f64(keep), Scalar::to_f64(dropped));
    let x = standardised(t).map(|(x, weight)| (Scalar::to_f64(&x), Scalar::to_f64(&weight)));
    let net = Net::new(1, rule(keep, dropped).into()).unwrap();
    let (mean, variance) = over_x_and_d(&net, &x, keep);
    // Squares below a²·(4 + 2)² ≤ 8·36, after fewer than 30 roundings.
    let allowed = 30.0 * 288.0 * f64::EPSILON;
    prop_assert!(mean.abs() < allowed && (variance - 1.0).abs() < allowed, "mean {mean}, variance {variance}");
    Ok(())
}

#[test]
fn noise_alpha_holds_that_mean_and_variance_stay() {
    holds(64, case(), |case| keeps_mean_and_variance(library, &case));
}

/// h ↦ scale · μ ∘ (h − dropped) + shift.
fn around(dropped: f64, scale: f64, shift: f64) -> [Layer<f64, PiecewiseLinear>; 3] {
    let affine = |w: f64, b: f64| Layer::Affine(Affine::new(dmatrix![w], dvector![b]).unwrap());
    [affine(1.0, -dropped), Layer::dropout(1), affine(scale, shift)]
}

#[test]
fn noise_alpha_mutant_is_inverted_dropout() {
    refuted(24, case(), |case| keeps_mean_and_variance(|keep, _| around(0.0, 1.0 / keep, 0.0), &case));
}

#[test]
fn noise_alpha_mutant_forgets_the_shift() {
    refuted(24, case(), |case| {
        let without: Rule = |keep, dropped| {
            let alpha = AlphaDropout::new(keep, dropped).unwrap();
            around(dropped, alpha.scale(), alpha.scale() * dropped)
        };
        keeps_mean_and_variance(without, &case)
    });
}

#[test]
fn noise_alpha_mutant_takes_the_drop_rate_for_the_keep_probability() {
    refuted(24, case(), |case| {
        let swapped: Rule = |keep, dropped| {
            let alpha = AlphaDropout::new((1.0 - keep).max(0.125), dropped).unwrap();
            alpha.layers(1)
        };
        keeps_mean_and_variance(swapped, &case)
    });
}

/// The algebra behind a and b, in rationals: x d + α′(1−d) has mean (1−q)α′ and variance q + α′²q(1−q).
#[test]
fn noise_alpha_holds_in_rationals_before_it_is_scaled() {
    holds(64, case(), |(t, keep, dropped)| {
        let drop = q(1, 1) - keep.clone();
        let outcomes: Vec<(Rational, Rational)> = standardised(&t)
            .into_iter()
            .flat_map(|(x, weight)| [(x, weight.clone() * keep.clone()), (dropped.clone(), weight * drop.clone())])
            .collect();
        let mean = outcomes.iter().fold(q(0, 1), |sum, (x, w)| sum + x.clone() * w.clone());
        let square = outcomes.iter().fold(q(0, 1), |sum, (x, w)| sum + x.clone() * x.clone() * w.clone());
        prop_assert_eq!(&mean, &(drop.clone() * dropped.clone()));
        let variance = keep.clone() + dropped.clone() * dropped * keep * drop;
        prop_assert_eq!(square - mean.clone() * mean, variance);
        Ok(())
    });
}

/// q = ½ and α′ = −½ give the rational a = 4/3; and SELU's own figures.
#[test]
fn noise_alpha_figures() {
    assert_eq!(AlphaDropout::new(0.5, -0.5).unwrap().scale(), 4.0 / 3.0);
    // −λα, each factor given to 17 digits: 2 roundings.
    assert_relative_eq!(SELU_LIMIT, -1.0507009873554805 * 1.6732632423543772, max_relative = 2.0 * f64::EPSILON);
    let alpha = AlphaDropout::selu(0.9).unwrap();
    assert_eq!(format!("{:.6} {:.6}", alpha.scale(), alpha.shift()), SCALE_AND_SHIFT);
}

const SCALE_AND_SHIFT: &str = "0.921285 0.161971";

/// Outside the condition "mean 0 and variance 1": a unit of mean 1 keeps neither.
#[test]
fn noise_alpha_fails_for_units_of_another_mean() {
    let net = Net::new(1, library(0.5, -0.5).into()).unwrap();
    let (mean, variance) = over_x_and_d(&net, &[(0.0, 0.5), (2.0, 0.5)], 0.5);
    // a(½·1 − ¼) + 1/3 and a²(½ + ¼·(1 + ½)²), with a = 4/3.
    assert_abs_diff_eq!(mean, 2.0 / 3.0, epsilon = 1e-15);
    assert_abs_diff_eq!(variance, 16.0 / 9.0 * 17.0 / 16.0, epsilon = 4e-15);
}

/// Given x, its mean, which is its weight scaling, is a q x, and a q < 1: the identity of test time is another
/// function.
#[test]
fn noise_alpha_fails_to_be_unbiased_given_the_unit() {
    let alpha = AlphaDropout::selu(0.9).unwrap();
    let net = Net::new(1, alpha.layers(1).into()).unwrap();
    let law = Independent::new(dvector![0.9]).unwrap();
    for x in [-1.5, 0.0, 2.0] {
        let (mean, _) = moments(&law, |d| net.output(&dvector![x], d).unwrap());
        let scaled = net.output(&dvector![x], &dvector![0.9]).unwrap();
        // Numbers below 4 after about 10 roundings.
        assert_abs_diff_eq!(mean[0], alpha.scale() * 0.9 * x, epsilon = 40.0 * f64::EPSILON);
        assert_abs_diff_eq!(scaled[0], mean[0], epsilon = 40.0 * f64::EPSILON);
    }
    assert!(alpha.scale() * 0.9 < 0.84);
}

#[test]
fn noise_alpha_refuses_what_makes_no_sense() {
    assert!(matches!(AlphaDropout::selu(0.0), Err(Error::KeepProbability { .. })));
    assert!(matches!(AlphaDropout::new(0.5, f64::NAN), Err(Error::NotFinite { .. })));
}
