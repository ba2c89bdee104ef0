//! Networks, inputs and predictions as files.
//!
//! A network is a manifest in JSON (layers, KEEP probabilities, head) beside a safetensors file of weights: see
//! [`load_model`]. Inputs are .npy, .npz or CSV: see [`load_inputs`]; data to train on may be IDX too: see [`load_table`]. Whatever is written is written whole or not at
//! all: see [`Output`]. Nothing that a file can hold makes a reader panic, or allocate more than in proportion to what the file unpacks to.

mod atomic;
mod csv;
mod error;
mod fingerprint;
mod idx;
mod inputs;
mod load;
mod manifest;
mod npy;
mod npz;
mod number;
mod save;
pub mod sealed;
mod table;
mod tensors;

pub use atomic::Output;
pub use error::FileError;
pub use fingerprint::Fingerprint;
pub use inputs::load_inputs;
pub use load::load_model;
pub use manifest::{FORMAT, MAX_INPUTS};
pub use save::save_model;
pub use table::{Table, load_table};

use std::path::Path;

/// The bytes of a file.
fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(|source| FileError::Read { path: path.into(), source })
}
