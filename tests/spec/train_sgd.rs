//! The trainer: momentum, decay, max-norm, minibatches, seeds, and what stops it.

use crate::support::{holds, q, rationals, real_matrix, refuted};
use dropout_oracle::data::Examples;
use dropout_oracle::law::Law;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear, linear_regression};
use dropout_oracle::random::{Purpose, stream};
use dropout_oracle::train::constraint::max_norm;
use dropout_oracle::train::initial::he_uniform;
use dropout_oracle::train::objective::{enumerated, sampled};
use dropout_oracle::train::{Batches, Decay, Momentum, Training};
use dropout_oracle::{Error, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::Pow;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use quickcheck::{Gen, QuickCheck};
use std::ops::ControlFlow;

fn go_on(_: &dropout_oracle::train::Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

// Momentum, in exact rationals.

/// θ after steps down the given gradients: start, momentum, learning rate, gradients.
type Descend = fn(Rational, Rational, Rational, &DVector<Rational>) -> Rational;

/// The project's, for the bias of a network without inputs to speak of.
fn descend(start: Rational, momentum: Rational, rate: Rational, gradients: &DVector<Rational>) -> Rational {
    let mut network = linear_regression(dvector![q(0, 1)], start).unwrap();
    let mut state = Momentum::new(&network, momentum);
    for g in gradients {
        let gradient = vec![Affine { weight: dmatrix![g.clone()], bias: dvector![g.clone()] }];
        state.step(&mut network, &gradient, rate.clone());
    }
    network.affine().next().unwrap().bias[0].clone()
}

/// θ_T = θ_0 − η Σ_s g_s (1 + m + … + m^(T−1−s)): each gradient counts again, m times as much, at each later step.
fn momentum_check(descend: Descend, (start, gradients): &(Rational, DVector<Rational>)) -> TestCaseResult {
    let (momentum, rate) = (q(2, 3), q(1, 5));
    let steps = gradients.len();
    let weight = |s: usize| (0..steps - s).fold(q(0, 1), |sum, k| sum + momentum.clone().pow(k));
    let travelled = gradients.iter().enumerate().fold(q(0, 1), |sum, (s, g)| sum + g.clone() * weight(s));
    let expected = start.clone() - rate.clone() * travelled;
    prop_assert_eq!(descend(start.clone(), momentum, rate, gradients), expected);
    Ok(())
}

fn momentum_case() -> impl Strategy<Value = (Rational, DVector<Rational>)> + Clone {
    (crate::support::rational(), rationals(4))
}

#[test]
fn train_momentum_holds_as_a_sum_over_past_gradients() {
    holds(32, momentum_case(), |case| momentum_check(descend, &case));
}

/// A descent by a rule v ← `velocity`(v, g η), θ ← θ + v, m = ⅔.
fn by_rule(
    start: Rational,
    gradients: &DVector<Rational>,
    velocity: impl Fn(Rational, Rational) -> Rational,
) -> Rational {
    let step = |(theta, v): (Rational, Rational), g: &Rational| {
        let v = velocity(v, g.clone() * q(1, 5));
        (theta + v.clone(), v)
    };
    gradients.iter().fold((start, q(0, 1)), step).0
}

#[test]
fn train_momentum_mutant_turns_the_velocity_around() {
    let mutant: Descend = |start, m, _, g| by_rule(start, g, |v, step| -m.clone() * v - step);
    refuted(32, momentum_case(), |case| momentum_check(mutant, &case));
}

#[test]
fn train_momentum_mutant_climbs() {
    let mutant: Descend = |start, m, _, g| by_rule(start, g, |v, step| m.clone() * v + step);
    refuted(32, momentum_case(), |case| momentum_check(mutant, &case));
}

/// An exponential moving average of the gradients is not classical momentum.
#[test]
fn train_momentum_mutant_averages() {
    let mutant: Descend = |start, m, _, g| by_rule(start, g, |v, step| m.clone() * v - (q(1, 1) - m.clone()) * step);
    refuted(32, momentum_case(), |case| momentum_check(mutant, &case));
}

// Decay of the learning rate.

type Schedule = fn(f64, u64, u64) -> f64;

/// From η down in equal steps that would reach 0 at the step after the last. Powers of two make it exact in f64.
fn decay_check(schedule: Schedule) -> bool {
    let rates: Vec<f64> = (0..4).map(|step| schedule(2.0, step, 4)).collect();
    rates == [2.0, 1.5, 1.0, 0.5]
}

#[test]
fn train_decay_holds_linear_to_zero() {
    assert!(decay_check(|rate, step, steps| Decay::Linear.at(rate, step, steps)));
    assert_eq!(Decay::Constant.at(0.3, 7, 10), 0.3);
}

#[test]
fn train_decay_mutant_wastes_the_last_step() {
    assert!(!decay_check(|rate, step, steps| rate * (1.0 - step as f64 / (steps - 1) as f64)));
}

#[test]
fn train_decay_mutant_never_decays() {
    assert!(!decay_check(|rate, step, steps| Decay::Constant.at(rate, step, steps)));
}

// Max-norm.

type Constraint = fn(&mut Affine<f64>, f64);

const LIMIT: f64 = 2.0;

/// Rows (incoming weights) end within the limit, those that were beyond it on the sphere and in their old direction,
/// those within it untouched; the bias stays.
fn max_norm_check(constraint: Constraint, weight: &DMatrix<f64>) -> TestCaseResult {
    let before = Affine::new(weight.clone(), DVector::from_element(weight.nrows(), 9.0)).unwrap();
    let mut after = before.clone();
    constraint(&mut after, LIMIT);
    prop_assert_eq!(&after.bias, &before.bias);
    // Four squares, their sum, a root, a division and a product: not 16 roundings.
    let rounding = 16.0 * f64::EPSILON / 2.0;
    for (old, new) in before.weight.row_iter().zip(after.weight.row_iter()) {
        if old.norm() <= LIMIT * (1.0 - rounding) {
            prop_assert_eq!(old, new);
        } else if old.norm() >= LIMIT * (1.0 + rounding) {
            prop_assert!((new.norm() - LIMIT).abs() <= LIMIT * rounding);
            let scale = LIMIT / old.norm();
            prop_assert!(old.iter().zip(&new).all(|(o, n)| (n - scale * o).abs() <= 2.0 * rounding * o.abs()));
        }
    }
    Ok(())
}

/// Three units with four inputs each.
fn layers() -> impl Strategy<Value = DMatrix<f64>> + Clone {
    real_matrix(3, 4).prop_map(|w| w / 2.0)
}

#[test]
fn train_max_norm_holds_for_the_incoming_weights_of_each_unit() {
    holds(64, layers(), |weight| max_norm_check(max_norm, &weight));
    // also where squares overflow, and for a unit without weights
    let mut layer: Affine<f64> = Affine::new(dmatrix![3e200, 4e200; 0.0, 0.0], dvector![0.0, 0.0]).unwrap();
    max_norm(&mut layer, 1.0);
    assert!((layer.weight[(0, 0)] - 0.6).abs() < 1e-15 && layer.weight[(1, 1)] == 0.0);
}

#[test]
fn train_max_norm_mutant_constrains_the_outgoing_weights() {
    fn columns(affine: &mut Affine<f64>, limit: f64) {
        let mut transposed = Affine { weight: affine.weight.transpose(), bias: affine.bias.clone() };
        max_norm(&mut transposed, limit);
        affine.weight = transposed.weight.transpose();
    }
    refuted(64, layers(), |weight| max_norm_check(columns, &weight));
}

#[test]
fn train_max_norm_mutant_constrains_the_whole_matrix() {
    fn matrix(affine: &mut Affine<f64>, limit: f64) {
        let norm = affine.weight.norm();
        affine.weight *= (limit / norm).min(1.0);
    }
    refuted(64, layers(), |weight| max_norm_check(matrix, &weight));
}

#[test]
fn train_max_norm_mutant_stretches_small_weights() {
    fn normalise(affine: &mut Affine<f64>, limit: f64) {
        for mut row in affine.weight.row_iter_mut() {
            let norm = row.norm();
            row *= limit / norm;
        }
    }
    refuted(64, layers(), |weight| max_norm_check(normalise, &weight));
}

#[test]
fn train_max_norm_mutant_shrinks_the_bias_too() {
    fn with_bias(affine: &mut Affine<f64>, limit: f64) {
        max_norm(affine, limit);
        affine.bias *= 0.5;
    }
    refuted(64, layers(), |weight| max_norm_check(with_bias, &weight));
}

// Minibatches.

/// Every epoch counts every example once, in batches of the given size but for the last.
#[test]
fn train_batches_holds_without_replacement() {
    fn each_epoch_is_a_permutation(examples: u8, size: u8, seed: u64) -> bool {
        let (examples, size) = (usize::from(examples % 20) + 1, usize::from(size % 25) + 1);
        let mut batches = Batches::new(examples, size, seed);
        (0..3).all(|_| {
            let epoch: Vec<Vec<usize>> = (0..examples.div_ceil(size)).map(|_| batches.draw()).collect();
            let full = epoch[..epoch.len() - 1].iter().all(|batch| batch.len() == size);
            let mut all = epoch.concat();
            all.sort_unstable();
            full && all == (0..examples).collect::<Vec<_>>()
        })
    }
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, 7))
        .quickcheck(each_epoch_is_a_permutation as fn(u8, u8, u64) -> bool);
}

