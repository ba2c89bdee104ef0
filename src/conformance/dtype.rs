//! The four IEEE formats that frameworks compute in: their values, exactly, and rounding into them.

use serde::{Deserialize, Serialize};

/// A binary floating-point format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
    F16,
    /// bfloat16, the upper half of a binary32: 8 bits of exponent, 7 of fraction.
    BF16,
    /// IEEE 754 binary32: 8 bits of exponent, 23 of fraction.
    F32,
    /// IEEE 754 binary64: 11 bits of exponent, 52 of fraction.
    F64,
}

impl Dtype {
    /// All formats, narrow ones first.
    pub const ALL: [Self; 4] = [Self::F16, Self::BF16, Self::F32, Self::F64];

    /// Bits of exponent and of fraction.
    fn layout(self) -> (u32, u32) {
        match self {
            Self::F16 => (5, 10),
            Self::BF16 => (8, 7),
            Self::F32 => (8, 23),
            Self::F64 => (11, 52),
        }
    }

    /// Bytes an element.
    pub fn bytes(self) -> usize {
        let (exponent, fraction) = self.layout();
        (1 + exponent + fraction) as usize / 8
    }

    /// Whether an element has two bytes.
    pub fn is_half(self) -> bool {
        self.bytes() == 2
    }

    /// The unit roundoff: half the distance from 1 to the next number.
    pub fn unit_roundoff(self) -> f64 {
        power_of_two(-(self.layout().1 as i32) - 1)
    }

    /// The exponent of the smallest normal number, the sign's mask, and the bits of +∞.
    fn constants(self) -> (i32, u64, u64) {
        let (exponent, fraction) = self.layout();
        (2 - (1 << (exponent - 1)), 1 << (exponent + fraction), ((1 << exponent) - 1) << fraction)
    }

    /// The number with these bits, exactly.
    pub fn value(self, bits: u64) -> f64 {
        if self == Self::F64 {
            return f64::from_bits(bits);
        }
        let ((_, fraction), (least, sign, infinity)) = (self.layout(), self.constants());
        let magnitude = bits & (sign - 1);
        let value = match magnitude {
            m if m > infinity => f64::NAN,
            m if m == infinity => f64::INFINITY,
            m => {
                let field = (m >> fraction) as i32;
                let significand = m & ((1 << fraction) - 1) | u64::from(field > 0) << fraction;
                significand as f64 * power_of_two(least + (field - 1).max(0) - fraction as i32)
            }
        };
        if bits & sign != 0 { -value } else { value }
    }

    /// The bits of the number nearest to `value`, ties to even; overflow goes to infinity.
    pub fn round(self, value: f64) -> u64 {
        if self == Self::F64 {
            return value.to_bits();
        }
        let ((_, fraction), (least, sign, infinity)) = (self.layout(), self.constants());
        let magnitude = match value.abs() {
            m if m.is_nan() => infinity | 1 << (fraction - 1),
            m if m.is_infinite() => infinity,
            m => {
                let exponent = ((m.to_bits() >> 52) as i32 - 1023).max(least);
                // Scaling by a power of two is exact, so that this rounds once.
                let steps = (m * power_of_two(fraction as i32 - exponent)).round_ties_even() as u64;
                ((((exponent - least) as u64) << fraction) + steps).min(infinity)
            }
        };
        if value.is_sign_negative() { magnitude | sign } else { magnitude }
    }

    /// `value` as it is after rounding to this format.
    pub fn rounded(self, value: f64) -> f64 {
        self.value(self.round(value))
    }

    /// The place of a number on the line of all numbers of this format, both zeros at 0; none for NaN.
    pub fn rank(self, bits: u64) -> Option<i64> {
        let (_, sign, infinity) = self.constants();
        let magnitude = bits & (sign - 1);
        let rank = magnitude as i64;
        (magnitude <= infinity).then_some(if bits & sign != 0 { -rank } else { rank })
    }

    /// The number at a [rank](Self::rank), at most an infinity.
    pub fn at_rank(self, rank: i64) -> u64 {
        let (_, sign, infinity) = self.constants();
        let magnitude = rank.unsigned_abs().min(infinity);
        if rank < 0 { magnitude | sign } else { magnitude }
    }
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// 2^n as a normal number; n from −1022 to 1023.
fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every half goes to f64 and back, in order, and the f32 rounding is the hardware's.
    #[test]
    fn rounding_inverts_widening_and_is_the_hardwares() {
        for dtype in [Dtype::F16, Dtype::BF16] {
            for bits in 0..=u64::from(u16::MAX) {
                let value = dtype.value(bits);
                assert!(value.is_nan() || dtype.round(value) == bits, "{dtype} {bits:#x}");
            }
        }
        let (mut x, third) = (1.0e-46f64, 1.0 / 3.0);
        while x < 1e39 {
            for v in [x, -x, x * third, f64::from(x as f32) * (1.0 + f64::EPSILON)] {
                assert_eq!(Dtype::F32.round(v) as u32, (v as f32).to_bits(), "{v:e}");
                assert_eq!(Dtype::F32.value(u64::from((v as f32).to_bits())), f64::from(v as f32));
            }
            x *= 1.37;
        }
    }

    #[test]
    fn published_constants_and_ties() {
        assert_eq!(Dtype::F16.round(65504.0), 0x7bff);
        assert_eq!(Dtype::F16.round(65519.9), 0x7bff);
        assert_eq!(Dtype::F16.round(65520.0), 0x7c00);
        assert_eq!(Dtype::F16.round(1.0 + 1.0 / 2048.0), 0x3c00); // a tie, to even
        assert_eq!(Dtype::F16.round(-3.0 / f64::from(1 << 25)), 0x8002); // a tie among the subnormals
        assert_eq!(Dtype::BF16.round(-3.140625), 0xc049);
        assert_eq!(Dtype::BF16.unit_roundoff(), 1.0 / 256.0);
        assert_eq!(Dtype::F64.unit_roundoff(), f64::EPSILON / 2.0);
    }

    #[test]
    fn ranks_count_the_numbers_between() {
        for dtype in Dtype::ALL {
            let one = dtype.round(1.0);
            assert_eq!(dtype.rank(dtype.round(-0.0)), Some(0));
            assert_eq!(dtype.rank(dtype.round(f64::NAN)), None);
            let next = dtype.at_rank(dtype.rank(one).unwrap() + 1);
            assert_eq!(dtype.value(next), 1.0 + 2.0 * dtype.unit_roundoff());
            assert_eq!(dtype.value(dtype.at_rank(-dtype.rank(one).unwrap())), -1.0);
        }
    }
}
