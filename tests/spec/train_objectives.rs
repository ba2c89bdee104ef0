//! What the trainer goes down: plain, dropout, dropout boosting, and independent networks beside them.

use crate::differences::entries;
use crate::support::{any_law, holds, q, rational_matrix, rationals, refuted};
use dropout_oracle::data::Examples;
use dropout_oracle::ensemble::{Ensemble, expectation};
use dropout_oracle::head::Gaussian;
use dropout_oracle::law::{Independent, Table};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear};
use dropout_oracle::train::committee::Resampling;
use dropout_oracle::train::regulariser::Sparsity;
use dropout_oracle::train::{Committee, Method, Summary, Training, initial};
use dropout_oracle::{Error, Rational, Real, Result};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::ops::ControlFlow;

// The step of dropout boosting, in rationals: two inputs and two ReLU units under any joint law of the four masks.

/// Network, law, two examples.
type Case = (Mlp<Rational, PiecewiseLinear>, Table<Rational>, Examples<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    let layer = || (rational_matrix(2, 2), rationals(2)).prop_map(|(w, b)| Layer::Affine(Affine::new(w, b).unwrap()));
    let two = || prop::collection::vec(rationals(2), 2);
    (layer(), layer(), any_law(4), two(), two()).prop_map(|(first, second, law, x, y)| {
        let relu = Layer::Unit(PiecewiseLinear::Relu);
        let network = Mlp::new(2, vec![Layer::dropout(2), first, relu, Layer::dropout(2), second]).unwrap();
        (network, law, Examples::new(x, y).unwrap())
    })
}

/// The mean over the masks of the step of one row.
fn step_has_the_boosting_gradient_as_mean(method: Method, (network, law, examples): &Case) -> TestCaseResult {
    let head = Gaussian::new(q(1, 1)).unwrap();
    let ensemble = Ensemble::new(network, &head, law).unwrap();
    for (n, (x, y)) in examples.iter().enumerate() {
        let step = |mask: &DVector<Rational>| {
            let step = method.sampled(network, &head, law, examples, &[n], |_| mask.clone())?;
            Ok(entries(&step.gradient).into())
        };
        let mean = expectation(law, step).unwrap();
        prop_assert_eq!(mean.as_slice(), entries(&ensemble.boosting_gradient(x, y).unwrap()));
    }
    Ok(())
}

#[test]
fn boost_objective_is_what_the_steps_of_training_estimate() {
    holds(24, case(), |case| step_has_the_boosting_gradient_as_mean(Method::Boosting, &case));
}

#[test]
fn boost_objective_mutant_trains_by_dropout() {
    refuted(24, case(), |case| step_has_the_boosting_gradient_as_mean(Method::Dropout, &case));
}

/// The method that is named as biased is biased.
#[test]
fn boost_objective_mutant_trains_with_the_error_of_weight_scaling() {
    refuted(24, case(), |case| step_has_the_boosting_gradient_as_mean(Method::BoostingWeightScaled, &case));
}

#[test]
fn boost_objective_mutant_drops_nothing_on_the_way_back() {
    refuted(24, case(), |case| step_has_the_boosting_gradient_as_mean(Method::Plain, &case));
}

/// A minibatch is the mean of its rows, each with its own mask; the loss is the ensemble's, −ln NGM(y).
#[test]
fn boost_objective_of_a_minibatch_is_the_mean_of_its_rows() {
    holds(12, case(), |(network, law, examples)| {
        let head = Gaussian::new(q(1, 1)).unwrap();
        let masks = [dvector![q(1, 1), q(0, 1), q(1, 1), q(1, 1)], dvector![q(0, 1), q(1, 1), q(1, 1), q(0, 1)]];
        let step = |rows: &[usize], first: usize| {
            let step =
                Method::Boosting.sampled(&network, &head, &law, &examples, rows, |r| masks[first + r].clone()).unwrap();
            (step.loss.clone(), DVector::from_vec(entries(&step.gradient)))
        };
        let ((loss0, first), (loss1, second), (loss, both)) = (step(&[1], 0), step(&[0], 1), step(&[1, 0], 0));
        prop_assert_eq!(both, (first + second) * q(1, 2));
        prop_assert_eq!(loss, (loss0.clone() + loss1) * q(1, 2));
        // ½|m|² − m·y at the mean output m, by definition
        let mean = expectation(&law, |mask| network.output(&examples.inputs()[1], mask)).unwrap();
        let by_hand = mean
            .iter()
            .zip(&examples.targets()[1])
            .fold(q(0, 1), |sum, (m, y)| sum + q(1, 2) * m.clone() * m.clone() - m.clone() * y.clone());
        prop_assert_eq!(loss0, by_hand);
        Ok(())
    });
}

// Whole trainings, in f64.

