//! Elementary functions lane by lane, from additions, fused multiplications and integer operations alone: the same bits
//! whatever instructions the compiler makes of them.

use std::f64::consts::{LN_2, LOG2_E};

/// The logical lanes of every sum, however wide the machine's vectors are.
pub(super) const LANES: usize = 8;

/// One number a lane.
pub(super) type Octet = [f64; LANES];

/// The bits of the exponent of 1.
const BIAS: u64 = 1023 << 52;
/// ln 2 less its nearest double.
const LN_2_REST: f64 = 2.3190468138462996e-17;

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
    const LN_2_LOW: f64 = (LN_2 - LN_2_HIGH) + LN_2_REST;
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

/// e^x for |x| ≤ 700, to 2 ulp.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let (power, r) = reduce(x);
    power * r.mul_add(exp_m1_over(r), 1.0)
}

/// tanh x, to 3 ulp: −m/(2 + m) with m = e^(−2|x|) − 1.
#[inline(always)]
pub(super) fn tanh(x: f64) -> f64 {
    let (power, r) = reduce((-2.0 * x.abs()).max(-100.0)); // where tanh has long been 1
    let m = power.mul_add(r * exp_m1_over(r), power - 1.0);
    (-m / (2.0 + m)).copysign(x)
}

/// σ(x) = 1/(1 + e^−x), to 3 ulp where it is more than e^−700.
#[inline(always)]
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp((-x).clamp(-700.0, 700.0)))
}

/// 2^k and r with x = k ln 2 + r, |r| ≤ ½ ln 2, for |x| ≤ 700.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64) {
    /// Added to a small number, it leaves that number rounded to whole in the last bits, and 1023 more.
    const WHOLE: f64 = (3u64 << 51) as f64 + 1023.0;
    let shifted = x.mul_add(LOG2_E, WHOLE);
    let k = shifted - WHOLE;
    let r = k.mul_add(-LN_2_REST, k.mul_add(-LN_2, x));
    (f64::from_bits(shifted.to_bits() << 52), r)
}

/// (e^r − 1)/r for |r| ≤ ½ ln 2, as 1 + r/2 + r² q(r): q is the polynomial of degree 8 that agrees with the rest of the
/// series at Chebyshev's nine points of this interval, which leaves 4·10⁻¹⁷ of e^r. The series itself needs two terms more.
#[inline(always)]
fn exp_m1_over(r: f64) -> f64 {
    /// Of r¹⁰, …, r, 1.
    const COEFFICIENTS: [f64; 11] = [
        2.50955459817003e-8,
        2.761379555451996e-7,
        2.7557280082684685e-6,
        2.4801536409064087e-5,
        1.984126985433077e-4,
        1.3888888905871347e-3,
        8.333333333332157e-3,
        4.1666666666651364e-2,
        1.0 / 6.0,
        0.5,
        1.0,
    ];
    let mut sum = COEFFICIENTS[0];
    for coefficient in &COEFFICIENTS[1..] {
        sum = sum.mul_add(r, *coefficient);
    }
    sum
}

/// m in [1, 2) and k with x = m · 2^k, for a positive normal number.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, i64) {
    let bits = x.to_bits();
    (f64::from_bits(bits & !(0x7ff << 52) | BIAS), (bits >> 52) as i64 - 1023)
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

    /// From 10⁻³⁰⁰ to the ends of what a function is used for, of both signs.
    fn arguments(most: f64) -> impl Iterator<Item = f64> {
        let small = (0..300).map(|k| 1.7 * 10f64.powi(-k));
        let all = (1..=10_000).map(move |i| most * f64::from(i) / 10_000.0).chain(small);
        all.flat_map(|x| [x, -x]).chain([0.0])
    }

    /// Within so many ulp, which are at most 2u of the value each.
    fn is_within(ulps: f64, f: fn(f64) -> f64, truth: fn(f64) -> f64, most: f64) {
        for x in arguments(most) {
            let (value, truth) = (f(x), truth(x));
            assert!((value - truth).abs() <= ulps * truth.abs() * f64::EPSILON, "{x:e}: {value:e} {truth:e}");
        }
    }

    #[test]
    fn exponentials_are_off_by_at_most_what_is_stated() {
        is_within(2.0, exp, Real::exp, 700.0);
        is_within(3.0, tanh, Real::tanh, 1000.0);
        is_within(3.0, logistic, Real::logistic, 690.0);
        assert_eq!((exp(0.0), tanh(0.0), logistic(0.0), tanh(1e300), logistic(1e300)), (1.0, 0.0, 0.5, 1.0, 1.0));
        assert!(logistic(-1e300) < 1e-300);
    }

    #[test]
    fn a_number_is_its_significand_times_its_power_of_two() {
        for x in [1.0, 1.5, 3.7e-300, 2.2e300, f64::MIN_POSITIVE, f64::MAX] {
            let (m, k) = split(x);
            assert!((1.0..2.0).contains(&m));
            let back = (0..k.abs()).fold(m, |y, _| if k < 0 { y / 2.0 } else { y * 2.0 });
            assert_eq!(back, x);
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
