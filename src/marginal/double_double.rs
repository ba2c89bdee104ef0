//! Unevaluated sums of two doubles: about 106 bits, for the few numbers whose last bits decide a phase.

use std::ops::{Add, Mul, Neg, Sub};

/// hi + lo, with |lo| at most half an ulp of hi.
///
/// Sums and products are off by at most 8u² of their size, u = 2⁻⁵³ (Joldes, Muller & Popescu 2017 give 3u² and 7u²),
/// as long as nothing overflows and the low parts do not underflow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DoubleDouble {
    pub hi: f64,
    pub lo: f64,
}

impl DoubleDouble {
    pub const ONE: Self = Self { hi: 1.0, lo: 0.0 };
    pub const ZERO: Self = Self { hi: 0.0, lo: 0.0 };
    /// 2π to 2⁻¹⁰⁵ of its size.
    pub const TWO_PI: Self = Self { hi: std::f64::consts::TAU, lo: 2.4492935982947064e-16 };

    /// a + b, exactly (Knuth).
    pub fn sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        let b_part = hi - a;
        Self { hi, lo: (a - (hi - b_part)) + (b - b_part) }
    }

    /// a · b, exactly, without a fused operation (Dekker).
    pub fn product(a: f64, b: f64) -> Self {
        let hi = a * b;
        let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
        Self { hi, lo: a2 * b2 - (((hi - a1 * b1) - a2 * b1) - a1 * b2) }
    }

    /// 1/a, off by at most 2u² of it.
    pub fn reciprocal(a: f64) -> Self {
        let hi = 1.0 / a;
        let product = Self::product(hi, a);
        Self::normalised(hi, ((1.0 - product.hi) - product.lo) / a)
    }

    /// hi + lo where |hi| ≥ |lo|, exactly.
    fn normalised(hi: f64, lo: f64) -> Self {
        let sum = hi + lo;
        Self { hi: sum, lo: lo - (sum - hi) }
    }
}

/// a as a sum of two numbers of at most 26 bits each (Veltkamp).
fn halves(a: f64) -> (f64, f64) {
    let shifted = a * 134_217_729.0; // 2²⁷ + 1
    let high = shifted - (shifted - a);
    (high, a - high)
}

impl From<f64> for DoubleDouble {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for DoubleDouble {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) = (Self::sum(self.hi, other.hi), Self::sum(self.lo, other.lo));
        let first = Self::normalised(high.hi, high.lo + low.hi);
        Self::normalised(first.hi, first.lo + low.lo)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;
    fn neg(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = Self::product(self.hi, other.hi);
        Self::normalised(product.hi, product.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}
