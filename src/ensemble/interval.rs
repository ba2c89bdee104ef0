//! How far a Monte Carlo mean can be from the arithmetic mean.

use super::MonteCarlo;
use super::hoeffding::hoeffding_half_width;
use crate::error::{Error, Result};
use crate::normal::two_sided_quantile;
use crate::scalar::Real;
use nalgebra::DVector;

/// A range that misses the arithmetic mean with probability at most α, over the draws of the masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval<T> {
    /// Its lower end.
    pub low: T,
    /// Its upper end.
    pub high: T,
}

/// What the range rests on. k is the number of samples, V their variance (with k − 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// \\(\sqrt{\ln(2/\alpha)/(2k)}\\), for predictions in [0, 1] (Hoeffding 1963).
    Hoeffding,
    /// \\(\sqrt{2V\ln(4/\alpha)/k} + 7\ln(4/\alpha)/(3(k-1))\\), for predictions in [0, 1] (Maurer & Pontil 2009, theorem 4,
    /// on both sides). Shorter than Hoeffding's where the sub-models nearly agree and k is large.
    EmpiricalBernstein,
    /// \\(z_{1-\alpha/2}\sqrt{V/k}\\), for predictions of any kind. Right as k → ∞ only: with rare masks it can miss almost
    /// always.
    Normal,
}

impl<T: Real> MonteCarlo<T> {
    /// One interval for each entry of the mean; each misses with probability at most α (all m of them with at most mα).
    ///
    /// ```
    /// use dropout_oracle::{ensemble::{Ensemble, interval::Method}, head::Bernoulli, law::Uniform, network::linear_regression};
    /// use nalgebra::dvector;
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// let (network, law) = (linear_regression(dvector![2.0, -1.0], 0.0)?, Uniform::new(2));
    /// let ensemble = Ensemble::new(&network, &Bernoulli, &law)?;
    /// let x = dvector![1.0, 1.0];
    /// let sampled = ensemble.monte_carlo(&x, 100, &mut ChaCha8Rng::seed_from_u64(1))?;
    /// let interval = sampled.intervals(Method::Hoeffding, 0.01)?[0];
    /// assert!(interval.contains(ensemble.arithmetic_mean(&x)?[0]));
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Domain`] unless α lies between 0 and 1, for a single sample where the variance is needed, and for a mean outside
    /// [0, 1] where the method is for probabilities.
    pub fn intervals(&self, method: Method, alpha: T) -> Result<Vec<Interval<T>>> {
        // Also what refuses an α outside (0, 1).
        let quantile = two_sided_quantile(alpha)?;
        let k = T::ratio(self.samples as i64, 1);
        let log = (T::ratio(4, 1) / alpha).ln();
        let standard_error = || {
            self.standard_error.as_ref().ok_or_else(|| Error::Domain {
                what: "number of Monte Carlo samples".into(),
                value: self.samples.to_string(),
                must: "at least 2 for an interval from their variance",
            })
        };
        let half_widths = match method {
            Method::Hoeffding => DVector::from_element(self.mean.len(), hoeffding_half_width(self.samples, alpha)?),
            Method::EmpiricalBernstein => {
                let further = T::ratio(7, 3) * log / (k - T::one());
                standard_error()?.map(|error| (T::ratio(2, 1) * log).sqrt() * error + further)
            }
            Method::Normal => standard_error()? * quantile,
        };
        let intervals = self.mean.iter().zip(&half_widths).map(|(&mean, &half)| {
            let around = Interval { low: mean - half, high: mean + half };
            if method == Method::Normal {
                return Ok(around);
            }
            if !(mean >= T::zero() && mean <= T::one()) {
                return Err(Error::Domain {
                    what: "a Monte Carlo mean".into(),
                    value: mean.to_f64().to_string(),
                    must: "in [0, 1] for this interval, which is for probabilities",
                });
            }
            let high = if around.high > T::one() { T::one() } else { around.high };
            Ok(Interval { low: around.low.maximum(T::zero()), high })
        });
        intervals.collect()
    }

    /// What ln of each mean is off by on average, to first order: \\(-\tfrac12 (\text{standard error}/\text{mean})^2\\), an
    /// estimate of \\(-\operatorname{Var} p_\mu/(2k\\,\mathrm{AM}^2)\\); none for a single sample.
    ///
    /// The mean itself is unbiased; its logarithm is too small, by Jensen, and the loss −ln too large (claim mc.log-bias).
    pub fn log_bias(&self) -> Option<DVector<T>> {
        let relative = self.standard_error.as_ref()?.component_div(&self.mean);
        Some(relative.map(|r| -r * r / T::ratio(2, 1)))
    }
}

impl<T: Real> Interval<T> {
    /// Whether `value` lies in it, ends included.
    pub fn contains(&self, value: T) -> bool {
        self.low <= value && value <= self.high
    }
}
