//! Independent networks of the same configuration, to compare the one with.

use super::config::{Config, Precision};
use dropout_oracle::data::Examples;
use dropout_oracle::train::committee::Resampling;
use dropout_oracle::train::{Committee, Training};
use dropout_oracle::trainer::committee;
use dropout_oracle::{Error, Model};
use std::path::{Path, PathBuf};

/// Where the members go: NET.0.json, NET.1.json and so on, beside NET.json.
pub fn files(config: &Config, net: &Path) -> Vec<PathBuf> {
    let members = config.committee.map_or(0, |spec| spec.members);
    (0..members).map(|k| net.with_extension(format!("{k}.json"))).collect()
}

/// The committee that is asked for, each member from `untrained` at its own seed.
pub fn train(
    config: &Config,
    training: &Training,
    examples: &Examples,
    untrained: impl Fn(u64) -> Result<Model, Error> + Sync,
) -> Result<Option<Committee>, Error> {
    let Some(spec) = config.committee else { return Ok(None) };
    let resampling = if spec.bootstrap { Resampling::Bootstrap } else { Resampling::None };
    let trained = match config.precision() {
        Precision::F32 => committee::<f32>(training, spec.members, resampling, examples, untrained),
        Precision::F64 => committee::<f64>(training, spec.members, resampling, examples, untrained),
    };
    trained.map(Some)
}
