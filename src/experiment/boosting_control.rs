//! Dropout boosting, which has the noise of dropout and not its objective, and ensembles of independent networks, which have
//! neither the noise nor the common weights.

use super::setting::{error_percent, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};
use crate::data::Examples;
use crate::error::Result;
use crate::head::{Head, Softmax};
use crate::train::Method;
use crate::train::committee::Resampling;
use nalgebra::DVector;

/// What the noise alone does, and what averaging alone does.
pub const EXPERIMENT: Experiment = Experiment {
    name: "boosting-control",
    question: "Is it the noise that regularises, or that the sub-networks are trained each for itself?",
    published: "Warde-Farley et al. 2014 (Goodfellow et al. 2016, section 7.12): dropout boosting has almost no effect \
                against training the entire network as one model, and dropout generalises better than ensembles of \
                independent networks; theirs are large, here 5 networks (quick: 3)",
    measures: &[Measure { name: "error", unit: "error %" }, Measure { name: "NLL", unit: "nats" }],
    settings: |quick| {
        let members = if quick { 3 } else { 5 };
        let committee =
            |name: &str, resampling| Setting { committee: Some((members, resampling)), ..Setting::new(name, quick) };
        let mut settings = vec![
            Setting::new("plain", quick),
            Setting::new("dropout", quick).keep(1.0, 0.5),
            Setting::new("boosting", quick).keep(1.0, 0.5).trained(|t| t.method(Method::BoostingWeightScaled)),
            committee("ensemble", Resampling::None),
        ];
        if !quick {
            settings.push(committee("bagging", Resampling::Bootstrap));
        }
        settings
    },
    validate: weight_scaling_error,
    run,
    comparisons: &[
        compare("boosting", "plain", "error", Published::Alike),
        compare("dropout", "boosting", "error", Published::Lower),
        compare("dropout", "plain", "error", Published::Lower),
        compare("dropout", "ensemble", "error", Published::Lower),
        compare("dropout", "bagging", "error", Published::Lower),
        compare("boosting", "plain", "NLL", Published::Alike),
        compare("dropout", "boosting", "NLL", Published::Lower),
        compare("dropout", "ensemble", "NLL", Published::Lower),
    ],
};

const fn compare(first: &'static str, second: &'static str, measure: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, measure), second: (second, measure), published }
}

/// Weight scaling of the network, or the geometric mean of a committee, which is its weight scaling.
fn run(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    match setting.committee {
        None => {
            let (model, test) = setting.train(seed)?;
            scores(&test, |x| model.ensemble().weight_scaled_output(x))
        }
        Some((members, resampling)) => {
            let (train, test) = setting.split(seed)?;
            // Member k has the seed s + k: 2¹⁶ of them for every trial.
            let training = setting.training.clone().seed(seed << 16);
            let committee = training.committee(members, resampling, &train, |seed| setting.untrained(&train, seed))?;
            let ensemble = committee.ensemble();
            scores(&test, |x| ensemble.weight_scaled_output(x))
        }
    }
}

/// Error in percent, and the mean of −ln p(y).
fn scores(test: &Examples, output: impl Fn(&DVector<f64>) -> Result<DVector<f64>>) -> Result<Vec<f64>> {
    let outputs = test.inputs().iter().map(output).collect::<Result<Vec<_>>>()?;
    let losses = outputs.iter().zip(test.targets()).map(|(output, target)| Softmax.loss(output, target));
    let nll = losses.sum::<Result<f64>>()? / test.count() as f64;
    Ok(vec![error_percent(test, |n, _| Ok(outputs[n as usize].clone()))?, nll])
}
