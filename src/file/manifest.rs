//! The manifest: a network without its weights, as JSON. `schemas/network-1.schema.json` says the same to programs.

use super::FileError;
use crate::model::{Convention, HeadKind};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::num::NonZeroUsize;

/// The first field of every manifest that this version reads and writes.
pub const FORMAT: &str = "dropout-oracle/network-1";

/// The longest input: far above any network's, and low enough that a slip of the pen costs no memory.
pub const MAX_INPUTS: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    pub inputs: usize,
    pub weights: String,
    #[serde(with = "ConventionName")]
    pub convention: Convention,
    pub layers: Vec<LayerSpec>,
    #[serde(with = "HeadName")]
    pub head: HeadKind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum LayerSpec {
    Dropout {
        keep: Keep,
    },
    Linear {
        weight: String,
        #[serde(default)]
        bias: Option<String>,
        #[serde(default)]
        layout: Layout,
    },
    Identity,
    Relu,
    Tanh,
    Sigmoid,
    Maxout(NonZeroUsize),
}

/// The axes of a weight tensor.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// (outputs, inputs): PyTorch.
    #[default]
    OutIn,
    /// (inputs, outputs): Flax, Keras.
    InOut,
}

/// KEEP probabilities: one for all units, or one a unit.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Keep {
    All(f64),
    Each(Vec<f64>),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Convention", rename_all = "lowercase")]
enum ConventionName {
    Standard,
    Inverted,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HeadKind", rename_all = "lowercase", deny_unknown_fields)]
enum HeadName {
    Softmax,
    Bernoulli,
    Gaussian { variance: f64 },
    Poisson,
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Keep;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a KEEP probability in (0, 1] (1 minus the drop rate), or a list of one a unit")
            }
            fn visit_f64<E>(self, keep: f64) -> Result<Keep, E> {
                Ok(Keep::All(keep))
            }
            fn visit_u64<E>(self, keep: u64) -> Result<Keep, E> {
                Ok(Keep::All(keep as f64))
            }
            fn visit_i64<E>(self, keep: i64) -> Result<Keep, E> {
                Ok(Keep::All(keep as f64))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keep, A::Error> {
                let mut keeps = Vec::new();
                while let Some(keep) = list.next_element()? {
                    match keep {
                        Keep::All(keep) => keeps.push(keep),
                        Keep::Each(_) => return Err(A::Error::custom("a list within a list of KEEP probabilities")),
                    }
                }
                Ok(Keep::Each(keeps))
            }
        }
        deserializer.deserialize_any(Numbers)
    }
}

impl Manifest {
    /// Reads a manifest and checks what can be checked without the weights.
    pub fn parse(json: &[u8], place: &str) -> Result<Self, FileError> {
        /// Enough to tell which format it is, whatever else a later one may hold.
        #[derive(Deserialize)]
        struct Versioned {
            format: String,
        }
        let manifest = |why: String| FileError::Manifest { place: place.into(), why };
        let Versioned { format } = serde_json::from_slice(json).map_err(|e| manifest(e.to_string()))?;
        if format != FORMAT {
            return Err(manifest(format!("its format is {format:?}; this version reads {FORMAT:?}")));
        }
        let read: Self = serde_json::from_slice(json).map_err(|e| manifest(e.to_string()))?;
        if !(1..=MAX_INPUTS).contains(&read.inputs) {
            return Err(manifest(format!("\"inputs\" is {}; it must lie between 1 and {MAX_INPUTS}", read.inputs)));
        }
        Ok(read)
    }
}
