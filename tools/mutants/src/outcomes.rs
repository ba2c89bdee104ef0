//! What became of each mutant, kept in a file, so that a run can be resumed and survivors tried again.

use crate::Result;
use crate::list::Mutant;
use std::collections::HashMap;
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

    /// Prints the counts for each file and in all, and the survivors.
    pub fn summarise(&self, mutants: &[Mutant]) {
        println!("| file | mutants | not built | caught | crashed | timed out | survived |");
        println!("|---|---|---|---|---|---|---|");
        let mut files: Vec<_> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        files.dedup();
        for file in files {
            self.row(file, mutants.iter().filter(|mutant| mutant.file == file));
        }
        self.row("all", mutants.iter());
        for mutant in mutants.iter().filter(|mutant| self.of(&mutant.name) == Some(Outcome::Survived)) {
            println!("- {}", mutant.name);
        }
    }

    fn row<'a>(&self, title: &str, mutants: impl Iterator<Item = &'a Mutant>) {
        let mut counts = [0; 6];
        for mutant in mutants {
            counts[0] += 1;
            match self.of(&mutant.name) {
                Some(Outcome::NotBuilt) => counts[1] += 1,
                Some(Outcome::Caught(_)) => counts[2] += 1,
                Some(Outcome::Crashed) => counts[3] += 1,
                Some(Outcome::TimedOut) => counts[4] += 1,
                Some(Outcome::Survived) => counts[5] += 1,
                None => {}
            }
        }
        println!("| {title} | {} |", counts.map(|count| count.to_string()).join(" | "));
    }
}
