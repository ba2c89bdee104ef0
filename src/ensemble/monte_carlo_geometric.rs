//! The geometric mean, estimated from sampled sub-models, and how fast the estimate approaches it.

use super::monte_carlo::check_samples;
use super::{Ensemble, expectation};
use crate::error::{Error, Result};
use crate::head::{Head, Normalised};
use crate::law::{FiniteLaw, Law};
use crate::network::Network;
use crate::scalar::{Real, Scalar};
use nalgebra::{DMatrix, DVector};
use rand::Rng;

impl<N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'_, N, H, L> {
    /// G_k, the normalised geometric mean of k = `samples` sub-models drawn from the law with `rng`, one after another.
    ///
    /// It tends to the normalised geometric mean, not to weight scaling: for every q,
    /// \\(\mathbb E\\,\mathrm{KL}(q \\,\\|\\, G_k) = \mathrm{KL}(q \\,\\|\\, \mathrm{NGM}) + \mathbb E\\,\mathrm{KL}(\mathrm{NGM}
    /// \\,\\|\\, G_k)\\), so against q = WS the divergence stops at the floor \\(\mathrm{KL}(\mathrm{WS} \\,\\|\\,
    /// \mathrm{NGM})\\), which is zero where weight scaling is exact. [`geometric_rate`] gives the last term (claim
    /// mc.geometric-rate).
    ///
    /// # Errors
    /// [`Error::Domain`] for zero samples, [`Error::ZeroProbability`] if the sampled sub-models have no outcome in common,
    /// [`Error::Shape`] for an input of another length.
    pub fn monte_carlo_geometric<T: Real>(
        &self,
        x: &DVector<T>,
        samples: u64,
        rng: &mut dyn Rng,
    ) -> Result<Normalised<T>>
    where
        N: Network<T>,
        H: Head<T>,
        L: Law<T>,
    {
        check_samples(samples)?;
        let mut draw = || Ok(self.head.log_coordinates(&self.network.output(x, &self.law.sample(rng))?));
        let (mut sum, mut drawn) = (draw()?, T::one());
        for _ in 1..samples {
            sum += draw()?;
            drawn += T::one();
        }
        self.head.normalise(&(sum / drawn))
    }

    /// \\(\operatorname{Cov} f(x, \mu)\\), outputs × outputs, by enumeration.
    ///
    /// # Errors
    /// As [`Ensemble::arithmetic_mean`].
    pub fn output_covariance<T: Scalar>(&self, x: &DVector<T>) -> Result<DMatrix<T>>
    where
        N: Network<T>,
        L: FiniteLaw<T>,
    {
        let mean = self.expect(x, DVector::clone)?;
        let products = expectation(self.law, |multipliers| {
            let deviation = self.network.output(x, multipliers)? - &mean;
            let pairs = itertools::iproduct!(deviation.as_slice(), deviation.as_slice());
            let products = pairs.map(|(a, b)| a.clone() * b.clone());
            Ok(DVector::from_iterator(deviation.len() * deviation.len(), products))
        })?;
        Ok(DMatrix::from_vec(mean.len(), mean.len(), products.data.into()))
    }
}

/// \\(\tfrac12 \operatorname{tr}(H \operatorname{Cov} z)\\) with \\(H = \operatorname{diag}(p) - pp^\top\\): what
/// \\(k\\,\mathbb E\\,\mathrm{KL}(\mathrm{NGM} \\,\\|\\, G_k)\\) tends to (claim mc.geometric-rate).
///
/// `probabilities` is p = NGM, a distribution over classes; `covariance` is that of the logits z over the sub-models. H is
/// the Fisher information of a softmax, so a shift of all logits alike does not count.
///
/// ```
/// use dropout_oracle::ensemble::geometric_rate;
/// use nalgebra::{dmatrix, dvector};
/// // two classes, one random logit of variance 1: p(1 − p)/2
/// assert_eq!(geometric_rate(&dvector![0.5, 0.5], &dmatrix![1.0, 0.0; 0.0, 0.0])?, 0.125);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless the covariance has one row and one column a class.
pub fn geometric_rate<T: Scalar>(probabilities: &DVector<T>, covariance: &DMatrix<T>) -> Result<T> {
    let classes = probabilities.len();
    Error::shape("rows of the covariance of the logits", classes, covariance.nrows())?;
    Error::shape("columns of the covariance of the logits", classes, covariance.ncols())?;
    let p = |y: usize| probabilities[y].clone();
    let trace = itertools::iproduct!(0..classes, 0..classes).fold(T::zero(), |sum, (y, z)| {
        let information = if y == z { p(y) - p(y) * p(y) } else { -(p(y) * p(z)) };
        sum + information * covariance[(y, z)].clone()
    });
    Ok(trace * T::ratio(1, 2))
}
