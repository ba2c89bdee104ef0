//! What became of each mutant, kept in a file, so that a run can be resumed and survivors tried again.

use crate::Result;
use crate::list::Mutant;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// By the test of this name.
    Caught(String),
    /// The test process died, of a stack overflow or for want of memory.
    Crashed,
    /// The tests took ten times as long as without a mutant.
    TimedOut,
    Survived,
    /// It does not compile, or not beside the original.
    NotBuilt,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught(test) => write!(f, "caught by {test}"),
            Self::Crashed => f.write_str("crashed"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Survived => f.write_str("survived"),
            Self::NotBuilt => f.write_str("not built"),
        }
    }
}

impl Outcome {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "crashed" => Self::Crashed,
            "timed out" => Self::TimedOut,
            "survived" => Self::Survived,
            "not built" => Self::NotBuilt,
            _ => Self::Caught(text.strip_prefix("caught by ")?.into()),
        })
    }
}

/// The outcomes by the mutants' names; the file has a line for each, the last one counts.
pub struct Outcomes {
    file: File,
    known: HashMap<String, Outcome>,
}

impl Outcomes {
    pub fn open(path: PathBuf) -> Result<Self> {
        let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
        let entry = |line: &str| line.split_once('\t').and_then(|(o, name)| Some((name.into(), Outcome::parse(o)?)));
        let known = text.lines().filter_map(entry).collect();
        Ok(Self { file: OpenOptions::new().create(true).append(true).open(path)?, known })
    }

    pub fn of(&self, name: &str) -> Option<Outcome> {
        self.known.get(name).cloned()
    }

    pub fn record(&mut self, name: &str, outcome: Outcome) -> Result<()> {
        writeln!(self.file, "{outcome}\t{name}")?;
        self.known.insert(name.into(), outcome);
        Ok(())
    }

    /// Prints how many mutants came to which end, and the survivors.
    pub fn summarise(&self, mutants: &[Mutant]) {
        let mut counts = BTreeMap::new();
        for mutant in mutants {
            let outcome = self.of(&mutant.name).map_or("not run".into(), |outcome| outcome.to_string());
            let kind = outcome.split(" by ").next().unwrap_or_default().to_owned();
            *counts.entry(kind).or_insert(0) += 1;
            if outcome == "survived" {
                println!("- {}", mutant.name);
            }
        }
        println!("{} mutants: {counts:?}", mutants.len());
    }
}
