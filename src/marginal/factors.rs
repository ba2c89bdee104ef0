//! The centred characteristic function of one mask, at eight nodes at a time.
//!
//! The lanes are treated alike and without branches, so that the compiler can use vectors, as wide as
//! [`InstructionSet`](crate::kernel::InstructionSet) finds; no fused operations, so that the bits are the same everywhere.
//! What the nodes of a block have in common is decided once for all: whether the keep probability is ½, where the factor
//! is a cosine, and whether the angles are small.

use super::logit::U;

/// How many nodes are treated alike.
pub(super) const LANES: usize = 8;
/// One number a node.
pub(super) type Lanes = [f64; LANES];

/// \\(u = \mathbb E e^{it(X-\mathbb E X)} - 1\\) of one mask at one node, with the sizes that its error is measured by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    pub re: f64,
    pub im: f64,
    /// The sum of the sizes of the summands: the error is at most 8u of it …
    pub size: f64,
    /// … and this.
    pub lost: f64,
    /// \\(e^{it(a - \mathbb E X)}\\), which a kept unit has instead.
    pub kept: (f64, f64),
}

/// A number as hi + lo.
#[derive(Clone, Copy)]
struct Pair {
    hi: f64,
    lo: f64,
}

/// a as a sum of two numbers of at most 26 bits each (Veltkamp).
#[inline(always)]
fn halves(a: f64) -> (f64, f64) {
    let shifted = a * 134_217_729.0; // 2²⁷ + 1
    let high = shifted - (shifted - a);
    (high, a - high)
}

/// a · b with its rounding error (Dekker).
#[inline(always)]
fn times(a: f64, b: f64) -> Pair {
    let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
    let hi = a * b;
    Pair { hi, lo: a2 * b2 - (((hi - a1 * b1) - a2 * b1) - a1 * b2) }
}

/// A droppable unit: its weight and KEEP probability.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask {
    pub weight: f64,
    pub keep: f64,
}

/// Which of a block's angles θ = at are at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Angles {
    /// All of them.
    Small,
    /// None.
    Large,
    /// Some.
    Mixed,
}

impl Mask {
    /// Its angles at nodes in ascending order.
    #[inline(always)]
    pub fn angles(self, t: &Lanes) -> Angles {
        let theta = |t: f64| (self.weight * t).abs();
        if theta(t[LANES - 1]) <= 1.0 {
            Angles::Small
        } else if theta(t[0]) > 1.0 {
            Angles::Large
        } else {
            Angles::Mixed
        }
    }

    /// \\(q e^{-ip\theta} + p e^{iq\theta} - 1\\) with θ = at, q = 1 − p, written without cancellation as
    /// \\(q(\cos p\theta - 1) + p(\cos q\theta - 1) + i\\,[p(\sin q\theta - q\theta) - q(\sin p\theta - p\theta)]\\);
    /// at p = ½ that is \\(\cos\frac\theta2 - 1\\). `half` says whether p = ½, and `angles` what [`Mask::angles`] does.
    ///
    /// The angles pθ and qθ carry their low parts, so that a large weight costs no accuracy. Each cosine and sine is off
    /// by 5u with its low part, its coefficient and product by 2u, the sum by 1u: 8u. What is left out, the square of the
    /// low part and the rounding of the angle, is below 16(uθ)² where θ > 1 and of order u² below.
    #[inline(always)]
    pub fn factor(self, t: f64, half: bool, angles: Angles) -> Factor {
        let theta = times(self.weight, t);
        let linear = match angles {
            Angles::Small => true,
            Angles::Large => false,
            Angles::Mixed => theta.hi.abs() <= 1.0,
        };
        let lost = 16.0 * (U * theta.hi) * (U * theta.hi);
        if half {
            let (cos, _, sin) = circle(Pair { hi: 0.5 * theta.hi, lo: 0.5 * theta.lo }, linear, angles);
            return Factor { re: cos, im: 0.0, size: cos.abs(), lost, kept: (1.0 + cos, sin) };
        }
        let drop = 1.0 - self.keep;
        let mut p_theta = times(self.keep, theta.hi);
        p_theta.lo += self.keep * theta.lo;
        // qθ = θ − pθ, exactly (Knuth's sum), whatever the rounding of q.
        let hi = theta.hi - p_theta.hi;
        let part = hi - theta.hi;
        let rounding = (theta.hi - (hi - part)) + (-p_theta.hi - part);
        let q_theta = Pair { hi, lo: rounding + (theta.lo - p_theta.lo) };
        let (cos_p, sin_p, _) = circle(p_theta, linear, angles);
        let (cos_q, sin_q, whole_sin_q) = circle(q_theta, linear, angles);
        let parts = [drop * cos_p, self.keep * cos_q, self.keep * sin_q, drop * sin_p];
        Factor {
            re: parts[0] + parts[1],
            im: parts[2] - parts[3],
            size: (parts[0].abs() + parts[1].abs()) + (parts[2].abs() + parts[3].abs()),
            lost,
            kept: (1.0 + cos_q, whole_sin_q),
        }
    }
}

/// cos x − 1; sin x − x where `linear` (|x| ≤ 1), else sin x; and sin x itself.
///
/// Each is off by at most 5u of itself and 2(ux)², for |x| up to 10⁷ (judged by the test below).
#[inline(always)]
fn circle(x: Pair, linear: bool, angles: Angles) -> (f64, f64, f64) {
    match angles {
        Angles::Small => near(x),
        Angles::Large => {
            let (cos, sin) = quadrants(x);
            (cos, sin, sin)
        }
        Angles::Mixed => {
            let (small, (cos, sin)) = (near(x), quadrants(x));
            if linear { small } else { (cos, sin, sin) }
        }
    }
}

