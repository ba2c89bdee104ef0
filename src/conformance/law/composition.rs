//! L12: what dropout is for: the ensemble of all masks of small networks.

use super::input::{ids, read_back};
use super::{Law, Needs};
use crate::conformance::case::{Case, HeadName, Mode, NetworkCase, Step, Target, Want};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Level, MaskAccess, Scaling};
use crate::conformance::tensor::{Kept, Tensor, first_along};
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::Failure;
use crate::ensemble::Ensemble;
use crate::head::{Head, Softmax};
use crate::law::{FiniteLaw, Independent, Rescaled, Tied};
use crate::network::{Activation, Affine, Layer as NetworkLayer, Mlp, PiecewiseLinear, softmax_regression};
use crate::penalty::LeastSquares;
use itertools::Itertools;
use nalgebra::{DMatrix, DVector};

/// See the module.
pub const LAW: Law = Law {
    id: "L12",
    name: "composition",
    statement: "Over all 2^n masks: the mean of a linear network is the network in evaluation; the normalised geometric mean of \
                softmax regression is weight scaling; the mean squared loss is the loss plus (p/q) sum w^2 x^2. A network of \
                the framework's own layers is weight scaling in evaluation and one of its sub-models in training, gradient \
                included.",
    needs: Needs::ZEROING,
    false_alarm: 2e-27, // 1000 calls without one of 16 masks of probability 1/16
    power: "one number that is off by more than 1e-12 (f64) is enough",
    diagnosis: "the layer is right by itself but not in a network: look for a scale that is applied in two places, or to an \
                output or a bias that nothing drops",
    claim: "ws.softmax",
    seen: &["mlpractical PR32", "darch 12"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    if trial.layer.scaling == Scaling::None {
        return Err(Stop::NotApplicable("the layer does not scale: its mean is not its evaluation".into()));
    }
    let dtype = if trial.layer.dtypes.contains(&Dtype::F64) { Dtype::F64 } else { trial.widest() };
    trial.part("masks", |trial| every_mask(trial, dtype))?;
    if trial.layer.offers(Level::C7) {
        trial.part("networks", |trial| networks(trial, dtype))?;
    }
    Ok(())
}

/// What the few operations on each side of a comparison can round, relative to the largest term.
fn tolerance(dtype: Dtype) -> f64 {
    if dtype == Dtype::F64 { 1e-12 } else { 64.0 * dtype.unit_roundoff() }
}

/// The outputs of the layer under each of its 2^n masks, put into three models whose means are known.
fn every_mask(trial: &mut Trial<'_>, dtype: Dtype) -> Check {
    let shape = trial.layer.shape(4);
    let x = ids(dtype, &shape);
    let shared = trial.layer.shared(shape.len());
    let first: Vec<_> = (0..x.len() as u64).map(|i| first_along(&shared, &shape, i)).collect();
    let units = first.iter().copied().sorted().dedup().collect_vec();
    let group_of = first.iter().map(|f| units.binary_search(f).expect("listed")).collect_vec();
    if units.len() > 6 {
        return Err(Stop::NotApplicable(format!("{} mask elements in the smallest legal x", units.len())));
    }
    let inject = trial.layer.passes(MaskAccess::Inject);
    let drop = if inject { 0.25 } else { 0.5 };
    let outputs = outputs(trial, &x, drop, &group_of, units.len(), inject)?;
    let evaluation = trial.case(Mode::Eval, drop, x.clone());
    let evaluated = DVector::from_vec(trial.call(&evaluation)?.y.values());

    let independent = Independent::new(DVector::from_element(units.len(), 1.0 - drop)).map_err(internal)?;
    let law = law(trial.layer.scaling, Tied::new::<f64>(independent, group_of).map_err(internal)?);
    let x = DVector::from_vec(x.values());
    let weight = DMatrix::from_fn(3, x.len(), |i, j| f64::from((i * 5 + j * 3) as u8 % 7) - 3.0);
    let (bias, target) = (DVector::from_vec(vec![0.5, -1.0, 0.25]), 0.75);
    let readout = Affine::new(weight.clone(), bias.clone()).map_err(internal)?;
    let logits = |y: &DVector<f64>| readout.apply(y);
    let over_masks = |f: &dyn Fn(&DVector<f64>) -> DVector<f64>| {
        let terms = (0..).zip(&outputs).map(|(mask, y)| f(y) * law.submodel(mask).1);
        terms.reduce(|sum, term| sum + term).expect("there is at least one mask")
    };
    let regression = softmax_regression(weight.clone(), bias.clone()).map_err(internal)?;
    let exact = Ensemble::new(&regression, &Softmax, &law).map_err(internal)?;

    let mut agree = |what: &str, found: &DVector<f64>, expected: &DVector<f64>| {
        trial.evidence.comparisons += found.len() as u64;
        let size = expected.amax().max(1.0);
        if (found - expected).amax() <= tolerance(dtype) * size {
            return Ok(());
        }
        let text = |v: &DVector<f64>| format!("{:?}", v.as_slice());
        Err(Stop::from(Failure::new(format!("{what}, all masks of ({evaluation})"), text(expected), text(found))))
    };
    agree("mean of a linear network", &over_masks(&logits), &logits(&evaluated))?;
    agree(
        "mean of a linear network, from the law",
        &over_masks(&logits),
        &exact.weight_scaled_output(&x).map_err(internal)?,
    )?;
    let log_probabilities = over_masks(&|y| Softmax.log_coordinates(&logits(y)));
    let geometric = Softmax.normalise(&log_probabilities).map_err(internal)?.expected;
    agree("geometric mean of softmax regression", &geometric, &exact.weight_scaling(&x).map_err(internal)?)?;
    let inputs = DMatrix::from_row_slice(1, x.len(), x.as_slice());
    let regression = LeastSquares::new(inputs, DVector::from_element(1, target));
    let w = weight.row(0).transpose();
    let loss = over_masks(&|y| DVector::from_element(1, (target - crate::scalar::dot(&w, y)).powi(2)));
    let penalised = regression.and_then(|problem| problem.penalised_loss(&law, &w)).map_err(internal)?;
    agree("mean squared loss of linear regression", &loss, &DVector::from_element(1, penalised))
}

/// y under each mask, in the order of the masks' integers.
fn outputs(
    trial: &mut Trial<'_>,
    x: &Tensor,
    drop: f64,
    group_of: &[usize],
    units: usize,
    inject: bool,
) -> Check<Vec<DVector<f64>>> {
    let mut outputs = vec![None; 1 << units];
    if inject {
        for (mask, output) in outputs.iter_mut().enumerate() {
            let kept = Kept::new(x.shape(), group_of.iter().map(|group| mask >> group & 1 == 1));
            let case = trial.case(Mode::Train, drop, x.clone()).mask(kept);
            *output = Some(DVector::from_vec(trial.call(&case)?.y.values()));
        }
    } else {
        // Each mask has probability 2^-n; with 62 n-fold as many calls one is missed with probability below 2^n e^-62.
        let case = Case { calls: 62 << units, ..trial.case(Mode::Train, drop, x.clone()) };
        for call in trial.calls(&case)? {
            let places = read_back(&call.y).into_iter().zip(group_of);
            let mask = places.fold(0, |mask, (kept, group)| mask | usize::from(kept) << group);
            outputs[mask] = Some(DVector::from_vec(call.y.values()));
        }
    }
    let count = outputs.len();
    outputs.into_iter().collect::<Option<_>>().ok_or_else(|| {
        let got = "some mask is never drawn".to_string();
        Failure::new(format!("{units} mask elements at drop rate {drop}"), format!("all {count} masks"), got).into()
    })
}

/// The multipliers of a convention.
fn law<L: crate::law::Law<f64>>(scaling: Scaling, masks: L) -> Rescaled<f64, L> {
    if scaling == Scaling::Inverted {
        Rescaled::inverted(masks).expect("no keep probability is 0")
    } else {
        Rescaled::unscaled(masks)
    }
}

/// A small network of the framework's own layers: in evaluation, and one draw at a time.
fn networks(trial: &mut Trial<'_>, dtype: Dtype) -> Check {
    let drops = [0.25, 0.5];
    let affine = |outputs: usize, inputs: usize, shift: usize| {
        let weight = (0..outputs * inputs).map(|i| ((i * 7 + shift) % 11) as f64 / 4.0 - 1.25).collect_vec();
        let bias = (0..outputs).map(|i| ((i * 5 + shift) % 7) as f64 / 4.0 - 0.5).collect_vec();
        (weight, bias)
    };
    let parts = [affine(3, 2, 1), affine(3, 3, 4)];
    let x = [0.75, -1.5];
    let linear = |(weight, bias): &(Vec<f64>, Vec<f64>)| Step::Linear {
        weight: Tensor::new(dtype, &[bias.len(), weight.len() / bias.len()], weight),
        bias: Tensor::new(dtype, &[bias.len()], bias),
    };
    let dropout = |drop| Step::Dropout(trial.layer.p(drop));
    let stack = vec![dropout(drops[0]), linear(&parts[0]), Step::Relu, dropout(drops[1]), linear(&parts[1])];
    let request = NetworkCase {
        layer: trial.layer.id.clone(),
        mode: Mode::Eval,
        samples: 1,
        seed: None,
        dtype,
        stack,
        head: HeadName::Softmax,
        x: Tensor::new(dtype, &[1, 2], &x),
        target: Some(Target::Class(1)),
        want: vec![Want::Probabilities],
    };
    let own = |(weight, bias): &(Vec<f64>, Vec<f64>)| {
        let weight = DMatrix::from_row_slice(bias.len(), weight.len() / bias.len(), weight);
        Affine::new(weight, DVector::from_vec(bias.clone())).map(NetworkLayer::Affine)
    };
    let layers = vec![
        NetworkLayer::dropout(2),
        own(&parts[0]).map_err(internal)?,
        NetworkLayer::Unit(Activation::from(PiecewiseLinear::Relu)),
        NetworkLayer::dropout(3),
        own(&parts[1]).map_err(internal)?,
    ];
    let network = Mlp::new(2, layers).map_err(internal)?;
    let keep = DVector::from_fn(5, |i, _| 1.0 - drops[usize::from(i >= 2)]);
    let law = law(trial.layer.scaling, Independent::new(keep).map_err(internal)?);
    let x = DVector::from_row_slice(&x);

    let weight_scaling = Ensemble::new(&network, &Softmax, &law).and_then(|ensemble| ensemble.weight_scaling(&x));
    let mean = trial.network(&request)?.mean.values();
    let expected = weight_scaling.map_err(internal)?;
    trial.evidence.comparisons += mean.len() as u64;
    let off = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    if mean.len() != expected.len() || off(&mean, expected.as_slice()) > tolerance(dtype) {
        let (expected, got) = (format!("weight scaling, {:?}", expected.as_slice()), format!("{mean:?}"));
        return Err(Failure::new("a network in evaluation", expected, got).into());
    }
    draws(trial, &request, &network, &law, &x)
}

/// That each draw is one of the sub-models, its gradient included.
fn draws(
    trial: &mut Trial<'_>,
    request: &NetworkCase,
    network: &Mlp<f64>,
    law: &Rescaled<f64, Independent<f64>>,
    x: &DVector<f64>,
) -> Check {
    let target = DVector::from_vec(vec![0.0, 1.0, 0.0]);
    let submodels = law.support().map_err(internal)?.map(|(multipliers, _)| {
        let error = |output: &DVector<f64>| Softmax.error(output, &target);
        let (output, gradient) = network.backpropagate(x, &multipliers, error).map_err(internal)?;
        let gradient =
            gradient.iter().flat_map(|a| [a.weight.transpose().as_slice().to_vec(), a.bias.as_slice().to_vec()]);
        Ok(std::iter::once(Softmax.expected(&output).as_slice().to_vec()).chain(gradient).flatten().collect_vec())
    });
    let submodels: Vec<Vec<f64>> = submodels.collect::<Check<_>>()?;
    for _ in 0..8 {
        let (seed, want) = (trial.fresh_seed(), vec![Want::Probabilities, Want::Gradient]);
        let drawn = trial.network(&NetworkCase { mode: Mode::Train, seed, want, ..request.clone() })?;
        let found = std::iter::once(&drawn.mean).chain(&drawn.gradient_mean).flat_map(Tensor::values).collect_vec();
        if found.len() != submodels[0].len() {
            return Err(Stop::Adapter(format!("{} numbers for {} of a network", found.len(), submodels[0].len())));
        }
        trial.evidence.comparisons += found.len() as u64;
        // Entries of the gradient are sums of up to ten products of numbers below 10.
        let allowed = 100.0 * tolerance(request.dtype);
        let is = |submodel: &&Vec<f64>| submodel.iter().zip(&found).all(|(a, b)| (a - b).abs() <= allowed);
        if !submodels.iter().any(|submodel| is(&submodel)) {
            let got = format!("probabilities {:?} with a gradient that fit none", drawn.mean.values());
            let case = format!("one draw of a network in training, seed {seed:?}");
            return Err(Failure::new(case, "one of its 32 sub-models", got).into());
        }
    }
    Ok(())
}

/// An error of the oracle's own networks, which are sound.
fn internal(error: crate::Error) -> Stop {
    Stop::Adapter(format!("the oracle failed: {error}"))
}
