//! Claims maxout.ws and norm.variance-shift.

use crate::moments::standardised;
use crate::support::{holds, keeps, mean_over, q, rational, rational_matrix, rationals, refuted};
use dropout_oracle::law::{FiniteLaw, Independent, Law};
use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear};
use dropout_oracle::noise::batch_norm::training_variance;
use dropout_oracle::{Error, Mask, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 3;
const HIDDEN: usize = 2;
const PIECES: usize = 2;
const OUTPUTS: usize = 2;

/// Weights and bias of the pieces, weights of the output, the input, and the KEEP probabilities of all units.
type Case = ((DMatrix<Rational>, DVector<Rational>), DMatrix<Rational>, DVector<Rational>, DVector<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    let pieces = (rational_matrix(HIDDEN * PIECES, INPUTS), rationals(HIDDEN * PIECES).prop_map(|b| b * q(4, 1)));
    (pieces, rational_matrix(OUTPUTS, HIDDEN), rationals(INPUTS), keeps(INPUTS + HIDDEN))
}

fn pieces(((w, b), ..): &Case) -> [Layer<Rational, PiecewiseLinear>; 2] {
    [Layer::dropout(INPUTS), Layer::Affine(Affine::new(w.clone(), b.clone()).unwrap())]
}

/// Dropout of the inputs, maxout, dropout of the hidden units, logits.
fn network(case: &Case) -> Mlp<Rational, PiecewiseLinear> {
    let mut layers = Vec::from(pieces(case));
    layers.push(Layer::Unit(PiecewiseLinear::Maxout { pieces: PIECES }));
    layers.push(Layer::dropout(HIDDEN));
    layers.push(Layer::Affine(Affine::new(case.1.clone(), DVector::from_element(OUTPUTS, q(1, 1))).unwrap()));
    Mlp::new(INPUTS, layers).unwrap()
}

/// Whether one and the same piece of every unit is the largest under every mask of the inputs.
fn same_winners(case: &Case) -> bool {
    let before = Mlp::new(INPUTS, pieces(case).into()).unwrap();
    let winners = |mask: Mask| {
        let z = before.output(&case.2, &mask.multipliers()).unwrap();
        z.as_slice().chunks(PIECES).map(|piece| piece[1] > piece[0]).collect::<Vec<_>>()
    };
    let mut patterns = Mask::all(INPUTS).unwrap().map(winners);
    let first = patterns.next().unwrap();
    patterns.all(|pattern| pattern == first)
}

/// A rule for the mean logits.
type Rule = fn(&Case, &Independent<Rational>) -> DVector<Rational>;

fn weight_scaling(case: &Case, law: &Independent<Rational>) -> DVector<Rational> {
    network(case).output(&case.2, &law.mean()).unwrap()
}

fn gives_the_mean_logits(rule: Rule, case: &Case) -> TestCaseResult {
    let (network, law) = (network(case), Independent::new(case.3.clone()).unwrap());
    let mean = mean_over(&law, |multipliers| network.output(&case.2, multipliers).unwrap());
    prop_assert_eq!(rule(case, &law), mean);
    Ok(())
}

fn given_same_winners(rule: Rule, case: &Case) -> TestCaseResult {
    prop_assume!(same_winners(case));
    gives_the_mean_logits(rule, case)
}

#[test]
fn maxout_ws_holds_where_the_same_pieces_win_under_every_mask() {
    holds(32, case(), |case| given_same_winners(weight_scaling, &case));
}

/// Without the condition it is false for some networks.
#[test]
fn maxout_ws_fails_without_the_condition() {
    refuted(64, case(), |case| gives_the_mean_logits(weight_scaling, &case));
}

/// max(d_0 + d_1 − 1, 0): the first piece wins under one mask, the second or both under the others. E = ¼, WS = 0.
#[test]
fn maxout_ws_fails_where_the_winner_changes() {
    let pieces = Affine::new(dmatrix![q(1, 1), q(1, 1); q(0, 1), q(0, 1)], dvector![q(-1, 1), q(0, 1)]).unwrap();
    let layers = vec![Layer::dropout(2), Layer::Affine(pieces), Layer::Unit(PiecewiseLinear::Maxout { pieces: 2 })];
    let network = Mlp::new(2, layers).unwrap();
    let law = Independent::new(dvector![q(1, 2), q(1, 2)]).unwrap();
    let x = dvector![q(1, 1), q(1, 1)];
    assert_eq!(mean_over(&law, |multipliers| network.output(&x, multipliers).unwrap())[0], q(1, 4));
    assert_eq!(network.output(&x, &law.mean()).unwrap()[0], q(0, 1));
}

#[test]
fn maxout_ws_mutant_averages_the_pieces() {
    let averaged: Rule = |case, law| {
        let z = Mlp::new(INPUTS, pieces(case).into()).unwrap();
        let z = z.output(&case.2, &law.mean().rows(0, INPUTS).into_owned()).unwrap();
        let h = DVector::from_fn(HIDDEN, |i, _| (z[2 * i].clone() + z[2 * i + 1].clone()) / q(2, 1));
        let h = h.component_mul(&law.mean().rows(INPUTS, HIDDEN));
        Affine::new(case.1.clone(), DVector::from_element(OUTPUTS, q(1, 1))).unwrap().apply(&h)
    };
    refuted(24, case(), |case| given_same_winners(averaged, &case));
}

#[test]
fn maxout_ws_mutant_forgets_the_masks_of_the_hidden_units() {
    let inputs_only: Rule = |case, law| {
        let mean = DVector::from_fn(INPUTS + HIDDEN, |i, _| if i < INPUTS { law.mean()[i].clone() } else { q(1, 1) });
        network(case).output(&case.2, &mean).unwrap()
    };
    refuted(24, case(), |case| given_same_winners(inputs_only, &case));
}

// norm.variance-shift.

/// Mean and a scale of x, its two standardised values' t, and the KEEP probability p.
fn unit() -> impl Strategy<Value = [Rational; 4]> + Clone {
    let positive = || (1i64..=4, 1i64..=3).prop_map(|(n, d)| q(n, d));
    (rational(), positive(), positive(), (1i64..=6).prop_map(|n| q(n, 6))).prop_map(|(m, s, t, p)| [m, s, t, p])
}

/// A formula for the variance in training, from mean, variance and keep probability.
type Variance = fn(Rational, Rational, Rational) -> Rational;

fn library(mean: Rational, variance: Rational, keep: Rational) -> Rational {
    training_variance(mean, variance, keep).unwrap()
}

/// Var(x d/p) over both values of x = m + s·u and both of d.
fn is_the_training_variance(formula: Variance, [m, s, t, p]: &[Rational; 4]) -> TestCaseResult {
    let law = Independent::new(dvector![p.clone()]).unwrap();
    let (mut mean, mut square) = (q(0, 1), q(0, 1));
    for (u, x_weight) in standardised(t) {
        for (d, d_weight) in law.support().unwrap() {
            let dropped = (m.clone() + s.clone() * u.clone()) * d[0].clone() / p.clone();
            mean += dropped.clone() * x_weight.clone() * d_weight.clone();
            square += dropped.clone() * dropped * x_weight.clone() * d_weight;
        }
    }
    prop_assert_eq!(&mean, m);
    let variance = square - mean.clone() * mean;
    prop_assert_eq!(variance, formula(m.clone(), s.clone() * s.clone(), p.clone()));
    Ok(())
}

#[test]
fn norm_variance_shift_holds_over_the_units_values_and_masks() {
    holds(48, unit(), |unit| is_the_training_variance(library, &unit));
}

/// x of mean 0 and variance 1: 1/p in training, 1 in evaluation.
#[test]
fn norm_variance_shift_is_one_over_p_for_standardised_units() {
    holds(24, unit(), |[_, _, t, p]| {
        is_the_training_variance(|_, _, p| q(1, 1) / p, &[q(0, 1), q(1, 1), t.clone(), p])?;
        is_the_training_variance(|_, variance, _| variance, &[q(0, 1), q(1, 1), t, q(1, 1)])
    });
}

/// Outside the condition "mean 0": for m = 2, v = 1, p = ½ the shift is (1 + 4)/½ − 4 = 6, not 2.
#[test]
fn norm_variance_shift_fails_to_be_one_over_p_for_units_with_a_mean() {
    assert_eq!(library(q(2, 1), q(1, 1), q(1, 2)), q(6, 1));
    refuted(24, unit(), |unit| is_the_training_variance(|_, variance, p| variance / p, &unit));
}

#[test]
fn norm_variance_shift_mutant_is_standard_instead_of_inverted() {
    let standard: Variance = |m, v, p| p.clone() * (v + m.clone() * m.clone()) - p.clone() * p * m.clone() * m;
    refuted(24, unit(), |unit| is_the_training_variance(standard, &unit));
}

#[test]
fn norm_variance_shift_mutant_sees_no_shift() {
    refuted(24, unit(), |unit| is_the_training_variance(|_, variance, _| variance, &unit));
}

#[test]
fn norm_variance_shift_refuses_what_is_no_keep_probability() {
    assert!(matches!(training_variance(0.0, 1.0, 0.0), Err(Error::KeepProbability { .. })));
}
