//! \\(\mathbb E\\,\sigma(S)\\) and \\(\mathbb E \ln(1+e^S)\\) of one logistic unit, exactly and without enumeration.
//!
//! With φ the characteristic function of S,
//! \\[ \mathbb E\\,\sigma(S) = \tfrac12 + \int_0^\infty \frac{\operatorname{Im}\varphi(t)}{\sinh \pi t}\\,dt, \qquad
//! \mathbb E \ln(1+e^S) = \tfrac12\mathbb E S + \ln 2 + \int_0^\infty \frac{1-\operatorname{Re}\varphi(t)}{t \sinh \pi t}\\,dt, \\]
//! the means over S of the Fourier representations of σ and of ln(1+e^x). The trapezoidal rule with step h is exact up to
//! an error that is known in closed form, because Poisson's formula turns it into a sum over the translates by
//! \\(\Omega = 2\pi/h\\):
//! \\[ T_h\sigma\\,(x) - \sigma(x) = \sum_{m \ge 1} \frac{\sinh x}{\cosh x + \cosh m\Omega}, \qquad
//! T_h\ln(1+e^{\cdot})\\,(x) - \ln(1+e^x) = \sum_{m \ge 1} \ln\frac{\cosh x + \cosh m\Omega}{1 + \cosh m\Omega}. \\]
//!
//! The value comes with a bound on its error, the sum of three:
//!
//! * **aliasing**: the terms above are at most \\(e^{\beta(|x| - m\Omega)}/\beta\\) for every β in (0, 1], so their mean is
//!   at most \\((\mathbb E e^{\beta S} + \mathbb E e^{-\beta S})\\,e^{-\beta\Omega}/(\beta(1-e^{-\beta\Omega}))\\), and the
//!   moments are products over the terms;
//! * **truncation**: \\(|\varphi(t)| \le e^{-vt^2/2 - (2t^2/\pi^2)\sum p_jq_ja_j^2}\\) over the masks with
//!   \\(|a_j|t \le \pi\\), by \\(|\sin x| \ge 2|x|/\pi\\);
//! * **rounding**, counted while computing.
//!
//! It costs O(nK) for K nodes: some tens where sd(S) is of order 1, fewer where it is large and many terms make φ decay.

use super::double_double::DoubleDouble;
use super::logit::{Logit, Term, U};
use crate::error::{Error, Result};
use crate::scalar::Real;
use itertools::Itertools;
use std::f64::consts::{LN_2, PI};

/// A number and a proved bound on its distance from the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Certified {
    /// The value, as computed.
    pub value: f64,
    /// |value − truth| is at most this.
    pub error: f64,
}

/// Aliasing and truncation are each held below this, a sixteenth of the rounding of a number near 1.
const NEGLIGIBLE: f64 = 1.0 / (1u64 << 57) as f64;
/// The range of the integral: beyond it \\(\int 1/\sinh \pi t\\) is below 10⁻¹⁹.
const END: f64 = 14.2;
/// More nodes than this are refused.
const MOST_NODES: f64 = (1 << 20) as f64;

/// Which mean.
#[derive(Clone, Copy, PartialEq)]
enum Kernel {
    /// E σ(S): Im φ over sinh πt.
    Logistic,
    /// E ln(1 + e^S): 1 − Re φ over t sinh πt.
    Softplus,
}

/// A trapezoidal rule with its two a-priori errors.
struct Rule {
    step: f64,
    /// How many nodes need φ.
    nodes: usize,
    /// How many nodes lie below [`END`].
    last: usize,
    /// Aliasing and truncation.
    error: f64,
}

