//! Every mutant of the zoo is killed by its law, every law kills what no other does, and nothing right is refused.

use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::zoo::{Dropout, Served, mutants, rights};
use dropout_oracle::conformance::{Config, Effort, Report, Selection, Verdict, conform};
use std::fmt::Write;

fn judge(name: &str, dropout: Box<dyn Dropout>, seed: u64, laws: &[&str]) -> Report {
    let selection = Selection { laws: laws.iter().map(|id| id.to_string()).collect(), ..Selection::default() };
    let config = Config { seed, effort: Effort::Quick };
    conform(&mut Served::new(name, vec![dropout]), &selection, config, |_| ())
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

/// The golden matrix; `UPDATE=1` writes it anew.
#[test]
fn the_kill_matrix_is_the_golden_one() {
    let mut matrix = format!("{:<44}", "");
    ALL.iter().for_each(|law| write!(matrix, "{:>4}", law.id).unwrap());
    for (name, dropout) in rights() {
        write!(matrix, "\n{name:<44}{}", row(&judge(name, dropout, 0, &[]))).unwrap();
    }
    for mutant in mutants() {
        let row = row(&judge(mutant.name, (mutant.dropout)(), 0, &[]));
        write!(matrix, "\n{:<44}{row}", format!("{} {}", mutant.killed_by, mutant.name)).unwrap();
    }
    matrix.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/kill_matrix.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &matrix).unwrap();
    }
    assert_eq!(matrix, std::fs::read_to_string(path).unwrap(), "run with UPDATE=1 and look at the difference");
}

/// The promised false-alarm rate of each law is 0 or below 1e-26: a single alarm in a thousand runs refutes it.
#[test]
fn a_thousand_runs_of_a_right_dropout_raise_no_alarm() {
    let quick = ["L3", "L5", "L7", "L9", "L12", "L13"];
    let mut alarms = 0;
    for seed in 0..1000 {
        let report = judge("plain", rights().remove(0).1, seed, &quick);
        alarms += report.findings.iter().filter(|finding| finding.verdict.fails()).count();
    }
    println!("{alarms} alarms in 1000 runs of {} laws; promised: below 1e-23", quick.len());
    assert_eq!(alarms, 0);
}

#[test]
fn nothing_right_is_refused() {
    for (name, dropout) in rights() {
        for finding in judge(name, dropout, 1, &[]).findings {
            let sound = matches!(finding.verdict, Verdict::Holds { .. } | Verdict::NotApplicable { .. });
            assert!(sound, "{name}: {finding:#?}");
        }
    }
}

#[test]
fn every_mutant_is_killed_by_its_law_and_every_law_kills_what_no_other_does() {
    let mut alone = Vec::new();
    for mutant in mutants() {
        let report = judge(mutant.name, (mutant.dropout)(), 2, &[]);
        let kills: Vec<_> =
            report.findings.iter().filter(|found| found.verdict.fails()).map(|found| found.law).collect();
        assert!(kills.contains(&mutant.killed_by), "{} survives {}: {report:#?}", mutant.name, mutant.killed_by);
        if let [law] = kills[..] {
            alone.push(law);
        }
    }
    for law in ALL {
        assert!(alone.contains(&law.id), "no mutant is killed by {} alone", law.id);
    }
}
