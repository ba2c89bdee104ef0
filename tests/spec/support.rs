//! What the claims share: how a claim is checked over generated cases, and the generators.

pub use crate::properties::{holds, refuted};
use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, NonEmpty, Table, Tied, Uniform};
use dropout_oracle::{Mask, Rational, Scalar};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

/// q(1, 2) = ½.
pub fn q(numerator: i64, denominator: i64) -> Rational {
    Rational::ratio(numerator, denominator)
}

/// Small rationals, zero and negative ones among them.
pub fn rational() -> impl Strategy<Value = Rational> + Clone {
    (-6i64..=6, 1i64..=4).prop_map(|(n, d)| q(n, d))
}

/// A vector of small rationals.
pub fn rationals(len: usize) -> impl Strategy<Value = DVector<Rational>> + Clone {
    prop::collection::vec(rational(), len).prop_map(DVector::from_vec)
}

/// A matrix of small rationals.
pub fn rational_matrix(rows: usize, columns: usize) -> impl Strategy<Value = DMatrix<Rational>> + Clone {
    prop::collection::vec(rational(), rows * columns).prop_map(move |v| DMatrix::from_vec(rows, columns, v))
}

/// KEEP probabilities in (0, 1], 1 among them.
pub fn keeps(units: usize) -> impl Strategy<Value = DVector<Rational>> + Clone {
    prop::collection::vec((1i64..=6).prop_map(|n| q(n, 6)), units).prop_map(DVector::from_vec)
}

/// Real numbers of moderate size.
pub fn real() -> impl Strategy<Value = f64> + Clone {
    -3.0..3.0
}

/// A vector of real numbers.
pub fn reals(len: usize) -> impl Strategy<Value = DVector<f64>> + Clone {
    prop::collection::vec(real(), len).prop_map(DVector::from_vec)
}

/// A matrix of real numbers.
pub fn real_matrix(rows: usize, columns: usize) -> impl Strategy<Value = DMatrix<f64>> + Clone {
    prop::collection::vec(real(), rows * columns).prop_map(move |v| DMatrix::from_vec(rows, columns, v))
}

/// Any joint law of the masks of `units` units: an arbitrary table, with zeros in it.
pub fn any_law(units: usize) -> impl Strategy<Value = Table<Rational>> + Clone {
    prop::collection::vec(0i64..=5, 1 << units).prop_filter_map("all weights zero", move |weights| {
        let total: i64 = weights.iter().sum();
        let entries = Mask::all(units).unwrap().zip(&weights).map(|(mask, w)| (mask, q(*w, total.max(1))));
        (total > 0).then(|| Table::new(entries.collect()).unwrap())
    })
}

/// One law of every kind over the same number (at least 1) of units.
pub fn every_law(units: usize, keep: &DVector<Rational>) -> Vec<Box<dyn FiniteLaw<Rational>>> {
    let independent = Independent::new(keep.clone()).unwrap();
    vec![
        Box::new(Uniform::new(units)),
        Box::new(FixedCount::new(units, units.div_ceil(2)).unwrap()),
        Box::new(Tied::new(Uniform::<Rational>::new(2), (0..units).map(|i| i % 2).collect()).unwrap()),
        Box::new(NonEmpty::new(independent.clone()).unwrap()),
        Box::new(independent),
    ]
}

/// The sum of rationals.
pub fn total(terms: impl IntoIterator<Item = Rational>) -> Rational {
    terms.into_iter().fold(Rational::ZERO, |sum, term| sum + term)
}

/// The mean over a law's support, by definition.
pub fn mean_over<T: Scalar>(law: &(impl FiniteLaw<T> + ?Sized), f: impl Fn(&DVector<T>) -> DVector<T>) -> DVector<T> {
    let terms = law.support().unwrap().map(|(multipliers, weight)| f(&multipliers) * weight);
    terms.reduce(|sum, term| sum + term).expect("a law has at least one mask")
}
