//! The arithmetic mean of the sub-models' distributions: equation 7.53.

use super::Ensemble;
use super::expectation::pairwise;
use crate::error::Result;
use crate::head::{Head, LogProbability};
use crate::law::FiniteLaw;
use crate::network::Network;
use crate::scalar::{Real, Scalar, log_sum_exp};
use nalgebra::DVector;

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The expected y under the arithmetic mean: \\(\sum_\mu \pi(\mu)\\, \mathbb E(y \mid x, \mu)\\).
    ///
    /// For classes these are the probabilities of equation 7.53 themselves. For other heads the arithmetic mean is a
    /// mixture, and this is its mean.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) for an input of another length,
    /// [`Error::TooManyMasks`](crate::Error::TooManyMasks) where they cannot be counted.
    pub fn arithmetic_mean<T: Scalar>(&self, x: &DVector<T>) -> Result<DVector<T>>
    where
        N: Network<T>,
        H: Head<T>,
        L: FiniteLaw<T>,
    {
        self.expect(x, |output| self.head.expected(output))
    }

    /// \\(\ln \sum_\mu \pi(\mu)\\, p(y \mid x, \mu)\\), added in logarithms so that no probability underflows.
    ///
    /// # Errors
    /// As [`Ensemble::arithmetic_mean`]; [`Error::Shape`](crate::Error::Shape) for a target of another length,
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a NaN or infinite one.
    pub fn log_arithmetic_mean<T: Real>(&self, x: &DVector<T>, target: &DVector<T>) -> Result<T>
    where
        N: Network<T>,
        H: LogProbability<T>,
        L: FiniteLaw<T>,
    {
        self.check_target(target)?;
        let term = |index| {
            let (multipliers, weight) = self.law.submodel(index);
            Ok(weight.ln() + self.head.log_probability(&self.network.output(x, &multipliers)?, target)?)
        };
        pairwise(0..self.law.submodels()?, &term, &|a, b| Ok(log_sum_exp(&[a?, b?])))
    }
}
