//! Heads: from a network's output to a distribution over what is predicted, in logarithms.
//!
//! Every head is an exponential family \\(p(y \mid \theta) = h(y)\\,e^{\theta\cdot s(y) - A(\theta)}\\) whose natural
//! parameter θ is a function of the network's output. The geometric mean of equation 7.54 averages ln p over the
//! sub-models. [`Head::log_coordinates`] are the numbers that determine ln p(·) linearly, so averaging *them* is
//! averaging ln p at every y at once; [`Head::normalise`] is then equation 7.55.
//!
//! | head | network output | θ | expected y |
//! |---|---|---|---|
//! | [`Softmax`] | logits | logits | class probabilities |
//! | [`Bernoulli`] | logits | logits | probabilities of 1 |
//! | [`Gaussian`] | means | m/σ² | means |
//! | [`GaussianWithVariance`] | means, variances | (m/v, −1/2v) | means |
//! | [`Poisson`] | log rates | log rates | rates |

mod bernoulli;
mod gaussian;
mod gaussian_with_variance;
mod poisson;
mod softmax;

pub use bernoulli::Bernoulli;
pub use gaussian::Gaussian;
pub use gaussian_with_variance::GaussianWithVariance;
pub use poisson::Poisson;
pub use softmax::Softmax;

use crate::error::{Error, Result};
use crate::scalar::{Real, Scalar};
use nalgebra::DVector;

/// A distribution that is one geometric mean, normalised (equation 7.55).
#[derive(Clone, Debug, PartialEq)]
pub struct Normalised<T> {
    /// The expected y under it: probabilities, means or rates.
    pub expected: DVector<T>,
    /// ln Z, with Z the mass before normalisation: 0 < Z ≤ 1, and Z = 1 iff all sub-models agree.
    pub log_mass: T,
}

/// A distribution over y, given a network's output.
///
/// The target y is a vector: one-hot (or soft) for classes, 0/1 for Bernoulli, real for Gaussian, counts for Poisson.
pub trait Head<T: Scalar>: Sync {
    /// Whether a network with this many outputs fits.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Domain`] if it does not.
    fn check(&self, outputs: usize) -> Result<()>;

    /// The length of y.
    fn targets(&self, outputs: usize) -> usize {
        outputs
    }

    /// E y under the distribution at `output`.
    fn expected(&self, output: &DVector<T>) -> DVector<T>;

    /// −ln p(y) + ln h(y): the loss without the base measure h, which no parameter and no mask changes.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the target has [`Head::targets`] entries.
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T>;

    /// The gradient of [`Head::loss`] with respect to the output.
    ///
    /// # Errors
    /// As [`Head::loss`].
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> Result<DVector<T>>;

    /// That y has as many entries as the head asks for.
    ///
    /// # Errors
    /// [`Error::Shape`] if it does not.
    fn check_target(&self, output: &DVector<T>, target: &DVector<T>) -> Result<()> {
        Error::shape("entries of the target", self.targets(output.len()), target.len())
    }

    /// Numbers that determine ln p(y) − ln h(y) linearly, for every y.
    fn log_coordinates(&self, output: &DVector<T>) -> DVector<T>;

    /// The distribution with these (averaged) coordinates, once normalised: equation 7.55.
    ///
    /// # Errors
    /// [`Error::ZeroProbability`] if the mass to be normalised is zero.
    fn normalise(&self, coordinates: &DVector<T>) -> Result<Normalised<T>>;
}

/// The part of ln p that needs logarithms whatever the head.
pub trait LogProbability<T: Real>: Head<T> {
    /// ln h(y), the logarithm of the base measure.
    fn log_base_measure(&self, target: &DVector<T>) -> T;

    /// ln p(y).
    ///
    /// # Errors
    /// As [`Head::loss`].
    fn log_probability(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T> {
        Ok(self.log_base_measure(target) - self.loss(output, target)?)
    }
}
