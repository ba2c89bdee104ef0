//! A file of results, refused by name where it is none.

use crate::cli::Failure;
use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::layer::Implementation;
use dropout_oracle::conformance::{Effort, Expectation, Finding, Report, Verdict};
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

const FORMAT: &str = "dropout-oracle/conformance-1";

/// What one file says.
pub struct Results {
    pub path: PathBuf,
    pub report: Report,
}

/// A report as a file has it: the laws by their ids.
#[derive(Deserialize)]
struct Stored {
    oracle: String,
    implementation: Implementation,
    seed: u64,
    effort: Effort,
    broken: Option<String>,
    findings: Vec<StoredFinding>,
}

#[derive(Deserialize)]
struct StoredFinding {
    layer: String,
    law: String,
    false_alarm: f64,
    #[serde(flatten)]
    verdict: Verdict,
    expected: Option<Expectation>,
    reproduce: Option<String>,
}

/// Reads a file and holds it against its schema.
pub fn load(path: &Path) -> Result<Results, Failure> {
    let wrong = |why: String| Failure::CouldNotRun(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("is no JSON: {error}")))?;
    report(value).map(|report| Results { path: path.into(), report }).map_err(wrong)
}

fn report(value: Value) -> Result<Report, String> {
    let format = &value["format"];
    if format != FORMAT {
        return Err(match format.as_str() {
            Some(other) => format!("its format is {other:?}, and not {FORMAT:?}"),
            None => format!("is no result of `dropout-oracle conform --format json`: it lacks \"format\": {FORMAT:?}"),
        });
    }
    let schema = include_str!("../../../schemas/conformance-1.schema.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    schema.validate(&value).map_err(|error| format!("{error}, at {:?}", error.instance_path().to_string()))?;
    let stored: Stored = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let Stored { oracle, implementation, seed, effort, broken, findings } = stored;
    let findings = findings.into_iter().map(finding).collect::<Result<Vec<_>, _>>()?;
    for (i, found) in findings.iter().enumerate() {
        if findings[..i].iter().any(|before| before.law == found.law && before.layer == found.layer) {
            return Err(format!("law {} of layer {:?} stands there twice", found.law, found.layer));
        }
    }
    Ok(Report { format: FORMAT, oracle, implementation, seed, effort, broken, findings })
}

/// With what this oracle knows of the law.
fn finding(stored: StoredFinding) -> Result<Finding, String> {
    let StoredFinding { layer, law, false_alarm, verdict, expected, reproduce } = stored;
    let law = ALL.iter().find(|known| known.id == law).ok_or_else(|| {
        format!("layer {layer:?} has a finding of law {law}, which version {} does not know", env!("CARGO_PKG_VERSION"))
    })?;
    let (law, name, claim) = (law.id, law.name, law.claim);
    Ok(Finding { layer, law, name, claim, false_alarm, verdict, expected, reproduce })
}
