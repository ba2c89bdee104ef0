//! Training by standard and by inverted dropout is the same where V = pW (claim sgd.standard-vs-inverted), and what
//! independent networks are.

use crate::cases::{Case, IDENTITY, RELU};
use dropout_oracle::kernel::InstructionSet;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine};
use dropout_oracle::train::committee::Resampling;
use dropout_oracle::train::{Method, Training};
use dropout_oracle::trainer::{Data, State, Trainer, committee};
use nalgebra::DVector;
use std::ops::ControlFlow;

fn case(convention: Convention, training: Training) -> Case {
    let layers = vec![(Some(0.5), 30, RELU), (Some(0.5), 20, Activation::Tanh), (Some(0.5), 3, IDENTITY)];
    let (head, set) = (HeadKind::Softmax, InstructionSet::detect());
    Case { inputs: 20, layers, head, convention, training, rows: 9, set }
}

/// Twelve steps with weights that are `scale` times the case's. The biases, whose rate would be another than the weights',
/// are put back to 0 after each.
fn trajectory(case: &Case, scale: f32) -> Vec<State<f32>> {
    let model = case.model();
    let still = |state: State<f32>| State {
        parameters: state.parameters.iter().map(without_bias).collect(),
        velocities: state.velocities.iter().map(without_bias).collect(),
        ..state
    };
    let mut state = still(Trainer::new(&model, case.training.clone()).unwrap().state());
    state.parameters.iter_mut().for_each(|affine| affine.weight *= scale);
    let step = |_| {
        let mut trainer = Trainer::resume(&model, state.clone()).unwrap();
        trainer.step_on(&case.data(), &(0..case.rows).collect::<Vec<_>>()).unwrap();
        state = still(trainer.state());
        state.clone()
    };
    (0..12).map(step).collect()
}

fn without_bias(affine: &Affine<f32>) -> Affine<f32> {
    Affine { bias: DVector::zeros(affine.bias.len()), ..affine.clone() }
}

/// With p = ½ all factors are powers of two, so both trainings round alike: V is pW to the bit after every step.
fn agrees(method: Method, translate: fn(Training) -> Training) -> bool {
    let standard = Training::new(12).batch(9).method(method).l2(1e-2).l1(1e-3).max_norm(1.0).nesterov().seed(1);
    let inverted = case(Convention::Inverted, translate(standard.clone()));
    let (w, v) = (trajectory(&case(Convention::Standard, standard), 1.0), trajectory(&inverted, 0.5));
    assert!(w[0].parameters != w[11].parameters);
    w.iter().zip(&v).all(|(w, v)| {
        let half = |affine: &Affine<f32>| affine.map(|x| x * 0.5);
        let halves = |layers: &[Affine<f32>]| layers.iter().map(half).collect::<Vec<_>>();
        halves(&w.parameters) == v.parameters && halves(&w.velocities) == v.velocities
    })
}

/// Rate p² as large, decay 1/p², L1 1/p, max-norm p.
fn translation(mut training: Training) -> Training {
    training.learning_rate *= 0.25;
    training.regularisers.l2 = training.regularisers.l2.map(|l2| l2 * 4.0);
    training.regularisers.l1 = training.regularisers.l1.map(|l1| l1 * 2.0);
    training.max_norm = training.max_norm.map(|c| c * 0.5);
    training
}

#[test]
fn sgd_standard_vs_inverted_holds_for_the_trainer() {
    for method in [Method::Plain, Method::Dropout, Method::Gaussian, Method::DropConnect, Method::BoostingWeightScaled]
    {
        assert!(agrees(method, translation), "{method:?}");
    }
}

#[test]
fn sgd_standard_vs_inverted_mutants_of_the_trainer_are_refused() {
    let mutants: [fn(Training) -> Training; 4] = [
        |training| training,
        |training| translation(training).learning_rate(0.05),
        |training| translation(training.clone()).max_norm(training.max_norm.unwrap()),
        |training| translation(training.clone()).l2(training.regularisers.l2.unwrap()),
    ];
    assert!(mutants.into_iter().all(|mutant| !agrees(Method::Dropout, mutant)));
}

/// Without noise the reference's committee has the very same members, up to twenty steps' rounding of numbers below 10.
#[test]
fn trainer_committee_is_the_references() {
    let training = Training::new(20).batch(4).learning_rate(0.02).method(Method::Plain).seed(u64::MAX);
    let case = case(Convention::Inverted, training.clone());
    let examples = {
        let (inputs, targets) = case.rows();
        let vectors = |rows: Vec<Vec<f64>>| rows.into_iter().map(DVector::from_vec).collect();
        dropout_oracle::data::Examples::new(vectors(inputs), vectors(targets)).unwrap()
    };
    let untrained = |seed| {
        let training = case.training.clone().seed(seed);
        Ok(Case { training, ..case.clone() }.model())
    };
    for resampling in [Resampling::None, Resampling::Bootstrap] {
        let ours = committee::<f64>(&training, 3, resampling, &examples, untrained).unwrap();
        let reference = training.committee(3, resampling, &examples, untrained).unwrap();
        for (ours, reference) in ours.members().iter().zip(reference.members()) {
            for (ours, reference) in ours.network().affine().zip(reference.network().affine()) {
                assert!((&ours.weight - &reference.weight).amax() < 1e-11);
            }
        }
        // Member 1 alone, whose seed is 0.
        let alone = training.clone().seed(0);
        let drawn = if resampling == Resampling::Bootstrap { examples.bootstrap(0) } else { examples.clone() };
        let mut model = untrained(0).unwrap();
        let mut trainer = Trainer::<f64>::new(&model, alone).unwrap();
        trainer.run(&Data::from_examples(&drawn).unwrap(), |_| ControlFlow::Continue(())).unwrap();
        trainer.write_to(&mut model).unwrap();
        assert_eq!(&ours.members()[1].network(), &model.network());
        assert_ne!(&ours.members()[0].network(), &model.network());
    }
    assert!(committee::<f64>(&training, 64, Resampling::None, &examples, untrained).is_err());
}
