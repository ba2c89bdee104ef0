//! Claim mask.parities: a joint law of bits is what the parities of all its sets are.

use crate::support::*;
use dropout_oracle::Rational;
use dropout_oracle::law::{FiniteLaw, Independent};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 3;

/// The probabilities of all masks, from one number for each set of units that is not empty, by summing with signs.
///
/// With parities, P(m) = 2^-n Σ_S (−1)^|S∩m| E (−1)^|S∩μ|; with the events that all of S is kept,
/// P(m) = Σ_{S⊇m} (−1)^|S∖m| P(S ⊆ μ).
type Inversion = fn(usize, &dyn Fn(usize) -> Rational) -> Vec<Rational>;

fn sign(bits: usize) -> Rational {
    if bits.count_ones().is_multiple_of(2) { Rational::one() } else { -Rational::one() }
}

fn from_parities(units: usize, of: &dyn Fn(usize) -> Rational) -> Vec<Rational> {
    let all = 1usize << units;
    (0..all).map(|m| total((0..all).map(|set| sign(set & m) * of(set))) * q(1, all as i64)).collect()
}

fn from_events(units: usize, of: &dyn Fn(usize) -> Rational) -> Vec<Rational> {
    let all = 1usize << units;
    (0..all).map(|m| total((0..all).filter(|set| set & m == m).map(|set| sign(set & !m) * of(set)))).collect()
}

/// The probabilities of a law's masks, by its support.
fn probabilities(law: &(impl FiniteLaw<Rational> + ?Sized), units: usize) -> Vec<Rational> {
    let mut probabilities = vec![Rational::zero(); 1 << units];
    for (m, probability) in law.support().unwrap() {
        probabilities[(0..units).fold(0, |mask, i| mask | usize::from(!m[i].is_zero()) << i)] += probability;
    }
    probabilities
}

fn parity(of: &[Rational], set: usize) -> Rational {
    total((0..of.len()).map(|m| sign(m & set) * &of[m]))
}

fn event(of: &[Rational], set: usize) -> Rational {
    total((0..of.len()).filter(|m| m & set == set).map(|m| of[m].clone()))
}

fn determines(invert: Inversion, number: fn(&[Rational], usize) -> Rational, of: &[Rational]) -> TestCaseResult {
    prop_assert_eq!(invert(UNITS, &|set| number(of, set)), of);
    Ok(())
}

#[test]
fn mask_parities_holds_for_any_joint_law() {
    holds(64, any_law(UNITS), |law| {
        let of = probabilities(&law, UNITS);
        determines(from_parities, parity, &of)?;
        determines(from_events, event, &of)
    });
}

/// So a law is the product of its marginals if each number is the product of those of single units.
#[test]
fn mask_parities_holds_for_products() {
    holds(64, keeps(UNITS), |keep| {
        let of = probabilities(&Independent::new(keep.clone()).unwrap(), UNITS);
        for set in 0..1usize << UNITS {
            let units = || (0..UNITS).filter(move |i| set >> i & 1 == 1);
            let product = |of: &dyn Fn(usize) -> Rational| units().fold(Rational::one(), |product, i| product * of(i));
            let odd = product(&|i| Rational::one() - &keep[i] * q(2, 1));
            let all = product(&|i| keep[i].clone());
            prop_assert_eq!((parity(&of, set), event(&of, set)), (odd, all));
        }
        Ok(())
    });
}

/// The masks of even parity, each alike: every two units are independent, and the three are not.
#[test]
fn mask_parities_fails_for_sets_of_two() {
    let of: Vec<_> = (0..8usize).map(|m| if m.count_ones().is_multiple_of(2) { q(1, 4) } else { q(0, 1) }).collect();
    let product = vec![q(1, 8); 8];
    for set in 0..7 {
        assert_eq!((parity(&of, set), event(&of, set)), (parity(&product, set), event(&product, set)));
    }
    assert_ne!(of, product);
}

#[test]
fn mask_parities_mutant_leaves_out_the_set_of_all() {
    let pairs: Inversion =
        |units, of| from_parities(units, &|set| if set.count_ones() < 3 { of(set) } else { Rational::zero() });
    refuted(64, any_law(UNITS), |law| determines(pairs, parity, &probabilities(&law, UNITS)));
}

#[test]
fn mask_parities_mutant_sums_without_signs() {
    let unsigned: Inversion = |units, of| {
        let all = 1usize << units;
        (0..all).map(|m| total((0..all).filter(|set| set & m == m).map(of))).collect()
    };
    refuted(64, any_law(UNITS), |law| determines(unsigned, event, &probabilities(&law, UNITS)));
}
