//! The functions that everything in floating point rests on: their bits, and how far the composed ones may be off.

use crate::support::{holds, q};
use dropout_oracle::scalar::{dot, log_sum_exp};
use dropout_oracle::{Rational, Real, Scalar};
use nalgebra::dvector;
use proptest::prelude::*;

/// x, then eˣ, e⁻ˣ, ln x, ln(1+x) and tanh x, each the nearest f64 of a value computed with 300 bits.
const BITS_64: [(f64, [u64; 5]); 10] = [
    (1e-10, [0x3ff000000006df38, 0x3feffffffff24190, 0xc037069e2aa2aa5b, 0x3ddb7cdfd9d1d693, 0x3ddb7cdfd9d7bdbb]),
    (0.1, [0x3ff1aec7b35a00d4, 0x3fecf46d99d52b3a, 0xc0026bb1bbb55515, 0x3fb8663f793c46c7, 0x3fb983d7795f413a]),
    (0.5, [0x3ffa61298e1e069c, 0x3fe368b2fc6f960a, 0xbfe62e42fefa39ef, 0x3fd9f323ecbf984c, 0x3fdd9353d7568af3]),
    (0.75, [0x4000ef9db467dcf8, 0x3fde3b40ebefcd7e, 0xbfd269621134db92, 0x3fe1e85f5e7040d0, 0x3fe45323e552f228]),
    (1.0, [0x4005bf0a8b145769, 0x3fd78b56362cef38, 0x0000000000000000, 0x3fe62e42fefa39ef, 0x3fe85efab514f394]),
    (2.0, [0x401d8e64b8d4ddae, 0x3fc152aaa3bf81cc, 0x3fe62e42fefa39ef, 0x3ff193ea7aad030b, 0x3feed9505e1bc3d4]),
    (3.25, [0x4039ca53b781114b, 0x3fa3da368521902d, 0x3ff2dbc55768deb3, 0x3ff7269484fac504, 0x3fefe76795d353a0]),
    (10.0, [0x40d5829dcf950560, 0x3f07cd79b5647c9b, 0x40026bb1bbb55516, 0x40032ee3b77f374c, 0x3feffffffdc96f35]),
    (
        0.0009765625,
        [0x3ff00400800aab55, 0x3feff800ffeaac00, 0xc01bb9d3beb8c86b, 0x3f4ffc00aa8ab110, 0x3f4fffff5555599a],
    ),
    (88.5, [0x47e99b987155fe28, 0x37f3fe71068e4512, 0x4011ee98389322fd, 0x4011fa19b0b0011a, 0x3ff0000000000000]),
];

/// The same for f32.
const BITS_32: [(f32, [u32; 5]); 10] = [
    (1e-10, [0x3f800000, 0x3f800000, 0xc1b834f1, 0x2edbe6ff, 0x2edbe6ff]),
    (0.1, [0x3f8d763e, 0x3f67a36d, 0xc0135d8e, 0x3dc331fc, 0x3dcc1ebc]),
    (0.5, [0x3fd3094c, 0x3f1b4598, 0xbf317218, 0x3ecf991f, 0x3eec9a9f]),
    (0.75, [0x40077cee, 0x3ef1da07, 0xbe934b11, 0x3f0f42fb, 0x3f22991f]),
    (1.0, [0x402df854, 0x3ebc5ab2, 0x00000000, 0x3f317218, 0x3f42f7d6]),
    (2.0, [0x40ec7326, 0x3e0a9555, 0x3f317218, 0x3f8c9f54, 0x3f76ca83]),
    (3.25, [0x41ce529e, 0x3d1ed1b4, 0x3f96de2b, 0x3fb934a4, 0x3f7f3b3d]),
    (10.0, [0x46ac14ee, 0x383e6bce, 0x40135d8e, 0x4019771e, 0x3f800000]),
    (0.0009765625, [0x3f802004, 0x3f7fc008, 0xc0ddce9e, 0x3a7fe005, 0x3a7ffffb]),
    (85.5, [0x7d233123, 0x01c8cb53, 0x408e5a3f, 0x408eb981, 0x3f800000]),
];

fn functions<T: Real>(x: T) -> [T; 5] {
    [x.exp(), (-x).exp(), x.ln(), x.ln_1p(), x.tanh()]
}

/// Any change of one of these bits changes results of users: it is a breaking change.
#[test]
fn scalar_functions_have_these_bits() {
    for (x, bits) in BITS_64 {
        assert_eq!(functions(x).map(f64::to_bits), bits, "at {x}");
    }
    for (x, bits) in BITS_32 {
        assert_eq!(functions(x).map(f32::to_bits), bits, "at {x}");
    }
}

