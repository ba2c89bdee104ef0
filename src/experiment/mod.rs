//! Experiments: published findings about dropout, repeated in miniature with exact ensembles.

pub mod averaging;
mod estimate;

pub use averaging::Averaging;
pub use estimate::Estimate;
