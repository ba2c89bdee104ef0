//! One logistic unit under independent noise, exactly and without enumeration: the means over S of σ, ln(1 + e^S), σ′ and
//! the entropy, and with them the ensemble's variance and its mutual information.
//!
//! With φ the characteristic function of S,
//! \\[ \mathbb E\\,\sigma(S) = \tfrac12 + \int_0^\infty \frac{\operatorname{Im}\varphi(t)}{\sinh \pi t}\\,dt, \qquad
//! \mathbb E \ln(1+e^S) = \tfrac12\mathbb E S + \ln 2 + \int_0^\infty \frac{1-\operatorname{Re}\varphi(t)}{t \sinh \pi t}\\,dt, \\]
//! \\[ \mathbb E\\,\sigma'(S) = \int_0^\infty \frac{t \operatorname{Re}\varphi(t)}{\sinh \pi t}\\,dt, \qquad
//! \mathbb E\\,H(\sigma(S)) = -\frac1\pi\int_0^\infty \frac{K'(t)}{t} \operatorname{Re}\varphi(t)\\,dt, \qquad K(t) = \frac{\pi t}{\sinh\pi t}, \\]
//! the means over S of the Fourier representations of σ, ln(1+e^x), σ′ and the entropy H of Bernoulli(σ(x)). The trapezoidal rule with step h is exact up to
//! an error that is known in closed form, because Poisson's formula turns it into a sum over the translates by
//! \\(\Omega = 2\pi/h\\):
//! \\[ T_h\sigma\\,(x) - \sigma(x) = \sum_{m \ge 1} \frac{\sinh x}{\cosh x + \cosh m\Omega}, \qquad
//! T_h\ln(1+e^{\cdot})\\,(x) - \ln(1+e^x) = \sum_{m \ge 1} \ln\frac{\cosh x + \cosh m\Omega}{1 + \cosh m\Omega}. \\]
//!
//! The value comes with a bound on its error, the sum of three:
//!
//! * **aliasing**: the terms above are at most \\(e^{\beta(|x| - m\Omega)}/\beta\\) for every β in (0, 1], so their mean is
//!   at most \\((\mathbb E e^{\beta S} + \mathbb E e^{-\beta S})\\,e^{-\beta\Omega}/(\beta(1-e^{-\beta\Omega}))\\); for σ′ and the
//!   entropy, which are even, the error is the sum of the translates themselves;
//! * **truncation**: \\(|\varphi(t)| \le e^{-vt^2/2 - (2t^2/\pi^2)\sum p_jq_ja_j^2}\\) over the masks with
//!   \\(|a_j|t \le \pi\\), by \\(|\sin x| \ge 2|x|/\pi\\);
//! * **rounding**, counted while computing.
//!
//! It costs O(nK) for K nodes: some tens where sd(S) is of order 1, fewer where it is large and many terms make φ decay.

use super::certificate::Certified;
use super::characteristic::Characteristic;
use super::double_double::DoubleDouble;
use super::logit::{Logit, U};
use super::rule::{Kernel, Rule};
use crate::error::Result;
use crate::scalar::Real;

