//! What a cell opens.

use super::matrix::Row;
use super::state::State;
use crate::cli::conform::details::{details, verdict};
use crate::cli::markup::escaped;
use dropout_oracle::conformance::law::Law;
use dropout_oracle::conformance::{Evidence, Finding, Statistic, Verdict};
use std::fmt::Write;

/// A sheet over the page, with a way back to the cell that opened it.
fn sheet(id: &str, back: &str, title: &str, body: &str) -> String {
    format!(
        "<article id=\"{id}\" aria-labelledby=\"{id}-t\"><a class=\"close\" href=\"#{back}\">close ×</a>\
         <h3 id=\"{id}-t\">{title}</h3>\n{body}</article>\n"
    )
}

/// A law: what it says, needs and sees.
pub fn law(law: &Law) -> String {
    let lines = [
        ("it says", law.statement.to_string()),
        ("where it fails", law.diagnosis.into()),
        ("false alarm", format!("{:e} a layer and run", law.false_alarm)),
        ("it sees", law.power.into()),
        ("claim", law.claim.into()),
        ("seen in", if law.seen.is_empty() { "no public thread".into() } else { law.seen.join(", ") }),
    ];
    let id = law.id;
    sheet(id, &format!("to-{id}"), &format!("{id} {}", escaped(law.name)), &list(lines))
}

/// All layers of an implementation under one law.
pub fn summary(index: usize, row: &Row, law: &Law) -> String {
    let mut body = String::from("<ul>\n");
    for (layer, (name, state)) in row.states(law).into_iter().enumerate() {
        let (name, id) = (escaped(name), law.id);
        let text = format!("{} {name}: {}", state.sign(), state.word());
        let _ = match state {
            State::NotRun => writeln!(body, "<li>{text}</li>"),
            _ => writeln!(body, "<li><a href=\"#e{index}-{layer}-{id}\">{text}</a></li>"),
        };
    }
    let (id, report) = (law.id, &row.report);
    let (oracle, effort, seed) = (escaped(&report.oracle), report.effort, report.seed);
    let _ = writeln!(body, "</ul>\n<p>Held by dropout-oracle {oracle}, effort {effort:?}, seed {seed}.</p>");
    let title = format!("{id} {} · {}", escaped(law.name), escaped(&row.who()));
    sheet(&format!("e{index}-{id}"), &format!("c{index}-{id}"), &title, &body)
}

/// One law and layer.
pub fn finding(cell: &str, row: &Row, finding: &Finding) -> String {
    let state = State::of(finding);
    let (law, name, layer, who) = (finding.law, finding.name, &finding.layer, row.who());
    let title = format!("{law} {} · {} · {}", escaped(name), escaped(layer), escaped(&who));
    let mut body = format!("<p class=\"{}\">{} {}</p>\n", state.class(), state.sign(), escaped(&verdict(finding)));
    match &finding.verdict {
        Verdict::Holds { evidence } => body += &(chance(finding) + &seen(evidence)),
        Verdict::Fails { failure } => body += &(list(details(finding, failure)) + &chance(finding)),
        Verdict::NotApplicable { .. } | Verdict::AdapterFailed { .. } => {}
    }
    sheet(&format!("e{cell}"), &format!("c{cell}"), &title, &body)
}

/// Names and texts; a command stands as it is typed.
fn list<'a>(lines: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut out = String::from("<dl>\n");
    for (name, text) in lines {
        let text = escaped(&text);
        let text = if name == "again" { format!("<code>{text}</code>") } else { text };
        let _ = writeln!(out, "<dt>{name}</dt><dd>{text}</dd>");
    }
    out + "</dl>\n"
}

/// How far the verdict can be chance.
fn chance(finding: &Finding) -> String {
    match finding.false_alarm {
        0.0 => "<p>No chance is in this law: a right implementation never fails it.</p>\n".into(),
        alpha => format!("<p>Probability that a right implementation fails: {}.</p>\n", number(alpha)),
    }
}

/// What a law that holds was held on.
fn seen(evidence: &Evidence) -> String {
    let mut out = String::new();
    if !evidence.statistics.is_empty() {
        out.push_str(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Tests on random masks\"><table>\n\
             <tr><th scope=\"col\">test</th><th scope=\"col\">N</th><th scope=\"col\">p-value</th>\
             <th scope=\"col\">α</th><th scope=\"col\">sees</th><th scope=\"col\">with power</th></tr>\n",
        );
        evidence.statistics.iter().for_each(|statistic| out.push_str(&tested(statistic)));
        out.push_str("</table></div>\n");
    }
    if !evidence.skipped.is_empty() {
        let skipped: String = evidence.skipped.iter().map(|what| format!("<li>{}</li>\n", escaped(what))).collect();
        let _ = writeln!(out, "<p>Left out:</p>\n<ul>\n{skipped}</ul>");
    }
    out
}

fn tested(statistic: &Statistic) -> String {
    let Statistic { name, samples, false_alarm, power, smallest_detectable, p_value } = statistic;
    format!(
        "<tr><th scope=\"row\">{}</th><td>{samples}</td><td>{}</td><td>{}</td><td>{}</td><td>{power}</td></tr>\n",
        escaped(name),
        number(*p_value),
        number(*false_alarm),
        escaped(smallest_detectable)
    )
}

/// Three digits, and an exponent where there would be many zeros.
fn number(value: f64) -> String {
    if value != 0.0 && value < 1e-3 { format!("{value:.1e}") } else { format!("{value:.3}") }
}
