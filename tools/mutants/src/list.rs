//! cargo-mutants' own list of mutants, so that what is counted is what everybody counts.

use crate::Result;
use serde::Deserialize;
use std::{path::Path, process::Command};

/// The core: what is mutated.
const FILES: [&str; 6] =
    ["src/mask.rs", "src/scalar.rs", "src/ensemble/**", "src/law/**", "src/head/**", "src/network/**"];

/// One change of the source.
#[derive(Deserialize)]
pub struct Mutant {
    /// The value of the switch that turns it on, from 1 on.
    #[serde(skip)]
    pub id: usize,
    /// Place and change, in words.
    pub name: String,
    /// The file that it changes.
    pub file: String,
    pub genre: Genre,
    /// The new body or operator; empty where an operator is deleted.
    pub replacement: String,
    /// What is replaced.
    pub span: Span,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
pub enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub struct Span {
    pub start: Place,
    pub end: Place,
}

/// A line and a column, both from 1 on.
#[derive(Deserialize, Clone, Copy, PartialEq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl Mutant {
    /// Whether one program can hold the mutant and the original: not where `impl Iterator` would be two types.
    pub fn can_be_switched(&self) -> bool {
        self.genre != Genre::Other && !self.replacement.starts_with("::std::iter::once")
    }
}

/// All mutants of the core of the crate in `krate`.
pub fn mutants(krate: &Path) -> Result<Vec<Mutant>> {
    let files = FILES.iter().flat_map(|file| ["--file", file]);
    let listed = Command::new("cargo").args(["mutants", "--list", "--json"]).args(files).current_dir(krate).output()?;
    if !listed.status.success() {
        return Err(format!("cargo mutants --list: {}", String::from_utf8_lossy(&listed.stderr)).into());
    }
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&listed.stdout)?;
    for (index, mutant) in mutants.iter_mut().enumerate() {
        mutant.id = index + 1;
    }
    Ok(mutants)
}