/// inputs-4-outputs with logistic units, dropout on the inputs and on them.
fn untrained(kind: HeadKind, outputs: usize, keep: f64, seed: u64) -> Result<Model> {
    let zeros = |outputs, inputs| Affine::new(DMatrix::zeros(outputs, inputs), DVector::zeros(outputs));
    let layers = vec![
        Layer::dropout(2),
        Layer::Affine(zeros(4, 2)?),
        Layer::Unit(Activation::Logistic),
        Layer::dropout(4),
        Layer::Affine(zeros(outputs, 4)?),
    ];
    let mut network = Mlp::new(2, layers)?;
    initial::he_uniform(&mut network, seed);
    Model::new(network, kind, DVector::from_element(6, keep), Convention::Inverted)
}

/// Twelve points in the plane, of two classes.
fn points() -> Examples {
    let inputs: Vec<_> = (0..12).map(|n| dvector![f64::from(n % 4) - 1.5, f64::from(n / 4) - 1.0]).collect();
    let labels: Vec<usize> = inputs.iter().map(|x| usize::from(x[0] * x[1] > 0.0)).collect();
    Examples::classes(inputs, &labels, 2).unwrap()
}

fn training() -> Training {
    Training::new(30).batch(5).learning_rate(0.3).seed(11)
}

fn trained(training: &Training, keep: f64) -> (Model, Summary) {
    let mut model = untrained(HeadKind::Softmax, 2, keep, training.seed).unwrap();
    let summary = training.run(&mut model, &points(), |_| ControlFlow::Continue(())).unwrap();
    (model, summary)
}

/// With every keep probability 1 there is one sub-model: all methods are plain training, to the last bit.
#[test]
fn every_method_is_plain_training_where_all_units_are_kept() {
    let (plain, summary) = trained(&training().method(Method::Plain), 1.0);
    for method in [Method::Dropout, Method::Boosting, Method::BoostingWeightScaled] {
        let (model, other) = trained(&training().method(method), 1.0);
        assert_eq!((model.network(), other), (plain.network(), summary), "{method:?}");
    }
}

/// … and with dropout they are four different trainings.
#[test]
fn the_methods_differ_where_units_are_dropped() {
    let methods = [Method::Plain, Method::Dropout, Method::Boosting, Method::BoostingWeightScaled];
    let networks = methods.map(|method| trained(&training().method(method), 0.5).0.network().clone());
    for (i, network) in networks.iter().enumerate() {
        assert!(!networks[..i].contains(network), "{:?}", methods[i]);
    }
}

/// Under the standard convention plain training trains the network that weight scaling predicts with: keep probability
/// ½ and weights w give it the output w/2.
#[test]
fn plain_training_goes_down_the_loss_of_the_weight_scaled_network() {
    let network =
        Mlp::<f64>::new(1, vec![Layer::dropout(1), Layer::Affine(Affine::new(dmatrix![3.0], dvector![0.0]).unwrap())])
            .unwrap();
    let law = Independent::new(dvector![0.5]).unwrap();
    let examples = Examples::new(vec![dvector![1.0]], vec![dvector![1.0]]).unwrap();
    let head = Gaussian::new(1.0).unwrap();
    let step = Method::Plain.sampled(&network, &head, &law, &examples, &[0], |_| dvector![0.0]).unwrap();
    assert_eq!(step.gradient[0].bias[0], 0.5); // 3/2 − 1
    assert_eq!(step.gradient[0].weight[0], 0.25);
}

/// Without dropout no mask is drawn for the activity penalty either: one step on all examples does not depend on the
/// seed, but for the order in which twelve rows of size 1 are added.
#[test]
fn plain_training_draws_no_masks_for_its_penalties() {
    let step = |method, seed| {
        let sparsity = Sparsity { target: 0.1, strength: 1.0 };
        let training = Training::new(1).batch(12).method(method).sparsity(sparsity).seed(seed);
        let mut model = untrained(HeadKind::Softmax, 2, 0.5, 0).unwrap();
        training.run(&mut model, &points(), |_| ControlFlow::Continue(())).unwrap();
        DVector::from_vec(entries(&model.network().affine().cloned().collect()))
    };
    let change = |method| (step(method, 1) - step(method, 2)).amax();
    assert!(change(Method::Plain) < 1e-14);
    assert!(change(Method::Dropout) > 1e-3);
}

/// The same bits on every machine: the loss of the last minibatch of a short boosted training, and a logit.
#[test]
fn a_boosted_training_gives_the_same_bits_everywhere() {
    let (model, summary) = trained(&training().method(Method::Boosting).l2(1e-3), 0.5);
    let logits = model.ensemble().weight_scaled_output(&dvector![0.5, -1.0]).unwrap();
    assert_eq!((summary.loss, logits[0]), (1.3638070611857365, 0.8540397880159253));
}

// Independent networks.

fn network_of(seed: u64) -> Result<Model> {
    untrained(HeadKind::Softmax, 2, 1.0, seed)
}

#[test]
fn one_independent_network_is_plain_training_to_the_last_bit() {
    let training = training().method(Method::Plain);
    let committee = training.committee(1, Resampling::None, &points(), network_of).unwrap();
    let (alone, _) = trained(&training, 1.0);
    assert_eq!(committee.members()[0].network(), alone.network());
    let (x, mask) = (dvector![0.5, -1.0], DVector::from_element(6, 1.0));
    let by_itself = alone.network().output(&x, &mask).unwrap();
    assert_eq!(committee.ensemble().weight_scaled_output(&x).unwrap(), by_itself);
}

