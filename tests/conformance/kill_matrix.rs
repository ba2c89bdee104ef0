//! Every mutant of the zoo is killed by its law, and nothing right is.

use dropout_oracle::conformance::zoo::{Served, mutants, rights};
use dropout_oracle::conformance::{Config, Effort, Selection, conform};

const QUICK: Config = Config { seed: 0, effort: Effort::Quick };

#[test]
fn nothing_right_is_refused() {
    for (name, dropout) in rights() {
        let report = conform(&mut Served::new(name, vec![dropout]), &Selection::default(), QUICK, |_| ());
        assert_eq!(report.broken, None, "{name}");
        for finding in report.findings {
            assert!(!finding.verdict.fails(), "{name}: {finding:#?}");
        }
    }
}

#[test]
fn every_mutant_is_killed_by_its_law() {
    for mutant in mutants() {
        let mut subject = Served::new(mutant.name, vec![(mutant.dropout)()]);
        let report = conform(&mut subject, &Selection::default(), QUICK, |_| ());
        let kills = |law: &str| report.findings.iter().any(|found| found.law == law && found.verdict.fails());
        assert!(kills(mutant.killed_by), "{} survives {}", mutant.name, mutant.killed_by);
    }
}
