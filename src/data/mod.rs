//! Data to train on and to predict: [`Examples`], and the embedded digits and diabetes data.

#[cfg(feature = "files")]
pub mod diabetes;
#[cfg(feature = "files")]
pub mod digits;
mod examples;

#[cfg(feature = "files")]
pub use digits::Digits;
pub use examples::Examples;
