//! The exact paired test of the experiments, against literal p-values, its symmetries and a one-sided mutant.

use crate::support::{holds, refuted};
use dropout_oracle::Error;
use dropout_oracle::experiment::Paired;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A p-value from differences.
type Rule = fn(&[f64]) -> f64;

fn paired(differences: &[f64]) -> f64 {
    Paired::new(differences, &vec![0.0; differences.len()]).unwrap().p_value
}

/// By recursion over the signs, without masks: how many sums are at least as far out as `seen`.
fn by_definition(differences: &[f64], extreme: &dyn Fn(f64) -> bool) -> f64 {
    fn count(sum: f64, rest: &[f64], extreme: &dyn Fn(f64) -> bool) -> u32 {
        match rest {
            [] => u32::from(extreme(sum)),
            [d, rest @ ..] => count(sum + d, rest, extreme) + count(sum - d, rest, extreme),
        }
    }
    f64::from(count(0.0, differences, extreme)) / f64::from(1u32 << differences.len())
}

fn one_sided(differences: &[f64]) -> f64 {
    let seen: f64 = differences.iter().sum();
    by_definition(differences, &|sum| sum >= seen)
}

/// Ties with the pattern seen, itself among them, are not counted.
fn strict(differences: &[f64]) -> f64 {
    let seen: f64 = differences.iter().sum();
    by_definition(differences, &|sum| sum.abs() > seen.abs())
}

/// The p-value is the definition's, no less than 2/2^n (1/2^n of it the pattern seen, 1/2^n its mirror image), and the
/// same with the methods swapped. Differences are integers, so every sum is exact and `==` is right.
fn check(rule: Rule, differences: &[i32]) -> TestCaseResult {
    let differences: Vec<f64> = differences.iter().map(|&d| f64::from(d)).collect();
    let seen: f64 = differences.iter().sum();
    let p = rule(&differences);
    prop_assert_eq!(p, by_definition(&differences, &|sum| sum.abs() >= seen.abs()));
    prop_assert!(p >= 2.0 / f64::from(1u32 << differences.len()) && p <= 1.0);
    prop_assert_eq!(p, rule(&differences.iter().map(|d| -d).collect::<Vec<_>>()));
    Ok(())
}

fn differences() -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec(-20..=20, 1..=8)
}

#[test]
fn experiment_paired_holds_by_definition() {
    holds(64, differences(), |d| check(paired, &d));
}

#[test]
fn experiment_paired_mutant_one_sided_is_refused() {
    refuted(64, differences(), |d| check(one_sided, &d));
}

#[test]
fn experiment_paired_mutant_without_ties_is_refused() {
    refuted(64, differences(), |d| check(strict, &d));
}

/// Counted by hand.
#[test]
fn experiment_paired_holds_for_literal_cases() {
    assert_eq!(paired(&[3.0]), 1.0);
    assert_eq!(paired(&[1.0, 2.0]), 2.0 / 4.0); // ±3 of ±3, ±1
    assert_eq!(paired(&[1.0, 2.0, 3.0]), 2.0 / 8.0); // ±6 alone
    assert_eq!(paired(&[1.0, 1.0, -1.0]), 1.0); // |1| or |3| always
    assert_eq!(paired(&[1.0, 2.0, 3.0, -1.0]), 6.0 / 16.0); // |5| or more: ±7 once, ±5 twice
    assert_eq!(paired(&[0.0, 0.0]), 1.0);
    assert_eq!(paired(&[-0.5; 10]), 2.0 / 1024.0);
}

/// Percentages whose differences are equal but for their roundings are ties: all are 0.1 in decimals, in no case in bits.
#[test]
fn experiment_paired_holds_for_rounded_ties() {
    let (first, second) = ([7.1, 3.3, 0.3, 5.5], [7.0, 3.2, 0.4, 5.4]);
    // + + − +: 0.2 in sum; |sum| is 0.2 or 0.4 in all but the six patterns of two pluses
    assert_eq!(Paired::new(&first, &second).unwrap().p_value, 10.0 / 16.0);
}

/// If signs are fair coins, p ≤ α at most the fraction α of the time: exactly, over all 2^n outcomes.
#[test]
fn experiment_paired_holds_its_level() {
    let sizes = [1.0, 1.5, 2.0, 2.5, 4.0, 7.0];
    let patterns = (0..64u32).map(|signs| (0..6).map(move |i| if signs >> i & 1 == 1 { sizes[i] } else { -sizes[i] }));
    let p_values: Vec<f64> = patterns.map(|d| paired(&d.collect::<Vec<_>>())).collect();
    for alpha in &p_values {
        let rejected = p_values.iter().filter(|p| *p <= alpha).count() as f64 / 64.0;
        assert!(rejected <= *alpha);
    }
}

#[test]
fn experiment_paired_fails_for_what_is_no_pairing() {
    assert!(matches!(Paired::new(&[1.0], &[1.0, 2.0]), Err(Error::Shape { .. })));
    assert!(matches!(Paired::new(&[], &[]), Err(Error::Domain { .. })));
    assert!(matches!(Paired::new(&[0.0; 25], &[0.0; 25]), Err(Error::Domain { .. })));
    assert!(matches!(Paired::new(&[f64::NAN], &[0.0]), Err(Error::NotFinite { .. })));
    assert!(matches!(Paired::new(&[f64::MAX], &[-f64::MAX]), Err(Error::NotFinite { .. })));
}
