//! A network with dropout, ready to predict: network, head, keep probabilities and convention in one.

use crate::ensemble::Ensemble;
use crate::error::Result;
use crate::head::{Bernoulli, Gaussian, LogProbability, Poisson, Softmax};
use crate::law::{Independent, Rescaled};
use crate::network::{Mlp, Network};
use crate::scalar::{Real, Scalar};
use nalgebra::DVector;
use std::fmt;

/// How kept units are scaled while training, and hence in every sub-model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Sub-models use h∘d; weight scaling multiplies by the keep probability.
    Standard,
    /// Sub-models use h∘d/p; weight scaling is the network as it stands.
    Inverted,
}

impl Convention {
    /// The law of the multipliers for independent units: 0 or 1, or 0 or 1/p.
    ///
    /// # Errors
    /// As [`Rescaled::inverted`].
    pub fn law<T: Scalar>(self, masks: Independent<T>) -> Result<Rescaled<T, Independent<T>>> {
        match self {
            Self::Inverted => Rescaled::inverted(masks),
            Self::Standard => Ok(Rescaled::unscaled(masks)),
        }
    }
}

/// Which distribution the network's output parametrises.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadKind {
    /// [`Softmax`].
    Softmax,
    /// [`Bernoulli`].
    Bernoulli,
    /// [`Gaussian`] with this variance.
    Gaussian {
        /// σ².
        variance: f64,
    },
    /// [`Poisson`].
    Poisson,
}

impl HeadKind {
    /// The head itself.
    ///
    /// # Errors
    /// [`Error::Domain`](crate::Error::Domain) for a variance that is not positive.
    pub fn head(&self) -> Result<Box<dyn LogProbability<f64> + Send>> {
        self.head_over(|variance| variance)
    }

    /// The head over another number type.
    pub(crate) fn head_over<T: Real>(&self, number: impl Fn(f64) -> T) -> Result<Box<dyn LogProbability<T> + Send>> {
        Ok(match self {
            Self::Softmax => Box::new(Softmax),
            Self::Bernoulli => Box::new(Bernoulli),
            Self::Gaussian { variance } => Box::new(Gaussian::new(number(*variance))?),
            Self::Poisson => Box::new(Poisson),
        })
    }
}

/// A network with independent dropout.
///
/// ```
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use nalgebra::{dmatrix, dvector};
/// let network = Mlp::new(2, vec![
///     Layer::dropout(2),
///     Layer::Affine(Affine::new(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![0.0, 0.0])?),
/// ])?;
/// let model = Model::new(network, HeadKind::Softmax, dvector![0.5, 0.8], Convention::Inverted)?;
/// let prediction = model.ensemble().predict(&dvector![1.0, 1.0])?;
/// assert_eq!(prediction.weight_scaling.len(), 2);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub struct Model {
    network: Mlp<f64>,
    kind: HeadKind,
    head: Box<dyn LogProbability<f64> + Send>,
    keep: DVector<f64>,
    convention: Convention,
    law: Rescaled<f64, Independent<f64>>,
}

impl Model {
    /// `network` with KEEP probability `keep[i]` for its i-th droppable unit.
    ///
    /// # Errors
    /// [`Error::KeepProbability`](crate::Error::KeepProbability) for a keep probability outside (0, 1],
    /// [`Error::Shape`](crate::Error::Shape) unless there is one a droppable unit, [`Error::Domain`](crate::Error::Domain)
    /// if the head does not fit the outputs.
    pub fn new(network: Mlp<f64>, kind: HeadKind, keep: DVector<f64>, convention: Convention) -> Result<Self> {
        let head = kind.head()?;
        let law = convention.law(Independent::new(keep.clone())?)?;
        Ensemble::new(&network, &*head, &law)?;
        Ok(Self { network, kind, head, keep, convention, law })
    }

    /// f(x, μ).
    pub fn network(&self) -> &Mlp<f64> {
        &self.network
    }

    /// f(x, μ), to be trained.
    pub(crate) fn network_mut(&mut self) -> &mut Mlp<f64> {
        &mut self.network
    }

    /// The distribution over y.
    pub fn head(&self) -> &(dyn LogProbability<f64> + Send) {
        &*self.head
    }

    /// Which head it is.
    pub fn head_kind(&self) -> &HeadKind {
        &self.kind
    }

    /// KEEP probability of each droppable unit.
    pub fn keep(&self) -> &DVector<f64> {
        &self.keep
    }

    /// How kept units are scaled.
    pub fn convention(&self) -> Convention {
        self.convention
    }

    /// The law of the multipliers: 0 or 1 under [`Convention::Standard`], 0 or 1/p under [`Convention::Inverted`].
    pub fn law(&self) -> &Rescaled<f64, Independent<f64>> {
        &self.law
    }

    /// The ensemble of all sub-models.
    pub fn ensemble(&self) -> ModelEnsemble<'_> {
        Ensemble::new(&self.network, &*self.head, &self.law).expect("checked when the model was built")
    }

    /// Weights, biases and droppable units, as in `64-6-6-2`.
    pub fn shape(&self) -> String {
        let widths = self.network.affine().map(|affine| affine.outputs());
        itertools::join(std::iter::once(self.network.inputs()).chain(widths), "-")
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("shape", &self.shape())
            .field("head", &self.kind)
            .field("keep", &self.keep.as_slice())
            .field("convention", &self.convention)
            .finish()
    }
}

/// The ensemble of a [`Model`].
pub type ModelEnsemble<'a> = Ensemble<'a, Mlp<f64>, dyn LogProbability<f64> + Send, Rescaled<f64, Independent<f64>>>;
