//! Whatever bytes a file holds, reading it ends in a value or a named error: never in a panic.

use crate::weights::data;
use dropout_oracle::file::{load_inputs, load_model};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::cell::Cell;
use std::path::Path;

/// Text that a hand or a program might have put where something else belongs.
const NASTY: [&str; 16] = [
    "0",
    "-1",
    "1e999",
    "NaN",
    "null",
    "[]",
    "{}",
    "\"\"",
    ",",
    "18446744073709551615",
    "9999999999",
    "0.5",
    "\u{feff}",
    "inf",
    "'",
    "(",
];

/// Bytes cut out of a file and others in their place, and where the file ends.
#[derive(Clone, Debug)]
struct Mutation {
    splices: Vec<(prop::sample::Index, usize, Vec<u8>)>,
    end: Option<prop::sample::Index>,
}

impl Mutation {
    fn any() -> impl Strategy<Value = Self> {
        let bytes = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..4),
            prop::sample::select(&NASTY[..]).prop_map(|text| text.as_bytes().to_vec()),
        ];
        let splices = prop::collection::vec((any::<prop::sample::Index>(), 0..8usize, bytes), 0..4);
        (splices, prop::option::weighted(0.3, any::<prop::sample::Index>()))
            .prop_map(|(splices, end)| Self { splices, end })
    }

    fn apply(&self, original: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for (at, cut, insert) in &self.splices {
            let start = at.index(bytes.len() + 1);
            let end = (start + cut).min(bytes.len());
            bytes.splice(start..end, insert.iter().copied());
        }
        bytes.truncate(self.end.map_or(bytes.len(), |end| end.index(bytes.len() + 1)));
        bytes
    }
}

/// Reads `cases` mutations of a file; a refusal must be a sentence that names a file of the folder.
fn never_panics(cases: u32, name: &str, read: impl Fn(&Path) -> Result<(), String>) {
    let original = std::fs::read(data(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for neighbour in ["tiny.json", "tiny.safetensors", name] {
        std::fs::copy(data(neighbour), folder.path().join(neighbour)).unwrap();
    }
    let path = folder.path().join(name);
    let config = ProptestConfig { cases, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..Default::default() };
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&Mutation::any(), |mutation| {
        std::fs::remove_file(&path).unwrap(); // a new file is written faster than an old one anew
        std::fs::write(&path, mutation.apply(&original)).unwrap();
        match read(folder.path()) {
            Ok(()) => accepted.set(accepted.get() + 1),
            Err(error) => {
                prop_assert!(error.contains(folder.path().to_str().unwrap()), "no file in {error:?}");
                refused.set(refused.get() + 1);
            }
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(accepted.get() > cases / 20 && refused.get() > cases / 20, "{accepted:?} accepted, {refused:?} refused");
}

fn network(folder: &Path) -> Result<(), String> {
    load_model(folder.join("tiny.json")).map(|_| ()).map_err(|error| error.to_string())
}

fn inputs(folder: &Path, name: &str) -> Result<(), String> {
    load_inputs(folder.join(name), None, 3).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn of_a_manifest() {
    never_panics(1500, "tiny.json", network);
}

#[test]
fn of_weights() {
    never_panics(1500, "tiny.safetensors", network);
}

#[test]
fn of_arrays() {
    for name in ["tiny_inputs.npy", "fortran_big_endian.npy", "times_four.npy"] {
        never_panics(700, name, |folder| inputs(folder, name));
    }
}

#[test]
fn of_archives() {
    for name in ["stored.npz", "deflated.npz"] {
        never_panics(1000, name, |folder| inputs(folder, name));
    }
}

#[test]
fn of_tables() {
    never_panics(1500, "tiny_inputs.csv", |folder| inputs(folder, "tiny_inputs.csv"));
}
