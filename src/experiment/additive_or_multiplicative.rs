//! Noise that is added to hidden units against noise that multiplies them, of the same variance on a unit of size 1.

use super::setting::error_percent;
use super::{Comparison, Experiment, Measure, Noise, Published, Setting};
use crate::data::Examples;
use crate::error::{Error, Result};
use crate::law::{Gaussian, Law};
use crate::model::Model;
use crate::network::{Layer, Mlp, Network};
use crate::noise::additive;
use crate::random::{Purpose, stream};
use crate::train::{Batches, Momentum, objective};
use nalgebra::DVector;

const KEEP: f64 = 0.5;

/// Four kinds of noise on the hidden units.
pub const EXPERIMENT: Experiment = Experiment {
    name: "additive-or-multiplicative",
    question: "Does noise have to multiply the hidden units, as dropout does, and do units outgrow added noise?",
    published: "Srivastava et al. 2014, table 10 (MNIST): Gaussian .95 % against Bernoulli 1.08 %; Goodfellow et al. 2016, \
                section 7.12: units can outgrow added noise, not multiplicative noise",
    measures: &[Measure { name: "error", unit: "error %" }, Measure { name: "hidden activation", unit: "mean h" }],
    settings: |quick| {
        let setting =
            |name: &str, p, noise| Setting { noise, ..Setting::new(name, quick).hidden(&[32, 32]).keep(1.0, p) };
        vec![
            setting("none", 1.0, Noise::Bernoulli),
            setting("Bernoulli", KEEP, Noise::Bernoulli),
            setting("Gaussian", KEEP, Noise::Gaussian),
            setting("additive", KEEP, Noise::Additive),
        ]
    },
    validate: |setting, seed| Ok(trial(setting, seed)?[0]),
    run: trial,
    comparisons: &[
        compare("Gaussian", "Bernoulli", "error", Published::Lower),
        compare("Bernoulli", "none", "error", Published::Nothing),
        compare("additive", "Gaussian", "error", Published::Nothing),
        compare("additive", "none", "hidden activation", Published::Higher),
        compare("additive", "Gaussian", "hidden activation", Published::Higher),
    ],
};

const fn compare(first: &'static str, second: &'static str, measure: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, measure), second: (second, measure), published }
}

/// The error and the mean activation.
fn trial(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    let (train, test) = setting.split(seed)?;
    let model = setting.untrained(&train, seed)?;
    let deviation = ((1.0 - setting.keep_hidden) / setting.keep_hidden).sqrt();
    let units: usize = setting.hidden.iter().sum();
    let network = match setting.noise {
        Noise::Bernoulli => descend(setting, model.network().clone(), &model, model.law(), &train, seed)?,
        Noise::Gaussian => {
            let law = Gaussian::multiplicative(DVector::from_element(units, deviation))?;
            descend(setting, model.network().clone(), &model, &law, &train, seed)?
        }
        Noise::Additive => {
            let law = Gaussian::additive(DVector::from_element(units, deviation))?;
            descend(setting, added(setting, &model)?, &model, &law, &train, seed)?
        }
    };
    let mean = if setting.noise == Noise::Additive { 0.0 } else { 1.0 };
    let quiet = DVector::from_element(network.units(), mean);
    let error = error_percent(&test, |_, x| network.output(x, &quiet))?;
    Ok(vec![error, activation(&network, &test, mean)?])
}

/// The model's network with its dropout layers replaced by additive noise on the hidden units.
fn added(setting: &Setting, model: &Model) -> Result<Mlp<f64>> {
    let mut layers = Vec::new();
    let mut hidden = setting.hidden.iter();
    for layer in model.network().layers() {
        match layer {
            Layer::Dropout(_) => layers.extend(additive::layers(*hidden.next().expect("one a hidden layer"))),
            other => layers.push(other.clone()),
        }
    }
    Mlp::new(model.network().inputs(), layers)
}

/// [`Training::run`](crate::train::Training::run) without constraint and for any law; layers that only add noise stay as
/// they are. A loop of its own, since a `Model` has a law with finitely many sub-models, which normal noise has not and
/// dropout boosting needs, and since nowhere else a layer is kept from being trained.
fn descend(
    setting: &Setting,
    mut network: Mlp<f64>,
    model: &Model,
    law: &dyn Law<f64>,
    train: &Examples,
    seed: u64,
) -> Result<Mlp<f64>> {
    let training = &setting.training;
    let mut momentum = Momentum::new(&network, training.momentum);
    let mut batches = Batches::new(train.count(), training.batch, seed);
    let noise = setting.noise == Noise::Additive;
    for step in 0..training.steps {
        let draw = |row| law.sample(&mut stream(seed, Purpose::Mask, step, row as u64));
        let mut batch = objective::sampled(&network, model.head(), train, &batches.draw(), draw)?;
        // Every hidden layer is followed by two layers that add the noise.
        for (_, fixed) in batch.gradient.iter_mut().enumerate().filter(|(i, _)| noise && i % 3 != 0) {
            fixed.weight.fill(0.0);
            fixed.bias.fill(0.0);
        }
        momentum.step(&mut network, &batch.gradient, training.decay.at(training.learning_rate, step, training.steps));
        if !batch.loss.is_finite() {
            return Err(Error::Diverged { step, loss: batch.loss });
        }
    }
    Ok(network)
}

/// The mean activation of the first hidden layer, without noise.
fn activation(network: &Mlp<f64>, test: &Examples, mean: f64) -> Result<f64> {
    let units = network.layers().iter().position(|layer| matches!(layer, Layer::Unit(_))).expect("a hidden layer");
    let below: Mlp<f64> = Mlp::new(network.inputs(), network.layers()[..=units].to_vec())?;
    let quiet = DVector::from_element(below.units(), mean);
    let sums = test.inputs().iter().map(|x| Ok(below.output(x, &quiet)?.iter().sum::<f64>()));
    Ok(sums.sum::<Result<f64>>()? / (test.count() * below.outputs()) as f64)
}
