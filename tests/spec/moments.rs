//! Means and covariances over a law, by enumeration.

use dropout_oracle::law::FiniteLaw;
use dropout_oracle::{Rational, Scalar};
use nalgebra::{DMatrix, DVector};

/// E f(μ) and Cov f(μ).
pub fn moments<T: Scalar>(
    law: &(impl FiniteLaw<T> + ?Sized),
    f: impl Fn(&DVector<T>) -> DVector<T>,
) -> (DVector<T>, DMatrix<T>) {
    let values: Vec<_> = law.support().unwrap().map(|(multipliers, weight)| (f(&multipliers), weight)).collect();
    let n = values[0].0.len();
    let mean = values.iter().fold(DVector::zeros(n), |mean, (value, weight)| mean + value * weight.clone());
    let covariance = values.iter().fold(DMatrix::zeros(n, n), |mut sum, (value, weight)| {
        let off = value - &mean;
        for (i, j) in itertools::iproduct!(0..n, 0..n) {
            sum[(i, j)] += weight.clone() * off[i].clone() * off[j].clone();
        }
        sum
    });
    (mean, covariance)
}

/// A random variable of mean 0 and variance 1 with two values: t with probability 1/(1+t²), else −1/t.
pub fn standardised(t: &Rational) -> [(Rational, Rational); 2] {
    let one = Rational::ratio(1, 1);
    let square = t.clone() * t.clone();
    let p = one.clone() / (one.clone() + square);
    [(t.clone(), p.clone()), (-one.clone() / t.clone(), one - p)]
}
