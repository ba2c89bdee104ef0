//! How often the laws raise an alarm at what is right: measured, beside what they promise.

use dropout_oracle::conformance::law::ALL;
use dropout_oracle::conformance::statistics::Binomial;
use dropout_oracle::conformance::zoo::{Served, rights};
use dropout_oracle::conformance::{Config, Effort, Finding, Selection, Verdict, conform};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

const RUNS: u64 = 1000;

/// Laws that a thousand runs can afford in every run of the tests.
const CHEAP: &[(&str, &[&str])] = &[("plain", &["L3", "L5", "L7", "L9", "L12", "L13", "S2", "S4", "S5", "S6", "S8"])];

/// Under `EXTENDED=1` every law that is about plain dropout, and each of the others on a layer that it is about.
const EXTENDED: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("alpha", &["L15"]),
    ("given uniforms", &["S6"]),
    ("gaussian", &["S7"]),
    ("gaussian noise added", &["S7"]),
    ("recurrent, one mask in time", &["S8"]),
    ("tensor parallel", &["S9"]),
];

fn judged(seed: u64, (name, laws): (&str, &[&str])) -> Vec<Finding> {
    let selection = Selection { laws: laws.iter().map(|id| id.to_string()).collect(), ..Selection::default() };
    let right = rights().into_iter().find(|(known, _)| *known == name).expect("a right dropout").1;
    conform(&mut Served::new(name, vec![right]), &selection, Config { seed, effort: Effort::Quick }, |_| ()).findings
}

/// What a thousand runs showed of one law.
#[derive(Clone, Default)]
struct Seen {
    verdicts: u64,
    alarms: u64,
    promised: f64,
    p_values: Vec<f64>,
}

/// The promised false-alarm rate of each law is below 1e-9 or 0: a single alarm in a thousand runs refutes it. So would
/// p-values that are small too often: each test promises P(p-value <= t) <= t for every t, not at 1e-9 alone.
#[test]
fn a_thousand_runs_of_a_right_dropout_raise_no_alarm() {
    let held = if std::env::var_os("EXTENDED").is_some() { EXTENDED } else { CHEAP };
    let begun = Instant::now();
    let findings: Vec<_> =
        (0..RUNS).into_par_iter().flat_map_iter(|seed| held.iter().flat_map(move |of| judged(seed, *of))).collect();
    let mut seen = BTreeMap::<usize, Seen>::new();
    for finding in findings {
        let number = ALL.iter().position(|law| law.id == finding.law).expect("a law");
        let of_law = seen.entry(number).or_default();
        match finding.verdict {
            Verdict::NotApplicable { .. } => continue,
            Verdict::Holds { evidence } => of_law.p_values.extend(evidence.statistics.iter().map(|s| s.p_value)),
            _ => of_law.alarms += 1,
        }
        of_law.verdicts += 1;
        of_law.promised += finding.false_alarm;
    }
    println!("{RUNS} runs in {:.0} s of {} threads", begun.elapsed().as_secs_f64(), rayon::current_num_threads());
    println!("law  verdicts  alarms  promised  p-values  up to .1   .01    .001");
    for (number, Seen { verdicts, alarms, promised, p_values }) in seen {
        let id = ALL[number].id;
        let below = |level: f64| p_values.iter().filter(|p| **p <= level).count() as u64;
        let share = |level| below(level) as f64 / p_values.len().max(1) as f64;
        let (count, [tenth, hundredth, thousandth]) = (p_values.len(), [0.1, 0.01, 0.001].map(share));
        println!(
            "{id:<4} {verdicts:>8} {alarms:>7}  {promised:<8.1e} {count:>9}  {tenth:.4} {hundredth:.5} {thousandth:.6}"
        );
        assert_eq!(alarms, 0, "{id}");
        for level in [0.1, 0.01, 0.001] {
            // The tests of one run are of different masks: independent. This one's own false-alarm rate is 1e-9.
            assert!(Binomial::new(count as u64, level).at_least(below(level)) >= 1e-9, "{id} at {level}");
        }
    }
}
