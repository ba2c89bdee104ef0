//! What is added to the objective (L2, L1, sparse activity), and early stopping.

use crate::differences::{central_differences, entries};
use crate::support::{holds, q, rational_matrix, rationals, real_matrix, reals, refuted};
use dropout_oracle::data::Examples;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, deep_linear};
use dropout_oracle::train::regulariser::{Sparsity, l1, l2};
use dropout_oracle::train::{Decay, EarlyStopping, Method, Objective, Training};
use dropout_oracle::{Error, Rational, Real, Result, Scalar};
use nalgebra::{DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::ops::ControlFlow;

// Penalties on the weights, in rationals.

type Net = Mlp<Rational, PiecewiseLinear>;
type Penalty = fn(&Net, &Rational) -> Objective<Rational>;

fn network() -> impl Strategy<Value = Net> + Clone {
    let layer = || (rational_matrix(2, 2), rationals(2)).prop_map(|(w, b)| Affine::new(w, b).unwrap());
    (layer(), layer()).prop_map(|(first, second)| deep_linear(2, vec![first, second]).unwrap())
}

fn weights(network: &Net) -> impl Iterator<Item = &Rational> {
    network.affine().flat_map(|affine| &affine.weight)
}

fn absolute(w: &Rational) -> Rational {
    w.clone().maximum(-w.clone())
}

/// A quadratic's central difference is its derivative, whatever the step.
fn is_l2(penalty: Penalty, network: &Net) -> TestCaseResult {
    let strength = q(3, 2);
    let value = |network: &Net| weights(network).fold(q(0, 1), |sum, w| sum + q(3, 4) * w.clone() * w.clone());
    let penalty = penalty(network, &strength);
    prop_assert_eq!(&penalty.loss, &value(network));
    prop_assert_eq!(entries(&penalty.gradient), central_differences(network, &q(1, 1), value));
    Ok(())
}

/// |w| is linear up to the kink: the central difference is exact for a step below every |w| > 0, here at least ¼, and
/// zero at the kink, as the chosen subgradient.
fn is_l1(penalty: Penalty, network: &Net) -> TestCaseResult {
    let strength = q(3, 2);
    let value = |network: &Net| weights(network).fold(q(0, 1), |sum, w| sum + q(3, 2) * absolute(w));
    let penalty = penalty(network, &strength);
    prop_assert_eq!(&penalty.loss, &value(network));
    prop_assert_eq!(entries(&penalty.gradient), central_differences(network, &q(1, 8), value));
    Ok(())
}

#[test]
fn l2_penalty_holds_in_rationals() {
    holds(24, network(), |network| is_l2(l2::penalty, &network));
}

#[test]
fn l1_penalty_holds_in_rationals() {
    holds(24, network(), |network| is_l1(l1::penalty, &network));
}

fn with_biases(network: &Net, strength: &Rational) -> Objective<Rational> {
    let mut penalty = l2::penalty(network, strength);
    for (gradient, affine) in penalty.gradient.iter_mut().zip(network.affine()) {
        gradient.bias = affine.bias.map(|b| b * strength.clone());
    }
    penalty
}

#[test]
fn l2_penalty_mutant_decays_the_biases() {
    refuted(24, network(), |network| is_l2(with_biases, &network));
}

#[test]
fn l2_penalty_mutant_has_twice_the_gradient() {
    refuted(24, network(), |network| {
        is_l2(|n, s| Objective { loss: l2::penalty(n, s).loss, ..l2::penalty(n, &(s.clone() + s.clone())) }, &network)
    });
}

#[test]
fn l2_penalty_mutant_has_the_wrong_sign() {
    refuted(24, network(), |network| {
        is_l2(|n, s| Objective { loss: l2::penalty(n, s).loss, ..l2::penalty(n, &-s.clone()) }, &network)
    });
}

#[test]
fn l1_penalty_mutant_has_the_wrong_sign() {
    refuted(24, network(), |network| {
        is_l1(|n, s| Objective { loss: l1::penalty(n, s).loss, ..l1::penalty(n, &-s.clone()) }, &network)
    });
}

/// sign(0) = 1 instead of 0: small rationals hold zeros enough.
#[test]
fn l1_penalty_mutant_takes_zero_for_positive() {
    let one_sided: Penalty = |network, strength| {
        let mut penalty = l1::penalty(network, strength);
        for (gradient, affine) in penalty.gradient.iter_mut().zip(network.affine()) {
            gradient.weight.zip_apply(&affine.weight, |g, w| {
                if w.is_zero() {
                    *g = strength.clone();
                }
            });
        }
        penalty
    };
    refuted(24, network(), |network| is_l1(one_sided, &network));
}

#[test]
fn l1_penalty_mutant_is_l2() {
    refuted(24, network(), |network| is_l1(l2::penalty, &network));
}

// Sparse activity, in f64.

type Logistic = Mlp<f64>;

/// Dropout, 2 logistic units, dropout, 2 logistic units, an affine layer: both hidden layers count.
fn logistic() -> impl Strategy<Value = (Logistic, Examples)> + Clone {
    (real_matrix(2, 2), reals(2), real_matrix(2, 2), reals(2), reals(2)).prop_map(|(w, b, v, x0, x1)| {
        let affine = |w: &_, b: &DVector<f64>| Layer::Affine(Affine::new(Clone::clone(w), b.clone()).unwrap());
        let layers = vec![
            Layer::dropout(2),
            affine(&w, &b),
            Layer::Unit(Activation::Logistic),
            Layer::dropout(2),
            affine(&v, &b),
            Layer::Unit(Activation::Logistic),
            affine(&dmatrix![1.0, 2.0], &dvector![0.5]),
        ];
        (Mlp::new(2, layers).unwrap(), Examples::new(vec![x0, x1], vec![dvector![0.0]; 2]).unwrap())
    })
}

const MASKS: [[f64; 4]; 2] = [[1.0, 0.0, 2.0, 2.0], [1.0, 1.0, 0.0, 2.0]];
const SPARSITY: Sparsity<f64> = Sparsity { target: 0.2, strength: 0.7 };

/// A probability and its complement, which for a saturated unit is not one minus it in f64.
type Coin = [f64; 2];
/// A rule for KL, of the target's coin and the unit's.
type Divergence = fn(Coin, Coin) -> f64;

fn kl(p: Coin, q: Coin) -> f64 {
    p[0] * Real::ln(p[0] / q[0]) + p[1] * Real::ln(p[1] / q[1])
}

/// The penalty by definition: activations layer by layer, their means over the two rows, the divergence of each.
fn by_definition(divergence: Divergence, network: &Logistic, examples: &Examples) -> f64 {
    let hidden = |x: &DVector<f64>, mask: &[f64; 4]| {
        let layers: Vec<_> = network.affine().collect();
        let first = layers[0].apply(&dvector![x[0] * mask[0], x[1] * mask[1]]);
        let h = first.map(Real::logistic);
        let second = layers[1].apply(&dvector![h[0] * mask[2], h[1] * mask[3]]);
        [first[0], first[1], second[0], second[1]]
    };
    let rows: Vec<_> = examples.inputs().iter().zip(&MASKS).map(|(x, mask)| hidden(x, mask)).collect();
    let mean = |j: usize, sign: f64| (Real::logistic(sign * rows[0][j]) + Real::logistic(sign * rows[1][j])) / 2.0;
    let target = [SPARSITY.target, 1.0 - SPARSITY.target];
    (0..4).map(|j| SPARSITY.strength * divergence(target, [mean(j, 1.0), mean(j, -1.0)])).sum()
}

fn is_sparsity(divergence: Divergence, (network, examples): &(Logistic, Examples)) -> TestCaseResult {
    let masks = |r: usize| DVector::from_row_slice(&MASKS[r]);
    let penalty = SPARSITY.penalty(network, examples, &[0, 1], masks).unwrap();
    let value = by_definition(divergence, network, examples);
    // |z| <= 21, so four logarithms below 22: a hundred roundings of numbers below 60.
    prop_assert!((penalty.loss - value).abs() < 1e-12, "{} against {value}", penalty.loss);
    let differences = central_differences(network, &1e-4, |network| by_definition(divergence, network, examples));
    for (exact, difference) in entries(&penalty.gradient).into_iter().zip(differences) {
        // Truncation h²/6 = 2e-9 times a third derivative: ln σ has derivatives below 1 and a weight of the first layer
        // moves z of the second by at most 2·3·¼·3 = 4.5 a unit, so below about 4.5³·4 = 365. Rounding 1e-12/1e-4.
        prop_assert!((exact - difference).abs() < 1e-5, "{exact} against {difference}");
    }
    Ok(())
}

#[test]
fn sparsity_penalty_holds_by_definition_and_finite_differences() {
    holds(24, logistic(), |case| is_sparsity(kl, &case));
}

#[test]
fn sparsity_penalty_mutant_turns_the_divergence_round() {
    refuted(24, logistic(), |case| is_sparsity(|p, q| kl(q, p), &case));
}

#[test]
fn sparsity_penalty_mutant_has_the_wrong_sign() {
    refuted(24, logistic(), |case| is_sparsity(|p, q| -kl(p, q), &case));
}

#[test]
fn sparsity_penalty_mutant_aims_at_the_complement() {
    refuted(24, logistic(), |case| is_sparsity(|p, q| kl([p[1], p[0]], q), &case));
}

/// At the target there is no penalty and no gradient.
#[test]
fn sparsity_penalty_is_zero_at_the_target() {
    let affine = |b: f64| Layer::Affine(Affine::new(dmatrix![1.0], dvector![b]).unwrap());
    let network = Mlp::new(1, vec![affine(0.0), Layer::Unit(Activation::Logistic), affine(0.0)]).unwrap();
    let examples = Examples::new(vec![dvector![0.0]], vec![dvector![0.0]]).unwrap();
    let penalty = Sparsity { target: 0.5, strength: 3.0 }.penalty(&network, &examples, &[0], |_| dvector![]).unwrap();
    assert_eq!(penalty.loss, 0.0);
    assert!(entries(&penalty.gradient).iter().all(|g| *g == 0.0));
}

// Together, in training.

/// A single step of plain gradient descent, without momentum, from a fixed network.
fn stepped(training: Training) -> Vec<f64> {
    let mut model = model();
    let training = training.momentum(0.0).learning_rate(0.25);
    training.run(&mut model, &examples(), |_| ControlFlow::Continue(())).unwrap();
    entries(&model.network().affine().cloned().collect())
}

fn model() -> Model {
    let affine = |w, b| Layer::Affine(Affine::new(w, b).unwrap());
    let layers = vec![
        affine(dmatrix![0.5, -0.25; 0.75, 1.0], dvector![0.25, -0.5]),
        Layer::Unit(Activation::Logistic),
        Layer::dropout(2),
        affine(dmatrix![1.0, -0.5], dvector![0.125]),
    ];
    let kind = HeadKind::Gaussian { variance: 1.0 };
    Model::new(Mlp::new(2, layers).unwrap(), kind, dvector![0.5, 0.5], Convention::Inverted).unwrap()
}

fn examples() -> Examples {
    Examples::new(vec![dvector![1.0, 0.0], dvector![0.5, -1.0]], vec![dvector![1.0], dvector![-1.0]]).unwrap()
}

/// The step of all penalties together is the sum of their steps, each less the step without any.
#[test]
fn gradients_of_penalties_add() {
    let (bare, sparsity) = (Training::new(1), Sparsity { target: 0.1, strength: 0.5 });
    let none = stepped(bare.clone());
    let parts = [bare.clone().l2(0.5), bare.clone().l1(0.25), bare.clone().sparsity(sparsity)].map(stepped);
    let all = stepped(bare.l2(0.5).l1(0.25).sparsity(sparsity));
    for (i, all) in all.iter().enumerate() {
        let sum: f64 = none[i] + parts.iter().map(|part| part[i] - none[i]).sum::<f64>();
        // A dozen roundings of numbers below 2.
        assert!((all - sum).abs() < 5e-15, "{all} against {sum}");
    }
    assert!(parts.iter().all(|part| *part != none));
}

/// ηλ of each weight and nothing of the biases: dyadic numbers, so exact but for the dropout gradient's own roundings.
#[test]
fn weight_decay_takes_its_share_of_every_weight() {
    let start = entries(&model().network().affine().cloned().collect());
    let (none, decayed) = (stepped(Training::new(1)), stepped(Training::new(1).l2(0.5)));
    let is_bias = [false, false, false, false, true, true, false, false, true];
    for (i, bias) in is_bias.into_iter().enumerate() {
        let share = if bias { 0.0 } else { 0.125 * start[i] };
        assert!((none[i] - decayed[i] - share).abs() < 1e-15);
    }
}

#[test]
fn penalties_outside_their_range_are_refused() {
    let fails = |training: Training| {
        let result = training.run(&mut model(), &examples(), |_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(Error::Domain { .. })), "{result:?}");
    };
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        fails(Training::new(1).l2(bad));
        fails(Training::new(1).l1(bad));
        fails(Training::new(1).sparsity(Sparsity { target: 0.1, strength: bad }));
    }
    for bad in [0.0, 1.0, -0.1, f64::NAN] {
        fails(Training::new(1).sparsity(Sparsity { target: bad, strength: 1.0 }));
    }
}

