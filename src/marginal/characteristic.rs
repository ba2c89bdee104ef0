//! The characteristic function of a logit at the nodes of a rule.

use super::certificate::Certified;
use super::cumulants::{DEGREE, RADIUS, Small};
use super::double_double::DoubleDouble;
use super::factors::{Factors, LANES, Lanes};
use super::logit::{Logit, Term, U};

/// \\(\varphi(t) = e^{it\\,\mathbb E S}\\,\Phi(t)\\), where the centred Φ is a product: of one exponential for the Gaussian
/// terms and the small masks together, and of one factor for each large mask.
pub(super) struct Characteristic<'a> {
    logit: &'a Logit,
    /// T, the last node: a mask with |a|T ≤ ½ is small.
    end: f64,
    small: Small,
    /// Σ θ^m κ_m/m! over the small masks.
    sums: [f64; DEGREE + 1],
    /// Σ pq θ² over the small masks.
    small_spread: f64,
    /// The variance of all Gaussian terms and small masks.
    variance: f64,
    large: Vec<Large>,
    small_index: Vec<usize>,
}

/// A mask that is multiplied one by one.
pub(super) struct Large {
    /// Its index among the terms.
    pub index: usize,
    pub weight: f64,
    pub keep: f64,
}

/// \\(\mathbb E e^{it(S - \mathbb E S)}\\), or a part of that product, at eight nodes: real and imaginary part each as a sum
/// of two.
#[derive(Clone, Copy)]
pub(super) struct Centred {
    re: [Lanes; 2],
    im: [Lanes; 2],
    /// What rounding can have put it off by.
    error: Lanes,
}

/// \\(e^{it\\,\mathbb E S}\\) at one node.
struct Phase {
    sin: f64,
    cos: f64,
    cos_minus_one: f64,
    error: f64,
}

/// φ at one t.
pub(super) struct Phi {
    pub im: Certified,
    pub re: Certified,
    /// 1 − Re φ, whose error shrinks with t² as it does itself.
    pub one_minus_re: Certified,
}

impl Centred {
    const ONE: Self = Self { re: [[1.0; LANES], [0.0; LANES]], im: [[0.0; LANES]; 2], error: [0.0; LANES] };

    /// Φ ← Φ(1 + u), added as Φ + Φu.
    ///
    /// With Φ as a sum of two, a step adds the error of Φu, not one of Φ itself. u is off by 8u of the sizes that it was
    /// added from, the complex product by 3u more, Φ by 1u. Later factors, none larger than 1, only shrink it. Since
    /// Σ|Φ||u| stays near 1 however many factors there are (it telescopes where the u are negative), so does the error.
    fn times(&mut self, u: &Factors) {
        for i in 0..LANES {
            let (re, im) = (self.re[0][i] + self.re[1][i], self.im[0][i] + self.im[1][i]);
            // No less than |Φ|, since √(1 + x²) ≤ 1 + (√2 − 1)x on [0, 1].
            let size = re.abs().max(im.abs()) + 0.4143 * re.abs().min(im.abs());
            self.error[i] += 12.0 * U * size * u.size[i] + 16.0 * U * U * size + u.lost[i];
            add(&mut self.re, i, re * u.re[i] - im * u.im[i]);
            add(&mut self.im, i, re * u.im[i] + im * u.re[i]);
        }
    }

    fn values(&self, i: usize) -> (f64, f64) {
        (self.re[0][i] + self.re[1][i], self.im[0][i] + self.im[1][i])
    }
}

/// Adds x to lane i of a sum of two, keeping the rounding (Knuth).
fn add(sum: &mut [Lanes; 2], i: usize, x: f64) {
    let before = sum[0][i];
    let after = before + x;
    let part = after - before;
    sum[0][i] = after;
    sum[1][i] += (before - (after - part)) + (x - part);
}

impl<'a> Characteristic<'a> {
    /// φ of `logit` for 0 < t ≤ `end`.
    pub fn new(logit: &'a Logit, end: f64) -> Self {
        let (mut theta, mut keeps, mut large, mut small_index) = (vec![], vec![], vec![], vec![]);
        let (mut variance, mut small_spread) = (DoubleDouble::ZERO, 0.0);
        for (index, term) in logit.terms().iter().enumerate() {
            match *term {
                Term::Masked { weight, keep } if weight.abs() * end <= RADIUS => {
                    variance = variance + term.variance().into();
                    theta.push(weight * end);
                    keeps.push(keep);
                    small_index.push(index);
                    small_spread += term.variance() * end * end;
                }
                Term::Masked { weight, keep } => large.push(Large { index, weight, keep }),
                Term::Gaussian { .. } => variance = variance + term.variance().into(),
            }
        }
        let small = Small::new(theta, keeps);
        let sums = small.sums();
        Self { logit, end, small, sums, small_spread, variance: variance.hi, large, small_index }
    }

    /// The indices of the small masks among the terms, and the masks themselves.
    pub fn small(&self) -> (&[usize], &Small) {
        (&self.small_index, &self.small)
    }

    /// The large masks.
    pub fn large(&self) -> &[Large] {
        &self.large
    }

