//! `dropout-oracle vectors` as a user runs it.
#![cfg(feature = "cli")]

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropout-oracle")).args(arguments).output().expect("the binary runs")
}

/// The verdict on answers that are written to a file first.
fn check(answers: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.json");
    std::fs::write(&file, answers).unwrap();
    run(&["vectors", "check", file.to_str().unwrap(), "--format", "json"])
}

/// An answer to the factor 1/(1 − ½).
fn factor(bits: &str) -> String {
    let answers =
        json!({"scale/f32/p-0.5": {"outputs": {"y": [bits]}}, "scale/f16/p-0.5": {"skipped": "no half types"}});
    let document = json!({"format": "dropout-oracle/answers-1", "implementation": "a test", "answers": answers});
    let schema = serde_json::from_str(include_str!("../schemas/answers-1.schema.json")).unwrap();
    assert!(jsonschema::is_valid(&schema, &document));
    document.to_string()
}

#[test]
fn generates_the_committed_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["vectors", "generate", "--out", folder.path().to_str().unwrap()]);
    assert!(output.status.success());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for entry in std::fs::read_dir(committed).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let generated = folder.path().join(path.file_name().unwrap());
            assert!(std::fs::read(generated).unwrap() == std::fs::read(&path).unwrap(), "{}", path.display());
        }
    }
}

#[test]
fn judges_answers_and_says_so_by_its_status() {
    let [right, wrong] = [factor("40000000"), factor("40000003")].map(|answers| check(&answers));
    assert_eq!((right.status.code(), wrong.status.code()), (Some(0), Some(1)));
    let document: Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!((&document["passed"], &document["failed"]), (&json!(0), &json!(1)));
    let failed = document["tests"].as_array().unwrap().iter().find(|test| test["verdict"] == "failed").unwrap();
    assert_eq!(failed["id"], "scale/f32/p-0.5");
    assert!(failed["why"].as_str().unwrap().starts_with("y[0] is 2.000000715"));
}

#[test]
fn what_is_no_file_of_answers_is_an_error_with_its_place() {
    for (text, why) in
        [("{", "EOF"), ("{\"format\": \"x\", \"implementation\": \"\", \"answers\": {}}", "its format is")]
    {
        let output = check(text);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(message.contains("answers.json") && message.contains(why), "{message}");
    }
    assert_eq!(run(&["vectors", "check"]).status.code(), Some(3));
}

/// `generate | yours | check`, with an implementation that knows one factor.
#[cfg(unix)]
#[test]
fn vectors_and_answers_go_through_pipes() {
    let oracle = env!("CARGO_BIN_EXE_dropout-oracle");
    let pipe = |bits: &str| {
        let yours = format!("grep -q '\"operation\":\"scale\"' && echo '{}'", factor(bits));
        let line = format!("{oracle} vectors generate --out - | (sh -c \"$YOURS\") | {oracle} vectors check -");
        Command::new("sh").arg("-c").arg(line).env("YOURS", yours).output().unwrap()
    };
    let (right, wrong) = (pipe("40000000"), pipe("40000003"));
    assert_eq!((right.status.code(), wrong.status.code()), (Some(0), Some(1)), "{right:?}");
    assert!(String::from_utf8_lossy(&wrong.stdout).contains("FAILED scale/f32/p-0.5"));
}
