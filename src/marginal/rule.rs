//! The trapezoidal rule: its kernels, its step and its number of nodes.

use super::certificate::Certified;
use super::characteristic::Phi;
use super::factors::{LANES, Lanes};
use super::logit::{Logit, U};
use super::spread::{Spread, tilts};
use crate::error::{Error, Result};
use crate::scalar::Real;
use itertools::Itertools;
use std::f64::consts::{LN_2, PI};

/// Aliasing and truncation are each held below this, a sixteenth of the rounding of a number near 1.
const NEGLIGIBLE: f64 = 1.0 / (1u64 << 57) as f64;
/// The range of the integral: beyond it the integral of every kernel is below 2⁻⁵⁷.
const END: f64 = 14.2;
/// More nodes than this are refused.
const MOST_NODES: f64 = (1 << 20) as f64;

/// Which mean: of a function g whose Fourier representation is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kernel {
    /// σ: Im φ over sinh πt.
    Logistic,
    /// ln(1 + e^x): 1 − Re φ over t sinh πt.
    Softplus,
    /// σ′: t Re φ over sinh πt.
    Slope,
    /// The entropy of Bernoulli(σ(x)): Re φ times −K′(t)/(πt), K = πt/sinh πt.
    Entropy,
}

impl Kernel {
    /// What the part of φ is multiplied by.
    pub fn weight(self, t: f64) -> f64 {
        let z = PI * t;
        match self {
            Self::Logistic => 1.0 / pxfm::f_sinh(z),
            Self::Softplus => 1.0 / (t * pxfm::f_sinh(z)),
            Self::Slope => t / pxfm::f_sinh(z),
            Self::Entropy => entropy_numerator(z) / t,
        }
    }

    /// The relative error of a weight times a value: πt is off by 1.4u, sinh multiplies that by at most 1 + πt and adds 2u,
    /// three operations follow. The entropy's numerator (z cosh z − sinh z)/sinh² z multiplies the 1.4u by at most 3 + 3z,
    /// and adds 22u for its ten terms, two exponentials or powers, and quotient.
    pub fn weight_error(self, t: f64) -> f64 {
        match self {
            Self::Entropy => (32.0 + 6.0 * PI * t) * U,
            _ => (7.0 + 1.5 * PI * t) * U,
        }
    }

    /// The part of φ that the weight multiplies.
    pub fn part(self, phi: &Phi) -> Certified {
        match self {
            Self::Logistic => phi.im,
            Self::Softplus => phi.one_minus_re,
            Self::Slope | Self::Entropy => phi.re,
        }
    }

    /// What is added to the integral, and the integrand at t = 0, halved.
    pub fn base_and_centre(self, logit: &Logit) -> (f64, f64) {
        let (mean, variance) = (logit.mean(), logit.variance());
        match self {
            Self::Logistic => (0.5, mean / (2.0 * PI)),
            Self::Softplus => (mean / 2.0 + LN_2, (mean * mean + variance) / (4.0 * PI)),
            Self::Slope => (0.0, 0.5 / PI),
            Self::Entropy => (0.0, PI / 6.0),
        }
    }

    /// g itself, at a point that is off by one rounding.
    pub fn at_constant(self, s: f64) -> Certified {
        let slope = s.logistic() * (-s).logistic();
        let (value, derivative) = match self {
            Self::Logistic => (s.logistic(), slope),
            Self::Softplus => (s.softplus(), s.logistic()),
            Self::Slope => (slope, slope),
            Self::Entropy => ((-s.abs()).softplus() + s.abs() * (-s.abs()).logistic(), s.abs() * slope),
        };
        Certified { value, error: 8.0 * U * value + 2.0 * U * s.abs() * derivative }
    }

    /// The aliasing error at x is at most \\(e^{c}\sum_{m\ge1}(e^{\beta x} + e^{-\beta x})\\,e^{-\beta m\Omega}\\): β and c.
    ///
    /// β ≤ 1 is the wanted one. For the first three kernels \\(e^c = 1/\beta\\); the entropy is at most
    /// \\((1+|x|)e^{-|x|} \le e^{-\beta}(1-\beta)^{-1}e^{-\beta|x|}\\), and β stays away from 1.
    fn alias(self, beta: f64) -> (f64, f64) {
        match self {
            Self::Entropy => {
                let beta = beta.min(15.0 / 16.0);
                (beta, -beta - Real::ln(1.0 - beta))
            }
            _ => (beta, -Real::ln(beta)),
        }
    }
}

