//! Networks with dropout anywhere and any head, against the definition.

use crate::properties::{holds, refuted};
use dropout_oracle::Model;
use dropout_oracle::ensemble::Prediction;
use dropout_oracle::kernel::{Enumeration, Subtree, enumerate};
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestCaseResult;

/// Weights and inputs lie in [−1, 1], layers are at most 3 wide, there are at most 3 of them, and 1/p ≤ 10/3. So a layer's
/// outputs are at most 10 times its inputs plus 1: 10, 110 and 1100. A sum of four terms is off by at most 5 roundings of
/// its size, a unit by 6 more (3 ulp), and each layer passes on 10 times the error of the one before: logits are off by less
/// than 3 · 11 · 1100 u, in each of the two ways, and ln p by twice that.
pub const TOLERANCE: f64 = 2.0 * 2.0 * 3.0 * 11.0 * 1100.0 * f64::EPSILON / 2.0;

const WIDTH: usize = 3;

/// A dropout layer of some of the units.
fn dropout() -> impl Strategy<Value = Layer<f64>> + Clone {
    subsequence((0..WIDTH).collect::<Vec<_>>(), 0..=WIDTH).prop_map(Layer::Dropout)
}

fn affine() -> impl Strategy<Value = Layer<f64>> + Clone {
    prop::collection::vec(-1.0..1.0, WIDTH * (WIDTH + 1)).prop_map(|numbers| {
        let weight = DMatrix::from_column_slice(WIDTH, WIDTH, &numbers[WIDTH..]);
        Layer::Affine(Affine::new(weight, DVector::from_column_slice(&numbers[..WIDTH])).unwrap())
    })
}

fn unit() -> impl Strategy<Value = Layer<f64>> + Clone {
    select(vec![
        Activation::PiecewiseLinear(PiecewiseLinear::Relu),
        Activation::PiecewiseLinear(PiecewiseLinear::Identity),
        Activation::Tanh,
        Activation::Logistic,
    ])
    .prop_map(Layer::Unit)
}

fn head() -> impl Strategy<Value = HeadKind> {
    select(vec![HeadKind::Softmax, HeadKind::Bernoulli, HeadKind::Poisson, HeadKind::Gaussian { variance: 0.5 }])
}

/// Up to three affine layers, with dropout before, between and after, in any order with the units; at most 9 droppable
/// units.
pub fn model() -> impl Strategy<Value = (Model, DVector<f64>)> {
    let layer = || prop_oneof![2 => dropout(), 1 => unit()];
    let between = || prop::collection::vec(layer(), 0..=2);
    let layers = (between(), affine(), between(), affine(), between(), prop::option::of(affine()), between()).prop_map(
        |(a, first, b, second, c, third, d)| {
            let all = [a, vec![first], b, vec![second], c, third.into_iter().collect(), d].concat();
            let mut dropped = 0;
            let few = all.into_iter().filter(|layer| {
                let units = if let Layer::Dropout(units) = layer { units.len() } else { 0 };
                dropped += units;
                dropped <= 9
            });
            few.collect::<Vec<_>>()
        },
    );
    let keeps = prop::collection::vec(select(vec![0.3, 0.5, 0.9, 1.0]), 9);
    let x = prop::collection::vec(-1.0..1.0, WIDTH).prop_map(DVector::from_vec);
    (layers, keeps, x, head(), select(vec![Convention::Standard, Convention::Inverted])).prop_map(
        |(layers, keeps, x, head, convention)| {
            let network = Mlp::new(WIDTH, layers).unwrap();
            let units = dropout_oracle::network::Network::units(&network);
            let keep = DVector::from_column_slice(&keeps[..units]);
            (Model::new(network, head, keep, convention).unwrap(), x)
        },
    )
}

/// The same numbers as the definition, as far as both round.
fn is_the_definition(
    predict: impl Fn(&Model, &DVector<f64>) -> dropout_oracle::Result<Prediction<f64>>,
    model: &Model,
    x: &DVector<f64>,
) -> TestCaseResult {
    let slow = model.ensemble().predict(x);
    // A Poisson rate may be beyond all numbers: then both must say so.
    let Ok(slow) = slow else {
        prop_assert!(predict(model, x).is_err());
        return Ok(());
    };
    let fast = predict(model, x).unwrap();
    let pairs = fast.arithmetic_mean.iter().zip(&slow.arithmetic_mean);
    for (a, b) in pairs.chain(fast.geometric_mean.expected.iter().zip(&slow.geometric_mean.expected)) {
        prop_assert!((a - b).abs() <= TOLERANCE * (1e-3 + b.abs()), "{a:e}, by definition {b:e}");
    }
    let (a, b) = (fast.geometric_mean.log_mass, slow.geometric_mean.log_mass);
    prop_assert!((a - b).abs() <= TOLERANCE * (1.0 + b.abs()), "ln Z {a:e}, by definition {b:e}");
    Ok(())
}

#[test]
fn any_network_with_any_head_is_the_definition() {
    holds(256, model(), |(model, x)| is_the_definition(enumerate, &model, &x));
}

/// A tree that takes the last subtree's sums for those of its sibling is refused.
#[test]
fn the_mutant_that_sums_one_half_twice_is_refused() {
    let twice = |model: &Model, x: &DVector<f64>| {
        let enumeration = Enumeration::new(model, x)?;
        let half = if enumeration.depth() == 0 { Subtree::ROOT } else { Subtree::ROOT.halves()[1] };
        let half = enumeration.sums(half)?;
        enumeration.prediction(&half.clone().join(&half))
    };
    refuted(64, model(), |(model, x)| is_the_definition(twice, &model, &x));
}

/// A bound on the rounding so small that an error of one unit's convention (p for 1/p) cannot hide.
#[test]
fn the_mutant_with_the_other_convention_is_refused() {
    let other = |model: &Model, x: &DVector<f64>| {
        let convention = match model.convention() {
            Convention::Standard => Convention::Inverted,
            Convention::Inverted => Convention::Standard,
        };
        let model = Model::new(model.network().clone(), model.head_kind().clone(), model.keep().clone(), convention)?;
        enumerate(&model, x)
    };
    refuted(64, model(), |(model, x)| is_the_definition(other, &model, &x));
}

/// Inputs that no network of that width takes, and logits beyond the range, are refused by name.
#[test]
fn what_cannot_be_enumerated_is_refused_by_name() {
    let layers = |size| {
        let affine = Affine::new(DMatrix::from_element(2, 2, size), DVector::zeros(2)).unwrap();
        vec![Layer::dropout(2), Layer::Affine(affine)]
    };
    let model = |size| {
        let network = Mlp::new(2, layers(size)).unwrap();
        Model::new(network, HeadKind::Softmax, DVector::from_element(2, 0.5), Convention::Standard).unwrap()
    };
    let refused = |size, x: &[f64]| enumerate(&model(size), &DVector::from_column_slice(x)).unwrap_err().to_string();
    assert_eq!(refused(1.0, &[1.0]), "inputs of the network: expected 2, found 1");
    assert_eq!(refused(1.0, &[1.0, f64::NAN]), "an input of the network is NaN; every number must be finite");
    assert_eq!(
        refused(1e12, &[1.0, 1.0]),
        "the sum of the sizes of a logit's terms is 2000000000000; it must be at most 2^40 for the fast enumeration; \
         Ensemble::predict has no such limit"
    );
}
