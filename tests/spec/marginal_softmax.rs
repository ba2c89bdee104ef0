//! Claim marginal.softmax: the mean softmax of a few classes, without enumeration and with a bound on the error.

use crate::softmax_cases::{Case, U, awkward, case, enumerated, independent, size};
use crate::support::{holds, refuted};
use dropout_oracle::Error;
use dropout_oracle::kernel::{Enumeration, Subtree};
use dropout_oracle::law::{FiniteLaw, Tied, Uniform};
use dropout_oracle::marginal::{Certified, Classes};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Affine, Layer, Mlp};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::test_runner::TestCaseResult;
use proptest::{prop_assert, prop_assert_eq};
use rayon::ThreadPoolBuilder;

/// A rule that claims the means of all classes.
type Rule = fn(&Case) -> Vec<Certified>;

fn classes((weights, keep, bias): &Case) -> Classes {
    Classes::masked(weights.clone(), keep.clone(), bias.clone()).unwrap()
}

fn fourier(case: &Case) -> Vec<Certified> {
    (0..case.2.len()).map(|y| classes(case).expected_softmax(y).unwrap()).collect()
}

/// The claim: within the error, which is below 2·10⁻¹³ for logits of size 1.
fn mean_is_the_enumerated_one(rule: Rule, case: &Case, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let (mean, slack) = enumerated(case, law);
    for (certified, mean) in rule(case).into_iter().zip(&mean) {
        let off = (certified.value - mean).abs();
        prop_assert!(off <= certified.error + slack, "off by {off:e}, {certified:?}");
        prop_assert!(certified.error <= 2e-13 * size(&case.0, &case.2), "the bound is loose: {certified:?}");
    }
    Ok(())
}

#[test]
fn marginal_softmax_holds_by_enumeration() {
    let holds_for = |cases: u32, classes: usize, most: usize, scale: f64| {
        holds(cases, case(classes, most, scale), |case| {
            mean_is_the_enumerated_one(fourier, &case, &independent(&case))
        });
    };
    holds_for(16, 2, 7, 2.0);
    holds_for(6, 3, 7, 1.0);
    holds_for(3, 4, 6, 1.0);
}

/// Phases that come back to where they were, powers of two, duplicates, keep probabilities next to 0 and 1.
#[test]
fn marginal_softmax_holds_for_awkward_masks() {
    holds(8, awkward(3, 7), |case| mean_is_the_enumerated_one(fourier, &case, &independent(&case)));
    holds(2, awkward(4, 4), |case| mean_is_the_enumerated_one(fourier, &case, &independent(&case)));
}

#[test]
fn marginal_softmax_holds_for_logits_up_to_300() {
    holds(6, case(3, 6, 40.0), |case| mean_is_the_enumerated_one(fourier, &case, &independent(&case)));
}

/// Ten classes, of which three can win: the others are left out, and counted.
#[test]
fn marginal_softmax_holds_for_rivals_without_a_chance() {
    let weights = DMatrix::from_fn(10, 6, |i, j| ((5 * i + 3 * j) % 7) as f64 / 4.0 - 0.75);
    let keep = DVector::from_fn(6, |j, _| (1 + j) as f64 / 7.0);
    let bias = DVector::from_fn(10, |i, _| if i < 3 { 0.25 * i as f64 } else { -60.0 - i as f64 });
    let case = (weights, keep, bias);
    mean_is_the_enumerated_one(fourier, &case, &independent(&case)).unwrap();
    let hopeless = classes(&case).expected_softmax(9).unwrap();
    assert!(hopeless.value <= 1e-14 && hopeless.low() <= 0.0, "{hopeless:?}");
}

/// Four classes and 18 units by the fast enumeration of 2^18 masks.
#[test]
fn marginal_softmax_holds_for_18_units_by_the_kernel() {
    let weight = DMatrix::from_fn(4, 18, |i, j| ((7 * j * j + 5 * i * j + i) % 17) as f64 / 16.0 - 0.5);
    let keep = DVector::from_fn(18, |j, _| (1 + j % 8) as f64 / 9.0);
    let case = (weight.clone(), keep.clone(), dvector![0.25, -0.5, 0.0, 0.125]);
    let layers = vec![Layer::dropout(18), Layer::Affine(Affine::new(weight, case.2.clone()).unwrap())];
    let model = Model::new(Mlp::new(18, layers).unwrap(), HeadKind::Softmax, keep, Convention::Standard).unwrap();
    let x = DVector::from_element(18, 1.0);
    let enumeration = Enumeration::new(&model, &x).unwrap();
    let mean = enumeration.prediction(&enumeration.sums(Subtree::ROOT).unwrap()).unwrap().arithmetic_mean;
    for (certified, mean) in fourier(&case).iter().zip(&mean) {
        // The enumeration is good to some units in the last place.
        assert!((certified.value - mean).abs() <= certified.error + 16.0 * U && certified.error < 2e-13);
    }
}

