//! How a claim is checked over generated cases.

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestCaseResult, TestError, TestRunner};
use std::panic::Location;

/// The runner of every property: a fixed seed, so that a verdict never depends on the day, and the failures found
/// earlier, kept beside the test as `<module>.regressions`.
fn runner(cases: u32, file: &'static str) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0d20_9007),
        source_file: Some(file),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })
}

/// The claim holds in every generated case.
#[track_caller]
pub fn holds<S: Strategy>(cases: u32, strategy: S, claim: impl Fn(S::Value) -> TestCaseResult) {
    if let Err(error) = runner(cases, Location::caller().file()).run(&strategy, claim) {
        panic!("the claim does not hold\n{error}");
    }
}

/// The claim is refuted by some generated case: for counterexamples, and for mutants, which a check must kill.
#[track_caller]
pub fn refuted<S: Strategy>(cases: u32, strategy: S, claim: impl Fn(S::Value) -> TestCaseResult) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0d20_9007),
        failure_persistence: None,
        max_shrink_iters: 0, // that there is a counterexample is enough
        ..ProptestConfig::default()
    });
    match runner.run(&strategy, claim) {
        Err(TestError::Fail(..)) => {}
        other => panic!("no case refutes what must be false: {other:?}"),
    }
}
