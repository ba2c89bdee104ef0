//! 442 diabetes patients: ten measurements each and the progression of the disease a year later.
//!
//! The regression data of Efron, Hastie, Johnstone and Tibshirani, *Least Angle Regression* (Annals of Statistics 32,
//! 2004), in the units of measurement, as scikit-learn 1.9.1 ships it. See `data/DIABETES.md`.

use crate::penalty::LeastSquares;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

const CSV: &str = include_str!("../../data/diabetes.csv");

/// The number of patients.
pub const PATIENTS: usize = 442;

/// The columns of X: age in years, sex (1 or 2), body mass index, mean blood pressure, and six blood serum measurements.
pub const FEATURES: [&str; 10] = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"];

/// The regression problem, one row of X a patient, neither centred nor scaled and without a constant feature.
///
/// The file holds decimal fractions, so over [`Rational`](crate::Rational) the numbers are exact, and over `f64` each is
/// the nearest one.
///
/// ```
/// use dropout_oracle::{Rational, Scalar, data::diabetes};
/// let problem = diabetes::load::<Rational>();
/// assert_eq!(problem.inputs().shape(), (442, 10));
/// assert_eq!(problem.inputs()[(0, 8)], Rational::ratio(48_598, 10_000)); // 4.8598
/// ```
pub fn load<T: Scalar>() -> LeastSquares<T> {
    let numbers: Vec<T> = CSV.lines().skip(1).flat_map(|row| row.split(',').map(decimal)).collect();
    let rows = DMatrix::from_row_slice(PATIENTS, FEATURES.len() + 1, &numbers);
    let (inputs, targets) = (rows.columns(0, FEATURES.len()), rows.column(FEATURES.len()));
    LeastSquares::new(inputs.into_owned(), DVector::from_column_slice(targets.as_slice()))
        .expect("the embedded file is well formed")
}

/// The number that a decimal fraction without sign stands for: an integer over a power of ten, rounded once.
fn decimal<T: Scalar>(text: &str) -> T {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}").parse().expect("the embedded file holds decimal fractions");
    T::ratio(digits, 10i64.pow(fraction.len() as u32))
}
