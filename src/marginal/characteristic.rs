//! The characteristic function of a logit at the nodes of a rule.

use super::certificate::Certified;
use super::cumulants::{DEGREE, RADIUS, Small};
use super::double_double::DoubleDouble;
use super::factors::{Angles, Factor, LANES, Lanes, Mask};
use super::logit::{Logit, Term, U};
use crate::kernel::InstructionSet;
use pulp::{Simd, WithSimd};

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
    /// The masks that are multiplied one by one, and their indices among the terms.
    large: Vec<Mask>,
    large_index: Vec<usize>,
    small_index: Vec<usize>,
    instructions: InstructionSet,
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
#[derive(Clone, Copy)]
pub(super) struct Phase {
    pub sin: f64,
    pub cos: f64,
    cos_minus_one: f64,
    pub error: f64,
}

/// φ at one t.
pub(super) struct Phi {
    pub im: Certified,
    pub re: Certified,
    /// 1 − Re φ, whose error shrinks with t² as it does itself.
    pub one_minus_re: Certified,
}

impl Centred {
    pub const ONE: Self = Self { re: [[1.0; LANES], [0.0; LANES]], im: [[0.0; LANES]; 2], error: [0.0; LANES] };

    /// Φ ← Φ(1 + u), added as Φ + Φu.
    ///
    /// With Φ as a sum of two, a step adds the error of Φu, not one of Φ itself. u is off by 8u of the sizes that it was
    /// added from, the complex product by 3u more, Φ by 1u. Later factors, none larger than 1, only shrink it. Since
    /// Σ|Φ||u| stays near 1 however many factors there are (it telescopes where the u are negative), so does the error.
    #[inline(always)]
    pub fn times(&mut self, i: usize, u: &Factor) {
        let (re, im) = self.values(i);
        // No less than |Φ|, since √(1 + x²) ≤ 1 + (√2 − 1)x on [0, 1].
        let size = re.abs().max(im.abs()) + 0.4143 * re.abs().min(im.abs());
        self.error[i] += 12.0 * U * size * u.size + 16.0 * U * U * size + u.lost;
        add(&mut self.re, i, re * u.re - im * u.im);
        add(&mut self.im, i, re * u.im + im * u.re);
    }

    /// [`Centred::times`] the mask's factor in every lane.
    #[inline(always)]
    fn times_alike(&mut self, mask: Mask, t: &Lanes, half: bool, angles: Angles) {
        for (i, &t) in t.iter().enumerate() {
            let factor = mask.factor(t, half, angles);
            self.times(i, &factor);
        }
    }

    #[inline(always)]
    pub fn values(&self, i: usize) -> (f64, f64) {
        (self.re[0][i] + self.re[1][i], self.im[0][i] + self.im[1][i])
    }

    pub fn error(&self, i: usize) -> f64 {
        self.error[i]
    }
}

/// Multiplies masks on, at eight nodes.
struct Multiply<'a> {
    product: Centred,
    masks: &'a [Mask],
    t: &'a Lanes,
}

impl WithSimd for Multiply<'_> {
    type Output = Centred;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Centred {
        let Self { mut product, masks, t } = self;
        for &mask in masks {
            match (mask.keep == 0.5, mask.angles(t)) {
                (true, Angles::Small) => product.times_alike(mask, t, true, Angles::Small),
                (true, Angles::Large) => product.times_alike(mask, t, true, Angles::Large),
                (true, Angles::Mixed) => product.times_alike(mask, t, true, Angles::Mixed),
                (false, Angles::Small) => product.times_alike(mask, t, false, Angles::Small),
                (false, Angles::Large) => product.times_alike(mask, t, false, Angles::Large),
                (false, Angles::Mixed) => product.times_alike(mask, t, false, Angles::Mixed),
            }
        }
        product
    }
}

/// Adds x to lane i of a sum of two, keeping the rounding (Knuth).
#[inline(always)]
pub(super) fn add(sum: &mut [Lanes; 2], i: usize, x: f64) {
    let before = sum[0][i];
    let after = before + x;
    let part = after - before;
    sum[0][i] = after;
    sum[1][i] += (before - (after - part)) + (x - part);
}

