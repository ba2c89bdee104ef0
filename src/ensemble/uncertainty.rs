//! The entropy of an ensemble's prediction: what each sub-model is unsure of, and what they disagree on.

use super::Ensemble;
use super::monte_carlo::check_samples;
use crate::error::Result;
use crate::head::{Bernoulli, Head, Softmax};
use crate::law::{FiniteLaw, Law};
use crate::network::Network;
use crate::scalar::Real;
use nalgebra::DVector;
use rand::Rng;

/// Heads with finitely many outcomes, whose expected y is the distribution.
pub trait FiniteHead<T: Real>: Head<T> {
    /// The entropy in nats of the distribution with these probabilities. Several Bernoulli answers count one by one:
    /// theirs is the sum.
    fn entropy(&self, probabilities: &DVector<T>) -> T;
}

/// The entropy of the arithmetic mean, split into what the sub-models are unsure of and what they disagree on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncertainty<T> {
    /// H(AM), the entropy of the mean prediction.
    pub predictive_entropy: T,
    /// \\(\mathbb E_\mu H(p_\mu)\\), the mean of the sub-models' entropies.
    pub expected_entropy: T,
    /// Their difference \\(I(y; \mu) = \mathbb E_\mu \mathrm{KL}(p_\mu \\,\\|\\, \mathrm{AM}) \ge 0\\), what the mask says
    /// about y ("BALD", Houlsby et al. 2011). Zero iff all sub-models agree.
    pub mutual_information: T,
}

impl<T: Real> Uncertainty<T> {
    fn new(predictive_entropy: T, expected_entropy: T) -> Self {
        // Never negative but for the rounding of the two entropies.
        let mutual_information = (predictive_entropy - expected_entropy).maximum(T::zero());
        Self { predictive_entropy, expected_entropy, mutual_information }
    }
}

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The uncertainty about one input, over all sub-models (claim ens.uncertainty).
    ///
    /// ```
    /// use dropout_oracle::{ensemble::Ensemble, head::Bernoulli, law::Uniform, network::linear_regression};
    /// use nalgebra::dvector;
    /// let (network, law) = (linear_regression(dvector![200.0], -100.0)?, Uniform::new(1));
    /// // one sub-model is sure of 0, the other of 1: all uncertainty is disagreement
    /// let about = Ensemble::new(&network, &Bernoulli, &law)?.uncertainty(&dvector![1.0])?;
    /// assert!((about.mutual_information - 2f64.ln()).abs() < 1e-15 && about.expected_entropy < 1e-40);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ensemble::arithmetic_mean`].
    pub fn uncertainty<T: Real>(&self, x: &DVector<T>) -> Result<Uncertainty<T>>
    where
        N: Network<T>,
        H: FiniteHead<T>,
        L: FiniteLaw<T>,
    {
        let means = self.expect(x, |output| self.prediction_and_entropy(output))?;
        Ok(self.split(&means))
    }

    /// The same from `samples` sub-models drawn with `rng`.
    ///
    /// The entropy of a mean of samples is too small by about \\(\tfrac1{2k}\sum_y \operatorname{Var} p_\mu(y)/\mathrm{AM}(y)\\),
    /// and so is the mutual information, which for one sample is 0 (claim mc.log-bias).
    ///
    /// # Errors
    /// [`Error::Domain`](crate::Error::Domain) for zero samples, [`Error::Shape`](crate::Error::Shape) for an input of another length.
    pub fn sampled_uncertainty<T: Real>(
        &self,
        x: &DVector<T>,
        samples: u64,
        rng: &mut dyn Rng,
    ) -> Result<Uncertainty<T>>
    where
        N: Network<T>,
        H: FiniteHead<T>,
        L: Law<T>,
    {
        check_samples(samples)?;
        let mut sum = DVector::zeros(self.head.targets(self.network.outputs()) + 1);
        let mut drawn = T::zero();
        for _ in 0..samples {
            drawn += T::one();
            sum += self.prediction_and_entropy(&self.network.output(x, &self.law.sample(rng))?);
        }
        Ok(self.split(&(sum / drawn)))
    }

    /// p_μ and, last, its entropy.
    fn prediction_and_entropy<T: Real>(&self, output: &DVector<T>) -> DVector<T>
    where
        H: FiniteHead<T>,
    {
        let p = self.head.expected(output);
        let entropy = self.head.entropy(&p);
        p.push(entropy)
    }

    fn split<T: Real>(&self, means: &DVector<T>) -> Uncertainty<T>
    where
        H: FiniteHead<T>,
    {
        let classes = means.len() - 1;
        Uncertainty::new(self.head.entropy(&means.rows(0, classes).into_owned()), means[classes])
    }
}

/// −p ln p, which is 0 at 0.
fn surprise<T: Real>(p: T) -> T {
    if p.is_zero() { p } else { -p * p.ln() }
}

impl<T: Real> FiniteHead<T> for Softmax {
    fn entropy(&self, probabilities: &DVector<T>) -> T {
        probabilities.iter().fold(T::zero(), |sum, &p| sum + surprise(p))
    }
}

impl<T: Real> FiniteHead<T> for Bernoulli {
    fn entropy(&self, probabilities: &DVector<T>) -> T {
        probabilities.iter().fold(T::zero(), |sum, &p| sum + surprise(p) + surprise(T::one() - p))
    }
}