#[test]
fn train_batches_differ_by_epoch_and_by_seed() {
    let mut batches = Batches::new(50, 50, 1);
    let (first, second) = (batches.draw(), batches.draw());
    assert_ne!(first, second);
    assert_ne!(first, Batches::new(50, 50, 2).draw());
    assert_eq!(first, Batches::new(50, 50, 1).draw());
}

// Whole trainings.

/// A small classifier with dropout everywhere, keep probabilities 0.8 and 0.5, and data that it can learn.
fn task() -> (Model, Examples) {
    let affine = |outputs, inputs| Affine::new(DMatrix::zeros(outputs, inputs), DVector::zeros(outputs)).unwrap();
    let layers = vec![
        Layer::dropout(2),
        Layer::Affine(affine(4, 2)),
        Layer::Unit(Activation::from(PiecewiseLinear::Relu)),
        Layer::dropout(4),
        Layer::Affine(affine(3, 4)),
    ];
    let mut network = Mlp::new(2, layers).unwrap();
    he_uniform(&mut network, 5);
    let keep = dvector![0.8, 0.8, 0.5, 0.5, 0.5, 0.5];
    let inputs = (0..12).map(|n| dvector![f64::from(n % 4) - 1.5, f64::from(n / 4) - 1.0]).collect();
    let labels: Vec<usize> = (0..12).map(|n| n / 4).collect();
    let examples = Examples::classes(inputs, &labels, 3).unwrap();
    (Model::new(network, HeadKind::Softmax, keep, Convention::Inverted).unwrap(), examples)
}

