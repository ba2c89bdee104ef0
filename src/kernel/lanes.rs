//! Elementary functions lane by lane, from additions, fused multiplications and integer operations alone: the same bits
//! whatever instructions the compiler makes of them.

use std::f64::consts::LN_2;

/// The logical lanes of every sum, however wide the machine's vectors are.
pub(super) const LANES: usize = 8;

/// The bits of the exponent of 1.
const BIAS: u64 = 1023 << 52;

/// ln x of a positive normal number, to 2 ulp.
///
/// x = 2^k m with m in [√½, √2), and ln m = 2 artanh f with f = (m − 1)/(m + 1), |f| ≤ 0.172: the series of artanh to
/// f²¹ leaves 10⁻¹⁹ of ln m.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    /// The bits of √½.
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    /// ln 2 less its first 33 bits, which times k are exact.
    const LN_2_HIGH: f64 = f64::from_bits(LN_2.to_bits() & !0xf_ffff);
    const LN_2_LOW: f64 = (LN_2 - LN_2_HIGH) + 2.3190468138462996e-17;
    let shifted = x.to_bits().wrapping_add(BIAS.wrapping_sub(SQRT_HALF));
    let k = whole(shifted >> 52) - 1023.0;
    let m = f64::from_bits((shifted & ((1 << 52) - 1)).wrapping_add(SQRT_HALF));
    let f = (m - 1.0) / (m + 1.0);
    let square = f * f;
    let mut series = 1.0 / 21.0;
    for denominator in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = square.mul_add(series, 1.0 / denominator);
    }
    let rest = (2.0 * f).mul_add(square * series, k * LN_2_LOW);
    k.mul_add(LN_2_HIGH, 2.0 * f + rest)
}

/// A small whole number as a double, by its bits.
#[inline(always)]
fn whole(small: u64) -> f64 {
    const TWO_52: f64 = (1u64 << 52) as f64;
    f64::from_bits(TWO_52.to_bits() | small) - TWO_52
}

/// 2^k for a whole number k ≤ 0, and the smallest normal number for k < −1022.
#[inline(always)]
pub(super) fn power_of_two(k: f64) -> f64 {
    const TWO_52: f64 = (1u64 << 52) as f64;
    f64::from_bits((k.max(-1022.0) + (TWO_52 + 1023.0)).to_bits() << 52)
}

/// The sum of the lanes, along a binary tree.
#[inline(always)]
pub(super) fn sum(x: [f64; LANES]) -> f64 {
    ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Real;
    use std::f64::consts::SQRT_2;

    #[test]
    fn ln_is_off_by_at_most_two_ulp() {
        let steps = (-1000..1000).flat_map(|k| [1.0, 1.1, SQRT_2, 1.42, 1.99].map(|m| (k, m)));
        let near_one = (1..60).flat_map(|k| [1.0 - 0.5f64.powi(k), 1.0 + 0.5f64.powi(k)]).filter(|x| *x > 0.0);
        for x in steps.map(|(k, m)| m * 2f64.powi(k)).chain(near_one).chain([f64::MIN_POSITIVE, f64::MAX]) {
            let truth = Real::ln(x);
            assert!((ln(x) - truth).abs() <= 4.0 * truth.abs() * f64::EPSILON / 2.0, "{x:e}: {} {truth}", ln(x));
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        let mut expected = 1.0;
        for k in 0..=1022 {
            assert_eq!(power_of_two(-f64::from(k)), expected);
            expected /= 2.0;
        }
        assert_eq!(power_of_two(-1e300), f64::MIN_POSITIVE);
    }
}
