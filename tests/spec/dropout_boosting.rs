//! Claim boost.objective: dropout boosting trains the ensemble, and its gradient is the ensemble's output error sent
//! back through each sub-model.

use crate::differences::{central_differences, entries};
use crate::support::{any_law, holds, q, rational_matrix, rationals, real_matrix, reals, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Bernoulli, Gaussian, Head, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent, Table};
use dropout_oracle::network::backpropagation::Gradient;
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, Unit, deep_linear};
use dropout_oracle::{Rational, Result, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// The error of the weight-scaled network instead of the ensemble's.
fn with_weight_scaling<T: Scalar, A: Unit<T>, H: Head<T>, L: FiniteLaw<T>>(
    ensemble: &Ensemble<'_, Mlp<T, A>, H, L>,
    x: &DVector<T>,
    y: &DVector<T>,
) -> Result<Gradient<T>> {
    let error = ensemble.weight_scaling(x)? - y;
    ensemble.mean_gradient(x, |_| Ok(error.clone()))
}

// In exact rationals: a deep linear network with a Gaussian head. −ln NGM(y) is quadratic in each single weight, so
// that its central difference is its derivative, whatever the step.

/// Two layers, any joint law of the four masks, x and y.
type Case = (Mlp<Rational, PiecewiseLinear>, Table<Rational>, DVector<Rational>, DVector<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    let layer = || (rational_matrix(2, 2), rationals(2)).prop_map(|(w, b)| Affine::new(w, b).unwrap());
    (layer(), layer(), any_law(4), rationals(2), rationals(2))
        .prop_map(|(first, second, law, x, y)| (deep_linear(2, vec![first, second]).unwrap(), law, x, y))
}

fn normal() -> Gaussian<Rational> {
    Gaussian::new(q(1, 1)).unwrap()
}

/// A rule for the gradient of −ln NGM(y).
type Rule<T, A, H, L> = fn(&Ensemble<'_, Mlp<T, A>, H, L>, &DVector<T>, &DVector<T>) -> Result<Gradient<T>>;

type LinearRule = Rule<Rational, PiecewiseLinear, Gaussian<Rational>, Table<Rational>>;

fn is_the_gradient_of_the_ensemble(rule: LinearRule, (network, law, x, y): &Case) -> TestCaseResult {
    let head = normal();
    // NGM by definition, and its loss.
    let objective = |network: &Mlp<_, _>| {
        let ensemble = Ensemble::new(network, &head, law).unwrap();
        head.loss(&ensemble.geometric_mean(x).unwrap().expected, y).unwrap()
    };
    let gradient = rule(&Ensemble::new(network, &head, law).unwrap(), x, y).unwrap();
    prop_assert_eq!(entries(&gradient), central_differences(network, &q(1, 1), objective));
    Ok(())
}

#[test]
fn boost_objective_holds_in_rationals_for_any_joint_law() {
    holds(12, case(), |case| is_the_gradient_of_the_ensemble(|e, x, y| e.boosting_gradient(x, y), &case));
}

/// Ordinary dropout: each sub-model's own error.
#[test]
fn boost_objective_mutant_sends_back_each_sub_models_own_error() {
    refuted(12, case(), |case| is_the_gradient_of_the_ensemble(|e, x, y| e.dropout_gradient(x, y), &case));
}

/// Deep linear, but with dependent masks: weight scaling is not the mean.
#[test]
fn boost_objective_mutant_takes_weight_scaling_for_the_ensemble_of_dependent_masks() {
    refuted(12, case(), |case| is_the_gradient_of_the_ensemble(with_weight_scaling, &case));
}

// In f64: tanh units and a softmax head.

type Net = Mlp<f64, Activation>;

fn network(w: &DMatrix<f64>, b: &DVector<f64>, v: &DMatrix<f64>) -> Net {
    let layers = vec![
        Layer::dropout(2),
        Layer::Affine(Affine::new(w.clone(), b.clone()).unwrap()),
        Layer::Unit(Activation::Tanh),
        Layer::dropout(2),
        Layer::Affine(Affine::new(v.clone(), dvector![0.1, 0.0, -0.2]).unwrap()),
    ];
    Mlp::new(2, layers).unwrap()
}

fn nonlinear() -> impl Strategy<Value = (Net, DVector<f64>, usize)> + Clone {
    (real_matrix(2, 2), reals(2), real_matrix(3, 2), reals(2), 0usize..3)
        .prop_map(|(w, b, v, x, y)| (network(&w, &b, &v), x, y))
}

fn masks() -> Independent<f64> {
    Independent::new(dvector![0.8, 0.5, 0.5, 0.7]).unwrap()
}

type NonlinearRule = Rule<f64, Activation, Softmax, Independent<f64>>;

/// One number of an ensemble at an example.
type Objective = fn(&Ensemble<'_, Net, Softmax, Independent<f64>>, &DVector<f64>, &DVector<f64>) -> f64;

fn differentiates(
    rule: NonlinearRule,
    objective: Objective,
    (network, x, y): &(Net, DVector<f64>, usize),
) -> TestCaseResult {
    let (law, target) = (masks(), DVector::from_fn(3, |k, _| f64::from(u8::from(k == *y))));
    let at = |network: &Net| objective(&Ensemble::new(network, &Softmax, &law).unwrap(), x, &target);
    let gradient = rule(&Ensemble::new(network, &Softmax, &law).unwrap(), x, &target).unwrap();
    let (exact, differences) = (entries(&gradient), central_differences(network, &1e-4, at));
    prop_assert_eq!(exact.len(), differences.len());
    for (exact, difference) in exact.into_iter().zip(differences) {
        // Truncation h²/6 = 2e-9 times a third derivative below about 3³·3·4; rounding 1e-15/h. Mutants are off by
        // 1e-2.
        prop_assert!((exact - difference).abs() < 1e-6, "{exact} against {difference}");
    }
    Ok(())
}

fn boosting_loss(ensemble: &Ensemble<'_, Net, Softmax, Independent<f64>>, x: &DVector<f64>, y: &DVector<f64>) -> f64 {
    ensemble.boosting_loss(x, y).unwrap()
}

#[test]
fn boost_objective_holds_against_finite_differences() {
    holds(16, nonlinear(), |case| differentiates(|e, x, y| e.boosting_gradient(x, y), boosting_loss, &case));
}

#[test]
fn boost_objective_mutant_takes_weight_scaling_for_the_ensemble() {
    refuted(16, nonlinear(), |case| differentiates(with_weight_scaling, boosting_loss, &case));
}

#[test]
fn boost_objective_mutant_takes_the_arithmetic_mean_for_the_ensemble() {
    let arithmetic: NonlinearRule = |ensemble, x, y| {
        let error = ensemble.arithmetic_mean(x)? - y;
        ensemble.mean_gradient(x, |_| Ok(error.clone()))
    };
    refuted(16, nonlinear(), |case| differentiates(arithmetic, boosting_loss, &case));
}

/// The dropout gradient is that of the dropout loss, and what it has beyond boosting's is the gradient of R: dropout is
/// boosting plus the sub-models' disagreement.
#[test]
fn boost_objective_is_dropout_without_the_disagreement() {
    let expected_loss: Objective = |ensemble, x, y| ensemble.decomposition(x, y).unwrap().expected_loss;
    let disagreement: Objective = |ensemble, x, y| ensemble.decomposition(x, y).unwrap().disagreement;
    let difference: NonlinearRule = |ensemble, x, y| {
        let (dropout, boosting) = (ensemble.dropout_gradient(x, y)?, ensemble.boosting_gradient(x, y)?);
        let pairs = dropout.into_iter().zip(boosting);
        Ok(pairs.map(|(d, b)| Affine { weight: d.weight - b.weight, bias: d.bias - b.bias }).collect())
    };
    holds(8, nonlinear(), |case| {
        differentiates(|e, x, y| e.dropout_gradient(x, y), expected_loss, &case)?;
        differentiates(difference, disagreement, &case)
    });
}

/// Outside the condition "p is the NGM": z = 4 relu(d_0 + d_1 − 1) − ½ has mean ½ over the masks and is −½ at their
/// mean, so at y = 0 the bias sees an error of σ(½) = .6225, and .3775 where weight scaling stands in for the ensemble.
#[test]
fn boost_objective_fails_where_weight_scaling_stands_in_for_the_ensemble() {
    let layers = vec![
        Layer::dropout(2),
        Layer::Affine(Affine::new(dmatrix![1.0, 1.0], dvector![-1.0]).unwrap()),
        Layer::Unit(PiecewiseLinear::Relu),
        Layer::Affine(Affine::new(dmatrix![4.0], dvector![-0.5]).unwrap()),
    ];
    let network = Mlp::new(2, layers).unwrap();
    let law = Independent::new(dvector![0.5, 0.5]).unwrap();
    let ensemble = Ensemble::new(&network, &Bernoulli, &law).unwrap();
    let (x, y) = (dvector![1.0, 1.0], dvector![0.0]);
    assert_eq!(network.output(&x, &dvector![0.5, 0.5]).unwrap()[0], -0.5);
    let bias = |gradient: Result<Gradient<f64>>| format!("{:.4}", gradient.unwrap()[1].bias[0]);
    assert_eq!(bias(ensemble.boosting_gradient(&x, &y)), "0.6225");
    assert_eq!(bias(with_weight_scaling(&ensemble, &x, &y)), "0.3775");
}
