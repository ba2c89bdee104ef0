//! Findings for people.

use comfy_table::{Table, presets};
use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::{Conclusion, Distance, Expected, Failure, Finding, Report, Verdict};
use itertools::Itertools;
use std::fmt::Write;

/// The laws, one a row.
pub fn laws() -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["law", "name", "false alarm", "it says"]);
    for law in ALL {
        table.add_row([law.id, law.name, &law.false_alarm.to_string(), law.statement]);
    }
    table.to_string()
}

/// Everything that was found: a line a law, and all about each failure.
pub fn report(report: &Report) -> String {
    let who = &report.implementation;
    let mut out = format!("{} {} ({}, {})\n", who.name, who.version, who.language, who.device);
    if let Some(why) = &report.broken {
        return format!("smoke test: {why}\nThe adapter is broken: nothing was said about the implementation.\n");
    }
    for (layer, findings) in &report.findings.iter().chunk_by(|finding| &finding.layer) {
        let _ = writeln!(out, "\n{layer}");
        for finding in findings {
            let _ = writeln!(out, "  {:<4}{:<14}{}", finding.law, finding.name, verdict(&finding.verdict));
            if let Verdict::Fails { failure } = &finding.verdict {
                out.push_str(&details(finding, failure));
            }
        }
    }
    let count = |of: fn(&Verdict) -> bool| report.findings.iter().filter(|finding| of(&finding.verdict)).count();
    let (holds, fails) = (count(Verdict::holds), count(Verdict::fails));
    let (broken, untested) = (
        count(|verdict| matches!(verdict, Verdict::AdapterFailed { .. })),
        count(|verdict| matches!(verdict, Verdict::NotApplicable { .. })),
    );
    let conclusion = match report.conclusion() {
        Conclusion::Conformant => "conformant",
        Conclusion::NotConformant => "NOT conformant",
        Conclusion::AdapterBroken => "the adapter is broken",
    };
    let _ =
        writeln!(out, "\n{conclusion}: {holds} hold, {fails} fail, {broken} broke the adapter, {untested} not tested");
    out
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Holds { evidence } => {
            let mut line = format!("holds ({} requests, {} comparisons)", evidence.requests, evidence.comparisons);
            for s in &evidence.statistics {
                let _ = write!(
                    line,
                    "\n        {}: N = {}, p-value {:.3}, alpha {:e}, sees {} with power {}",
                    s.name, s.samples, s.p_value, s.false_alarm, s.smallest_detectable, s.power
                );
            }
            for skipped in &evidence.skipped {
                let _ = write!(line, "\n        skipped {skipped}");
            }
            line
        }
        Verdict::Fails { .. } => "FAILS".into(),
        Verdict::NotApplicable { why } => format!("not tested: {why}"),
        Verdict::AdapterFailed { why } => format!("ADAPTER FAILED: {why}"),
    }
}

/// All about one failure.
fn details(finding: &Finding, failure: &Failure) -> String {
    let mut lines = vec![("call", failure.case.clone())];
    if let Some(at) = &failure.at {
        lines.push(("index", format!("{at:?}")));
    }
    if let Some(input) = &failure.input {
        lines.push(("input", input.to_string()));
    }
    lines.push((
        "expected",
        match &failure.expected {
            Expected::Between(lo, hi) if lo == hi => lo.to_string(),
            Expected::Between(lo, hi) => format!("{lo} to {hi}"),
            Expected::Words(words) => words.clone(),
        },
    ));
    lines.push(("got", failure.got.clone()));
    match failure.distance {
        Some(Distance::Ulps(ulps)) => lines.push(("off by", format!("{ulps} ulp"))),
        Some(Distance::PValue(p)) => lines.push(("p-value", format!("{p:e}"))),
        None => {}
    }
    lines.push(("diagnosis", failure.diagnosis.clone()));
    lines.push(("claim", finding.claim.into()));
    if let Some(law) = ALL.iter().find(|law| law.id == finding.law).filter(|law| !law.seen.is_empty()) {
        lines.push(("seen in", law.seen.join(", ")));
    }
    if let Some(command) = &finding.reproduce {
        lines.push(("again", command.clone()));
    }
    lines.into_iter().fold(String::new(), |out, (name, what)| out + &format!("        {name:<10}{what}\n"))
}
