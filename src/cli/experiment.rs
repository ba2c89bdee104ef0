//! `dropout-oracle experiment`.

mod svg;
mod table;

use super::{Failure, Format, print};
use dropout_oracle::experiment::{ALL, Experiment, Journal, Outcome, Paired, Record, Run};
use dropout_oracle::file::Output;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The options of `experiment`.
#[derive(clap::Args)]
#[command(
    after_help = "Hyperparameters are chosen on validation examples with seeds of their own, then the chosen training is \
                  repeated with seeds 0, 1, ... and judged on test examples that no choice has seen. Differences over \
                  the seeds are tested exactly (sign-flip test); it is said where a published ordering does not \
                  reproduce.\n\n\
                  With --out, every trial is kept in DIR/NAME.jsonl as soon as it is done, and the same command goes on \
                  where an interrupted one stopped.\n\n\
                  Examples:\n  \
                  dropout-oracle experiment list\n  \
                  dropout-oracle experiment data-size --quick\n  \
                  dropout-oracle experiment all --out results\n\n\
                  Exit status: 0 done, whatever was found; 2 could not run; 3 the command line was wrong."
)]
pub struct Args {
    /// Which experiment: a name that `list` prints; `all` runs all of them
    #[arg(value_name = "NAME", default_value = "list")]
    name: String,

    /// Repetitions of every setting [default: 10, with --quick 6; fewer than 6 can show no significance]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=Paired::MAX_REPETITIONS as u64))]
    seeds: Option<u64>,

    /// Fewer settings, half the steps: seconds an experiment instead of minutes
    #[arg(long)]
    quick: bool,

    /// Steps of every training [default: 2000, with --quick 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,

    /// Write NAME.json, NAME.csv and NAME.svg to DIR, each whole or not at all
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    if args.name == "list" {
        return list(format);
    }
    let experiments: Vec<&Experiment> = match args.name.as_str() {
        "all" => ALL.to_vec(),
        name => vec![Experiment::named(name).ok_or_else(|| unknown(name))?],
    };
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::CouldNotRun(format!("cannot create {}: {error}", folder.display())))?;
    }
    let mut outcomes = Vec::new();
    for experiment in experiments {
        let run = Run::new(experiment, args.quick, args.seeds.unwrap_or(if args.quick { 6 } else { 10 }));
        let run = args.steps.into_iter().fold(run, Run::steps);
        let outcome = match &args.out {
            Some(folder) => run_into(folder, &run)?,
            None => run_with(&run, Vec::new(), |_| Ok(()))?,
        };
        match format {
            Format::Text => print(&format!("{}\n", table::text(&outcome)))?,
            Format::Json => outcomes.push(outcome),
        }
    }
    match (format, outcomes.as_slice()) {
        (Format::Text, _) => Ok(()),
        (Format::Json, [one]) if args.name != "all" => print(&serde_json::to_string(one)?),
        (Format::Json, all) => print(&serde_json::to_string(all)?),
    }
}

/// Runs what the journal in the folder lacks, and writes the three files.
fn run_into(folder: &Path, run: &Run) -> Result<Outcome, Failure> {
    let path = |ending| folder.join(format!("{}.{ending}", run.experiment.name));
    let outputs = (Output::new(path("json"))?, Output::new(path("csv"))?, Output::new(path("svg"))?);
    let (journal, done) = Journal::open(path("jsonl"), run)?;
    let outcome = run_with(run, done, |record| Ok(journal.append(record)?))?;
    outputs.0.write((serde_json::to_string_pretty(&outcome)? + "\n").as_bytes())?;
    outputs.1.write(&table::csv(&outcome)?)?;
    outputs.2.write(svg::figure(&outcome).as_bytes())?;
    Ok(outcome)
}

/// Runs with progress, if somebody watches.
fn run_with(
    run: &Run,
    done: Vec<Record>,
    each: impl Fn(&Record) -> Result<(), Failure> + Sync,
) -> Result<Outcome, Failure> {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(run.trials()) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} trials, {eta} left")?);
    bar.set_message(run.experiment.name);
    bar.set_position(done.iter().filter(|record| run.has(record)).count() as u64);
    let outcome = run.outcome(done, |record| {
        bar.inc(1);
        each(record)
    });
    bar.finish_and_clear();
    outcome
}

/// Every experiment with its question.
fn list(format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => print(&table::list(ALL)),
        Format::Json => {
            let entry = |experiment: &&Experiment| {
                serde_json::json!({
                    "name": experiment.name, "question": experiment.question, "published": experiment.published,
                })
            };
            print(&serde_json::to_string(&ALL.iter().map(entry).collect::<Vec<_>>())?)
        }
    }
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = ALL.iter().map(|experiment| experiment.name).collect();
    Failure::Usage(format!(
        "no experiment is named {name:?}; there are {}; all runs them all, list lists them",
        names.join(", ")
    ))
}
