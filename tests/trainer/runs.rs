//! Whole trainings: threads, resuming, divergence, what is refused, where they converge to.

use crate::cases::{Case, IDENTITY, RELU};
use crate::support::holds;
use dropout_oracle::Error;
use dropout_oracle::data::Examples;
use dropout_oracle::law::Independent;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::train::objective::enumerated;
use dropout_oracle::train::{Decay, Method, Training, regulariser::Sparsity};
use dropout_oracle::trainer::{Data, InstructionSet, KeepProbability, Masks, State, Trainer};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Large enough for the work to be shared (4.2 million multiply-adds a step, above the trainer's 4), with partly filled
/// panels and a minibatch smaller than the others.
fn shared_work() -> Case {
    Case {
        inputs: 90,
        layers: vec![(Some(0.8), 150, RELU), (Some(0.5), 100, RELU), (Some(0.5), 5, IDENTITY)],
        head: HeadKind::Softmax,
        convention: Convention::Inverted,
        training: Training::new(7).batch(48).learning_rate(0.05).l2(1e-3).l1(1e-4).max_norm(1.0).seed(5),
        rows: 110,
        set: InstructionSet::best(),
    }
}

/// The same with every kind of noise and unit, and the exact ensemble of three units.
fn all_methods() -> Vec<Case> {
    let sparsity = Sparsity { target: 0.1, strength: 0.1 };
    let with = |method, layers| {
        let case = shared_work();
        let training = case.training.clone().method(method).sparsity(sparsity);
        Case { training, layers, ..case }
    };
    let layers = |first, second| vec![(Some(0.8), 150, first), (Some(0.5), 100, second), (Some(0.5), 5, IDENTITY)];
    let (tanh, logistic) = (Activation::Tanh, Activation::Logistic);
    vec![
        shared_work(),
        with(Method::Gaussian, layers(RELU, logistic)),
        with(Method::DropConnect, layers(tanh, logistic)),
        with(Method::BoostingWeightScaled, layers(logistic, tanh)),
        with(
            Method::Boosting,
            vec![(None, 300, RELU), (None, 3, tanh), (Some(0.5), 100, logistic), (Some(0.5), 5, IDENTITY)],
        ),
    ]
}

fn trained(case: &Case, steps: u64) -> State<f32> {
    let mut trainer = Trainer::new(&case.model(), case.training.clone()).unwrap();
    trainer.run(&case.data(), |progress| stop_after(progress.step, steps)).unwrap();
    trainer.state()
}

fn stop_after(step: u64, steps: u64) -> ControlFlow<()> {
    if step + 1 < steps { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

#[test]
fn trainer_bits_are_the_same_for_any_number_of_threads() {
    for case in all_methods() {
        assert!(is_the_same_for_any_number_of_threads(&case, |case| trained(case, 3)), "{case:?}");
    }
}

/// A defect of frameworks: seeds that are numbers of threads.
#[test]
fn trainer_bits_mutant_takes_the_seed_from_the_threads() {
    assert!(!is_the_same_for_any_number_of_threads(&shared_work(), |case| {
        let training = case.training.clone().seed(rayon::current_num_threads() as u64);
        let state = trained(&Case { training, ..case.clone() }, 3);
        State { training: case.training.clone(), ..state }
    }));
}

fn is_the_same_for_any_number_of_threads(case: &Case, train: impl Fn(&Case) -> State<f32> + Sync) -> bool {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(case))
    };
    let one = on(1);
    assert_eq!(one.step, 3);
    [2, 3, 7].into_iter().all(|threads| on(threads) == one)
}

#[test]
fn trainer_bits_are_the_same_with_every_instruction_set() {
    for case in all_methods() {
        let with = |set| {
            let mut trainer =
                Trainer::<f32>::new(&case.model(), case.training.clone()).unwrap().instruction_set(set).unwrap();
            trainer.run(&case.data(), |progress| stop_after(progress.step, 2)).unwrap();
            trainer.state()
        };
        let portable = with(InstructionSet::Portable);
        for set in [InstructionSet::Avx512, InstructionSet::Avx2] {
            if set.is_available() {
                assert!(with(set) == portable, "{set:?} {case:?}");
            }
        }
    }
}

/// Also in the middle of an epoch: 110 examples make two minibatches of 48 and one of 14, whose rows lie elsewhere in the
/// panels, so this also shows that nothing is left over from a minibatch of another size.
#[test]
fn trainer_bits_are_the_same_after_resuming() {
    let case = shared_work();
    let whole = trained(&case, 7);
    for stop in [1, 2, 3, 4] {
        let mut resumed = Trainer::resume(&case.model(), trained(&case, stop)).unwrap();
        resumed.run(&case.data(), |_| ControlFlow::Continue(())).unwrap();
        assert!(resumed.state() == whole, "after {stop} steps");
    }
    for case in all_methods() {
        let mut resumed = Trainer::resume(&case.model(), trained(&case, 2)).unwrap();
        resumed.run(&case.data(), |progress| stop_after(progress.step, 4)).unwrap();
        assert!(resumed.state() == trained(&case, 4), "{case:?}");
    }
    // A state without its velocities goes another way.
    let mut state = trained(&case, 3);
    state.velocities.iter_mut().for_each(|velocity| velocity.weight.fill(0.0));
    let mut resumed = Trainer::resume(&case.model(), state).unwrap();
    resumed.run(&case.data(), |_| ControlFlow::Continue(())).unwrap();
    assert!(resumed.state() != whole);
}

#[test]
fn trainer_that_diverges_says_so_and_goes_back() {
    let mut case = shared_work();
    case.head = HeadKind::Gaussian { variance: 1.0 };
    case.training = Training::new(1000).batch(48).learning_rate(30.0).momentum(0.9);
    let mut trainer = Trainer::<f32>::new(&case.model(), case.training.clone()).unwrap();
    let start = trainer.state();
    let mut last = 0;
    let result = trainer.run(&case.data(), |progress| {
        last = progress.step;
        ControlFlow::Continue(())
    });
    assert!(matches!(result, Err(Error::Diverged { step, .. }) if step == last + 1), "{result:?}");
    assert!(trainer.state() == start);
}

/// A network of one affine layer after dropout of two inputs, changed.
fn refusal(layers: Vec<Layer<f64>>, keep: DVector<f64>, training: Training) -> String {
    let model = Model::new(Mlp::new(2, layers).unwrap(), HeadKind::Softmax, keep, Convention::Inverted).unwrap();
    Trainer::<f32>::new(&model, training).unwrap_err().to_string()
}

#[test]
fn trainer_refuses_what_it_does_not_do() {
    let affine = || Layer::Affine(Affine::new(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![0.0, 0.0]).unwrap());
    let both = || vec![Layer::dropout(2), affine()];
    let keep = || dvector![0.5, 0.5];
    let plain = || Training::new(1);
    let sparsity = Sparsity { target: 0.1, strength: 1.0 };
    let maxout = Layer::Unit(PiecewiseLinear::Maxout { pieces: 1 }.into());
    let before_relu = |units| {
        let wide = Layer::Affine(Affine::new(DMatrix::zeros(units, 2), DVector::zeros(units)).unwrap());
        let narrow = Layer::Affine(Affine::new(DMatrix::zeros(2, units), DVector::zeros(2)).unwrap());
        vec![wide, Layer::dropout(units), narrow, Layer::Unit(RELU), affine()]
    };
    let hidden_outputs = vec![affine(), Layer::Unit(Activation::Logistic), Layer::Unit(IDENTITY)];
    let cases = [
        (refusal(both(), dvector![0.5, 0.8], plain()), "one probability"),
        (refusal(vec![Layer::Dropout(vec![1]), affine()], dvector![0.5], plain()), "1 of 2 units"),
        (refusal(vec![Layer::Dropout(vec![1, 0]), affine()], keep(), plain()), "in order"),
        (refusal(vec![affine(), Layer::dropout(2)], keep(), plain()), "end of the network"),
        (refusal(vec![affine(), maxout, affine()], dvector![], plain()), "Maxout"),
        (refusal(before_relu(21), DVector::from_element(21, 0.5), plain().method(Method::Boosting)), "2^21 masks"),
        (refusal(hidden_outputs, dvector![], plain().sparsity(sparsity)), "activity penalty"),
        (refusal(both(), keep(), plain().learning_rate(-1.0)), "learning rate is -1"),
    ];
    for (message, part) in cases {
        assert!(message.contains(part), "{message}");
    }
    let case = shared_work();
    let mut trainer = Trainer::<f32>::new(&case.model(), case.training.clone()).unwrap();
    let narrow = Data::new(vec![0.0; 2], 2, vec![0.0; 5], 5).unwrap();
    assert!(matches!(trainer.step_on(&narrow, &[0]), Err(Error::Shape { expected: 90, found: 2, .. })));
    for rows in [vec![], vec![110], vec![0; 49]] {
        assert!(matches!(trainer.step_on(&case.data(), &rows), Err(Error::Domain { .. })), "{rows:?}");
    }
    assert!(matches!(Data::new(vec![f32::NAN], 1, vec![0.0], 1), Err(Error::NotFinite { .. })));
    assert!(matches!(Data::new(vec![0.0f32; 3], 2, vec![0.0], 1), Err(Error::Shape { .. })));
}

/// Two inputs and four ReLU units, all dropped, one example, no momentum, learning rate 1: a step is minus the gradient.
fn six_units() -> Case {
    Case {
        inputs: 2,
        layers: vec![(Some(0.7), 4, RELU), (Some(0.4), 3, IDENTITY)],
        head: HeadKind::Softmax,
        convention: Convention::Inverted,
        training: Training::new(1 << 40).batch(1).learning_rate(1.0).momentum(0.0).decay(Decay::Constant).seed(11),
        rows: 1,
        set: InstructionSet::best(),
    }
}

/// The mean of the gradient that `step` takes at the masks of the stream, each of them all weighted with its probability,
/// less that of the enumerated objective: the largest difference.
fn gap_to_the_enumerated_gradient(case: &Case, step: impl Fn(&Case, State<f64>) -> State<f64>) -> f64 {
    let model = case.model();
    let (inputs, targets) = case.rows();
    let examples = Examples::new(vec![inputs[0].clone().into()], vec![targets[0].clone().into()]).unwrap();
    let expected = enumerated(model.network(), model.head(), model.law(), &examples).unwrap().gradient;
    let start = Trainer::<f64>::new(&model, case.training.clone()).unwrap().state();
    let masks = Masks::new(case.training.seed);
    let mut mean: Vec<_> = expected.iter().map(|affine| affine.map(|_| 0.0)).collect();
    let (mut seen, all) = (HashSet::new(), 1 << model.network().units());
    for number in 0.. {
        let layers: Vec<_> = (case.dropout().into_iter())
            .map(|(keep, layer, width)| {
                let mask = masks.mask(number, layer, 0, KeepProbability::new(keep).unwrap(), width)[0];
                let kept = mask.count_ones() as i32;
                (mask, keep.powi(kept) * (1.0 - keep).powi(width as i32 - kept))
            })
            .collect();
        if seen.insert(layers.iter().map(|layer| layer.0).collect::<Vec<_>>()) {
            let weight: f64 = layers.iter().map(|layer| layer.1).product();
            let after = step(case, State { step: number, ..start.clone() });
            for ((mean, before), after) in mean.iter_mut().zip(&start.parameters).zip(&after.parameters) {
                mean.weight += (&before.weight - &after.weight) * weight;
                mean.bias += (&before.bias - &after.bias) * weight;
            }
        }
        if seen.len() == all {
            break;
        }
    }
    let gaps = mean.iter().zip(&expected).map(|(a, b)| (&a.weight - &b.weight).amax().max((&a.bias - &b.bias).amax()));
    gaps.fold(0.0, f64::max)
}

fn one_step(case: &Case, state: State<f64>) -> State<f64> {
    let mut trainer = Trainer::resume(&case.model(), state).unwrap();
    trainer.step_on(&case.data(), &[0]).unwrap();
    trainer.state()
}

/// Weights and gradients are below 8, and about 40 roundings lie on the way, in 64 terms of total weight 1.
const ROUNDING: f64 = 100.0 * 8.0 * f64::EPSILON;

#[test]
fn trainer_gradient_holds_on_average_over_all_masks() {
    let gap = gap_to_the_enumerated_gradient(&six_units(), one_step);
    assert!(gap < ROUNDING, "{gap:e}");
}

/// Up to three layers of any units and heads, at most six droppable units.
#[test]
fn trainer_gradient_holds_on_average_for_any_architecture() {
    let units = || prop::sample::select(vec![IDENTITY, RELU, Activation::Tanh, Activation::Logistic]);
    let layer = |most: usize| (prop::option::weighted(0.8, 0.3..0.7), 1..=most, units());
    let head = prop::sample::select(vec![HeadKind::Softmax, HeadKind::Bernoulli, HeadKind::Gaussian { variance: 0.5 }]);
    let cases = (
        1usize..=2,
        prop::collection::vec(layer(2), 1..=2),
        (prop::option::weighted(0.8, 0.3..0.7), 2usize..=3),
        head,
        any::<u64>(),
    )
        .prop_map(|(inputs, mut layers, (keep, outputs), head, seed)| {
            layers.push((keep, outputs, IDENTITY));
            let base = six_units();
            Case { inputs, layers, head, training: base.training.clone().seed(seed), ..base }
        });
    holds(24, cases, |case| {
        let gap = gap_to_the_enumerated_gradient(&case, one_step);
        prop_assert!(gap < ROUNDING, "{gap:e}");
        Ok(())
    });
}

#[test]
fn trainer_gradient_mutants_are_biased() {
    let no_scale = gap_to_the_enumerated_gradient(&six_units(), |case, state| {
        one_step(&Case { convention: Convention::Standard, ..case.clone() }, state)
    });
    let one_mask =
        gap_to_the_enumerated_gradient(&six_units(), |case, state| one_step(case, State { step: 0, ..state }));
    assert!(no_scale > 0.01 && one_mask > 0.01, "{no_scale} {one_mask}");
}

const KEEP: f64 = 0.5;
const RATE: f64 = 0.4;
const STEPS: u64 = 200;

/// Two examples of two inputs; the bias is a third one that always stays.
fn regression() -> ([DVector<f64>; 2], DVector<f64>) {
    ([dvector![1.0, -1.0, 1.0], dvector![1.0, 0.5, 1.0]], dvector![2.0, -1.0])
}

/// Where the trainer is after [`STEPS`] full-batch steps from zero, one seed after another.
fn ends(method: Method, chains: u64) -> Vec<DVector<f64>> {
    let affine = Affine::new(DMatrix::zeros(1, 2), dvector![0.0]).unwrap();
    let network = Mlp::new(2, vec![Layer::dropout(2), Layer::Affine(affine)]).unwrap();
    let head = HeadKind::Gaussian { variance: 1.0 };
    let model = Model::new(network, head, dvector![KEEP, KEEP], Convention::Standard).unwrap();
    let (x, y) = regression();
    let inputs = x.iter().flat_map(|x| [x[0], x[1]]).collect();
    let data = Data::new(inputs, 2, y.as_slice().to_vec(), 1).unwrap();
    let end = |seed| {
        let training = Training::new(STEPS).batch(2).learning_rate(RATE).momentum(0.0).decay(Decay::Constant);
        let mut trainer = Trainer::<f64>::new(&model, training.method(method).seed(seed)).unwrap();
        trainer.run(&data, |_| ControlFlow::Continue(())).unwrap();
        let affine = trainer.state().parameters.remove(0);
        dvector![affine.weight[0], affine.weight[1], affine.bias[0]]
    };
    (0..chains).map(end).collect()
}

/// Mean and covariance there, by recursion: under the masks μ of the rows the step is \(w \mapsto M w + v\) with
/// \(M = I - \tfrac\alpha2 \sum_r (\mu_r \circ x_r)(\mu_r \circ x_r)^\top\), and all 16 joint masks are equally probable.
fn moments() -> (DVector<f64>, DMatrix<f64>) {
    let (x, y) = regression();
    let steps: Vec<_> = (0..16u32)
        .map(|mask| {
            let dropped = |r: usize| {
                DVector::from_fn(3, |i, _| if i == 2 { 1.0 } else { f64::from(mask >> (2 * r + i) & 1) * x[r][i] })
            };
            let (a, b) = (dropped(0), dropped(1));
            let half = RATE / 2.0;
            let linear = DMatrix::identity(3, 3) - (&a * a.transpose() + &b * b.transpose()) * half;
            (linear, (a * y[0] + b * y[1]) * half)
        })
        .collect();
    let (mut mean, mut covariance) = (DVector::zeros(3), DMatrix::zeros(3, 3));
    for _ in 0..STEPS {
        let next = steps.iter().map(|(m, v)| m * &mean + v).sum::<DVector<f64>>() / 16.0;
        let spread = |(m, v): &(DMatrix<f64>, DVector<f64>)| {
            let off = m * &mean + v - &next;
            m * &covariance * m.transpose() + &off * off.transpose()
        };
        covariance = steps.iter().map(spread).sum::<DMatrix<f64>>() / 16.0;
        mean = next;
    }
    (mean, covariance)
}

/// The mean alone, which knows of the noise no more than its first two moments: normal multipliers have those of masks,
/// and so has one mask for both rows. 6.1 standard errors, as estimated from 400 ends.
#[test]
fn trainer_converges_to_the_ridge_minimiser_under_other_noise() {
    let mean = moments().0;
    for method in [Method::Gaussian, Method::DropConnect] {
        let ends = ends(method, 400);
        for i in 0..3 {
            let off: Vec<f64> = ends.iter().map(|end| end[i] - mean[i]).collect();
            let average = off.iter().sum::<f64>() / 400.0;
            let variance = off.iter().map(|off| (off - average) * (off - average)).sum::<f64>() / 400.0;
            assert!(average.abs() <= 6.1 * (variance / 400.0).sqrt(), "{method:?} {i}: {average} {variance}");
        }
    }
}

/// The mean of 400 independent ends is within 6.1 standard errors of the exact mean, and their variances within 6.1 of
/// the standard errors that their own fourth moments give: α = 1e−9 a coordinate each, by the normal approximation. The
/// exact mean is the ridge minimiser of l2.minimiser: what is left of the way is far below a standard error.
fn converges_to_the_minimiser(method: Method) -> bool {
    const CHAINS: u64 = 400;
    let ((mean, covariance), ends, (x, y)) = (moments(), ends(method, CHAINS), regression());
    let problem = LeastSquares::new(DMatrix::from_fn(2, 3, |r, i| x[r][i]), y).unwrap();
    let minimiser = problem.minimiser(&Independent::new(dvector![KEEP, KEEP, 1.0]).unwrap()).unwrap();
    let count = CHAINS as f64;
    (0..3).all(|i| {
        let moment = |k: i32| ends.iter().map(|end| (end[i] - mean[i]).powi(k)).sum::<f64>() / count;
        let (variance, error) = (covariance[(i, i)], (covariance[(i, i)] / count).sqrt());
        assert!(variance > 0.01 && (minimiser[i] - mean[i]).abs() < 0.01 * error);
        let spread = ((moment(4) - moment(2) * moment(2)).max(0.0) / count).sqrt();
        moment(1).abs() <= 6.1 * error && (moment(2) - variance).abs() <= 6.1 * spread
    })
}

#[test]
fn trainer_converges_to_the_ridge_minimiser_within_its_covariance() {
    assert!(converges_to_the_minimiser(Method::Dropout));
}

#[test]
fn trainer_mutant_without_dropout_converges_elsewhere() {
    assert!(!converges_to_the_minimiser(Method::Plain));
}

/// Without noise both trainers take the very same steps: losses and weights of whole runs, for every head and with all
/// settings on. Twenty steps of a few thousand roundings of 2⁻⁵³, of numbers below 10 that no step doubles; no hidden
/// unit of this case comes so near its kink.
#[test]
fn trainer_run_holds_against_the_reference_run_without_noise() {
    for head in [HeadKind::Softmax, HeadKind::Bernoulli, HeadKind::Gaussian { variance: 2.0 }, HeadKind::Poisson] {
        let training = Training::new(20).batch(7).learning_rate(0.02).l2(1e-2).l1(1e-3).max_norm(1.0);
        let training = training.method(Method::Plain).nesterov().seed(3);
        let layers = vec![(Some(0.8), 30, RELU), (Some(0.5), 4, IDENTITY)];
        let (convention, set) = (Convention::Standard, InstructionSet::best());
        let case = Case { inputs: 20, layers, head, convention, training: training.clone(), rows: 17, set };
        let (inputs, targets) = case.rows();
        let vectors = |rows: Vec<Vec<f64>>| rows.into_iter().map(DVector::from_vec).collect();
        let examples = Examples::new(vectors(inputs), vectors(targets)).unwrap();
        let (mut reference, mut losses) = (case.model(), Vec::new());
        let mut trainer = Trainer::<f64>::new(&reference, training.clone()).unwrap();
        training
            .run(&mut reference, &examples, |progress| {
                losses.push(progress.loss);
                ControlFlow::Continue(())
            })
            .unwrap();
        let mut step = 0;
        trainer
            .run(&case.data(), |progress| {
                assert!((progress.loss - losses[step]).abs() < 1e-11, "{:?} step {step}", case.head);
                step += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(step, 20);
        let mut ours = case.model();
        trainer.write_to(&mut ours).unwrap();
        for (ours, reference) in ours.network().affine().zip(reference.network().affine()) {
            assert!((&ours.weight - &reference.weight).amax() < 1e-11 && (&ours.bias - &reference.bias).amax() < 1e-11);
        }
    }
}
