//! Every mutant of the zoo is killed by its law, every law kills what no other does, and nothing right is refused.

use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::zoo::{Dropout, Mutant, Served, mutants, rights};
use dropout_oracle::conformance::{Config, Effort, Report, Selection, Verdict, conform};
use std::fmt::Write;

fn judge(name: &str, dropout: Box<dyn Dropout>, seed: u64) -> Report {
    let config = Config { seed, effort: Effort::Quick };
    conform(&mut Served::new(name, vec![dropout]), &Selection::default(), config, |_| ())
}

/// One letter a verdict: x killed, . holds, - not applicable, ! adapter failed.
fn row(report: &Report) -> String {
    assert_eq!(report.broken, None);
    let letter = |verdict: &Verdict| match verdict {
        Verdict::Fails { .. } => "x",
        Verdict::Holds { .. } => ".",
        Verdict::NotApplicable { .. } => "-",
        Verdict::AdapterFailed { .. } => "!",
    };
    report.findings.iter().map(|finding| format!("{:>4}", letter(&finding.verdict))).collect()
}

/// Every mutant with the laws that kill it, by seed.
fn judged(seed: u64) -> Vec<(Mutant, Report)> {
    let judged = |mutant: Mutant| {
        let report = judge(mutant.name, (mutant.dropout)(), seed);
        (mutant, report)
    };
    mutants().into_iter().map(judged).collect()
}

/// The golden matrix, which `UPDATE=1` writes anew. Every mutant is killed by its law, and every law kills one that no other
/// does.
#[test]
fn the_kill_matrix_is_the_golden_one_and_every_law_is_needed() {
    let mut matrix = format!("{:<44}", "");
    ALL.iter().for_each(|law| write!(matrix, "{:>4}", law.id).unwrap());
    for (name, dropout) in rights() {
        write!(matrix, "\n{name:<44}{}", row(&judge(name, dropout, 0))).unwrap();
    }
    let judged = judged(0);
    for (mutant, report) in &judged {
        write!(matrix, "\n{:<44}{}", format!("{} {}", mutant.killed_by, mutant.name), row(report)).unwrap();
    }
    matrix.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/kill_matrix.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &matrix).unwrap();
    }
    assert_eq!(matrix, std::fs::read_to_string(path).unwrap(), "run with UPDATE=1 and look at the difference");

    let mut alone = Vec::new();
    for (mutant, report) in &judged {
        let kills: Vec<_> =
            report.findings.iter().filter(|found| found.verdict.fails()).map(|found| found.law).collect();
        assert!(kills.contains(&mutant.killed_by), "{} survives {}: {report:#?}", mutant.name, mutant.killed_by);
        if let [law] = kills[..] {
            alone.push(law);
        }
    }
    let idle: Vec<_> = ALL.iter().map(|law| law.id).filter(|id| !alone.contains(id)).collect();
    assert!(idle.is_empty(), "no mutant is killed alone by {idle:?}");
}

#[test]
fn nothing_right_is_refused() {
    for (name, dropout) in rights() {
        for finding in judge(name, dropout, 1).findings {
            let sound = matches!(finding.verdict, Verdict::Holds { .. } | Verdict::NotApplicable { .. });
            assert!(sound, "{name}: {finding:#?}");
        }
    }
}
