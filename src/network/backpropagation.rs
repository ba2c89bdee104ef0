//! The exact gradient of a sub-model's loss with respect to every weight and bias.

use super::affine::Affine;
use super::mlp::{Layer, Mlp};
use super::{Network, Unit};
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The gradient of a scalar with respect to a network's affine layers, in their order and shapes.
pub type Gradient<T> = Vec<Affine<T>>;

impl<T: Scalar, A: Unit<T>> Mlp<T, A> {
    /// The output f(x, μ), and the gradient of a loss of it, for one input and one multiplier vector.
    ///
    /// `error` gives the gradient of the loss with respect to the output (for canonical heads: prediction minus
    /// target), from which the chain rule goes back through the layers. Dropped units pass nothing back: the multiplier
    /// that stops h on its way forward stops the gradient on its way back.
    ///
    /// ```
    /// use dropout_oracle::network::linear_regression;
    /// use nalgebra::dvector;
    /// let net = linear_regression(dvector![2.0, 3.0], 0.0)?;
    /// // ½(f − 1)² at x = (1, 1) with input 1 dropped: f = 2, so the error is 1
    /// let (f, gradient) = net.backpropagate(&dvector![1.0, 1.0], &dvector![1.0, 0.0], |f| Ok(f.map(|f| f - 1.0)))?;
    /// assert_eq!(f[0], 2.0);
    /// assert_eq!(gradient[0].weight.as_slice(), [1.0, 0.0]);
    /// assert_eq!(gradient[0].bias[0], 1.0);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless x, μ and the error have the network's lengths; those of `error`.
    pub fn backpropagate(
        &self,
        x: &DVector<T>,
        multipliers: &DVector<T>,
        error: impl FnOnce(&DVector<T>) -> Result<DVector<T>>,
    ) -> Result<(DVector<T>, Gradient<T>)> {
        let mut trace = self.trace(x, multipliers)?;
        let output = trace.pop().expect("a trace holds at least the input");
        let back = error(&output)?;
        Error::shape("gradient with respect to the output", self.outputs(), back.len())?;
        Ok((output, self.chain_rule(&trace, multipliers, back, |_, _| ())))
    }

    /// The gradient of a loss from its gradient `back` with respect to the output, given the input of each layer.
    ///
    /// `hidden` is told the number of every layer and the gradient with respect to that layer's output, last layer
    /// first; a loss that depends on hidden units too adds its part there.
    pub(crate) fn chain_rule(
        &self,
        inputs: &[DVector<T>],
        multipliers: &DVector<T>,
        mut back: DVector<T>,
        mut hidden: impl FnMut(usize, &mut DVector<T>),
    ) -> Gradient<T> {
        let (mut gradient, mut unused) = (Gradient::new(), multipliers.len());
        for (number, (layer, h)) in self.layers().iter().zip(inputs).enumerate().rev() {
            hidden(number, &mut back);
            match layer {
                Layer::Dropout(dropped) => {
                    unused -= dropped.len();
                    for (i, &unit) in dropped.iter().enumerate() {
                        back[unit] *= multipliers[unused + i].clone();
                    }
                }
                Layer::Affine(affine) => {
                    gradient.push(Affine { weight: outer(&back, h), bias: back.clone() });
                    back = affine.pull_back(&back);
                }
                Layer::Unit(unit) => back = unit.pull_back(h, &back),
            }
        }
        gradient.reverse();
        gradient
    }
}

/// \\(a b^\top\\).
fn outer<T: Scalar>(a: &DVector<T>, b: &DVector<T>) -> DMatrix<T> {
    DMatrix::from_fn(a.len(), b.len(), |i, j| a[i].clone() * b[j].clone())
}
