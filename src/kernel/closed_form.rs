//! Heads whose means over all masks of an affine sum are products or sums over the units.

use super::affine_sum::AffineSum;
use super::sums::Sums;
use super::tables::exp;
use crate::marginal::double_double::DoubleDouble;
use nalgebra::DVector;

/// E η of each output.
fn mean(sum: &AffineSum) -> Vec<DoubleDouble> {
    let mut mean = sum.constant.clone();
    for unit in &sum.units {
        for (mean, &a) in mean.iter_mut().zip(&unit.contribution) {
            *mean = *mean + a * unit.keep.into();
        }
    }
    mean
}

/// Poisson rates, and their squares with 2η for η: \\(\mathbb E e^{\eta_k} = e^{c_k} \prod_i (1 - p_i + p_i e^{a_{ik}})\\).
pub(super) fn poisson(sum: &AffineSum) -> Sums {
    let rates = |power: f64| {
        DVector::from_fn(sum.outputs(), |k, _| {
            // The larger of 1 and e^a is taken out of each factor.
            let (mut exponent, mut product) = (sum.constant[k] * power.into(), 1.0);
            for unit in &sum.units {
                let (a, p) = (unit.contribution[k] * power.into(), unit.keep);
                if a.hi > 0.0 {
                    exponent = exponent + a;
                    product *= p + (1.0 - p) * exp(-a);
                } else {
                    product *= (1.0 - p) + p * exp(a);
                }
            }
            let root = exp(exponent * DoubleDouble::from(0.5));
            root * product * root
        })
    };
    let log_rates = DVector::from_iterator(sum.outputs(), mean(sum).into_iter().map(|mean| mean.hi));
    let (rates, squares) = (rates(1.0), rates(2.0));
    Sums { log_coordinates: log_rates.push(rates.sum()), expected: rates, squares }
}

/// Gaussian means, and the mean of \\(\\|\eta\\|^2/2\sigma^2\\): \\(\mathbb E \eta_k^2 = (\mathbb E \eta_k)^2 + \sum_i p_i (1-p_i)\\,
/// a_{ik}^2\\).
pub(super) fn gaussian(sum: &AffineSum, variance: f64) -> Sums {
    let means = DVector::from_iterator(sum.outputs(), mean(sum).into_iter().map(|mean| mean.hi));
    let spread = |k: usize| -> f64 {
        let square = |x: f64| x * x;
        sum.units.iter().map(|unit| unit.keep * (1.0 - unit.keep) * square(unit.contribution[k].hi)).sum()
    };
    let squares = DVector::from_fn(means.len(), |k, _| means[k] * means[k] + spread(k));
    Sums { log_coordinates: means.push(squares.sum() / (2.0 * variance)), expected: means, squares }
}
