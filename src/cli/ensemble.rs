//! `dropout-oracle ensemble`.

use super::{Failure, Format};

/// The options of `ensemble`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, _format: Format) -> Result<(), Failure> {
    Ok(())
}
