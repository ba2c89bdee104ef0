//! Which networks the trainer takes.

use super::masks::KeepProbability;
use crate::error::{Error, Result};
use crate::model::{Convention, HeadKind, Model};
use crate::network::{Activation, Layer, Network, PiecewiseLinear};
use crate::train::{Method, Training};

/// A chain of affine layers with ReLU or identity units between them, and dropout of whole layers.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) inputs: usize,
    /// One an affine layer.
    pub(super) layers: Vec<PlannedLayer>,
    pub(super) head: HeadKind,
}

/// An affine layer with what comes before and after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedLayer {
    /// Dropout of the layer's inputs.
    pub(super) dropout: Option<Dropout>,
    pub(super) outputs: usize,
    /// Whether the units are rectified, else linear.
    pub(super) rectify: bool,
}

/// Dropout of all units of a layer with one probability.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropout {
    pub(super) keep: KeepProbability,
    /// What kept units are multiplied by.
    pub(super) scale: f64,
}

fn unsupported(what: String, value: String, must: &'static str) -> Error {
    Error::Domain { what, value, must }
}

impl Plan {
    /// What the trainer has to do for `model` under `training`.
    pub(super) fn new(model: &Model, training: &Training) -> Result<Self> {
        let dropping = match training.method {
            Method::Dropout => true,
            // Inverted dropout at the mean multipliers is the network as it stands; standard dropout is not.
            Method::Plain => false,
            other => {
                return Err(unsupported(
                    "method of the optimised trainer".into(),
                    format!("{other:?}"),
                    "Plain or Dropout (the reference, Training::run, has the others)",
                ));
            }
        };
        if training.regularisers.sparsity.is_some() {
            return Err(unsupported(
                "activity penalty of the optimised trainer".into(),
                "set".into(),
                "none (the reference, Training::run, has it)",
            ));
        }
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
                    dropout = Dropout::new(keep[0], model.convention(), dropping)?;
                }
                Layer::Affine(affine) => {
                    width = affine.outputs();
                    layers.push(PlannedLayer { dropout: dropout.take(), outputs: width, rectify: false });
                }
                Layer::Unit(unit) => {
                    let rectify = match unit {
                        Activation::PiecewiseLinear(PiecewiseLinear::Identity) => continue,
                        Activation::PiecewiseLinear(PiecewiseLinear::Relu) => true,
                        _ => false,
                    };
                    match layers.last_mut() {
                        Some(last) if rectify && dropout.is_none() && !last.rectify => last.rectify = true,
                        _ => {
                            return Err(unsupported(
                                format!("unit layer {number} of the network"),
                                format!("{unit:?}"),
                                "Relu or Identity, right after an affine layer",
                            ));
                        }
                    }
                }
            }
        }
        if layers.is_empty() || dropout.is_some() {
            return Err(unsupported(
                "end of the network".into(),
                "no affine layer or dropout of the outputs".into(),
                "an affine layer",
            ));
        }
        Ok(Self { inputs: model.network().inputs(), layers, head: model.head_kind().clone() })
    }
}

impl Dropout {
    /// With `dropping` the masks of the keep probability, else their mean; nothing where that changes nothing.
    fn new(keep: f64, convention: Convention, dropping: bool) -> Result<Option<Self>> {
        let kept = KeepProbability::new(if dropping { keep } else { 1.0 })?;
        let scale = match (convention, dropping) {
            (Convention::Inverted, true) => 1.0 / keep,
            (Convention::Inverted, false) | (Convention::Standard, true) => 1.0,
            (Convention::Standard, false) => keep,
        };
        Ok((dropping && keep < 1.0 || scale != 1.0).then_some(Self { keep: kept, scale }))
    }
}
