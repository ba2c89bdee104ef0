//! Mutation testing by schemata: every mutant that cargo-mutants lists for the core is compiled into one copy of the crate,
//! behind a switch that an environment variable sets at run time. One build then serves all mutants, and a mutant costs
//! one run of the tests.

mod build;
mod instrument;
mod list;
mod outcomes;
mod run;

use outcomes::{Outcome, Outcomes};
use std::{env, path::PathBuf};

/// Whatever went wrong, for a person to read.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The test binaries, in the order in which a mutant meets them.
const SUITES: [&str; 2] = ["spec", "proved_vectors"];

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [krate, work] = arguments.as_slice() else { return Err("usage: mutants CRATE WORK".into()) };
    let (krate, work) = (std::path::absolute(krate)?, std::path::absolute(work)?);
    let tree = work.join("tree");
    std::fs::create_dir_all(&tree)?;

    let mutants = list::mutants(&krate)?;
    let mut outcomes = Outcomes::open(work.join("outcomes.tsv"))?;
    for mutant in mutants.iter().filter(|mutant| !mutant.can_be_switched()) {
        outcomes.record(&mutant.name, Outcome::NotBuilt)?;
    }
    let mut built: Vec<_> =
        mutants.iter().filter(|mutant| outcomes.of(&mutant.name) != Some(Outcome::NotBuilt)).collect();
    loop {
        build::write(&krate, &tree, &built)?;
        let refused = build::check(&tree)?;
        if refused.is_empty() {
            break;
        }
        eprintln!("{} mutants do not compile", refused.len());
        for mutant in built.extract_if(.., |mutant| refused.contains(&mutant.id)) {
            outcomes.record(&mutant.name, Outcome::NotBuilt)?;
        }
    }

    let mut runner = run::Runner::new(&tree, build::tests(&tree, &SUITES)?)?;
    built.retain(|mutant| matches!(outcomes.of(&mutant.name), None | Some(Outcome::Survived)));
    for (done, mutant) in built.iter().enumerate() {
        let outcome = runner.meet(mutant)?;
        eprintln!("{}/{} {outcome}: {}", done + 1, built.len(), mutant.name);
        outcomes.record(&mutant.name, outcome)?;
    }
    outcomes.summarise(&mutants);
    Ok(())
}