// Early stopping.

/// w x with w = 0, trained towards 4 in steps of learning rate 1/4; validation wants 2.
fn stop(stopping: EarlyStopping, target: f64) -> Result<(Model, dropout_oracle::train::early_stopping::Stopped)> {
    let layer = Layer::Affine(Affine::new(dmatrix![0.0], dvector![0.0])?);
    let kind = HeadKind::Gaussian { variance: 1.0 };
    let mut model = Model::new(Mlp::new(1, vec![layer])?, kind, dvector![], Convention::Inverted)?;
    let of = |y: f64| Examples::new(vec![dvector![1.0]], vec![dvector![y]]);
    let training = Training::new(40).learning_rate(0.25).momentum(0.0).decay(Decay::Constant).method(Method::Plain);
    let stopped = stopping.run(&training, &mut model, &of(4.0)?, &of(target)?, |_| ControlFlow::Continue(()))?;
    Ok((model, stopped))
}

fn prediction(model: &Model) -> f64 {
    model.network().output(&dvector![1.0], &dvector![]).unwrap()[0]
}

/// Weight and bias each go ¼ of the error: m = 0, 2, 3, 3.5, …. Validation wants 2, reached by step 1.
#[test]
fn early_stopping_restores_the_best_network() {
    let (model, stopped) = stop(EarlyStopping { every: 1, patience: 3 }, 2.0).unwrap();
    assert_eq!((stopped.best_step, stopped.summary.steps), (1, 4));
    assert_eq!(prediction(&model), 2.0);
    assert_eq!(stopped.validation_loss, -2.0); // ½·4 − 2·2
}

/// With a look at every second step m = 3 is seen first, but no better than none at all for a target of −1 …
#[test]
fn early_stopping_can_leave_the_untrained_network() {
    let (model, stopped) = stop(EarlyStopping { every: 2, patience: 2 }, -1.0).unwrap();
    assert_eq!((stopped.best_step, stopped.summary.steps), (0, 4));
    assert_eq!(prediction(&model), 0.0);
}

/// … and where validation wants what training wants, no look is without a gain until m = 4 to the last bit.
#[test]
fn early_stopping_lets_training_finish_while_it_gains() {
    let (model, stopped) = stop(EarlyStopping { every: 5, patience: 1 }, 4.0).unwrap();
    assert!(stopped.best_step >= 20, "{stopped:?}");
    assert!((prediction(&model) - 4.0).abs() < 1e-5); // 4·2^-20
}

#[test]
fn early_stopping_without_looks_or_patience_is_refused() {
    for stopping in [EarlyStopping { every: 0, patience: 1 }, EarlyStopping { every: 1, patience: 0 }] {
        assert!(matches!(stop(stopping, 2.0), Err(Error::Domain { .. })));
    }
}
