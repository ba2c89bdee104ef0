//! The Fourier grid of an orthant's probability: its nodes, its kernel, and what is left out before any mask is seen.
//!
//! Each of d axes has the nodes w = jh/2 with odd j, and 0. The kernel is \\(c(w_1)\cdots c(w_d)\\,\Gamma(1-i\sum w)\\) with
//! \\(c(w) = \frac{h}{2\pi iw}\Gamma(1+iw)\\) and c(0) = ½: see `orthant`.

use super::double_double::DoubleDouble;
use super::gamma::{self, Gamma};
use super::logit::{Logit, Term, U};
use super::spread::{Spread, tilts};
use crate::error::{Error, Result};
use crate::scalar::Real;
use std::f64::consts::{FRAC_2_PI, PI};

/// A grid that takes more multiplications than this is refused: it would take an hour or so.
const MOST_OPERATIONS: f64 = 1e13;
/// The tables of one axis hold at most so many numbers.
const MOST_ENTRIES: f64 = (1 << 24) as f64;

/// Steps, nodes and sizes.
pub(super) struct Grid {
    pub step: f64,
    /// The j of one axis, ascending.
    pub nodes: Vec<isize>,
    /// `masses[r][J]`: the sum of the kernel's sizes over r axes where the others add up to Jh/2, J ≥ 0.
    masses: Vec<Vec<f64>>,
    /// A node whose term is smaller may be left out, and its size counted.
    pub least: f64,
    /// Aliasing, and the nodes that are not among `nodes`.
    pub error: f64,
}

/// A factor of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    pub re: f64,
    pub im: f64,
    pub size: f64,
    /// What it can be off by, relative to its size.
    pub error: f64,
}

impl Grid {
    /// For the probability that all D_k = u_k + G − G_k are positive, with aliasing and all that is left out each near the
    /// tolerance.
    pub fn new(rivals: &[&Logit], tolerance: f64) -> Result<Self> {
        let (axes, step) = (rivals.len(), Self::step(rivals, tolerance));
        // |Γ(1 + iw)| falls like e^(−πw/2), and the sum of the sizes over an axis is below e^1.5.
        let end = FRAC_2_PI * (5.0 - Real::ln(tolerance) + 1.5 * axes as f64);
        let entries = end / step * (rivals[0].terms().len() + 16) as f64;
        let operations = Self::operations(rivals, tolerance);
        if !(operations <= MOST_OPERATIONS && entries <= MOST_ENTRIES) {
            return Err(Error::Domain {
                what: format!("multiplications for a softmax of {} classes of this spread", axes + 1),
                value: format!("{operations:.1e}"),
                must: "at most 1e13, and 2^24 table entries an axis (take the bracket, or enumerate, or sample)",
            });
        }
        let far = 2 * (end / step).ceil() as usize - 1;
        let sums: Vec<f64> = (0..=far).map(|j| gamma::size(j as f64 * step / 2.0)).collect();
        let axis: Vec<f64> = (0..=far).map(|j| axis_size(j, sums[j])).collect();
        let masses = masses(&axis, sums, axes);
        // Beyond `far` an axis holds a geometric series, and all others at most their sums; or |Σw| is beyond it.
        let next = far + 2;
        let beyond = gamma::size(next as f64 * step / 2.0);
        let tail = 2.0 * axis_size(next, beyond) / (1.0 - Real::exp(-PI * step / 2.0));
        let whole = tail + 0.5 + 2.0 * axis[1..].iter().sum::<f64>();
        let power = |n: usize| whole.powi(n as i32);
        let mut left_out =
            axes as f64 * power(axes - 1) * tail + power(axes) * gamma::size((far + 1) as f64 * step / 2.0);
        // From the last node back, for as long as what is left out stays negligible.
        let mut last = far;
        while last > 1 {
            let more = 2.0 * axes as f64 * axis[last] * masses[axes - 1][last];
            if left_out + more > tolerance / 4.0 {
                break;
            }
            left_out += more;
            last -= 2;
        }
        let last = last as isize;
        Ok(Self {
            step,
            nodes: (-last..=last).filter(|j| j % 2 != 0 || *j == 0).collect(),
            masses,
            least: tolerance / nodes(axes, step, tolerance),
            error: 1.001 * left_out + tolerance / 2.0,
        })
    }

    /// h = 2π/Ω, such that \\(\sum_k \mathbb E[\sigma(u_k-\Omega) + \sigma(-u_k-\Omega)]\\) is at most half the tolerance, by
    /// \\(\sigma(x) \le e^{\beta x}\\) for β ≤ 1.
    fn step(rivals: &[&Logit], tolerance: f64) -> f64 {
        let digits = Real::ln(2.0 * rivals.len() as f64 / tolerance);
        let periods = rivals.iter().map(|logit| {
            let spread = Spread::new(logit);
            tilts(logit, digits).map(|beta| spread.period(beta, digits)).into_iter().fold(f64::INFINITY, f64::min)
        });
        let omega = periods.fold(0.0, f64::max);
        // 24 bits, so that every node is exact. A shorter step aliases less.
        f64::from_bits((2.0 * PI / omega).to_bits() & !((1 << 29) - 1))
    }

