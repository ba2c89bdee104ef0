//! The targets of `--targets`, as the heads take them.

use super::Failure;
use dropout_oracle::Model;
use dropout_oracle::file::load_inputs;
use dropout_oracle::model::HeadKind;
use dropout_oracle::network::Network;
use nalgebra::DVector;
use std::path::Path;

/// One target an input: one-hot for a softmax head, whose file holds the classes.
pub fn load(path: &Path, model: &Model, inputs: usize) -> Result<Vec<DVector<f64>>, Failure> {
    let (kind, outputs) = (model.head_kind(), model.network().outputs());
    let width = if *kind == HeadKind::Softmax { 1 } else { outputs };
    let numbers = load_inputs(path, None, width)
        .map_err(|error| Failure::CouldNotRun(format!("the targets ({width} a row here): {error}")))?;
    let path = path.display();
    if numbers.len() != inputs {
        let why = format!("{path} has {} targets for {inputs} inputs; give one an input", numbers.len());
        return Err(Failure::CouldNotRun(why));
    }
    let target = |(row, numbers): (usize, DVector<f64>)| {
        let (right, must): (fn(f64, f64) -> bool, _) = match kind {
            HeadKind::Softmax => (|y, classes| y >= 0.0 && y < classes && y.fract() == 0.0, "a class, counted from 0"),
            HeadKind::Bernoulli => (|y, _| y == 0.0 || y == 1.0, "0 or 1"),
            HeadKind::Poisson => (|y, _| y >= 0.0 && y.fract() == 0.0, "a count"),
            HeadKind::Gaussian { .. } => (|_, _| true, "a number"),
        };
        if let Some(bad) = numbers.iter().find(|y| !right(**y, outputs as f64)) {
            let why = format!(
                "{path}: target {row} (counted from 0) is {bad}; it must be {must}; there are {outputs} outputs"
            );
            return Err(Failure::CouldNotRun(why));
        }
        Ok(match kind {
            HeadKind::Softmax => DVector::from_fn(outputs, |class, _| f64::from(u8::from(class as f64 == numbers[0]))),
            _ => numbers,
        })
    };
    numbers.into_iter().enumerate().map(target).collect()
}
