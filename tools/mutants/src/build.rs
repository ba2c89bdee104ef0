//! The copy of the crate with the mutants in it, and what the compiler says to it.

use crate::Result;
use crate::instrument::{SWITCH, instrument, marked};
use crate::list::Mutant;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, process::Command};

/// Copies the crate's files (those that git does not ignore) to `tree`, with `mutants` in them.
pub fn write(krate: &Path, tree: &Path, mutants: &[&Mutant]) -> Result<()> {
    let listing =
        Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(krate).output()?.stdout;
    for file in String::from_utf8(listing)?.lines() {
        let here: Vec<_> = mutants.iter().copied().filter(|mutant| mutant.file == file).collect();
        let original = fs::read(krate.join(file))?;
        let content = if file == "src/lib.rs" {
            [original.as_slice(), b"\nmod mutant;\n"].concat()
        } else if here.is_empty() {
            original
        } else {
            let source = String::from_utf8(original)?;
            instrument(&source, &here).map_err(|error| format!("{file}: {error}"))?.into_bytes()
        };
        update(&tree.join(file), &content)?;
    }
    update(&tree.join("src/mutant.rs"), SWITCH.as_bytes())
}

/// Writes only what differs, so that cargo builds no more than it must.
fn update(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().expect("a file has a folder"))?;
    Ok(fs::write(path, content)?)
}

/// The mutants that the compiler refuses; it may refuse more once these are gone.
pub fn check(tree: &Path) -> Result<BTreeSet<usize>> {
    let mut refused = BTreeSet::new();
    for message in cargo(tree, &["check", "--lib"])? {
        let message = &message["message"];
        if message["level"] != "error" || message["spans"].as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let blamed = blame(tree, message)?;
        if blamed.is_empty() {
            return Err(format!("an error that is no mutant's: {}", message["rendered"]).into());
        }
        refused.extend(blamed);
    }
    Ok(refused)
}

/// The mutants on the lines of an error: on its primary ones, else on any.
fn blame(tree: &Path, message: &Value) -> Result<BTreeSet<usize>> {
    let spans = message["spans"].as_array().expect("spans are an array");
    let mut blamed = [BTreeSet::new(), BTreeSet::new()];
    for span in spans {
        let Some(file) = span["file_name"].as_str().filter(|file| file.starts_with("src/")) else { continue };
        let (source, line) = (fs::read_to_string(tree.join(file))?, span["line_start"].as_u64().unwrap_or(1));
        let here = source.lines().nth(line as usize - 1).into_iter().flat_map(marked);
        blamed[usize::from(span["is_primary"] != true)].extend(here);
    }
    let [primary, other] = blamed;
    Ok(if primary.is_empty() { other } else { primary })
}

/// Builds the test binaries, and says where they are.
pub fn tests(tree: &Path, suites: &[&str]) -> Result<Vec<PathBuf>> {
    let arguments: Vec<&str> =
        ["test", "--no-run"].into_iter().chain(suites.iter().flat_map(|s| ["--test", s])).collect();
    let messages = cargo(tree, &arguments)?;
    let executable = |suite: &&str| {
        let built = |message: &&Value| message["target"]["name"] == **suite && message["executable"].is_string();
        let message = messages.iter().find(built).ok_or(format!("the tests {suite} were not built"))?;
        Ok(message["executable"].as_str().expect("a path").into())
    };
    suites.iter().map(executable).collect()
}

/// Runs cargo and returns its messages.
fn cargo(tree: &Path, arguments: &[&str]) -> Result<Vec<Value>> {
    let output = Command::new("cargo").args(arguments).arg("--message-format=json").current_dir(tree).output()?;
    let lines = String::from_utf8(output.stdout)?;
    Ok(lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
