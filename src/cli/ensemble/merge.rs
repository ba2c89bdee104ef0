//! `dropout-oracle merge`: the shards of one enumeration, joined.

use super::method::{Choice, Chosen, Way};
use super::{Args as Ensemble, Failure, Format, parts, predict, print};
use dropout_oracle::file::{load_inputs, load_model};
use dropout_oracle::network::Network;
use std::path::PathBuf;

/// The options of `merge`.
#[derive(clap::Args)]
#[command(after_long_help = "\
The files are what `ensemble --shard i/N --checkpoint FILE` wrote, of every shard once. They hold the fingerprints of network \
and inputs: shards that are missing, doubled, unfinished or of other work are refused by name. The result has the bits of one \
run, whatever N was.

Exit status: 0 done, 2 shards do not fit, 3 the command line was wrong.")]
pub struct Args {
    /// The network, as for `ensemble`
    #[arg(long, value_name = "FILE")]
    net: PathBuf,

    /// The inputs, as for `ensemble`
    #[arg(long, value_name = "FILE")]
    inputs: PathBuf,

    /// The array of the .npz file that holds the inputs
    #[arg(long, value_name = "NAME")]
    array: Option<String>,

    /// The files of all shards
    #[arg(required = true, value_name = "FILE")]
    shards: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let model = load_model(&args.net)?;
    let inputs = load_inputs(&args.inputs, args.array.as_deref(), model.network().inputs())?;
    let means = parts::merged(&model, &inputs, &args.shards)?;
    let chosen = Chosen { way: Way::Fast, because: format!("{} shards, merged", args.shards.len()) };
    let options = Ensemble {
        net: args.net.clone(),
        inputs: args.inputs.clone(),
        array: args.array.clone(),
        method: Choice::Fast,
        ..Ensemble::default()
    };
    let report = predict::predict(&options, &model, &inputs, None, &chosen, Some(&means))?;
    print(&model, &chosen, &options, &report, None, format)
}