fn training() -> Training {
    unconstrained(30).max_norm(1.5)
}

fn unconstrained(steps: u64) -> Training {
    Training::new(steps).batch(5).learning_rate(0.1).momentum(0.9).seed(11)
}

fn bits(model: &Model) -> Vec<u64> {
    let numbers = model.network().affine().flat_map(|affine| affine.weight.iter().chain(&affine.bias));
    numbers.map(|w| w.to_bits()).collect()
}

fn trained(training: &Training) -> Model {
    let (mut model, examples) = task();
    training.run(&mut model, &examples, go_on).unwrap();
    model
}

/// The run is what its documentation says, step by step from the public parts.
#[test]
fn train_sgd_holds_step_by_step() {
    let (model, examples) = task();
    let training = training();
    let mut network = model.network().clone();
    let mut momentum = Momentum::new(&network, 0.9);
    let mut batches = Batches::new(12, 5, 11);
    for step in 0..30 {
        let mask = |row| model.law().sample(&mut stream(11, Purpose::Mask, step, row as u64));
        let batch = sampled(&network, model.head(), &examples, &batches.draw(), mask).unwrap();
        momentum.step(&mut network, &batch.gradient, 0.1 * ((30 - step) as f64 / 30.0));
        network.affine_mut().for_each(|affine| max_norm(affine, 1.5));
    }
    assert_eq!(*trained(&training).network(), network);
}

/// The promise of the seed: these bits on every machine, in every version with the same major number.
#[test]
fn train_sgd_is_value_stable() {
    let bits = bits(&trained(&training()));
    let hash =
        bits.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, bits| (hash ^ bits).wrapping_mul(0x0000_0100_0000_01b3));
    assert_eq!((bits[0], hash), (13_827_037_531_850_704_413, 12_060_136_442_848_433_631));
}

#[test]
fn train_sgd_has_the_same_bits_for_any_number_of_threads() {
    let runs = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&trained(&training())))
    });
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}

#[test]
fn train_sgd_obeys_every_setting() {
    let reference = bits(&trained(&training()));
    let others = [
        training().seed(12),
        training().batch(4),
        training().learning_rate(0.2),
        training().momentum(0.5),
        training().max_norm(1.0),
        training().decay(Decay::Constant),
        unconstrained(30),
        unconstrained(29).max_norm(1.5),
    ];
    for other in others {
        assert_ne!(reference, bits(&trained(&other)), "{other:?}");
    }
}

