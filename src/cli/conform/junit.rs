//! Findings as JUnit XML: a suite a layer, a case a law.

use super::details::{details, verdict};
use crate::cli::markup::escaped;
use dropout_oracle::conformance::{Finding, Report, Verdict};
use itertools::Itertools;
use std::fmt::Write;

/// The whole document.
pub fn report(report: &Report) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    if let Some(why) = &report.broken {
        let _ = writeln!(
            out,
            "<testsuite name=\"smoke\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n\
             <testcase name=\"smoke\" classname=\"smoke\"><error message=\"{}\"/></testcase>\n</testsuite>",
            escaped(why)
        );
    }
    for (layer, findings) in &report.findings.iter().chunk_by(|finding| &finding.layer) {
        let findings = findings.collect_vec();
        let count = |kind| findings.iter().filter(|finding| element(finding) == Some(kind)).count();
        let (failures, errors, skipped) = (count("failure"), count("error"), count("skipped"));
        let (name, tests) = (escaped(layer), findings.len());
        let _ = writeln!(
            out,
            "<testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\">"
        );
        findings.iter().for_each(|finding| out.push_str(&case(finding)));
        out.push_str("</testsuite>\n");
    }
    out + "</testsuites>\n"
}

/// What stands in a case, if it did not simply pass.
fn element(finding: &Finding) -> Option<&'static str> {
    match &finding.verdict {
        _ if finding.is_surprise() => Some("failure"),
        Verdict::Holds { .. } => None,
        Verdict::Fails { .. } | Verdict::NotApplicable { .. } => Some("skipped"),
        Verdict::AdapterFailed { .. } => Some("error"),
    }
}

fn case(finding: &Finding) -> String {
    let (name, class) = (escaped(&format!("{} {}", finding.law, finding.name)), escaped(&finding.layer));
    let Some(element) = element(finding) else {
        return format!("<testcase name=\"{name}\" classname=\"{class}\"/>\n");
    };
    let text = match &finding.verdict {
        Verdict::Fails { failure } if finding.is_surprise() => {
            details(finding, failure).into_iter().map(|(name, text)| format!("{name}: {text}\n")).collect()
        }
        _ => String::new(),
    };
    let (message, text) = (escaped(&verdict(finding)), escaped(&text));
    format!(
        "<testcase name=\"{name}\" classname=\"{class}\"><{element} message=\"{message}\">{text}</{element}></testcase>\n"
    )
}
