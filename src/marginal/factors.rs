//! The centred characteristic function of one mask, at eight nodes at a time.
//!
//! Plain arrays and no branches, so that the compiler can use vectors; no fused operations, so that the bits are the same
//! everywhere.

use super::logit::U;

/// How many nodes are treated alike.
pub(super) const LANES: usize = 8;
/// One number a node.
pub(super) type Lanes = [f64; LANES];

/// \\(u = \mathbb E e^{it(X-\mathbb E X)} - 1\\) of one mask, with the sizes that its error is measured by.
pub(super) struct Factors {
    pub re: Lanes,
    pub im: Lanes,
    /// The sum of the sizes of the summands: the error is at most 8u of it …
    pub size: Lanes,
    /// … and this.
    pub lost: Lanes,
    /// \\(e^{it(a - \mathbb E X)}\\), which a kept unit has instead.
    pub kept: (Lanes, Lanes),
}

/// A number as hi + lo.
struct Pair {
    hi: Lanes,
    lo: Lanes,
}

fn each(f: impl Fn(usize) -> f64) -> Lanes {
    std::array::from_fn(f)
}

/// a as a sum of two numbers of at most 26 bits each (Veltkamp).
fn halves(a: f64) -> (f64, f64) {
    let shifted = a * 134_217_729.0; // 2²⁷ + 1
    let high = shifted - (shifted - a);
    (high, a - high)
}

/// a · b with its rounding error (Dekker), for a constant a.
fn times(a: f64, b: &Lanes) -> Pair {
    let (a1, a2) = halves(a);
    let hi = each(|i| a * b[i]);
    let lo = each(|i| {
        let (b1, b2) = halves(b[i]);
        a2 * b2 - (((hi[i] - a1 * b1) - a2 * b1) - a1 * b2)
    });
    Pair { hi, lo }
}

impl Factors {
    /// Of the mask with this weight and KEEP probability at the nodes t: \\(q e^{-ip\theta} + p e^{iq\theta} - 1\\) with
    /// θ = at, q = 1 − p, written without cancellation as
    /// \\(q(\cos p\theta - 1) + p(\cos q\theta - 1) + i\\,[p(\sin q\theta - q\theta) - q(\sin p\theta - p\theta)]\\).
    ///
    /// The angles pθ and qθ carry their low parts, so that a large weight costs no accuracy. Each cosine and sine is off
    /// by 5u with its low part, its coefficient and product by 2u, the sum by 1u: 8u. What is left out, the square of the
    /// low part and the rounding of the angle, is below 16(uθ)² where θ > 1 and of order u² below.
    pub fn of_mask(weight: f64, keep: f64, t: &Lanes) -> Self {
        let drop = 1.0 - keep;
        let theta = times(weight, t);
        let mut p_theta = times(keep, &theta.hi);
        (0..LANES).for_each(|i| p_theta.lo[i] += keep * theta.lo[i]);
        // qθ = θ − pθ, exactly (Knuth's sum), whatever the rounding of q.
        let hi = each(|i| theta.hi[i] - p_theta.hi[i]);
        let lo = each(|i| {
            let part = hi[i] - theta.hi[i];
            let rounding = (theta.hi[i] - (hi[i] - part)) + (-p_theta.hi[i] - part);
            rounding + (theta.lo[i] - p_theta.lo[i])
        });
        let q_theta = Pair { hi, lo };
        let linear = theta.hi.map(|theta| theta.abs() <= 1.0);
        let (cos_p, sin_p, _) = circle(&p_theta, &linear);
        let (cos_q, sin_q, whole_sin_q) = circle(&q_theta, &linear);
        let parts: [[f64; 4]; LANES] =
            std::array::from_fn(|i| [drop * cos_p[i], keep * cos_q[i], keep * sin_q[i], drop * sin_p[i]]);
        Self {
            re: each(|i| parts[i][0] + parts[i][1]),
            im: each(|i| parts[i][2] - parts[i][3]),
            size: each(|i| (parts[i][0].abs() + parts[i][1].abs()) + (parts[i][2].abs() + parts[i][3].abs())),
            lost: each(|i| 16.0 * (U * theta.hi[i]) * (U * theta.hi[i])),
            kept: (each(|i| 1.0 + cos_q[i]), whole_sin_q),
        }
    }
}

