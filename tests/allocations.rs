//! A step of the optimised trainer takes no memory: all room is taken at the start. A program of its own, with one test,
//! because what is counted are the allocations of all threads.

use dropout_oracle::data::Examples;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear};
use dropout_oracle::train::{Decay, Method, Training, initial::he_uniform, regulariser::Sparsity};
use dropout_oracle::trainer::{Data, Trainer};
use nalgebra::{DMatrix, DVector};
use rayon::{ThreadPool, ThreadPoolBuilder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::ops::ControlFlow;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const STEPS: u64 = 120;

/// Dropout of `inputs` and of a layer of `hidden` units before two classes.
fn model(inputs: usize, hidden: usize, units: Activation) -> Model {
    let affine = |outputs, inputs| Affine::new(DMatrix::zeros(outputs, inputs), DVector::zeros(outputs)).unwrap();
    let layers = vec![
        Layer::dropout(inputs),
        Layer::Affine(affine(hidden, inputs)),
        Layer::Unit(units),
        Layer::dropout(hidden),
        Layer::Affine(affine(2, hidden)),
    ];
    let mut network = Mlp::new(inputs, layers).unwrap();
    he_uniform(&mut network, 3);
    Model::new(network, HeadKind::Softmax, DVector::from_element(inputs + hidden, 0.8), Convention::Inverted).unwrap()
}

/// Allocations of all threads from the end of the first step to the end of the last. In between, epochs end, minibatches
/// of another size come and go, and the trainer puts good weights aside.
fn allocations(pool: &ThreadPool, model: &Model, training: Training) -> usize {
    let (inputs, rows) = (model.network().inputs(), 70);
    let input = |n: usize| DVector::from_fn(inputs, |i, _| ((7 * n + 3 * i) % 11) as f64 / 11.0);
    let labels: Vec<_> = (0..rows).map(|n| n % 2).collect();
    let data = Data::from_examples(&Examples::classes((0..rows).map(input).collect(), &labels, 2).unwrap()).unwrap();
    let mut trainer = Trainer::<f32>::new(model, training).unwrap();
    let (mut since, mut taken) = (None, 0);
    pool.install(|| {
        trainer.run(&data, |_| {
            let change = since.get_or_insert_with(|| Region::new(COUNTED)).change();
            taken = change.allocations + change.reallocations;
            ControlFlow::Continue(())
        })
    })
    .unwrap();
    assert_eq!(trainer.state().step, STEPS);
    taken
}

#[test]
fn a_step_takes_no_memory() {
    let training = Training::new(STEPS).batch(32).learning_rate(0.01).decay(Decay::Linear);
    let all = training.clone().momentum(0.9).nesterov().l2(1e-3).l1(1e-4).max_norm(2.0);
    let relu = PiecewiseLinear::Relu.into();
    let threads = |count| {
        let pool = ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        pool.broadcast(|_| ()); // all threads have started, and taken the memory that they need
        pool
    };
    let (one, two) = (threads(1), threads(2));
    let methods = [Method::Plain, Method::Dropout, Method::Gaussian, Method::DropConnect, Method::BoostingWeightScaled];
    for method in methods {
        for units in [relu, Activation::Tanh, Activation::Logistic] {
            let training = all.clone().method(method).sparsity(Sparsity { target: 0.1, strength: 0.1 });
            assert_eq!(allocations(&one, &model(40, 50, units), training), 0, "{method:?}, {units:?}");
        }
    }
    let enumerated = training.clone().method(Method::Boosting);
    assert_eq!(allocations(&one, &model(4, 50, Activation::Tanh), enumerated), 0, "the exact ensemble");
    // Work that is shared: above four million multiply-adds a step.
    assert_eq!(allocations(&two, &model(300, 200, relu), all), 0, "on two threads");
    // The counter counts.
    let region = Region::new(COUNTED);
    drop(std::hint::black_box(Box::new(0u8)));
    assert!(region.change().allocations > 0);
}
