//! Closed forms for exponentials of a logit: Poisson rates, and probabilities too small for absolute accuracy.
//!
//! \\[ \mathbb E\\,e^{cS} = e^{cb} \prod_j (q_j + p_je^{ca_j}), \qquad
//! \frac{\partial}{\partial a_j}\mathbb E\\,e^S = \tilde p_j\\,\mathbb E\\,e^S, \qquad \tilde p_j = \frac{p_je^{a_j}}{q_j+p_je^{a_j}}, \\]
//! where \\(\tilde p\\) are the keep probabilities under the law that \\(e^S\\) tilts. Since σ(x) = e^x σ(−x),
//! \\[ \mathbb E\\,\sigma(S) = \mathbb E\\,e^S \cdot \tilde{\mathbb E}\\,\sigma(-S), \\]
//! whose second factor is no small number where the first is one.

use super::certificate::Certified;
use super::double_double::DoubleDouble;
use super::gradient::Gradient;
use super::logit::{Logit, Term, U};
use crate::error::{Error, Result};
use crate::scalar::Real;
use nalgebra::DVector;

impl Logit {
    /// \\(\ln \mathbb E\\,e^{cS}\\).
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a c that is not finite or that makes a term overflow.
    pub fn log_exponential_moment(&self, c: f64) -> Result<Certified> {
        let (log, error) = self.precise_log_moment(c);
        if !(error.is_finite() && log.hi.is_finite()) {
            return Err(Error::NotFinite { what: "the logarithm of an exponential moment".into(), value: log.hi });
        }
        Ok(Certified { value: log.hi, error: error + U * log.hi.abs() })
    }

    /// \\(\mathbb E\\,e^{cS}\\): at c = 1 the mean rate of a Poisson head, at c = 2 that of its square.
    ///
    /// ```
    /// use dropout_oracle::marginal::Logit;
    /// use nalgebra::dvector;
    /// // the rate is 1 or 4
    /// let rate = Logit::masked(&dvector![4f64.ln()], &dvector![0.5], 0.0)?.expected_exponential(1.0)?;
    /// assert!((rate.value - 2.5).abs() <= rate.error && rate.error < 1e-14);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Domain`] where it overflows; otherwise as [`Logit::log_exponential_moment`].
    pub fn expected_exponential(&self, c: f64) -> Result<Certified> {
        self.log_exponential_moment(c)?;
        let (log, error) = self.precise_log_moment(c);
        let value = Real::exp(log.hi) * (1.0 + log.lo);
        if !value.is_finite() {
            return Err(Error::Domain {
                what: "logarithm of an exponential moment".into(),
                value: log.hi.to_string(),
                must: "below 709, or the moment itself overflows",
            });
        }
        // exp by u, the product and the sum by one each; below the normal numbers by the least of them.
        let relative = 1.01 * pxfm::f_expm1(error) + 4.0 * U;
        Ok(Certified { value, error: value * relative + f64::MIN_POSITIVE })
    }

    /// \\(\mathbb E\\,e^S\\) with its gradient: the expected loss of a Poisson head is \\(\mathbb E\\,e^S - y\\,\mathbb E S\\).
    ///
    /// # Errors
    /// As [`Logit::expected_exponential`].
    pub fn exponential_gradient(&self) -> Result<Gradient> {
        let value = self.expected_exponential(1.0)?;
        let kept = self.terms().iter().map(|term| match *term {
            Term::Masked { weight, keep } => tilted_keep(weight, keep) * value.value,
            Term::Gaussian { .. } => value.value,
        });
        Ok(Gradient {
            value,
            by_bias: value,
            by_variance: Certified { value: 0.5 * value.value, error: 0.5 * value.error },
            by_weight: DVector::from_iterator(self.terms().len(), kept),
            error: value.error + 8.0 * U * value.value,
        })
    }

    /// \\(\mathbb E\\,\sigma(S)\\) by tilting, or by the integral alone where that is more accurate: with a small error
    /// *relative* to it, however small it is.
    ///
    /// ```
    /// use dropout_oracle::marginal::Logit;
    /// use nalgebra::dvector;
    /// let rare = Logit::masked(&dvector![1.0, -2.0, 0.5], &dvector![0.5, 0.8, 0.5], -100.0)?;
    /// let mean = rare.expected_logistic_by_tilting()?;
    /// assert!(mean.value < 1e-42 && mean.error < 1e-13 * mean.value);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Logit::expected_logistic`].
    pub fn expected_logistic_by_tilting(&self) -> Result<Certified> {
        let plain = self.expected_logistic()?;
        match self.expected_exponential(1.0) {
            Ok(moment) => {
                let tilted = self.tilted(moment)?;
                Ok(if tilted.error < plain.error { tilted } else { plain })
            }
            Err(_) => Ok(plain), // a moment that overflows is none to multiply by
        }
    }

