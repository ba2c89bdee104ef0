//! The command line of `dropout-oracle`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
