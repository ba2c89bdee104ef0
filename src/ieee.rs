//! The binary floating-point formats that frameworks compute in, bit by bit.
//!
//! IEEE 754-2019, section 3.4; bfloat16 is binary32 with the significand cut to 8 bits.

use crate::scalar::Rational;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A binary floating-point format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// binary16: 5 bits of exponent, 11 of significand (one of them implicit).
    F16,
    /// bfloat16: 8 bits of exponent, 8 of significand.
    Bf16,
    /// binary32: 8 bits of exponent, 24 of significand.
    F32,
    /// binary64: 11 bits of exponent, 53 of significand.
    F64,
}

impl Format {
    /// All formats, narrowest first.
    pub const ALL: [Self; 4] = [Self::F16, Self::Bf16, Self::F32, Self::F64];

    /// The number of bits of a number.
    pub fn width(self) -> u32 {
        match self {
            Self::F16 | Self::Bf16 => 16,
            Self::F32 => 32,
            Self::F64 => 64,
        }
    }

    /// The precision: bits of the significand, the implicit one among them.
    pub fn precision(self) -> u32 {
        match self {
            Self::F16 => 11,
            Self::Bf16 => 8,
            Self::F32 => 24,
            Self::F64 => 53,
        }
    }

    /// The exponent of the smallest normal number, a power of two.
    pub fn smallest_exponent(self) -> i32 {
        match self {
            Self::F16 => -14,
            Self::Bf16 | Self::F32 => -126,
            Self::F64 => -1022,
        }
    }

    /// The number that these bits stand for; every number of every format is an `f64`.
    ///
    /// ```
    /// use dropout_oracle::ieee::Format;
    /// assert_eq!(Format::F16.decode(0x3c00), 1.0);
    /// assert_eq!(Format::Bf16.decode(0x3f80), 1.0);
    /// assert_eq!(Format::F16.decode(1), 2f64.powi(-24)); // the smallest subnormal
    /// ```
    pub fn decode(self, bits: u64) -> f64 {
        match self {
            Self::F64 => f64::from_bits(bits),
            Self::F32 => f32::from_bits(bits as u32).into(),
            Self::Bf16 => f32::from_bits((bits as u32) << 16).into(),
            Self::F16 => {
                let (sign, exponent, fraction) = (bits >> 15 & 1, bits >> 10 & 31, (bits & 1023) as f64);
                let size = match exponent {
                    0 => fraction * power_of_two(-24),
                    31 if fraction == 0.0 => f64::INFINITY,
                    31 => f64::NAN,
                    _ => (1024.0 + fraction) * power_of_two(exponent as i32 - 25),
                };
                if sign == 1 { -size } else { size }
            }
        }
    }

    /// The bits of the nearest number, ties to even; NaN gives the quiet NaN without payload.
    ///
    /// ```
    /// use dropout_oracle::ieee::Format;
    /// assert_eq!(Format::Bf16.nearest(0.001), 0x3a83);
    /// assert_eq!(Format::F16.nearest(65520.0), 0x7c00); // the first number that rounds to infinity
    /// ```
    pub fn nearest(self, x: f64) -> u64 {
        let sign = u64::from(x.is_sign_negative()) << (self.width() - 1);
        let fraction_bits = self.precision() - 1;
        let infinity = ((1 << (self.width() - 1 - fraction_bits)) - 1) << fraction_bits;
        if x.is_nan() {
            return infinity | 1 << (fraction_bits - 1);
        }
        if x.is_infinite() {
            return sign | infinity;
        }
        // In units of the last place the rounding is that of integers. A carry runs into the exponent, as it should.
        let ulp = self.ulp(x);
        let units = (x.abs() / ulp).round_ties_even() as u64;
        let biased = exponent(ulp) + fraction_bits as i32 - self.smallest_exponent();
        sign | (((biased as u64) << fraction_bits) + units).min(infinity)
    }

    /// The unit in the last place of numbers of this size: the distance of neighbours from |x| upward, and that of the
    /// subnormals below the smallest normal number.
    pub fn ulp(self, x: f64) -> f64 {
        let exponent = if x == 0.0 { i32::MIN } else { exponent(x) };
        power_of_two(exponent.max(self.smallest_exponent()) - (self.precision() as i32 - 1))
    }

    /// These bits in hexadecimal, all digits.
    pub fn hex(self, bits: u64) -> String {
        format!("{bits:0digits$x}", digits = self.width() as usize / 4)
    }

    /// How far `got` lies outside [`lo`, `hi`] in [units in the last place](Self::ulp) of `size`; 0 within, infinite for
    /// NaN and the infinities.
    pub fn ulps_outside(self, got: f64, lo: f64, hi: f64, size: f64) -> f64 {
        let exact = |x: f64| Rational::try_from(x).ok();
        let (Some(got), Some(lo), Some(hi)) = (exact(got), exact(lo), exact(hi)) else { return f64::INFINITY };
        let outside = if got < lo { lo - got } else { got - hi };
        let ulp = exact(self.ulp(size)).expect("an ulp is finite");
        if outside <= Rational::ZERO { 0.0 } else { (outside / ulp).to_f64().value() }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// ⌊log₂|x|⌋ of a finite number that is not 0.
fn exponent(x: f64) -> i32 {
    match x.to_bits() >> 52 & 2047 {
        0 => -1011 - (x.to_bits() << 12 >> 12).leading_zeros() as i32,
        biased => biased as i32 - 1023,
    }
}

/// 2^e for e from −1074 to 1023.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(if e >= -1022 { ((e + 1023) as u64) << 52 } else { 1 << (e + 1074) })
}
