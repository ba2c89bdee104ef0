//! A mutant against the tests: caught at the first test that fails.

use crate::Result;
use crate::list::Mutant;
use crate::outcomes::Outcome;
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many of the tests that caught a file's last mutants are asked first.
const RECENT: usize = 8;

/// Tests of what is built on the core, which are slower and are asked last.
const OUTSIDE: [&str; 9] = [
    "adagrad_fisher::",
    "certified_enclosures::",
    "fast_",
    "glm_",
    "l2_",
    "marginal_",
    "noise_dropconnect::",
    "train_averaging::",
    "train_objective",
];

/// What a run may use: 8 GiB of addresses, and seconds of the processor rather than of the clock, so that a busy machine
/// changes no outcome. Without a mutant a suite takes 8 of them at most, and a few tests less than 1.
const LIMITS: &str = "ulimit -v 8388608; ulimit -t \"$0\"; exec nice -n 10 \"$@\"";
const SECONDS: u32 = 30;
const SECONDS_OF_A_FEW: u32 = 10;
const SIGXCPU: i32 = 24;

pub struct Runner {
    tree: PathBuf,
    suites: Vec<PathBuf>,
    /// For each file the tests of the first suite that caught its mutants, the last one first.
    catchers: HashMap<String, Vec<String>>,
    /// The recorded failing cases as they are committed.
    regressions: HashMap<PathBuf, Vec<u8>>,
}

impl Runner {
    /// A runner of these test binaries, which must pass without a mutant.
    pub fn new(tree: &Path, suites: Vec<PathBuf>) -> Result<Self> {
        let regressions = regressions(tree)?.map(|path| Ok((path.clone(), fs::read(path)?))).collect::<Result<_>>()?;
        let runner = Self { tree: tree.into(), suites, catchers: HashMap::new(), regressions };
        match runner.all(0)? {
            Outcome::Survived => Ok(runner),
            other => Err(format!("without a mutant: {other}").into()),
        }
    }

    /// What becomes of the mutant.
    pub fn meet(&mut self, mutant: &Mutant) -> Result<Outcome> {
        let recent = self.catchers.get(&mutant.file).cloned().unwrap_or_default();
        let mut outcome = Outcome::Survived;
        if !recent.is_empty() {
            let exact: Vec<&str> = ["--exact"].into_iter().chain(recent.iter().map(String::as_str)).collect();
            outcome = self.run(&self.suites[0], mutant.id, &exact, SECONDS_OF_A_FEW)?;
        }
        if outcome == Outcome::Survived {
            outcome = self.core(mutant.id)?;
        }
        if outcome == Outcome::Survived {
            outcome = self.all(mutant.id)?;
        }
        if let Outcome::Caught(test) = &outcome {
            let recent = self.catchers.entry(mutant.file.clone()).or_default();
            recent.retain(|other| other != test);
            recent.insert(0, test.clone());
            recent.truncate(RECENT);
        }
        self.forget_failures()?;
        Ok(outcome)
    }

    /// The tests of the core, with mutant `id` on.
    fn core(&self, id: usize) -> Result<Outcome> {
        let outside: Vec<&str> = OUTSIDE.iter().flat_map(|module| ["--skip", module]).collect();
        self.run(&self.suites[0], id, &outside, SECONDS)
    }

    /// Every suite, with mutant `id` on.
    fn all(&self, id: usize) -> Result<Outcome> {
        for suite in &self.suites {
            let outcome = self.run(suite, id, &[], SECONDS)?;
            if outcome != Outcome::Survived {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Survived)
    }

    /// The tests of a suite that the arguments choose, until the first failure.
    fn run(&self, suite: &Path, id: usize, choice: &[&str], seconds: u32) -> Result<Outcome> {
        let mut command = Command::new("sh");
        command.args(["-c", LIMITS, &seconds.to_string()]).arg(suite).args(choice);
        command.current_dir(&self.tree).env("MUTANT", id.to_string());
        // A failure is enough; its smallest case is not wanted.
        command.env("PROPTEST_MAX_SHRINK_ITERS", "0").env("RUST_BACKTRACE", "0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            if let Some(test) = line?.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                child.kill()?;
                child.wait()?;
                return Ok(Outcome::Caught(test.trim_end_matches(" - should panic").into()));
            }
        }
        let status = child.wait()?;
        Ok(match status.signal() {
            Some(SIGXCPU) => Outcome::TimedOut,
            _ if status.success() => Outcome::Survived,
            _ => Outcome::Crashed,
        })
    }

    /// Removes the failing cases that proptest recorded, so that no mutant decides what the next one meets.
    fn forget_failures(&self) -> Result<()> {
        for path in regressions(&self.tree)?.filter(|path| !self.regressions.contains_key(path)) {
            fs::remove_file(path)?;
        }
        for (path, content) in &self.regressions {
            fs::write(path, content)?;
        }
        Ok(())
    }
}

fn regressions(tree: &Path) -> Result<impl Iterator<Item = PathBuf>> {
    let files = fs::read_dir(tree.join("tests/spec"))?.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "regressions")))
}
