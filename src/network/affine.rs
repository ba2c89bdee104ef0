//! Affine maps: the weights and the bias of a layer.

use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// \\(z = W h + b\\), with W of shape (outputs, inputs).
///
/// Dropout multiplies h and therefore scales the columns of W; it never touches b.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine<T> {
    /// W, one row an output.
    pub weight: DMatrix<T>,
    /// b, one entry an output.
    pub bias: DVector<T>,
}

impl<T: Scalar> Affine<T> {
    /// The map with the given weight (outputs × inputs) and bias.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the bias has one entry a row, [`Error::NotFinite`] for a NaN or infinite entry.
    pub fn new(weight: DMatrix<T>, bias: DVector<T>) -> Result<Self> {
        Error::shape("bias of a layer, one entry an output", weight.nrows(), bias.len())?;
        for (name, numbers) in [("a weight", weight.as_slice()), ("a bias", bias.as_slice())] {
            if let Some(bad) = numbers.iter().find(|w| !w.is_finite()) {
                return Err(Error::NotFinite { what: name.into(), value: bad.to_f64() });
            }
        }
        Ok(Self { weight, bias })
    }

    /// The length of h.
    pub fn inputs(&self) -> usize {
        self.weight.ncols()
    }

    /// The length of z.
    pub fn outputs(&self) -> usize {
        self.weight.nrows()
    }

    /// W h + b, each entry summed from the bias on in the order of the inputs, without fused operations: the same bits
    /// on every machine.
    ///
    /// # Panics
    /// Unless h has [`Affine::inputs`] entries.
    pub fn apply(&self, h: &DVector<T>) -> DVector<T> {
        assert_eq!(h.len(), self.inputs(), "entries of the input of an affine map");
        let mut z = self.bias.clone();
        for (column, h) in self.weight.column_iter().zip(h) {
            for (z, w) in z.as_mut_slice().iter_mut().zip(column.as_slice()) {
                *z += w.clone() * h.clone();
            }
        }
        z
    }

    /// \\(W^\top g\\): a gradient with respect to z, carried back to h.
    pub(crate) fn pull_back(&self, gradient: &DVector<T>) -> DVector<T> {
        DVector::from_iterator(
            self.inputs(),
            self.weight.column_iter().map(|column| {
                column
                    .as_slice()
                    .iter()
                    .zip(gradient.as_slice())
                    .fold(T::zero(), |sum, (w, g)| sum + w.clone() * g.clone())
            }),
        )
    }

    /// The same map over another number type.
    pub fn map<U: Scalar>(&self, f: impl Fn(&T) -> U) -> Affine<U> {
        Affine { weight: self.weight.map(|w| f(&w)), bias: self.bias.map(|b| f(&b)) }
    }
}
