//! Numbers narrower than f64, converted without rounding.

/// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
pub fn from_f16(bits: u16) -> f64 {
    let (exponent, fraction) = (u64::from(bits >> 10 & 0x1f), u64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction as f64 / (1 << 24) as f64,            // subnormal, or zero
        31 => f64::from_bits(0x7ff << 52 | fraction << 42), // infinite, or not a number
        _ => f64::from_bits((exponent + 1023 - 15) << 52 | fraction << 42),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// bfloat16: the upper half of an f32.
pub fn from_bf16(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

/// `bytes` as numbers of N bytes each.
pub fn decode<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|number| decode(*number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every half that is not NaN lies strictly between its neighbours, and the published constants are right.
    #[test]
    fn all_65536_halves() {
        let published = [(0x0001, 2f64.powi(-24)), (0x0400, 2f64.powi(-14)), (0x3c00, 1.0), (0x3555, 1365.0 / 4096.0)];
        for (bits, value) in published.into_iter().chain([(0x7bff, 65504.0), (0x7c00, f64::INFINITY), (0, 0.0)]) {
            assert_eq!(from_f16(bits), value);
            assert_eq!(from_f16(bits | 0x8000).to_bits(), (-value).to_bits());
        }
        assert!((0..0x7c00).all(|bits| from_f16(bits) < from_f16(bits + 1)));
        assert!((0x7c01..=0x7fff).all(|bits| from_f16(bits).is_nan() && from_f16(bits | 0x8000).is_nan()));
    }

    #[test]
    fn bfloat16_is_the_upper_half_of_an_f32() {
        assert_eq!(from_bf16(0x3f80), 1.0);
        assert_eq!(from_bf16(0xc049), -3.140625);
        assert!((0..0x7f80).all(|bits| from_bf16(bits) < from_bf16(bits + 1)));
    }
}
