//! The published vectors: regenerated to the byte, described by their schema, met by right implementations and missed by
//! wrong ones. `UPDATE=1 cargo test --test vectors` writes the files anew.

mod formats;
mod implementation;
mod published;

use dropout_oracle::vectors::{format::VectorFile, suite};
use std::sync::LazyLock;

/// All files, computed once.
static SUITE: LazyLock<Vec<VectorFile>> = LazyLock::new(suite);
