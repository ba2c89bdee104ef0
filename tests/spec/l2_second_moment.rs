//! Each feature's coefficient is set by its uncentred second moment, not by its variance as the section's wording has it.

use crate::support::*;
use dropout_oracle::law::{Independent, Table};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::{Mask, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// One feature x, and a bias: a constant feature that is never dropped.
fn with_bias(x: &DVector<Rational>, y: DVector<Rational>) -> LeastSquares<Rational> {
    let inputs = DMatrix::from_fn(x.len(), 2, |i, j| if j == 0 { Rational::one() } else { x[i].clone() });
    LeastSquares::new(inputs, y).unwrap()
}

/// The bias is always kept, x with probability p.
fn slope_only(p: &Rational) -> Table<Rational> {
    let mask = |bits| Mask::new(2, bits).unwrap();
    Table::new(vec![(mask(0b01), Rational::one() - p.clone()), (mask(0b11), p.clone())]).unwrap()
}

fn mean(x: &DVector<Rational>) -> Rational {
    x.sum() / q(x.len() as i64, 1)
}

/// 1/N Σ (x − mean)².
fn variance(x: &DVector<Rational>) -> Rational {
    mean(&x.map(|v| (v.clone() - mean(x)) * (v - mean(x))))
}

/// The ridge coefficient over (1 − p)/p: how strongly a feature is penalised.
type Strength = fn(&DVector<Rational>) -> Rational;

/// Σ x² = N (variance + mean²).
fn second_moment(x: &DVector<Rational>) -> Rational {
    (variance(x) + mean(x) * mean(x)) * q(x.len() as i64, 1)
}

fn variance_alone(x: &DVector<Rational>) -> Rational {
    variance(x) * q(x.len() as i64, 1)
}

/// Ridge with the rule's coefficient finds the weights whose enumerated loss cannot be improved on, in any direction.
fn rule_sets_the_penalty(rule: Strength, x: &DVector<Rational>, y: &DVector<Rational>, p: &Rational) -> TestCaseResult {
    let problem = with_bias(x, y.clone());
    let lambda = (Rational::one() - p.clone()) / p.clone() * rule(x);
    let scaled = problem.ridge(&dvector![q(0, 1), lambda]).unwrap();
    let law = slope_only(p);
    let loss = |b: Rational, w: Rational| problem.expected_loss(&law, &dvector![b, w]).unwrap();
    let (b, w) = (scaled[0].clone(), scaled[1].clone() / p.clone());
    let one = Rational::one;
    // Both partial derivatives, by central differences, which are exact for a quadratic.
    prop_assert_eq!(loss(b.clone() + one(), w.clone()), loss(b.clone() - one(), w.clone()));
    prop_assert_eq!(loss(b.clone(), w.clone() + one()), loss(b, w - one()));
    Ok(())
}

/// Features that are not constant, so that slope and bias can be told apart.
fn cases() -> impl Strategy<Value = (DVector<Rational>, DVector<Rational>, Rational)> + Clone {
    let feature = rationals(4).prop_filter("constant", |x| variance(x) != q(0, 1));
    (feature, rationals(4), (1i64..=5).prop_map(|n| q(n, 6)))
}

#[test]
fn l2_second_moment_sets_the_penalty() {
    holds(48, cases(), |(x, y, p)| rule_sets_the_penalty(second_moment, &x, &y, &p));
}

#[test]
fn l2_second_moment_mutant_is_the_variance() {
    refuted(48, cases(), |(x, y, p)| rule_sets_the_penalty(variance_alone, &x, &y, &p));
}

#[test]
fn l2_second_moment_mutant_is_a_mean_over_the_examples() {
    refuted(48, cases(), |(x, y, p)| rule_sets_the_penalty(|x| second_moment(x) / q(4, 1), &x, &y, &p));
}

/// The variance is the right word where the feature is centred …
#[test]
fn l2_second_moment_is_the_variance_of_a_centred_feature() {
    holds(32, cases(), |(x, y, p)| rule_sets_the_penalty(variance_alone, &x.map(|v| v - mean(&x)), &y, &p));
}

/// … and fails where it is not: a feature of variance 0, x ≡ 1 with y ≡ 1, is not free of penalty. At p = ½ its weight
/// is halved, for any number of examples.
#[test]
fn l2_second_moment_fails_to_be_the_variance_of_a_constant_feature() {
    for examples in 1..=5 {
        let x = DMatrix::from_element(examples, 1, q(1, 1));
        let problem = LeastSquares::new(x, DVector::from_element(examples, q(1, 1))).unwrap();
        let lambda = problem.ridge_coefficients(&dvector![q(1, 2)]).unwrap();
        assert_eq!(problem.ridge(&lambda).unwrap(), dvector![q(1, 2)]);
        let law = Independent::new(dvector![q(1, 2)]).unwrap();
        assert_eq!(problem.minimiser(&law).unwrap(), dvector![q(1, 1)]);
    }
}

/// Two examples x = (c, 1 + c) with y = (0, 1), an undropped bias and p = ½: always the same variance ¼, and the slope
/// goes from ½ (centred) to 1/443.
#[test]
fn l2_second_moment_moves_the_slope_at_equal_variance() {
    let figures = [(q(-1, 2), q(1, 2)), (q(0, 1), q(1, 3)), (q(10, 1), q(1, 443))];
    for (c, slope) in figures {
        let x = dvector![c.clone(), c + Rational::one()];
        assert_eq!(variance(&x), q(1, 4));
        let problem = with_bias(&x, dvector![q(0, 1), q(1, 1)]);
        // By the ridge coefficients, and by the normal equations of the law.
        let lambda = problem.ridge_coefficients(&dvector![q(1, 1), q(1, 2)]).unwrap();
        assert_eq!(problem.ridge(&lambda).unwrap()[1], slope);
        assert_eq!(problem.minimiser(&slope_only(&q(1, 2))).unwrap()[1].clone() * q(1, 2), slope);
    }
}

/// Without dropout the origin of a feature does not matter: the slope is 1 wherever it lies.
#[test]
fn l2_second_moment_does_not_matter_without_dropout() {
    for c in [q(-1, 2), q(0, 1), q(10, 1)] {
        let problem = with_bias(&dvector![c.clone(), c + Rational::one()], dvector![q(0, 1), q(1, 1)]);
        assert_eq!(problem.ridge(&dvector![q(0, 1), q(0, 1)]).unwrap()[1], q(1, 1));
    }
    let same = LeastSquares::new(dmatrix![q(1, 1), q(1, 1)], dvector![q(1, 1)]).unwrap();
    assert!(same.ridge(&dvector![q(0, 1), q(0, 1)]).is_err());
}
