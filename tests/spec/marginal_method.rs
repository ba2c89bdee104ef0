//! Claim marginal.method: the front door to the exact methods. Any two that apply to a network agree within their bounds.

use crate::support::{holds, refuted};
use dropout_oracle::Error;
use dropout_oracle::certified::CertifiedModel;
use dropout_oracle::marginal::Certified;
use dropout_oracle::marginal::method::{Method, Methods};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A model and an input.
pub(crate) type Case = (usize, Vec<i32>, HeadKind, bool, bool);

fn head() -> impl Strategy<Value = HeadKind> + Clone {
    prop_oneof![
        Just(HeadKind::Bernoulli),
        Just(HeadKind::Poisson),
        Just(HeadKind::Softmax),
        Just(HeadKind::Gaussian { variance: 1.0 }),
    ]
}

/// How many hidden units (none: one affine layer), numbers to take weights from, the head, the convention, and whether
/// the hidden units are linear.
pub(crate) fn case() -> impl Strategy<Value = Case> + Clone {
    (0usize..=3, prop::collection::vec(-16i32..=16, 64), head(), any::<bool>(), any::<bool>())
}

pub(crate) fn model((hidden, numbers, head, inverted, is_linear): &Case) -> (Model, DVector<f64>) {
    let mut numbers = numbers.iter().map(|k| f64::from(*k) / 8.0).cycle();
    let outputs = if *head == HeadKind::Softmax { 2 } else { 1 + numbers.next().unwrap().abs() as usize };
    let mut affine = |outputs: usize, inputs: usize| {
        let weight = DMatrix::from_fn(outputs, inputs, |_, _| numbers.next().unwrap());
        Affine::new(weight, DVector::from_fn(outputs, |_, _| numbers.next().unwrap())).unwrap()
    };
    let inputs = 3;
    let mut layers = vec![Layer::dropout(inputs)];
    let mut units = inputs;
    if *hidden > 0 {
        layers.push(Layer::Affine(affine(*hidden, inputs)));
        let relu = if *is_linear { PiecewiseLinear::Identity } else { PiecewiseLinear::Relu };
        layers.push(Layer::Unit(Activation::PiecewiseLinear(relu)));
        // The first hidden unit always stays.
        layers.push(Layer::Dropout((1..*hidden).collect()));
        units += hidden - 1;
    }
    layers.push(Layer::Affine(affine(outputs, if *hidden > 0 { *hidden } else { inputs })));
    let keep = DVector::from_fn(units, |i, _| (1 + i % 4) as f64 / 4.0);
    let convention = if *inverted { Convention::Inverted } else { Convention::Standard };
    let model = Model::new(Mlp::new(inputs, layers).unwrap(), head.clone(), keep, convention).unwrap();
    (model, dvector![1.0, -0.5, 2.0])
}

/// A way to run a method.
type Rule = fn(Method, &Model, &DVector<f64>) -> dropout_oracle::Result<Vec<Certified>>;

/// The claim: every method that applies gives an interval that meets the certified enclosure of the definition; hence any
/// two meet, and the bounds are small.
fn methods_agree_within_their_bounds(rule: Rule, case: &Case) -> TestCaseResult {
    let (model, x) = model(case);
    let truth = CertifiedModel::new(&model).unwrap().predict(&x).unwrap().arithmetic_mean;
    let methods = Methods::of(&model, &x).unwrap();
    prop_assert!(methods.applicable.iter().any(|a| a.method == Method::Enumeration));
    for applicable in &methods.applicable {
        let means = rule(applicable.method, &model, &x).unwrap();
        for (mean, truth) in means.iter().zip(&truth) {
            let (low, high) = truth.to_f64s();
            prop_assert!(mean.low() <= high && low <= mean.high(), "{} {mean:?} {low} {high}", applicable.method);
            prop_assert!(mean.error <= 1e-12 * mean.value.abs().max(1.0), "{} {mean:?}", applicable.method);
        }
    }
    for (method, _) in &methods.inapplicable {
        prop_assert!(rule(*method, &model, &x).is_err(), "{method} says that it does not apply");
    }
    Ok(())
}

#[test]
fn marginal_method_holds_for_every_head_and_method() {
    holds(48, case(), |case| methods_agree_within_their_bounds(Method::arithmetic_mean, &case));
}

