//! What a configuration says, and the network and settings that it stands for.

use super::Failure;
use dropout_oracle::Model;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::train::initial::he_uniform;
use dropout_oracle::train::{Decay, Training};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A configuration that a newcomer can run as it stands.
pub const EXAMPLE: &str = include_str!("example.toml");

/// Beyond this the numbers of a training do not fit into the memory of a usual machine.
const MOST_WEIGHTS: usize = 1 << 30;

/// More outputs than this are taken for a mistake.
pub const MOST_OUTPUTS: usize = 1 << 16;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data: Source,
    pub validation: Option<Validation>,
    pub test: Option<Part>,
    pub network: NetworkSpec,
    pub training: TrainingSpec,
    pub early_stopping: Option<Stopping>,
}

/// Where examples come from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub inputs: PathBuf,
    pub targets: Option<PathBuf>,
    #[serde(default = "one")]
    pub divide_by: f64,
    #[serde(default)]
    pub seed: u64,
}

/// Examples that are not trained on: a fraction of all, or files of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub fraction: Option<f64>,
    pub inputs: Option<PathBuf>,
    pub targets: Option<PathBuf>,
}

/// A [`Part`], and how often it is looked at. (Serde cannot flatten one into the other and refuse unknown fields.)
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    fraction: Option<f64>,
    inputs: Option<PathBuf>,
    targets: Option<PathBuf>,
    every: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    Softmax,
    Bernoulli,
    Gaussian,
    Poisson,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    pub hidden: Vec<usize>,
    /// KEEP probabilities of the inputs and of each hidden layer; none for 1 everywhere.
    keep: Option<Vec<f64>>,
    pub head: Head,
    variance: Option<f64>,
    pub outputs: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpec {
    steps: Option<u64>,
    epochs: Option<u64>,
    batch: Option<usize>,
    learning_rate: Option<f64>,
    decay: Option<DecaySpec>,
    momentum: Option<f64>,
    #[serde(default)]
    nesterov: bool,
    l2: Option<f64>,
    l1: Option<f64>,
    max_norm: Option<f64>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    pub precision: Precision,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DecaySpec {
    Linear,
    Constant,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    F32,
    F64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopping {
    pub patience: u64,
}

fn one() -> f64 {
    1.0
}

impl Config {
    /// Reads a file and checks what needs no data.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let place = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::CouldNotRun(format!("cannot read {place}: {error}")))?;
        let config: Self = toml::from_str(&text).map_err(|error| Failure::CouldNotRun(format!("{place}: {error}")))?;
        config.check().map_err(|why| Failure::CouldNotRun(format!("{place}: {why}")))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if !(self.data.divide_by.is_finite() && self.data.divide_by != 0.0) {
            return Err(format!("[data] divide_by is {}; it must be finite and not 0", self.data.divide_by));
        }
        for (name, part) in [("validation", self.validation()), ("test", self.test.clone())] {
            let Some(part) = part else { continue };
            match (part.fraction, &part.inputs) {
                (Some(fraction), None) if fraction > 0.0 && fraction < 1.0 && part.targets.is_none() => {}
                (None, Some(_)) => {}
                _ => return Err(format!("[{name}] needs a fraction between 0 and 1, or else inputs (and targets)")),
            }
        }
        let dropped = self.network.hidden.len() + 1;
        match &self.network.keep {
            Some(keep) if keep.len() != dropped => {
                return Err(format!(
                    "[network] keep has {} probabilities; it needs {dropped}: one for the inputs and one a hidden layer",
                    keep.len()
                ));
            }
            Some(keep) => {
                if let Some(bad) = keep.iter().find(|&&keep| !(keep > 0.0 && keep <= 1.0)) {
                    return Err(format!(
                        "[network] keep has {bad}; a KEEP probability (1 minus the drop rate) lies in (0, 1]"
                    ));
                }
            }
            None => {}
        }
        if self.network.hidden.contains(&0) || self.network.outputs == Some(0) {
            return Err("[network] has a layer of width 0; the least is 1".into());
        }
        if self.network.outputs.is_some_and(|outputs| outputs > MOST_OUTPUTS) {
            return Err(format!("[network] outputs is more than {MOST_OUTPUTS}"));
        }
        if self.network.variance.is_some() && !matches!(self.network.head, Head::Gaussian) {
            return Err("[network] variance belongs to head = \"gaussian\" alone".into());
        }
        if self.training.steps.is_some() == self.training.epochs.is_some() {
            return Err("[training] needs either steps or epochs".into());
        }
        if self.training.batch == Some(0) || self.validation.as_ref().is_some_and(|part| part.every == Some(0)) {
            return Err("[training] batch and [validation] every must be at least 1".into());
        }
        match &self.early_stopping {
            Some(_) if self.validation.is_none() => Err("[early_stopping] needs [validation]".into()),
            Some(stopping) if stopping.patience == 0 => Err("[early_stopping] patience must be at least 1".into()),
            _ => Ok(()),
        }
    }

    /// The examples that training is watched on.
    pub fn validation(&self) -> Option<Part> {
        let part = self.validation.as_ref()?;
        Some(Part { fraction: part.fraction, inputs: part.inputs.clone(), targets: part.targets.clone() })
    }

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
        training.learning_rate = spec.learning_rate.unwrap_or(training.learning_rate);
        training.momentum = spec.momentum.unwrap_or(training.momentum);
        training.nesterov = spec.nesterov;
        training.decay = match spec.decay {
            Some(DecaySpec::Constant) => Decay::Constant,
            Some(DecaySpec::Linear) | None => Decay::Linear,
        };
        training.regularisers.l2 = spec.l2;
        training.regularisers.l1 = spec.l1;
        training.max_norm = spec.max_norm;
        let every = self.validation.as_ref().and_then(|part| part.every).unwrap_or(epoch);
        Ok((training, every))
    }

    /// The network with its initial weights.
    pub fn model(&self, inputs: usize, outputs: usize) -> Result<Model, Failure> {
        let spec = &self.network;
        let widths = || [inputs].into_iter().chain(spec.hidden.iter().copied()).chain([outputs]);
        let weights = widths().zip(widths().skip(1)).try_fold(0usize, |sum, (a, b)| sum.checked_add(a.checked_mul(b)?));
        if weights.is_none_or(|weights| weights > MOST_WEIGHTS) {
            return Err(Failure::CouldNotRun(format!("[network] has more than {MOST_WEIGHTS} weights")));
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
                layers.push(Layer::Unit(PiecewiseLinear::Relu.into()));
            }
            width = units;
        }
        let mut network = Mlp::new(inputs, layers)?;
        he_uniform(&mut network, self.training.seed);
        Ok(Model::new(network, self.head(), DVector::from(keep), Convention::Inverted)?)
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