/// Correct rounding in f32, judged by f64: it carries 29 more bits, so only a value within 2⁻²⁸ of a tie could be misjudged.
#[test]
fn scalar_functions_are_rounded_correctly_in_f32() {
    holds(2048, (-80f32..80.0, 1e-6f32..1e6), |(x, positive)| {
        prop_assert_eq!(Real::exp(x), Real::exp(f64::from(x)) as f32);
        prop_assert_eq!(Real::tanh(x), Real::tanh(f64::from(x)) as f32);
        prop_assert_eq!(Real::ln(positive), Real::ln(f64::from(positive)) as f32);
        prop_assert_eq!(Real::ln_1p(positive), Real::ln_1p(f64::from(positive)) as f32);
        Ok(())
    });
}

#[test]
fn scalar_functions_have_their_limits() {
    fn limits<T: Real + std::fmt::Debug>() {
        let (zero, one, infinity) = (T::zero(), T::one(), -T::neg_infinity());
        assert_eq!([(-infinity).exp(), zero.exp(), infinity.exp()], [zero, one, infinity]);
        assert_eq!([zero.ln(), one.ln(), infinity.ln()], [-infinity, zero, infinity]);
        assert_eq!([zero.ln_1p(), (-one).ln_1p()], [zero, -infinity]);
        assert_eq!([(-infinity).tanh(), zero.tanh(), infinity.tanh()], [-one, zero, one]);
        assert_eq!([(-infinity).logistic(), zero.logistic(), infinity.logistic()], [zero, T::ratio(1, 2), one]);
        assert_eq!([(-infinity).softplus(), infinity.softplus()], [zero, infinity]);
        assert!(!infinity.is_finite() && !(infinity - infinity).is_finite() && one.is_finite());
        assert!([(-one).ln(), (-one).sqrt(), (-T::ratio(2, 1)).ln_1p()].iter().all(|nan| nan != nan));
    }
    limits::<f64>();
    limits::<f32>();
}

/// x, then σ(x) and ln(1+eˣ), each the nearest f64 of a value computed with 300 bits.
const LOGISTIC_AND_SOFTPLUS: [(f64, f64, f64); 13] = [
    (-700.0, 9.85967654375977e-305, 9.85967654375977e-305),
    (-40.0, 4.248354255291589e-18, 4.248354255291589e-18),
    (-36.7, 1.1518409493076095e-16, 1.1518409493076095e-16),
    (-5.5, 0.004070137715896128, 0.0040784432705707205),
    (-1.0, 0.2689414213699951, 0.3132616875182228),
    (-0.1, 0.47502081252106, 0.6443966600735709),
    (-1e-9, 0.49999999975, 0.6931471800599454),
    (0.1, 0.52497918747894, 0.7443966600735709),
    (1.0, 0.7310585786300049, 1.3132616875182228),
    (5.5, 0.9959298622841039, 5.504078443270571),
    (36.7, 0.9999999999999999, 36.7),
    (40.0, 1.0, 40.0),
    (700.0, 1.0, 700.0),
];

/// |found − expected| in units of u·|expected|, with u the unit roundoff.
fn roundings<T: Real>(found: T, expected: f64) -> f64 {
    ((found.to_f64() - expected) / expected).abs() / T::unit_roundoff().to_f64()
}

/// σ is an exponential, a sum and a quotient, softplus an exponential, a logarithm and a sum: each step is off by at most u,
/// and neither function's condition number exceeds 1 in what comes before. So 3u for both, and u for the rounded fixture.
#[test]
fn scalar_logistic_and_softplus_are_off_by_three_roundings_at_most() {
    for (x, logistic, softplus) in LOGISTIC_AND_SOFTPLUS {
        assert!(roundings(Real::logistic(x), logistic) <= 4.0, "logistic at {x}");
        assert!(roundings(Real::softplus(x), softplus) <= 4.0, "softplus at {x}");
    }
}

/// The same code in f32, at many points, judged by f64. Measured at 20000 points: 2.7u for σ, 1.8u for softplus.
#[test]
fn scalar_logistic_and_softplus_are_off_by_three_roundings_at_most_in_f32() {
    holds(4096, prop_oneof![-87f32..87.0, -1f32..1.0], |x| {
        prop_assert!(roundings(Real::logistic(x), Real::logistic(f64::from(x))) <= 3.0 + 1e-6);
        prop_assert!(roundings(Real::softplus(x), Real::softplus(f64::from(x))) <= 3.0 + 1e-6);
        Ok(())
    });
}

/// A σ that overflows is refused by the same check: e^−x is infinite at x = −89 in f32, and the result 0.
#[test]
fn scalar_mutant_computes_the_logistic_by_its_formula() {
    let by_formula = |x: f32| 1.0 / (1.0 + Real::exp(-x));
    assert!(roundings(by_formula(-89.0), Real::logistic(-89f64)) > 4.0);
    let by_formula = |x: f32| Real::ln(1.0 + Real::exp(x));
    assert!(roundings(by_formula(-20.0), Real::softplus(-20f64)) > 4.0);
}