    /// \\(\mathbb E\\,e^S \cdot \tilde{\mathbb E}\\,\sigma(-S)\\).
    fn tilted(&self, moment: Certified) -> Result<Certified> {
        let mut law = 0.0;
        let terms = self.terms().iter().map(|term| match *term {
            Term::Masked { weight, keep } => {
                let tilted = tilted_keep(weight, keep);
                // p̃ is off by 6u of it, and moves the mean by at most 1 and at most |a|/4 for each 1 that it is off.
                law += 6.0 * U * tilted * (weight.abs() / 4.0).min(1.0);
                if tilted > 0.0 {
                    Term::Masked { weight: -weight, keep: tilted }
                } else {
                    law += f64::MIN_POSITIVE;
                    Term::Masked { weight: 0.0, keep: 1.0 }
                }
            }
            // The tilted mean is rounded once; σ moves by at most a quarter of that.
            Term::Gaussian { mean, variance } => {
                law += U * (mean + variance).abs() / 4.0;
                Term::Gaussian { mean: -(mean + variance), variance }
            }
        });
        let terms = terms.collect();
        let rest = Logit::new(-self.bias(), terms)?.expected_logistic()?;
        let value = moment.value * rest.value;
        let error = moment.value * (rest.error + law) + moment.error * (rest.value + rest.error + law);
        Ok(Certified { value, error: 1.001 * error + 2.0 * U * value + f64::MIN_POSITIVE })
    }

    /// \\(\ln \mathbb E\\,e^{cS}\\) to about 106 bits of its sum, and what its summands can be off by.
    fn precise_log_moment(&self, c: f64) -> (DoubleDouble, f64) {
        let mut log = self.precise_mean() * c.into();
        let mut error = (self.mean_error() + 8.0 * U * U * self.mean().abs()) * c.abs();
        for term in self.terms() {
            let (linear, rest, off) = match *term {
                // ln(q e^(−px) + p e^(qx)), with the larger exponential taken out.
                Term::Masked { weight, keep } => {
                    let (x, drop) = (c * weight, 1.0 - keep);
                    let (linear, other, stays) = if x > 0.0 { (drop * x, drop, keep) } else { (-keep * x, keep, drop) };
                    let (rest, off) = log_of_mean(stays, other, -x.abs());
                    (linear, rest, off)
                }
                Term::Gaussian { variance, .. } => (c * c * variance / 2.0, 0.0, 0.0),
            };
            log = log + linear.into() + rest.into();
            error += 4.0 * U * linear.abs() + off + 16.0 * U * U * log.hi.abs();
        }
        (log, error)
    }
}

/// \\(\ln(p + qe^x)\\) for x ≤ 0 and p + q = 1, and what it can be off by.
///
/// With y = q(e^x − 1): while y ≥ −½, ln(1 + y) multiplies the 5u of y by at most |y|/((1+y)|ln(1+y)|) ≤ 1.5. Beyond, q > ½
/// and p = 1 − q is exact, so that the sum is off by 4u of itself, and so is its logarithm, absolutely.
fn log_of_mean(p: f64, q: f64, x: f64) -> (f64, f64) {
    let y = q * pxfm::f_expm1(x);
    if y >= -0.5 {
        let log = Real::ln_1p(y);
        (log, 9.0 * U * log.abs())
    } else {
        let log = Real::ln(p + q * Real::exp(x));
        (log, 5.0 * U + U * log.abs())
    }
}

/// \\(pe^a/(q+pe^a)\\), to 6u of itself.
fn tilted_keep(weight: f64, keep: f64) -> f64 {
    let drop = 1.0 - keep;
    let tilted = if weight > 0.0 {
        keep / (keep + drop * Real::exp(-weight))
    } else {
        let kept = keep * Real::exp(weight);
        kept / (drop + kept)
    };
    tilted.min(1.0)
}