/// Each method is the cheapest somewhere.
#[test]
fn marginal_method_picks_each_where_it_is_cheapest() {
    let build = |layers: Vec<Layer<f64>>, inputs: usize, head: HeadKind, keep: f64| {
        let network = Mlp::new(inputs, layers).unwrap();
        let units = dropout_oracle::network::Network::units(&network);
        Model::new(network, head, DVector::from_element(units, keep), Convention::Standard).unwrap()
    };
    let regression = |n: usize, outputs: usize, w: f64| {
        let weight = DMatrix::from_fn(outputs, n, |i, j| w * ((i + j) % 3 + 1) as f64);
        vec![Layer::dropout(n), Layer::Affine(Affine::new(weight, DVector::zeros(outputs)).unwrap())]
    };
    let cheapest = |model: &Model, n: usize| {
        Methods::of(model, &DVector::from_element(n, 1.0)).unwrap().cheapest(1e9).map(|a| a.method)
    };
    assert_eq!(cheapest(&build(regression(3, 1, 0.1), 3, HeadKind::Bernoulli, 0.5), 3), Ok(Method::Enumeration));
    assert_eq!(cheapest(&build(regression(50, 1, 0.1), 50, HeadKind::Bernoulli, 0.5), 50), Ok(Method::LastLayer));
    assert_eq!(cheapest(&build(regression(40, 1, 1.0), 40, HeadKind::Bernoulli, 0.5), 40), Ok(Method::Lattice));
    // Four classes are a threefold sum, five a fourfold one.
    let softmax = |classes: usize| {
        let model = build(regression(50, classes, 0.1), 50, HeadKind::Softmax, 0.5);
        Methods::of(&model, &DVector::from_element(50, 1.0)).unwrap().cheapest(1e13).cloned()
    };
    let (four, five) = (softmax(4).unwrap(), softmax(5).unwrap());
    assert_eq!([four.method, five.method], [Method::LastLayer; 2]);
    assert!(four.operations < 1e10 && five.operations < 1e12 && four.because.contains("softmax of 4 classes"));
    let affine = |n: usize| Layer::Affine(Affine::new(DMatrix::from_element(n, n, 0.25), DVector::zeros(n)).unwrap());
    let deep = vec![Layer::dropout(30), affine(30), Layer::dropout(30), affine(30)];
    let gaussian = HeadKind::Gaussian { variance: 1.0 };
    assert_eq!(cheapest(&build(deep, 30, gaussian, 0.5), 30), Ok(Method::DeepLinear));
    // Ten classes and 50 inputs: nothing is left, and the refusal says so by name.
    let refused = cheapest(&build(regression(50, 10, 0.1), 50, HeadKind::Softmax, 0.5), 50);
    let Err(Error::NoExactMethod { reasons }) = refused else { panic!("{refused:?}") };
    for name in ["enumeration", "last-layer", "deep-linear", "lattice", "2^50", "softmax of 10 classes"] {
        assert!(reasons.contains(name), "{name} in {reasons}");
    }
}

#[test]
fn marginal_method_refuses_inputs_that_do_not_fit() {
    let (model, _) = model(&(2, vec![1; 64], HeadKind::Bernoulli, true, false));
    assert!(matches!(Methods::of(&model, &dvector![1.0]), Err(Error::Shape { expected: 3, found: 1, .. })));
    let far = Method::Lattice.arithmetic_mean(&model, &dvector![1.0, 1.0, 1.0]);
    assert!(matches!(far, Err(Error::Domain { .. })));
}

#[test]
fn marginal_method_mutant_is_weight_scaling() {
    refuted(32, case(), |case| {
        let rule: Rule = |method, model, x| {
            method.arithmetic_mean(model, x)?; // it may not apply
            let scaled = model.ensemble().weight_scaling(x)?;
            Ok(scaled.iter().map(|&value| Certified { value, error: 1e-14 }).collect())
        };
        methods_agree_within_their_bounds(rule, &case)
    });
}

/// The features of one dropout mask for all: as if the earlier layers had no dropout.
#[test]
fn marginal_method_mutant_forgets_the_earlier_masks() {
    refuted(32, case(), |case| {
        let rule: Rule = |method, model, x| {
            let units = model.keep().len();
            let sure = DVector::from_fn(units, |i, _| if i < 3 && units > 3 { 1.0 } else { model.keep()[i] });
            let network = model.network().clone();
            let other = Model::new(network, model.head_kind().clone(), sure, model.convention())?;
            method.arithmetic_mean(model, x)?;
            method.arithmetic_mean(&other, x)
        };
        methods_agree_within_their_bounds(rule, &case)
    });
}

/// Outside its conditions: the mean over tied masks is another one (one weight 2 and two weights 1 that share a mask agree,
/// two with a mask each do not).
#[test]
fn marginal_method_fails_for_tied_masks() {
    let model = |weights: DMatrix<f64>| {
        let n = weights.ncols();
        let layers = vec![Layer::dropout(n), Layer::Affine(Affine::new(weights, dvector![-2.0]).unwrap())];
        let keep = DVector::from_element(n, 0.25);
        Model::new(Mlp::new(n, layers).unwrap(), HeadKind::Bernoulli, keep, Convention::Standard).unwrap()
    };
    let tied = model(dmatrix![2.0]).ensemble().arithmetic_mean(&dvector![1.0]).unwrap()[0];
    let free = Method::LastLayer.arithmetic_mean(&model(dmatrix![1.0, 1.0]), &dvector![1.0, 1.0]).unwrap()[0];
    assert!((tied - free.value).abs() > 0.001 + free.error);
}
