//! The mean softmax of three classes as a double integral, with proved bounds.
//!
//! F(u, v) = 1/(1 + e^−u + e^−v) is the inverse of its two-sided Laplace transform Γ(s)Γ(r)Γ(1−s−r) (Dirichlet's
//! integral). On the **midpoint** grid w = (k+½)h of the imaginary axes the poles at s = 0 and r = 0 are avoided, and by
//! Poisson's formula
//! \\[ G_h(u,v) = \frac{h^2}{4\pi^2} \sum_{k,l} \Gamma(iw_k)\Gamma(iw_l)\Gamma(1-i(w_k+w_l))\\,e^{i(w_ku+w_lv)}
//! = \lim_{\alpha\downarrow0} \sum_{m,n\in\mathbb Z} (-1)^{m+n} e^{-\alpha(m+n)\Omega} F(u+m\Omega, v+n\Omega), \qquad \Omega = 2\pi/h. \\]
//! Where m or n is large F is 1, σ(u), σ(v) or 0 but for exponentially small rests, and Σ(−1)^m over m ≥ 1 has the Abel
//! sum −½: so
//! \\[ F(u,v) = G_h(u,v) + \tfrac12\sigma(u) + \tfrac12\sigma(v) - \tfrac14 + R, \qquad
//! |R| \le 6e^L g + 4e^{2L}g^2 + \tfrac12 e^L \frac{q}{(1-\sqrt q)^2}, \quad q = e^{-\Omega},\\ g = \frac q{1-q}, \\]
//! for |u|, |v| ≤ L (`docs/exact-marginal.md` has the nine regions one by one). Over an unbounded law the bound holds but
//! on the event that |u| > L or |v| > L, where |R| ≤ A + 1 with A the sum of the sizes of G_h's terms; Hoeffding's
//! inequality makes that event rare.
//!
//! The sizes of the Γ's are elementary: \\(|\Gamma(iw)|^2 = \pi/(w\sinh\pi w)\\), \\(|\Gamma(1+iw)|^2 = \pi w/\sinh\pi w\\).
//! What the sum leaves out is bounded by those sizes, times partial products of |φ|'s factors: none is larger than 1.

use super::certificate::Certified;
use super::double_double::DoubleDouble;
use super::logit::{Logit, Term, U};
use crate::error::{Error, Result};
use crate::scalar::Real;
use itertools::izip;
use std::f64::consts::{FRAC_PI_2, PI};

/// Aliasing, left-out nodes and left-out tails are each held below this.
const NEGLIGIBLE: f64 = 1.0 / (1u64 << 57) as f64;
/// −ln [`NEGLIGIBLE`], rounded up.
const DIGITS: f64 = 39.51;
/// Nodes beyond this are left out.
const END: f64 = 16.5;
/// More nodes along one axis, or table entries, than this are refused.
const MOST_NODES: f64 = (1 << 12) as f64;
const MOST_ENTRIES: usize = 1 << 24;
/// How many nodes are treated alike, so that the compiler can use vectors.
const LANES: usize = 8;
/// How many factors are multiplied between two looks at the product's size.
const BLOCK: usize = 16;

/// The logits u = z_y − z_k and v = z_y − z_l of one softmax, over the same masks.
pub(super) struct Pair<'a> {
    u: &'a Logit,
    v: &'a Logit,
    /// The masks' weights in u and in v with their keep probabilities, those of largest variance first.
    masks: Vec<(f64, f64, f64)>,
}

/// The magnitudes and phases of the Γ's at the multiples of h/2.
struct Gamma {
    step: f64,
    /// arg Γ(1 + ijh/2), with what it can be off by.
    phase: Vec<(f64, f64)>,
}

impl<'a> Pair<'a> {
    /// Of two logits with the same masked terms in the same order.
    pub fn new(u: &'a Logit, v: &'a Logit) -> Self {
        let mut masks: Vec<_> = izip!(u.terms(), v.terms())
            .filter_map(|pair| match pair {
                (&Term::Masked { weight: a, keep }, &Term::Masked { weight: b, .. }) => Some((a, b, keep)),
                _ => None,
            })
            .collect();
        let spread = |&(a, b, p): &(f64, f64, f64)| p * (1.0 - p) * (a * a + b * b);
        masks.sort_by(|x, y| spread(y).total_cmp(&spread(x)));
        Self { u, v, masks }
    }