    /// About how many multiplications the sum takes: at the nodes of some size, the masks' factors until their product is
    /// negligible. Where the phases wa go round the circle, ln|q + pe^(iwa)| is ln max(p, q) on average (Jensen's formula);
    /// where they are small, it is −pq(wa)²/2. On average the kernel does half of it.
    pub fn operations(rivals: &[&Logit], tolerance: f64) -> f64 {
        let digits = -Real::ln(tolerance);
        let typical = digits / PI / 2.0;
        let shrinks = |j: usize| {
            let turns = rivals.iter().map(|logit| logit.terms()[j].variance()).sum::<f64>() * typical * typical / 2.0;
            match rivals[0].terms()[j] {
                Term::Masked { keep, .. } => turns.min(-Real::ln(keep.max(1.0 - keep))),
                Term::Gaussian { .. } => turns,
            }
        };
        let masks = rivals[0].terms().len();
        let shrunk: f64 = (0..masks).map(shrinks).sum();
        let needed = if shrunk > digits / 2.0 { masks as f64 * digits / 2.0 / shrunk } else { masks as f64 };
        8.0 * nodes(rivals.len(), Self::step(rivals, tolerance), tolerance) * (needed + 16.0)
    }

    /// The sum of the kernel's sizes over `axes` axes, where the others add up to `sum` half steps.
    pub fn mass(&self, axes: usize, sum: isize) -> f64 {
        self.masses[axes].get(sum.unsigned_abs()).copied().unwrap_or(0.0)
    }

    /// \\(c(w)\\,e^{iwb}\\) at the nodes.
    pub fn axis(&self, bias: f64) -> Vec<Factor> {
        let at = |j: isize| {
            let w = j.unsigned_abs() as f64 * self.step / 2.0;
            let gamma = Gamma::new(w);
            let phase = reduced(DoubleDouble::product(w, bias) + gamma.phase.into());
            let (sin, cos) = sin_cos(phase);
            let size = axis_size(j.unsigned_abs(), gamma.size);
            // Four roundings of the size, 3u for sine and cosine and one for each product, and the reduction.
            let error = gamma.error + 8.0 * U + 32.0 * U * U * (w * bias).abs();
            // Divided by i.
            Factor { re: size * sin, im: if j < 0 { size * cos } else { -size * cos }, size, error }
        };
        let centre = Factor { re: 0.5, im: 0.0, size: 0.5, error: 0.0 };
        self.nodes.iter().map(|&j| if j == 0 { centre } else { at(j) }).collect()
    }

    /// \\(\Gamma(1-is)\\) at the half steps from 0 on.
    pub fn sums(&self) -> Vec<Factor> {
        let at = |j: usize| {
            let gamma = Gamma::new(j as f64 * self.step / 2.0);
            let (sin, cos) = sin_cos(gamma.phase.into());
            Factor { re: gamma.size * cos, im: -gamma.size * sin, size: gamma.size, error: gamma.error + 4.0 * U }
        };
        (0..self.masses[0].len()).map(at).collect()
    }
}

impl Factor {
    /// The product, off by √5u of its size more, and its size by u.
    #[inline(always)]
    pub fn times(&self, other: &Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
            size: self.size * other.size,
            error: self.error + other.error + 4.0 * U,
        }
    }

    /// Times 1 or 2, exactly.
    pub fn scaled(&self, by: f64) -> Self {
        Self { re: by * self.re, im: by * self.im, size: by * self.size, ..*self }
    }

    #[inline(always)]
    pub fn conjugate(&self) -> Self {
        Self { im: -self.im, ..*self }
    }
}

/// |c(jh/2)|, given |Γ(1 + ijh/2)|.
fn axis_size(j: usize, gamma: f64) -> f64 {
    match j {
        0 => 0.5,
        _ if j.is_multiple_of(2) => 0.0,
        // h/(2πw) with w = jh/2.
        _ => gamma / (PI * j as f64),
    }
}

/// [`Grid::masses`]: one axis more is a convolution.
fn masses(axis: &[f64], sums: Vec<f64>, axes: usize) -> Vec<Vec<f64>> {
    let far = axis.len() - 1;
    let mut masses = vec![sums];
    for r in 1..axes {
        let fewer = &masses[r - 1];
        let at = |j: usize| fewer.get(j).copied().unwrap_or(0.0);
        let both = |sum: usize, j: usize| at(sum + j) + at(sum.abs_diff(j));
        let mass = |sum: usize| axis[0] * at(sum) + (1..=far).step_by(2).map(|j| axis[j] * both(sum, j)).sum::<f64>();
        masses.push((0..=(axes - r) * far).map(mass).collect());
    }
    masses
}

/// About how many nodes have a kernel above the tolerance, up to complex conjugation: its size falls like
/// \\(e^{-\frac\pi2(\sum|w|+|\sum w|)}\\), and \\(\sum|w|+|\sum w| \le 2\\) holds in a volume of \\(\binom{2d}{d}/d!\\).
fn nodes(axes: usize, step: f64, tolerance: f64) -> f64 {
    let radius = -Real::ln(tolerance) / PI / step;
    let volume: f64 = (1..=axes).map(|k| (axes + k) as f64 / (k * k) as f64).product();
    0.5 * volume * radius.powi(axes as i32) + 1.0
}

/// Modulo 2π.
fn reduced(phase: DoubleDouble) -> DoubleDouble {
    let turns = (phase.hi / DoubleDouble::TWO_PI.hi).round();
    phase + DoubleDouble::TWO_PI * (-turns).into()
}

/// Sine and cosine, each to 2u.
pub(super) fn sin_cos(angle: DoubleDouble) -> (f64, f64) {
    let (sin, cos) = (pxfm::f_sin(angle.hi), pxfm::f_cos(angle.hi));
    (sin + angle.lo * cos, cos - angle.lo * sin)
}
