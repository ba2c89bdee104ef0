//! The loss of each prediction at a target.

use super::Ensemble;
use crate::error::Result;
use crate::head::LogProbability;
use crate::law::FiniteLaw;
use crate::network::Network;
use crate::scalar::Real;
use nalgebra::DVector;

/// −ln p(y), the negative log-likelihood of a target under each of the three predictions.
///
/// AM's is never above the mean of the sub-models' own losses (claim ens.jensen), and neither is NGM's.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses<T> {
    /// \\(-\ln \sum_\mu \pi(\mu)\\, p_\mu(y)\\).
    pub arithmetic_mean: T,
    /// \\(-\sum_\mu \pi(\mu) \ln p_\mu(y) + \ln Z\\).
    pub geometric_mean: T,
    /// −ln p(y) of the network at E μ.
    pub weight_scaling: T,
}

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The negative log-likelihood of a target under each prediction.
    ///
    /// ```
    /// use dropout_oracle::{ensemble::Ensemble, head::Softmax, law::Uniform, network::softmax_regression};
    /// use nalgebra::{dmatrix, dvector};
    /// let (network, law) = (softmax_regression(dmatrix![2.0_f64; 0.0], dvector![0.0, 0.0])?, Uniform::new(1));
    /// let losses = Ensemble::new(&network, &Softmax, &law)?.losses(&dvector![1.0], &dvector![1.0, 0.0])?;
    /// // here weight scaling is the geometric mean, σ(1), and both are below −ln(½σ(2) + ½σ(0)), the loss of AM
    /// assert!((losses.geometric_mean - losses.weight_scaling).abs() < 1e-15);
    /// assert!(losses.weight_scaling < losses.arithmetic_mean);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ensemble::log_arithmetic_mean`] and [`Ensemble::decomposition`].
    pub fn losses<T: Real>(&self, x: &DVector<T>, target: &DVector<T>) -> Result<Losses<T>>
    where
        N: Network<T>,
        H: LogProbability<T>,
        L: FiniteLaw<T>,
    {
        Ok(Losses {
            arithmetic_mean: -self.log_arithmetic_mean(x, target)?,
            geometric_mean: self.decomposition(x, target)?.geometric_loss,
            weight_scaling: -self.head.log_probability(&self.weight_scaled_output(x)?, target)?,
        })
    }
}
