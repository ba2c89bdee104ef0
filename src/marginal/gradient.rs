//! Gradients of the mean loss and of the arithmetic mean in every weight and bias, from one pass over the nodes.
//!
//! With g′ = σ for the loss g = ln(1+e^x), and g′ = σ′ for g = σ,
//! \\[ \frac{\partial}{\partial b}\mathbb E\\,g(S) = \mathbb E\\,g'(S), \qquad
//! \frac{\partial}{\partial a_j}\mathbb E\\,g(S) = \mathbb E\\,[d_j\\,g'(S)] = p_j\\,\mathbb E[g'(S) \mid d_j = 1], \\]
//! and the last has the characteristic function \\(\varphi(t)\\,\frac{e^{ita_j}}{q_j+p_je^{ita_j}}\\). A large mask takes the
//! product of all other factors, from products before and after it. For a small one the fraction is a power series in
//! iat, so that
//! \\[ \mathbb E\\,[d_j\\,g'(S)] = p_j\\,\mathbb E\\,g'(S) + \sum_{m\ge1} \frac{\kappa_{m+1}(p_j)}{m!}\\,a_j^m\\,\mathbb E\\,g^{(m+1)}(S): \\]
//! the same two dozen integrals serve them all.

use super::certificate::Certified;
use super::characteristic::{Characteristic, Phi};
use super::cumulants::{DEGREE, Small};
use super::double_double::DoubleDouble;
use super::leave_one_out::LeaveOneOut;
use super::logistic::Integral;
use super::logit::{Logit, Term, U};
use super::rule::{Kernel, Rule};
use crate::error::Result;
use crate::scalar::Real;
use itertools::izip;
use nalgebra::DVector;
use std::f64::consts::PI;

/// A mean over all sub-models with its derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// The mean itself.
    pub value: Certified,
    /// Its derivative with respect to b, and to the mean of any Gaussian term.
    pub by_bias: Certified,
    /// Its derivative with respect to the variance of any Gaussian term, \\(\tfrac12\mathbb E\\,g''(S)\\).
    pub by_variance: Certified,
    /// Its derivative with respect to each term's weight (a Gaussian term's mean).
    pub by_weight: DVector<f64>,
    /// Each entry of [`Gradient::by_weight`] is at most this far from the truth.
    pub error: f64,
}

impl Logit {
    /// \\(\mathbb E \ln(1+e^S)\\) with its gradient, in O(nK).
    ///
    /// ```
    /// use dropout_oracle::{Real, marginal::Logit};
    /// use nalgebra::dvector;
    /// // S is −1 or 1; it depends on the weight only where the unit is kept
    /// let loss = Logit::masked(&dvector![2.0], &dvector![0.5], -1.0)?.softplus_gradient()?;
    /// assert!((loss.by_weight[0] - 0.5 * Real::logistic(1.0f64)).abs() <= loss.error && loss.error < 1e-14);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn softplus_gradient(&self) -> Result<Gradient> {
        self.gradient(Kernel::Softplus, Derivative::Logistic)
    }

    /// \\(\mathbb E\\,\sigma(S)\\) with its gradient, in O(nK).
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn logistic_gradient(&self) -> Result<Gradient> {
        self.gradient(Kernel::Logistic, Derivative::Slope)
    }

    fn gradient(&self, kernel: Kernel, derivative: Derivative) -> Result<Gradient> {
        if self.variance() == 0.0 {
            return Ok(self.gradient_without_noise(kernel, derivative));
        }
        let rule = Rule::new(self, &[kernel, derivative.kernel(), Kernel::Slope], true)?;
        let phi = Characteristic::new(self, rule.end());
        let mut value = Integral::new(kernel);
        let mut series = Series::default();
        let mut kept = LeaveOneOut::new(&phi, derivative.kernel());
        for (nodes, count) in rule.blocks() {
            for (t, at) in nodes.into_iter().zip(kept.add(&nodes, count)).take(count) {
                value.add(t, kernel.part(&at));
                series.add(derivative, t, t / rule.end(), &at);
            }
        }
        let (integrals, series_error) = series.finish(self, &rule, derivative);
        let (small, masks) = phi.small();
        let largest = integrals.iter().map(|j| j.abs()).fold(0.0, f64::max);
        // Over m ≥ 1 the coefficients add up to less than ¼; the values are off by 10u and the series' remainder.
        let mut error = 1.25 * series_error + 10.0 * U * largest + Small::remainder() * series.mass;
        let mut by_weight = DVector::from_element(self.terms().len(), integrals[0]);
        for (&index, derivative) in small.iter().zip(masks.derivatives(&integrals)) {
            by_weight[index] = derivative;
        }
        let (large, masks) = phi.large();
        for (&index, mask, sum) in izip!(large, masks, kept.sums()) {
            let integral = Integral::of(derivative.kernel(), sum);
            let given = integral.finish_at(self.mean() + (1.0 - mask.keep) * mask.weight, self, &rule);
            by_weight[index] = mask.keep * given.value;
            // The mean given that the unit is kept is a sum of numbers that may be larger than it.
            let centre = rule.step * U * (self.mean().abs() + 2.0 * mask.weight.abs());
            error = error.max(given.error + centre + 2.0 * U * given.value.abs());
        }
        // E g″ = T J₁. The nodes that are left out lie below 15, each with t times the weight that it was bounded with.
        let second = integrals[1] * rule.end();
        let second_error = series_error * rule.end() + 15.0 * rule.error + 2.0 * U * second.abs();
        Ok(Gradient {
            value: value.finish(self, &rule),
            by_bias: Certified { value: integrals[0], error: series_error },
            by_variance: Certified { value: 0.5 * second, error: 0.5 * second_error },
            by_weight,
            error: 1.001 * error,
        })
    }

    /// S is a constant: every derivative is one of g there.
    fn gradient_without_noise(&self, kernel: Kernel, derivative: Derivative) -> Gradient {
        let s = self.mean();
        let first = derivative.kernel().at_constant(s);
        let slope = Kernel::Slope.at_constant(s);
        // σ″ = σ′(1 − 2σ), and |σ″| ≤ σ′.
        let second = match derivative {
            Derivative::Logistic => slope,
            Derivative::Slope => Certified {
                value: slope.value * Real::tanh(-s / 2.0),
                error: slope.error + 4.0 * U * slope.value * (1.0 + s.abs()),
            },
        };
        let weights = self.terms().iter().map(|term| match term {
            Term::Masked { keep, .. } => keep * first.value,
            Term::Gaussian { .. } => first.value,
        });
        Gradient {
            value: kernel.at_constant(s),
            by_bias: first,
            by_variance: Certified { value: 0.5 * second.value, error: 0.5 * second.error },
            by_weight: DVector::from_iterator(self.terms().len(), weights),
            error: first.error + U * first.value,
        }
    }
}

