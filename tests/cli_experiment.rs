//! `dropout-oracle experiment` from end to end, through the built program.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// The smallest experiment there is.
const NAME: &str = "co-adaptation";

fn experiment(options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropout-oracle")).arg("experiment").args(options).output().unwrap()
}

#[track_caller]
fn run(out: &Path, options: &[&str]) -> String {
    let folder = out.to_str().unwrap();
    let output = experiment(&[&[NAME, "--quick", "--seeds", "2", "--out", folder], options].concat());
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

fn read(out: &Path, ending: &str) -> String {
    std::fs::read_to_string(out.join(format!("{NAME}.{ending}"))).unwrap()
}

/// The lines of the journal, which come in the order in which the trials were done.
fn journal(out: &Path) -> Vec<String> {
    let mut lines: Vec<String> = read(out, "jsonl").lines().map(String::from).collect();
    lines.sort();
    lines
}

/// Files, table, journal; then a journal cut in the middle of a line goes on to the same bytes, and another setting is
/// refused by its name.
#[test]
fn runs_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, resumed) = (folder.path().join("whole"), folder.path().join("resumed"));
    let text = run(&whole, &[]);
    for part in ["setting", "dropout", "±", "p = ", "p is at least 0.50", "Published: Hinton"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }

    let document: Value = serde_json::from_str(&read(&whole, "json")).unwrap();
    assert_eq!((&document["experiment"], &document["seeds"]), (&NAME.into(), &2.into()));
    let cell = &document["settings"][1]["cells"][0];
    let values: Vec<f64> = cell["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert_eq!(cell["mean"], (values[0] + values[1]) / 2.0);
    assert_eq!(document["comparisons"].as_array().unwrap().len(), 4);
    let csv = read(&whole, "csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 4);
    assert!(csv.contains(&format!("dropout,error,error %,{},", cell["mean"])), "{csv}");
    assert!(read(&whole, "svg").ends_with("</svg>\n"));
    assert_eq!(journal(&whole).len(), 4);

    let lines = read(&whole, "jsonl");
    std::fs::create_dir(&resumed).unwrap();
    let second_line = lines.find('\n').unwrap() + 1;
    std::fs::write(resumed.join(format!("{NAME}.jsonl")), &lines[..second_line + 40]).unwrap();
    assert_eq!(run(&resumed, &["--threads", "1"]), text);
    for ending in ["json", "csv", "svg"] {
        assert_eq!(read(&resumed, ending), read(&whole, ending));
    }
    assert_eq!(journal(&resumed), journal(&whole));

    // With all trials in the journal, nothing is left to be run.
    let json = run(&whole, &["--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), document);

    let changed = experiment(&[NAME, "--seeds", "2", "--out", whole.to_str().unwrap()]);
    let message = String::from_utf8(changed.stderr).unwrap();
    assert_eq!(changed.status.code(), Some(2));
    assert!(message.contains("line 1: setting \"") && message.contains("has changed"), "{message}");
}

#[test]
fn lists_every_experiment() {
    let (list, nothing) = (experiment(&["list"]), experiment(&[]));
    assert_eq!(list, nothing);
    let text = String::from_utf8(list.stdout).unwrap();
    let json = experiment(&["list", "--format", "json"]);
    let json: Vec<Value> = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(text.lines().count(), json.len());
    for (line, entry) in text.lines().zip(json) {
        assert!(line.starts_with(entry["name"].as_str().unwrap()));
        assert!(line.ends_with(entry["question"].as_str().unwrap()));
    }
}

#[test]
fn refuses_a_wrong_command_line() {
    for options in [&["no-such"][..], &[NAME, "--seeds", "0"], &[NAME, "--seeds", "25"], &["list", "--steps", "3"]] {
        let output = experiment(options);
        assert_eq!(output.status.code(), Some(3), "{options:?}");
        assert!(output.stdout.is_empty());
    }
    let message = String::from_utf8(experiment(&["no-such"]).stderr).unwrap();
    assert!(message.contains("\"no-such\"") && message.contains(NAME), "{message}");
}
