//! The laws held against a recording say what they said of the implementation that was recorded.

use crate::process::fake;
use dropout_oracle::conformance::zoo::{Served, mutants, rights};
use dropout_oracle::conformance::{Config, Effort, Recorded, Recorder, Report, Selection, Subject, Verdict, conform};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const QUICK: Config = Config { seed: 0, effort: Effort::Quick };

/// A report, and the recording of how it came about.
fn recorded(subject: &mut dyn Subject, selection: &Selection) -> (Report, Vec<u8>) {
    let mut recorder = Recorder::new(subject, QUICK, selection);
    let report = conform(&mut recorder, selection, QUICK, |_| ());
    (report, recorder.into_bytes())
}

fn replayed(recording: &[u8]) -> Report {
    let mut recorded = Recorded::read(recording).unwrap();
    let (selection, config) = (recorded.selection().clone(), recorded.config());
    conform(&mut recorded, &selection, config, |_| ())
}

fn only(laws: &[&str]) -> Selection {
    Selection { laws: laws.iter().map(|law| law.to_string()).collect(), ..Selection::default() }
}

#[test]
fn right_and_wrong_dropouts_get_the_same_verdicts_without_being_there() {
    let wrong = mutants().into_iter().filter(|mutant| ["L4", "L8", "S9"].contains(&mutant.killed_by));
    let wrong = wrong.map(|mutant| (mutant.name, (mutant.dropout)()));
    let all = Selection::default();
    for (name, dropout) in
        rights().into_iter().filter(|(name, _)| ["plain", "alpha", "no seed"].contains(name)).chain(wrong)
    {
        let (live, recording) = recorded(&mut Served::new(name, vec![dropout]), &all);
        assert_eq!(replayed(&recording), live, "{name}");
    }
}

#[test]
fn a_failing_adapter_fails_in_the_recording_too() {
    let selection = Selection { layers: vec!["dropout".into()], ..only(&["L3", "L8", "L9"]) };
    let (live, recording) = recorded(&mut fake("deaf_to_nan", 2), &selection);
    assert!(live.findings.iter().any(|finding| matches!(finding.verdict, Verdict::AdapterFailed { .. })));
    assert_eq!(replayed(&recording), live);

    let (broken, recording) = recorded(&mut fake("old_protocol", 2), &Selection::default());
    assert!(broken.broken.is_some());
    assert_eq!(replayed(&recording), broken);
}

#[test]
fn a_question_that_was_not_asked_is_named_and_not_passed() {
    let (_, recording) = recorded(&mut Served::new("plain", vec![rights().remove(0).1]), &only(&["L3"]));
    let mut recording = Recorded::read(&recording[..]).unwrap();
    let report = conform(&mut recording, &only(&["L1", "L3"]), QUICK, |_| ());
    let Verdict::AdapterFailed { why } = &report.findings[0].verdict else { panic!("{report:#?}") };
    assert!(why.contains("has no answer to this question: train, p = 0.25, f16"), "{why}");
    assert!(report.findings[1].verdict.holds());
    // Nor is one that was asked once and is asked again.
    let again = conform(&mut recording, &only(&["L3"]), QUICK, |_| ());
    assert!(again.broken.is_some_and(|why| why.contains("has no answer to this question: start")));
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let (_, recording) = recorded(&mut Served::new("plain", vec![rights().remove(0).1]), &only(&["L3"]));
    let cut = &recording[..recording.len() - 10];
    let last = recording.iter().filter(|byte| **byte == b'\n').count();
    let other = String::from_utf8(recording.clone()).unwrap().replacen("recording-1", "recording-2", 1);
    for (bytes, line, why) in [
        (&b""[..], 1, "the file is empty"),
        (b"{}", 1, "missing field `format`"),
        (b"\xff\n", 1, "UTF-8"),
        (other.as_bytes(), 1, "its format is \"dropout-oracle/recording-2\""),
        (cut, last, "EOF"),
    ] {
        let error = Recorded::read(bytes).err().expect("no recording").to_string();
        assert!(error.starts_with(&format!("line {line} of the recording: ")) && error.contains(why), "{error}");
    }
}

const ORACLE: &str = env!("CARGO_BIN_EXE_dropout-oracle");

fn oracle(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(ORACLE).arg("conform").args(arguments).current_dir(folder).output().unwrap()
}

/// The findings of a JSON report, but for the commands that reproduce them.
fn findings(output: &Output) -> Value {
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
    for finding in document["findings"].as_array_mut().unwrap() {
        finding["reproduce"].take();
    }
    document
}

#[test]
fn the_command_line_records_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| oracle(folder.path(), arguments);
    let options = ["--quick", "--law", "L1", "--law", "S1", "--seed", "3", "--format", "json", "--record", "r.jsonl"];
    let live = run(&[&options[..], &["--", ORACLE, "conform", "--serve", "divides-by-p"]].concat());
    let recorded = run(&["--recorded", "r.jsonl", "--format", "json"]);
    assert_eq!((live.status.code(), recorded.status.code()), (Some(1), Some(1)));
    assert_eq!(findings(&live), findings(&recorded));

    let text = run(&["--recorded", "r.jsonl"]);
    let again = "dropout-oracle conform --law L1 --layer dropout --recorded r.jsonl";
    assert!(String::from_utf8_lossy(&text.stdout).contains(again));
    assert_eq!(run(&["--law", "L1", "--layer", "dropout", "--recorded", "r.jsonl"]).status.code(), Some(1));
    // Laws that were not recorded have no answers: that is no verdict about the implementation.
    assert_eq!(run(&["--law", "L3", "--recorded", "r.jsonl"]).status.code(), Some(2));
    assert_eq!(run(&["--recorded", "none.jsonl"]).status.code(), Some(2));
    assert_eq!(run(&["--recorded", "r.jsonl", "--quick"]).status.code(), Some(3));
    assert_eq!(run(&["--recorded", "r.jsonl", "--", "true"]).status.code(), Some(3));

    let schema: Value = serde_json::from_str(include_str!("../../schemas/recording-1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap().lines() {
        assert!(validator.is_valid(&serde_json::from_str(line).unwrap()), "{}", &line[..line.len().min(200)]);
    }
}
