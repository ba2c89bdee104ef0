//! `docs/laws.md` says of every law what its code says; `UPDATE=1 cargo test --test laws_page` writes it anew.
#![cfg(feature = "cli")]

use dropout_oracle::claims::ledger;
use dropout_oracle::conformance::law::{ALL, Law, Needs};
use dropout_oracle::conformance::statistics::smallest_shift;
use dropout_oracle::conformance::zoo::mutants;
use itertools::Itertools;
use kuva::backend::svg::SvgBackend;
use kuva::plot::{LinePlot, LineStyle, legend::LegendPosition};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use std::fmt::Write;

const INTRODUCTION: &str = "# The laws

What `dropout-oracle conform` holds an implementation of dropout against. This page is made from the laws themselves
(`UPDATE=1 cargo test --test laws_page`). p is a DROP rate.

Laws L speak about calls whose mask is known, or is seen in the output: one counterexample fails them. Where chance is in
them, it is that masks coincide, with the probability that stands there. Laws S speak about the law of the mask: each is a set
of exact tests, whose probability of a false alarm stands there for one test, before an alarm is drawn again with fresh seeds
and four times the sample; only a second alarm fails. Every verdict prints N, α, the power and the smallest error that is seen.

";

const CURVE: &str = "
![The smallest shift of the drop rate that is seen, against the sample size](power-S1.svg)

*The smallest shift of the drop rate that a sample of N elements shows with probability 1 − 10⁻⁶, at a false-alarm rate of
10⁻⁹: both axes logarithmic. With 90 % power, the test suites of PyTorch (N = 1000), Flax (10⁵) and NNlib (10⁶) see .066,
.0084 and .006.*
";

/// Compares a file below `docs` with what it should be, or writes it.
fn up_to_date(name: &str, expected: &str) {
    let path = format!("{}/docs/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == expected, "docs/{name} is stale: run UPDATE=1 cargo test --test laws_page");
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
    out + if law.id == "S1" { CURVE } else { "" }
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

/// Curves of smallest detectable shifts: a figure, black on white wherever it is shown.
#[test]
fn the_power_curve_is_that_of_the_test() {
    let drawn =
        [(0.5, "", "#1a1a1a"), (0.1, "9 5", "#0b5394"), (0.01, "12 4 2 4", "#a04000"), (0.001, "2 4", "#00664b")];
    let sizes: Vec<u64> = (0..6).flat_map(|power| [100, 178, 316, 562].map(|n| n * 10u64.pow(power))).collect();
    let plots = drawn.map(|(drop, dashes, color)| {
        let points = sizes.iter().map(|&n| (n as f64, smallest_shift(n, drop, 1e-9, 1e-6)));
        // A shift beyond the other end is none.
        let points = points.filter(|(_, shift)| drop + shift < 1.0);
        let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(2.0);
        Plot::Line(line.with_line_style(LineStyle::Custom(dashes.into())).with_legend(format!("p = {drop}")))
    });
    let plots = Vec::from(plots);
    let layout = Layout::auto_from_plots(&plots)
        .with_log_x()
        .with_log_y()
        .with_x_label("N, number of elements")
        .with_y_label("smallest shift that is seen")
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false)
        .with_width(560.0)
        .with_height(400.0);
    up_to_date("power-S1.svg", &(SvgBackend.render_scene(&render_multiple(plots, layout)) + "\n"));
}
