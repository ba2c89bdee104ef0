//! The page: a section a law.

use crate::power::{Family, families};
use crate::up_to_date;
use dropout_oracle::claims::ledger;
use dropout_oracle::conformance::law::{ALL, Law, Needs};
use dropout_oracle::conformance::zoo::mutants;
use itertools::Itertools;
use std::fmt::Write;

const INTRODUCTION: &str = "# The laws

What `dropout-oracle conform` holds an implementation of dropout against. This page is made from the laws themselves
(`UPDATE=1 cargo test --test laws_page`). p is a DROP rate.

Laws L speak about calls whose mask is known, or is seen in the output: one counterexample fails them. Where chance is in
them, it is that masks coincide, with the probability that stands there. Laws S speak about the law of the mask: each is a set
of exact tests, whose probability of a false alarm stands there for one test, before an alarm is drawn again with fresh seeds
and four times the sample; only a second alarm fails. Every verdict prints N, α, the power and the smallest error that is seen.

";

const SMALLEST: &str = "
![The smallest shift of the drop rate that is seen, against the sample size](smallest-shift.svg)

*The smallest shift of the drop rate that a sample of N elements shows with probability 1 − 10⁻⁶, at a false-alarm rate of
10⁻⁹: both axes logarithmic. With 90 % power, the test suites of PyTorch (N = 1000), Flax (10⁵) and NNlib (10⁶) see .066,
.0084 and .006.*
";

/// The power curve of a statistical law.
fn curve(family: &Family) -> String {
    let Family { law, fault, samples: [quick, standard], theory, .. } = family;
    let lines = match theory {
        Some(_) if quick < standard => {
            "Lines: by theory, with the samples of quick and of standard runs. Points: measured"
        }
        Some(_) => "Line: by theory. Points: measured",
        None => "Measured",
    };
    format!(
        "\n![Probability that {law} fails, against the size of the fault](power-{law}.svg)\n\n*The probability that {law} fails \
         a dropout whose only fault is: {fault}. {lines}, on a dropout of the zoo with that fault \
         (`--quick`, N = {quick}; the number of runs stands in [power.csv](power.csv)). A first alarm counts only if a second, with 4 N, follows.*\n"
    )
}

#[test]
fn the_page_says_what_the_laws_say() {
    let mut page = String::from(INTRODUCTION);
    page += "| law | false alarm | mutants that it must kill |\n|---|---|---|\n";
    for law in ALL {
        let (id, name, anchor) = (law.id, law.name, anchor(law));
        let _ = writeln!(page, "| [{id} {name}](#{anchor}) | {} | {} |", chance(law), killed(law).len());
    }
    ALL.iter().for_each(|law| page += &section(law));
    up_to_date("laws.md", &page);
}

/// A heading's anchor, as GitHub makes it.
fn anchor(law: &Law) -> String {
    let title = format!("{} {}", law.id, law.name).to_lowercase();
    title.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-').collect::<String>().replace(' ', "-")
}

fn chance(law: &Law) -> String {
    if law.false_alarm == 0.0 { "none".into() } else { format!("{:e}", law.false_alarm) }
}

fn section(law: &Law) -> String {
    let claims = ledger();
    let claim = claims.iter().find(|claim| claim.id == law.claim).expect("a claim of the ledger");
    let seen = if law.seen.is_empty() { "no public thread".into() } else { law.seen.join(", ") };
    let rows = [
        ("what", law.statement.to_string()),
        ("why", format!("rests on [`{}`](../claims.toml): {}", claim.id, claim.statement)),
        ("needs", needs(&law.needs)),
        ("false alarm", chance(law)),
        ("power", law.power.into()),
        ("where it fails", law.diagnosis.into()),
        ("seen in", seen),
        ("mutants", killed(law).join("; ")),
    ];
    let mut out = format!("\n## {} {}\n\n| | |\n|---|---|\n", law.id, law.name);
    for (name, text) in rows {
        let _ = writeln!(out, "| {name} | {} |", cell(&text));
    }
    let family = families().into_iter().find(|family| family.law == law.id);
    out + &family.as_ref().map(curve).unwrap_or_default() + if law.id == "S1" { SMALLEST } else { "" }
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.split_whitespace().join(" ").replace('|', "\\|").replace('*', "\\*").replace('<', "\\<")
}

/// What an adapter must offer, in the words of the protocol.
fn needs(needs: &Needs) -> String {
    let levels = needs.levels.iter().map(|level| format!("{level:?}")).join(", ");
    let word = |value: serde_json::Value| format!("`{}`", value.as_str().expect("a word"));
    let kinds = needs.kinds.iter().map(|kind| word(serde_json::to_value(kind).unwrap())).join(", ");
    let masks = needs.mask.iter().map(|access| word(serde_json::to_value(access).unwrap())).join(" or ");
    let seed = if needs.seed { "; a seed that fixes the mask" } else { "" };
    let masks = if masks.is_empty() { masks } else { format!("; masks by {masks}") };
    format!("level {levels}; layers of kind {kinds}{seed}{masks}")
}

/// The wrong dropouts that are there for this law, each with where it was seen.
fn killed(law: &Law) -> Vec<String> {
    let mutants = mutants().into_iter().filter(|mutant| mutant.killed_by == law.id);
    let seen = |seen: &[&str]| if seen.is_empty() { "".into() } else { format!(" ({})", seen.join(", ")) };
    mutants.map(|mutant| format!("{}{}", mutant.name, seen(mutant.seen))).collect()
}

#[test]
fn every_law_has_a_mutant_and_an_own_anchor() {
    for law in ALL {
        assert!(!killed(law).is_empty(), "{} kills nothing", law.id);
    }
    assert!(ALL.iter().map(anchor).all_unique());
}