/// g′.
#[derive(Clone, Copy, PartialEq)]
enum Derivative {
    Logistic,
    Slope,
}

impl Derivative {
    fn kernel(self) -> Kernel {
        match self {
            Self::Logistic => Kernel::Logistic,
            Self::Slope => Kernel::Slope,
        }
    }

    /// How often σ is differentiated.
    fn order(self) -> usize {
        match self {
            Self::Logistic => 0,
            Self::Slope => 1,
        }
    }
}

/// \\(J_m = T^{-m}\\,\mathbb E\\,g^{(m+1)}(S)\\) for m = 0 … M − 1: with r the order of g′ as a derivative of σ,
/// \\(\int \frac{t^{r}}{\sinh \pi t} (t/T)^m \operatorname{Im}(i^{r+m}\varphi(t))\\,dt\\), plus ½ where r + m = 0.
#[derive(Default)]
struct Series {
    sums: [DoubleDouble; DEGREE],
    rounding: f64,
    /// The integral of what multiplies φ, at the nodes.
    mass: f64,
}

impl Series {
    fn add(&mut self, derivative: Derivative, t: f64, tau: f64, phi: &Phi) {
        let kernel = derivative.kernel();
        let mut weight = kernel.weight(t);
        let size = phi.re.value.abs() + phi.im.value.abs();
        // τ^m ≤ 1, and is off by 2m roundings: mτ^m stays below 24.
        let error = phi.re.error.max(phi.im.error) + size * (kernel.weight_error(t) + 2.0 * DEGREE as f64 * U * tau);
        self.rounding += weight * error;
        self.mass += weight * size;
        for (m, sum) in self.sums.iter_mut().enumerate() {
            let part = match (derivative.order() + m) % 4 {
                0 => phi.im.value,
                1 => phi.re.value,
                2 => -phi.im.value,
                _ => -phi.re.value,
            };
            *sum = *sum + (weight * part).into();
            weight *= tau;
        }
    }

    /// The integrals, and what each can be off by.
    fn finish(&mut self, logit: &Logit, rule: &Rule, derivative: Derivative) -> ([f64; DEGREE], f64) {
        let h = rule.step;
        let mut integrals = std::array::from_fn(|m| h * self.sums[m].hi);
        let order = derivative.order();
        let mut size = h * self.mass;
        // The node at 0, where the integrand is a limit, counts half.
        if order == 0 {
            let (base, centre) = Kernel::Logistic.base_and_centre(logit);
            integrals[0] += base + h * centre;
            size += base + h * centre.abs();
        }
        let slope = h * Kernel::Slope.base_and_centre(logit).1;
        integrals[1 - order] += if order == 0 { slope / rule.end() } else { slope };
        size += slope;
        self.mass *= h;
        let rounding = h * self.rounding + 10.0 * U * size + logit.mean_error();
        (integrals, 1.001 * (rounding + rule.error))
    }
}

impl Integral {
    /// [`Integral::finish`] for the law given that a unit is kept, whose mean is another.
    fn finish_at(self, mean: f64, logit: &Logit, rule: &Rule) -> Certified {
        let centre = match self.kernel {
            Kernel::Logistic => mean / (2.0 * PI),
            _ => self.kernel.base_and_centre(logit).1,
        };
        let base = self.kernel.base_and_centre(logit).0;
        self.finish_from(base, centre, logit, rule)
    }
}
