//! Which networks the trainer takes.

use super::masks::KeepProbability;
use super::noise::{NoiseKind, NoiseLaw};
use super::units::Units;
use crate::error::{Error, Result};
use crate::model::{Convention, HeadKind, Model};
use crate::network::{Activation, Layer, Network};
use crate::train::regulariser::Sparsity;
use crate::train::{Method, Training};

/// A chain of affine layers with units between them, and dropout of whole layers.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) inputs: usize,
    /// One an affine layer.
    pub(super) layers: Vec<PlannedLayer>,
    pub(super) head: HeadKind,
    pub(super) judged: Judged,
    pub(super) sparsity: Option<Sparsity<f64>>,
}

/// Whose output error goes back through the sub-model of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Its own.
    SubModel,
    /// That of the network at the mean multipliers.
    WeightScaling,
    /// That of the mean output of all sub-models. From layer `linear` on the network is linear, so the masks there are as
    /// good as their mean.
    Ensemble { linear: usize },
}

/// An affine layer with what comes before and after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedLayer {
    /// The noise of the layer's inputs.
    pub(super) noise: NoiseLaw,
    pub(super) keep: KeepProbability,
    pub(super) outputs: usize,
    pub(super) units: Units,
}

/// The ensemble of the step of dropout boosting is enumerated over at most so many units: about a million passes a step.
const MOST_ENUMERATED: usize = 20;

fn unsupported(what: String, value: String, must: &'static str) -> Error {
    Error::Domain { what, value, must }
}

impl Plan {
    /// What the trainer has to do for `model` under `training`.
    pub(super) fn new(model: &Model, training: &Training) -> Result<Self> {
        let kind = match training.method {
            Method::Plain => NoiseKind::Mean,
            Method::Dropout | Method::Boosting | Method::BoostingWeightScaled => NoiseKind::Masks,
            Method::Gaussian => NoiseKind::Gaussian,
            Method::DropConnect => NoiseKind::Weights,
        };
        let (mut layers, mut dropout, mut used, mut width) = (Vec::new(), None, 0, model.network().inputs());
        for (number, layer) in model.network().layers().iter().enumerate() {
            match layer {
                Layer::Dropout(units) => {
                    let keep = &model.keep().as_slice()[used..used + units.len()];
                    used += units.len();
                    let all = units.iter().copied().eq(0..width) && keep.iter().all(|p| *p == keep[0]);
                    if !all || dropout.is_some() {
                        return Err(unsupported(
                            format!("dropout layer {number} of the network"),
                            format!("{} of {width} units", units.len()),
                            "the only one there, and drop every unit, in order and with one probability",
                        ));
                    }
                    dropout = Some(NoiseLaw::of(kind, keep[0], model.convention()));
                }
                Layer::Affine(affine) => {
                    width = affine.outputs();
                    let noise = dropout.take().unwrap_or(NoiseLaw::NONE);
                    let keep = KeepProbability::new(noise.keep)?;
                    layers.push(PlannedLayer { noise, keep, outputs: width, units: Units::Linear });
                }
                Layer::Unit(unit) => match (Units::new(*unit), layers.last_mut()) {
                    (Some(Units::Linear), _) => {}
                    (Some(units), Some(last)) if dropout.is_none() && last.units == Units::Linear => last.units = units,
                    _ => {
                        return Err(unsupported(
                            format!("unit layer {number} of the network"),
                            format!("{unit:?}"),
                            "Identity, Relu, Tanh or Logistic, right after an affine layer",
                        ));
                    }
                },
            }
        }
        if layers.is_empty() || dropout.is_some() {
            return Err(unsupported(
                "end of the network".into(),
                "no affine layer or dropout of the outputs".into(),
                "an affine layer",
            ));
        }
        let sparsity = training.regularisers.sparsity;
        let outputs_hidden = layers[layers.len() - 1].units == Units::Logistic
            && model.network().layers().last() != Some(&Layer::Unit(Activation::Logistic));
        if sparsity.is_some() && outputs_hidden {
            return Err(unsupported(
                "logistic units of the outputs, with an activity penalty".into(),
                "followed by a layer".into(),
                "the last layer of the network",
            ));
        }
        let inputs = model.network().inputs();
        let judged = judged(training.method, inputs, &layers)?;
        Ok(Self { inputs, layers, head: model.head_kind().clone(), judged, sparsity })
    }
}

fn judged(method: Method, inputs: usize, layers: &[PlannedLayer]) -> Result<Judged> {
    let linear = layers.len() - layers.iter().rev().take_while(|layer| layer.units == Units::Linear).count();
    let widths = std::iter::once(inputs).chain(layers.iter().map(|layer| layer.outputs));
    let enumerated = layers[..linear].iter().zip(widths).map(|(layer, width)| layer.noise.masked(width)).sum();
    match method {
        Method::Boosting if enumerated > MOST_ENUMERATED => Err(Error::TooManyMasks { units: enumerated }),
        Method::Boosting => Ok(Judged::Ensemble { linear }),
        Method::BoostingWeightScaled => Ok(Judged::WeightScaling),
        Method::Plain | Method::Dropout | Method::Gaussian | Method::DropConnect => Ok(Judged::SubModel),
    }
}

impl NoiseLaw {
    /// The noise of this kind in the place of dropout; none where nothing is dropped.
    fn of(kind: NoiseKind, keep: f64, convention: Convention) -> Self {
        let mean = match convention {
            Convention::Inverted => 1.0,
            Convention::Standard => keep,
        };
        if keep < 1.0 { Self { kind, keep, mean } } else { Self::NONE }
    }
}
