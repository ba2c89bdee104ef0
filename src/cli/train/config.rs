//! What a configuration says.

mod settings;

use super::Failure;
use super::method::{MethodSpec, Way};
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
    pub committee: Option<CommitteeSpec>,
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
    #[serde(default)]
    activation: ActivationSpec,
    /// KEEP probabilities of the inputs and of each hidden layer; none for 1 everywhere.
    keep: Option<Vec<f64>>,
    #[serde(default)]
    convention: ConventionSpec,
    pub head: Head,
    variance: Option<f64>,
    pub outputs: Option<usize>,
}

/// What hidden units do.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActivationSpec {
    #[default]
    Relu,
    Identity,
    Tanh,
    Logistic,
}

/// How kept units are scaled.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConventionSpec {
    #[default]
    Inverted,
    Standard,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSpec {
    #[serde(default)]
    pub method: MethodSpec,
    steps: Option<u64>,
    epochs: Option<u64>,
    batch: Option<usize>,
    learning_rate: Option<f64>,
    decay: Option<DecaySpec>,
    momentum: Option<f64>,
    nesterov: Option<bool>,
    l2: Option<f64>,
    l1: Option<f64>,
    sparsity: Option<SparsitySpec>,
    max_norm: Option<f64>,
    tolerance: Option<f64>,
    #[serde(default)]
    seed: u64,
    precision: Option<Precision>,
}

/// The mean activity that logistic hidden units are asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SparsitySpec {
    target: f64,
    strength: f64,
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

/// Independent networks beside the one that is trained.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitteeSpec {
    pub members: u64,
    /// Each on as many examples as there are, drawn with replacement.
    #[serde(default)]
    pub bootstrap: bool,
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
        if let Some(keep) = &self.network.keep {
            if keep.len() != dropped {
                return Err(format!(
                    "[network] keep has {} probabilities; it needs {dropped}: one for the inputs and one a hidden layer",
                    keep.len()
                ));
            }
            if let Some(bad) = keep.iter().find(|&&keep| !(keep > 0.0 && keep <= 1.0)) {
                return Err(format!(
                    "[network] keep has {bad}; a KEEP probability (1 minus the drop rate) lies in (0, 1]"
                ));
            }
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
        let logistic = matches!(self.network.activation, ActivationSpec::Logistic) && !self.network.hidden.is_empty();
        if self.training.sparsity.is_some() && !logistic {
            return Err("[training] sparsity needs hidden units with activation = \"logistic\"".into());
        }
        self.check_method()?;
        self.check_committee()?;
        if self.training.batch == Some(0) || self.validation.as_ref().is_some_and(|part| part.every == Some(0)) {
            return Err("[training] batch and [validation] every must be at least 1".into());
        }
        match &self.early_stopping {
            Some(_) if self.validation.is_none() => Err("[early_stopping] needs [validation]".into()),
            Some(stopping) if stopping.patience == 0 => Err("[early_stopping] patience must be at least 1".into()),
            _ => Ok(()),
        }
    }

    /// That the members can be trained like the one, side by side.
    fn check_committee(&self) -> Result<(), String> {
        let Some(committee) = self.committee else { return Ok(()) };
        if !(1..=63).contains(&committee.members) {
            return Err(format!("[committee] members is {}; it must be from 1 to 63", committee.members));
        }
        if self.early_stopping.is_some() {
            return Err(
                "[committee] does not go with [early_stopping]: every member takes all steps; leave one out".into()
            );
        }
        match self.training.method {
            MethodSpec { way: Way::Expected(_), name } => Err(format!(
                "[committee] does not belong to method = \"{name}\", which has nothing random; leave it out"
            )),
            MethodSpec { way: Way::Minibatches(_), .. } => Ok(()),
        }
    }

    /// The examples that training is watched on.
    pub fn validation(&self) -> Option<Part> {
        let part = self.validation.as_ref()?;
        Some(Part { fraction: part.fraction, inputs: part.inputs.clone(), targets: part.targets.clone() })
    }

    /// That each setting is one of the method's.
    fn check_method(&self) -> Result<(), String> {
        let (spec, name) = (&self.training, self.training.method.name);
        if let Way::Minibatches(_) = spec.method.way {
            return match spec.tolerance {
                Some(_) => Err(format!("[training] tolerance does not belong to method = \"{name}\"; leave it out")),
                None => Ok(()),
            };
        }
        let of_minibatches = [
            ("epochs", spec.epochs.is_some()),
            ("batch", spec.batch.is_some()),
            ("learning_rate", spec.learning_rate.is_some()),
            ("decay", spec.decay.is_some()),
            ("momentum", spec.momentum.is_some()),
            ("nesterov", spec.nesterov.is_some()),
            ("l1", spec.l1.is_some()),
            ("sparsity", spec.sparsity.is_some()),
            ("max_norm", spec.max_norm.is_some()),
            ("precision", spec.precision.is_some()),
        ];
        if let Some((key, _)) = of_minibatches.iter().find(|(_, set)| *set) {
            return Err(format!(
                "[training] {key} does not belong to method = \"{name}\", which goes down all examples at once by L-BFGS; \
                 it takes steps, tolerance, l2 and seed"
            ));
        }
        let positive = |x: Option<f64>| x.is_none_or(|x| x > 0.0 && x.is_finite());
        if !(positive(spec.tolerance) && positive(spec.l2)) {
            return Err("[training] tolerance and l2 must be positive and finite".into());
        }
        if self.early_stopping.is_some() {
            return Err(format!("[early_stopping] does not belong to method = \"{name}\"; give fewer steps instead"));
        }
        let dropped = self.network.keep.as_ref().is_some_and(|keep| keep[0] < 1.0);
        if !(self.network.hidden.is_empty() && matches!(self.network.head, Head::Bernoulli) && dropped) {
            return Err(format!(
                "[training] method = \"{name}\" is for logistic regression with dropout: it needs hidden = [], \
                 head = \"bernoulli\" and a keep below 1"
            ));
        }
        Ok(())
    }
}
