//! `dropout-oracle ensemble` from end to end, through the built program.

mod budget;
mod by_definition;
mod certified;
mod methods;
mod monte_carlo;
mod output;
mod refusals;
mod text;
#[path = "../files/weights.rs"]
mod weights;

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What a run of the program gave.
struct Outcome {
    status: i32,
    stdout: String,
    stderr: String,
}

/// `dropout-oracle ensemble` with the given options.
fn ensemble(options: &[&str]) -> Outcome {
    let program = env!("CARGO_BIN_EXE_dropout-oracle");
    let output = Command::new(program).arg("ensemble").args(options).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The same for a network and inputs, with further options.
fn predict(net: &Path, inputs: &Path, options: &[&str]) -> Outcome {
    ensemble(&[&["--net", net.to_str().unwrap(), "--inputs", inputs.to_str().unwrap()], options].concat())
}

/// The JSON of a run that must succeed, checked against its schema.
fn json(net: &Path, inputs: &Path, options: &[&str]) -> Value {
    let outcome = predict(net, inputs, &[&["--format", "json"], options].concat());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/ensemble-1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let report = serde_json::from_str(&outcome.stdout).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    report
}

/// An array of numbers of a report.
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// Equal to 1e-13, relative to numbers of size 1 and above: hundreds of times what a few dozen roundings of size 2⁻⁵³
/// make, in the program and here, and far less than any slip in a formula would.
#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        approx::assert_relative_eq!(found, expected, max_relative = 1e-13, epsilon = 1e-15);
    }
}
