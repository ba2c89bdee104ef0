//! The executable reference for dropout.
#![doc(test(attr(deny(warnings))))]

pub mod approximation;
pub mod ensemble;
pub mod error;
pub mod head;
pub mod law;
pub mod marginal;
pub mod mask;
pub mod model;
pub mod network;
pub mod normal;
pub mod scalar;

pub use ensemble::Ensemble;
pub use error::{Error, Result};
pub use mask::Mask;
pub use model::Model;
pub use scalar::{Rational, Real, Scalar};