    /// E F(u, v).
    pub fn expected_softmax(&self) -> Result<Certified> {
        let (over_u, over_v) = (self.u.expected_logistic()?, self.v.expected_logistic()?);
        let integral = self.integral()?;
        let value = integral.value + (0.5 * (over_u.value + over_v.value) - 0.25);
        let error = integral.error + 0.5 * (over_u.error + over_v.error) + 4.0 * U;
        Ok(Certified { value, error: 1.001 * error })
    }

    /// L: all |u| and |v| are within it, or all but for a probability below \\(4e^{-\text{digits}}\\).
    fn reach(&self, digits: f64) -> (f64, bool) {
        let of = |logit: &Logit, weight: fn(&(f64, f64, f64)) -> f64| {
            let weights = || self.masks.iter().map(weight);
            let high = logit.bias() + weights().map(|a| a.max(0.0)).sum::<f64>();
            let low = logit.bias() + weights().map(|a| a.min(0.0)).sum::<f64>();
            let hoeffding = (digits / 2.0 * weights().map(|a| a * a).sum::<f64>()).sqrt();
            (high.max(-low), logit.mean().abs() + hoeffding)
        };
        let (u, v) = (of(self.u, |m| m.0), of(self.v, |m| m.1));
        let (all, likely) = (u.0.max(v.0), u.1.max(v.1));
        // A thousandth for the roundings of the sums.
        if all <= likely { (1.001 * all, true) } else { (1.001 * likely, false) }
    }

    /// E G_h with every error.
    fn integral(&self) -> Result<Certified> {
        // A + 1 stays below e⁵ for every step that is allowed; checked below.
        const LOG_MASS: f64 = 5.0;
        let (reach, certain) = self.reach(DIGITS + LOG_MASS + Real::ln(4.0));
        // 7e^(L−Ω) ≤ 2⁻⁵⁷.
        let omega = reach + DIGITS + 2.0;
        let step = f64::from_bits((2.0 * PI / omega).to_bits() & !((1 << 29) - 1));
        let count = (END / step).ceil();
        if !(count <= MOST_NODES && self.masks.len().saturating_mul(2 * count as usize) <= MOST_ENTRIES) {
            return Err(Error::Domain {
                what: format!("nodes an axis for {} masks of this spread", self.masks.len()),
                value: count.to_string(),
                must: "at most 2^12, and 2^24 for all masks together (take the bracket, or sample)",
            });
        }
        let count = count as usize;
        let gamma = Gamma::new(step, 2 * count);
        let columns: Vec<Vec<(f64, f64)>> = self.masks.iter().map(|mask| table(mask.1, step, count)).collect();
        let scale = step * step / (2.0 * PI * PI);
        let least = NEGLIGIBLE / (2.0 * (count * count) as f64);
        let (mut sum, mut rounding, mut left_out, mut mass) = (DoubleDouble::ZERO, 0.0, gamma.tail(count), 0.0);
        // The other half of the plane is the complex conjugate.
        for k in 0..count {
            let row: Vec<(f64, f64)> = self.masks.iter().map(|mask| turn(mask.0, midpoint(k as isize, step))).collect();
            let first = -(count as isize);
            for start in (0..2 * count).step_by(LANES) {
                let lanes: [isize; LANES] = std::array::from_fn(|i| first + (start + i) as isize);
                let size = lanes.map(|l| if l < count as isize { scale * gamma.size(k as isize, l) } else { 0.0 });
                mass += size.iter().sum::<f64>();
                let Some((re, im, off)) = self.product(&row, &columns, start, &size, least) else {
                    left_out += size.iter().map(|s| s.min(least)).sum::<f64>();
                    continue;
                };
                for i in (0..LANES).filter(|&i| size[i] > 0.0) {
                    let (sin, cos, error) = self.phase(&gamma, k as isize, lanes[i]);
                    let value = cos * re[i] - sin * im[i];
                    sum = sum + (size[i] * value).into();
                    // The Γ's sizes: three sinh's of arguments that are off by 2u, and a square root of their product.
                    let (w, other) = (midpoint(k as isize, step), midpoint(lanes[i], step));
                    let relative = (16.0 + PI * (w.abs() + other.abs() + (w + other).abs())) * U;
                    rounding += size[i] * (off[i] + (re[i].abs() + im[i].abs()) * (error + relative));
                }
            }
        }
        let q = Real::exp(-2.0 * PI / step);
        let grown = Real::exp(reach) * q;
        let alias = 1.001 * (6.0 * grown + 4.0 * grown * grown + 0.51 * grown) + if certain { 0.0 } else { NEGLIGIBLE };
        if mass + left_out > Real::exp(LOG_MASS) - 1.0 {
            return Err(Error::Domain {
                what: "sum of the kernel of three classes".into(),
                value: mass.to_string(),
                must: "below e^5 - 1",
            });
        }
        Ok(Certified { value: sum.hi, error: 1.001 * (alias + left_out + rounding + 4.0 * U * sum.hi.abs()) })
    }

