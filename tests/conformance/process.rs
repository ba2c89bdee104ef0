//! Adapters that misbehave are ended, named and never waited for; those that are merely slow or noisy are not.

use dropout_oracle::conformance::case::{Call, Case, Mode, Samples, Sampling};
use dropout_oracle::conformance::layer::Description;

use dropout_oracle::conformance::zoo::{Served, plain, rights};
use dropout_oracle::conformance::{
    Adapter, Config, Dtype, Effort, Outcome, Process, Selection, Subject, Tensor, Verdict,
};
use dropout_oracle::conformance::{AdapterFailure, Answer, conform, smoke};
use std::time::{Duration, Instant};

const ORACLE: &str = env!("CARGO_BIN_EXE_dropout-oracle");

fn adapter(command: &[&str], seconds: u64) -> Process {
    let command = command.iter().map(|word| word.to_string()).collect();
    Process::new(Adapter { command, timeout: Duration::from_secs(seconds) })
}

pub fn fake(name: &str, seconds: u64) -> Process {
    let path = format!("{}/tests/data/adapters/{name}.sh", env!("CARGO_MANIFEST_DIR"));
    adapter(&["sh", &path, ORACLE], seconds)
}

#[test]
fn a_broken_adapter_is_named_and_not_waited_for() {
    let table = [
        ("crash", "ended its output (exit status: 7); its last words: out of memory"),
        ("hang", "no reply within 1s"),
        ("garbage", "sent no JSON"),
        ("wrong_seq", "with seq Some(999)"),
        ("split_lines", "sent no JSON"),
        ("old_protocol", "speaks protocol 0; this oracle speaks 1"),
        ("no_protocol", "names no protocol"),
    ];
    for (name, complaint) in table {
        let begun = Instant::now();
        let why = smoke(&mut fake(name, 1)).unwrap_err();
        assert!(why.contains(complaint), "{name}: {why}");
        // One time limit, a patience of half a second with the dying, and the start of a shell, generously.
        assert!(begun.elapsed() < Duration::from_secs(10), "{name}");
    }
    let why = smoke(&mut adapter(&["/nonexistent/adapter"], 1)).unwrap_err();
    assert!(why.contains("cannot start /nonexistent/adapter"), "{why}");
}

#[test]
fn an_adapter_that_does_not_read_does_not_block_the_oracle() {
    let mut deaf = fake("hang", 1);
    let layer = deaf.describe().unwrap().layers.remove(0);
    let x = Tensor::filled(Dtype::F32, &[1_000_000], 1.0); // 8 MB of digits: more than any pipe holds
    let why = deaf.run(&Case::new(&layer, Mode::Eval, 0.5, x)).unwrap_err().0;
    assert!(why.contains("no reply within 1s"), "{why}");
}

#[test]
fn an_adapter_that_fails_twice_in_a_row_is_given_up() {
    let mut crash = fake("crash", 5);
    let layer = crash.describe().unwrap().layers.remove(0);
    let case = Case::new(&layer, Mode::Eval, 0.5, Tensor::filled(Dtype::F32, &[2], 1.0));
    for given_up in [false, false, true] {
        let why = crash.run(&case).unwrap_err().0;
        assert_eq!(why.starts_with("given up"), given_up, "{why}");
    }
}

#[test]
fn an_adapter_that_does_not_start_again_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (marker, started) = (folder.path().join("marker"), concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/adapters"));
    let once = format!("[ -e {0} ] && exit 3; touch {0}; exec sh {started}/crash.sh", marker.display());
    let mut once = adapter(&["sh", "-c", &once], 5);
    let layer = once.describe().unwrap().layers.remove(0);
    let case = Case::new(&layer, Mode::Eval, 0.5, Tensor::filled(Dtype::F32, &[2], 1.0));
    let complaints = [
        "the adapter ended its output (exit status: 7); its last words: out of memory",
        "given up: it could not be restarted: the adapter ended its output (exit status: 3)",
    ];
    for complaint in complaints {
        assert_eq!(once.run(&case).unwrap_err().0, complaint);
    }
}

