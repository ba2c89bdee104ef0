//! Fast enumeration in parts: with progress, checkpoints and shards.

use super::{Args, Failure};
use dropout_oracle::Model;
use dropout_oracle::ensemble::Prediction;
use dropout_oracle::file::Output;
use dropout_oracle::kernel::{Enumeration, Sums};
use dropout_oracle::shard::{Partial, Shard, merge};
use indicatif::{ProgressBar, ProgressStyle};
use nalgebra::DVector;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The predictions for all inputs, or none if this is one shard of several, which is then in its file.
pub fn predict(args: &Args, model: &Model, inputs: &[DVector<f64>]) -> Result<Option<Vec<Prediction<f64>>>, Failure> {
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let mut partial = Partial::new(model, inputs, shard)?;
    let output = args.checkpoint.as_ref().map(Output::new).transpose()?;
    if let Some(path) = &args.checkpoint {
        partial.resume(path)?;
    }
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(1) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{wide_bar} {percent} % of {len} parts, {per_sec}, {eta} left")?);
    let (every, mut written) = (Duration::from_secs(args.every), Instant::now());
    partial.work(model, inputs, |progress, state| {
        bar.set_length(progress.items);
        bar.set_position(progress.done);
        if let Some(output) = output.as_ref().filter(|_| progress.done == progress.items || written.elapsed() >= every)
        {
            output.write(&state.to_bytes())?;
            written = Instant::now();
        }
        Ok(ControlFlow::Continue(()))
    })?;
    bar.finish_and_clear();
    if shard.of() > 1 {
        if let Some(output) = &output {
            output.write(&partial.to_bytes())?;
        }
        return Ok(None);
    }
    let parts = [(args.checkpoint.clone().unwrap_or_default(), partial)];
    predictions(model, inputs, merge(&parts)?).map(Some)
}

/// The predictions from the files of all shards.
pub fn merged(model: &Model, inputs: &[DVector<f64>], files: &[PathBuf]) -> Result<Vec<Prediction<f64>>, Failure> {
    let here = Partial::new(model, inputs, Shard::WHOLE)?;
    let mut parts = Vec::with_capacity(files.len());
    for file in files {
        let part = Partial::load(file)?;
        here.same_work(&part, file)?;
        parts.push((file.clone(), part));
    }
    predictions(model, inputs, merge(&parts)?)
}

fn predictions(model: &Model, inputs: &[DVector<f64>], sums: Vec<Sums>) -> Result<Vec<Prediction<f64>>, Failure> {
    let rows = inputs.iter().zip(sums).enumerate().map(|(row, (x, sums))| {
        let prediction = Enumeration::new(model, x).and_then(|enumeration| enumeration.prediction(&sums));
        prediction.map_err(|why| Failure::CouldNotRun(format!("input {row} (counted from 0): {why}")))
    });
    rows.collect()
}
