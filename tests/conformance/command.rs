//! The command line: its exit status, its formats, its expectations, and the commands that reproduce failures.

use dropout_oracle::conformance::law::ALL;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

const ORACLE: &str = env!("CARGO_BIN_EXE_dropout-oracle");

/// `dropout-oracle conform OPTIONS -- dropout-oracle conform --serve DROPOUT`.
fn against(dropout: &str, options: &[&str]) -> Output {
    let served = ["--", ORACLE, "conform", "--serve", dropout];
    Command::new(ORACLE).arg("conform").args(options).args(served).output().unwrap()
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn file(name: &str, contents: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, contents).unwrap();
    (folder, path)
}

#[test]
fn the_exit_status_says_what_happened() {
    let status = |dropout, options: &[&str]| against(dropout, options).status.code().unwrap();
    assert_eq!(status("right", &["--quick"]), 0);
    assert_eq!(status("divides-by-p", &["--law", "L1"]), 1);
    assert_eq!(status("no such mutant", &[]), 2);
    assert_eq!(status("right", &["--law", "L99"]), 3);
    assert_eq!(status("right", &["--level", "C9"]), 3);
    assert_eq!(status("right", &["--quick", "--thorough"]), 3);
    assert_eq!(status("right", &["--layer", "no such layer"]), 3);
}

#[test]
fn every_name_stands_apart_from_its_verdict() {
    let printed = against("right", &["--quick", "--layer", "dropout"]);
    let mut columns = std::collections::BTreeSet::new();
    for law in ALL {
        let head = format!("  {:<4}{}  ", law.id, law.name);
        let line = text(&printed).lines().find(|line| line.starts_with(&head)).unwrap_or_else(|| panic!("{head:?}"));
        let verdict = line[head.len()..].trim_start();
        assert!(verdict.starts_with("holds (") || verdict.starts_with("not tested: "), "{line}");
        columns.insert(line.len() - verdict.len());
    }
    assert_eq!(columns.len(), 1, "verdicts stand below each other");
}

#[test]
fn json_is_as_its_schema_says_and_the_reproduction_reproduces() {
    let schema: Value = serde_json::from_str(include_str!("../../schemas/conformance-1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for dropout in ["right", "divides-by-p", "no such mutant", "fresh-mask-in-backward"] {
        let output = against(dropout, &["--quick", "--format", "json", "--seed", "3"]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{dropout}: {errors:#?}");
    }

    let first = against("fresh-mask-in-backward", &["--quick", "--format", "json", "--seed", "3"]);
    let document: Value = serde_json::from_slice(&first.stdout).unwrap();
    let failing = |document: &Value| -> Value {
        let findings = document["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["verdict"] == "fails").unwrap().clone()
    };
    let failure = failing(&document);
    let again = failure["reproduce"].as_str().unwrap();
    let words = again.strip_prefix("dropout-oracle ").unwrap();
    let line = format!("{ORACLE} {}", words.replacen(" -- ", " --format json -- ", 1));
    let again = Command::new("sh").arg("-c").arg(line).output().unwrap();
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(failing(&again), failure);
}

#[test]
fn every_failure_says_all_that_is_needed() {
    let printed = against("divides-by-p", &["--law", "L1"]);
    for part in [
        "FAILS",
        "call ",
        "p = 0.25",
        "input ",
        "(f16 0x",
        "expected ",
        "got ",
        "off by ",
        "ulp",
        "diagnosis ",
        "claim ",
    ] {
        assert!(text(&printed).contains(part), "{part}: {}", text(&printed));
    }
    assert!(
        text(&printed).contains("theanets PR123")
            && text(&printed).contains("conform --law L1 --layer dropout --seed 0")
    );
}

#[test]
fn an_expected_failure_is_no_failure_and_an_expected_one_that_holds_is() {
    let expect =
        |id: &str| format!("[[expect]]\nid = \"{id}\"\nreason = \"known\"\nissue = \"https://example.org/1\"\n");
    let run = |contents: &str, law| {
        let (_folder, path) = file("expect.toml", contents);
        against("divides-by-p", &["--law", law, "--expect", path.to_str().unwrap()])
    };
    let known = run(&expect("dropout/L1"), "L1");
    assert!(known.status.code() == Some(0) && text(&known).contains("fails as expected: known"), "{known:?}");
    let holds = run(&expect("dropout/L4"), "L4");
    assert!(holds.status.code() == Some(1) && text(&holds).contains("HOLDS, though"), "{holds:?}");
    for wrong in [
        &expect("dropout"),
        &expect("dropout/L99"),
        &(expect("a/L1") + &expect("a/L1")),
        "[[expect]]\nid = \"a/L1\"",
        "x",
    ] {
        assert_eq!(run(wrong, "L1").status.code(), Some(3), "{wrong}");
    }
}

#[test]
fn markdown_and_junit_tell_the_same() {
    let markdown = against("divides-by-p", &["--law", "L1", "--law", "L4", "--format", "markdown"]);
    assert!(
        text(&markdown).contains("| dropout | L1 scale | FAILS |") && text(&markdown).contains("## dropout/L1 scale")
    );
    let junit = against("divides-by-p", &["--law", "L1", "--law", "L4", "--law", "L15", "--format", "junit"]);
    let suite = "<testsuite name=\"dropout\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\">";
    assert!(text(&junit).contains(suite), "{}", text(&junit));
    assert!(text(&junit).contains("<testcase name=\"L4 backward\" classname=\"dropout\"/>"));
    let html = against("divides-by-p", &["--law", "L1", "--format", "html"]);
    assert!(text(&html).starts_with("<!DOCTYPE html>") && text(&html).contains("theanets PR123"));
    assert_eq!(html.status.code(), Some(1));
    let broken = against("no such mutant", &["--format", "junit"]);
    assert!(text(&broken).contains("errors=\"1\"") && broken.status.code() == Some(2));
}

#[test]
fn every_message_is_as_the_protocols_schema_says() {
    let valid = against("right", &["--validate", "--quick"]);
    assert_eq!(valid.status.code(), Some(0), "{}", text(&valid));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/adapters/misspelt.sh");
    let misspelt = Command::new(ORACLE).args(["conform", "--validate", "--", "sh", path]).output().unwrap();
    assert!(text(&misspelt).contains("sent an invalid reply") && misspelt.status.code() == Some(2), "{misspelt:?}");
}