#[test]
fn one_unanswered_case_costs_one_law_and_the_rest_goes_on() {
    let [laws, layers] = [&["L3", "L8", "L9"][..], &["dropout", "feature-maps"]];
    let [laws, layers] = [laws, layers].map(|ids| ids.iter().map(|id| id.to_string()).collect());
    let selection = Selection { laws, layers, level: None };
    let report = conform(&mut fake("deaf_to_nan", 2), &selection, Config::default(), |_| ());
    assert_eq!(report.broken, None);
    for finding in &report.findings {
        let failed = matches!(finding.verdict, Verdict::AdapterFailed { .. });
        assert_eq!(failed, finding.law == "L8", "{finding:#?}");
        assert!(failed || finding.verdict.holds(), "{finding:#?}");
    }
    assert_eq!(report.findings.len(), 6);
}

#[test]
fn replies_in_pieces_and_noise_on_standard_error_are_nothing() {
    let selection = Selection { laws: vec!["L3".into()], layers: vec!["dropout".into()], ..Selection::default() };
    let report = conform(&mut fake("split_writes", 10), &selection, Config::default(), |_| ());
    assert!(report.findings.len() == 1 && report.findings[0].verdict.holds(), "{report:#?}");
}

#[test]
fn ten_million_bits_pass_in_seconds() {
    let mut process = adapter(&[ORACLE, "conform", "--serve"], 60);
    let layer = plain();
    let begun = Instant::now();
    let outcome = process.sample(&Sampling::new(&layer, 0.3, Dtype::F32, &[10_000_000], 1)).unwrap();
    let Outcome::Done(samples) = outcome else { panic!("{outcome:?}") };
    println!("10^7 mask bits in {:?}", begun.elapsed());
    let kept = samples.masks[0].ones() as f64;
    // Eight standard deviations of the binomial law: alpha = 1e-15.
    assert!((kept - 7e6).abs() < 8.0 * (1e7f64 * 0.21).sqrt(), "{kept}");
    // Built without optimisation the adapter itself takes most of it; the pipe takes well under a second.
    assert!(begun.elapsed() < Duration::from_secs(30));
}

/// Right, but for outputs that are cut short.
struct Short(Served);

impl Subject for Short {
    fn describe(&mut self) -> Result<Description, AdapterFailure> {
        self.0.describe()
    }

    fn run(&mut self, case: &Case) -> Answer<Vec<Call>> {
        self.0.run(case)
    }

    fn sample(&mut self, sampling: &Sampling) -> Answer<Samples> {
        let mut answer = self.0.sample(sampling);
        if let Ok(Outcome::Done(samples)) = &mut answer {
            samples.values.iter_mut().for_each(|values| *values = Tensor::filled(values.dtype(), &[1], 1.0));
        }
        answer
    }
}

#[test]
fn values_that_are_cut_short_are_the_adapters_failure() {
    let selection = Selection { laws: vec!["S4".into(), "S5".into(), "S7".into()], ..Selection::default() };
    for (name, dropout) in rights().into_iter().filter(|(name, _)| ["alpha", "gaussian"].contains(name)) {
        let mut short = Short(Served::new(name, vec![dropout]));
        let config = Config { effort: Effort::Quick, ..Config::default() };
        let verdicts: Vec<_> = conform(&mut short, &selection, config, |_| ()).findings;
        let judged = verdicts.iter().filter(|finding| !matches!(finding.verdict, Verdict::NotApplicable { .. }));
        let failed = |why: &str| why.starts_with("the values that were asked for are not");
        assert!(judged.clone().count() > 0, "{name}");
        for finding in judged {
            assert!(matches!(&finding.verdict, Verdict::AdapterFailed { why } if failed(why)), "{finding:#?}");
        }
    }
}
