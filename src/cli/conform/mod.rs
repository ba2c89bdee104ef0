//! `dropout-oracle conform`: an adapter's command, held against the laws.

pub mod details;
mod expect;
mod junit;
mod markdown;
mod text;
mod validate;

use super::Failure;
use clap::ValueEnum;
use dropout_oracle::conformance::layer::Level;
use dropout_oracle::conformance::zoo::{Mutant, Served, mutants, rights};
use dropout_oracle::conformance::{
    Adapter, Conclusion, Config, Effort, Finding, Process, Recorded, Recorder, Report, Selection, Subject, conform,
    law, serve,
};
use dropout_oracle::file::Output;
use indicatif::{ProgressBar, ProgressStyle};
use itertools::Itertools;
use std::fs::File;
use std::io::{BufReader, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The options of `conform`.
#[derive(clap::Args)]
#[command(
    override_usage = "dropout-oracle conform [OPTIONS] -- <COMMAND>...",
    after_help = "Exit status: 0 conformant, 1 not, 2 the adapter is broken, 3 the command line was wrong.\n\
                  docs/protocol.md says what COMMAND must do."
)]
pub struct Args {
    /// The adapter: a program that speaks the protocol on its standard input and output
    #[arg(last = true, required_unless_present_any = ["serve", "list", "recorded"], value_name = "COMMAND")]
    command: Vec<String>,

    /// Only these laws, as in L1 or S3
    #[arg(long = "law", value_name = "ID")]
    laws: Vec<String>,

    /// Only these layers of the adapter
    #[arg(long = "layer", value_name = "ID")]
    layers: Vec<String>,

    /// Only laws that need no more than this level
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,

    /// Spend less than half a minute
    #[arg(long, conflicts_with = "thorough")]
    quick: bool,

    /// Look for the smallest errors, however long it takes
    #[arg(long)]
    thorough: bool,

    /// Decides every random choice
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Seconds until a message that is not answered counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,

    /// Hold every message, in both directions, against schemas/protocol-1.schema.json
    #[arg(long)]
    validate: bool,

    /// Failures that are known: a TOML file of [[expect]] tables with id (LAYER/LAW), reason and issue (a URL); one that
    /// holds after all is an error
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// Keep every question and answer in this file, as lines of JSON
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Hold the laws against a file that --record wrote, in place of an adapter; effort and seed are those of the file, laws
    /// and layers too unless some of them are named
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "record", "quick", "thorough", "seed", "validate"])]
    recorded: Option<PathBuf>,

    /// How findings are printed on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// List the laws, and run nothing
    #[arg(long, conflicts_with = "command")]
    list: bool,

    /// Be an adapter instead: of the right dropout, or of a wrong one of the zoo
    #[arg(long, value_name = "MUTANT", num_args = 0..=1, default_missing_value = "right", conflicts_with = "command")]
    serve: Option<String>,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON document, as schemas/conformance-1.schema.json says
    Json,
    /// A table and the failures, for an issue or a summary page
    Markdown,
    /// XML for continuous integration
    Junit,
    /// The page that `report` makes, of this implementation alone
    Html,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.list {
        return super::print(&text::laws());
    }
    if let Some(name) = &args.serve {
        return serve_zoo(name);
    }
    if let Some(id) = args.laws.iter().find(|id| !law::ALL.iter().any(|law| law.id.eq_ignore_ascii_case(id))) {
        let known: Vec<_> = law::ALL.iter().map(|law| law.id).collect();
        return Err(Failure::Usage(format!("there is no law {id:?}; the laws are {}", known.join(", "))));
    }
    let expectations = args.expect.as_deref().map_or(Ok(Vec::new()), expect::load)?;
    let report = report(args)?.expecting(&expectations);
    let unknown = |id: &&String| !report.findings.iter().any(|finding| finding.layer == **id);
    if let Some(id) = args.layers.iter().find(unknown).filter(|_| report.broken.is_none()) {
        return Err(Failure::Usage(format!("the adapter has no layer {id:?}, or no chosen law is about it")));
    }
    let conclusion = report.conclusion();
    super::print(&match args.format {
        Format::Text => text::report(&report),
        Format::Json => serde_json::to_string_pretty(&report)?,
        Format::Markdown => markdown::report(&report),
        Format::Junit => junit::report(&report),
        Format::Html => crate::cli::report::single(report)?,
    })?;
    match conclusion {
        Conclusion::Conformant => Ok(()),
        Conclusion::NotConformant => Err(Failure::CheckFailed),
        Conclusion::AdapterBroken => Err(Failure::CouldNotRun("the adapter is broken; see the findings".into())),
    }
}

