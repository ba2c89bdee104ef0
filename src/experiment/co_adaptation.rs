//! Whether hidden units rely on one another: redundancy, and what the loss of some of them costs.

use super::setting::{error_percent, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};
use crate::data::Examples;
use crate::error::Result;
use crate::law::{Independent, Law};
use crate::model::Model;
use crate::network::{Layer, Mlp, Network};
use crate::random::{Purpose, stream};
use itertools::Itertools;
use nalgebra::DVector;

/// Networks trained with and without dropout, damaged at test time.
pub const EXPERIMENT: Experiment = Experiment {
    name: "co-adaptation",
    question: "Does dropout make hidden units rely less on one another?",
    published: "Hinton et al. 2012: dropout prevents co-adaptation; Goodfellow et al. 2016, section 7.12: each hidden unit \
                must do well whatever other units are present, or encode the same redundantly (no figure)",
    measures: &[
        Measure { name: "error", unit: "error %" },
        Measure { name: "growth, 25 % removed", unit: "points" },
        Measure { name: "growth, 50 % removed", unit: "points" },
        Measure { name: "correlation", unit: "mean |r|" },
    ],
    settings: |quick| vec![Setting::new("plain", quick), Setting::new("dropout", quick).keep(1.0, 0.5)],
    validate: weight_scaling_error,
    run,
    comparisons: &[
        compare("growth, 25 % removed", Published::Lower),
        compare("growth, 50 % removed", Published::Lower),
        compare("correlation", Published::Nothing),
        compare("error", Published::Lower),
    ],
};

const fn compare(measure: &'static str, published: Published) -> Comparison {
    Comparison { first: ("dropout", measure), second: ("plain", measure), published }
}

fn run(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    let (model, test) = setting.train(seed)?;
    let whole = error_percent(&test, |_, x| model.ensemble().weight_scaled_output(x))?;
    let (quarter, half) = (damaged(&model, &test, 0.75, seed)?, damaged(&model, &test, 0.5, seed)?);
    Ok(vec![whole, quarter - whole, half - whole, correlation(model.network(), &test)?])
}

/// The test error when every hidden unit is left with probability `keep`, independently for each example, and what is
/// left is not scaled up.
fn damaged(model: &Model, test: &Examples, keep: f64, seed: u64) -> Result<f64> {
    let network = model.network();
    let law = Independent::new(DVector::from_element(network.units(), keep))?; // the pixels have no dropout here
    error_percent(test, |n, x| network.output(x, &law.sample(&mut stream(seed, Purpose::MonteCarlo, n, 0))))
}

/// The mean over pairs of last hidden units of |r|, with r their correlation over the examples; units that never change
/// are left out, and fewer than two others have none.
fn correlation(network: &Mlp<f64>, test: &Examples) -> Result<f64> {
    let last = network.layers().iter().rposition(|layer| matches!(layer, Layer::Dropout(_))).unwrap_or(0);
    let below: Mlp<f64> = Mlp::new(network.inputs(), network.layers()[..last].to_vec())?;
    let all = DVector::from_element(below.units(), 1.0);
    let activations = test.inputs().iter().map(|x| below.output(x, &all)).collect::<Result<Vec<_>>>()?;
    let count = activations.len() as f64;
    let centred = (0..below.outputs()).map(|unit| {
        let mean = activations.iter().map(|h| h[unit]).sum::<f64>() / count;
        let deviations: Vec<f64> = activations.iter().map(|h| h[unit] - mean).collect();
        let norm = deviations.iter().map(|d| d * d).sum::<f64>().sqrt();
        (deviations, norm)
    });
    let alive: Vec<_> = centred.filter(|(_, norm)| *norm > 0.0).collect();
    let r = |[a, b]: [&(Vec<f64>, f64); 2]| (a.0.iter().zip(&b.0).map(|(a, b)| a * b).sum::<f64>() / (a.1 * b.1)).abs();
    let pairs = alive.len() * alive.len().saturating_sub(1) / 2;
    Ok(alive.iter().array_combinations().map(r).sum::<f64>() / pairs.max(1) as f64)
}