/// The enumerated dropout objective, not only the sampled one, goes down.
#[test]
fn train_sgd_lowers_the_objective_of_linear_regression() {
    let network =
        Mlp::new(2, vec![Layer::dropout(2), Layer::Affine(Affine::new(dmatrix![0.0, 0.0], dvector![0.0]).unwrap())])
            .unwrap();
    let kind = HeadKind::Gaussian { variance: 1.0 };
    let mut model = Model::new(network, kind, dvector![0.9, 0.9], Convention::Standard).unwrap();
    let inputs: Vec<DVector<f64>> = (0..16).map(|n| dvector![f64::from(n % 4) - 1.5, f64::from(n / 4) - 1.5]).collect();
    let targets = inputs.iter().map(|x| dvector![2.0 * x[0] - x[1] + 0.5]).collect();
    let examples = Examples::new(inputs, targets).unwrap();
    let objective = |model: &Model| enumerated(model.network(), model.head(), model.law(), &examples).unwrap();
    let before = objective(&model).loss;
    Training::new(200).batch(4).learning_rate(0.05).run(&mut model, &examples, go_on).unwrap();
    let after = objective(&model);
    // The minimum in closed form (claim l2.per-feature): with centred, uncorrelated features of mean square s = 5/4,
    // V = pw minimises ½ Σ_j s (V_j − t_j)² + λ V_j², λ = s(1−p)/p, so V = p t and the loss is −½ (p s Σ t_j² + b²).
    let minimum = -0.5 * (0.9 * 1.25 * (4.0 + 1.0) + 0.25);
    assert_eq!(before, 0.0);
    assert!(after.loss >= minimum - 1e-12, "below the minimum: {}", after.loss);
    // The steps end at a learning rate of zero, near the minimum; that the rest is below 2 % is seen, not proved.
    assert!(after.loss <= 0.98 * minimum, "{} is far from {minimum}", after.loss);
}

#[test]
fn train_sgd_tells_its_observer_and_obeys_it() {
    let (mut model, examples) = task();
    let mut seen = Vec::new();
    let summary = training()
        .run(&mut model, &examples, |progress| {
            seen.push((progress.step, progress.learning_rate, progress.network.clone()));
            if progress.step == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(summary.steps, 3);
    assert_eq!(seen.iter().map(|(step, ..)| *step).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(seen[1].1, 0.1 * (29.0 / 30.0));
    assert_eq!(*model.network(), seen[2].2);
}

#[test]
fn train_sgd_names_divergence_and_leaves_the_model_alone() {
    let (mut model, examples) = task();
    let before = bits(&model);
    let wild = Training::new(1000).learning_rate(1e200);
    let error = wild.run(&mut model, &examples, go_on).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(error.to_string().contains("smaller learning rate"), "{error}");
    assert_eq!(bits(&model), before);
}

#[test]
fn train_sgd_names_settings_outside_their_range() {
    let (mut model, examples) = task();
    let before = bits(&model);
    let wrong = [
        (Training::new(0), "number of training steps"),
        (training().batch(0), "examples a minibatch"),
        (training().learning_rate(0.0), "learning rate"),
        (training().learning_rate(f64::NAN), "learning rate"),
        (training().momentum(1.0), "momentum"),
        (training().momentum(-0.1), "momentum"),
        (training().max_norm(0.0), "max-norm"),
        (training().max_norm(f64::INFINITY), "max-norm"),
    ];
    for (training, what) in wrong {
        match training.run(&mut model, &examples, go_on) {
            Err(Error::Domain { what: named, .. }) => assert_eq!(named, what),
            other => panic!("{what}: {other:?}"),
        }
    }
    let three_inputs = Examples::classes(vec![dvector![0.0, 0.0, 0.0]], &[0], 3).unwrap();
    let two_classes = Examples::classes(vec![dvector![0.0, 0.0]], &[0], 2).unwrap();
    for examples in [three_inputs, two_classes] {
        assert!(matches!(training().run(&mut model, &examples, go_on), Err(Error::Shape { .. })));
    }
    assert_eq!(bits(&model), before);
}

/// Uniform on [−b, b), b = √(6/n): the bits are the seed's, the moments those of the law.
#[test]
fn train_initial_holds_he_uniform() {
    let zeros = Affine::new(DMatrix::zeros(200, 50), DVector::from_element(200, 1.0)).unwrap();
    let mut network: Mlp<f64> = Mlp::new(50, vec![Layer::Affine(zeros)]).unwrap();
    he_uniform(&mut network, 3);
    let affine = network.affine().next().unwrap();
    let bound = (6.0f64 / 50.0).sqrt();
    assert!(affine.weight.iter().all(|w| (-bound..bound).contains(w)));
    assert!(affine.bias.iter().all(|b| *b == 0.0));
    let n = 10_000.0;
    let mean = affine.weight.sum() / n;
    let square = affine.weight.norm_squared() / n;
    // Seeded, so no draw decides; for a random seed each bound is five standard deviations, alpha below 1e-6.
    // Var w = b²/3 = 2/50; Var w² = b⁴(1/5 − 1/9).
    assert!(mean.abs() < 5.0 * (0.04f64 / n).sqrt(), "mean {mean}");
    assert!((square - 0.04).abs() < 5.0 * bound.powi(2) * ((1.0 / 5.0 - 1.0 / 9.0) / n).sqrt(), "mean square {square}");
    let (first, mut again) = (affine.clone(), network.clone());
    he_uniform(&mut again, 4);
    assert_ne!(*again.affine().next().unwrap(), first);
    he_uniform(&mut again, 3);
    assert_eq!(*again.affine().next().unwrap(), first);
}
