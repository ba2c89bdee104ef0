//! S10, S11: networks of the implementation's own layers, against the exact ensemble.

use super::alarm::{ALPHA, Reading, size, test};
use super::{Law, Needs};
use crate::conformance::case::{HeadName, Mode, NetworkCase, NetworkMeans, Step, Target, Want};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Kind, Layer, Level, Scaling};
use crate::conformance::statistics::bernstein;
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Stop, Trial};
use crate::ensemble::expectation;
use crate::head::{Head, Softmax};
use crate::law::{FiniteLaw, Independent};
use crate::model::Convention;
use crate::network::{Activation, Affine, Layer as NetworkLayer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector};

const NEEDS: Needs = Needs { kinds: &[Kind::Dropout], levels: &[Level::C0, Level::C7], ..Needs::FORWARD };

/// S10.
pub const PREDICTOR: Law = Law {
    id: "S10",
    name: "predictor",
    statement: "The mean of Monte Carlo predictions is the exact arithmetic mean of all sub-networks, and their second moment \
                the exact one.",
    needs: NEEDS,
    false_alarm: ALPHA,
    power: "by Bernstein's inequality with the exact variance: with 10^5 samples a mean off by .005",
    diagnosis: "predictions are not means over sub-networks: look for dropout that is off while sampling, for one mask in all \
                samples, or for averages of something else than probabilities",
    claim: "mc.arithmetic",
    seen: &["SalsaNext 40", "baal PR249"],
    check: predictor,
};

/// S11.
pub const STEP: Law = Law {
    id: "S11",
    name: "training step",
    statement: "The mean over masks of the gradient of a training step is the gradient of the enumerated objective.",
    needs: NEEDS,
    false_alarm: ALPHA,
    power: "by Bernstein's inequality with the exact variance of each entry: with 10^5 samples a hundredth of its size",
    diagnosis: "training goes down another gradient: look for a mask of the backward pass that is not that of the forward pass, \
                or a scale that one of them lacks",
    claim: "mask.gradient",
    seen: &["darch 12"],
    check: training_step,
};

const INPUTS: usize = 3;
const HIDDEN: usize = 4;
const CLASSES: usize = 3;
const CLASS: usize = 1;
const DROPS: [f64; 2] = [0.25, 0.5];

/// A network of ReLU units with dropout of inputs and hidden units, and its input: numbers without pattern, exact in eight
/// bits.
struct Example {
    first: Affine<f64>,
    second: Affine<f64>,
    x: DVector<f64>,
}

impl Example {
    fn new() -> Self {
        let number = |i: usize| ((37 * i + 11) % 64) as f64 / 32.0 - 1.0;
        let matrix =
            |rows, columns, from: usize| DMatrix::from_fn(rows, columns, |i, j| number(from + i * columns + j));
        let vector = |length, from: usize| DVector::from_fn(length, |i, _| number(from + i));
        Self {
            first: Affine { weight: matrix(HIDDEN, INPUTS, 0), bias: vector(HIDDEN, 12) },
            second: Affine { weight: matrix(CLASSES, HIDDEN, 20), bias: vector(CLASSES, 40) },
            x: vector(INPUTS, 51),
        }
    }

    /// The question, in the layer's own p.
    fn case(&self, layer: &Layer, mode: Mode, samples: usize, seed: Option<u64>) -> NetworkCase {
        let dtype = Dtype::F64;
        let linear = |affine: &Affine<f64>| Step::Linear {
            weight: Tensor::new(dtype, &[affine.outputs(), affine.inputs()], affine.weight.transpose().as_slice()),
            bias: Tensor::new(dtype, &[affine.outputs()], affine.bias.as_slice()),
        };
        let [input, hidden] = DROPS.map(|drop| Step::Dropout(layer.p(drop)));
        NetworkCase {
            layer: layer.id.clone(),
            mode,
            samples,
            seed,
            dtype: if layer.dtypes.contains(&dtype) { dtype } else { Dtype::F32 },
            stack: vec![input, linear(&self.first), Step::Relu, hidden, linear(&self.second)],
            head: HeadName::Softmax,
            x: Tensor::new(dtype, &[INPUTS], self.x.as_slice()),
            target: Some(Target::Class(CLASS)),
            want: vec![Want::Probabilities, Want::Gradient],
        }
    }