/// cos x − 1, sin x − x and sin x for |x| ≤ 1: the terms left out are below 10⁻¹⁸ of the first.
#[inline(always)]
fn near(x: Pair) -> (f64, f64, f64) {
    let square = x.hi * x.hi;
    let cos = square * (square * horner(&COSINE, square) - 0.5);
    let difference = x.hi * square * horner(&SINE, square);
    let low = difference + x.lo * cos;
    (cos - x.lo * (x.hi + difference), low, x.hi + (low + x.lo))
}

/// −1/3!, 1/5!, … −1/19!.
const SINE: [f64; 9] = [
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5040.0,
    1.0 / 362_880.0,
    -1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 355_687_428_096_000.0,
    -1.0 / 121_645_100_408_832_000.0,
];
/// 1/4!, −1/6!, … −1/18!.
const COSINE: [f64; 8] = [
    1.0 / 24.0,
    -1.0 / 720.0,
    1.0 / 40_320.0,
    -1.0 / 3_628_800.0,
    1.0 / 479_001_600.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 20_922_789_888_000.0,
    -1.0 / 6_402_373_705_728_000.0,
];

#[inline(always)]
fn horner<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// cos x − 1 and sin x: x less the nearest multiple of π/2, which is taken in three parts of which the first two times an
/// integer below 2²³ are exact; then Taylor's series on [−π/4, π/4], where the terms left out are below 10⁻¹⁹.
#[inline(always)]
fn quadrants(x: Pair) -> (f64, f64) {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer
    const FIRST: f64 = 1.570796325802803; // 30 bits of π/2
    const SECOND: f64 = 9.920935791635221e-10; // the next 30
    const THIRD: f64 = 5.170182981794105e-19; // the rest
    let shifted = x.hi * std::f64::consts::FRAC_2_PI + MAGIC;
    let turns = shifted - MAGIC;
    let quadrant = shifted.to_bits();
    let coarse = x.hi - turns * FIRST;
    let second = turns * SECOND;
    let r = coarse - second;
    let part = r - coarse;
    let rounding = (coarse - (r - part)) + (-second - part);
    let low = rounding + (x.lo - turns * THIRD);
    let square = r * r;
    let sin = r + r * square * horner(&SINE, square);
    let cos = square * (square * horner(&COSINE, square) - 0.5); // less 1
    // With the low part.
    let (sin, cos) = (sin + low * (1.0 + cos), cos - low * sin);
    let odd = quadrant & 1 != 0;
    let whole_cos = 1.0 + cos;
    let (turned_cos, turned_sin) = if odd { (sin, whole_cos) } else { (whole_cos, sin) };
    let turned_cos = if quadrant.wrapping_add(1) & 2 != 0 { -turned_cos } else { turned_cos };
    let turned_sin = if quadrant & 2 != 0 { -turned_sin } else { turned_sin };
    // Without a turn the −1 is there already, and no digit has cancelled.
    (if quadrant & 3 == 0 { cos } else { turned_cos - 1.0 }, turned_sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judged by functions that are within one ulp of the truth (claim marginal.logistic), at angles from 10⁻⁸ to 10⁷ of
    /// both signs, near multiples of π/2 and with low parts; small angles by both ways.
    #[test]
    fn circle_is_within_five_roundings() {
        let sizes = (0..300).map(|k| 1e-8 * f64::powi(1.123, k)).filter(|x| *x < 1e7);
        let turns = (1..200).map(|k| f64::from(k * k) * std::f64::consts::FRAC_PI_2);
        for x in sizes.chain(turns).chain([1.0]).flat_map(|x| [x, -x]) {
            // Near a multiple of 2π the square of the low part is left out, as the factors' `lost` says.
            let near =
                |value: f64, truth: f64| (value - truth).abs() <= 7.0 * U * truth.abs() + 2.0 * (U * x) * (U * x);
            let linear = x.abs() <= 1.0;
            let ways = if linear { [Angles::Small, Angles::Mixed] } else { [Angles::Large, Angles::Mixed] };
            for (low, angles) in [0.0, 0.4 * U * x].into_iter().flat_map(|low| ways.map(|way| (low, way))) {
                let (cos, sin, whole) = circle(Pair { hi: x, lo: low }, linear, angles);
                let (c, s) = (pxfm::f_cos(x), pxfm::f_sin(x));
                assert!(near(cos, pxfm::f_cosm1(x) - low * s), "cos {x} {low}");
                let difference = pxfm::f_sinmx(x) + low * pxfm::f_cosm1(x);
                assert!(near(sin, if linear { difference } else { s + low * c }), "sin {x} {low}");
                assert!(near(whole, s + low * c), "whole sin {x} {low}");
            }
        }
    }

    /// The cosine at p = ½ is what the general formula gives.
    #[test]
    fn a_factor_at_one_half_is_a_cosine() {
        for (weight, t) in [(0.3, 0.25), (-0.3, 2.0), (7.5, 0.125), (7.5, 3.0), (1e5, 11.0)] {
            let mask = Mask { weight, keep: 0.5 };
            let angles = mask.angles(&[t; LANES]);
            let (half, general) = (mask.factor(t, true, angles), mask.factor(t, false, angles));
            assert_eq!((half.re, half.im, half.kept), (general.re, general.im, general.kept));
        }
    }
}
