//! Data to train on and to predict: [`Examples`], and the embedded `digits`.

#[cfg(feature = "files")]
pub mod digits;
mod examples;

#[cfg(feature = "files")]
pub use digits::Digits;
pub use examples::Examples;
