//! What is asked of a subject, and what comes back: the bodies of the protocol's messages.

use super::dtype::Dtype;
use super::layer::{Act, Layer};
use super::tensor::{Bits, Kept, Tensor};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number that may be NaN or infinite, which JSON cannot write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Special(pub f64);

impl Serialize for Special {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            v if v.is_nan() => serializer.serialize_str("nan"),
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            v => serializer.serialize_f64(v),
        }
    }
}

impl<'de> Deserialize<'de> for Special {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(f64),
            Name(String),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(v) => Ok(Self(v)),
            Wire::Name(name) => match name.as_str() {
                "nan" => Ok(Self(f64::NAN)),
                "inf" => Ok(Self(f64::INFINITY)),
                "-inf" => Ok(Self(f64::NEG_INFINITY)),
                _ => Err(D::Error::custom(format!("{name:?} is no number; \"nan\", \"inf\" and \"-inf\" are"))),
            },
        }
    }
}

/// Training or evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// With noise.
    Train,
    /// Without.
    Eval,
}

/// How x lies in memory; its values by index are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Row-major.
    #[default]
    Contiguous,
    /// Strides reversed.
    Transposed,
    /// Every second element of a larger buffer.
    Sliced,
    /// Stride 0 along the first axis, along which x is constant.
    Broadcast,
}

/// A call made before, whose results are discarded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// Its mode.
    pub mode: Mode,
    /// Its p, as the layer takes it.
    pub p: Special,
    /// What the layer goes through after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
}

impl Before {
    /// A call and nothing after it.
    pub fn new(mode: Mode, p: f64) -> Self {
        Self { mode, p: Special(p), act: None }
    }
}

/// One call of a layer, with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The layer's id.
    pub layer: String,
    /// Training or evaluation.
    pub mode: Mode,
    /// p, as the layer takes it.
    pub p: Special,
    /// The input.
    pub x: Tensor,
    /// The cotangent g: then the reply has dx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient: Option<Tensor>,
    /// Seeds the random state, once, before all calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The mask to obey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Kept>,
    /// Numbers in [0, 1], one a place of x, to compare with the rate in place of random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniforms: Option<Tensor>,
    /// Calls made first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
    /// How x lies in memory.
    #[serde(default)]
    pub layout: Layout,
    /// Whether the reply has ddx.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_order: bool,
    /// Whether the reply has x after y was overwritten, and whether y is x itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub check_alias: bool,
    /// How many calls, one after the other.
    #[serde(default = "one")]
    pub calls: usize,
}

fn one() -> usize {
    1
}

impl Case {
    /// One call on x at a **drop rate**.
    pub fn new(layer: &Layer, mode: Mode, drop: f64, x: Tensor) -> Self {
        Self {
            layer: layer.id.clone(),
            mode,
            p: Special(layer.p(drop)),
            x,
            gradient: None,
            seed: None,
            mask: None,
            uniforms: None,
            before: Vec::new(),
            layout: Layout::Contiguous,
            second_order: false,
            check_alias: false,
            calls: 1,
        }
    }

    /// With the vector-Jacobian product for this cotangent.
    pub fn gradient(self, gradient: Tensor) -> Self {
        Self { gradient: Some(gradient), ..self }
    }

    /// After seeding.
    pub fn seed(self, seed: Option<u64>) -> Self {
        Self { seed, ..self }
    }

    /// With this mask.
    pub fn mask(self, mask: Kept) -> Self {
        Self { mask: Some(mask), ..self }
    }

    /// With these in place of random numbers.
    pub fn uniforms(self, uniforms: Tensor) -> Self {
        Self { uniforms: Some(uniforms), ..self }
    }

    /// After other calls.
    pub fn before(self, before: Vec<Before>) -> Self {
        Self { before, ..self }
    }

    /// With x laid out so.
    pub fn layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mode = |mode| if mode == Mode::Train { "train" } else { "eval" };
        write!(f, "{}, p = {}, {} {:?}", mode(self.mode), self.p.0, self.x.dtype(), self.x.shape())?;
        if self.layout != Layout::Contiguous {
            write!(f, ", {}", format!("{:?}", self.layout).to_lowercase())?;
        }
        if let Some(seed) = self.seed {
            write!(f, ", seed {seed}")?;
        }
        for before in &self.before {
            write!(f, ", after {} at p = {}", mode(before.mode), before.p.0)?;
            if let Some(act) = before.act {
                write!(f, " and {}", format!("{act:?}").to_lowercase())?;
            }
        }
        if self.mask.is_some() {
            f.write_str(", mask injected")?;
        }
        if self.uniforms.is_some() {
            f.write_str(", uniforms injected")?;
        }
        if self.gradient.is_some() {
            f.write_str(", with gradient")?;
        }
        Ok(())
    }
}

