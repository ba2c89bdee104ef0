//! What linear regression with dropout converges to: the minimiser of the expected loss, and its limit for rare units.

use crate::support::*;
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{FiniteLaw, Independent, Rescaled};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::{Error, Rational, Scalar};
use nalgebra::{DVector, dmatrix, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

const EXAMPLES: usize = 4;
const FEATURES: usize = 3;

fn problem() -> impl Strategy<Value = LeastSquares<Rational>> + Clone {
    (rational_matrix(EXAMPLES, FEATURES), rationals(EXAMPLES)).prop_map(|(x, y)| LeastSquares::new(x, y).unwrap())
}

/// Problems in which no feature is zero throughout.
fn determined() -> impl Strategy<Value = LeastSquares<Rational>> + Clone {
    problem()
        .prop_filter("a feature is zero", |problem| problem.gram().diagonal().iter().all(|square| !square.is_zero()))
}

/// KEEP probabilities strictly between 0 and 1.
fn dropping() -> impl Strategy<Value = DVector<Rational>> + Clone {
    prop::collection::vec((1i64..=5).prop_map(|n| q(n, 6)), FEATURES).prop_map(DVector::from_vec)
}

// l2.minimiser

/// The gradient of the enumerated loss, exactly: for a quadratic, central differences have no error.
fn enumerated_gradient(
    problem: &LeastSquares<Rational>,
    law: &dyn FiniteLaw<Rational>,
    w: &DVector<Rational>,
) -> DVector<Rational> {
    DVector::from_fn(w.len(), |j, _| {
        let shifted = |by: Rational| {
            let mut w = w.clone();
            w[j] += by;
            problem.expected_loss(law, &w).unwrap()
        };
        (shifted(Rational::one()) - shifted(-Rational::one())) / q(2, 1)
    })
}

type Scaled = fn(&LeastSquares<Rational>, &DVector<Rational>) -> DVector<Rational>;

fn ridge(problem: &LeastSquares<Rational>, keep: &DVector<Rational>) -> DVector<Rational> {
    problem.ridge(&problem.ridge_coefficients(keep).unwrap()).unwrap()
}

/// w̃ is p∘w for the w at which the gradient of the enumerated loss vanishes; and w̃ itself is where it vanishes for
/// inverted dropout.
fn rule_gives_the_minimiser(
    rule: Scaled,
    problem: &LeastSquares<Rational>,
    keep: &DVector<Rational>,
) -> TestCaseResult {
    let (scaled, law) = (rule(problem, keep), Independent::new(keep.clone()).unwrap());
    let w = scaled.component_div(keep);
    prop_assert_eq!(enumerated_gradient(problem, &law, &w), DVector::zeros(w.len()));
    prop_assert_eq!(enumerated_gradient(problem, &Rescaled::inverted(law).unwrap(), &scaled), DVector::zeros(w.len()));
    Ok(())
}

#[test]
fn l2_minimiser_holds() {
    holds(24, (determined(), dropping()), |(problem, keep)| rule_gives_the_minimiser(ridge, &problem, &keep));
}

/// One example and three features: more unknowns than equations, and still one minimiser.
#[test]
fn l2_minimiser_holds_with_fewer_examples_than_features() {
    let nonzero = rational_matrix(1, FEATURES).prop_filter("a zero", |x| x.iter().all(|x| !x.is_zero()));
    holds(24, (nonzero, rationals(1), dropping()), |(x, y, keep)| {
        rule_gives_the_minimiser(ridge, &LeastSquares::new(x, y).unwrap(), &keep)
    });
}

#[test]
fn l2_minimiser_holds_for_the_general_law_by_its_normal_equations() {
    holds(24, (determined(), dropping()), |(problem, keep)| {
        let law = Independent::new(keep.clone()).unwrap();
        let w = problem.minimiser(&law).unwrap();
        prop_assert_eq!(keep.component_mul(&w), ridge(&problem, &keep));
        prop_assert_eq!(problem.minimiser(&Rescaled::inverted(law).unwrap()).unwrap(), ridge(&problem, &keep));
        Ok(())
    });
}

#[test]
fn l2_minimiser_mutant_forgets_the_penalty() {
    let regular = determined().prop_filter("singular", |p| p.ridge(&DVector::zeros(FEATURES)).is_ok());
    refuted(24, (regular, dropping()), |(problem, keep)| {
        rule_gives_the_minimiser(|p, keep| p.ridge(&keep.map(|_| Rational::zero())).unwrap(), &problem, &keep)
    });
}

#[test]
fn l2_minimiser_mutant_uses_the_coefficients_of_the_unscaled_weights() {
    fn mutant(problem: &LeastSquares<Rational>, keep: &DVector<Rational>) -> DVector<Rational> {
        let squares = problem.gram().diagonal();
        problem.ridge(&keep.zip_map(&squares, |p, g| p.clone() * (Rational::one() - p) * g)).unwrap()
    }
    refuted(24, (determined(), dropping()), |(problem, keep)| rule_gives_the_minimiser(mutant, &problem, &keep));
}

/// Outside uniqueness, with named errors: a feature without any value, and dependent features that are never dropped.
#[test]
fn l2_minimiser_fails_where_a_weight_is_undetermined() {
    let feature = |result: Result<_, Error>| match result {
        Err(Error::Undetermined { feature, .. }) => feature,
        other => panic!("{other:?}"),
    };
    let zero = LeastSquares::new(dmatrix![q(1, 1), q(0, 1); q(2, 1), q(0, 1)], dvector![q(1, 1), q(1, 1)]).unwrap();
    let twice = LeastSquares::new(dmatrix![q(1, 1), q(2, 1); q(2, 1), q(4, 1)], dvector![q(1, 1), q(1, 1)]).unwrap();
    let keep = |a, b| Independent::new(dvector![a, b]).unwrap();
    assert_eq!(feature(zero.minimiser(&keep(q(1, 2), q(1, 2)))), 1);
    assert_eq!(feature(zero.ridge(&zero.ridge_coefficients(&dvector![q(1, 2), q(1, 2)]).unwrap())), 1);
    assert_eq!(feature(twice.minimiser(&keep(q(1, 1), q(1, 1)))), 1);
    // The loss is then the same along a line.
    let w = dvector![q(1, 1), q(1, 1)];
    let along = dvector![q(3, 1), q(0, 1)];
    let law = keep(q(1, 1), q(1, 1));
    assert_eq!(twice.expected_loss(&law, &w).unwrap(), twice.expected_loss(&law, &along).unwrap());
    // Keep probabilities below 1 suffice, but are not necessary: dropping one of the two will do, and so will nothing
    // at all where the features are independent.
    assert!(twice.minimiser(&keep(q(1, 2), q(1, 1))).is_ok());
    let independent =
        LeastSquares::new(dmatrix![q(1, 1), q(0, 1); q(0, 1), q(1, 1)], dvector![q(1, 1), q(2, 1)]).unwrap();
    assert_eq!(independent.minimiser(&law).unwrap(), dvector![q(1, 1), q(2, 1)]);
}

/// The enumerated mean of the gradients is the gradient of the enumerated mean.
#[test]
fn l2_minimiser_is_where_the_mean_gradient_of_the_sub_models_vanishes() {
    holds(24, (determined(), any_law(FEATURES)), |(problem, law)| {
        let Ok(w) = problem.minimiser(&law) else { return Err(TestCaseError::reject("undetermined")) };
        prop_assert_eq!(expectation(&law, |mu| problem.gradient(&w, mu)).unwrap(), DVector::zeros(FEATURES));
        prop_assert_eq!(enumerated_gradient(&problem, &law, &w), DVector::zeros(FEATURES));
        Ok(())
    });
}

// l2.limit

type Limit = fn(&LeastSquares<Rational>) -> DVector<Rational>;

/// (Xᵀy)_j / G_jj.
fn marginal_regressions(problem: &LeastSquares<Rational>) -> DVector<Rational> {
    let from_zero = -problem.gradient(&DVector::zeros(FEATURES), &DVector::from_element(FEATURES, q(1, 1))).unwrap();
    from_zero.component_div(&problem.gram().diagonal())
}

/// w̃/p = (diag G + p (G − diag G))⁻¹ Xᵀy = (I + pN)⁻¹ v with N = (diag G)⁻¹ (G − diag G) and v the marginal regressions,
/// so w̃/p − v = −pN(I + pN)⁻¹v. With ν the largest row sum of |N| and pν < 1 it is at most pν/(1 − pν) · max|v|.
fn rule_gives_the_limit(rule: Limit, problem: &LeastSquares<Rational>) -> TestCaseResult {
    let magnitude = |x: &Rational| x.clone().maximum(-x.clone());
    let largest = |v: &DVector<Rational>| v.iter().map(magnitude).fold(Rational::zero(), Rational::maximum);
    let gram = problem.gram();
    let row_sums = DVector::from_fn(FEATURES, |i, _| {
        let others = (0..FEATURES).filter(|&j| j != i).map(|j| magnitude(&gram[(i, j)]));
        others.fold(Rational::zero(), |sum, g| sum + g) / gram[(i, i)].clone()
    });
    let limit = rule(problem);
    for denominator in [1_000, 1_000_000] {
        let p = q(1, denominator);
        let w = ridge(problem, &DVector::from_element(FEATURES, p.clone())) / p.clone();
        let step = p * largest(&row_sums);
        prop_assert!(step < Rational::one());
        let bound = step.clone() / (Rational::one() - step) * largest(&marginal_regressions(problem));
        prop_assert!(largest(&(w - &limit)) <= bound);
    }
    Ok(())
}

#[test]
fn l2_limit_holds_at_its_rate() {
    holds(24, determined(), |problem| rule_gives_the_limit(marginal_regressions, &problem));
}

#[test]
fn l2_limit_mutant_is_the_least_squares_solution() {
    let regular = determined().prop_filter("singular", |p| p.ridge(&DVector::zeros(FEATURES)).is_ok());
    refuted(24, regular, |problem| rule_gives_the_limit(|p| p.ridge(&DVector::zeros(FEATURES)).unwrap(), &problem));
}

/// Away from p → 0 the features are not regressed on one by one.
#[test]
fn l2_limit_fails_at_one_half() {
    let x = dmatrix![q(1, 1), q(1, 1), q(0, 1); q(0, 1), q(1, 1), q(1, 1)];
    let problem = LeastSquares::new(x, dvector![q(1, 1), q(1, 1)]).unwrap();
    let w = ridge(&problem, &dvector![q(1, 2), q(1, 2), q(1, 2)]) * q(2, 1);
    assert_eq!(marginal_regressions(&problem), dvector![q(1, 1), q(1, 1), q(1, 1)]);
    assert_eq!(w, dvector![q(2, 3), q(2, 3), q(2, 3)]);
}
