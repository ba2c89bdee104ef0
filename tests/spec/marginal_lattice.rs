//! Claim marginal.lattice: the exact law of a masked sum of integers.

use crate::support::{holds, keeps, q, refuted};
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::marginal::Lattice;
use dropout_oracle::{Error, Rational};
use nalgebra::DVector;
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 6;

/// Integers with zeros, duplicates and both signs, and KEEP probabilities.
fn unit() -> impl Strategy<Value = (Vec<i64>, DVector<Rational>)> + Clone {
    (prop::collection::vec(-5i64..=5, UNITS), keeps(UNITS))
}

/// The masked sum under one mask.
fn sum(weights: &[i64], multipliers: &DVector<Rational>) -> i64 {
    weights.iter().zip(multipliers).filter(|(_, d)| d.is_one()).map(|(k, _)| k).sum()
}

/// A rule that claims to give P(S = s).
type Rule = fn(&[i64], &DVector<Rational>, i64) -> Rational;

/// The project's rule.
fn lattice(weights: &[i64], keep: &DVector<Rational>, s: i64) -> Rational {
    Lattice::new(weights, &Independent::new(keep.clone()).unwrap()).unwrap().probability(s)
}

/// The claim: every probability is the total weight of the masks with that sum, beyond the range too.
fn law_is_the_enumerated_one(
    rule: Rule,
    (weights, keep): &(Vec<i64>, DVector<Rational>),
    law: &impl FiniteLaw<Rational>,
) -> TestCaseResult {
    for s in -31..=31 {
        let masks = law.support().unwrap().filter(|(d, _)| sum(weights, d) == s);
        let total = masks.fold(Rational::zero(), |total, (_, weight)| total + weight);
        prop_assert_eq!(rule(weights, keep, s), total, "P(S = {})", s);
    }
    Ok(())
}

fn independent(keep: &DVector<Rational>) -> Independent<Rational> {
    Independent::new(keep.clone()).unwrap()
}

#[test]
fn marginal_lattice_holds_by_enumeration() {
    holds(32, unit(), |case| law_is_the_enumerated_one(lattice, &case, &independent(&case.1)));
}

/// "Any loss": the mean of a function with a kink, of one without, and of 1.
#[test]
fn marginal_lattice_holds_for_any_loss() {
    holds(32, unit(), |(weights, keep)| {
        let law = Lattice::new(&weights, &independent(&keep)).unwrap();
        for loss in [|_| q(1, 1), |s: i64| q(s.max(0), 1), |s: i64| q(1, 1 + s * s)] {
            let masks = independent(&keep);
            let by_masks = masks.support().unwrap().map(|(d, weight)| weight * loss(sum(&weights, &d)));
            prop_assert_eq!(law.expectation(loss), by_masks.fold(Rational::zero(), |mean, term| mean + term));
        }
        Ok(())
    });
}

/// n fair coins: binomial coefficients, for n that no enumeration reaches.
#[test]
fn marginal_lattice_holds_for_the_binomial_law() {
    let law = Lattice::new(&[1; 200], &Independent::new(DVector::from_element(200, q(1, 2))).unwrap()).unwrap();
    // P(S = s + 1)/P(S = s) = (200 − s)/(s + 1), and the probabilities sum to one: nothing else does both.
    assert!((0..200).all(|s| law.probability(s + 1) * q(s + 1, 1) == law.probability(s) * q(200 - s, 1)));
    assert_eq!(law.expectation(|_| q(1, 1)), q(1, 1));
    assert_eq!(law.expectation(|s| q((s - 100) * (s - 100), 1)), q(50, 1)); // the variance npq
}

#[test]
fn marginal_lattice_holds_without_units() {
    let law = Lattice::<Rational>::new(&[], &Independent::new(DVector::zeros(0)).unwrap()).unwrap();
    assert_eq!((law.probability(0), law.probability(1)), (q(1, 1), q(0, 1)));
}

#[test]
fn marginal_lattice_mutant_swaps_keep_and_drop() {
    fn swapped(weights: &[i64], keep: &DVector<Rational>, s: i64) -> Rational {
        // A keep probability of 0 is no law, so those with p = 1 are left alone.
        lattice(weights, &keep.map(|p| if p.is_one() { p } else { Rational::one() - p }), s)
    }
    refuted(16, unit(), |case| law_is_the_enumerated_one(swapped, &case, &independent(&case.1)));
}

/// An update in place that walks upwards counts a unit's weight again and again.
#[test]
fn marginal_lattice_mutant_keeps_a_unit_twice() {
    fn in_place(weights: &[i64], keep: &DVector<Rational>, s: i64) -> Rational {
        let mut p = vec![Rational::zero(); 121];
        p[60] = Rational::one();
        for (&k, keep) in weights.iter().zip(keep) {
            for at in 0..121i64 {
                let from = usize::try_from(at - k).ok().and_then(|from| p.get(from)).cloned().unwrap_or_default();
                let here = p[at as usize].clone();
                p[at as usize] = (Rational::one() - keep.clone()) * here + keep.clone() * from;
            }
        }
        p[(s + 60) as usize].clone()
    }
    refuted(16, unit(), |case| law_is_the_enumerated_one(in_place, &case, &independent(&case.1)));
}

/// Outside its condition: two units that share one mask never have just one of them kept.
#[test]
fn marginal_lattice_fails_for_tied_masks() {
    let case = (vec![1, 1], DVector::from_element(2, q(1, 2)));
    law_is_the_enumerated_one(lattice, &case, &Uniform::new(2)).unwrap();
    let tied = Tied::new(Uniform::<Rational>::new(1), vec![0, 0]).unwrap();
    assert!(law_is_the_enumerated_one(lattice, &case, &tied).is_err());
}

#[test]
fn marginal_lattice_refuses_ranges_that_do_not_fit() {
    let two = Independent::new(DVector::from_element(2, q(1, 2))).unwrap();
    for huge in [[i64::MIN, i64::MAX], [1 << 26, 0], [i64::MAX; 2]] {
        assert!(matches!(Lattice::new(&huge, &two), Err(Error::Domain { .. })));
    }
    assert!(matches!(Lattice::new(&[1], &two), Err(Error::Shape { expected: 1, found: 2, .. })));
}
