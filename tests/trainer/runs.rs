//! Whole trainings: threads, resuming, divergence, what is refused, the reference's run.

use crate::cases::{Case, IDENTITY, RELU};
use dropout_oracle::Error;
use dropout_oracle::data::Examples;
use dropout_oracle::kernel::InstructionSet;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::train::{Method, Training, regulariser::Sparsity};
use dropout_oracle::trainer::{Data, State, Trainer};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
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
        set: InstructionSet::detect(),
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
            let trainer = Trainer::<f32>::new(&case.model(), case.training.clone()).unwrap();
            let mut trainer = trainer.with_instructions(set);
            trainer.run(&case.data(), |progress| stop_after(progress.step, 2)).unwrap();
            trainer.state()
        };
        let available = InstructionSet::available();
        let portable = with(available[0]);
        for &set in &available[1..] {
            assert!(with(set) == portable, "{set} {case:?}");
        }
    }
}

/// The bits themselves, so that every machine that runs this test is compared with every other.
#[test]
fn trainer_bits_are_the_published_ones() {
    let digest = |case: &Case| {
        let parameters = trained(case, 2).parameters;
        let numbers = parameters.iter().flat_map(|affine| affine.weight.iter().chain(affine.bias.iter()));
        numbers.fold(0u64, |digest, number| digest.rotate_left(7) ^ u64::from(number.to_bits()))
    };
    let digests: Vec<_> = all_methods().iter().map(digest).collect();
    let published =
        [0xc02470bcc11fe341, 0x5a4a7097fb43f671, 0x029ebfc4047ded90, 0xf4ccc09220c4af48, 0x2b3a0ea5db235458];
    assert_eq!(digests, published, "{digests:#018x?}");
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

/// Without noise both trainers take the very same steps: losses and weights of whole runs, for every head and with all
/// settings on. Twenty steps of a few thousand roundings of 2⁻⁵³, of numbers below 10 that no step doubles; no hidden
/// unit of this case comes so near its kink.
#[test]
fn trainer_run_holds_against_the_reference_run_without_noise() {
    for head in [HeadKind::Softmax, HeadKind::Bernoulli, HeadKind::Gaussian { variance: 2.0 }, HeadKind::Poisson] {
        let training = Training::new(20).batch(7).learning_rate(0.02).l2(1e-2).l1(1e-3).max_norm(1.0);
        let training = training.method(Method::Plain).nesterov().seed(3);
        let layers = vec![(Some(0.8), 30, RELU), (Some(0.5), 4, IDENTITY)];
        let (convention, set) = (Convention::Standard, InstructionSet::detect());
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

/// A dead unit has no gradient, so that momentum alone shrinks its velocity. Rounded to nearest, it would stop at a subnormal
/// number, by which processors multiply slowly; the trainer's reaches 0.
#[test]
fn trainer_velocity_of_a_dead_unit_reaches_zero() {
    let dead = DVector::from_element(2, -10.0);
    let layers = vec![
        Layer::Affine(Affine::new(dmatrix![0.5, -0.25, 1.0; -1.0, 0.75, 0.5], dead).unwrap()),
        Layer::Unit(RELU),
        Layer::Affine(Affine::new(dmatrix![1.0, -1.0], dvector![0.0]).unwrap()),
    ];
    let model =
        Model::new(Mlp::new(3, layers).unwrap(), HeadKind::Bernoulli, dvector![], Convention::Inverted).unwrap();
    let data = Data::new(vec![1.0f32, -1.0, 0.5, 0.25, 1.0, -0.5], 3, vec![1.0, 0.0], 1).unwrap();
    let steps = 2000;
    let training = Training::new(steps).batch(2).momentum(0.9);
    let mut state = Trainer::<f32>::new(&model, training).unwrap().state();
    state.velocities[0].weight.fill(1e-3);
    let mut trainer = Trainer::resume(&model, state).unwrap();
    trainer.run(&data, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(trainer.state().velocities[0].weight, DMatrix::zeros(2, 3));
    let rounded = (0..steps).fold(1e-3f32, |velocity, _| 0.9 * velocity);
    assert!(rounded > 0.0 && rounded < f32::MIN_POSITIVE, "{rounded:e}");
}
