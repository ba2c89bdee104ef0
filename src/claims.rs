//! The ledger: every claim of dropout theory that this crate states, with its evidence.
//!
//! The claims stand in `claims.toml`, which is part of the program. A test of the ledger itself (`tests/ledger.rs`) fails
//! when a name in it does not resolve.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What sort of statement a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An identity.
    Exact,
    /// An inequality.
    Bound,
    /// True in a limit or up to a stated error.
    Approximation,
    /// A case that refutes a plausible generalisation.
    Counterexample,
    /// An observation on data.
    Measured,
    /// Published, and refuted here.
    FalseInLiterature,
}

/// The strongest evidence for a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// A machine-checked proof in `proofs/`.
    Proved,
    /// Every case of a finite domain is checked.
    Exhaustive,
    /// Checked over generated and literal cases.
    Tested,
    /// Seen in an experiment.
    Measured,
    /// The published statement is false: a counterexample is checked.
    Refuted,
}

/// One claim with its evidence: the fields are explained at the top of `claims.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Stable name, `family.statement`.
    pub id: String,
    /// Where it stands in the section or in a paper.
    pub place: String,
    /// The statement, with every condition.
    pub statement: String,
    /// The conditions, one a string.
    #[serde(default)]
    pub hypotheses: Vec<String>,
    /// What sort of statement it is.
    pub kind: Kind,
    /// How the program is held to the mathematics.
    pub bridge: String,
    /// What is checked without leaving out a case.
    pub exhaustive: Option<String>,
    /// The tests, as `module::function` of `tests/spec`.
    pub tests: Vec<String>,
    /// The test of its failure outside the conditions.
    pub counterexample: Option<String>,
    /// The tests that hand the check a wrong implementation.
    pub mutants: Vec<String>,
    /// The theorems of `proofs/Claims.v`.
    #[serde(default)]
    pub theorems: Vec<String>,
    /// The public items that compute it.
    pub code: Vec<String>,
    /// Where the section or a paper is loose or wrong.
    pub literature: Option<String>,
    /// What else a reader must know.
    pub caveats: Option<String>,
}

impl Claim {
    /// The strongest evidence.
    pub fn status(&self) -> Status {
        match self.kind {
            Kind::FalseInLiterature => Status::Refuted,
            Kind::Measured => Status::Measured,
            _ if !self.theorems.is_empty() => Status::Proved,
            _ if self.exhaustive.is_some() => Status::Exhaustive,
            _ => Status::Tested,
        }
    }

    /// The part of the id before the dot.
    pub fn family(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }

    /// Every test that the claim names.
    pub fn all_tests(&self) -> impl Iterator<Item = &String> {
        self.tests.iter().chain(&self.counterexample).chain(&self.mutants)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proved => "PROVED",
            Self::Exhaustive => "EXHAUSTIVE",
            Self::Tested => "TESTED",
            Self::Measured => "MEASURED",
            Self::Refuted => "REFUTED",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Bound => "bound",
            Self::Approximation => "approximation",
            Self::Counterexample => "counterexample",
            Self::Measured => "measured",
            Self::FalseInLiterature => "false in literature",
        })
    }
}

/// All claims, sorted by id.
///
/// ```
/// let claims = dropout_oracle::claims::ledger();
/// assert!(claims.iter().any(|claim| claim.id == "ws.softmax"));
/// ```
pub fn ledger() -> Vec<Claim> {
    #[derive(Deserialize)]
    struct Ledger {
        claim: Vec<Claim>,
    }
    let ledger: Ledger = toml::from_str(include_str!("../claims.toml")).expect("tests/ledger.rs parses the ledger");
    let mut claims = ledger.claim;
    claims.sort_by(|a, b| a.id.cmp(&b.id));
    claims
}

/// The table claim → evidence, in Markdown, with links relative to the repository.
pub fn markdown_table(claims: &[Claim]) -> String {
    let mut table = String::from("| claim | where it stands | kind | status | evidence |\n|---|---|---|---|---|\n");
    for claim in claims {
        let mut files: Vec<_> = claim.all_tests().filter_map(|test| test.split("::").next()).collect();
        files.sort_unstable();
        files.dedup();
        let links = files.iter().map(|file| format!("[{file}](tests/spec/{file}.rs)"));
        let row = format!(
            "| `{}` | {} | {} | {} | {} |\n",
            claim.id,
            claim.place,
            claim.kind,
            claim.status(),
            itertools::join(links, ", ")
        );
        table.push_str(&row);
    }
    table
}

/// What the literature says and what is true, in Markdown, with links relative to `docs/`.
pub fn literature_page(claims: &[Claim]) -> String {
    let mut page = String::new();
    for claim in claims {
        let Some(literature) = &claim.literature else { continue };
        page += &format!("\n### `{}` ({}, {})\n\n", claim.id, claim.kind, claim.status());
        page += &format!("- **The literature** ({}): {literature}\n- **True is**: {}\n", claim.place, claim.statement);
        if let Some(test) = &claim.counterexample {
            let file = test.split("::").next().unwrap_or(test);
            page += &format!("- **Counterexample**: [{test}](../tests/spec/{file}.rs)\n");
        }
    }
    page
}