    /// Every number that the subject reports, of one sub-model: probabilities, their squares, the gradient.
    fn exact(&self, scaling: Scaling) -> Exact {
        let keep = DVector::from_fn(INPUTS + HIDDEN, |i, _| 1.0 - DROPS[usize::from(i >= INPUTS)]);
        let masks = Independent::new(keep).expect("keep probabilities");
        let convention = if scaling == Scaling::Inverted { Convention::Inverted } else { Convention::Standard };
        let law = convention.law(masks).expect("no keep probability is 0");
        let layers = vec![
            NetworkLayer::dropout(INPUTS),
            NetworkLayer::Affine(self.first.clone()),
            NetworkLayer::Unit(Activation::from(PiecewiseLinear::Relu)),
            NetworkLayer::dropout(HIDDEN),
            NetworkLayer::Affine(self.second.clone()),
        ];
        let net = Mlp::new(INPUTS, layers).expect("the layers fit");
        let target = DVector::from_fn(CLASSES, |class, _| f64::from(class == CLASS));
        let of = |multipliers: &DVector<f64>| {
            let (output, gradient) =
                net.backpropagate(&self.x, multipliers, |output| Ok(Softmax.expected(output) - &target))?;
            let p = Softmax.expected(&output);
            let slopes = gradient
                .iter()
                .flat_map(|affine| affine.weight.transpose().iter().chain(&affine.bias).copied().collect::<Vec<_>>());
            Ok(DVector::from_vec(p.iter().copied().chain(p.iter().map(|p| p * p)).chain(slopes).collect()))
        };
        let mean = expectation(&law, of).expect("few masks");
        let square = expectation(&law, |m| Ok((of(m)? - &mean).map(|d| d * d))).expect("few masks");
        let submodels = law.support().expect("few masks");
        let range = submodels.fold(DVector::zeros(mean.len()), |worst: DVector<f64>, (m, _)| {
            worst.zip_map(&(of(&m).expect("as before") - &mean), |worst, d| worst.max(d.abs()))
        });
        Exact { mean, variance: square, range }
    }
}

/// Moments over all masks of what a subject reports, entry by entry.
struct Exact {
    mean: DVector<f64>,
    variance: DVector<f64>,
    range: DVector<f64>,
}

/// The entries of a report: probabilities, squares, gradient.
fn entries(means: &NetworkMeans) -> Vec<f64> {
    let gradient = means.gradient_mean.iter().flat_map(Tensor::values);
    means.mean.values().into_iter().chain(means.second_moment.values()).chain(gradient).collect()
}

/// Networks have a mask element for each unit.
fn unshared(trial: &Trial<'_>) -> Check {
    if trial.layer.shared_axes.is_empty() {
        return Ok(());
    }
    Err(Stop::NotApplicable("the layer shares its mask along axes, and units of a network have none".into()))
}

fn predictor(trial: &mut Trial<'_>) -> Check {
    unshared(trial)?;
    let example = Example::new();
    let exact = example.exact(trial.layer.scaling);
    sampled(trial, &example, &exact, 0..2 * CLASSES, "Monte Carlo mean and second moment")
}

fn training_step(trial: &mut Trial<'_>) -> Check {
    unshared(trial)?;
    let example = Example::new();
    let exact = example.exact(trial.layer.scaling);
    let all = exact.mean.len();
    sampled(trial, &example, &exact, 2 * CLASSES..all, "mean gradient")
}

/// Some of the entries, over many masks.
fn sampled(
    trial: &mut Trial<'_>,
    example: &Example,
    exact: &Exact,
    range: std::ops::Range<usize>,
    name: &str,
) -> Check {
    let samples = size(trial, [4_000, 20_000, 400_000]);
    let worst = exact.variance.rows_range(range.clone()).max();
    let sees = |samples| format!("a mean off by {:.2e}", 2.0 * (2.0 * worst * 24.0 / samples as f64).sqrt());
    test(trial, name, sees, |trial, factor| {
        let samples = samples * factor as usize;
        let seed = trial.fresh_seed();
        let means = trial.network(&example.case(trial.layer, Mode::Train, samples, seed))?;
        let got = entries(&means);
        if got.len() != exact.mean.len() {
            return Err(Stop::NotApplicable("the adapter reports no such means".into()));
        }
        let readings = range.clone().map(|i| {
            let (deviation, expected) = ((got[i] - exact.mean[i]).abs(), exact.mean[i]);
            // What rounding may add lies far below what sampling does.
            let beyond = (deviation - 1e-5 * (1.0 + expected.abs())).max(0.0);
            let p_value = bernstein(samples as u64, exact.variance[i], exact.range[i], beyond);
            Reading {
                samples: samples as u64,
                p_value: if got[i].is_nan() { 0.0 } else { p_value },
                expected: format!("entry {i}: {expected:.6}"),
                got: format!("{:.6}", got[i]),
            }
        });
        Ok(Reading::most_surprising(readings).expect("some entries"))
    })
}
