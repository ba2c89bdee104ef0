//! The two kinds of number that a network is evaluated over.
//!
//! [`Scalar`] is an ordered field: enough for affine layers, ReLU, maxout, means over masks and squared loss. It is
//! implemented for `f64`, `f32` and the exact rationals [`Rational`], so that algebraic claims are tested with `==`.
//! [`Real`] adds the transcendental functions that softmax, logistic units and log-space means need.

use dashu_int::IBig;
use nalgebra::{ClosedAddAssign, ClosedDivAssign, ClosedMulAssign, ClosedSubAssign, DVector};
use num_traits::{One, Zero};
use std::ops::Neg;

/// Exact rational numbers of any size.
pub type Rational = dashu_ratio::RBig;

/// An ordered field, exact or rounded.
///
/// ```
/// use dropout_oracle::{Rational, Scalar};
/// assert_eq!(Rational::ratio(1, 2) + Rational::ratio(1, 3), Rational::ratio(5, 6));
/// assert_eq!(f64::ratio(1, 2), 0.5);
/// ```
pub trait Scalar:
    nalgebra::Scalar
    + Zero
    + One
    + ClosedAddAssign
    + ClosedSubAssign
    + ClosedMulAssign
    + ClosedDivAssign
    + Neg<Output = Self>
    + PartialOrd
    + Send
    + Sync
{
    /// The number `numerator / denominator`: exact in rationals, rounded once where both integers fit the significand (up
    /// to 2⁵³ for `f64`, 2²⁴ for `f32`), else each of them first.
    ///
    /// # Panics
    /// If `denominator` is zero.
    fn ratio(numerator: i64, denominator: i64) -> Self;

    /// The nearest `f64`.
    fn to_f64(&self) -> f64;

    /// The unit roundoff u, the largest relative error of one operation: 2⁻⁵³ for `f64`, 0 for exact types.
    fn unit_roundoff() -> Self;

    /// Whether this is a number at all: false for NaN and the infinities.
    fn is_finite(&self) -> bool;

    /// The larger of two numbers.
    fn maximum(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
}

/// A [`Scalar`] with exponential and logarithm.
///
/// The implementations for `f64` and `f32` call correctly rounded routines, so the bits do not depend on the platform's
/// mathematical library.
///
/// ```
/// use dropout_oracle::Real;
/// assert_eq!(Real::logistic(0.0), 0.5);
/// assert_eq!(Real::softplus(800.0), 800.0); // no overflow
/// ```
pub trait Real: Scalar + Copy {
    /// \\(e^x\\).
    fn exp(self) -> Self;
    /// \\(\ln x\\); −∞ at 0.
    fn ln(self) -> Self;
    /// \\(\ln(1+x)\\), accurate near 0.
    fn ln_1p(self) -> Self;
    /// \\(\tanh x\\).
    fn tanh(self) -> Self;
    /// \\(\sqrt x\\).
    fn sqrt(self) -> Self;
    /// \\(\operatorname{erfc} x = \tfrac{2}{\sqrt\pi} \int_x^\infty e^{-t^2}\\,dt\\), the tail of the normal law.
    fn erfc(self) -> Self;
    /// −∞, the logarithm of zero probability.
    fn neg_infinity() -> Self;
    /// \\(2\pi\\), rounded.
    fn two_pi() -> Self;

    /// The logistic function \\(\sigma(x) = 1/(1+e^{-x})\\), without overflow.
    fn logistic(self) -> Self {
        if self >= Self::zero() {
            Self::one() / (Self::one() + (-self).exp())
        } else {
            let e = self.exp();
            e / (Self::one() + e)
        }
    }

    /// \\(\ln(1+e^x)\\), without overflow: the log-partition function of a Bernoulli variable with logit x.
    fn softplus(self) -> Self {
        if self > Self::zero() { self + (-self).exp().ln_1p() } else { self.exp().ln_1p() }
    }
}

/// \\(\ln \sum_i e^{x_i}\\) with the largest term taken out, so that nothing overflows; −∞ for an empty sum, +∞ where a
/// term is.
///
/// ```
/// use dropout_oracle::scalar::log_sum_exp;
/// assert_eq!(log_sum_exp(&[-1e4, -1e4]), -1e4 + 2f64.ln());
/// assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
/// assert_eq!(log_sum_exp(&[0.0, f64::INFINITY]), f64::INFINITY);
/// ```
pub fn log_sum_exp<T: Real>(terms: &[T]) -> T {
    let Some(winner) = (0..terms.len()).reduce(|best, i| if terms[i] > terms[best] { i } else { best }) else {
        return T::neg_infinity();
    };
    let largest = terms[winner];
    // The largest term's own share is exactly 1, and so is that of another ∞: ∞ − ∞ would be NaN.
    let share = |i: usize, x: T| {
        if i == winner || x == largest && !x.is_finite() { T::one() } else { (x - largest).exp() }
    };
    largest + terms.iter().enumerate().fold(T::zero(), |sum, (i, &x)| sum + share(i, x)).ln()
}

/// \\(\sum_i a_i b_i\\), in the order of the entries and without fused operations.
pub fn dot<T: Scalar>(a: &DVector<T>, b: &DVector<T>) -> T {
    a.iter().zip(b).fold(T::zero(), |sum, (a, b)| sum + a.clone() * b.clone())
}

macro_rules! float {
    ($t:ident, $exp:ident, $ln:ident, $ln_1p:ident, $tanh:ident, $erfc:ident) => {
        impl Scalar for $t {
            fn ratio(numerator: i64, denominator: i64) -> Self {
                assert_ne!(denominator, 0, "a ratio with denominator zero");
                numerator as $t / denominator as $t
            }
            fn to_f64(&self) -> f64 {
                f64::from(*self)
            }
            fn unit_roundoff() -> Self {
                $t::EPSILON / 2.0
            }
            fn is_finite(&self) -> bool {
                $t::is_finite(*self)
            }
        }

        impl Real for $t {
            fn exp(self) -> Self {
                pxfm::$exp(self)
            }
            fn ln(self) -> Self {
                pxfm::$ln(self)
            }
            fn ln_1p(self) -> Self {
                pxfm::$ln_1p(self)
            }
            fn tanh(self) -> Self {
                pxfm::$tanh(self)
            }
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            fn erfc(self) -> Self {
                pxfm::$erfc(self)
            }
            fn neg_infinity() -> Self {
                $t::NEG_INFINITY
            }
            fn two_pi() -> Self {
                std::$t::consts::TAU
            }
        }
    };
}
float!(f64, f_exp, f_log, f_log1p, f_tanh, f_erfc);
float!(f32, f_expf, f_logf, f_log1pf, f_tanhf, f_erfcf);

impl Scalar for Rational {
    fn ratio(numerator: i64, denominator: i64) -> Self {
        Rational::from_parts_signed(IBig::from(numerator), IBig::from(denominator))
    }
    fn to_f64(&self) -> f64 {
        Rational::to_f64(self).value()
    }
    fn unit_roundoff() -> Self {
        Rational::ZERO
    }
    fn is_finite(&self) -> bool {
        true
    }
}
