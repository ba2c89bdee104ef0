//! The predictions for all inputs, in parallel and in the same bits for any number of threads.

use super::report::{Masks, MonteCarlo, Prediction, Report};
use super::{Args, Failure};
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
    args: &Args,
    model: &Model,
    inputs: &[DVector<f64>],
    targets: Option<&[DVector<f64>]>,
) -> Result<Report, Failure> {
    let units = model.keep().len();
    let masks = if args.no_enumeration { 0 } else { 1u64 << units };
    // The losses take three enumerations more.
    let enumerations = if targets.is_some() { 4 } else { 1 };
    let submodels = masks
        .saturating_mul(enumerations)
        .saturating_add(args.monte_carlo.unwrap_or(0))
        .saturating_mul(inputs.len() as u64);
    let rows = if submodels >= LONG && std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{wide_bar} {percent} % of {len} sub-models, {eta} left")?;
        let bar = ProgressBar::new(submodels).with_style(style);
        let rows = all_rows(args, model, &Counted { network: model.network(), bar: &bar }, inputs, targets);
        bar.finish_and_clear();
        rows
    } else {
        all_rows(args, model, model.network(), inputs, targets)
    };
    // The first input that fails, whichever thread was first.
    let predictions = rows.into_iter().enumerate().map(|(row, prediction)| {
        prediction.map_err(|why| Failure::CouldNotRun(format!("input {row} (counted from 0): {why}")))
    });
    Ok(Report { masks: Masks::of(units), units, predictions: predictions.collect::<Result<_, _>>()? })
}

/// Every input's predictions, or what is wrong with them.
fn all_rows<N: Network<f64>>(
    args: &Args,
    model: &Model,
    network: &N,
    inputs: &[DVector<f64>],
    targets: Option<&[DVector<f64>]>,
) -> Vec<Result<Prediction, String>> {
    let target = |row: usize| targets.map(|targets| &targets[row]);
    let one_row = |(row, x)| {
        one_row(args, model, network, (row, x, target(row))).map_err(|error| error.to_string()).and_then(finite)
    };
    inputs.par_iter().enumerate().map(one_row).collect()
}

fn one_row<N: Network<f64>>(
    args: &Args,
    model: &Model,
    network: &N,
    (row, x, target): (usize, &DVector<f64>, Option<&DVector<f64>>),
) -> dropout_oracle::Result<Prediction> {
    let ensemble = Ensemble::new(network, model.head(), model.law())?;
    let list = |v: DVector<f64>| v.as_slice().to_vec();
    let sampled = |samples| {
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        rng.set_stream(row as u64);
        let estimate = ensemble.monte_carlo(x, samples, &mut rng)?;
        let standard_error = estimate.standard_error.map(list);
        Ok(MonteCarlo { samples, mean: list(estimate.mean), standard_error })
    };
    let monte_carlo = args.monte_carlo.map(sampled).transpose()?;
    if args.no_enumeration {
        let weight_scaling = list(ensemble.weight_scaling(x)?);
        let (arithmetic_mean, geometric_mean, log_geometric_mass) = (None, None, None);
        return Ok(Prediction {
            arithmetic_mean,
            geometric_mean,
            log_geometric_mass,
            weight_scaling,
            negative_log_likelihood: None,
            monte_carlo,
            certified: None,
        });
    }
    let means = ensemble.predict(x)?;
    let losses = target.map(|target| ensemble.losses(x, target)).transpose()?;
    Ok(Prediction {
        arithmetic_mean: Some(list(means.arithmetic_mean)),
        geometric_mean: Some(list(means.geometric_mean.expected)),
        log_geometric_mass: Some(means.geometric_mean.log_mass),
        weight_scaling: list(means.weight_scaling),
        negative_log_likelihood: losses.map(|of| super::certified::each(&of, |loss| *loss)),
        monte_carlo,
        certified: None,
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