/// What one call gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The output.
    pub y: Tensor,
    /// gᵀ ∂y/∂x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dx: Option<Tensor>,
    /// The mask that the layer returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Kept>,
    /// The gradient in x of Σ (dx of Σ y²).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddx: Option<Tensor>,
    /// x after y was overwritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_after: Option<Tensor>,
    /// Whether y is x itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_object: Option<bool>,
}

/// Many masks: the layer in training on ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// The layer's id.
    pub layer: String,
    /// p, as the layer takes it.
    pub p: Special,
    /// The format of the ones.
    pub dtype: Dtype,
    /// Their shape.
    pub shape: Vec<usize>,
    /// How many calls.
    pub calls: usize,
    /// Seeds the random state, once, before all calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// 1: all calls of one object; `calls`: each of its own, in one program.
    #[serde(default = "one")]
    pub instances: usize,
    /// Ranges (start, length) of the row-major order; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<(u64, u64)>,
    /// Whether the outputs themselves are wanted.
    #[serde(default)]
    pub values: bool,
    /// The masks of this many replicas in one step, one entry each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<usize>,
}

impl Sampling {
    /// `calls` calls of one object on ones of this shape, at a **drop rate**.
    pub fn new(layer: &Layer, drop: f64, dtype: Dtype, shape: &[usize], calls: usize) -> Self {
        Self {
            layer: layer.id.clone(),
            p: Special(layer.p(drop)),
            dtype,
            shape: shape.to_vec(),
            calls,
            seed: None,
            instances: 1,
            windows: Vec::new(),
            values: false,
            replicas: None,
        }
    }

    /// The number of bits of each mask of the reply.
    pub fn bits(&self) -> usize {
        if self.windows.is_empty() {
            self.shape.iter().product()
        } else {
            self.windows.iter().map(|(_, length)| *length as usize).sum()
        }
    }
}

impl std::fmt::Display for Sampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sample, p = {}, {} {:?}", self.p.0, self.dtype, self.shape)
    }
}

/// The masks that were drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// One a call: 1 where the output was not zero.
    pub masks: Vec<Bits>,
    /// The outputs themselves, where they were wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Tensor>,
}

/// One step of a small network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The layer, at this p as it takes it.
    Dropout(f64),
    /// W h + b.
    Linear {
        /// W, outputs × inputs.
        weight: Tensor,
        /// b.
        bias: Tensor,
    },
    /// max(h, 0).
    Relu,
}

/// What the outputs of a small network mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadName {
    /// Class probabilities.
    Softmax,
    /// Probabilities of 1.
    Bernoulli,
    /// The outputs themselves.
    Identity,
}

/// What is wanted of a small network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// Mean and second moment of the predictions.
    Probabilities,
    /// The mean gradient of the loss.
    Gradient,
}

/// What the loss of a network is taken at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// A class: its index.
    Class(usize),
    /// A number.
    Value(f64),
}

/// A small network, built of the framework's own layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkCase {
    /// The dropout layer's id.
    pub layer: String,
    /// Training: `samples` times with fresh masks; evaluation: once.
    pub mode: Mode,
    /// How many times.
    pub samples: usize,
    /// Seeds the random state, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The format it computes in.
    pub dtype: Dtype,
    /// The layers, from the input on.
    pub stack: Vec<Step>,
    /// What the outputs mean.
    pub head: HeadName,
    /// One row of inputs.
    pub x: Tensor,
    /// What the loss is taken at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What is wanted.
    pub want: Vec<Want>,
}

/// Means over the masks of a small network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkMeans {
    /// Of the predictions.
    pub mean: Tensor,
    /// Of their squares.
    pub second_moment: Tensor,
    /// Of the gradient in each weight and bias, in the order of the stack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gradient_mean: Vec<Tensor>,
}
