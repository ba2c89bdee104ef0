//! The characteristic function of a logit at the nodes of a rule.

use super::certificate::Certified;
use super::cumulants::{DEGREE, RADIUS, Small};
use super::double_double::DoubleDouble;
use super::logit::{Factor, Logit, Term, U};

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
    large: Vec<usize>,
    small_index: Vec<usize>,
}

/// \\(\mathbb E e^{it(S - \mathbb E S)}\\), or a part of that product.
#[derive(Clone, Copy)]
pub(super) struct Centred {
    re: DoubleDouble,
    im: DoubleDouble,
    /// What rounding can have put it off by.
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
    pub const ONE: Self = Self { re: DoubleDouble::ONE, im: DoubleDouble::ZERO, error: 0.0 };

    /// Φ ← Φ(1 + u), added as Φ + Φu.
    ///
    /// With Φ in double-double, a step adds the error of Φu, not one of Φ itself. u is off by 6u of the sizes that it
    /// was added from, the complex product by 3u more, the low part of Φ by 1u: 10u, and u.lost leaves room for terms of
    /// order u². Later factors, none larger than 1, only shrink it. Since Σ|Φ||u| stays near 1 however many factors there are (it telescopes where the
    /// u are negative), so does the error.
    fn times(&mut self, u: &Factor) {
        let (re, im) = (self.re.hi, self.im.hi);
        let size = re.abs() + im.abs();
        self.error += 10.0 * U * size * u.size + 16.0 * U * U * size + u.lost;
        self.re = self.re + (re * u.re - im * u.im).into();
        self.im = self.im + (re * u.im + im * u.re).into();
    }
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
                Term::Masked { .. } => large.push(index),
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

    /// The indices of the large masks among the terms.
    pub fn large(&self) -> &[usize] {
        &self.large
    }

    /// The factors of the large masks at t.
    pub fn factors(&self, t: f64) -> Vec<Factor> {
        self.large.iter().map(|&index| self.logit.terms()[index].centred_minus_one(t)).collect()
    }

    /// The factor of the Gaussian terms and the small masks: \\(e^{x+iy}\\), kept as what it adds to 1.
    ///
    /// \\(e^x\cos y - 1 = (e^x-1)\cos y + (\cos y - 1)\\) and \\(e^x \sin y\\): with four functions and five operations,
    /// each is off by at most 8u of its summands' sizes; the error of x + iy comes on top, times e^x.
    pub fn small_part(&self, t: f64) -> Centred {
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
        Centred { re: DoubleDouble::sum(1.0, re), im: im.into(), error }
    }

    /// φ(t).
    pub fn at(&self, t: f64) -> Phi {
        let mut product = self.small_part(t);
        self.large.iter().for_each(|&index| product.times(&self.logit.terms()[index].centred_minus_one(t)));
        self.turned(t, &product)
    }

    /// \\(e^{it\\,\mathbb E S}\\,\Phi\\).
    fn turned(&self, t: f64, phi: &Centred) -> Phi {
        // The phase, reduced to [−π, π] before it is rounded.
        let phase = self.logit.precise_mean() * t.into();
        let turns = (phase.hi / DoubleDouble::TWO_PI.hi).round();
        let r = phase + DoubleDouble::TWO_PI * (-turns).into();
        let (sin_r, cos_r) = (pxfm::f_sin(r.hi), pxfm::f_cos(r.hi));
        let (sin, cos) = (sin_r + r.lo * cos_r, cos_r - r.lo * sin_r);
        let (re, im, re_minus_one) = (phi.re.hi, phi.im.hi, (phi.re + (-1.0).into()).hi);
        let phase_error = t * (self.logit.mean_error() + 32.0 * U * U * self.logit.mean().abs());
        // A summand is off by 3u for its sine or cosine, 1u for Φ, 1u for the product; two sums make 7u.
        let sum = |summands: [f64; 3]| Certified {
            value: summands[0] + summands[1] + summands[2],
            error: phi.error + 7.0 * U * summands.iter().map(|s| s.abs()).sum::<f64>() + phase_error,
        };
        Phi {
            im: sum([sin * re, cos * im, 0.0]),
            re: sum([cos * re, -sin * im, 0.0]),
            one_minus_re: sum([-(pxfm::f_cosm1(r.hi) - r.lo * sin_r), -cos * re_minus_one, sin * im]),
        }
    }

    /// For every large mask, \\(\mathbb E[e^{itS} \mid d_j = 1]\\): φ without its factor, times \\(e^{ita_j}\\).
    ///
    /// The products before and after each factor make it without a division.
    pub fn each_kept(&self, t: f64) -> Vec<Phi> {
        let factors = self.factors(t);
        let mut after = vec![Centred::ONE; factors.len() + 1];
        for j in (0..factors.len()).rev() {
            after[j] = after[j + 1];
            after[j].times(&factors[j]);
        }
        let mut before = self.small_part(t);
        let mut all = Vec::with_capacity(factors.len());
        for (factor, after) in factors.iter().zip(&after[1..]) {
            let without = product(&before, (after.re.hi, after.im.hi), after.error);
            // e^(iqθ) is off by 4u and, where θ is large, by 2uθ·u: below 8u.
            all.push(self.turned(t, &product(&without, factor.kept, 8.0 * U)));
            before.times(factor);
        }
        all
    }
}

/// A product of two numbers in the unit disc, with rounding 4u of its size.
fn product(a: &Centred, (re, im): (f64, f64), error: f64) -> Centred {
    let (x, y) = (a.re.hi, a.im.hi);
    let size = (x.abs() + y.abs()) * (re.abs() + im.abs());
    let error = 1.01 * (a.error + error) + 6.0 * U * size;
    Centred { re: (x * re - y * im).into(), im: (x * im + y * re).into(), error }
}
