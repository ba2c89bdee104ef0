//! Gaussian noise N(1, (1 − p)/p) against inverted Bernoulli dropout: alike where two moments decide, and only there.

use crate::support::*;
use approx::assert_abs_diff_eq;
use dropout_oracle::law::{FiniteLaw, Independent, Law, Rescaled};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::{Rational, Real, Result};
use nalgebra::{DMatrix, DVector};
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::Rng;

const EXAMPLES: usize = 4;
const FEATURES: usize = 3;

/// 1 ± s with ½ each, independently: another noise of mean 1 and variance s², with rational values.
struct PlusMinus {
    deviation: DVector<Rational>,
}

impl PlusMinus {
    fn at(&self, index: u64) -> DVector<Rational> {
        self.deviation.map_with_location(
            |i, _, s| {
                if index >> i & 1 == 1 { Rational::one() + s } else { Rational::one() - s }
            },
        )
    }
}

impl Law<Rational> for PlusMinus {
    fn units(&self) -> usize {
        self.deviation.len()
    }
    fn mean(&self) -> DVector<Rational> {
        self.deviation.map(|_| Rational::one())
    }
    fn covariance(&self) -> DMatrix<Rational> {
        DMatrix::from_diagonal(&self.deviation.component_mul(&self.deviation))
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<Rational> {
        self.at(rng.next_u64() % (1 << self.units()))
    }
}

impl FiniteLaw<Rational> for PlusMinus {
    fn submodels(&self) -> Result<u64> {
        Ok(1 << self.units())
    }
    fn submodel(&self, index: u64) -> (DVector<Rational>, Rational) {
        (self.at(index), q(1, 1 << self.units()))
    }
}

/// ∫ f(m + s z) φ(z) dz by the trapezoidal rule with step 1/32 on [−12, 12]. For entire or analytic f of the sizes below
/// its error is of the order of e^(−2π·32·width of the strip) and φ(12) < 1e−31: rounding is all that is left.
fn gaussian_mean(m: f64, s: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 32.0;
    let density = |z: f64| Real::exp(-z * z / 2.0) / std::f64::consts::TAU.sqrt();
    let terms = (-384..=384).map(|k| f64::from(k) * STEP).map(|z| density(z) * f(m + s * z));
    terms.sum::<f64>() * STEP
}

/// The variance of one multiplier, given the KEEP probability.
type Variance = fn(f64) -> f64;

fn inverted_dropout(keep: f64) -> f64 {
    (1.0 - keep) / keep
}

/// The expected squared loss under N(1, variance) noise, by integration, is that of inverted dropout, by enumeration.
/// Given x and w the noisy prediction Σ μ_j x_j w_j is itself normal, which leaves one integral an example.
fn noise_has_the_loss_of_dropout(
    rule: Variance,
    x: &DMatrix<f64>,
    y: &DVector<f64>,
    keep: &DVector<f64>,
    w: &DVector<f64>,
) -> TestCaseResult {
    let problem = LeastSquares::new(x.clone(), y.clone()).unwrap();
    let law = Rescaled::inverted(Independent::new(keep.clone()).unwrap()).unwrap();
    let enumerated = problem.expected_loss(&law, w).unwrap();
    let integrated = (0..EXAMPLES).map(|n| {
        let parts = || (0..FEATURES).map(|j| (x[(n, j)] * w[j], rule(keep[j])));
        let (mean, variance) = (parts().map(|(a, _)| a).sum(), parts().map(|(a, v)| a * a * v).sum::<f64>());
        gaussian_mean(mean, variance.sqrt(), |prediction| (y[n] - prediction) * (y[n] - prediction))
    });
    let integrated: f64 = integrated.sum();
    // Predictions of size M are off by a few u·M and 769 positive terms are added: at most 1000 u·M² an example.
    let size =
        |n: usize| y[n].abs() + (0..FEATURES).map(|j| (x[(n, j)] * w[j]).abs() * (1.0 + rule(keep[j]))).sum::<f64>();
    let scale: f64 = (0..EXAMPLES).map(|n| size(n) * size(n)).sum();
    prop_assert!((integrated - enumerated).abs() <= 1000.0 * f64::EPSILON * scale, "{integrated} {enumerated}");
    Ok(())
}

fn cases() -> impl Strategy<Value = (DMatrix<f64>, DVector<f64>, DVector<f64>, DVector<f64>)> + Clone {
    let keep = prop::collection::vec(0.1..1.0, FEATURES).prop_map(DVector::from_vec);
    (real_matrix(EXAMPLES, FEATURES), reals(EXAMPLES), keep, reals(FEATURES))
}

#[test]
fn noise_gaussian_linear_holds_by_integration() {
    holds(32, cases(), |(x, y, keep, w)| noise_has_the_loss_of_dropout(inverted_dropout, &x, &y, &keep, &w));
}

#[test]
fn noise_gaussian_linear_mutant_has_the_variance_of_the_standard_mask() {
    refuted(32, cases(), |(x, y, keep, w)| noise_has_the_loss_of_dropout(|p| p * (1.0 - p), &x, &y, &keep, &w));
}

#[test]
fn noise_gaussian_linear_mutant_takes_p_for_the_drop_rate() {
    refuted(32, cases(), |(x, y, keep, w)| noise_has_the_loss_of_dropout(|p| p / (1.0 - p), &x, &y, &keep, &w));
}

/// In exact rationals, for a third noise with the same two moments: 1 ± s with s² = (1 − p)/p, that is p = 1/(1 + s²).
#[test]
fn noise_gaussian_linear_holds_for_two_moments_in_rationals() {
    holds(
        24,
        (rational_matrix(EXAMPLES, FEATURES), rationals(EXAMPLES), rationals(FEATURES), rationals(FEATURES)),
        |(x, y, s, w)| {
            let problem = LeastSquares::new(x, y).unwrap();
            let keep = s.map(|s| Rational::one() / (Rational::one() + s.clone() * s));
            let dropout = Rescaled::inverted(Independent::new(keep).unwrap()).unwrap();
            let noise = PlusMinus { deviation: s };
            prop_assert_eq!(problem.expected_loss(&noise, &w).unwrap(), problem.expected_loss(&dropout, &w).unwrap());
            Ok(())
        },
    );
}

/// Behind a logistic unit the third and higher moments count: E σ(2μ) for μ in {0, 2} and for N(1, 1).
#[test]
fn noise_gaussian_linear_fails_for_a_logistic_unit() {
    let bernoulli = (Real::logistic(0.0) + Real::logistic(4.0)) / 2.0;
    let gaussian = gaussian_mean(1.0, 1.0, |mu| Real::logistic(2.0 * mu));
    // Half a unit of the last published digit.
    assert_abs_diff_eq!(bernoulli, 0.7410, epsilon = 5e-5);
    assert_abs_diff_eq!(gaussian, 0.7752, epsilon = 5e-5);
    // The linear unit sees no difference.
    assert_abs_diff_eq!(gaussian_mean(1.0, 1.0, |mu| 2.0 * mu), 2.0, epsilon = 1e-13);
}
