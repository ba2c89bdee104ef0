//! The normalised geometric mean of the sub-models' distributions: equations 7.54, 7.55, 7.58 and 7.59.

use super::{Ensemble, expectation};
use crate::error::Result;
use crate::head::{Head, LogProbability, Normalised};
use crate::law::FiniteLaw;
use crate::network::Network;
use crate::scalar::{Real, Scalar};
use nalgebra::DVector;

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The normalised geometric mean \\(\propto \prod_\mu p(y \mid x, \mu)^{\pi(\mu)}\\), by definition and in logarithms.
    ///
    /// The exponents are π(μ) for any law; the 2^d-th root of equation 7.54 is the uniform law's.
    ///
    /// # Errors
    /// [`Error::ZeroProbability`](crate::Error::ZeroProbability) if every y has probability zero under some sub-model
    /// of positive weight; otherwise as [`Ensemble::arithmetic_mean`].
    pub fn geometric_mean<T: Scalar>(&self, x: &DVector<T>) -> Result<Normalised<T>>
    where
        N: Network<T>,
        H: Head<T>,
        L: FiniteLaw<T>,
    {
        self.head.normalise(&self.expect(x, |output| self.head.log_coordinates(output))?)
    }

    /// \\(\sum_\mu \pi(\mu) \ln p(y \mid x, \mu)\\), the logarithm of equation 7.54: the geometric mean at y *before* it
    /// is normalised.
    ///
    /// # Errors
    /// As [`Ensemble::log_arithmetic_mean`].
    pub fn expected_log_probability<T: Real>(&self, x: &DVector<T>, target: &DVector<T>) -> Result<T>
    where
        N: Network<T>,
        H: LogProbability<T>,
        L: FiniteLaw<T>,
    {
        self.check_target(target)?;
        let log_probability = |multipliers: &DVector<T>| {
            let output = self.network.output(x, multipliers)?;
            Ok(DVector::from_element(1, self.head.log_probability(&output, target)?))
        };
        Ok(expectation(self.law, log_probability)?[0])
    }
}
