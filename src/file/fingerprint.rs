//! Which network and which inputs a partial result belongs to.

use crate::model::Model;
use crate::network::{Layer, Network};
use nalgebra::DVector;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 of everything that decides the numbers, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of any bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Of a network with its head, keep probabilities and convention: equal for equal bits, in whatever file they stood.
    pub fn of_model(model: &Model) -> Self {
        let mut text = format!("{} {:?} {:?}", model.network().inputs(), model.head_kind(), model.convention());
        for layer in model.network().layers() {
            text += &match layer {
                Layer::Affine(affine) => {
                    format!("\naffine {} {}{}", affine.outputs(), bits(&affine.weight), bits(&affine.bias))
                }
                Layer::Dropout(units) => format!("\ndropout {units:?}"),
                Layer::Unit(unit) => format!("\n{unit:?}"),
            };
        }
        text += &format!("\nkeep{}", bits(model.keep()));
        Self::of_bytes(text.as_bytes())
    }

    /// Of inputs, in their order.
    pub fn of_inputs(inputs: &[DVector<f64>]) -> Self {
        Self::of_bytes(itertools::join(inputs.iter().map(bits), "\n").as_bytes())
    }
}

/// The bits of numbers, in hexadecimal.
fn bits<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> String {
    numbers.into_iter().map(|x| format!(" {:016x}", x.to_bits())).collect()
}

impl fmt::Display for Fingerprint {
    /// The first digits, which are enough to tell two apart by eye.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..12).unwrap_or(&self.0))
    }
}
