//! The three means of all sub-models of small networks.

use super::builder::{Suite, TestBuilder};
use super::draw::{Draw, f64s};
use super::format::{Budget, Expected, Input, Layer as LayerVector, VectorFile};
use crate::certified::{CertifiedModel, Interval};
use crate::conformance::Dtype;
use crate::model::{Convention, HeadKind, Model};
use crate::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector};

pub(super) const F64: Budget = Budget {
    ulps: 4096,
    unit: "largest",
    reason: "a relative error of 10⁻¹² in f64: room for any order of a sum of 2^n terms and for any exp and ln within a few units",
};

/// A network to be averaged.
struct Case {
    name: &'static str,
    comment: &'static str,
    head: HeadKind,
    keep: Vec<f64>,
    layers: Vec<Layer<f64>>,
}

/// AM, NGM and WS of softmax regression and of networks with ReLU and maxout units.
pub fn ensembles() -> VectorFile {
    let about = "The means of all 2^n sub-models of a network under inverted dropout (units kept are divided by their keep probability): \
                 arithmetic_mean = sum of pi(mu) p(y|x,mu), geometric_mean proportional to the product of p(y|x,mu)^pi(mu), \
                 weight_scaling = p(y|x, mu = 1), log_geometric_mass = ln of the geometric mean's sum before normalisation. The \
                 keep probabilities stand in the layers.";
    let mut draw = Draw::new(7);
    let mut suite = Suite::new("ensembles", about, &draw);
    let tests: Vec<_> = cases(&mut draw).into_iter().map(|case| test(case, &mut draw)).collect();
    suite.group(Dtype::F64, "inverted", tests);
    suite.finish()
}

fn cases(draw: &mut Draw) -> Vec<Case> {
    let mut affine = |outputs, inputs| {
        let weight = DMatrix::from_row_iterator(outputs, inputs, draw.weights(outputs * inputs));
        Layer::Affine(Affine { weight, bias: draw.weights(outputs).into() })
    };
    let unit = |unit| Layer::Unit(Activation::PiecewiseLinear(unit));
    let (relu, maxout) = (|| unit(PiecewiseLinear::Relu), || unit(PiecewiseLinear::Maxout { pieces: 2 }));
    vec![
        Case {
            name: "softmax-regression",
            comment: "weight scaling is the geometric mean, and not the arithmetic one (equations 7.56 to 7.66)",
            head: HeadKind::Softmax,
            keep: vec![0.5; 5],
            layers: vec![Layer::dropout(5), affine(3, 5)],
        },
        Case {
            name: "softmax-regression-any-keep",
            comment: "a keep probability for each unit",
            head: HeadKind::Softmax,
            keep: vec![0.1, 0.3, 0.5, 0.8, 1.0],
            layers: vec![Layer::dropout(5), affine(4, 5)],
        },
        Case {
            name: "last-hidden-layer",
            comment: "dropout of the last hidden layer alone: weight scaling is exact for the geometric mean",
            head: HeadKind::Softmax,
            keep: vec![0.5; 4],
            layers: vec![affine(4, 3), relu(), Layer::dropout(4), affine(3, 4)],
        },
        Case {
            name: "relu",
            comment: "dropout at the input and of the hidden layer: the three means differ",
            head: HeadKind::Softmax,
            keep: [vec![0.8; 3], vec![0.5; 4]].concat(),
            layers: vec![Layer::dropout(3), affine(4, 3), relu(), Layer::dropout(4), affine(3, 4)],
        },
        Case {
            name: "deep-relu",
            comment: "three dropout layers",
            head: HeadKind::Softmax,
            keep: [vec![0.8; 2], vec![0.5; 3], vec![0.5; 3]].concat(),
            layers: vec![
                Layer::dropout(2),
                affine(3, 2),
                relu(),
                Layer::dropout(3),
                affine(3, 3),
                relu(),
                Layer::dropout(3),
                affine(2, 3),
            ],
        },
        Case {
            name: "maxout",
            comment: "maxout units of two pieces",
            head: HeadKind::Softmax,
            keep: [vec![0.8; 3], vec![0.5; 2]].concat(),
            layers: vec![Layer::dropout(3), affine(4, 3), maxout(), Layer::dropout(2), affine(3, 2)],
        },
        Case {
            name: "bernoulli",
            comment: "one logistic output",
            head: HeadKind::Bernoulli,
            keep: [vec![0.8; 3], vec![0.5; 3]].concat(),
            layers: vec![Layer::dropout(3), affine(3, 3), relu(), Layer::dropout(3), affine(1, 3)],
        },
    ]
}

