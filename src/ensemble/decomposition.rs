//! What dropout training minimises, split into the ensemble's loss and the sub-models' disagreement.

use super::Ensemble;
use crate::error::Result;
use crate::head::LogProbability;
use crate::law::FiniteLaw;
use crate::network::Network;
use crate::scalar::Real;
use nalgebra::DVector;

/// \\(\mathbb E_\mu[-\ln p_\mu(y)] = -\ln \mathrm{NGM}(y) + R\\), for any network and any head.
///
/// \\(R = -\ln Z = -\ln \sum_y \prod_\mu p_\mu(y)^{\pi(\mu)} \ge 0\\) does not depend on the label y, is the least mean
/// divergence \\(\min_q \sum_\mu \pi(\mu)\\, \mathrm{KL}(q \\,\\|\\, p_\mu)\\), attained at q = NGM, and vanishes iff all
/// sub-models agree (claim ens.decomposition).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decomposition<T> {
    /// \\(\mathbb E_\mu[-\ln p_\mu(y)]\\), the dropout loss.
    pub expected_loss: T,
    /// \\(-\ln \mathrm{NGM}(y)\\), the loss of the normalised geometric mean.
    pub geometric_loss: T,
    /// R, the sub-models' disagreement.
    pub disagreement: T,
}

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The decomposition of the dropout loss at one example.
    ///
    /// # Errors
    /// As [`Ensemble::geometric_mean`] and [`Ensemble::log_arithmetic_mean`].
    pub fn decomposition<T: Real>(&self, x: &DVector<T>, target: &DVector<T>) -> Result<Decomposition<T>>
    where
        N: Network<T>,
        H: LogProbability<T>,
        L: FiniteLaw<T>,
    {
        let expected_loss = -self.expected_log_probability(x, target)?;
        let log_mass = self.geometric_mean(x)?.log_mass;
        Ok(Decomposition { expected_loss, geometric_loss: expected_loss + log_mass, disagreement: -log_mass })
    }
}
