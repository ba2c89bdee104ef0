//! The arithmetic mean, estimated from sampled sub-models.

use super::Ensemble;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::law::Law;
use crate::network::Network;
use crate::scalar::Real;
use nalgebra::DVector;
use rand::Rng;

/// The mean prediction of k sampled sub-models: unbiased for the arithmetic mean, with variance Var/k
/// (claim mc.arithmetic).
#[derive(Clone, Debug, PartialEq)]
pub struct MonteCarlo<T> {
    /// How many sub-models were drawn.
    pub samples: u64,
    /// Their mean prediction.
    pub mean: DVector<T>,
    /// The standard error of each entry, from the sample variance; none for a single sample.
    pub standard_error: Option<DVector<T>>,
}

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// The mean prediction of `samples` sub-models drawn from the law with `rng`, one after another.
    ///
    /// # Errors
    /// [`Error::Domain`] for zero samples, [`Error::Shape`] for an input of another length.
    pub fn monte_carlo<T: Real>(&self, x: &DVector<T>, samples: u64, rng: &mut dyn Rng) -> Result<MonteCarlo<T>>
    where
        N: Network<T>,
        H: Head<T>,
        L: Law<T>,
    {
        check_samples(samples)?;
        // Welford's update: the mean so far, and the sum of squared deviations from it.
        let targets = self.head.targets(self.network.outputs());
        let (mut mean, mut squares) = (DVector::zeros(targets), DVector::zeros(targets));
        let mut drawn = T::zero();
        for _ in 0..samples {
            drawn += T::one();
            let prediction = self.head.expected(&self.network.output(x, &self.law.sample(rng))?);
            let before = &prediction - &mean;
            mean += &before / drawn;
            squares += before.component_mul(&(prediction - &mean));
        }
        let standard_error = (samples > 1).then(|| squares.map(|s| (s / (drawn * (drawn - T::one()))).sqrt()));
        Ok(MonteCarlo { samples, mean, standard_error })
    }
}

/// That there is at least one sample.
pub(super) fn check_samples(samples: u64) -> Result<()> {
    if samples > 0 {
        return Ok(());
    }
    Err(Error::Domain { what: "number of Monte Carlo samples".into(), value: "0".into(), must: "at least 1" })
}
