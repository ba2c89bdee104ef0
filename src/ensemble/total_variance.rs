//! The variance of an ensemble's prediction: the sub-models' own, and the spread of their means.

use super::{Ensemble, expectation};
use crate::error::Result;
use crate::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, Poisson, Softmax};
use crate::law::FiniteLaw;
use crate::network::Network;
use crate::scalar::{Real, Scalar};
use nalgebra::DVector;

/// Heads whose variance is known.
pub trait HeadVariance<T: Scalar>: Head<T> {
    /// Var y of each entry of y, given the network's output.
    fn variance(&self, output: &DVector<T>) -> DVector<T>;
}

/// Var y of the arithmetic mean by the law of total variance, entry by entry of y.
#[derive(Clone, Debug, PartialEq)]
pub struct TotalVariance<T> {
    /// \\(\mathbb E_\mu \operatorname{Var}(y \mid \mu)\\), the noise that every sub-model expects.
    pub within: DVector<T>,
    /// \\(\operatorname{Var}_\mu \mathbb E(y \mid \mu)\\), the spread of the sub-models' means.
    pub between: DVector<T>,
}

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// \\(\operatorname{Var} y = \mathbb E \operatorname{Var}(y \mid \mu) + \operatorname{Var} \mathbb E(y \mid \mu)\\) for one
    /// input, over all sub-models.
    ///
    /// ```
    /// use dropout_oracle::{ensemble::Ensemble, head::Gaussian, law::Uniform, network::linear_regression};
    /// use nalgebra::dvector;
    /// let (network, law, head) = (linear_regression(dvector![2.0], 0.0)?, Uniform::new(1), Gaussian::new(0.25)?);
    /// let variance = Ensemble::new(&network, &head, &law)?.total_variance(&dvector![1.0])?;
    /// assert_eq!((variance.within[0], variance.between[0]), (0.25, 1.0)); // means 0 and 2
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ensemble::arithmetic_mean`].
    pub fn total_variance<T: Scalar>(&self, x: &DVector<T>) -> Result<TotalVariance<T>>
    where
        N: Network<T>,
        H: HeadVariance<T>,
        L: FiniteLaw<T>,
    {
        // Around the mean, in a second pass: E f² − (E f)² would cancel.
        let mean = self.arithmetic_mean(x)?;
        let between = expectation(self.law, |multipliers| {
            let off = self.head.expected(&self.network.output(x, multipliers)?) - &mean;
            Ok(off.component_mul(&off))
        })?;
        Ok(TotalVariance { within: self.expect(x, |output| self.head.variance(output))?, between })
    }
}

/// p(1 − p).
fn of_an_indicator<T: Real>(probabilities: DVector<T>) -> DVector<T> {
    probabilities.map(|p| p * (T::one() - p))
}

impl<T: Real> HeadVariance<T> for Softmax {
    fn variance(&self, output: &DVector<T>) -> DVector<T> {
        of_an_indicator(self.expected(output))
    }
}

impl<T: Real> HeadVariance<T> for Bernoulli {
    fn variance(&self, output: &DVector<T>) -> DVector<T> {
        of_an_indicator(self.expected(output))
    }
}

impl<T: Real> HeadVariance<T> for Poisson {
    fn variance(&self, output: &DVector<T>) -> DVector<T> {
        self.expected(output)
    }
}

impl<T: Scalar> HeadVariance<T> for Gaussian<T> {
    fn variance(&self, output: &DVector<T>) -> DVector<T> {
        DVector::from_element(output.len(), Gaussian::variance(self).clone())
    }
}

impl<T: Real> HeadVariance<T> for GaussianWithVariance {
    fn variance(&self, output: &DVector<T>) -> DVector<T> {
        output.rows(output.len() / 2, output.len() / 2).into_owned()
    }
}
