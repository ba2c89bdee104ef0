//! A training that was interrupted, as a file.

use super::Failure;
use super::course::{Best, Course};
use dropout_oracle::file::Fingerprint;
use dropout_oracle::file::sealed::{seal, unseal};
use dropout_oracle::network::Affine;
use dropout_oracle::train::Training;
use dropout_oracle::trainer::{Float, State};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The first field of every such file.
const FORMAT: &str = "dropout-oracle/training-1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    work: Work,
    step: u64,
    parameters: Vec<Layer>,
    velocities: Vec<Layer>,
    best: Option<StoredBest>,
    course: Course,
}

/// What a training belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    pub config: Fingerprint,
    pub data: Fingerprint,
}

/// An affine layer: the bits of its numbers as f64 in hexadecimal, column by column.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    outputs: usize,
    inputs: usize,
    weight: String,
    bias: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBest {
    step: u64,
    loss: f64,
    parameters: Vec<Layer>,
}

fn to_hex<F: Float>(numbers: &[F]) -> String {
    numbers.iter().map(|x| format!("{:016x}", x.to_f64().to_bits())).collect()
}

fn from_hex<F: Float>(digits: &str, count: Option<usize>) -> Option<Vec<F>> {
    let (chunks, rest) = digits.as_bytes().as_chunks::<16>();
    if !rest.is_empty() || count != Some(chunks.len()) {
        return None;
    }
    let number = |hex: &[u8; 16]| u64::from_str_radix(str::from_utf8(hex).ok()?, 16).ok();
    chunks.iter().map(|hex| Some(F::from_f64(f64::from_bits(number(hex)?)))).collect()
}

fn layers<F: Float>(affine: &[Affine<F>]) -> Vec<Layer> {
    let layer = |affine: &Affine<F>| Layer {
        outputs: affine.outputs(),
        inputs: affine.inputs(),
        weight: to_hex(affine.weight.as_slice()),
        bias: to_hex(affine.bias.as_slice()),
    };
    affine.iter().map(layer).collect()
}

fn affine<F: Float>(layers: &[Layer]) -> Result<Vec<Affine<F>>, String> {
    let affine = |layer: &Layer| {
        let &Layer { outputs, inputs, .. } = layer;
        let weight = from_hex(&layer.weight, outputs.checked_mul(inputs))?;
        let bias = from_hex(&layer.bias, Some(outputs))?;
        Affine::new(DMatrix::from_vec(outputs, inputs, weight), DVector::from_vec(bias)).ok()
    };
    layers.iter().map(affine).collect::<Option<_>>().ok_or_else(|| "a layer has other numbers than its shape".into())
}

/// The bytes of the file.
pub fn write<F: Float>(work: &Work, state: &State<F>, best: Option<&Best<F>>, course: &Course) -> Vec<u8> {
    let contents = Contents {
        work: work.clone(),
        step: state.step,
        parameters: layers(&state.parameters),
        velocities: layers(&state.velocities),
        best: best.map(|best| StoredBest { step: best.step, loss: best.loss, parameters: layers(&best.parameters) }),
        course: course.clone(),
    };
    seal(FORMAT, &contents)
}

/// A training that can go on.
pub struct Resumed<F> {
    pub state: State<F>,
    pub best: Option<Best<F>>,
    pub course: Course,
}

/// Reads a file, which must belong to this work.
pub fn read<F: Float>(path: &Path, work: &Work, training: &Training) -> Result<Resumed<F>, Failure> {
    let wrong = |why: String| Failure::CouldNotRun(format!("checkpoint {}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let Contents { work: found, step, parameters, velocities, best, course } =
        unseal(&bytes, FORMAT, "checkpoint of a training").map_err(wrong)?;
    for (what, found, here) in
        [("configuration", &found.config, &work.config), ("set of examples", &found.data, &work.data)]
    {
        if found != here {
            return Err(wrong(format!(
                "it belongs to another {what} ({found}, here {here}); choose another file, or remove it to begin again"
            )));
        }
    }
    let best = best.map(|StoredBest { step, loss, parameters }| {
        Ok::<_, String>(Best { step, loss, parameters: affine(&parameters)? })
    });
    Ok(Resumed {
        state: State {
            training: training.clone(),
            step,
            parameters: affine(&parameters).map_err(wrong)?,
            velocities: affine(&velocities).map_err(wrong)?,
        },
        best: best.transpose().map_err(wrong)?,
        course,
    })
}