/// ln(1+eˣ) − ln(1+e⁻ˣ) = x and σ(x) + σ(−x) = 1, within three roundings of each term.
#[test]
fn scalar_logistic_and_softplus_keep_their_symmetries() {
    holds(1024, -40f64..40.0, |x| {
        let u = f64::unit_roundoff();
        prop_assert!((Real::logistic(x) + Real::logistic(-x) - 1.0).abs() <= 4.0 * u);
        let terms = [Real::softplus(x), Real::softplus(-x)];
        prop_assert!((terms[0] - terms[1] - x).abs() <= 4.0 * u * (terms[0] + terms[1]));
        Ok(())
    });
}

/// Where nothing can overflow, the definition; and 2u for the exponentials' shift, u a term, 2u for logarithm and sum.
#[test]
fn scalar_log_sum_exp_is_the_logarithm_of_the_sum() {
    holds(256, prop::collection::vec(-10f64..10.0, 1..6), |terms| {
        let by_definition = Real::ln(terms.iter().map(|&x| Real::exp(x)).sum::<f64>());
        // Both are a few roundings of numbers below 10 + ln 5 < 12.
        prop_assert!((log_sum_exp(&terms) - by_definition).abs() <= 12.0 * 12.0 * f64::unit_roundoff());
        Ok(())
    });
}

#[test]
fn scalar_log_sum_exp_neither_overflows_nor_underflows() {
    let ln_2 = Real::ln(2.0);
    for large in [1e4, -1e4, 1e300, -1e300] {
        assert_eq!(log_sum_exp(&[large, large]), large + ln_2);
    }
    for large in [1e4f32, -1e4, 1e38, -1e38] {
        assert_eq!(log_sum_exp(&[large, large - large.abs() / 2.0]), large);
    }
    let impossible = f64::NEG_INFINITY;
    assert_eq!(log_sum_exp(&[impossible, 3.0, impossible]), 3.0);
    assert_eq!(log_sum_exp(&[impossible; 3]), impossible);
    assert_eq!(log_sum_exp::<f64>(&[]), impossible);
    let certain = f64::INFINITY;
    assert_eq!(log_sum_exp(&[certain]), certain);
    assert_eq!(log_sum_exp(&[3.0, certain, impossible, certain]), certain);
    assert!(log_sum_exp(&[certain, f64::NAN]).is_nan() && log_sum_exp(&[f64::NAN]).is_nan());
}

/// A quotient of integers that f64 holds is rounded once: so is the rational's nearest f64, and they are the same.
#[test]
fn scalar_rationals_become_their_nearest_float() {
    let integer = -(1i64 << 53)..=1 << 53;
    holds(1024, (integer.clone(), integer), |(n, d)| {
        let d = if d == 0 { 1 } else { d };
        prop_assert_eq!(q(n, d).to_f64().value(), f64::ratio(n, d));
        prop_assert_eq!(Scalar::to_f64(&q(n, d)), f64::ratio(n, d));
        Ok(())
    });
    // Ties go to even.
    for tie in [(1 << 53) + 1, (1 << 53) + 3, i64::MAX, i64::MIN] {
        assert_eq!(Scalar::to_f64(&q(tie, 1)), tie as f64);
    }
    // Every f64 is a rational, and comes back.
    holds(256, proptest::num::f64::NORMAL, |x| {
        prop_assert_eq!(Scalar::to_f64(&Rational::try_from(x).unwrap()), x);
        Ok(())
    });
}

#[test]
fn scalar_ratio_is_one_division() {
    assert_eq!(f64::ratio(1, 3), 1.0 / 3.0);
    assert_eq!(f32::ratio(-2, 3), -2.0 / 3.0);
    assert_eq!(q(4, -6), q(-2, 3));
    assert_eq!((f64::unit_roundoff(), f32::unit_roundoff()), (f64::EPSILON / 2.0, f32::EPSILON / 2.0));
    assert_eq!(Rational::unit_roundoff(), Rational::ZERO);
}

#[test]
#[should_panic(expected = "denominator zero")]
fn scalar_ratio_panics_on_a_zero_denominator() {
    f64::ratio(1, 0);
}

#[test]
fn scalar_maximum_is_the_larger_and_the_first_of_equals() {
    assert_eq!(Scalar::maximum(2.0, 3.0), 3.0);
    assert_eq!(q(1, 2).maximum(q(1, 3)), q(1, 2));
    assert!(Scalar::maximum(-0.0f64, 0.0).is_sign_negative());
}

/// From the first entry on, without a fused operation: 10¹⁶ + 1 is rounded to 10¹⁶ before 10¹⁶ is taken away.
#[test]
fn scalar_dot_adds_in_order() {
    assert_eq!(dot(&dvector![1e16, 1.0, -1e16], &dvector![1.0, 1.0, 1.0]), 0.0);
    assert_eq!(dot(&dvector![1e16, -1e16, 1.0], &dvector![1.0, 1.0, 1.0]), 1.0);
    let tiny = f64::EPSILON; // (1 + ε)² − (1 + 2ε) is ε² fused, and 0 when the square is rounded first
    assert_eq!(dot(&dvector![1.0 + tiny, -1.0], &dvector![1.0 + tiny, 1.0 + 2.0 * tiny]), 0.0);
}