    /// \\(\prod_j (q_j + p_j e^{i(w_ka_j+w_lb_j)})\\) in each lane with what it can be off by, or none where every lane is
    /// negligible: its size times the product of some factors is at most `least`.
    ///
    /// A factor is off by 10u: each exponential by 3u, their product by 3u more, times p, q by one, and the sum; the complex
    /// product adds 3u. With at most BLOCK of them between two looks, and later ones no larger than 1, that is
    /// 16·BLOCK·u of the size at the last look, √2 for the two parts included.
    fn product(
        &self,
        row: &[(f64, f64)],
        columns: &[Vec<(f64, f64)>],
        start: usize,
        size: &[f64; LANES],
        least: f64,
    ) -> Option<([f64; LANES], [f64; LANES], [f64; LANES])> {
        let (mut re, mut im, mut off) = ([1.0f64; LANES], [0.0f64; LANES], [0.0; LANES]);
        for (masks, (rows, columns)) in self.masks.chunks(BLOCK).zip(row.chunks(BLOCK).zip(columns.chunks(BLOCK))) {
            let magnitude: [f64; LANES] = std::array::from_fn(|i| re[i].abs() + im[i].abs());
            if (0..LANES).all(|i| size[i] * (magnitude[i] + off[i]) <= least) {
                return None;
            }
            (0..LANES).for_each(|i| off[i] += 16.0 * (masks.len() as f64) * U * magnitude[i]);
            for (mask, &(c, s), column) in izip!(masks, rows, columns) {
                let (p, drop) = (mask.2, 1.0 - mask.2);
                let turns: &[(f64, f64); LANES] = column[start..start + LANES].try_into().expect("a padded row");
                for i in 0..LANES {
                    let (x, y) = turns[i];
                    let (fr, fi) = (drop + p * (c * x - s * y), p * (c * y + s * x));
                    (re[i], im[i]) = (re[i] * fr - im[i] * fi, re[i] * fi + im[i] * fr);
                }
            }
        }
        (0..LANES).any(|i| size[i] > least).then_some((re, im, off))
    }

    /// Sine and cosine of the Γ's phases plus \\(w_kb_u + w_lb_v\\), and what they can be off by.
    fn phase(&self, gamma: &Gamma, k: isize, l: isize) -> (f64, f64, f64) {
        let (angle, error) = gamma.angle(k, l);
        let of = |w: f64, bias: f64| DoubleDouble::product(w, bias);
        let phase = of(midpoint(k, gamma.step), self.u.bias()) + of(midpoint(l, gamma.step), self.v.bias());
        let phase = phase + angle.into();
        let turns = (phase.hi / DoubleDouble::TWO_PI.hi).round();
        let r = phase + DoubleDouble::TWO_PI * (-turns).into();
        let (sin, cos) = (pxfm::f_sin(r.hi), pxfm::f_cos(r.hi));
        (sin + r.lo * cos, cos - r.lo * sin, error + 6.0 * U)
    }
}

/// (k + ½)h.
fn midpoint(k: isize, step: f64) -> f64 {
    (k as f64 + 0.5) * step
}

/// \\(e^{iwa}\\), to 3u.
fn turn(weight: f64, w: f64) -> (f64, f64) {
    let angle = DoubleDouble::product(weight, w);
    let (sin, cos) = (pxfm::f_sin(angle.hi), pxfm::f_cos(angle.hi));
    (cos - angle.lo * sin, sin + angle.lo * cos)
}