fn test(case: Case, draw: &mut Draw) -> TestBuilder {
    let Case { name, comment, head, keep, layers } = case;
    let inputs = match &layers[0] {
        Layer::Affine(affine) => affine.inputs(),
        Layer::Dropout(units) => units.len(),
        Layer::Unit(_) => unreachable!("no case starts with an activation"),
    };
    let x: Vec<f64> = (0..inputs).map(|_| draw.weight() * 2.0).collect();
    let described = describe(&layers, &keep);
    let network = Mlp::new(inputs, layers).expect("the layers fit");
    let model = Model::new(network, head.clone(), keep.into(), Convention::Inverted).expect("the head fits");
    let input = DVector::from(x.clone());
    let enclosed = CertifiedModel::new(&model).and_then(|model| model.predict(&input)).expect("a rational network");
    let rounded = model.ensemble().predict(&input).expect("few masks");
    let enclosures = |intervals: &DVector<Interval>, rounded: &DVector<f64>| {
        intervals.iter().zip(rounded).for_each(|(interval, rounded)| near(interval, *rounded));
        Expected::intervals(&[intervals.len()], intervals.iter().cloned(), F64)
    };
    near(&enclosed.log_geometric_mass, rounded.geometric_mean.log_mass);
    TestBuilder::new(format!("ensembles/{name}"), comment)
        .flags(&["mean-for-ensemble"])
        .input("network", Input::Network(described))
        .input("head", Input::Text(if head == HeadKind::Softmax { "softmax" } else { "bernoulli" }.into()))
        .input("x", Input::Numbers(f64s(&[inputs], &x)))
        .expect("arithmetic_mean", enclosures(&enclosed.arithmetic_mean, &rounded.arithmetic_mean))
        .expect("geometric_mean", enclosures(&enclosed.geometric_mean, &rounded.geometric_mean.expected))
        .expect("weight_scaling", enclosures(&enclosed.weight_scaling, &rounded.weight_scaling))
        .expect("log_geometric_mass", Expected::intervals(&[], [enclosed.log_geometric_mass], F64))
}

/// The second way to a value: the reference path in f64, whose error over these few masks is far below this.
pub(super) fn near(interval: &Interval, rounded: f64) {
    let (lo, hi) = interval.to_f64s();
    let slack = 1e-13 * (1.0 + rounded.abs());
    assert!(lo - slack <= rounded && rounded <= hi + slack, "two ways to one expected value: {lo} {rounded} {hi}");
}

/// The layers as a file has them; each dropout takes the next keep probabilities.
fn describe(layers: &[Layer<f64>], keep: &[f64]) -> Vec<LayerVector> {
    let mut keep = keep.iter().copied();
    let described = layers.iter().map(|layer| match layer {
        Layer::Dropout(units) => {
            let keep: Vec<f64> = keep.by_ref().take(units.len()).collect();
            LayerVector::Dropout(f64s(&[units.len()], &keep))
        }
        Layer::Affine(affine) => LayerVector::Linear {
            weight: f64s(&[affine.outputs(), affine.inputs()], affine.weight.transpose().as_slice()),
            bias: f64s(&[affine.outputs()], affine.bias.as_slice()),
        },
        Layer::Unit(Activation::PiecewiseLinear(PiecewiseLinear::Maxout { pieces })) => LayerVector::Maxout(*pieces),
        Layer::Unit(_) => LayerVector::Relu,
    });
    described.collect()
}
