//! Softmaxes over shared masks for the tests of the exact marginals, the awkward ones among them.

use dropout_oracle::ensemble::expectation;
use dropout_oracle::head::{Head, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent};
use dropout_oracle::network::Affine;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use std::f64::consts::PI;

/// 2⁻⁵³.
pub const U: f64 = f64::EPSILON / 2.0;

/// Weights (classes × units), KEEP probabilities, biases.
pub type Case = (DMatrix<f64>, DVector<f64>, DVector<f64>);

/// At most so many units with weights up to `scale`.
pub fn case(classes: usize, most: usize, scale: f64) -> impl Strategy<Value = Case> + Clone {
    of_weights(classes, most, scale, prop_oneof![8 => -scale..scale, 1 => Just(0.0), 1 => Just(1.0)])
}

/// Weights that are powers of two or multiples of 2π, which bring the phases back to where they were, or zero; the last
/// unit twice.
pub fn awkward(classes: usize, most: usize) -> impl Strategy<Value = Case> + Clone {
    let weight = prop_oneof![
        2 => (-3i32..=2).prop_map(|k| f64::powi(2.0, k)),
        3 => (-1i32..=1).prop_map(|k| 2.0 * PI * f64::from(k)),
        1 => Just(0.0),
    ];
    of_weights(classes, most - 1, 1.0, weight).prop_map(|(weights, keep, bias)| {
        let n = weights.ncols();
        if n == 0 {
            return (weights, keep, bias);
        }
        let last = weights.column(n - 1).into_owned();
        let mut twice = weights.insert_column(n, 0.0);
        twice.set_column(n, &last);
        let copy = keep[n - 1];
        (twice, keep.push(copy), bias)
    })
}

fn of_weights(
    classes: usize,
    most: usize,
    scale: f64,
    weight: impl Strategy<Value = f64> + Clone,
) -> impl Strategy<Value = Case> + Clone {
    let keep = prop_oneof![6 => (1i32..=16).prop_map(|k| f64::from(k) / 16.0), 1 => Just(1e-9), 1 => Just(1.0 - 1e-9)];
    (0..=most).prop_flat_map(move |n| {
        let weights = prop::collection::vec(weight.clone(), classes * n);
        let keep = prop::collection::vec(keep.clone(), n);
        (weights, keep, prop::collection::vec(-scale..scale, classes))
            .prop_map(move |(weights, keep, bias)| (DMatrix::from_vec(classes, n, weights), keep.into(), bias.into()))
    })
}

/// The masks of the case.
pub fn independent(case: &Case) -> Independent<f64> {
    Independent::new(case.1.clone()).unwrap()
}

/// E softmax(A d + b) by enumeration, and what its roundings can be.
pub fn enumerated((weights, _, bias): &Case, law: &impl FiniteLaw<f64>) -> (DVector<f64>, f64) {
    let affine = Affine::new(weights.clone(), bias.clone()).unwrap();
    let mean = expectation(law, |d| Ok(Softmax.expected(&affine.apply(d)))).unwrap();
    let n = weights.ncols() as f64;
    // Each logit is rounded n times by its size, each term of a mean 2n + 8 times.
    (mean, ((n + 1.0) * size(weights, bias) + 2.0 * n + 12.0) * U)
}

/// No logit is larger; at least 1.
pub fn size(weights: &DMatrix<f64>, bias: &DVector<f64>) -> f64 {
    1.0 + bias.amax() + weights.iter().map(|w| w.abs()).sum::<f64>()
}