impl<'a> Characteristic<'a> {
    /// φ of `logit` for 0 < t ≤ `end`.
    pub fn new(logit: &'a Logit, end: f64) -> Self {
        let is_small = |term: &Term| matches!(*term, Term::Masked { weight, .. } if weight.abs() * end <= RADIUS);
        let count = logit.terms().iter().filter(|term| is_small(term)).count();
        let (mut theta, mut keeps) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut small_index = Vec::with_capacity(count);
        let (mut large, mut large_index) = (vec![], vec![]);
        let (mut variance, mut small_spread) = (DoubleDouble::ZERO, 0.0);
        for (index, term) in logit.terms().iter().enumerate() {
            match *term {
                Term::Masked { weight, keep } if is_small(term) => {
                    variance = variance + term.variance().into();
                    theta.push(weight * end);
                    keeps.push(keep);
                    small_index.push(index);
                    small_spread += term.variance() * end * end;
                }
                Term::Masked { weight, keep } => {
                    large.push(Mask { weight, keep });
                    large_index.push(index);
                }
                Term::Gaussian { .. } => variance = variance + term.variance().into(),
            }
        }
        let small = Small::new(theta, keeps);
        let instructions = InstructionSet::detect();
        let sums = small.sums(instructions);
        let variance = variance.hi;
        Self { logit, end, small, sums, small_spread, variance, large, large_index, small_index, instructions }
    }

    /// The indices of the small masks among the terms, and the masks themselves.
    pub fn small(&self) -> (&[usize], &Small) {
        (&self.small_index, &self.small)
    }

    /// The indices of the large masks among the terms, and the masks themselves.
    pub fn large(&self) -> (&[usize], &[Mask]) {
        (&self.large_index, &self.large)
    }

    /// The vector instructions that the products are compiled for.
    pub fn instructions(&self) -> InstructionSet {
        self.instructions
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

    /// The factor of the Gaussian terms and the small masks at eight nodes, to multiply the large masks on.
    pub fn start(&self, t: &Lanes) -> Centred {
        let mut start = Centred::ONE;
        if self.variance > 0.0 {
            for (i, &t) in t.iter().enumerate() {
                let (re, im, error) = self.small_part(t);
                add(&mut start.re, i, re);
                start.im[0][i] = im;
                start.error[i] = error;
            }
        }
        start
    }

    /// φ at eight nodes, in ascending order.
    pub fn at(&self, t: &Lanes) -> [Phi; LANES] {
        let product = self.instructions.run(Multiply { product: self.start(t), masks: &self.large, t });
        self.turned(&product, &self.phases(t))
    }

    /// φ from the centred Φ.
    pub fn turned(&self, product: &Centred, phases: &[Phase; LANES]) -> [Phi; LANES] {
        std::array::from_fn(|i| {
            let re_minus_one = (product.re[0][i] - 1.0) + product.re[1][i];
            let (re, im) = product.values(i);
            phases[i].turn(re, im, re_minus_one, product.error[i])
        })
    }

    /// \\(e^{it\\,\mathbb E S}\\) at eight nodes.
    pub fn phases(&self, t: &Lanes) -> [Phase; LANES] {
        t.map(|t| self.phase(t))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_do_not_depend_on_the_instructions() {
        let terms = (0..60).map(|j| {
            let weight = f64::from(j * j % 37) / 8.0 - 2.0;
            Term::Masked { weight, keep: if j % 3 == 0 { 0.5 } else { 0.3 + f64::from(j % 7) / 10.0 } }
        });
        let logit = Logit::new(0.25, terms.collect()).unwrap();
        let at = |instructions| {
            let phi = Characteristic { instructions, ..Characteristic::new(&logit, 8.0) };
            let nodes = |block: i32| std::array::from_fn(|i| 0.125 * f64::from(8 * block + 1 + i as i32));
            let values = (0..8).flat_map(|block| phi.at(&nodes(block)));
            values
                .flat_map(|phi| [phi.re, phi.im].map(|part| (part.value.to_bits(), part.error.to_bits())))
                .collect::<Vec<_>>()
        };
        let all: Vec<_> = InstructionSet::available().into_iter().map(at).collect();
        assert!(all.iter().all(|bits| *bits == all[0]));
    }
}