/// Holds the laws against the adapter, or against what one said.
fn report(args: &Args) -> Result<Report, Failure> {
    let selection = Selection { laws: args.laws.clone(), layers: args.layers.clone(), level: args.level };
    let effort = match (args.quick, args.thorough) {
        (true, _) => Effort::Quick,
        (_, true) => Effort::Thorough,
        _ => Effort::Standard,
    };
    let config = Config { seed: args.seed, effort };
    if let Some(path) = &args.recorded {
        let mut recorded = recording(path)?;
        let (of_file, config) = (recorded.selection().clone(), recorded.config());
        let or = |chosen: Vec<String>, recorded| if chosen.is_empty() { recorded } else { chosen };
        let selection = Selection {
            laws: or(selection.laws, of_file.laws),
            layers: or(selection.layers, of_file.layers),
            level: selection.level.or(of_file.level),
        };
        return Ok(held(&mut recorded, &selection, config).reproducible_from(path));
    }
    let timeout = Duration::from_secs(args.timeout);
    let mut process = Process::new(Adapter { command: args.command.clone(), timeout });
    if args.validate {
        process = process.validate(validate::validator());
    }
    let report = match &args.record {
        Some(path) => {
            let out = Output::new(path)?;
            let mut recorder = Recorder::new(&mut process, config, &selection);
            let report = held(&mut recorder, &selection, config);
            out.write(&recorder.into_bytes())?;
            report
        }
        None => held(&mut process, &selection, config),
    };
    Ok(report.reproducible_by(&args.command))
}

/// Reads a recording.
fn recording(path: &Path) -> Result<Recorded, Failure> {
    let wrong = |why: String| Failure::CouldNotRun(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    Recorded::read(BufReader::new(file)).map_err(|error| wrong(error.to_string()))
}

/// What the laws say of a subject, with a line that tells how far they are.
fn held(subject: &mut dyn Subject, selection: &Selection, config: Config) -> Report {
    let progress =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{msg}").expect("a valid template"));
    let observe = |finding: &Finding| progress.set_message(format!("{} {} done", finding.layer, finding.law));
    let report = conform(subject, selection, config, observe);
    progress.finish_and_clear();
    report
}

/// Serves the right dropouts, or one of the zoo by its name.
fn serve_zoo(name: &str) -> Result<(), Failure> {
    let mut served = match name {
        "right" => Served::new(
            "dropout-oracle",
            rights().into_iter().map(|right| right.1).unique_by(|dropout| dropout.layer().id).collect(),
        ),
        name => {
            let mutants = mutants();
            let found = mutants.iter().find(|mutant| slug(mutant) == name).ok_or_else(|| {
                let names: Vec<_> = mutants.iter().map(slug).collect();
                Failure::Usage(format!("there is no mutant {name:?}; there are {}", names.join(", ")))
            })?;
            Served::new(found.name, vec![(found.dropout)()])
        }
    };
    Ok(serve(&mut served, stdin().lock(), stdout().lock())?)
}

/// A mutant's name as one word.
fn slug(mutant: &Mutant) -> String {
    mutant.name.replace(' ', "-")
}

fn level(text: &str) -> Result<Level, String> {
    serde_json::from_value(text.to_ascii_uppercase().into()).map_err(|_| "levels are C0 to C7".into())
}