/// (z cosh z − sinh z)/sinh² z without cancellation: for small z by the power series of the numerator, whose terms are
/// all positive.
fn entropy_numerator(z: f64) -> f64 {
    if z < 1.0 {
        let (mut term, mut sum) = (z, 0.0);
        for k in 1..=10 {
            let k = f64::from(k);
            term *= z * z / (2.0 * k * (2.0 * k + 1.0)); // z^(2k+1)/(2k+1)!
            sum += 2.0 * k * term;
        }
        let sinh = pxfm::f_sinh(z);
        sum / (sinh * sinh)
    } else {
        let (once, twice) = (Real::exp(-z), Real::exp(-2.0 * z));
        let rest = 1.0 - twice;
        2.0 * once * ((z - 1.0) + (z + 1.0) * twice) / (rest * rest)
    }
}

/// A trapezoidal rule with its two a-priori errors.
pub(super) struct Rule {
    pub step: f64,
    /// How many nodes need φ.
    pub nodes: usize,
    /// How many nodes lie below [`END`].
    pub last: usize,
    /// Aliasing and truncation.
    pub error: f64,
}

impl Rule {
    /// The step and the number of nodes that make aliasing and truncation negligible for all of `kernels`, and for φ
    /// without any one mask if `without_one`.
    pub fn new(logit: &Logit, kernels: &[Kernel], without_one: bool) -> Result<Self> {
        let spread = Spread::new(logit);
        let digits = -Real::ln(NEGLIGIBLE);
        let betas = tilts(logit, digits);
        let shortest = |kernel: &Kernel| {
            // Those held at 1 are one.
            let periods = betas.into_iter().dedup().map(|beta| {
                let (beta, log_factor) = kernel.alias(beta);
                // A hundredth for 1/(1 − e^(−βΩ)), which is below 1 + 2⁻⁵⁶.
                spread.period(beta, digits + log_factor + 0.01)
            });
            periods.fold(f64::INFINITY, f64::min)
        };
        // All but the entropy have one bound.
        let kinds = kernels.iter().dedup_by(|a, b| a.alias(1.0) == b.alias(1.0));
        let omega = kinds.map(shortest).fold(0.0, f64::max);
        // 24 bits, so that every k·step is exact. A shorter step aliases less.
        let step = f64::from_bits((2.0 * PI / omega).to_bits() & !((1 << 29) - 1));
        let last = (END / step).ceil();
        if last.is_nan() || last > MOST_NODES {
            return Err(Error::Domain {
                what: "number of nodes for a logit of this spread".into(),
                value: last.to_string(),
                must: "at most 2^20 (scale the weights down, or sample)",
            });
        }
        let last = last as usize;
        // From the last node back, for as long as what is left out stays negligible.
        let (mut nodes, mut left_out) = (last, 16.0 * Real::exp(-PI * END));
        while nodes > 0 {
            let t = nodes as f64 * step;
            let weight = kernels.iter().map(|kernel| kernel.weight(t)).fold(0.0, f64::max);
            let term = step * weight * spread.decay(t, without_one);
            if left_out + term > NEGLIGIBLE {
                break;
            }
            left_out += term;
            nodes -= 1;
        }
        Ok(Self { step, nodes, last, error: NEGLIGIBLE + left_out })
    }

    /// The last node that needs φ, or the first of all.
    pub fn end(&self) -> f64 {
        self.node(self.nodes.max(1))
    }

    /// Node k.
    pub fn node(&self, k: usize) -> f64 {
        k as f64 * self.step
    }

    /// The nodes that need φ, eight at a time, and how many of the eight they are.
    pub fn blocks(&self) -> impl Iterator<Item = (Lanes, usize)> {
        (1..=self.nodes).step_by(LANES).map(|first| {
            let nodes = std::array::from_fn(|i| self.node((first + i).min(self.nodes)));
            (nodes, LANES.min(self.nodes + 1 - first))
        })
    }
}
