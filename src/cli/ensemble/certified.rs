//! What `--certified` adds: enclosures of the real numbers, and bounds on the rounding errors of the printed ones.

use super::report::{Bounds, Certified, Divergences, Enclosure, Losses, Report};
use super::{Args, Failure};
use dropout_oracle::Model;
use dropout_oracle::certified::{Bounded, CertifiedModel, Interval, losses_with_bounds, predict_with_bounds};
use dropout_oracle::ensemble::Losses as Of;
use indicatif::{ProgressBar, ProgressStyle};
use nalgebra::DVector;
use rayon::prelude::*;
use std::io::IsTerminal;

/// Significant decimal digits of an enclosure: its ends carry 160 bits, 48 digits.
const DIGITS: usize = 40;

/// The model over intervals.
pub fn model(args: &Args, model: &Model) -> Result<CertifiedModel, Failure> {
    CertifiedModel::new(model)
        .map_err(|why| Failure::CouldNotRun(format!("{}: {why}; leave --certified out", args.source.net.display())))
}

/// Encloses every prediction of the report.
pub fn enclose(
    model: &Model,
    certified: &CertifiedModel,
    inputs: &[DVector<f64>],
    targets: Option<&[DVector<f64>]>,
    report: &mut Report,
) -> Result<(), Failure> {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(inputs.len() as u64) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{wide_bar} {pos} of {len} inputs enclosed, {eta} left")?);
    let one = |(row, x): (usize, &DVector<f64>)| one_row(model, certified, x, targets.map(|targets| &targets[row]));
    let rows: Vec<_> = inputs.par_iter().enumerate().map(one).inspect(|_| bar.inc(1)).collect();
    bar.finish_and_clear();
    for (row, (prediction, enclosed)) in report.predictions.iter_mut().zip(rows).enumerate() {
        let enclosed = enclosed.map_err(|why| Failure::CouldNotRun(format!("input {row} (counted from 0): {why}")))?;
        prediction.certified = Some(enclosed);
    }
    Ok(())
}

fn one_row(
    model: &Model,
    certified: &CertifiedModel,
    x: &DVector<f64>,
    target: Option<&DVector<f64>>,
) -> dropout_oracle::Result<Certified> {
    let enclosed = certified.predict(x)?;
    let bounded = predict_with_bounds(model, x)?;
    let losses = target.map(|y| certified.losses(x, y, &enclosed)).transpose()?;
    let loss_bounds = target.map(|y| losses_with_bounds(model, x, y)).transpose()?;
    let all = |numbers: &DVector<Interval>| numbers.iter().map(enclosure).collect();
    let bounds = |numbers: &DVector<Bounded>| numbers.iter().map(|number| number.bound()).collect();
    Ok(Certified {
        arithmetic_mean: all(&enclosed.arithmetic_mean),
        geometric_mean: all(&enclosed.geometric_mean),
        log_geometric_mass: enclosure(&enclosed.log_geometric_mass),
        weight_scaling: all(&enclosed.weight_scaling),
        divergence_from_arithmetic_mean: enclosed.divergences.map(|of| Divergences {
            geometric_mean: enclosure(&of.geometric_mean),
            weight_scaling: enclosure(&of.weight_scaling),
        }),
        negative_log_likelihood: losses.map(|of| each(&of, enclosure)),
        error_bounds: Bounds {
            arithmetic_mean: bounds(&bounded.arithmetic_mean),
            geometric_mean: bounds(&bounded.geometric_mean.expected),
            log_geometric_mass: bounded.geometric_mean.log_mass.bound(),
            weight_scaling: bounds(&bounded.weight_scaling),
            negative_log_likelihood: loss_bounds.map(|of| each(&of, |number| number.bound())),
        },
    })
}

/// The losses under the three predictions, as the report has them.
pub fn each<T, U>(of: &Of<T>, f: impl Fn(&T) -> U) -> Losses<U> {
    Losses {
        arithmetic_mean: f(&of.arithmetic_mean),
        geometric_mean: f(&of.geometric_mean),
        weight_scaling: f(&of.weight_scaling),
    }
}

fn enclosure(interval: &Interval) -> Enclosure {
    let (lo, hi) = interval.to_decimals(DIGITS);
    Enclosure { lo, hi, f64: interval.to_f64s().into() }
}