impl Logit {
    /// \\(\mathbb E\\,\sigma(S)\\): the arithmetic mean of all sub-models' probabilities.
    ///
    /// ```
    /// use dropout_oracle::marginal::Logit;
    /// use nalgebra::DVector;
    /// // 200 inputs: 2^200 sub-models
    /// let logit = Logit::masked(&DVector::from_element(200, 0.1), &DVector::from_element(200, 0.5), -9.0)?;
    /// let mean = logit.expected_logistic()?;
    /// assert!((mean.value - 0.711_565_632_470_41).abs() < 1e-14 && mean.error < 2e-15); // weight scaling says σ(1) = .731
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Domain`] where the logit spreads so widely that the rule would need more than 2²⁰ nodes
    /// (sd(S) or |E S| of 10⁴ and more).
    pub fn expected_logistic(&self) -> Result<Certified> {
        self.integrate(Kernel::Logistic)
    }

    /// \\(\mathbb E \ln(1+e^S)\\): the mean of all sub-models' losses −ln p at target 0; at target 1 it is less by E S.
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn expected_softplus(&self) -> Result<Certified> {
        self.integrate(Kernel::Softplus)
    }

    fn integrate(&self, kernel: Kernel) -> Result<Certified> {
        if self.variance() == 0.0 {
            return Ok(self.without_noise(kernel));
        }
        let rule = self.rule(kernel)?;
        let (mut sum, mut rounding) = (DoubleDouble::ZERO, 0.0);
        for k in 1..=rule.nodes {
            let (t, weight) = (k as f64 * rule.step, kernel.weight(k as f64 * rule.step));
            let node = self.node(kernel, t);
            sum = sum + (node.value * weight).into();
            rounding += weight * (node.error + node.value.abs() * weight_error(t));
        }
        if kernel == Kernel::Softplus {
            // The 1 of 1 − Re φ does not decay with φ.
            for t in (rule.nodes + 1..=rule.last).map(|k| k as f64 * rule.step) {
                sum = sum + kernel.weight(t).into();
                rounding += kernel.weight(t) * weight_error(t);
            }
        }
        let (h, mean) = (rule.step, self.mean());
        // The node at 0, where the integrand is a limit, counts half.
        let (base, centre) = match kernel {
            Kernel::Logistic => (0.5, mean / (2.0 * PI)),
            Kernel::Softplus => (mean / 2.0 + LN_2, (mean * mean + self.variance()) / (4.0 * PI)),
        };
        let integral = h * centre + h * sum.hi;
        let value = base + integral;
        // Each of base, centre and h·sum is off by at most 8 roundings of its size, the sums by one of theirs.
        rounding = h * rounding + 8.0 * U * (base.abs() + h * centre.abs() + h * sum.hi.abs()) + U * value.abs();
        // A thousandth for the rounding of the bound itself.
        Ok(Certified { value, error: 1.001 * (rounding + rule.error) })
    }

    /// S is a constant: one evaluation, at a point that is off by one rounding.
    fn without_noise(&self, kernel: Kernel) -> Certified {
        let s = self.mean();
        let (value, slope) = match kernel {
            Kernel::Logistic => (s.logistic(), s.logistic() * (-s).logistic()),
            Kernel::Softplus => (s.softplus(), s.logistic()),
        };
        Certified { value, error: 4.0 * U * value + 2.0 * U * s.abs() * slope }
    }

    /// The step and the number of nodes that make aliasing and truncation negligible.
    fn rule(&self, kernel: Kernel) -> Result<Rule> {
        // Any β is valid; for a nearly normal S the best is near √(2 ln 1/ε)/sd.
        let digits = -Real::ln(NEGLIGIBLE);
        let betas = [0.5, 0.7, 0.85, 1.0, 1.2].map(|f| (f * (2.0 * digits / self.variance()).sqrt()).min(1.0));
        let omegas = betas.map(|beta| (self.log_exponential_moment(beta) + digits - Real::ln(beta) + 0.01) / beta);
        let omega = omegas.into_iter().fold(f64::INFINITY, f64::min);
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
        let decay = Decay::new(self.terms());
        let (mut nodes, mut left_out) = (last, Real::exp(-PI * END));
        while nodes > 0 {
            let t = nodes as f64 * step;
            let term = step * kernel.weight(t) * decay.bound(t);
            if left_out + term > NEGLIGIBLE {
                break;
            }
            left_out += term;
            nodes -= 1;
        }
        Ok(Rule { step, nodes, last, error: NEGLIGIBLE + left_out })
    }

    /// Im φ(t) or 1 − Re φ(t), with \\(\varphi(t) = e^{it\\,\mathbb E S}\\,\Phi\\).
    fn node(&self, kernel: Kernel, t: f64) -> Certified {
        let phi = self.centred(t);
        // The phase, reduced to [−π, π] before it is rounded.
        let phase = self.precise_mean() * t.into();
        let turns = (phase.hi / DoubleDouble::TWO_PI.hi).round();
        let r = phase + DoubleDouble::TWO_PI * (-turns).into();
        let (sin_r, cos_r) = (pxfm::f_sin(r.hi), pxfm::f_cos(r.hi));
        let (sin, cos) = (sin_r + r.lo * cos_r, cos_r - r.lo * sin_r);
        let (re_minus_one, im) = ((phi.re + (-1.0).into()).hi, phi.im.hi);
        let summands = match kernel {
            Kernel::Logistic => [sin * phi.re.hi, cos * im, 0.0],
            Kernel::Softplus => [-(pxfm::f_cosm1(r.hi) - r.lo * sin_r), -cos * re_minus_one, sin * im],
        };
        let size: f64 = summands.iter().map(|s| s.abs()).sum();
        // A summand is off by 3u for its sine or cosine, 1u for Φ, 1u for the product; two sums make 7u.
        let phase_error = t * (self.mean_error() + 32.0 * U * U * self.mean().abs());
        Certified { value: summands[0] + summands[1] + summands[2], error: phi.error + 7.0 * U * size + phase_error }
    }
}

impl Kernel {
    fn weight(self, t: f64) -> f64 {
        let sinh = pxfm::f_sinh(PI * t);
        match self {
            Self::Logistic => 1.0 / sinh,
            Self::Softplus => 1.0 / (t * sinh),
        }
    }
}

/// The relative error of a weight times a value: πt is off by 2u, sinh multiplies that by at most 1 + πt and adds 2u,
/// three operations follow.
fn weight_error(t: f64) -> f64 {
    (8.0 + 2.0 * PI * t) * U
}

/// The bound on |φ|.
struct Decay {
    /// |a_j| of the masks, ascending, each with \\(\sum p_iq_ia_i^2\\) over those up to it.
    masks: Vec<(f64, f64)>,
    gaussian: f64,
}

impl Decay {
    fn new(terms: &[Term]) -> Self {
        let masks = terms.iter().filter_map(|term| match term {
            Term::Masked { weight, .. } => Some((weight.abs(), term.variance())),
            Term::Gaussian { .. } => None,
        });
        let mut masks = masks.sorted_by(|a, b| a.0.total_cmp(&b.0)).collect_vec();
        masks.iter_mut().fold(0.0, |before, (_, sum)| {
            *sum += before;
            *sum
        });
        let gaussian =
            terms.iter().map(|term| if let Term::Gaussian { variance, .. } = term { *variance } else { 0.0 });
        Self { masks, gaussian: gaussian.sum() }
    }

    fn bound(&self, t: f64) -> f64 {
        let within = self.masks.partition_point(|(weight, _)| weight * t < PI);
        let masks = within.checked_sub(1).map_or(0.0, |last| self.masks[last].1);
        Real::exp(-t * t * (self.gaussian / 2.0 + 2.0 * masks / (PI * PI)))
    }
}
