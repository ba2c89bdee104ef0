//! Linear regression: dropout is a quadratic penalty, for independent units a ridge penalty with its own coefficient for
//! each feature (the section's paragraph on linear regression; Srivastava et al. 2014, section 9.1; Wager et al. 2013).

use crate::support::*;
use dropout_oracle::head::Gaussian;
use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, Law, Rescaled, Table, Uniform};
use dropout_oracle::network::{Affine, Network, linear_regression};
use dropout_oracle::penalty::{Glm, LeastSquares};
use dropout_oracle::{Mask, Rational, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const EXAMPLES: usize = 4;
const FEATURES: usize = 3;

fn problem() -> impl Strategy<Value = LeastSquares<Rational>> + Clone {
    (rational_matrix(EXAMPLES, FEATURES), rationals(EXAMPLES)).prop_map(|(x, y)| LeastSquares::new(x, y).unwrap())
}

/// KEEP probabilities strictly between 0 and 1.
fn dropping() -> impl Strategy<Value = DVector<Rational>> + Clone {
    prop::collection::vec((1i64..=5).prop_map(|n| q(n, 6)), FEATURES).prop_map(DVector::from_vec)
}

fn dot(a: &DVector<Rational>, b: &DVector<Rational>) -> Rational {
    dropout_oracle::scalar::dot(a, b)
}

// l2.general-law

/// The expected loss with a mask of its own for each example, through the network: Σ_n E (y_n − f(x_n, μ))².
fn by_definition(
    problem: &LeastSquares<Rational>,
    law: &dyn FiniteLaw<Rational>,
    w: &DVector<Rational>,
    error: impl Fn(Rational) -> Rational,
) -> Rational {
    let network = linear_regression(w.clone(), Rational::zero()).unwrap();
    let row = |n: usize| problem.inputs().row(n).transpose();
    let term = |n: usize| {
        let off =
            |mu: &DVector<Rational>| network.output(&row(n), mu).unwrap()[0].clone() - problem.targets()[n].clone();
        mean_over(law, |mu| dvector![error(off(mu))])[0].clone()
    };
    (0..problem.targets().len()).fold(Rational::zero(), |sum, n| sum + term(n))
}

type Loss = fn(&LeastSquares<Rational>, &dyn FiniteLaw<Rational>, &DVector<Rational>) -> Rational;

fn closed_form(problem: &LeastSquares<Rational>, law: &dyn FiniteLaw<Rational>, w: &DVector<Rational>) -> Rational {
    problem.penalised_loss(law, w).unwrap()
}

fn rule_gives_the_expected_loss(
    rule: Loss,
    problem: &LeastSquares<Rational>,
    law: &dyn FiniteLaw<Rational>,
    w: &DVector<Rational>,
) -> TestCaseResult {
    prop_assert_eq!(problem.expected_loss(law, w).unwrap(), rule(problem, law, w), "one mask for all examples");
    prop_assert_eq!(by_definition(problem, law, w, |off| off.clone() * off), rule(problem, law, w), "one mask each");
    Ok(())
}

#[test]
fn l2_general_law_holds_for_any_joint_law() {
    holds(48, (problem(), any_law(FEATURES), rationals(FEATURES)), |(problem, law, w)| {
        rule_gives_the_expected_loss(closed_form, &problem, &law, &w)
    });
}

#[test]
fn l2_general_law_holds_for_every_law_of_the_library() {
    holds(16, (problem(), keeps(FEATURES), rationals(FEATURES)), |(problem, keep, w)| {
        every_law(FEATURES, &keep)
            .iter()
            .try_for_each(|law| rule_gives_the_expected_loss(closed_form, &problem, &**law, &w))
    });
}

#[test]
fn l2_general_law_mutant_ignores_the_correlation_of_units() {
    fn diagonal(problem: &LeastSquares<Rational>, law: &dyn FiniteLaw<Rational>, w: &DVector<Rational>) -> Rational {
        let penalty = problem.penalty_matrix(law).unwrap().diagonal();
        problem.loss(&law.mean().component_mul(w)).unwrap() + dot(&penalty, &w.component_mul(w))
    }
    refuted(48, (problem(), any_law(FEATURES), rationals(FEATURES)), |(problem, law, w)| {
        rule_gives_the_expected_loss(diagonal, &problem, &law, &w)
    });
}

#[test]
fn l2_general_law_mutant_does_not_scale_the_weights() {
    fn unscaled(problem: &LeastSquares<Rational>, law: &dyn FiniteLaw<Rational>, w: &DVector<Rational>) -> Rational {
        problem.loss(w).unwrap() + dot(w, &(problem.penalty_matrix(law).unwrap() * w))
    }
    refuted(48, (problem(), any_law(FEATURES), rationals(FEATURES)), |(problem, law, w)| {
        rule_gives_the_expected_loss(unscaled, &problem, &law, &w)
    });
}

/// Outside the squared loss two moments of the mask do not decide: three units, kept with ½, and only in even numbers,
/// are pairwise independent, so their mean and covariance are those of the uniform law. Squared loss agrees, absolute
/// loss does not.
#[test]
fn l2_general_law_fails_for_the_absolute_loss() {
    let even = Mask::all(3).unwrap().filter(|mask| mask.kept() % 2 == 0).map(|mask| (mask, q(1, 4)));
    let (even, uniform) = (Table::new(even.collect()).unwrap(), Uniform::new(3));
    assert_eq!((even.mean(), even.covariance()), (uniform.mean(), uniform.covariance()));
    let problem = LeastSquares::new(dmatrix![q(1, 1), q(1, 1), q(1, 1)], dvector![q(1, 1)]).unwrap();
    let w = dvector![q(1, 1), q(1, 1), q(1, 1)];
    let loss = |law: &dyn FiniteLaw<Rational>, error: fn(Rational) -> Rational| by_definition(&problem, law, &w, error);
    assert_eq!(loss(&even, |off| off.clone() * off), loss(&uniform, |off| off.clone() * off));
    let absolute = |off: Rational| off.clone().maximum(-off);
    assert_eq!((loss(&even, absolute), loss(&uniform, absolute)), (q(1, 1), q(3, 4)));
}

// l2.per-feature

type Coefficients = fn(&LeastSquares<Rational>, &DVector<Rational>) -> DVector<Rational>;

fn ridge_coefficients(problem: &LeastSquares<Rational>, keep: &DVector<Rational>) -> DVector<Rational> {
    problem.ridge_coefficients(keep).unwrap()
}

/// E‖y − X(d∘w)‖² = ‖y − X w̃‖² + Σ λ_j w̃_j² for w̃ = p∘w.
fn rule_gives_the_ridge_loss(
    rule: Coefficients,
    problem: &LeastSquares<Rational>,
    keep: &DVector<Rational>,
    w: &DVector<Rational>,
) -> TestCaseResult {
    let scaled = keep.component_mul(w);
    let ridge = problem.loss(&scaled).unwrap() + dot(&rule(problem, keep), &scaled.component_mul(&scaled));
    prop_assert_eq!(problem.expected_loss(&Independent::new(keep.clone()).unwrap(), w).unwrap(), ridge);
    Ok(())
}

#[test]
fn l2_per_feature_holds() {
    holds(64, (problem(), keeps(FEATURES), rationals(FEATURES)), |(problem, keep, w)| {
        rule_gives_the_ridge_loss(ridge_coefficients, &problem, &keep, &w)
    });
}

/// In the weights before scaling the coefficients are p_j(1 − p_j) G_jj: the same claim, without dividing by p.
#[test]
fn l2_per_feature_holds_before_weight_scaling() {
    holds(32, (problem(), keeps(FEATURES), rationals(FEATURES)), |(problem, keep, w)| {
        let coefficients = keep.zip_map(&problem.gram().diagonal(), |p, g| p.clone() * (Rational::one() - p) * g);
        let penalty = dot(&coefficients, &w.component_mul(&w));
        let expected = problem.expected_loss(&Independent::new(keep.clone()).unwrap(), &w).unwrap();
        prop_assert_eq!(expected, problem.loss(&keep.component_mul(&w)).unwrap() + penalty);
        Ok(())
    });
}

#[test]
fn l2_per_feature_mutant_takes_p_for_the_drop_rate() {
    fn mutant(problem: &LeastSquares<Rational>, keep: &DVector<Rational>) -> DVector<Rational> {
        keep.zip_map(&problem.gram().diagonal(), |p, g| p.clone() / (Rational::one() - p) * g)
    }
    refuted(32, (problem(), dropping(), rationals(FEATURES)), |(problem, keep, w)| {
        rule_gives_the_ridge_loss(mutant, &problem, &keep, &w)
    });
}

#[test]
fn l2_per_feature_mutant_gives_every_feature_the_same_coefficient() {
    fn mutant(problem: &LeastSquares<Rational>, keep: &DVector<Rational>) -> DVector<Rational> {
        DVector::from_element(FEATURES, ridge_coefficients(problem, keep).sum() / q(FEATURES as i64, 1))
    }
    refuted(32, (problem(), keeps(FEATURES), rationals(FEATURES)), |(problem, keep, w)| {
        rule_gives_the_ridge_loss(mutant, &problem, &keep, &w)
    });
}

/// Outside independence the penalty is not a sum over the features: two units that share one coin.
#[test]
fn l2_per_feature_fails_for_tied_units() {
    let problem = LeastSquares::new(dmatrix![q(1, 1), q(1, 1)], dvector![q(0, 1)]).unwrap();
    let w = dvector![q(1, 1), q(1, 1)];
    let tied = dropout_oracle::law::Tied::new(Uniform::<Rational>::new(1), vec![0, 0]).unwrap();
    let ridge = problem.penalised_loss(&Uniform::new(2), &w).unwrap();
    assert_eq!((problem.expected_loss(&tied, &w).unwrap(), ridge), (q(2, 1), q(3, 2)));
}

// l2.wager-form

type Penalty = fn(&DMatrix<Rational>, &Rational, &DVector<Rational>) -> Rational;

/// ½ δ/(1 − δ) Σ_ij x_ij² β_j².
fn wager(x: &DMatrix<Rational>, drop: &Rational, beta: &DVector<Rational>) -> Rational {
    let squares = x.component_mul(x) * beta.component_mul(beta);
    drop.clone() / (Rational::one() - drop.clone()) * squares.sum() / q(2, 1)
}

/// Inverted dropout, ½ squared loss: the penalty is what the enumerated loss exceeds the loss at β by, and what the
/// general formula for a model with the Gaussian head says, exact and "quadratic".
fn rule_gives_the_penalty(
    rule: Penalty,
    problem: &LeastSquares<Rational>,
    drop: &Rational,
    beta: &DVector<Rational>,
) -> TestCaseResult {
    let keep = DVector::from_element(FEATURES, Rational::one() - drop.clone());
    let law = Rescaled::inverted(Independent::new(keep).unwrap()).unwrap();
    let excess = problem.expected_loss(&law, beta).unwrap() - problem.loss(beta).unwrap();
    let penalty = rule(problem.inputs(), drop, beta);
    prop_assert_eq!(excess / q(2, 1), penalty.clone());
    let row = DMatrix::from_row_slice(1, FEATURES, beta.as_slice());
    let (weights, head) = (Affine::new(row, dvector![q(0, 1)]).unwrap(), Gaussian::new(q(1, 1)).unwrap());
    let glm = Glm::new(&weights, &head, &law).unwrap();
    prop_assert_eq!(glm.penalty(problem.inputs()).unwrap(), penalty.clone());
    prop_assert_eq!(glm.quadratic_penalty(problem.inputs()).unwrap(), penalty);
    Ok(())
}

/// DROP rates in [0, 1).
fn drop_rate() -> impl Strategy<Value = Rational> + Clone {
    (0i64..=5).prop_map(|n| q(n, 6))
}

#[test]
fn l2_wager_form_holds() {
    holds(24, (problem(), drop_rate(), rationals(FEATURES)), |(problem, drop, beta)| {
        rule_gives_the_penalty(wager, &problem, &drop, &beta)
    });
}

#[test]
fn l2_wager_form_mutant_has_the_variance_of_the_standard_mask() {
    fn mutant(x: &DMatrix<Rational>, drop: &Rational, beta: &DVector<Rational>) -> Rational {
        let keep = Rational::one() - drop.clone();
        wager(x, drop, beta) * keep.clone() * keep
    }
    refuted(24, (problem(), drop_rate(), rationals(FEATURES)), |(problem, drop, beta)| {
        rule_gives_the_penalty(mutant, &problem, &drop, &beta)
    });
}

/// ½ λ ‖β‖² with λ = δ/(1 − δ).
fn plain_ridge(_: &DMatrix<Rational>, drop: &Rational, beta: &DVector<Rational>) -> Rational {
    drop.clone() / (Rational::one() - drop.clone()) * dot(beta, beta) / q(2, 1)
}

/// With Σ_i x_ij² = 1 for every feature it is plain ridge …
#[test]
fn l2_wager_form_is_plain_ridge_for_normalised_features() {
    let x = dmatrix![q(3, 5), q(0, 1), q(5, 13); q(4, 5), q(1, 1), q(0, 1); q(0, 1), q(0, 1), q(-12, 13)];
    let problem = LeastSquares::new(x, dvector![q(1, 1), q(2, 1), q(3, 1)]).unwrap();
    holds(24, (drop_rate(), rationals(FEATURES)), |(drop, beta)| {
        rule_gives_the_penalty(plain_ridge, &problem, &drop, &beta)
    });
}

/// … and with any other scale of a feature it is not: one input of 2 is penalised four times as much.
#[test]
fn l2_wager_form_fails_to_be_plain_ridge_otherwise() {
    let x = dmatrix![q(2, 1), q(1, 1), q(1, 1)];
    let problem = LeastSquares::new(x, dvector![q(0, 1)]).unwrap();
    let (half, beta) = (q(1, 2), dvector![q(1, 1), q(0, 1), q(0, 1)]);
    assert!(rule_gives_the_penalty(plain_ridge, &problem, &half, &beta).is_err());
    assert_eq!(wager(problem.inputs(), &half, &beta), q(4, 1) * plain_ridge(problem.inputs(), &half, &beta));
}

// l2.fixed-count

/// k(n − k)/(n²(n − 1)) · (n Σ_j G_jj w_j² − ‖Xw‖²): the penalty of exactly k of n, written without a covariance.
fn fixed_count(problem: &LeastSquares<Rational>, kept: usize, w: &DVector<Rational>) -> Rational {
    let (n, k) = (FEATURES as i64, kept as i64);
    let diagonal = dot(&problem.gram().diagonal(), &w.component_mul(w));
    let fitted = problem.inputs() * w;
    q(k * (n - k), n * n * (n - 1)) * (diagonal * q(n, 1) - dot(&fitted, &fitted))
}

/// The part of the penalty that a ridge penalty with the same variances would have.
fn diagonal_only(problem: &LeastSquares<Rational>, kept: usize, w: &DVector<Rational>) -> Rational {
    let law = FixedCount::new(FEATURES, kept).unwrap();
    dot(&problem.penalty_matrix(&law).unwrap().diagonal(), &w.component_mul(w))
}

type CountPenalty = fn(&LeastSquares<Rational>, usize, &DVector<Rational>) -> Rational;

fn rule_gives_the_fixed_count_penalty(
    rule: CountPenalty,
    problem: &LeastSquares<Rational>,
    w: &DVector<Rational>,
) -> TestCaseResult {
    for kept in 0..=FEATURES {
        let law = FixedCount::new(FEATURES, kept).unwrap();
        let unpenalised = problem.loss(&law.mean().component_mul(w)).unwrap();
        prop_assert_eq!(problem.expected_loss(&law, w).unwrap() - unpenalised, rule(problem, kept, w), "{} kept", kept);
    }
    Ok(())
}

#[test]
fn l2_fixed_count_has_a_penalty_that_is_not_diagonal() {
    holds(24, (problem(), rationals(FEATURES)), |(problem, w)| {
        rule_gives_the_fixed_count_penalty(fixed_count, &problem, &w)
    });
}

#[test]
fn l2_fixed_count_mutant_has_a_diagonal_penalty() {
    refuted(24, (problem(), rationals(FEATURES)), |(problem, w)| {
        rule_gives_the_fixed_count_penalty(diagonal_only, &problem, &w)
    });
}

/// Where the features are orthogonal the correlation of the masks has nothing to act on, and the penalty is diagonal.
#[test]
fn l2_fixed_count_fails_to_differ_for_orthogonal_features() {
    let x = dmatrix![q(1, 1), q(1, 1), q(1, 1); q(1, 1), q(-1, 1), q(0, 1); q(1, 1), q(0, 1), q(-1, 1); q(1, 1), q(0, 1), q(0, 1)];
    let identity = LeastSquares::new(DMatrix::identity(3, 3), dvector![q(1, 1), q(2, 1), q(3, 1)]).unwrap();
    let w = dvector![q(1, 1), q(2, 1), q(-1, 1)];
    rule_gives_the_fixed_count_penalty(diagonal_only, &identity, &w).unwrap();
    let oblique = LeastSquares::new(x, DVector::zeros(4)).unwrap();
    assert!(rule_gives_the_fixed_count_penalty(diagonal_only, &oblique, &w).is_err());
}