/// [`turn`] at the midpoints from −count to count, and padding.
fn table(weight: f64, step: f64, count: usize) -> Vec<(f64, f64)> {
    let positive: Vec<_> = (0..count).map(|k| turn(weight, midpoint(k as isize, step))).collect();
    let negative = positive.iter().rev().map(|&(c, s)| (c, -s));
    negative.chain(positive.iter().copied()).chain([(0.0, 0.0); LANES]).collect()
}

impl Gamma {
    fn new(step: f64, count: usize) -> Self {
        Self { step, phase: (0..=count).map(|j| phase_of_gamma(j as f64 * step / 2.0)).collect() }
    }

    /// |Γ(iw_k)Γ(iw_l)Γ(1 − i(w_k + w_l))|.
    fn size(&self, k: isize, l: isize) -> f64 {
        let alone = |w: f64| PI / (w * pxfm::f_sinh(PI * w));
        let sum = (k + l + 1) as f64 * self.step;
        let both = if sum == 0.0 { 1.0 } else { PI * sum / pxfm::f_sinh(PI * sum) };
        (alone(midpoint(k, self.step)) * alone(midpoint(l, self.step)) * both).sqrt()
    }

    /// The phase of that product: Γ(iw) = Γ(1+iw)/(iw), and the phase of Γ(1+iw) is odd.
    fn angle(&self, k: isize, l: isize) -> (f64, f64) {
        let half = |j: isize| {
            let (phase, error) = self.phase[j.unsigned_abs()];
            (if j < 0 { -phase } else { phase }, error)
        };
        let [a, b, both] = [half(2 * k + 1), half(2 * l + 1), half(2 * (k + l + 1))];
        let quarter = |k: isize| if k < 0 { FRAC_PI_2 } else { -FRAC_PI_2 };
        let angle = (a.0 + b.0 - both.0) + (quarter(k) + quarter(l));
        let rounding = 4.0 * U * (a.0.abs() + b.0.abs() + both.0.abs() + PI);
        (angle, a.1 + b.1 + both.1 + rounding)
    }

    /// The sum of the sizes of all nodes with max(|w_k|, |w_l|) beyond `count`, times h²/4π².
    ///
    /// With |w| ≥ h/2, \\(|\Gamma(iw)|^2 \le 2\pi e^{-\pi|w|}\\,c\\) for \\(c = 2/(h(1-e^{-\pi h}))\\), and
    /// \\(|\Gamma(1-is)|^2 \le (1+2\pi|s|)e^{-\pi|s|}\\); |w|+|w'|+|w+w'| ≥ 2max. So a node with maximum w is at most
    /// \\(2\pi c\sqrt{1+4\pi w}\\,e^{-\pi w}\\), and there are 8(k+1) or fewer with the k-th. The terms fall at least as a
    /// geometric series.
    fn tail(&self, count: usize) -> f64 {
        let (h, k) = (self.step, count as f64);
        let c = 2.0 / (h * (1.0 - Real::exp(-PI * h)));
        let w = (k + 0.5) * h;
        let first = 8.0 * (k + 1.0) * 2.0 * PI * c * (1.0 + 4.0 * PI * w).sqrt() * Real::exp(-PI * w);
        let growth = (k + 2.0) / (k + 1.0);
        let ratio = Real::exp(-PI * h) * growth * growth;
        if ratio < 1.0 { h * h / (4.0 * PI * PI) * first / (1.0 - ratio) } else { f64::INFINITY }
    }
}

/// arg Γ(1 + iw) for w ≥ 0 by Stirling's series at 14 + iw, and what it can be off by.
///
/// The remainder after seven terms is at most \\(\frac{|B_{16}|}{16\cdot15\\,|z|^{15}}\cos^{-16}(\tfrac12\arg z)\\), below
/// 2⁻⁵⁷ for w ≤ 34. Each summand is off by at most 2u, the sum by one rounding.
fn phase_of_gamma(w: f64) -> (f64, f64) {
    const SHIFT: f64 = 14.0;
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
    (sum.hi, 3.0 * U * size + NEGLIGIBLE)
}
