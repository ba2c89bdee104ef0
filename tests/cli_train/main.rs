//! `dropout-oracle train` from end to end, through the built program.

mod committee;
mod data;
mod methods;
mod refusals;
mod resume;
mod training;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a run of the program gave.
struct Outcome {
    status: i32,
    stdout: String,
    stderr: String,
}

/// A small training on the digits: twelve steps, with 2 + 3 droppable units behind inputs that are always kept.
const SMALL: &str = r#"
    data = { inputs = "digits" }
    validation = { fraction = 0.05, every = 5 }
    test = { fraction = 0.02 }
    network = { hidden = [2, 3], keep = [1, 0.8, 0.5], head = "softmax" }
    training = { steps = 12, batch = 16, learning_rate = 0.05, max_norm = 3.0, l2 = 1e-4, seed = 3 }
"#;

/// A folder of its own for a training.
struct Workshop(TempDir);

impl Workshop {
    /// With this configuration in it.
    fn new(config: &str) -> Self {
        let workshop = Self(tempfile::tempdir().unwrap());
        workshop.write("t.toml", config);
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// `dropout-oracle train t.toml` with further options, in the folder.
    fn train(&self, options: &[&str]) -> Outcome {
        run(self.0.path(), &[&["train", "t.toml"], options].concat())
    }

    /// The report of a training that must succeed, checked against its schema.
    fn report(&self, options: &[&str]) -> Value {
        let outcome = self.train(&[&["--format", "json"], options].concat());
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
        let report = serde_json::from_str(&outcome.stdout).unwrap();
        fits("train-1", &report);
        report
    }

    /// What a training that must fail says.
    fn refusal(&self, options: &[&str]) -> String {
        let outcome = self.train(options);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
        outcome.stderr
    }
}

/// Asserts that a document is as its schema says.
fn fits(schema: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{schema}.schema.json"));
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validate(&schema, document).unwrap();
}

/// The program with these arguments, in this folder.
fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let program = env!("CARGO_BIN_EXE_dropout-oracle");
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
