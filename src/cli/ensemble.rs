//! `dropout-oracle ensemble`: every sub-network of a network in a file, averaged.

mod budget;
mod certified;
pub mod merge;
mod method;
mod parts;
mod predict;
mod report;
mod table;
mod targets;

use super::{Failure, Format};
use dropout_oracle::Model;
use dropout_oracle::file::{Output, load_inputs, load_model};
use dropout_oracle::network::Network;
use dropout_oracle::shard::Shard;
use nalgebra::DVector;
use std::path::PathBuf;

/// The options of `ensemble`.
#[derive(clap::Args)]
#[command(after_long_help = "\
The network is a JSON manifest beside a safetensors file of weights, as schemas/network-1.schema.json describes and \
examples/save_from_pytorch.py and examples/save_with_numpy.py write. Its p are KEEP probabilities, 1 minus the drop \
rate. Units with p = 1 are never dropped; n units with p below 1 have 2^n masks.

schemas/ensemble-1.schema.json describes what --format json prints.

Exit status: 0 done, 2 a file is wrong or the masks are too many, 3 the command line was wrong.")]
pub struct Args {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    sampling: Sampling,

    /// Do not enumerate the masks, however few: weight scaling and sampled estimates only, all else is null
    #[arg(long)]
    no_enumeration: bool,

    /// Also print −ln p(target) for each input's target, and its mean over all sub-models: a .npy, .npz or .csv file with the class (counted from 0) of each
    /// input for a softmax head, else with a number an output
    #[arg(long, value_name = "FILE", conflicts_with = "no_enumeration")]
    targets: Option<PathBuf>,

    /// Also enclose every number in a range that provably contains the real one, and bound the rounding error of the
    /// number itself: for identity, ReLU and maxout units, thousands of times slower
    #[arg(long, conflicts_with = "no_enumeration")]
    certified: bool,

    /// How the means over all masks are computed; which way was taken, and why, is printed
    #[arg(long, value_enum, default_value_t = method::Choice::Auto, conflicts_with = "no_enumeration")]
    method: method::Choice,

    /// Do part i of N (0 <= i < N) alone; `merge` joins the files of all parts to the bits of one run
    #[arg(long, value_name = "i/N", requires = "checkpoint", conflicts_with_all = ["no_enumeration", "output"])]
    shard: Option<Shard>,

    /// Write what is done to FILE now and then, and go on from there if it exists: a killed run loses nothing
    #[arg(long, value_name = "FILE", conflicts_with = "no_enumeration")]
    checkpoint: Option<PathBuf>,

    /// The seconds between two checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "checkpoint")]
    every: u64,

    /// Enumerate the masks of up to N droppable units, however long it takes [default: up to 2^32 sub-models in all, 2^26 by
    /// the definition, 2^14 with --certified]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=63), conflicts_with = "no_enumeration")]
    limit: Option<u8>,

    /// Write the predictions as JSON to FILE, whole or not at all, and print nothing
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What is averaged.
#[derive(clap::Args, Default)]
struct Source {
    /// The network: a JSON manifest, which names a safetensors file beside it
    #[arg(long, value_name = "FILE")]
    net: PathBuf,

    /// The inputs, one a row: a .npy, .npz or .csv file
    #[arg(long, value_name = "FILE")]
    inputs: PathBuf,

    /// The array of the .npz file that holds the inputs [default: x, inputs, or the only one]
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
}

/// What is estimated besides.
#[derive(clap::Args, Default)]
struct Sampling {
    /// Also estimate the arithmetic mean from K sampled sub-networks an input
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    monte_carlo: Option<u64>,

    /// Seed of the samples: input number r (from 0) uses stream r of ChaCha8 under this seed
    #[arg(long, value_name = "S", default_value_t = 0, requires = "monte_carlo")]
    seed: u64,
}

impl Source {
    fn load(&self) -> Result<(Model, Vec<DVector<f64>>), Failure> {
        let single =
            self.inputs.extension().is_some_and(|of| ["npy", "csv"].iter().any(|one| of.eq_ignore_ascii_case(one)));
        if let (Some(array), true) = (&self.array, single) {
            let inputs = self.inputs.display();
            let why =
                format!("--array {array} names an array of an .npz file; {inputs} has but one, leave --array out");
            return Err(Failure::Usage(why));
        }
        let model = load_model(&self.net)?;
        let inputs = load_inputs(&self.inputs, self.array.as_deref(), model.network().inputs())?;
        Ok((model, inputs))
    }
}

impl Args {
    /// Whether the work is to be written down in parts.
    fn in_parts(&self) -> bool {
        self.shard.is_some() || self.checkpoint.is_some()
    }
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let output = args.output.as_ref().map(Output::new).transpose()?;
    let (model, inputs) = args.source.load()?;
    let targets = args.targets.as_ref().map(|file| targets::load(file, &model, inputs.len())).transpose()?;
    let certified = args.certified.then(|| certified::model(args, &model)).transpose()?;
    let chosen = method::choose(args, &model, certified.as_ref(), &inputs)?;
    let mut means = None;
    if chosen.way == method::Way::Fast {
        means = parts::predict(args, &model, &inputs)?;
        if let (None, Some(shard), Some(file)) = (&means, args.shard, &args.checkpoint) {
            let file = file.display();
            return super::print(&format!(
                "Shard {shard} is done and in {file}; `dropout-oracle merge` joins all shards."
            ));
        }
    }
    let mut report = predict::predict(&args.sampling, &model, &inputs, targets.as_deref(), &chosen, means.as_deref())?;
    if let Some(certified) = &certified {
        certified::enclose(&model, certified, &inputs, targets.as_deref(), &mut report)?;
    }
    print(&model, &chosen, &args.sampling, &report, output, format)
}

/// Prints a report, or writes it.
fn print(
    model: &Model,
    chosen: &method::Chosen,
    sampling: &Sampling,
    report: &report::Report,
    output: Option<Output>,
    format: Format,
) -> Result<(), Failure> {
    let json = || serde_json::to_string(report).map(|json| json + "\n");
    match (output, format) {
        (Some(output), _) => Ok(output.write(json()?.as_bytes())?),
        (None, Format::Json) => super::print(&json()?),
        (None, Format::Text) => super::print(&table::text(sampling, model, chosen, report)),
    }
}
