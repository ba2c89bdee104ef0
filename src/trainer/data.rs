//! Examples as plain rows of numbers.

use super::float::Float;
use crate::data::Examples;
use crate::error::{Error, Result};

/// Inputs and targets, row by row: what [`Examples`] are, without a vector for every row.
///
/// ```
/// use dropout_oracle::trainer::Data;
/// let data = Data::new(vec![0.5f32, 1.0, 2.0, -1.0], 2, vec![1.0, 0.0], 1)?; // two examples of two inputs
/// assert_eq!(data.count(), 2);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Data<F> {
    inputs: Vec<F>,
    targets: Vec<F>,
    input: usize,
    target: usize,
}

impl<F: Float> Data<F> {
    /// Rows of `input` inputs and of `target` targets.
    ///
    /// # Errors
    /// [`Error::Shape`] unless both hold the same number of rows, at least one; [`Error::NotFinite`] for a NaN or
    /// infinite entry.
    pub fn new(inputs: Vec<F>, input: usize, targets: Vec<F>, target: usize) -> Result<Self> {
        let count = inputs.len().checked_div(input).unwrap_or(0);
        if count == 0 {
            return Err(Error::Shape { what: "number of examples".into(), expected: 1, found: 0 });
        }
        Error::shape("numbers in rows of inputs", count * input, inputs.len())?;
        Error::shape("numbers in rows of targets, one an example", count * target, targets.len())?;
        for (what, numbers) in [("an input of an example", &inputs), ("a target of an example", &targets)] {
            if let Some(bad) = numbers.iter().find(|x| !x.is_finite()) {
                return Err(Error::NotFinite { what: what.into(), value: bad.to_f64() });
            }
        }
        Ok(Self { inputs, targets, input, target })
    }

    /// The examples, each number rounded to the nearest.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a number that overflows.
    pub fn from_examples(examples: &Examples) -> Result<Self> {
        let (input, target) = (examples.inputs()[0].len(), examples.targets()[0].len());
        let numbers = |rows: &[nalgebra::DVector<f64>]| rows.iter().flatten().map(|&x| F::from_f64(x)).collect();
        Self::new(numbers(examples.inputs()), input, numbers(examples.targets()), target)
    }

    /// The number of examples.
    pub fn count(&self) -> usize {
        self.inputs.len() / self.input
    }

    pub(super) fn widths(&self) -> (usize, usize) {
        (self.input, self.target)
    }

    pub(super) fn input(&self, example: usize) -> &[F] {
        &self.inputs[example * self.input..][..self.input]
    }

    pub(super) fn target(&self, example: usize) -> &[F] {
        &self.targets[example * self.target..][..self.target]
    }
}
