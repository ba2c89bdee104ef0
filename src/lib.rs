//! The executable reference for dropout.
#![doc(test(attr(deny(warnings))))]

pub mod ensemble;
pub mod error;
pub mod head;
pub mod law;
pub mod mask;
pub mod model;
pub mod network;
pub mod noise;
pub mod penalty;
pub mod rbm;
pub mod scalar;

pub use ensemble::Ensemble;
pub use error::{Error, Result};
pub use mask::Mask;
pub use model::Model;
pub use scalar::{Rational, Real, Scalar};
