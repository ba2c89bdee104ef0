//! `dropout-oracle report`: results of `conform`, joined into one page of laws by implementations.

mod evidence;
mod load;
mod matrix;
mod page;
mod state;

use super::Failure;
use dropout_oracle::conformance::Report;
use dropout_oracle::file::Output;
use matrix::Matrix;
use std::path::PathBuf;

/// The options of `report`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 done, whatever the results say; 2 a file cannot be read or written, or is no result; \
                        3 the command line was wrong."
)]
pub struct Args {
    /// What `dropout-oracle conform --format json` printed, one file an implementation
    #[arg(required = true, value_name = "RESULTS.json")]
    results: Vec<PathBuf>,

    /// The page: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    out: PathBuf,
}

/// The page of one implementation.
pub fn single(report: Report) -> Result<String, Failure> {
    Ok(page::page(&Matrix::new(vec![load::Results { path: PathBuf::new(), report }])?))
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let out = Output::new(&args.out)?;
    let results = args.results.iter().map(|path| load::load(path)).collect::<Result<Vec<_>, _>>()?;
    let matrix = Matrix::new(results)?;
    Ok(out.write(page::page(&matrix).as_bytes())?)
}