/// cos x − 1; sin x − x where `linear` (|x| ≤ 1), else sin x; and sin x itself.
///
/// Each is off by at most 5u of itself and 2(ux)², for |x| up to 10⁷ (judged by the test below).
fn circle(x: &Pair, linear: &[bool; LANES]) -> (Lanes, Lanes, Lanes) {
    let (cos, sin) = quadrants(x);
    let difference = each(|i| {
        let x2 = x.hi[i] * x.hi[i];
        // −x³/3! + x⁵/5! − …, to x¹⁹: the next term is below 10⁻¹⁸ of the first.
        let series = horner(&SINE, x2);
        x.hi[i] * x2 * series + x.lo[i] * cos[i]
    });
    let whole = each(|i| if linear[i] { x.hi[i] + (difference[i] + x.lo[i]) } else { sin[i] });
    (cos, each(|i| if linear[i] { difference[i] } else { sin[i] }), whole)
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

fn horner<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// cos x − 1 and sin x: x less the nearest multiple of π/2, which is taken in three parts of which the first two times an
/// integer below 2²³ are exact; then Taylor's series on [−π/4, π/4], where the terms left out are below 10⁻¹⁹.
fn quadrants(x: &Pair) -> (Lanes, Lanes) {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer
    const FIRST: f64 = 1.570796325802803; // 30 bits of π/2
    const SECOND: f64 = 9.920935791635221e-10; // the next 30
    const THIRD: f64 = 5.170182981794105e-19; // the rest
    let shifted = each(|i| x.hi[i] * std::f64::consts::FRAC_2_PI + MAGIC);
    let turns = shifted.map(|s| s - MAGIC);
    let quadrant = shifted.map(f64::to_bits);
    let coarse = each(|i| x.hi[i] - turns[i] * FIRST);
    let second = each(|i| turns[i] * SECOND);
    let r = each(|i| coarse[i] - second[i]);
    let low = each(|i| {
        let part = r[i] - coarse[i];
        let rounding = (coarse[i] - (r[i] - part)) + (-second[i] - part);
        rounding + (x.lo[i] - turns[i] * THIRD)
    });
    let square = each(|i| r[i] * r[i]);
    let sin = each(|i| r[i] + r[i] * square[i] * horner(&SINE, square[i]));
    let cos = each(|i| square[i] * (square[i] * horner(&COSINE, square[i]) - 0.5)); // less 1
    // With the low part.
    let (sin, cos) = (each(|i| sin[i] + low[i] * (1.0 + cos[i])), each(|i| cos[i] - low[i] * sin[i]));
    let turned = |i: usize| {
        let odd = quadrant[i] & 1 != 0;
        let (c, s) = (1.0 + cos[i], sin[i]);
        let negative = quadrant[i].wrapping_add(1) & 2 != 0; // of the cosine
        let value = if odd { s } else { c };
        let value = if negative { -value } else { value };
        // Without a turn the −1 is there already, and no digit has cancelled.
        if quadrant[i] & 3 == 0 { cos[i] } else { value - 1.0 }
    };
    let turned_sin = |i: usize| {
        let odd = quadrant[i] & 1 != 0;
        let value = if odd { 1.0 + cos[i] } else { sin[i] };
        if quadrant[i] & 2 != 0 { -value } else { value }
    };
    (each(turned), each(turned_sin))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judged by functions that are within one ulp of the truth (claim marginal.logistic), at angles from 10⁻⁸ to 10⁷ of
    /// both signs, near multiples of π/2 and with low parts.
    #[test]
    fn circle_is_within_five_roundings() {
        let sizes = (0..300).map(|k| 1e-8 * f64::powi(1.123, k)).filter(|x| *x < 1e7);
        let turns = (1..200).map(|k| f64::from(k * k) * std::f64::consts::FRAC_PI_2);
        for x in sizes.chain(turns).flat_map(|x| [x, -x]) {
            // Near a multiple of 2π the square of the low part is left out, as the factors' `lost` says.
            let near =
                |value: f64, truth: f64| (value - truth).abs() <= 7.0 * U * truth.abs() + 2.0 * (U * x) * (U * x);
            for low in [0.0, 0.4 * U * x] {
                let linear = x.abs() <= 1.0;
                let (cos, sin, whole) = circle(&Pair { hi: [x; LANES], lo: [low; LANES] }, &[linear; LANES]);
                let (c, s) = (pxfm::f_cos(x), pxfm::f_sin(x));
                assert!(near(cos[3], pxfm::f_cosm1(x) - low * s), "cos {x} {low}");
                let difference = pxfm::f_sinmx(x) + low * pxfm::f_cosm1(x);
                assert!(near(sin[3], if linear { difference } else { s + low * c }), "sin {x} {low}");
                assert!(near(whole[3], s + low * c), "whole sin {x} {low}");
            }
        }
    }
}
