//! How a claim is checked over generated cases.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestError, TestRunner};

/// A fixed seed, so that a verdict never depends on the day.
fn runner(cases: u32, max_shrink_iters: u32) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        max_shrink_iters,
        rng_seed: RngSeed::Fixed(0x0d20_9007),
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

/// The claim holds in every generated case.
pub fn holds<S: Strategy>(cases: u32, strategy: S, claim: impl Fn(S::Value) -> TestCaseResult) {
    if let Err(error) = runner(cases, 64).run(&strategy, claim) {
        panic!("the claim does not hold\n{error}");
    }
}

/// Some generated case refutes the claim.
pub fn refuted<S: Strategy>(cases: u32, strategy: S, claim: impl Fn(S::Value) -> TestCaseResult) {
    match runner(cases, 0).run(&strategy, claim) {
        Err(TestError::Fail(..)) => {}
        other => panic!("no case refutes what must be false: {other:?}"),
    }
}
