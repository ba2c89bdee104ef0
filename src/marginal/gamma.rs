//! Γ on the line Re z = 1: the characteristic function of a Gumbel variable G, since \\(\mathbb E e^{-iwG} = \Gamma(1+iw)\\).

use super::double_double::DoubleDouble;
use super::logit::U;
use crate::scalar::Real;
use std::f64::consts::PI;

/// Γ(1 + iw).
#[derive(Clone, Copy, Debug)]
pub(super) struct Gamma {
    pub size: f64,
    pub phase: f64,
    /// What the two can put it off by, relative to its size.
    pub error: f64,
}

impl Gamma {
    /// At w ≥ 0.
    ///
    /// The size is off by (4 + 0.75πw)u of it: πw by 1.4u, which sinh multiplies by at most 1 + πw before it adds 2u; a
    /// quotient and a square root follow.
    pub fn new(w: f64) -> Self {
        let (phase, off) = phase(w);
        Self { size: size(w), phase, error: off + (4.0 + 0.75 * PI * w) * U }
    }
}

/// \\(|\Gamma(1+iw)| = \sqrt{\pi w/\sinh\pi w}\\).
pub(super) fn size(w: f64) -> f64 {
    let z = PI * w.abs();
    if z == 0.0 { 1.0 } else { (z / pxfm::f_sinh(z)).sqrt() }
}

/// arg Γ(1 + iw) for w ≥ 0 by Stirling's series at z = 14 + iw, and what it can be off by.
///
/// The remainder after seven terms is at most \\(\frac{|B_{16}|}{16\cdot15\\,|z|^{15}}\cos^{-16}(\tfrac12\arg z)\\). With
/// |z| = 14/cos(arg z) that falls as w grows, and is 2·10⁻¹⁹ at w = 0. Each summand is off by at most 2u, the sum by one
/// rounding.
fn phase(w: f64) -> (f64, f64) {
    const SHIFT: f64 = 14.0;
    const REMAINDER: f64 = 2e-19;
    const BERNOULLI: [f64; 7] =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let square = SHIFT * SHIFT + w * w;
    let mut terms = vec![(SHIFT - 0.5) * pxfm::f_atan(w / SHIFT), 0.5 * w * Real::ln(square), -w];
    terms.extend((1..14).map(|j| -pxfm::f_atan(w / f64::from(j))));
    // z^−1, z^−3 …: the imaginary part of each.
    let (re, im) = (SHIFT / square, -w / square);
    let (re2, im2) = (re * re - im * im, 2.0 * re * im);
    let (mut x, mut y) = (re, im);
    for b in BERNOULLI {
        terms.push(b * y);
        (x, y) = (x * re2 - y * im2, x * im2 + y * re2);
    }
    let size: f64 = terms.iter().map(|term| term.abs()).sum();
    let sum = terms.into_iter().fold(DoubleDouble::ZERO, |sum, term| sum + term.into());
    (sum.hi, 3.0 * U * size + REMAINDER)
}
