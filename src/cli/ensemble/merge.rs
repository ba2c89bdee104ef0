//! `dropout-oracle merge`: the shards of one enumeration, joined.

use super::method::{Chosen, Way};
use super::{Failure, Format, Sampling, Source, parts, predict, print};
use std::path::PathBuf;

/// The options of `merge`.
#[derive(clap::Args)]
#[command(after_long_help = "\
The files are what `ensemble --shard i/N --checkpoint FILE` wrote, of every shard once. They hold the fingerprints of network \
and inputs: shards that are missing, doubled, unfinished or of other work are refused by name. The result has the bits of one \
run, whatever N was.

Exit status: 0 done, 2 shards do not fit, 3 the command line was wrong.")]
pub struct Args {
    #[command(flatten)]
    source: Source,

    /// The files of all shards
    #[arg(required = true, value_name = "FILE")]
    shards: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let (model, inputs) = args.source.load()?;
    let means = parts::merged(&model, &inputs, &args.shards)?;
    let chosen = Chosen { way: Way::Fast, because: format!("{} shards, merged", args.shards.len()) };
    let sampling = Sampling::default();
    let report = predict::predict(&sampling, &model, &inputs, None, &chosen, Some(&means))?;
    print(&model, &chosen, &sampling, &report, None, format)
}
