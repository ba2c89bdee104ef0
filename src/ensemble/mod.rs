//! The ensemble of all sub-models of a network: its exact means, and what approximates them.
//!
//! Three predictors are called "the ensemble" in the literature. They differ, and here each has its name:
//!
//! | name | definition | module | equation |
//! |---|---|---|---|
//! | AM, arithmetic mean | \\(\sum_\mu \pi(\mu)\\, p(y \mid x, \mu)\\) | [`arithmetic`] | 7.53 |
//! | NGM, normalised geometric mean | \\(\propto \prod_\mu p(y \mid x, \mu)^{\pi(\mu)}\\) | [`geometric`] | 7.54, 7.55, 7.58, 7.59 |
//! | WS, weight scaling | \\(p(y \mid x, \mathbb E\\,\mu)\\) | [`weight_scaling`] | 7.63–7.66 |
//!
//! AM and NGM are computed by definition: every sub-model is evaluated, and the results are added along a fixed binary
//! tree over the mask integer ([`expectation`]), so that the bits do not depend on the number of threads.

pub mod arithmetic;
pub mod boosting;
pub mod decomposition;
pub mod divergence;
mod expectation;
pub mod expectation_linear;
pub mod fold;
pub mod geometric;
pub mod hoeffding;
pub mod interval;
pub mod losses;
pub mod moebius;
pub mod monte_carlo;
pub mod monte_carlo_geometric;
pub mod nwgm;
pub mod total_variance;
pub mod uncertainty;
pub mod weight_scaling;

pub use decomposition::Decomposition;
pub use divergence::divergence;
pub use expectation::expectation;
pub use losses::Losses;
pub use monte_carlo::MonteCarlo;
pub use monte_carlo_geometric::geometric_rate;

use crate::error::{Error, Result};
use crate::head::{Head, Normalised};
use crate::law::{FiniteLaw, Law};
use crate::network::Network;
use crate::scalar::Scalar;
use nalgebra::DVector;

/// A network, the distribution that its output parametrises, and the law of its multipliers.
///
/// ```
/// use dropout_oracle::{ensemble::Ensemble, head::Softmax, law::Uniform, network::softmax_regression};
/// use nalgebra::{dmatrix, dvector};
/// let network = softmax_regression(dmatrix![1.0, -2.0; 0.0, 3.0], dvector![0.5, 0.0])?;
/// let law = Uniform::new(2);
/// let ensemble = Ensemble::new(&network, &Softmax, &law)?;
/// let prediction = ensemble.predict(&dvector![1.0, 1.0])?;
/// // for softmax regression weight scaling is the geometric mean (equation 7.66) …
/// let gap = (&prediction.geometric_mean.expected - &prediction.weight_scaling).amax();
/// assert!(gap < 1e-15);
/// // … and not the arithmetic one
/// assert!((&prediction.arithmetic_mean - &prediction.weight_scaling).amax() > 0.01);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Debug)]
pub struct Ensemble<'a, N: ?Sized, H: ?Sized, L: ?Sized> {
    network: &'a N,
    head: &'a H,
    law: &'a L,
}

/// The three predictions for one input, as the expected y (probabilities, means or rates) under each.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction<T> {
    /// AM, equation 7.53.
    pub arithmetic_mean: DVector<T>,
    /// NGM, equations 7.54 and 7.55, with the mass before normalisation.
    pub geometric_mean: Normalised<T>,
    /// WS, the network at E μ.
    pub weight_scaling: DVector<T>,
}

impl<'a, N: ?Sized, H: ?Sized, L: ?Sized> Ensemble<'a, N, H, L> {
    /// The ensemble of `network` under `law`, predicting through `head`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law has as many units as the network and the head fits its outputs.
    pub fn new<T: Scalar>(network: &'a N, head: &'a H, law: &'a L) -> Result<Self>
    where
        N: Network<T>,
        H: Head<T>,
        L: Law<T>,
    {
        Error::shape("units of the law, one a droppable unit of the network", network.units(), law.units())?;
        head.check(network.outputs())?;
        Ok(Self { network, head, law })
    }

    /// All sub-models for one input: the network's output under each mask, with the mask's probability.
    ///
    /// # Errors
    /// [`Error::Shape`] for an input of another length, [`Error::TooManyMasks`] where they cannot be counted.
    pub fn submodels<T: Scalar>(&self, x: &DVector<T>) -> Result<Vec<(DVector<T>, T)>>
    where
        N: Network<T>,
        L: FiniteLaw<T>,
    {
        self.law.support()?.map(|(multipliers, weight)| Ok((self.network.output(x, &multipliers)?, weight))).collect()
    }

    /// That y has the length that the head asks for, and no NaN.
    fn check_target<T: Scalar>(&self, target: &DVector<T>) -> Result<()>
    where
        N: Network<T>,
        H: Head<T>,
    {
        Error::shape("entries of the target", self.head.targets(self.network.outputs()), target.len())?;
        match target.iter().find(|y| !y.is_finite()) {
            Some(bad) => Err(Error::NotFinite { what: "an entry of the target".into(), value: bad.to_f64() }),
            None => Ok(()),
        }
    }

    /// \\(\mathbb E_\mu\\, g(f(x, \mu))\\), by enumeration.
    fn expect<T: Scalar>(&self, x: &DVector<T>, g: impl Fn(&DVector<T>) -> DVector<T> + Sync) -> Result<DVector<T>>
    where
        N: Network<T>,
        L: FiniteLaw<T>,
    {
        expectation(self.law, |multipliers| Ok(g(&self.network.output(x, multipliers)?)))
    }

    /// The three predictions for one input, with a single enumeration.
    ///
    /// # Errors
    /// As [`Ensemble::arithmetic_mean`] and [`Ensemble::geometric_mean`].
    pub fn predict<T: Scalar>(&self, x: &DVector<T>) -> Result<Prediction<T>>
    where
        N: Network<T>,
        H: Head<T>,
        L: FiniteLaw<T>,
    {
        let targets = self.head.targets(self.network.outputs());
        let means = self.expect(x, |output| {
            let (expected, logs) = (self.head.expected(output), self.head.log_coordinates(output));
            DVector::from_iterator(targets + logs.len(), expected.iter().chain(&logs).cloned())
        })?;
        Ok(Prediction {
            arithmetic_mean: means.rows(0, targets).into_owned(),
            geometric_mean: self.head.normalise(&means.rows(targets, means.len() - targets).into_owned())?,
            weight_scaling: self.weight_scaling(x)?,
        })
    }
}
