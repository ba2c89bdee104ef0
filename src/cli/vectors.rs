//! `dropout-oracle vectors`: test vectors for any language, and the verdict on what an implementation made of them.

use super::{Failure, Format};
use comfy_table::{Table, presets};
use dropout_oracle::file::Output;
use dropout_oracle::vectors::check::{ANSWERS, Answers, Judgement, Verdict, judge};
use dropout_oracle::vectors::{suite, write};
use itertools::Itertools;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The options of `vectors`.
#[derive(clap::Args)]
#[command(after_long_help = "\
The files are plain JSON: inputs as IEEE bits and decimals, masks as bitsets, expected values as enclosures with a budget \
of units in the last place. schemas/vectors-1.schema.json describes them, schemas/answers-1.schema.json the answers:

  {\"format\": \"dropout-oracle/answers-1\", \"implementation\": \"mine 1.0\", \"answers\": {
    \"masked/f32/inverted/p-0.3\": {\"outputs\": {\"y\": [\"3fb6db6e\", ...], \"dx\": [...]}},
    \"p_edges/f32/reject/1.5\": {\"rejected\": \"ValueError\"},
    \"masked/f16/inverted/p-0.3\": {\"skipped\": \"no half types\"}}}

So they go through pipes too: dropout-oracle vectors generate --out - | yours | dropout-oracle vectors check -

Exit status: 0 done, 1 an answer is wrong, 2 could not run, 3 the command line was wrong.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Write the vectors, one file an operation
    Generate {
        /// The folder they go to; - for standard output, one file a line
        #[arg(long, value_name = "DIR", default_value = "vectors")]
        out: PathBuf,
    },
    /// Judge the answers of an implementation
    Check {
        /// The answers; - for standard input
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    match &args.action {
        Action::Generate { out } => generate(out, format),
        Action::Check { file } => check(file, format),
    }
}

/// What stands for a pipe in place of a path.
const PIPE: &str = "-";

fn generate(out: &Path, format: Format) -> Result<(), Failure> {
    if out == Path::new(PIPE) {
        let lines = suite().iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        return super::print(&lines.join("\n"));
    }
    std::fs::create_dir_all(out).map_err(|error| Failure::CouldNotRun(format!("{}: {error}", out.display())))?;
    let (mut table, mut written) = (Table::new(), Vec::new());
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["file", "tests", "brings to light"]);
    for file in suite() {
        let path = out.join(format!("{}.json", file.operation));
        Output::new(&path)?.write(write(&file).as_bytes())?;
        let flags = file.flags.keys().join(", ");
        table.add_row([path.display().to_string(), file.number_of_tests.to_string(), flags]);
        written.push(json!({"file": path, "operation": file.operation, "number_of_tests": file.number_of_tests}));
    }
    super::print(&match format {
        Format::Text => table.to_string(),
        Format::Json => serde_json::to_string_pretty(&written)?,
    })
}

fn check(file: &Path, format: Format) -> Result<(), Failure> {
    let because = |why: String| Failure::CouldNotRun(format!("{}: {why}", file.display()));
    let text =
        if file == Path::new(PIPE) { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| because(error.to_string()))?;
    let answers: Answers = serde_json::from_str(&text).map_err(|error| because(error.to_string()))?;
    if answers.format != ANSWERS {
        return Err(because(format!("its format is {:?}; this version reads {ANSWERS:?}", answers.format)));
    }
    let judgements = judge(&suite(), &answers);
    let count = |right: fn(&Verdict) -> bool| judgements.iter().filter(|judgement| right(&judgement.verdict)).count();
    let passed = count(|verdict| *verdict == Verdict::Passed);
    let failed = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    let open = judgements.len() - passed - failed;
    super::print(&match format {
        Format::Text => {
            let failures = judgements.iter().filter_map(line).join("\n");
            format!("{failures}\n{}: {passed} passed, {failed} failed, {open} not answered", answers.implementation)
                .trim_start()
                .into()
        }
        Format::Json => serde_json::to_string_pretty(&json!({
            "implementation": answers.implementation,
            "passed": passed, "failed": failed, "not_answered": open,
            "tests": judgements,
        }))?,
    })?;
    if failed > 0 { Err(Failure::CheckFailed) } else { Ok(()) }
}

/// What is said of a failure.
fn line(judgement: &Judgement) -> Option<String> {
    let Verdict::Failed { why } = &judgement.verdict else { return None };
    let flags = if judgement.flags.is_empty() {
        String::new()
    } else {
        format!("\n    perhaps: {}", judgement.flags.join(", "))
    };
    Some(format!("FAILED {}: {why}{flags}", judgement.id))
}
