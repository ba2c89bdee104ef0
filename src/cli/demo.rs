//! `dropout-oracle demo`: exact averaging on the embedded digits.

mod document;
mod figures;
mod report;
mod table;

use super::{Failure, Format};
use document::Document;
use dropout_oracle::data::Digits;
use dropout_oracle::experiment::Averaging;
use dropout_oracle::train::Training;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// The options of `demo`.
#[derive(clap::Args)]
pub struct Args {
    /// The two digits to tell apart
    #[arg(long, num_args = 2, value_names = ["A", "B"], default_values_t = [3, 8])]
    pair: Vec<usize>,

    /// Networks to train, with seeds 0 to N-1; results are means over them, with standard errors
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,

    /// Steps of stochastic gradient descent for each network
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,

    /// Also write a report with plots: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let examples = Digits::load().pair(args.pair[0], args.pair[1]).map_err(|e| Failure::Usage(e.to_string()))?;
    if let Some(path) = &args.report {
        report::check_writable(path)?;
    }

    let averaging = Averaging {
        // Settings at which no network of this size collapses to a constant: twice the rate loses about one in twenty.
        training: Training::new(args.steps).batch(32).learning_rate(0.01).momentum(0.9),
        samples: vec![1, 5, 20, 100],
    };
    let progress = progress(args.seeds);
    let trials = averaging.trials(&examples, args.seeds, || progress.inc(1));
    progress.finish_and_clear();
    let document = Document::new([args.pair[0], args.pair[1]], examples.count(), &averaging, &trials?);

    let output = match format {
        Format::Text => table::text(&document),
        Format::Json => serde_json::to_string_pretty(&document)?,
    };
    super::print(&output)?;
    if let Some(path) = &args.report {
        report::write(path, &document)?;
    }
    Ok(())
}

/// A bar on standard error, which shows nothing where that is no terminal.
fn progress(networks: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}, {eta} left").expect("a valid template");
    let bar = ProgressBar::new(networks).with_style(style).with_message("networks trained and averaged");
    bar.tick();
    bar
}