/// What all sub-models of one logistic unit say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readout {
    /// \\(\mathbb E\\,\sigma(S)\\), the arithmetic mean.
    pub mean: Certified,
    /// \\(\operatorname{Var}\sigma(S)\\), the spread of the sub-models' probabilities.
    pub variance: Certified,
    /// \\(\mathbb E \ln(1+e^S)\\), the mean loss at target 0.
    pub loss_at_zero: Certified,
    /// \\(\mathbb E \ln(1+e^{-S})\\), the mean loss at target 1.
    pub loss_at_one: Certified,
    /// \\(\mathbb E\\,H(\sigma(S))\\), what the sub-models are unsure of, in nats.
    pub expected_entropy: Certified,
    /// \\(H(\mathbb E\sigma(S)) - \mathbb E H(\sigma(S))\\), what they disagree on ("BALD").
    pub mutual_information: Certified,
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
    /// [`Error::Domain`](crate::Error::Domain) where the logit spreads so widely that the rule would need more than 2²⁰
    /// nodes (sd(S) or |E S| of 10⁴ and more).
    pub fn expected_logistic(&self) -> Result<Certified> {
        self.integrate([Kernel::Logistic]).map(|[mean]| mean)
    }

    /// \\(\mathbb E \ln(1+e^S)\\): the mean of all sub-models' losses −ln p at target 0; at target 1 it is less by E S.
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn expected_softplus(&self) -> Result<Certified> {
        self.integrate([Kernel::Softplus]).map(|[loss]| loss)
    }

    /// \\(\mathbb E\\,\sigma'(S)\\), the derivative of the arithmetic mean with respect to the bias.
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn expected_slope(&self) -> Result<Certified> {
        self.integrate([Kernel::Slope]).map(|[slope]| slope)
    }

    /// \\(\mathbb E\\,H(\sigma(S))\\), the mean of all sub-models' entropies in nats.
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn expected_entropy(&self) -> Result<Certified> {
        self.integrate([Kernel::Entropy]).map(|[entropy]| entropy)
    }

    /// Mean, variance, losses, entropy and mutual information from one pass over the nodes.
    ///
    /// The variance is \\(\mathbb E\sigma - \mathbb E\sigma' - (\mathbb E\sigma)^2\\), since σ² = σ − σ′.
    ///
    /// ```
    /// use dropout_oracle::marginal::Logit;
    /// use nalgebra::dvector;
    /// // one sub-model is sure of 0, the other of 1: all uncertainty is disagreement
    /// let readout = Logit::masked(&dvector![200.0], &dvector![0.5], -100.0)?.readout()?;
    /// assert!((readout.variance.value - 0.25).abs() <= readout.variance.error);
    /// assert!((readout.mutual_information.value - 2f64.ln()).abs() < 1e-14);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn readout(&self) -> Result<Readout> {
        let kernels = [Kernel::Logistic, Kernel::Softplus, Kernel::Slope, Kernel::Entropy];
        let [mean, loss_at_zero, slope, expected_entropy] = self.integrate(kernels)?;
        let (m, e) = (mean.value, mean.error);
        // |1 − 2m| ≤ 1 plus the square of the error; three roundings of numbers up to 1.
        let variance = Certified { value: m - slope.value - m * m, error: e + e * e + slope.error + 3.0 * U };
        let loss_at_one = Certified {
            value: loss_at_zero.value - self.mean(),
            // E S is off by half an ulp and its own error, the difference by one rounding.
            error: loss_at_zero.error + self.mean_error() + U * (self.mean().abs() + loss_at_zero.value.abs()) * 2.0,
        };
        let predictive = entropy_of(mean);
        let mutual_information = Certified {
            value: predictive.value - expected_entropy.value,
            error: predictive.error + expected_entropy.error + U,
        };
        Ok(Readout { mean, variance, loss_at_zero, loss_at_one, expected_entropy, mutual_information })
    }

    /// The means of several functions of S, from one pass over the nodes.
    fn integrate<const N: usize>(&self, kernels: [Kernel; N]) -> Result<[Certified; N]> {
        if self.variance() == 0.0 {
            return Ok(kernels.map(|kernel| kernel.at_constant(self.mean())));
        }
        let rule = Rule::new(self, &kernels, false)?;
        let phi = Characteristic::new(self, rule.end());
        let mut integrals = kernels.map(Integral::new);
        for (nodes, count) in rule.blocks() {
            for (t, phi) in nodes.into_iter().zip(phi.at(&nodes)).take(count) {
                integrals.iter_mut().for_each(|integral| integral.add(t, integral.kernel.part(&phi)));
            }
        }
        Ok(integrals.map(|integral| integral.finish(self, &rule)))
    }
}

/// The entropy of Bernoulli(m), in nats, for every m within the error: it is concave, so that it is farthest from its
/// value at an end or at ½. −m ln m − (1 − m) ln(1 − m) is off by 4u of each summand, and 1 − m by a rounding of it.
fn entropy_of(mean: Certified) -> Certified {
    let surprise = |p: f64| if p > 0.0 { -p * Real::ln(p) } else { 0.0 };
    let entropy = |m: f64| surprise(m) + surprise(1.0 - m);
    let m = mean.value.clamp(0.0, 1.0);
    let (low, high) = (mean.low().max(0.0), mean.high().min(1.0));
    let value = entropy(m);
    let off = [low, high, 0.5f64.clamp(low, high)].map(|m| (entropy(m) - value).abs());
    Certified { value, error: off.into_iter().fold(0.0, f64::max) + 16.0 * U }
}

/// A running sum over the nodes.
#[derive(Clone)]
pub(super) struct Integral {
    pub kernel: Kernel,
    sum: DoubleDouble,
    rounding: f64,
}

impl Integral {
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel, sum: DoubleDouble::ZERO, rounding: 0.0 }
    }

    /// With the sum over all nodes.
    pub fn of(kernel: Kernel, sum: Certified) -> Self {
        Self { kernel, sum: sum.value.into(), rounding: sum.error }
    }

    /// Adds the node at t.
    pub fn add(&mut self, t: f64, part: Certified) {
        let weight = self.kernel.weight(t);
        self.sum = self.sum + (part.value * weight).into();
        self.rounding += weight * (part.error + part.value.abs() * self.kernel.weight_error(t));
    }

    /// The mean, with its error.
    pub fn finish(mut self, logit: &Logit, rule: &Rule) -> Certified {
        if self.kernel == Kernel::Softplus {
            // The 1 of 1 − Re φ does not decay with φ.
            for k in rule.nodes + 1..=rule.last {
                self.add(rule.node(k), Certified { value: 1.0, error: 0.0 });
            }
        }
        let (base, centre) = self.kernel.base_and_centre(logit);
        self.finish_from(base, centre, logit, rule)
    }

    /// The mean from what is added to the integral and half the integrand at 0.
    pub fn finish_from(self, base: f64, centre: f64, logit: &Logit, rule: &Rule) -> Certified {
        let h = rule.step;
        let value = base + (h * centre + h * self.sum.hi);
        // ½ is exact, E S/2 + ln 2 is off by 2u; the centre by at most 8u, h·sum by 2u, then two sums. What E S itself is
        // off by enters the first two, and once more where it is squared.
        let base_error = if self.kernel == Kernel::Softplus { 2.0 * U * base.abs() } else { 0.0 };
        let rounding = h * self.rounding
            + base_error
            + U * (9.0 * h * centre.abs() + 3.0 * h * self.sum.hi.abs())
            + U * value.abs()
            + logit.mean_error() * (1.0 + logit.mean().abs());
        // A thousandth for the rounding of the bound itself.
        Certified { value, error: 1.001 * (rounding + rule.error) }
    }
}
