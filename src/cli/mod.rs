//! Commands, their common options, and what their exit status means.

mod claims;
mod conform;
mod demo;
mod ensemble;
mod experiment;
mod markup;
mod report;
mod train;
mod vectors;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Exact ensembles of all sub-networks that dropout trains, and the claims of dropout theory, checked.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Exit status: 0 done, 1 a check failed, 2 could not run, 3 the command line was wrong."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Number of threads; the results are the same bits for any [default: one a core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    /// Train a small digit classifier with dropout and compare every way to average its sub-networks
    Demo(Printed<demo::Args>),
    /// Average all sub-networks of your own trained network, exactly
    Ensemble(Printed<ensemble::Args>),
    /// Join the shards of one enumeration, done on many machines
    Merge(Printed<ensemble::merge::Args>),
    /// Train your own network with dropout, fast, on your own data
    Train(Printed<train::Args>),
    /// Repeat a published finding about dropout in miniature, on the embedded digits
    Experiment(Printed<experiment::Args>),
    /// List the claims of dropout theory with their evidence, or explain one
    Claims(Printed<claims::Args>),
    /// Hold any implementation of dropout, in any language, against the laws of dropout
    Conform(conform::Args),
    /// Join what `conform --format json` printed into one page: laws by implementations
    Report(report::Args),
    /// Write test vectors for any language, or judge what an implementation made of them
    Vectors(Printed<vectors::Args>),
}

/// A command whose results are printed as text or JSON.
#[derive(clap::Args)]
struct Printed<A: clap::Args> {
    #[command(flatten)]
    args: A,

    /// How results are printed on standard output
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Text,
    /// One JSON document for programs
    Json,
}

/// Why a command did not end with status 0.
#[derive(Debug)]
pub enum Failure {
    /// A check failed, as was printed: status 1.
    CheckFailed,
    /// It could not run: status 2.
    CouldNotRun(String),
    /// The command line was wrong: status 3.
    Usage(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::CouldNotRun(error.to_string())
    }
}

/// Prints a result on standard output. A reader that has seen enough (`| head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Parses the command line and runs the command.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 3 } else { 0 });
        }
    };
    if let Some(threads) = cli.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
        pool.expect("nothing has used the pool yet");
    }
    let done = match &cli.command {
        Command::Demo(printed) => demo::run(&printed.args, printed.format),
        Command::Ensemble(printed) => ensemble::run(&printed.args, printed.format),
        Command::Merge(printed) => ensemble::merge::run(&printed.args, printed.format),
        Command::Train(printed) => train::run(&printed.args, printed.format),
        Command::Experiment(printed) => experiment::run(&printed.args, printed.format),
        Command::Claims(printed) => claims::run(&printed.args, printed.format),
        Command::Conform(args) => conform::run(args),
        Command::Report(args) => report::run(args),
        Command::Vectors(printed) => vectors::run(&printed.args, printed.format),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::CheckFailed) => ExitCode::FAILURE,
        Err(Failure::CouldNotRun(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Usage(message)) => {
            let _ = Cli::command().error(clap::error::ErrorKind::ValueValidation, message).print();
            ExitCode::from(3)
        }
    }
}
