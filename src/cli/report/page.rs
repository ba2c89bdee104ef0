//! The matrix as one HTML file without scripts or outside resources.

use super::evidence;
use super::matrix::{Matrix, Row};
use super::state::State;
use crate::cli::markup::escaped;
use dropout_oracle::conformance::law::Law;
use itertools::Itertools;
use std::fmt::Write;

const PAGE: &str = include_str!("page.html");

/// The whole page.
pub fn page(matrix: &Matrix) -> String {
    let part = |name: &str| match name {
        "summary" => summary(matrix),
        "legend" => legend(),
        "head" => matrix.laws.iter().map(|law| column(law)).collect(),
        "rows" => matrix.rows.iter().enumerate().map(|(i, row)| group(i, row, matrix)).collect(),
        "laws" => matrix.laws.iter().map(|law| evidence::law(law)).collect(),
        "evidence" => matrix.rows.iter().enumerate().map(|(i, row)| sheets(i, row, matrix)).collect(),
        "version" => env!("CARGO_PKG_VERSION").into(),
        name => unreachable!("the page has no part {name}"),
    };
    // In one pass, so that what a part contains is never taken for the name of another.
    let mut pieces = PAGE.split("{{");
    let first = pieces.next().expect("at least one").to_string();
    pieces.fold(first, |page, piece| {
        let (name, rest) = piece.split_once("}}").expect("a name between braces");
        page + &part(name) + rest
    })
}

/// One sentence of counts.
fn summary(matrix: &Matrix) -> String {
    let layers: usize = matrix.rows.iter().map(|row| row.layers().len()).sum();
    let states = matrix.findings().map(State::of).counts();
    let counts = State::ALL.iter().filter_map(|state| Some(format!("{} {}", state.word(), states.get(state)?)));
    let broken = matrix.rows.iter().filter(|row| row.report.broken.is_some()).count();
    let broken = if broken > 0 { format!(" {broken} of the adapters did not pass the smoke test.") } else { "".into() };
    format!(
        "{} implementations with {layers} layers, {} laws. Verdicts: {}.{broken}",
        matrix.rows.len(),
        matrix.laws.len(),
        counts.collect_vec().join(", ")
    )
}

fn legend() -> String {
    let entry = |state: &State| {
        let (class, sign, word) = (state.class(), state.sign(), state.word());
        format!("<dt class=\"{class}\">{sign}</dt><dd><b>{word}</b>: {}</dd>\n", state.meaning())
    };
    State::ALL.iter().map(entry).collect()
}

fn column(law: &Law) -> String {
    let Law { id, name, .. } = law;
    format!(
        "<th scope=\"col\"><a id=\"to-{id}\" href=\"#{id}\"><span>{id}</span> <span>{}</span></a></th>\n",
        escaped(name)
    )
}

/// An implementation: the worst of its layers, which a box unfolds.
fn group(index: usize, row: &Row, matrix: &Matrix) -> String {
    let (report, layers) = (&row.report, row.layers());
    let who = &report.implementation;
    let name = match &report.broken {
        Some(_) => escaped(&row.who()),
        None => format!("{} <span class=\"version\">{}</span>", escaped(&who.name), escaped(&who.version)),
    };
    let effort = format!("{:?}", report.effort).to_lowercase();
    let about = [&*who.language, &*who.device, &effort, &format!("seed {}", report.seed)];
    let about = about.into_iter().filter(|text| !text.is_empty()).map(escaped).join(" · ");
    let fold = match layers.len() {
        0 => String::new(),
        1 => "<label><input type=\"checkbox\"> 1 layer</label>".into(),
        n => format!("<label><input type=\"checkbox\"> {n} layers</label>"),
    };
    let mut out = format!("<tbody>\n<tr><th scope=\"rowgroup\">{name}<small>{about}</small>{fold}</th>\n");
    match &report.broken {
        Some(why) => {
            let (columns, sign) = (matrix.laws.len().max(1), State::Broke.sign());
            let _ = writeln!(out, "<td class=\"odd why\" colspan=\"{columns}\">{sign} broken: {}</td>", escaped(why));
        }
        None => matrix.laws.iter().for_each(|law| out.push_str(&worst(index, row, law))),
    }
    out.push_str("</tr>\n");
    for (i, layer) in layers.into_iter().enumerate() {
        let _ = writeln!(out, "<tr class=\"layer\"><th scope=\"row\">{}</th>", breakable(layer));
        for law in &matrix.laws {
            let state = row.finding(layer, law).map_or(State::NotRun, State::of);
            out.push_str(&cell(&format!("{index}-{i}-{}", law.id), state, ""));
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody>\n"
}

/// The worst that a law says of an implementation, with how many layers it says it of.
fn worst(index: usize, row: &Row, law: &Law) -> String {
    let states = row.states(law);
    let worst = states.iter().map(|&(_, state)| state).min().unwrap_or(State::NotRun);
    let count = states.iter().filter(|&&(_, state)| state == worst).count();
    let all = states.len();
    let share = if worst < State::Holds && all > 1 { format!("<small>{count}/{all}</small>") } else { "".into() };
    cell(&format!("{index}-{}", law.id), worst, &share)
}

fn cell(name: &str, state: State, share: &str) -> String {
    let (class, sign, word) = (state.class(), state.sign(), state.word());
    let content = format!("{sign}<span class=\"word\"> {word}</span>{share}");
    match state {
        State::NotRun => format!("<td class=\"{class}\">{content}</td>\n"),
        _ => format!("<td class=\"{class}\"><a id=\"c{name}\" href=\"#e{name}\">{content}</a></td>\n"),
    }
}

/// A path, which may break after its dots.
fn breakable(layer: &str) -> String {
    escaped(layer).replace('.', ".<wbr>")
}

/// What the cells of an implementation open.
fn sheets(index: usize, row: &Row, matrix: &Matrix) -> String {
    let mut out = String::new();
    for law in matrix.laws.iter().filter(|_| row.report.broken.is_none()) {
        if row.states(law).iter().any(|&(_, state)| state != State::NotRun) {
            out.push_str(&evidence::summary(index, row, law));
        }
        for (i, layer) in row.layers().into_iter().enumerate() {
            if let Some(finding) = row.finding(layer, law) {
                out.push_str(&evidence::finding(&format!("{index}-{i}-{}", law.id), row, finding));
            }
        }
    }
    out
}
