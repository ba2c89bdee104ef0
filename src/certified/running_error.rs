//! Running error analysis: an `f64` computation that carries a bound on its own rounding error.

use crate::scalar::{Real, Scalar};
use num_traits::{One, Zero};
use std::cmp::Ordering;

/// A rounded number together with a bound on its distance from the number that exact arithmetic would give.
///
/// The value is computed by the very operations of the plain `f64` path, so it has the same bits; the bound grows by at
/// most half an ulp an operation (Wilkinson's running error analysis). Since networks, laws, heads and ensembles are
/// generic over [`Real`], the bound of a whole prediction comes from running it over this type.
///
/// ```
/// use dropout_oracle::{Real, certified::Bounded};
/// let x = Bounded::exact(0.1) + Bounded::exact(0.2);
/// assert_eq!(x.value(), 0.1 + 0.2);
/// assert!(x.bound() > 0.0 && x.bound() < 1e-16);
/// assert_eq!(Real::exp(Bounded::exact(0.0)).value(), 1.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bounded {
    value: f64,
    bound: f64,
}

/// Above every relative error of the few roundings by which a bound itself is computed.
const SLACK: f64 = 1.0 + 16.0 * f64::EPSILON;

/// Absolute error of one operation in the subnormal range.
const TINY: f64 = 5e-324;

impl Bounded {
    /// A number without error.
    pub fn exact(value: f64) -> Self {
        Self { value, bound: 0.0 }
    }

    /// The `f64` nearest to the number that is meant.
    pub fn nearest(value: f64) -> Self {
        Self::rounded(value, 0.0)
    }

    /// The computed number.
    pub fn value(self) -> f64 {
        self.value
    }

    /// How far the computed number can be from the exact one.
    pub fn bound(self) -> f64 {
        self.bound
    }

    /// A correctly rounded result whose operands' errors move it by at most `propagated`.
    fn rounded(value: f64, propagated: f64) -> Self {
        let rounding = value.abs() * (f64::EPSILON / 2.0) + TINY;
        let bound = (propagated + rounding) * SLACK;
        Self { value, bound: if bound.is_nan() { f64::INFINITY } else { bound } }
    }

    /// As [`Bounded::rounded`] for a transcendental function: it is meant to be correctly rounded, and allowed twice that.
    fn evaluated(value: f64, propagated: f64) -> Self {
        Self::rounded(value, propagated + value.abs() * f64::EPSILON)
    }

    /// The least number that the exact one can be, rounded down.
    fn least(value: f64, bound: f64) -> f64 {
        value * (1.0 - f64::EPSILON) - bound
    }
}

/// `bound / divisor`, where a divisor that is not certainly positive bounds nothing.
fn quotient(bound: f64, divisor: f64) -> f64 {
    if bound == 0.0 {
        0.0
    } else if divisor > 0.0 {
        bound / divisor
    } else {
        f64::INFINITY
    }
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Bounded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

macro_rules! operation {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident, $operator:tt, $propagated:expr) => {
        impl std::ops::$trait for Bounded {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self::rounded(self.value $operator other.value, $propagated(self, other))
            }
        }
        impl std::ops::$assign_trait for Bounded {
            fn $assign(&mut self, other: Self) {
                *self = std::ops::$trait::$method(*self, other);
            }
        }
    };
}
operation!(Add, add, AddAssign, add_assign, +, of_sum);
operation!(Sub, sub, SubAssign, sub_assign, -, of_sum);
operation!(Mul, mul, MulAssign, mul_assign, *, of_product);
operation!(Div, div, DivAssign, div_assign, /, of_quotient);

/// How far the operands' errors move a sum or a difference.
fn of_sum(a: Bounded, b: Bounded) -> f64 {
    a.bound + b.bound
}

/// \\(|ab - a'b'| \le |a|\\,\delta_b + |b|\\,\delta_a + \delta_a \delta_b\\).
fn of_product(a: Bounded, b: Bounded) -> f64 {
    a.value.abs() * b.bound + b.value.abs() * a.bound + a.bound * b.bound
}

/// \\(|a/b - a'/b'| \le (\delta_a + |a/b|\\,\delta_b) / (|b| - \delta_b)\\).
fn of_quotient(a: Bounded, b: Bounded) -> f64 {
    quotient(a.bound + (a.value / b.value).abs() * b.bound, Bounded::least(b.value.abs(), b.bound)) * SLACK
}

impl std::ops::Neg for Bounded {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, bound: self.bound }
    }
}

impl Zero for Bounded {
    fn zero() -> Self {
        Self::exact(0.0)
    }
    fn is_zero(&self) -> bool {
        self.value == 0.0 && self.bound == 0.0
    }
}

impl One for Bounded {
    fn one() -> Self {
        Self::exact(1.0)
    }
}

impl Scalar for Bounded {
    fn ratio(numerator: i64, denominator: i64) -> Self {
        let value = f64::ratio(numerator, denominator);
        // Numbers beyond 2⁵³ are rounded when they become f64.
        let exact = numerator % denominator == 0 && numerator.abs() < 1 << 53 || denominator.count_ones() == 1;
        if exact { Self::exact(value) } else { Self::rounded(value, value.abs() * f64::EPSILON) }
    }
    fn to_f64(&self) -> f64 {
        self.value
    }
    fn unit_roundoff() -> Self {
        Self::exact(f64::EPSILON / 2.0)
    }
    fn is_finite(&self) -> bool {
        self.value.is_finite()
    }
    /// The larger value; the exact maximum is no farther than the larger bound.
    fn maximum(self, other: Self) -> Self {
        let larger = if other > self { other } else { self };
        Self { value: larger.value, bound: self.bound.max(other.bound) }
    }
}

impl Real for Bounded {
    fn exp(self) -> Self {
        // |eˣ − eˣ′| ≤ eˣ (e^δ − 1) ≤ eˣ δ e^δ
        let value = Real::exp(self.value);
        Self::evaluated(value, (value + TINY) * self.bound * Real::exp(self.bound) * SLACK)
    }
    fn ln(self) -> Self {
        // |ln x − ln x′| ≤ δ/(x − δ)
        Self::evaluated(Real::ln(self.value), quotient(self.bound, Self::least(self.value, self.bound)))
    }
    fn ln_1p(self) -> Self {
        Self::evaluated(Real::ln_1p(self.value), quotient(self.bound, Self::least(1.0 + self.value, self.bound)))
    }
    fn tanh(self) -> Self {
        Self::evaluated(Real::tanh(self.value), self.bound) // |tanh′| ≤ 1
    }
    fn erfc(self) -> Self {
        Self::evaluated(Real::erfc(self.value), self.bound * 1.13) // |erfc′| ≤ 2/√π
    }
    fn sqrt(self) -> Self {
        // |√x − √x′| = |x − x′|/(√x + √x′) ≤ δ/√x
        let value = self.value.sqrt();
        Self::rounded(value, quotient(self.bound, Self::least(value, 0.0)))
    }
    fn neg_infinity() -> Self {
        Self::exact(f64::NEG_INFINITY)
    }
    fn two_pi() -> Self {
        Self::nearest(std::f64::consts::TAU)
    }
}
