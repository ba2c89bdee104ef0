//! The spread of the sub-models' predictions, against the definition's second pass around the mean.

use crate::cases::{Case, case};
use crate::deep;
use crate::properties::{holds, refuted};
use dropout_oracle::head::{Bernoulli, Gaussian, Poisson, Softmax};
use dropout_oracle::kernel::{Enumeration, Subtree, Sums};
use dropout_oracle::model::HeadKind;
use dropout_oracle::network::Mlp;
use dropout_oracle::{Ensemble, Error, Model, Result};
use nalgebra::DVector;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// Var E(y | μ) by definition.
fn by_definition(model: &Model, x: &DVector<f64>) -> Result<DVector<f64>> {
    let (network, law): (&Mlp<f64>, _) = (model.network(), model.law());
    let variance = match model.head_kind() {
        HeadKind::Softmax => Ensemble::new(network, &Softmax, law)?.total_variance(x),
        HeadKind::Bernoulli => Ensemble::new(network, &Bernoulli, law)?.total_variance(x),
        HeadKind::Poisson => Ensemble::new(network, &Poisson, law)?.total_variance(x),
        HeadKind::Gaussian { variance } => Ensemble::new(network, &Gaussian::new(*variance)?, law)?.total_variance(x),
    };
    Ok(variance?.between)
}

/// The sums, and the variance that a rule makes of them.
fn check(
    rule: impl Fn(&Enumeration, &Sums) -> DVector<f64>,
    model: &Model,
    x: &DVector<f64>,
    relative: f64,
) -> TestCaseResult {
    let truth = by_definition(model, x).unwrap();
    if truth.iter().any(|v| !v.is_finite()) {
        return Ok(()); // rates whose squares are beyond all numbers
    }
    let enumeration = Enumeration::new(model, x).unwrap().with_variance();
    let sums = enumeration.sums(Subtree::ROOT).unwrap();
    let variance = rule(&enumeration, &sums);
    for (k, (a, b)) in variance.iter().zip(&truth).enumerate() {
        // The mean square and the squared mean are each off by twice what a prediction is.
        let allowed = 4.0 * relative * sums.squares[k] + 1e-150;
        prop_assert!((a - b).abs() <= allowed, "entry {k}: {a:e}, by definition {b:e}, allowed {allowed:e}");
    }
    Ok(())
}

fn library(enumeration: &Enumeration, sums: &Sums) -> DVector<f64> {
    enumeration.variance(sums).unwrap()
}

/// The mean square alone.
fn uncentred(_: &Enumeration, sums: &Sums) -> DVector<f64> {
    sums.squares.clone()
}

/// What either way is off by: the stated bound, and the definition's logits by a rounding of their size for each term.
fn relative(case: &Case) -> f64 {
    let terms = (case.x.len() + 1 + case.outputs()) as f64;
    ((case.outputs() + case.x.len() + 140) as f64 + terms * (1.0 + case.range())) * f64::EPSILON / 2.0
}

#[test]
fn classes_at_any_scale_are_the_definition() {
    holds(128, case(8, HeadKind::Softmax), |case| check(library, &case.model, &case.x, relative(&case)));
}

#[test]
fn answers_at_any_scale_are_the_definition() {
    holds(64, case(8, HeadKind::Bernoulli), |case| check(library, &case.model, &case.x, relative(&case)));
}

/// A prediction of a deep network is off by [`deep::TOLERANCE`] relatively, a Gaussian mean by that of the sizes.
#[test]
fn any_network_with_any_head_is_the_definition() {
    let small = |(model, _): &(Model, _)| !matches!(model.head_kind(), HeadKind::Gaussian { .. });
    holds(128, deep::model().prop_filter("relative", small), |(model, x)| check(library, &model, &x, deep::TOLERANCE));
}

#[test]
fn the_mutant_that_forgets_the_mean_is_refused() {
    refuted(64, case(8, HeadKind::Softmax), |case| check(uncentred, &case.model, &case.x, relative(&case)));
}

/// Linear regression: Σ p(1−p) a², exactly where the numbers are few bits.
#[test]
fn the_variance_of_a_gaussian_mean_is_that_of_the_sum() {
    let head = HeadKind::Gaussian { variance: 1.0 };
    let weight = nalgebra::dmatrix![1.0, -2.0, 0.5];
    let case = Case::new(weight, DVector::zeros(1), &[0.5; 3], head, dropout_oracle::model::Convention::Standard);
    let enumeration = Enumeration::new(&case.model, &case.x).unwrap().with_variance();
    let sums = enumeration.sums(Subtree::ROOT).unwrap();
    assert_eq!(enumeration.variance(&sums).unwrap()[0], 0.25 * (1.0 + 4.0 + 0.25));
}

/// Sums that were made without squares have no variance, and are the same otherwise.
#[test]
fn squares_must_be_asked_for() {
    let case = Case::formula(17, 3, 1.0, 0.8, HeadKind::Softmax);
    let enumeration = Enumeration::new(&case.model, &case.x).unwrap();
    let without = enumeration.sums(Subtree::ROOT).unwrap();
    let refused = enumeration.variance(&without).unwrap_err();
    assert_eq!(refused, Error::Shape { what: "sums of squares, one an entry of y".into(), expected: 3, found: 0 });
    let with = enumeration.with_variance().sums(Subtree::ROOT).unwrap();
    assert_eq!(Sums { squares: DVector::zeros(0), ..with }, without);
}