    /// The factor of the Gaussian terms and the small masks: \\(e^{x+iy}\\), kept as what it adds to 1.
    ///
    /// \\(e^x\cos y - 1 = (e^x-1)\cos y + (\cos y - 1)\\) and \\(e^x \sin y\\): with four functions and five operations,
    /// each is off by at most 8u of its summands' sizes; the error of x + iy comes on top, times e^x.
    fn small_part(&self, t: f64) -> (f64, f64, f64) {
        let tau = t / self.end;
        let square = tau * tau;
        let (mut even, mut odd) = (0.0, 0.0);
        for m in (4..=DEGREE).rev().step_by(2) {
            even = square * (self.sums[m] - even);
        }
        for m in (3..DEGREE).rev().step_by(2) {
            odd = self.sums[m] - square * odd;
        }
        let x = square * even - 0.5 * self.variance * t * t;
        let y = -square * tau * odd;
        let (grown, cos) = (pxfm::f_expm1(x), pxfm::f_cosm1(y));
        let (re, im) = (grown * (1.0 + cos) + cos, (1.0 + grown) * pxfm::f_sin(y));
        // The Gaussian variance is exact to the 4u of its sum and two products.
        let off = self.small.log_error(tau, self.small_spread) + 4.0 * U * self.variance * t * t;
        let error = 1.01 * off * (1.0 + grown) + 8.0 * U * (grown.abs() + cos.abs() + im.abs());
        (re, im, error)
    }

    /// [`Characteristic::small_part`] at eight nodes, to multiply the large masks on.
    fn start(&self, t: &Lanes) -> Centred {
        let mut start = Centred::ONE;
        for (i, &t) in t.iter().enumerate() {
            let (re, im, error) = self.small_part(t);
            add(&mut start.re, i, re);
            start.im[0][i] = im;
            start.error[i] = error;
        }
        start
    }

    /// φ at eight nodes.
    pub fn at(&self, t: &Lanes) -> [Phi; LANES] {
        let mut product = self.start(t);
        self.large.iter().for_each(|mask| product.times(&Factors::of_mask(mask.weight, mask.keep, t)));
        std::array::from_fn(|i| {
            let re_minus_one = (product.re[0][i] - 1.0) + product.re[1][i];
            let (re, im) = product.values(i);
            self.phase(t[i]).turn(re, im, re_minus_one, product.error[i])
        })
    }

    /// For every large mask, \\(\mathbb E[e^{itS} \mid d_j = 1]\\) at eight nodes: φ without its factor, times
    /// \\(e^{ita_j}\\). The products before and after each factor make it without a division.
    pub fn each_kept(&self, t: &Lanes, mut each: impl FnMut(usize, [Phi; LANES])) {
        let factors: Vec<_> = self.large.iter().map(|mask| Factors::of_mask(mask.weight, mask.keep, t)).collect();
        let phases: [Phase; LANES] = std::array::from_fn(|i| self.phase(t[i]));
        let mut after = vec![Centred::ONE; factors.len() + 1];
        for j in (0..factors.len()).rev() {
            after[j] = after[j + 1];
            after[j].times(&factors[j]);
        }
        let mut before = self.start(t);
        for (j, factor) in factors.iter().enumerate() {
            let phis = std::array::from_fn(|i| {
                let (rest, error) = (after[j + 1].values(i), after[j + 1].error[i]);
                let without = product(before.values(i), before.error[i], rest, error);
                // e^(iqθ) is off by 6u.
                let (re, im, error) =
                    product((without.0, without.1), without.2, (factor.kept.0[i], factor.kept.1[i]), 6.0 * U);
                phases[i].turn(re, im, re - 1.0, error)
            });
            each(j, phis);
            before.times(factor);
        }
    }

    /// \\(e^{it\\,\mathbb E S}\\), reduced to [−π, π] before it is rounded.
    fn phase(&self, t: f64) -> Phase {
        let phase = self.logit.precise_mean() * t.into();
        let turns = (phase.hi / DoubleDouble::TWO_PI.hi).round();
        let r = phase + DoubleDouble::TWO_PI * (-turns).into();
        let (sin, cos) = (pxfm::f_sin(r.hi), pxfm::f_cos(r.hi));
        Phase {
            sin: sin + r.lo * cos,
            cos: cos - r.lo * sin,
            cos_minus_one: pxfm::f_cosm1(r.hi) - r.lo * sin,
            error: t * (self.logit.mean_error() + 32.0 * U * U * self.logit.mean().abs()),
        }
    }
}

impl Phase {
    /// \\(e^{it\\,\mathbb E S}\\,\Phi\\).
    ///
    /// A summand is off by 3u for its sine or cosine, 1u for Φ, 1u for the product; one sum makes 6u, two 7u.
    fn turn(&self, re: f64, im: f64, re_minus_one: f64, error: f64) -> Phi {
        let bound = |size: f64, roundings: f64| 1.01 * error + roundings * U * size + self.error;
        let sum = |a: f64, b: f64| Certified { value: a + b, error: bound(a.abs() + b.abs(), 6.0) };
        let [turned, shrunk, swept] = [-self.cos_minus_one, -self.cos * re_minus_one, self.sin * im];
        Phi {
            im: sum(self.sin * re, self.cos * im),
            re: sum(self.cos * re, -self.sin * im),
            one_minus_re: Certified {
                value: turned + shrunk + swept,
                error: bound(turned.abs() + shrunk.abs() + swept.abs(), 7.0),
            },
        }
    }
}

/// A product of two numbers in the unit disc, with rounding 6u of its size.
fn product((x, y): (f64, f64), error: f64, (re, im): (f64, f64), other: f64) -> (f64, f64, f64) {
    let size = (x.abs() + y.abs()) * (re.abs() + im.abs());
    (x * re - y * im, x * im + y * re, 1.01 * (error + other) + 6.0 * U * size)
}
