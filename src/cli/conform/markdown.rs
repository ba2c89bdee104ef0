//! Findings for an issue or a summary page.

use super::details::{details, verdict};
use super::text::conclusion;
use dropout_oracle::conformance::{Finding, Report, Verdict};
use std::fmt::Write;

/// A table of all findings, and a section a failure.
pub fn report(report: &Report) -> String {
    let who = &report.implementation;
    let mut out = format!("# {} {}: {}\n\n", cell(&who.name), cell(&who.version), conclusion(report));
    if let Some(why) = &report.broken {
        let _ = writeln!(out, "Smoke test: {}", cell(why));
        return out;
    }
    out.push_str("| layer | law | verdict |\n|---|---|---|\n");
    for finding in &report.findings {
        let (layer, name) = (cell(&finding.layer), finding.name);
        let _ = writeln!(out, "| {layer} | {} {name} | {} |", finding.law, cell(&verdict(finding)));
    }
    for finding in report.findings.iter().filter(|finding| finding.expected.is_none()) {
        if let Verdict::Fails { failure } = &finding.verdict {
            out.push_str(&section(finding, details(finding, failure)));
        }
    }
    out
}

fn section(finding: &Finding, details: Vec<(&str, String)>) -> String {
    let mut out = format!("\n## {} {}\n\n| | |\n|---|---|\n", cell(&finding.id()), finding.name);
    for (name, text) in details {
        let _ = writeln!(out, "| {name} | {} |", cell(&text));
    }
    out
}

/// Text that stays in its cell and is not taken for markup.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' | '<' | '*' | '_' | '`' | '[' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
