//! What a unit makes of a normal pre-activation.

use super::Moments;
use crate::error::{Error, Result};
use crate::network::{Activation, PiecewiseLinear, Unit};
use crate::normal::{cumulative, density};
use crate::scalar::Real;
use nalgebra::DVector;

/// Units whose mean and variance are known, or approximated, for a normal pre-activation.
pub trait GaussianUnit<T: Real>: Unit<T> {
    /// Mean and variance of the unit at N(mean, variance).
    ///
    /// # Errors
    /// [`Error::Domain`] for a unit without such a formula (maxout).
    fn normal_moments(&self, mean: T, variance: T) -> Result<(T, T)>;

    /// [`GaussianUnit::normal_moments`] of every unit of a layer.
    ///
    /// # Errors
    /// As [`GaussianUnit::normal_moments`].
    fn moments(&self, z: &Moments<T>) -> Result<Moments<T>> {
        let units: Result<Vec<_>> = z.mean.iter().zip(&z.variance).map(|(&m, &v)| self.normal_moments(m, v)).collect();
        let (mean, variance): (Vec<_>, Vec<_>) = units?.into_iter().unzip();
        Ok(Moments { mean: DVector::from_vec(mean), variance: DVector::from_vec(variance) })
    }
}

impl<T: Real> GaussianUnit<T> for PiecewiseLinear {
    fn normal_moments(&self, mean: T, variance: T) -> Result<(T, T)> {
        match self {
            Self::Identity => Ok((mean, variance)),
            Self::Relu => Ok(from_second_moment(relu(mean, variance))),
            Self::Maxout { pieces } => Err(Error::Domain {
                what: "pieces of a maxout unit under fast dropout".into(),
                value: pieces.to_string(),
                must: "none: no closed form is offered for maxout",
            }),
        }
    }
}

impl<T: Real> GaussianUnit<T> for Activation {
    fn normal_moments(&self, mean: T, variance: T) -> Result<(T, T)> {
        let logistic = |m, v| from_second_moment((logistic_mean(m, v), logistic_second_moment(m, v)));
        let (two, four) = (T::ratio(2, 1), T::ratio(4, 1));
        match self {
            Self::PiecewiseLinear(unit) => unit.normal_moments(mean, variance),
            Self::Logistic => Ok(logistic(mean, variance)),
            // tanh x = 2σ(2x) − 1
            Self::Tanh => {
                let (m, v) = logistic(two * mean, four * variance);
                Ok((two * m - T::one(), four * v))
            }
        }
    }
}

/// Mean and variance from E h and E h². Two approximations need not fit each other, so the variance is held at 0.
fn from_second_moment<T: Real>((mean, second): (T, T)) -> (T, T) {
    (mean, (second - mean * mean).maximum(T::zero()))
}

/// E S₊ and E S₊² for S ~ N(m, s²), exactly: \\(m\\,\Phi(m/s) + s\\,\phi(m/s)\\) and
/// \\((m^2+s^2)\\,\Phi(m/s) + m s\\,\phi(m/s)\\) (claim fast.relu).
///
/// ```
/// use dropout_oracle::approximation::fast_dropout::unit::relu;
/// let (mean, second) = relu(0.0f64, 1.0);
/// assert!((mean - 0.398_942_280_401_433).abs() < 1e-15 && second == 0.5);
/// assert_eq!(relu(2.0, 0.0), (2.0, 4.0)); // without noise
/// ```
pub fn relu<T: Real>(mean: T, variance: T) -> (T, T) {
    if variance.is_zero() {
        let h = mean.maximum(T::zero());
        return (h, h * h);
    }
    let s = variance.sqrt();
    let (below, at) = (cumulative(mean / s), density(mean / s));
    (mean * below + s * at, (mean * mean + variance) * below + mean * s * at)
}

/// E σ(S) ≈ \\(\sigma(m/\sqrt{1+\pi s^2/8})\\) for S ~ N(m, s²) (MacKay 1992).
///
/// It is off by at most .01768, which it nears as s → ∞ at m/s = 1.7318 (claim fast.logistic).
///
/// ```
/// use dropout_oracle::approximation::fast_dropout::unit::logistic_mean;
/// assert_eq!(logistic_mean(0.0, 5.0), 0.5);
/// ```
pub fn logistic_mean<T: Real>(mean: T, variance: T) -> T {
    (shrinkage(variance) * mean).logistic()
}

/// E σ(S)² ≈ \\(\sigma(a(m-b)/\sqrt{1+\pi a^2s^2/8})\\) with \\(a = 4-2\sqrt2,\ b = -\ln(\sqrt2-1)\\), for S ~ N(m, s²).
///
/// It is off by at most .0271, most where s is *small* (claim fast.square): for s = 0 and m = −1 it makes a unit that is
/// certain look as if it had variance .027.
///
/// ```
/// use dropout_oracle::approximation::fast_dropout::unit::logistic_second_moment;
/// assert!((logistic_second_moment(0.0f64, 0.0) - 0.25).abs() < 0.0271);
/// ```
pub fn logistic_second_moment<T: Real>(mean: T, variance: T) -> T {
    let root = T::ratio(2, 1).sqrt();
    let a = T::ratio(4, 1) - root - root;
    let b = -(root - T::one()).ln();
    logistic_mean(a * (mean - b), a * a * variance)
}

/// \\(c = 1/\sqrt{1+\pi s^2/8}\\).
pub(super) fn shrinkage<T: Real>(variance: T) -> T {
    T::one() / (T::one() + eighth_of_pi::<T>() * variance).sqrt()
}

/// π/8.
pub(super) fn eighth_of_pi<T: Real>() -> T {
    T::two_pi() / T::ratio(16, 1)
}