/// 100 units, each with a weight in one of four classes: the logits are independent binomial variables.
#[test]
fn marginal_softmax_holds_for_100_units_by_binomial_laws() {
    let (w, p, bias) = ([0.25, 0.3, 0.2, 0.5], [0.5, 0.25, 0.75, 0.4], dvector![0.5, 1.0, 0.0, -1.5]);
    let weights = DMatrix::from_fn(4, 100, |i, j| if j % 4 == i { w[i] } else { 0.0 });
    let keep = DVector::from_fn(100, |j, _| p[j % 4]);
    // Of each class: e^z and its probability, for 0 to 25 kept units.
    let laws: Vec<Vec<(f64, f64)>> = (0..4)
        .map(|c| {
            let mut law = [0.0; 26];
            law[0] = 1.0;
            for _ in 0..25 {
                for k in (0..26).rev() {
                    law[k] = (1.0 - p[c]) * law[k] + if k > 0 { p[c] * law[k - 1] } else { 0.0 };
                }
            }
            let odds = |k: usize| dropout_oracle::Real::exp(w[c] * k as f64 + bias[c]);
            law.into_iter().enumerate().map(|(k, p)| (odds(k), p)).collect()
        })
        .collect();
    for (y, certified) in fourier(&(weights, keep, bias)).into_iter().enumerate() {
        // Σ over the counts of all four, class by class: what e^z of y is divided by, so far.
        fn mean(laws: &[Vec<(f64, f64)>], y: isize, won: f64, all: f64) -> f64 {
            let Some((law, rest)) = laws.split_first() else { return won / all };
            law.iter().map(|&(e, p)| p * mean(rest, y - 1, if y == 0 { e } else { won }, all + e)).sum()
        }
        let exact = mean(&laws, y as isize, 0.0, 0.0);
        // Four sums of 26 terms, of probabilities good to 3 · 25 roundings and exponentials of sizes up to 14.
        let slack = (4.0 * (26.0 + 75.0) + 60.0) * U;
        assert!((certified.value - exact).abs() <= certified.error + slack, "{certified:?} {exact}");
        assert!(certified.error < 1e-12, "{certified:?}");
    }
}

/// 100 units with weights in all classes: the four means add up to 1, and lie in their brackets.
#[test]
fn marginal_softmax_holds_for_100_units() {
    let weights = DMatrix::from_fn(4, 100, |i, j| ((7 * j * j + 5 * i * j + i) % 17) as f64 / 32.0 - 0.25);
    let keep = DVector::from_fn(100, |j, _| (1 + j % 8) as f64 / 9.0);
    let case = (weights, keep, dvector![0.25, -0.5, 0.0, 0.5]);
    let means = fourier(&case);
    let (sum, error) = means.iter().fold((0.0, 0.0), |(sum, error), m| (sum + m.value, error + m.error));
    assert!((sum - 1.0).abs() <= error + 4.0 * U, "{sum} {error:e}");
    for (y, mean) in means.iter().enumerate() {
        let bracket = classes(&case).bracket(y).unwrap();
        assert!(mean.error < 1e-12 && bracket.low <= mean.high() && mean.low() <= bracket.high, "{mean:?} {bracket:?}");
    }
}

#[test]
fn marginal_softmax_holds_for_five_classes() {
    let case = (dmatrix![1.0, 0.5; 0.0, -0.5; 0.25, 0.0; -0.5, 1.0; 0.0, 0.0], dvector![0.5, 0.25], DVector::zeros(5));
    let (mean, slack) = enumerated(&case, &independent(&case));
    let certified = classes(&case).expected_softmax(1).unwrap();
    assert!((certified.value - mean[1]).abs() <= certified.error + slack && certified.error < 1e-12, "{certified:?}");
}

#[test]
fn marginal_softmax_has_the_same_bits_in_pools_of_1_2_and_5_threads() {
    holds(3, case(3, 20, 1.0), |case| {
        let bits =
            || -> Vec<u64> { fourier(&case).iter().flat_map(|c| [c.value, c.error]).map(f64::to_bits).collect() };
        let in_pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(bits);
        let alone = in_pool(1);
        for threads in [2, 5] {
            prop_assert_eq!(&in_pool(threads), &alone, "{} threads", threads);
        }
        Ok(())
    });
}

fn mutant_is_refused(mutant: Rule) {
    refuted(8, case(3, 4, 1.0), |case| mean_is_the_enumerated_one(mutant, &case, &independent(&case)));
}

#[test]
fn marginal_softmax_mutant_claims_to_be_exact() {
    mutant_is_refused(|case| fourier(case).into_iter().map(|c| Certified { value: c.value + 1e-11, ..c }).collect());
}

/// As if the classes' differences were independent: the product of the pairs.
#[test]
fn marginal_softmax_mutant_multiplies_the_pairs() {
    mutant_is_refused(|case| {
        let high = |y| classes(case).bracket(y).unwrap().high;
        (0..3).map(|y| Certified { value: high(y) * high(y), error: 1e-14 }).collect()
    });
}

#[test]
fn marginal_softmax_fails_for_tied_masks() {
    let case = (dmatrix![1.0, 1.0; 0.0, 0.0; 0.5, 0.5], dvector![0.5, 0.5], dvector![-1.0, 0.0, 0.25]);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    mean_is_the_enumerated_one(fourier, &case, &independent(&case)).unwrap();
    assert!(mean_is_the_enumerated_one(fourier, &case, &tied).is_err());
}

/// Too many nodes are refused before any is computed, with how many operations they are.
#[test]
fn marginal_softmax_refuses_what_it_cannot_do() {
    let of = |c: usize, w: f64| {
        let weights = DMatrix::from_fn(c, 2, |i, j| w * (i + j) as f64);
        Classes::masked(weights, dvector![0.5, 0.5], DVector::zeros(c)).unwrap()
    };
    for (classes, w) in [(10, 0.1), (4, 1e4), (3, 5e4)] {
        let refused = of(classes, w).expected_softmax(0);
        let Err(Error::Domain { what, must, .. }) = refused else { panic!("{classes} {w} {refused:?}") };
        assert!(what.contains(&format!("softmax of {classes} classes")) && must.contains("bracket"), "{what} {must}");
    }
    assert!(of(10, 0.1).operations(0).unwrap() > 1e13 && of(4, 0.1).operations(0).unwrap() < 1e10);
    assert!(matches!(of(3, 1.0).expected_softmax(3), Err(Error::Domain { .. })));
}
