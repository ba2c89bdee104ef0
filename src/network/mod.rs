//! Networks as functions f(x, μ) of the input and of the multipliers of their droppable units.
//!
//! A sub-model is the network at a 0/1 vector μ; weight scaling is the same network at μ = E μ; multiplicative noise of
//! any other kind is the network at another real μ. There is no second code path for any of them.
//!
//! | network | module | equation |
//! |---|---|---|
//! | softmax regression | [`softmax_regression`] | 7.56, 7.57 |
//! | linear regression | [`linear_regression`] | |
//! | deep linear | [`deep_linear`] | |
//! | multi-layer perceptron: identity, ReLU, maxout, tanh, logistic units | [`mlp`], [`activation`] | |
//! | recurrent, with dropout on any of its connections | [`recurrent`] | |
//! | residual, with whole blocks that can be dropped | [`residual`] | |

pub mod activation;
pub mod affine;
pub mod backpropagation;
mod deep_linear;
mod linear_regression;
pub mod mlp;
pub mod recurrent;
pub mod residual;
mod softmax_regression;

pub use activation::{Activation, PiecewiseLinear, Unit};
pub use affine::Affine;
pub use deep_linear::deep_linear;
pub use linear_regression::linear_regression;
pub use mlp::{Layer, Mlp};
pub use recurrent::Recurrent;
pub use residual::Residual;
pub use softmax_regression::softmax_regression;

use crate::error::Result;
use crate::scalar::Scalar;
use nalgebra::DVector;

/// A function f(x, μ): from an input and a multiplier for each droppable unit to the parameter of a
/// [head](crate::head) (logits, mean, log rate).
pub trait Network<T: Scalar>: Sync {
    /// The length of x.
    fn inputs(&self) -> usize;

    /// The number of droppable units: the length of μ.
    fn units(&self) -> usize;

    /// The length of the output.
    fn outputs(&self) -> usize;

    /// f(x, μ), for any real μ.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) unless x and μ have the lengths above.
    fn output(&self, x: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>>;
}
