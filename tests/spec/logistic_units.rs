//! Logistic units for the tests of the exact marginals, the awkward ones among them.

use nalgebra::DVector;
use proptest::prelude::*;
use std::f64::consts::PI;

/// Weights, KEEP probabilities, bias.
pub type Unit = (DVector<f64>, DVector<f64>, f64);

/// Up to `most` units: dyadic weights up to `scale`, powers of two, periodic ones (multiples of 2π), zeros; keep
/// probabilities on a grid and within 10⁻⁹ of 0 and 1.
pub fn unit(most: usize, scale: f64) -> impl Strategy<Value = Unit> + Clone {
    let weight = prop_oneof![
        6 => -scale..scale,
        1 => (-6i32..=6).prop_map(|k| f64::powi(2.0, k)),
        1 => (-2i32..=2).prop_map(|k| 2.0 * PI * f64::from(k)),
        1 => Just(0.0),
    ];
    let keep = prop_oneof![6 => (1i32..=16).prop_map(|k| f64::from(k) / 16.0), 1 => Just(1e-9), 1 => Just(1.0 - 1e-9)];
    (prop::collection::vec((weight, keep), 0..=most), -scale..scale).prop_map(|(units, bias)| {
        let (weights, keep): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        (weights.into(), keep.into(), bias)
    })
}
