//! How far the fast enumeration is from the real number, which the enumeration in intervals encloses.

use crate::cases::{Case, case};
use crate::properties::{holds, refuted};
use dropout_oracle::certified::{CertifiedModel, Interval};
use dropout_oracle::ensemble::{Prediction, expectation};
use dropout_oracle::kernel::enumerate;
use dropout_oracle::model::HeadKind;
use dropout_oracle::{Real, Result};
use nalgebra::DVector;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

/// The stated bound, in units of u. e^η is the product of five exponentials of 2 roundings each: 13 with the three that
/// enter s, whose sum takes C more and 1/s another 5; 12 as e^η enters the mean. Then 7 for the weights, and no term passes
/// more than 64 + 3 + 32 + 3 additions within a tile and one a unit above it.
fn roundings(case: &Case) -> f64 {
    (case.outputs() + case.x.len() + 140) as f64
}

/// How far `value` is from the farther end of the enclosure.
fn distance(value: f64, truth: &Interval) -> f64 {
    let (lo, hi) = truth.to_f64s();
    (value - lo).abs().max((hi - value).abs())
}

/// The arithmetic mean is off by at most that relatively, and 10⁻¹⁵⁰ where exponentials underflow; E ln p, and with it
/// the geometric mean, by that times 1 + the range of the logits.
fn within_bounds(predict: impl Fn(&Case) -> Result<Prediction<f64>>, case: &Case) -> TestCaseResult {
    let fast = predict(case).unwrap();
    let truth = CertifiedModel::new(&case.model).unwrap().predict(&case.x).unwrap();
    let bound = roundings(case) * U;
    for (value, truth) in fast.arithmetic_mean.iter().zip(&truth.arithmetic_mean) {
        // The enclosure's ends are rounded outwards: two more.
        let allowed = (bound + 2.0 * U) * truth.to_f64s().1 + 1e-150;
        prop_assert!(
            distance(*value, truth) <= allowed,
            "AM {value:e}, truth {:?}, bound {allowed:e}",
            truth.to_f64s()
        );
    }
    let absolute = 2.0 * bound * (1.0 + case.range());
    for (value, truth) in fast.geometric_mean.expected.iter().zip(&truth.geometric_mean) {
        // e^x − 1 ≤ 2x for x ≤ 1
        let allowed = 2.0 * absolute * truth.to_f64s().1 + 1e-150;
        prop_assert!(distance(*value, truth) <= allowed, "NGM {value:e}, truth {:?}", truth.to_f64s());
    }
    let (mass, truth) = (fast.geometric_mean.log_mass, &truth.log_geometric_mass);
    let allowed = absolute * case.outputs() as f64;
    prop_assert!(distance(mass, truth) <= allowed, "ln Z {mass}, truth {:?}, {allowed:e}", truth.to_f64s());
    Ok(())
}

fn fast(case: &Case) -> Result<Prediction<f64>> {
    enumerate(&case.model, &case.x)
}

#[test]
fn softmax_is_within_the_bound_at_any_scale() {
    holds(24, case(5, HeadKind::Softmax), |case| within_bounds(fast, &case));
}

#[test]
fn answers_are_within_the_bound_at_any_scale() {
    holds(16, case(5, HeadKind::Bernoulli), |case| within_bounds(fast, &case));
}

/// The definition in plain doubles is not: its logits carry the rounding of sums of their size.
#[test]
fn the_bound_refuses_logits_rounded_at_their_own_size() {
    refuted(32, case(5, HeadKind::Softmax), |case| within_bounds(|case| case.model.ensemble().predict(&case.x), &case));
}

/// e^η as products of plain exponentials, without taking out the largest: wrong or not a number beyond e^709.
fn without_shift(case: &Case) -> Result<Prediction<f64>> {
    let affine = case.model.network().affine().next().unwrap();
    let factors = &affine.weight * nalgebra::DMatrix::from_diagonal(case.model.law().factor());
    let (factors, start) = (factors.map(Real::exp), affine.bias.map(Real::exp));
    let mean = expectation(case.model.law().law(), |mask: &DVector<f64>| {
        let kept = mask.iter().enumerate().filter(|(_, kept)| **kept == 1.0);
        let e = kept.fold(start.clone(), |e, (i, _)| e.component_mul(&factors.column(i)));
        Ok(&e / e.sum())
    })?;
    Ok(Prediction { arithmetic_mean: mean, ..case.model.ensemble().predict(&case.x)? })
}

#[test]
fn the_bound_refuses_exponentials_without_a_shift() {
    refuted(32, case(5, HeadKind::Softmax), |case| within_bounds(without_shift, &case));
}

/// Many tiles, both groups full, several runs of equal weights: against the definition, which is off by a rounding of the
/// logits' size for each of n + 1 terms, and by C more in the softmax.
#[test]
fn large_tiles_agree_with_the_definition() {
    for (n, classes, size, keep) in [(17, 10, 0.4, 0.8), (16, 3, 2.0, 0.5), (14, 2, 30.0, 0.3), (12, 12, 0.1, 0.9)] {
        let case = Case::formula(n, classes, size, keep, HeadKind::Softmax);
        let (fast, slow) = (fast(&case).unwrap(), case.model.ensemble().predict(&case.x).unwrap());
        let definition = (n + 1 + classes) as f64 * U * (1.0 + case.range());
        let allowed = roundings(&case) * U + definition;
        for (a, b) in fast.arithmetic_mean.iter().zip(&slow.arithmetic_mean) {
            assert!((a - b).abs() <= allowed * b, "n {n}: {a:e} {b:e}");
        }
        let off = fast.geometric_mean.log_mass - slow.geometric_mean.log_mass;
        assert!(
            off.abs() <= 2.0 * roundings(&case) * U * (1.0 + case.range()) + definition,
            "n {n}: ln Z off by {off:e}"
        );
    }
}

/// What is seen is far less than the bound: the arithmetic mean to 4 ulp, for logits of size 0.01 to 10⁴.
#[test]
fn the_arithmetic_mean_is_good_to_four_ulp_at_any_scale() {
    for size in [0.01, 1.0, 20.0, 700.0, 1e4] {
        for (classes, keep) in [(2, 0.5), (3, 0.8), (6, 0.3)] {
            let case = Case::formula(6, classes, size, keep, HeadKind::Softmax);
            let truth = CertifiedModel::new(&case.model).unwrap().predict(&case.x).unwrap();
            for (value, truth) in fast(&case).unwrap().arithmetic_mean.iter().zip(&truth.arithmetic_mean) {
                let (lo, hi) = truth.to_f64s();
                let off = (value - lo).abs().min((hi - value).abs());
                assert!(off <= 8.0 * U * hi + 1e-150, "size {size}, {classes} classes: {value:e}, truth {lo:e}");
            }
        }
    }
}