/// Bagging with one network is plain training on its bootstrap examples.
#[test]
fn one_bagged_network_is_plain_training_on_its_resample() {
    let training = training().method(Method::Plain);
    let committee = training.committee(1, Resampling::Bootstrap, &points(), network_of).unwrap();
    let mut alone = network_of(11).unwrap();
    training.run(&mut alone, &points().bootstrap(11), |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(committee.members()[0].network(), alone.network());
    assert_ne!(committee.members()[0].network(), trained(&training, 1.0).0.network());
}

/// Member k is what its own seed makes of it, whoever else is trained.
#[test]
fn members_are_independent() {
    let training = training().method(Method::Plain);
    let committee = training.committee(3, Resampling::Bootstrap, &points(), network_of).unwrap();
    for (k, member) in (0..).zip(committee.members()) {
        let alone = training.clone().seed(11 + k).committee(1, Resampling::Bootstrap, &points(), network_of).unwrap();
        assert_eq!(member.network(), alone.members()[0].network());
    }
}

#[test]
fn a_bootstrap_draws_from_the_examples_with_replacement() {
    let (all, drawn) = (points(), points().bootstrap(3));
    assert_eq!(drawn.count(), 12);
    assert!(drawn.iter().all(|example| all.iter().any(|other| other == example)));
    let missing = all.iter().filter(|example| !drawn.iter().any(|other| other == *example)).count();
    assert!((1..12).contains(&missing), "{missing}"); // none missing: probability 12!/12^12 = 5e-5 over the seeds
    assert_eq!(drawn, points().bootstrap(3));
    assert_ne!(drawn, points().bootstrap(4));
}

/// A network without hidden units whose output is `bias`, whatever x.
fn constant(bias: DVector<f64>, kind: HeadKind) -> Model {
    let affine = Affine::new(DMatrix::zeros(bias.len(), 1), bias).unwrap();
    Model::new(Mlp::new(1, vec![Layer::Affine(affine)]).unwrap(), kind, dvector![], Convention::Inverted).unwrap()
}

/// σ(0), σ(2) and σ(−5): arithmetic mean by hand, geometric mean σ of the mean logit −1, which is weight scaling.
#[test]
fn a_committees_means_by_hand() {
    let members = [0.0, 2.0, -5.0].map(|logit| constant(dvector![logit], HeadKind::Bernoulli));
    let committee = Committee::new(members.into()).unwrap();
    let prediction = committee.ensemble().predict(&dvector![1.0]).unwrap();
    let by_hand = (0.5 + Real::logistic(2.0) + Real::logistic(-5.0)) / 3.0;
    // A dozen roundings of numbers below 10, each 1.1e-16 relative.
    let close = |a: f64, b: f64| (a - b).abs() < 2e-15;
    assert!(close(prediction.arithmetic_mean[0], by_hand));
    assert!(close(prediction.geometric_mean.expected[0], Real::logistic(-1.0)));
    assert!(close(prediction.weight_scaling[0], Real::logistic(-1.0)));
    assert!((by_hand - Real::logistic(-1.0f64)).abs() > 0.1);
}

#[test]
fn a_committee_needs_members_that_fit() {
    assert!(matches!(Committee::new(vec![]), Err(Error::Shape { expected: 1, found: 0, .. })));
    let of = |outputs, kind| constant(DVector::zeros(outputs), kind);
    let shapes = Committee::new(vec![of(2, HeadKind::Softmax), of(3, HeadKind::Softmax)]);
    assert!(matches!(shapes, Err(Error::Shape { expected: 2, found: 3, .. })));
    let heads = Committee::new(vec![of(2, HeadKind::Softmax), of(2, HeadKind::Bernoulli)]);
    assert!(matches!(heads, Err(Error::Domain { .. })));
    let none = training().committee(0, Resampling::None, &points(), network_of);
    assert!(matches!(none, Err(Error::Shape { .. })));
}

/// Boosting by enumeration counts its masks before it starts; the weight-scaled stand-in has no such limit.
#[test]
fn boosting_refuses_more_masks_than_can_be_counted() {
    let affine = Affine::new(DMatrix::zeros(1, 64), DVector::zeros(1)).unwrap();
    let network = Mlp::new(64, vec![Layer::dropout(64), Layer::Affine(affine)]).unwrap();
    let keep = DVector::from_element(64, 0.5);
    let mut model = Model::new(network, HeadKind::Bernoulli, keep, Convention::Inverted).unwrap();
    let examples = Examples::new(vec![DVector::zeros(64)], vec![dvector![1.0]]).unwrap();
    let mut run = |method| Training::new(1).method(method).run(&mut model, &examples, |_| ControlFlow::Continue(()));
    assert_eq!(run(Method::Boosting), Err(Error::TooManyMasks { units: 64 }));
    assert!(run(Method::BoostingWeightScaled).is_ok());
}
