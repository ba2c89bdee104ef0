//! The files themselves.

use crate::SUITE;
use dropout_oracle::claims::ledger;
use dropout_oracle::vectors::format::{Input, Test, VectorFile};
use dropout_oracle::vectors::write;
use itertools::Itertools;
use std::path::Path;

/// All tests.
fn tests(files: &[VectorFile]) -> impl Iterator<Item = &Test> {
    files.iter().flat_map(|file| file.groups.iter().flat_map(|group| &group.tests))
}

#[test]
fn regenerating_gives_the_same_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let files = &*SUITE;
    for file in files {
        let path = folder.join(format!("{}.json", file.operation));
        let bytes = write(file);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == bytes, "{} is stale: UPDATE=1 cargo test --test vectors", path.display());
    }
    let committed = std::fs::read_dir(folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "json"));
    assert_eq!(committed.count(), files.len(), "a file without a generator");
}

#[test]
fn the_schema_describes_every_file() {
    let schema = serde_json::from_str(include_str!("../../schemas/vectors-1.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for file in &*SUITE {
        let document = serde_json::from_str(&write(file)).unwrap();
        let mistakes = schema.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).join("\n");
        assert!(mistakes.is_empty(), "{}: {mistakes}", file.operation);
    }
}

/// What is written is read back.
#[test]
fn files_survive_the_round_trip() {
    for file in &*SUITE {
        assert_eq!(serde_json::from_str::<VectorFile>(&write(file)).unwrap(), *file);
    }
}

#[test]
fn ids_are_unique_and_start_with_their_file() {
    let files = &*SUITE;
    assert!(tests(files).map(|test| &test.id).all_unique());
    for file in files {
        let mut tests = file.groups.iter().flat_map(|group| &group.tests);
        assert!(tests.all(|test| test.id.starts_with(&format!("{}/", file.operation))));
    }
}

/// A vector in which nothing is dropped tests nothing (onnx/onnx#1173): every mask of the layers drops and keeps.
#[test]
fn masks_drop_and_keep() {
    let files = &*SUITE;
    for test in tests(files).filter(|test| !test.id.starts_with("scale/")) {
        for input in test.inputs.values() {
            if let Input::Mask(mask) = input {
                let units: usize = mask.shape.iter().product();
                let bytes = mask.kept.as_bytes().chunks(2).map(|hex| std::str::from_utf8(hex).unwrap());
                let kept: u32 = bytes.map(|hex| u8::from_str_radix(hex, 16).unwrap().count_ones()).sum();
                assert!(0 < kept && (kept as usize) < units, "{}", test.id);
            }
        }
    }
}

#[test]
fn flags_name_claims_of_the_ledger() {
    let claims = ledger();
    for (name, flag) in SUITE.iter().flat_map(|file| &file.flags) {
        for id in &flag.claims {
            assert!(claims.iter().any(|claim| claim.id == *id), "flag {name} names no claim: {id}");
        }
    }
}
