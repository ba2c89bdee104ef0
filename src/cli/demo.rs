//! `dropout-oracle demo`.

use super::{Failure, Format};

/// The options of `demo`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _format: Format) -> Result<(), Failure> {
    Ok(())
}
