//! Random networks, settings and data.

use dropout_oracle::kernel::InstructionSet;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::train::initial::he_uniform;
use dropout_oracle::train::regulariser::Sparsity;
use dropout_oracle::train::{Method, Training};
use dropout_oracle::trainer::{Data, Float};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

pub const RELU: Activation = Activation::PiecewiseLinear(PiecewiseLinear::Relu);
pub const IDENTITY: Activation = Activation::PiecewiseLinear(PiecewiseLinear::Identity);

/// A layer of units: dropout before it with this KEEP probability, its width, its units.
pub type Plan = (Option<f64>, usize, Activation);

/// A training problem whose numbers are `f32`s, so that both number types start from the very same ones.
#[derive(Clone, Debug)]
pub struct Case {
    pub inputs: usize,
    pub layers: Vec<Plan>,
    pub head: HeadKind,
    pub convention: Convention,
    pub training: Training,
    pub rows: usize,
    pub set: InstructionSet,
}

/// Numbers that look random and are `f32`s in [−1, 1).
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 44) as f64 / f64::from(1 << 19) - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

impl Case {
    pub fn outputs(&self) -> usize {
        self.layers.last().unwrap().1
    }

    /// The KEEP probability of each dropout layer, with the number of its affine layer and its width.
    pub fn dropout(&self) -> Vec<(f64, usize, usize)> {
        let widths = std::iter::once(self.inputs).chain(self.layers.iter().map(|layer| layer.1));
        let layers = self.layers.iter().zip(widths).enumerate();
        layers.filter_map(|(l, ((keep, ..), width))| keep.map(|keep| (keep, l, width))).collect()
    }

    pub fn model(&self) -> Model {
        let (mut layers, mut width) = (Vec::new(), self.inputs);
        for (number, &(keep, outputs, units)) in self.layers.iter().enumerate() {
            if keep.is_some() {
                layers.push(Layer::dropout(width));
            }
            let bias = DVector::from_vec(numbers(outputs, number as u64 + 3)) * 0.125;
            layers.push(Layer::Affine(Affine::new(DMatrix::zeros(outputs, width), bias).unwrap()));
            if units != IDENTITY {
                layers.push(Layer::Unit(units));
            }
            width = outputs;
        }
        let mut network = Mlp::new(self.inputs, layers).unwrap();
        let biases: Vec<_> = network.affine().map(|affine| affine.bias.clone()).collect();
        he_uniform(&mut network, self.training.seed);
        for (affine, bias) in network.affine_mut().zip(biases) {
            affine.weight.apply(|w| *w = f64::from(*w as f32));
            affine.bias = bias;
        }
        let keep = self.dropout().into_iter().flat_map(|(keep, _, width)| vec![keep; width]).collect::<Vec<_>>();
        Model::new(network, self.head.clone(), keep.into(), self.convention).unwrap()
    }

    /// Inputs and targets, of which softmax has one-hot ones and Bernoulli zeros and ones.
    pub fn rows(&self) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let outputs = self.outputs();
        let row = |n: usize| numbers(self.inputs, 1000 + n as u64);
        let target = |n: usize| match self.head {
            HeadKind::Softmax => (0..outputs).map(|y| f64::from(u8::from(y == n % outputs))).collect(),
            HeadKind::Bernoulli => (0..outputs).map(|y| f64::from(u8::from((n + y).is_multiple_of(3)))).collect(),
            _ => numbers(outputs, 2000 + n as u64),
        };
        (0..self.rows).map(|n| (row(n), target(n))).unzip()
    }

    pub fn data<F: Float>(&self) -> Data<F> {
        let (inputs, targets) = self.rows();
        let flat = |rows: Vec<Vec<f64>>| rows.concat().into_iter().map(F::from_f64).collect();
        Data::new(flat(inputs), self.inputs, flat(targets), self.outputs()).unwrap()
    }
}

fn layer(last: bool) -> impl Strategy<Value = Plan> + Clone {
    let keep = prop_oneof![Just(None), Just(Some(0.5)), Just(Some(0.8)), (0.05..0.999).prop_map(Some), Just(Some(1.0))];
    let width = prop_oneof![4 => 2usize..40, 1 => Just(64usize), 1 => 80usize..100];
    let (identity, relu) = if last { (9, 1) } else { (1, 3) };
    let units = prop_oneof![
        identity => Just(IDENTITY),
        relu => Just(RELU),
        1 => Just(Activation::Tanh),
        2 => Just(Activation::Logistic),
    ];
    (keep, width, units)
}

fn method() -> impl Strategy<Value = Method> + Clone {
    prop_oneof![
        1 => Just(Method::Plain),
        3 => Just(Method::Dropout),
        2 => Just(Method::Gaussian),
        2 => Just(Method::DropConnect),
        1 => Just(Method::BoostingWeightScaled),
    ]
}

fn head() -> impl Strategy<Value = HeadKind> + Clone {
    prop_oneof![Just(HeadKind::Softmax), Just(HeadKind::Bernoulli), Just(HeadKind::Gaussian { variance: 0.5 })]
}

fn training() -> impl Strategy<Value = Training> + Clone {
    let penalty = |most: f64| prop::option::of(most / 100.0..most);
    let max_norm = prop::option::of(0.5..2.0);
    let sparsity =
        prop::option::of((0.02..0.5, 0.01..0.5).prop_map(|(target, strength)| Sparsity { target, strength }));
    let penalties = (penalty(0.1), penalty(0.1), sparsity);
    (method(), 0.005..0.05, 0.0..0.95, any::<bool>(), penalties, max_norm, any::<u64>()).prop_map(
        |(method, rate, momentum, nesterov, (l2, l1, sparsity), max_norm, seed)| {
            let mut training = Training::new(10).method(method).learning_rate(rate).momentum(momentum).seed(seed);
            training.nesterov = nesterov;
            training.regularisers.l2 = l2;
            training.regularisers.l1 = l1;
            training.regularisers.sparsity = sparsity;
            training.max_norm = max_norm;
            training
        },
    )
}

/// Any network and method (but the exact ensemble), of up to four layers; more than one panel of columns, partly filled
/// panels, and fewer rows than a tile among them.
pub fn cases() -> impl Strategy<Value = Case> + Clone {
    let convention = prop_oneof![Just(Convention::Inverted), Just(Convention::Standard)];
    let layers = (prop::collection::vec(layer(false), 0..=3), layer(true));
    (1usize..50, layers, head(), convention, training(), 1usize..=13, prop::sample::select(InstructionSet::available()))
        .prop_map(|(inputs, (mut layers, last), head, convention, training, rows, set)| {
            layers.push(last);
            let training = training.batch(rows);
            Case { inputs, layers, head, convention, training, rows, set }
        })
}

/// Dropout boosting with at most eight droppable units, so that the ensemble can be enumerated.
pub fn small_ensembles() -> impl Strategy<Value = Case> + Clone {
    let layer = |most| {
        (prop::option::weighted(0.8, 0.2..0.9), 1usize..=most, layer(false))
            .prop_map(|(keep, width, (.., units))| (keep, width, units))
    };
    (cases(), 1usize..=3, prop::collection::vec(layer(2), 0..=1), layer(3), (prop::option::of(0.2..0.9), 2usize..=4))
        .prop_map(|(mut case, inputs, mut layers, second, (keep, outputs))| {
            layers.extend([second, (keep, outputs, IDENTITY)]);
            let training = case.training.clone().method(Method::Boosting);
            case.rows = case.rows.min(3);
            Case { inputs, layers, training: training.batch(case.rows), ..case }
        })
}
