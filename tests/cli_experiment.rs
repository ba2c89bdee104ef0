//! `dropout-oracle experiment` from end to end, through the built program.

use dropout_oracle::data::Examples;
use dropout_oracle::experiment::{ALL, Judged, Run, Setting};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// The experiment with the fewest settings and several measures.
const NAME: &str = "co-adaptation";
/// Two settings with three candidates each, validated once and then repeated twice: ten trials.
const SMALL: [&str; 5] = ["--quick", "--seeds", "2", "--steps", "5"];
const TRIALS: usize = 10;

fn experiment(options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropout-oracle")).arg("experiment").args(options).output().unwrap()
}

#[track_caller]
fn run(out: &Path, options: &[&str]) -> String {
    let folder = out.to_str().unwrap();
    let output = experiment(&[&[NAME, "--out", folder], &SMALL[..], options].concat());
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
    for part in ["setting", "dropout", "±", "p = ", "p is at least 0.50", "rate 0.0", "Published: Hinton"] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }

    let document: Value = serde_json::from_str(&read(&whole, "json")).unwrap();
    check_schema(&document);
    assert_eq!((&document["experiment"], &document["seeds"]), (&NAME.into(), &2.into()));
    let dropout = &document["settings"][1];
    let candidates = dropout["candidates"].as_array().unwrap();
    let error = |candidate: &&Value| candidate["validation_error"].as_f64().unwrap();
    let best = candidates.iter().min_by(|a, b| error(a).total_cmp(&error(b))).unwrap();
    assert_eq!((candidates.len(), &best["candidate"]), (3, &dropout["chosen"]));
    let cell = &dropout["cells"][0];
    let values: Vec<f64> = cell["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert_eq!(cell["mean"], (values[0] + values[1]) / 2.0);
    assert_eq!(document["comparisons"].as_array().unwrap().len(), 4);
    let csv = read(&whole, "csv");
    assert_eq!(csv.lines().count(), 1 + 2 * 4);
    let line = format!("dropout,{},error,error %,{},", dropout["chosen"].as_str().unwrap(), cell["mean"]);
    assert!(csv.contains(&line), "{csv}");
    assert!(read(&whole, "svg").ends_with("</svg>\n"));
    assert_eq!(journal(&whole).len(), TRIALS);

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

    // A trial that is in the journal is not run again: its value stays, wrong as it is.
    let reported = lines.lines().position(|line| line.contains("judged: Test")).unwrap();
    let replaced = |(i, line): (usize, &str)| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        if i == reported {
            record["values"][0] = (-50.0).into();
        }
        record.to_string() + "\n"
    };
    std::fs::write(whole.join(format!("{NAME}.jsonl")), lines.lines().enumerate().map(replaced).collect::<String>())
        .unwrap();
    assert!(run(&whole, &["--format", "json"]).contains("-50.0"));

    let changed = experiment(&[NAME, "--quick", "--seeds", "2", "--out", whole.to_str().unwrap()]);
    let message = String::from_utf8(changed.stderr).unwrap();
    assert_eq!(changed.status.code(), Some(2));
    assert!(message.contains("line 1: setting \"") && message.contains("has changed"), "{message}");
}

fn check_schema(document: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../schemas/experiment-1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for (field, wrong) in [("format", Value::from("experiment-0")), ("seeds", 0.into()), ("settings", Value::Null)] {
        let mut wrongly = document.clone();
        wrongly[field] = wrong;
        assert!(!validator.is_valid(&wrongly), "{field}");
    }
}

/// Training and validation examples come from one part of the digits, test examples are the other, for every seed.
#[test]
fn no_test_example_is_trained_on_or_chosen_by() {
    let setting = Setting::new("small", true).examples(300);
    let judged = |judged, seed| setting.choose(&setting.candidates[0], judged).split(seed).unwrap();
    let (_, test) = judged(Judged::Test, 0);
    for seed in [0, 1, Run::FIRST_CHOICE_SEED] {
        let ((train, validation), (same, still)) = (judged(Judged::Validation, seed), judged(Judged::Test, seed));
        assert_eq!((&train, &test), (&same, &still));
        assert_eq!((train.count(), train.count() + validation.count() + test.count()), (300, 1797));
        let distinct = |a: &Examples, b: &Examples| a.inputs().iter().all(|x| !b.inputs().contains(x));
        assert!(distinct(&train, &test) && distinct(&validation, &test) && distinct(&train, &validation));
    }
}

/// Every comparison names settings and measures that there are; what quick leaves out is there in full.
#[test]
fn every_comparison_can_be_made() {
    for experiment in ALL {
        let settings = (experiment.settings)(false);
        for (setting, measure) in experiment.comparisons.iter().flat_map(|c| [c.first, c.second]) {
            assert!(settings.iter().any(|s| s.name == setting), "{}: {setting}", experiment.name);
            assert!(experiment.measures.iter().any(|m| m.name == measure), "{}: {measure}", experiment.name);
        }
        for quick in (experiment.settings)(true) {
            assert!(settings.iter().any(|s| s.name == quick.name), "{}: {}", experiment.name, quick.name);
        }
    }
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
    for options in [
        &["no-such"][..],
        &[NAME, "--seeds", "0"],
        &[NAME, "--seeds", "25"],
        &[NAME, "--steps", "0"],
        &[NAME, "--slow"],
    ] {
        let output = experiment(options);
        assert_eq!(output.status.code(), Some(3), "{options:?}");
        assert!(output.stdout.is_empty());
    }
    let message = String::from_utf8(experiment(&["no-such"]).stderr).unwrap();
    let names: Vec<Value> = serde_json::from_slice(&experiment(&["list", "--format", "json"]).stdout).unwrap();
    assert_eq!(names.len(), 11);
    for name in names.iter().map(|entry| entry["name"].as_str().unwrap()).chain(["\"no-such\""]) {
        assert!(message.contains(name), "{message}");
    }
}
