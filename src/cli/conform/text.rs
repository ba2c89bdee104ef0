//! Findings for people.

use super::details::{details, verdict};
use comfy_table::{Table, presets};
use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::{Conclusion, Evidence, Report, Verdict};
use itertools::Itertools;
use std::fmt::Write;

/// The laws, one a row.
pub fn laws() -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["law", "name", "false alarm", "it says"]);
    for law in ALL {
        table.add_row([law.id, law.name, &format!("{:e}", law.false_alarm), law.statement]);
    }
    table.to_string()
}

/// Everything that was found: a line a law, and all about each failure.
pub fn report(report: &Report) -> String {
    if let Some(why) = &report.broken {
        return format!("smoke test: {why}\nThe adapter is broken: nothing was said about the implementation.\n");
    }
    let who = &report.implementation;
    let mut out = format!("{} {} ({}, {})\n", who.name, who.version, who.language, who.device);
    let width = ALL.iter().map(|law| law.name.len() + 2).max().unwrap_or(0);
    for (layer, findings) in &report.findings.iter().chunk_by(|finding| &finding.layer) {
        let _ = writeln!(out, "\n{layer}");
        for finding in findings {
            let _ = writeln!(out, "  {:<4}{:<width$}{}", finding.law, finding.name, verdict(finding));
            match &finding.verdict {
                Verdict::Fails { failure } if finding.expected.is_none() => {
                    for (name, text) in details(finding, failure) {
                        let _ = writeln!(out, "        {name:<10}{text}");
                    }
                }
                Verdict::Holds { evidence } => out.push_str(&seen(evidence)),
                _ => {}
            }
        }
    }
    let _ = writeln!(out, "\n{}", conclusion(report));
    out
}

/// The tests on random masks, and what was skipped.
fn seen(evidence: &Evidence) -> String {
    let statistics = evidence.statistics.iter().map(|s| {
        format!("        {}: N = {}, p-value {:.3}, sees {}\n", s.name, s.samples, s.p_value, s.smallest_detectable)
    });
    // One rate of false alarms and one power for all tests of a law.
    let rates = evidence
        .statistics
        .first()
        .map(|s| format!("        alpha {:e} a test, seen with power {}:\n", s.false_alarm, s.power));
    let skipped = evidence.skipped.iter().map(|skipped| format!("        skipped {skipped}\n"));
    rates.into_iter().chain(statistics).chain(skipped).collect()
}

/// One line about all findings.
pub fn conclusion(report: &Report) -> String {
    let count = |of: fn(&Verdict) -> bool| report.findings.iter().filter(|finding| of(&finding.verdict)).count();
    let (holds, fails) = (count(Verdict::holds), count(Verdict::fails));
    let broken = count(|verdict| matches!(verdict, Verdict::AdapterFailed { .. }));
    let untested = count(|verdict| matches!(verdict, Verdict::NotApplicable { .. }));
    let word = match report.conclusion() {
        Conclusion::Conformant => "conformant",
        Conclusion::NotConformant => "NOT conformant",
        Conclusion::AdapterBroken => "the adapter is broken",
    };
    format!("{word}: {holds} hold, {fails} fail, {broken} broke the adapter, {untested} not tested")
}
