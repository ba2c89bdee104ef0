//! `dropout-oracle demo` as a user runs it.
#![cfg(feature = "cli")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Two short trainings, so that there are standard errors.
fn demo(arguments: &[&str]) -> Output {
    let small = ["demo", "--seeds", "2", "--steps", "20"];
    run(&[&small, arguments].concat())
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropout-oracle")).args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One run checks the document, the report, and that the number of threads changes no byte: enumeration is slow in a
/// build with little optimisation.
#[test]
fn prints_a_document_that_fits_its_schema_and_writes_a_report_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = ["1", "3"].map(|threads| {
        let report = folder.path().join(format!("report-{threads}.html"));
        let path = report.to_str().unwrap().to_string();
        let output = demo(&["--format", "json", "--threads", threads, "--report", &path]);
        (json(&output), std::fs::read_to_string(report).unwrap())
    });
    assert_eq!(outputs[0], outputs[1], "1 thread and 3 threads");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file stays behind");
    let [(document, report), _] = outputs;
    check_document(&document);
    check_report(&report);
}

fn check_document(document: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../schemas/demo-1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let predictors = document["predictors"].as_array().unwrap();
    let names: Vec<&str> = predictors.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["WS", "NGM", "AM", "MC k=1", "MC k=5", "MC k=20", "MC k=100"]);
    assert_eq!(document["pair"], serde_json::json!([3, 8]));
    assert_eq!(document["examples"], serde_json::json!({ "train": 178, "test": 179 }));
    // Every figure is the mean of its seeds, and its standard error theirs.
    for row in predictors {
        let measured = &row["nll"];
        let per_seed: Vec<f64> = measured["per_seed"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let [a, b] = per_seed[..] else { panic!("two seeds") };
        assert_eq!(measured["mean"].as_f64().unwrap(), (a + b) / 2.0);
        // For two values the standard error is half their distance; both ways round a few times.
        let expected = (a - b).abs() / 2.0;
        assert!((measured["standard_error"].as_f64().unwrap() - expected).abs() <= 8.0 * f64::EPSILON * a.max(b));
    }
    // A prediction is at distance 0 from itself, and the two exact means are equally far from each other.
    let mean = |row: usize, key: &str| predictors[row][key]["mean"].as_f64().unwrap();
    assert_eq!((mean(1, "distance_to_ngm"), mean(2, "distance_to_am")), (0.0, 0.0));
    assert_eq!(mean(1, "distance_to_am"), mean(2, "distance_to_ngm"));
    // The histogram counts every sub-network of both seeds.
    let counts = document["submodels"]["histogram"]["counts"].as_array().unwrap();
    assert_eq!(counts.iter().map(|count| count.as_u64().unwrap()).sum::<u64>(), 2 * 4096);
}

fn check_report(report: &str) {
    assert_eq!(report.matches("<svg ").count(), 3);
    assert_eq!(report.matches("viewBox").count(), 3);
    for part in ["<table>", "prefers-color-scheme: dark", "Alpaydin", "CC BY 4.0", "MC k=100", "stroke-dasharray"] {
        assert!(report.contains(part), "the report lacks {part}");
    }
    // Self-contained: nothing to load, nothing to run, no placeholder left.
    for part in ["<script", "src=", "href=", "@import", "url(http", "{{"] {
        assert!(!report.contains(part), "the report contains {part}");
    }
}

#[test]
fn prints_a_table() {
    let output = run(&["demo", "--seeds", "1", "--steps", "5", "--pair", "1", "8"]);
    assert!(output.status.success());
    let table = text(&output.stdout);
    for part in ["1 from 8", "WS ", "NGM ", "AM ", "MC k=1 ", "MC k=5 ", "MC k=20 ", "MC k=100 ", "total variation"] {
        assert!(table.contains(part), "the table lacks {part:?}:\n{table}");
    }
    assert!(table.contains("no standard errors"), "one seed has no standard error");
    assert!(output.stderr.is_empty(), "no progress where standard error is no terminal");
}

#[test]
fn wrong_command_lines_end_with_status_3() {
    for arguments in [
        &["--pair", "3", "3"][..],
        &["--pair", "3", "10"],
        &["--pair", "3"],
        &["--pair", "3", "-1"],
        &["--seeds", "0"],
        &["--steps", "0"],
    ] {
        let output = demo(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let message = demo(&["--pair", "3", "3"]).stderr;
    assert!(text(&message).contains("two different digits from 0 to 9"), "{}", text(&message));
}

/// Refused before the training, which for so many steps would take hours.
#[test]
fn a_report_that_cannot_be_written_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path(), &folder.path().join("missing/report.html"), Path::new("/dev/null/report.html")] {
        let output = run(&["demo", "--steps", "1000000000", "--report", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{}", path.display());
        assert!(text(&output.stderr).contains("cannot be written"));
        assert!(output.stdout.is_empty());
    }
}
