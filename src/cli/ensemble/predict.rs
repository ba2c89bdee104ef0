//! The predictions for all inputs, in parallel and in the same bits for any number of threads.

use super::method::{Chosen, Way};
use super::report::{LossErrors, Masks, MonteCarlo, Prediction, Report, TargetLosses};
use super::{Failure, Sampling};
use dropout_oracle::ensemble::{Decomposition, Losses, Prediction as Means};
use dropout_oracle::marginal::Method;
use dropout_oracle::network::{Mlp, Network};
use dropout_oracle::{Ensemble, Model};
use indicatif::{ProgressBar, ProgressStyle};
use nalgebra::DVector;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rayon::prelude::*;
use std::io::IsTerminal;

/// From this many sub-models on (about a second's work) a terminal shows progress.
const LONG: u64 = 1 << 20;

/// Predicts every input by every means that the options ask for.
pub fn predict(
    sampling: &Sampling,
    model: &Model,
    inputs: &[DVector<f64>],
    targets: Option<&[DVector<f64>]>,
    chosen: &Chosen,
    known: Option<&[Means<f64>]>,
) -> Result<Report, Failure> {
    let units = model.keep().len();
    let masks = if chosen.way == Way::Definition { 1u64 << units } else { 0 };
    let work = Work { sampling, model, targets, chosen, known };
    // The losses take three enumerations more.
    let enumerations = if targets.is_some() { 4 } else { 1 };
    let submodels = masks
        .saturating_mul(enumerations)
        .saturating_add(sampling.monte_carlo.unwrap_or(0))
        .saturating_mul(inputs.len() as u64);
    let rows = if submodels >= LONG && std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{wide_bar} {percent} % of {len} sub-models, {eta} left")?;
        let bar = ProgressBar::new(submodels).with_style(style);
        let rows = all_rows(&work, &Counted { network: model.network(), bar: &bar }, inputs);
        bar.finish_and_clear();
        rows
    } else {
        all_rows(&work, model.network(), inputs)
    };
    // The first input that fails, whichever thread was first.
    let predictions = rows.into_iter().enumerate().map(|(row, prediction)| {
        prediction.map_err(|why| Failure::CouldNotRun(format!("input {row} (counted from 0): {why}")))
    });
    Ok(Report {
        masks: Masks::of(units),
        units,
        method: chosen.into(),
        predictions: predictions.collect::<Result<_, _>>()?,
    })
}

/// What is done for every input.
struct Work<'a> {
    sampling: &'a Sampling,
    model: &'a Model,
    targets: Option<&'a [DVector<f64>]>,
    chosen: &'a Chosen,
    /// The means over all masks, where they are known already.
    known: Option<&'a [Means<f64>]>,
}

/// Every input's predictions, or what is wrong with them.
fn all_rows<N: Network<f64>>(work: &Work<'_>, network: &N, inputs: &[DVector<f64>]) -> Vec<Result<Prediction, String>> {
    let one_row = |(row, x)| one_row(work, network, row, x).map_err(|error| error.to_string()).and_then(finite);
    inputs.par_iter().enumerate().map(one_row).collect()
}

fn one_row<N: Network<f64>>(
    work: &Work<'_>,
    network: &N,
    row: usize,
    x: &DVector<f64>,
) -> dropout_oracle::Result<Prediction> {
    let &Work { sampling, model, targets, chosen, known } = work;
    let ensemble = Ensemble::new(network, model.head(), model.law())?;
    let list = |v: DVector<f64>| v.as_slice().to_vec();
    let sampled = |samples| {
        let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
        rng.set_stream(row as u64);
        let estimate = ensemble.monte_carlo(x, samples, &mut rng)?;
        let standard_error = estimate.standard_error.map(list);
        Ok(MonteCarlo { samples, mean: list(estimate.mean), standard_error })
    };
    let monte_carlo = sampling.monte_carlo.map(sampled).transpose()?;
    let mut prediction = Prediction {
        arithmetic_mean: None,
        arithmetic_mean_error: None,
        geometric_mean: None,
        log_geometric_mass: None,
        weight_scaling: list(ensemble.weight_scaling(x)?),
        negative_log_likelihood: None,
        monte_carlo,
        certified: None,
    };
    if let Way::Mean(method) = chosen.way {
        let means = method.arithmetic_mean(model, x)?;
        prediction.arithmetic_mean = Some(means.iter().map(|mean| mean.value).collect());
        prediction.arithmetic_mean_error = Some(means.iter().map(|mean| mean.error).collect());
    }
    let means = match (&chosen.way, known) {
        (Way::Definition, _) => Some(ensemble.predict(x)?),
        (_, known) => known.map(|known| known[row].clone()),
    };
    if let Some(means) = means {
        prediction.arithmetic_mean = Some(list(means.arithmetic_mean));
        prediction.geometric_mean = Some(list(means.geometric_mean.expected));
        prediction.log_geometric_mass = Some(means.geometric_mean.log_mass);
    }
    if let Some(target) = targets.map(|targets| &targets[row]) {
        prediction.negative_log_likelihood = Some(match chosen.way {
            Way::Mean(method) => losses_by(method, model, x, target)?,
            _ => losses_by_definition(ensemble.losses(x, target)?, prediction.log_geometric_mass),
        });
    }
    Ok(prediction)
}

/// The losses from the three predictions' and ln Z = −R.
fn losses_by_definition(of: Losses<f64>, log_mass: Option<f64>) -> TargetLosses {
    let disagreement = -log_mass.expect("the definition gives the geometric mass");
    TargetLosses {
        expected: of.geometric_mean + disagreement,
        disagreement,
        arithmetic_mean: Some(of.arithmetic_mean),
        geometric_mean: of.geometric_mean,
        weight_scaling: of.weight_scaling,
        error: None,
    }
}

/// The losses without enumeration.
fn losses_by(
    method: Method,
    model: &Model,
    x: &DVector<f64>,
    target: &DVector<f64>,
) -> dropout_oracle::Result<TargetLosses> {
    let of = method.losses(model, x, target)?;
    let Decomposition { expected_loss, geometric_loss, disagreement } = of.decomposition;
    let scaled = model.ensemble().weight_scaled_output(x)?;
    Ok(TargetLosses {
        expected: expected_loss.value,
        disagreement: disagreement.value,
        arithmetic_mean: of.arithmetic_mean.map(|loss| loss.value),
        geometric_mean: geometric_loss.value,
        weight_scaling: -model.head().log_probability(&scaled, target)?,
        error: Some(LossErrors {
            expected: expected_loss.error,
            disagreement: disagreement.error,
            arithmetic_mean: of.arithmetic_mean.map(|loss| loss.error),
            geometric_mean: geometric_loss.error,
        }),
    })
}

/// Refuses a prediction that overflowed.
fn finite(prediction: Prediction) -> Result<Prediction, String> {
    match prediction.not_finite() {
        Some((name, value)) => Err(format!("the {name} is {value}: the network's outputs are too large for f64")),
        None => Ok(prediction),
    }
}

/// A network that tells a progress bar about every sub-model.
struct Counted<'a> {
    network: &'a Mlp<f64>,
    bar: &'a ProgressBar,
}

impl Network<f64> for Counted<'_> {
    fn inputs(&self) -> usize {
        self.network.inputs()
    }
    fn units(&self) -> usize {
        Network::units(self.network)
    }
    fn outputs(&self) -> usize {
        self.network.outputs()
    }
    fn output(&self, x: &DVector<f64>, multipliers: &DVector<f64>) -> dropout_oracle::Result<DVector<f64>> {
        self.bar.inc(1);
        self.network.output(x, multipliers)
    }
}
