//! All about one failure, whatever it is printed as.

use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::{Distance, Expected, Failure, Finding, Verdict};

/// What a failure says, name by name, in the order of reading.
pub fn details(finding: &Finding, failure: &Failure) -> Vec<(&'static str, String)> {
    let mut lines = vec![("call", failure.case.clone())];
    lines.extend(failure.at.as_ref().map(|at| ("index", format!("{at:?}"))));
    lines.extend(failure.input.as_ref().map(|input| ("input", input.to_string())));
    lines.push((
        "expected",
        match &failure.expected {
            Expected::Between(lo, hi) if lo == hi => lo.to_string(),
            Expected::Between(lo, hi) => format!("{lo} to {hi}"),
            Expected::Words(words) => words.clone(),
        },
    ));
    lines.push(("got", failure.got.clone()));
    lines.extend(failure.distance.map(|distance| match distance {
        Distance::Ulps(ulps) => ("off by", format!("{ulps} ulp")),
        Distance::PValue(p) => ("p-value", format!("{p:e}")),
    }));
    lines.push(("diagnosis", failure.diagnosis.clone()));
    lines.push(("claim", finding.claim.into()));
    let law = ALL.iter().find(|law| law.id == finding.law).filter(|law| !law.seen.is_empty());
    lines.extend(law.map(|law| ("seen in", law.seen.join(", "))));
    lines.extend(finding.reproduce.as_ref().map(|command| ("again", command.clone())));
    lines
}

/// A verdict in a few words.
pub fn verdict(finding: &Finding) -> String {
    match (&finding.verdict, &finding.expected) {
        (Verdict::Holds { .. }, Some(_)) => "HOLDS, though it is expected to fail: take it off the list".into(),
        (Verdict::Holds { evidence }, None) => {
            format!("holds ({} requests, {} comparisons)", evidence.requests, evidence.comparisons)
        }
        (Verdict::Fails { .. }, Some(expected)) => {
            format!("fails as expected: {} ({})", expected.reason, expected.issue)
        }
        (Verdict::Fails { .. }, None) => "FAILS".into(),
        (Verdict::NotApplicable { why }, _) => format!("not tested: {why}"),
        (Verdict::AdapterFailed { why }, _) => format!("ADAPTER FAILED: {why}"),
    }
}
