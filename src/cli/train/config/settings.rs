//! The network and the settings that a configuration stands for.

use super::{ActivationSpec, Config, ConventionSpec, DecaySpec, Head, MOST_WEIGHTS, Precision, SparsitySpec};
use crate::cli::Failure;
use crate::cli::train::method::Way;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::train::initial::he_uniform;
use dropout_oracle::train::regulariser::Sparsity;
use dropout_oracle::train::{Decay, Training};
use dropout_oracle::{Error, Model};
use nalgebra::{DMatrix, DVector};

impl Config {
    /// The settings, for so many examples to train on, and the steps from look to look.
    pub fn training(&self, examples: usize) -> Result<(Training, u64), Failure> {
        let spec = &self.training;
        let batch = spec.batch.unwrap_or(32).min(examples);
        let epoch = examples.div_ceil(batch) as u64;
        let steps = spec.steps.or_else(|| spec.epochs?.checked_mul(epoch));
        let steps = steps.filter(|&steps| steps > 0 && steps < 1 << 53).ok_or_else(|| {
            Failure::CouldNotRun("[training] steps (or epochs) must be at least 1, and below 2^53 steps in all".into())
        })?;
        let mut training = Training::new(steps).batch(batch).seed(spec.seed);
        if let Way::Minibatches(method) = spec.method.way {
            training.method = method;
        }
        training.learning_rate = spec.learning_rate.unwrap_or(training.learning_rate);
        training.momentum = spec.momentum.unwrap_or(training.momentum);
        training.nesterov = spec.nesterov.unwrap_or(false);
        training.decay = match spec.decay {
            Some(DecaySpec::Constant) => Decay::Constant,
            Some(DecaySpec::Linear) | None => Decay::Linear,
        };
        training.regularisers.l2 = spec.l2;
        training.regularisers.l1 = spec.l1;
        training.regularisers.sparsity =
            spec.sparsity.map(|SparsitySpec { target, strength }| Sparsity { target, strength });
        training.max_norm = spec.max_norm;
        let every = self.validation.as_ref().and_then(|part| part.every).unwrap_or(epoch);
        Ok((training, every))
    }

    /// In which numbers minibatches are computed.
    pub fn precision(&self) -> Precision {
        self.training.precision.unwrap_or_default()
    }

    /// Where a method without noise stops: no entry of the gradient is larger.
    pub fn tolerance(&self) -> f64 {
        self.training.tolerance.unwrap_or(1e-6)
    }

    /// The network with the initial weights of a seed.
    pub fn model(&self, inputs: usize, outputs: usize, seed: u64) -> Result<Model, Error> {
        let spec = &self.network;
        let widths = || [inputs].into_iter().chain(spec.hidden.iter().copied()).chain([outputs]);
        let weights = widths().zip(widths().skip(1)).try_fold(0usize, |sum, (a, b)| sum.checked_add(a.checked_mul(b)?));
        if weights.is_none_or(|weights| weights > MOST_WEIGHTS) {
            return Err(Error::Domain {
                what: "[network]".into(),
                value: format!("of more than {MOST_WEIGHTS} weights"),
                must: "smaller",
            });
        }
        let (mut layers, mut keep, mut width) = (Vec::new(), Vec::new(), inputs);
        for (layer, &units) in spec.hidden.iter().chain([&outputs]).enumerate() {
            let kept = spec.keep.as_ref().map_or(1.0, |keep| keep[layer]);
            if kept < 1.0 {
                layers.push(Layer::dropout(width));
                keep.extend(std::iter::repeat_n(kept, width));
            }
            layers.push(Layer::Affine(Affine::new(DMatrix::zeros(units, width), DVector::zeros(units))?));
            if layer < spec.hidden.len() {
                layers.push(Layer::Unit(self.activation()));
            }
            width = units;
        }
        let mut network = Mlp::new(inputs, layers)?;
        he_uniform(&mut network, seed);
        let convention = match spec.convention {
            ConventionSpec::Inverted => Convention::Inverted,
            ConventionSpec::Standard => Convention::Standard,
        };
        Model::new(network, self.head(), DVector::from(keep), convention)
    }

    fn activation(&self) -> Activation {
        match self.network.activation {
            ActivationSpec::Relu => PiecewiseLinear::Relu.into(),
            ActivationSpec::Identity => PiecewiseLinear::Identity.into(),
            ActivationSpec::Tanh => Activation::Tanh,
            ActivationSpec::Logistic => Activation::Logistic,
        }
    }

    fn head(&self) -> HeadKind {
        match self.network.head {
            Head::Softmax => HeadKind::Softmax,
            Head::Bernoulli => HeadKind::Bernoulli,
            Head::Gaussian => HeadKind::Gaussian { variance: self.network.variance.unwrap_or(1.0) },
            Head::Poisson => HeadKind::Poisson,
        }
    }
}
