//! Claim marginal.bracket: the mean softmax of several classes between two bounds.

use crate::softmax_cases::{Case, case, enumerated, independent};
use crate::support::{holds, refuted};
use dropout_oracle::Error;
use dropout_oracle::head::{Head, Softmax};
use dropout_oracle::law::{FiniteLaw, Tied, Uniform};
use dropout_oracle::marginal::{Bracket, Classes};
use dropout_oracle::network::Affine;
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A rule that claims brackets of all classes.
type BracketRule = fn(&Case) -> Vec<Bracket>;

fn jensen_and_pairs((weights, keep, bias): &Case) -> Vec<Bracket> {
    let classes = Classes::masked(weights.clone(), keep.clone(), bias.clone()).unwrap();
    (0..bias.len()).map(|y| classes.bracket(y).unwrap()).collect()
}

/// The claim: the mean lies between the two, and neither is a mere 0 or 1 where two classes decide.
fn bracket_contains_the_mean(rule: BracketRule, case: &Case, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let (mean, slack) = enumerated(case, law);
    for (bracket, mean) in rule(case).into_iter().zip(&mean) {
        prop_assert!(bracket.low - slack <= *mean && *mean <= bracket.high + slack, "{mean} in {bracket:?}");
        if case.2.len() == 2 {
            prop_assert!(bracket.high - bracket.low <= 1e-12, "two classes leave nothing open: {bracket:?}");
        }
    }
    Ok(())
}

#[test]
fn marginal_bracket_holds_by_enumeration() {
    for classes in [2, 3, 5, 10] {
        holds(16, case(classes, 7, 2.0), |case| {
            bracket_contains_the_mean(jensen_and_pairs, &case, &independent(&case))
        });
    }
}

#[test]
fn marginal_bracket_holds_for_logits_up_to_600() {
    holds(12, case(4, 6, 60.0), |case| bracket_contains_the_mean(jensen_and_pairs, &case, &independent(&case)));
}

#[test]
fn marginal_bracket_mutant_takes_the_mean_logits_for_the_mean() {
    refuted(32, case(3, 6, 2.0), |case| {
        let rule: BracketRule = |(weights, keep, bias)| {
            let mean = Softmax.expected(&Affine::new(weights.clone(), bias.clone()).unwrap().apply(keep));
            mean.iter().map(|&p| Bracket { low: p, high: p }).collect()
        };
        bracket_contains_the_mean(rule, &case, &independent(&case))
    });
}

/// Outside its condition: one mask for two units.
#[test]
fn marginal_bracket_fails_for_tied_masks() {
    let case = (dmatrix![2.0, 2.0; 0.0, 0.0], dvector![0.5, 0.5], dvector![-3.0, 0.0]);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    bracket_contains_the_mean(jensen_and_pairs, &case, &independent(&case)).unwrap();
    assert!(bracket_contains_the_mean(jensen_and_pairs, &case, &tied).is_err());
}

#[test]
fn marginal_bracket_refuses_what_it_cannot_do() {
    let classes = |c: usize| Classes::masked(DMatrix::zeros(c, 2), dvector![0.5, 0.5], DVector::zeros(c));
    assert!(matches!(classes(3).unwrap().bracket(3), Err(Error::Domain { .. })));
    assert!(matches!(classes(1), Err(Error::Domain { .. })));
}
