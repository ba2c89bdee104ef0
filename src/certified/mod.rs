//! Certified values: predictions as intervals that provably contain the real number.

mod bounds;
mod head;
mod interval;
mod prediction;
mod running_error;

pub use bounds::{decomposition_with_bounds, losses_with_bounds, predict_with_bounds};
pub use interval::Interval;
pub use prediction::{CertifiedModel, CertifiedPrediction, Divergences};
pub use running_error::Bounded;
