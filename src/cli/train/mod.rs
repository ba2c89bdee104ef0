//! `dropout-oracle train`: a network from a configuration and data.

mod checkpoint;
mod committee;
mod compare;
mod config;
mod course;
mod curves;
mod data;
mod expected;
mod forward;
mod method;
mod report;
mod run;
mod score;

use super::{Failure, Format};
use compare::Comparison;
use config::{Config, Precision};
use data::Sets;
use dropout_oracle::file::{Fingerprint, Output, save_model};
use dropout_oracle::train::Committee;
use method::Way;
use report::Report;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The options of `train`.
#[derive(clap::Args)]
#[command(after_long_help = "\
  dropout-oracle train --example > t.toml && dropout-oracle train t.toml --compare

trains on the embedded digits and compares every way to average the sub-networks. keep are KEEP probabilities, 1 minus the \
drop rate. The same configuration and data give the same bits for any number of threads, in one run or in parts.

schemas/train-1.schema.json describes what --format json prints.

Exit status: 0 done, 2 a file is wrong or training diverged, 3 the command line was wrong.")]
pub struct Args {
    /// The configuration, in TOML; --example prints one with comments
    #[arg(value_name = "CONFIG", required_unless_present = "example")]
    config: Option<PathBuf>,

    /// Print a configuration that runs as it stands
    #[arg(long, exclusive = true)]
    example: bool,

    /// Write the network to FILE and, beside it, its weights as .safetensors [default: CONFIG with the ending .json]
    #[arg(long, value_name = "FILE")]
    net: Option<PathBuf>,

    /// Write how far training is to FILE now and then, and go on from there if it exists: a killed run loses little
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// The seconds between two checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "checkpoint")]
    every: u64,

    /// Write steps, training loss and validation results to FILE, a line of JSON each look
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Draw the losses of training and validation against the steps, as SVG
    #[arg(long, value_name = "FILE")]
    curves: Option<PathBuf>,

    /// Compare weight scaling, Monte Carlo and, where affordable, both exact means on the test examples
    #[arg(long)]
    compare: bool,

    /// Sampled sub-networks an example in the comparison
    #[arg(long, value_name = "K", default_value_t = 100, requires = "compare",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    monte_carlo: u64,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let Some(path) = &args.config else { return super::print(config::EXAMPLE) };
    let net = args.net.clone().unwrap_or_else(|| path.with_extension("json"));
    let config = Config::load(path)?;
    let members = committee::files(&config, &net);
    check_files(args, path, &net, &members)?;
    Output::new(&net)?;
    let curves = args.curves.as_ref().map(Output::new).transpose()?;
    if args.compare && config.test.is_none() {
        return Err(Failure::Usage("--compare needs test examples: give the configuration a [test] section".into()));
    }
    if args.checkpoint.is_some() && matches!(config.training.method.way, Way::Expected(_)) {
        let name = config.training.method.name;
        return Err(Failure::Usage(format!("--checkpoint does not belong to method = \"{name}\"; leave it out")));
    }
    if args.checkpoint.is_some() && config.committee.is_some() {
        return Err(Failure::Usage(
            "--checkpoint does not go with [committee], whose members are not in it; leave one out".into(),
        ));
    }
    let sets = Sets::load(&config, path.parent().unwrap_or(Path::new("")))?;
    let (training, every) = config.training(sets.train.count())?;
    let untrained = |seed| config.model(sets.train.inputs()[0].len(), sets.train.targets()[0].len(), seed);
    let mut model = untrained(training.seed)?;
    let job = run::Job {
        sets: &sets,
        training,
        every,
        patience: config.early_stopping.as_ref().map(|stopping| stopping.patience),
        checkpoint: args.checkpoint.as_deref().map(|path| (path, Duration::from_secs(args.every))),
        log: args.log.as_deref(),
        work: checkpoint::Work {
            config: Fingerprint::of_bytes(&serde_json::to_vec(&config)?),
            data: sets.fingerprint(),
        },
    };
    let done = match (config.training.method.way, config.precision()) {
        (Way::Minibatches(_), Precision::F32) => run::train::<f32>(&job, &mut model)?,
        (Way::Minibatches(_), Precision::F64) => run::train::<f64>(&job, &mut model)?,
        (Way::Expected(expectation), _) => expected::train(&job, expectation, config.tolerance(), &mut model)?,
    };
    let committee = committee::train(&config, &job.training, &sets.train, untrained)?;
    save_model(&model, &net)?;
    for (member, file) in committee.iter().flat_map(Committee::members).zip(&members) {
        save_model(member, file)?;
    }
    if let Some(curves) = curves {
        curves.write(curves::figure(&done.course.looks, done.kept_step, config.training.method.name).as_bytes())?;
    }
    let samples = args.compare.then_some(args.monte_carlo);
    let compare = |test| Comparison::new(&model, committee.as_ref(), test, samples, job.training.seed);
    let comparison = sets.test.as_ref().map(compare).transpose()?.unwrap_or_default();
    let report = Report::new(&net, &members, config.training.method, &model, &sets, &done, comparison);
    match format {
        Format::Text => super::print(&report::text(&report)),
        Format::Json => super::print(&serde_json::to_string(&report)?),
    }
}

/// That no file is to be written over another.
fn check_files(args: &Args, config: &Path, net: &Path, members: &[PathBuf]) -> Result<(), Failure> {
    let nets = || members.iter().map(PathBuf::as_path).chain([net]);
    let weights: Vec<_> = nets().map(|net| net.with_extension("safetensors")).collect();
    let options = [&args.checkpoint, &args.log, &args.curves].into_iter().flatten().map(PathBuf::as_path);
    let files: Vec<&Path> =
        [config].into_iter().chain(nets()).chain(weights.iter().map(PathBuf::as_path)).chain(options).collect();
    match files.iter().enumerate().find(|(n, file)| files[..*n].contains(file)) {
        Some((_, twice)) => Err(Failure::Usage(format!(
            "{} would be two files at once (configuration, network, weights, checkpoint, log, curves); name each apart",
            twice.display()
        ))),
        None => Ok(()),
    }
}
