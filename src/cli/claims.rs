//! `dropout-oracle claims`: the ledger, as a table or one claim at a time.

use super::{Failure, Format};
use comfy_table::{Table, presets};
use dropout_oracle::claims::{Claim, ledger};
use serde_json::{Value, json};

/// The options of `claims`.
#[derive(clap::Args)]
pub struct Args {
    /// Explain this claim: statement, conditions, evidence, counterexample
    id: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let claims = ledger();
    let chosen = match &args.id {
        None => claims.as_slice(),
        Some(id) => {
            let found = claims.iter().position(|claim| claim.id == *id);
            let at = found.ok_or_else(|| Failure::Usage(unknown(id, &claims)))?;
            &claims[at..=at]
        }
    };
    super::print(&match (format, &args.id) {
        (Format::Json, _) => serde_json::to_string_pretty(&chosen.iter().map(document).collect::<Vec<_>>())?,
        (Format::Text, None) => table(chosen),
        (Format::Text, Some(_)) => explanation(&chosen[0]),
    })
}

/// There is no claim of this name; these come nearest.
fn unknown(id: &str, claims: &[Claim]) -> String {
    let family = id.split('.').next().unwrap_or(id);
    let mut near: Vec<_> = claims.iter().filter(|claim| claim.family() == family).map(|claim| &*claim.id).collect();
    if near.is_empty() {
        near = claims.iter().map(Claim::family).collect();
        near.dedup();
        return format!("there is no claim '{id}'; the families are {}", near.join(", "));
    }
    format!("there is no claim '{id}'; those of its family are {}", near.join(", "))
}

fn table(claims: &[Claim]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["claim", "where it stands", "kind", "status", "tests", "mutants"]);
    for claim in claims {
        table.add_row([
            claim.id.clone(),
            claim.place.clone(),
            claim.kind.to_string(),
            claim.status().to_string(),
            (claim.tests.len() + usize::from(claim.counterexample.is_some())).to_string(),
            claim.mutants.len().to_string(),
        ]);
    }
    format!("{table}\n{} claims. `dropout-oracle claims ID` explains one; `cargo test` checks all.", claims.len())
}

fn explanation(claim: &Claim) -> String {
    let mut text =
        format!("{}  ({}, {})\n{}\n\n{}\n", claim.id, claim.kind, claim.status(), claim.place, claim.statement);
    let mut section = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            text += &format!("\n{title}\n");
            lines.iter().for_each(|line| text += &format!("  {line}\n"));
        }
    };
    section("Conditions", &claim.hypotheses);
    section("How it is checked", std::slice::from_ref(&claim.bridge));
    section("Without leaving out a case", claim.exhaustive.as_slice());
    section("Proved (proofs/Claims.v)", &claim.theorems);
    section("Tests (cargo test --test spec NAME)", &claim.tests);
    section("Fails outside its conditions", claim.counterexample.as_slice());
    section("Wrong implementations that the tests refuse", &claim.mutants);
    section("Computed by", &claim.code);
    section("The literature", claim.literature.as_slice());
    section("Caveats", claim.caveats.as_slice());
    text
}

fn document(claim: &Claim) -> Value {
    json!({
        "id": claim.id,
        "place": claim.place,
        "kind": claim.kind,
        "statement": claim.statement,
        "hypotheses": claim.hypotheses,
        "status": claim.status(),
        "bridge": claim.bridge,
        "exhaustive": claim.exhaustive,
        "tests": claim.tests,
        "theorem": claim.theorems.first(),
        "theorems": claim.theorems,
        "counterexample": claim.counterexample,
        "mutants": claim.mutants,
        "code": claim.code,
        "literature": claim.literature,
        "caveats": claim.caveats,
    })
}
