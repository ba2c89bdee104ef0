//! The masks of this project's own trainers: the subject of its tests, behind the protocol.

#[path = "../../../../tests/conformance/own_masks.rs"]
mod own_masks;

use dropout_oracle::conformance::serve;
use std::io::{Result, stdin, stdout};

fn main() -> Result<()> {
    serve(&mut own_masks::TrainersMasks::default(), stdin().lock(), stdout().lock())
}
