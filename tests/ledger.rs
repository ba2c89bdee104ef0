//! The ledger holds: every name in `claims.toml` resolves, every claim has its evidence, the README shows it as it is.

use dropout_oracle::claims::{Claim, Kind, ledger, literature_page, markdown_table};
use itertools::Itertools;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every `.rs` file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).sorted();
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => Vec::from_iter((path.extension().is_some_and(|e| e == "rs")).then_some(path)),
        })
        .collect()
}

/// The name after `fn ` in a line, if the line defines a function.
fn function_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ").unwrap_or(line.trim_start()).strip_prefix("fn ")?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The tests of `tests/spec`, as `module::function`: each function that a `#[test]` or `#[quickcheck]` stands above.
fn spec_tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for path in sources(&root().join("tests/spec")) {
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut marked = false;
        for line in read(&path).lines() {
            match function_name(line) {
                Some(name) if marked => {
                    tests.insert(format!("{module}::{name}"));
                    marked = false;
                }
                Some(_) => marked = false,
                None => marked |= ["#[test]", "#[quickcheck"].iter().any(|mark| line.trim_start().starts_with(mark)),
            }
        }
    }
    tests
}

/// Asserts that a list of complaints is empty.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn ids_are_unique_and_well_formed() {
    let claims = ledger();
    none(claims.iter().map(|claim| &claim.id).duplicates().map(|id| format!("{id} stands twice")).collect());
    let well_formed = |id: &str| {
        let parts: Vec<_> = id.split('.').collect();
        let ok = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        parts.len() == 2 && parts.iter().all(ok)
    };
    none(claims.iter().filter(|c| !well_formed(&c.id)).map(|c| format!("{}: not family.statement", c.id)).collect());
}

#[test]
fn every_test_that_is_named_exists() {
    let tests = spec_tests();
    assert!(tests.len() > 10, "the scan of tests/spec finds the tests");
    let named = ledger();
    let lost = named.iter().flat_map(|claim| claim.all_tests().map(move |test| (claim, test)));
    none(lost.filter(|(_, test)| !tests.contains(*test)).map(|(c, t)| format!("{}: no test {t}", c.id)).collect());
}

/// A test whose name begins with a claim's id is evidence for it, and is listed as such.
#[test]
fn every_test_of_a_claim_is_listed() {
    let claims = ledger();
    let slugs: BTreeMap<String, &Claim> = claims.iter().map(|c| (c.id.replace(['.', '-'], "_") + "_", c)).collect();
    let unlisted = spec_tests().into_iter().filter_map(|test| {
        let name = test.split("::").last().unwrap();
        // The longest id that the name begins with: ws.gaussian must not claim the tests of a ws.gaussian-mean.
        let (_, claim) =
            slugs.iter().filter(|(slug, _)| name.starts_with(&***slug)).max_by_key(|(slug, _)| slug.len())?;
        (!claim.all_tests().contains(&test)).then(|| format!("{}: {test} is not listed", claim.id))
    });
    none(unlisted.collect());
}

#[test]
fn every_claim_has_tests_and_a_mutant() {
    let lacking = |what: &str, lacks: fn(&Claim) -> bool| {
        let claims = ledger();
        claims.iter().filter(|c| lacks(c)).map(|c| format!("{} has no {what}", c.id)).collect::<Vec<_>>()
    };
    none(lacking("test", |claim| claim.tests.is_empty()));
    none(lacking("mutant", |claim| claim.mutants.is_empty()));
    none(lacking("public item", |claim| claim.code.is_empty()));
    none(lacking("counterexample", |claim| !claim.hypotheses.is_empty() && claim.counterexample.is_none()));
    none(lacking("word on the literature", |claim| {
        claim.kind == Kind::FalseInLiterature && claim.literature.is_none()
    }));
}

#[test]
fn mutants_and_counterexamples_are_named_as_such() {
    let claims = ledger();
    let misnamed = claims.iter().flat_map(|claim| {
        let mutants = claim.mutants.iter().filter(|test| !test.contains("_mutant_"));
        let held = claim.tests.iter().filter(|test| test.contains("_mutant_"));
        mutants.chain(held).map(|test| format!("{}: {test} stands in the wrong list", claim.id)).collect::<Vec<_>>()
    });
    none(misnamed.collect());
}

/// `network::Mlp::new`: some file of module `network` defines `Mlp` and some file of it defines `new`.
#[test]
fn every_public_item_exists() {
    let defines = |text: &str, name: &str| {
        ["fn", "struct", "enum", "trait", "type", "mod", "const"].iter().any(|keyword| {
            text.match_indices(&format!("{keyword} {name}"))
                .any(|(at, found)| !text[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let mut lost = Vec::new();
    for claim in ledger() {
        for item in &claim.code {
            let mut path = item.split("::");
            let module = path.next().unwrap();
            let folder = root().join("src").join(module);
            let files = if folder.is_dir() { sources(&folder) } else { vec![folder.with_extension("rs")] };
            let text: String = files.iter().map(|file| read(file)).collect();
            if path.any(|name| !defines(&text, name)) {
                lost.push(format!("{}: no public item {item}", claim.id));
            }
        }
    }
    none(lost);
}

/// Rewrites the part of a file between two markers when `UPDATE` is set, and fails when it is stale.
fn up_to_date(file: &str, expected: &str) {
    const BEGIN: &str = "<!-- claims: begin (generated: UPDATE=1 cargo test --test ledger) -->\n";
    const END: &str = "<!-- claims: end -->";
    let path = root().join(file);
    let text = read(&path);
    let begin = text.find(BEGIN).expect("the beginning of the generated part") + BEGIN.len();
    let end = text.find(END).expect("the end of the generated part");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{}{expected}{}", &text[..begin], &text[end..])).unwrap();
    } else {
        assert!(text[begin..end] == *expected, "{file} is stale: run UPDATE=1 cargo test --test ledger");
    }
}

#[test]
fn the_readme_shows_the_ledger() {
    up_to_date("README.md", &markdown_table(&ledger()));
}

#[test]
fn the_page_on_the_literature_shows_the_ledger() {
    up_to_date("docs/literature.md", &literature_page(&ledger()));
}

/// The audit of the section names claims of the ledger, and no others.
#[test]
fn the_audit_names_claims() {
    let audit = read(&root().join("docs/audit.md"));
    let claims = ledger();
    let named = audit.split('`').skip(1).step_by(2).filter(|code| !code.contains(' '));
    let (ids, _): (Vec<_>, Vec<_>) = named.partition(|code| code.contains('.') && !code.contains('/'));
    assert!(ids.len() > 50, "the audit is read");
    none(ids.iter().filter(|id| !claims.iter().any(|c| c.id == **id)).map(|id| format!("no claim {id}")).collect());
}
