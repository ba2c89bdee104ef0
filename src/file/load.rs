//! From a manifest and its weights to a [`Model`].

use super::manifest::{Keep, LayerSpec, Layout, Manifest};
use super::tensors::{Tensor, Tensors};
use super::{FileError, read};
use crate::model::Model;
use crate::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector};
use std::path::Path;

/// Reads a network: a manifest and the safetensors file that it names, relative to the manifest's own folder.
///
/// The format is described by `schemas/network-1.schema.json`. Weights of f64, f32, f16 and bfloat16 become f64 without
/// rounding. A unit whose KEEP probability is 1 is never dropped, so it is not one of the droppable units: a network
/// with n keep probabilities below 1 has 2^n masks.
///
/// # Errors
/// A [`FileError`] for whatever is wrong with either file, with the place and what would be right.
pub fn load_model(path: impl AsRef<Path>) -> Result<Model, FileError> {
    let path = path.as_ref();
    let place = path.display().to_string();
    let manifest = Manifest::parse(&read(path)?, &place)?;
    let weights = path.with_file_name(&manifest.weights);
    let bytes = read(&weights)?;
    let weights = weights.display().to_string();
    Builder { place: &place, tensors: Tensors::parse(&bytes, &weights)?, width: manifest.inputs, keep: Vec::new() }
        .build(manifest)
}

/// The network as far as it is built.
struct Builder<'a> {
    place: &'a str,
    tensors: Tensors<'a>,
    /// How many numbers the layers so far give.
    width: usize,
    /// KEEP probabilities of the droppable units so far.
    keep: Vec<f64>,
}

impl Builder<'_> {
    fn build(mut self, manifest: Manifest) -> Result<Model, FileError> {
        let specs = manifest.layers.iter().enumerate();
        let layers = specs.map(|(index, spec)| self.layer(index, spec)).collect::<Result<_, _>>()?;
        let model = |source| FileError::Model { place: self.place.into(), source };
        let network = Mlp::new(manifest.inputs, layers).map_err(model)?;
        Model::new(network, manifest.head, self.keep.into(), manifest.convention).map_err(model)
    }

    fn layer(&mut self, index: usize, spec: &LayerSpec) -> Result<Layer<f64>, FileError> {
        let unit = |unit: PiecewiseLinear| Ok(Layer::Unit(unit.into()));
        match spec {
            LayerSpec::Dropout { keep } => self.dropout(index, keep),
            LayerSpec::Linear { weight, bias, layout } => self.linear(index, weight, bias.as_deref(), *layout),
            LayerSpec::Identity => unit(PiecewiseLinear::Identity),
            LayerSpec::Relu => unit(PiecewiseLinear::Relu),
            LayerSpec::Tanh => Ok(Layer::Unit(Activation::Tanh)),
            LayerSpec::Sigmoid => Ok(Layer::Unit(Activation::Logistic)),
            LayerSpec::Maxout(pieces) => {
                let pieces = pieces.get();
                if !self.width.is_multiple_of(pieces) {
                    let why = format!("{pieces} maxout pieces do not divide the {} numbers before", self.width);
                    return Err(self.wrong(index, why));
                }
                self.width /= pieces;
                unit(PiecewiseLinear::Maxout { pieces })
            }
        }
    }

    fn dropout(&mut self, index: usize, keep: &Keep) -> Result<Layer<f64>, FileError> {
        let bad = |keep: &f64| !(*keep > 0.0 && *keep <= 1.0);
        let must = "it must lie in (0, 1]: it is the probability of KEEPING a unit, 1 minus the drop rate";
        let keep = match keep {
            Keep::All(keep) if bad(keep) => return Err(self.wrong(index, format!("keep is {keep}; {must}"))),
            Keep::All(keep) => vec![*keep; self.width],
            Keep::Each(keep) if keep.len() != self.width => {
                let why = format!("keep has length {} for {} units; give one a unit", keep.len(), self.width);
                return Err(self.wrong(index, why));
            }
            Keep::Each(keep) => keep.clone(),
        };
        if let Some(unit) = keep.iter().position(bad) {
            return Err(self.wrong(index, format!("keep of unit {unit} is {}; {must}", keep[unit])));
        }
        let droppable: Vec<usize> = (0..self.width).filter(|&unit| keep[unit] < 1.0).collect();
        self.keep.extend(droppable.iter().map(|&unit| keep[unit]));
        Ok(Layer::Dropout(droppable))
    }

    fn linear(
        &mut self,
        index: usize,
        weight: &str,
        bias: Option<&str>,
        layout: Layout,
    ) -> Result<Layer<f64>, FileError> {
        let weight = self.weight(index, weight, layout)?;
        self.width = weight.nrows();
        let bias = bias.map_or(Ok(DVector::zeros(self.width)), |name| self.bias(index, name))?;
        let affine = Affine::new(weight, bias);
        affine.map(Layer::Affine).map_err(|source| FileError::Model { place: self.place.into(), source })
    }

    /// The weight that takes [`Builder::width`] numbers, outputs × inputs.
    fn weight(&self, index: usize, name: &str, layout: Layout) -> Result<DMatrix<f64>, FileError> {
        let Tensor { shape, values } = self.tensors.get(name)?;
        let width = self.width;
        let (layout, needed, other, other_axis) = match (layout, &shape[..]) {
            (Layout::OutIn, &[outputs @ (1..), inputs]) if inputs == width => {
                return Ok(DMatrix::from_row_slice(outputs, inputs, &values));
            }
            (Layout::InOut, &[inputs, outputs @ (1..)]) if inputs == width => {
                return Ok(DMatrix::from_column_slice(outputs, inputs, &values));
            }
            (Layout::OutIn, _) => ("out_in", format!("[outputs, {width}]"), "in_out", 0),
            (Layout::InOut, _) => ("in_out", format!("[{width}, outputs]"), "out_in", 1),
        };
        let mut why = format!("weight {name:?} has shape {shape:?}; layout {layout:?} needs {needed} here");
        if shape.len() == 2 && shape[other_axis] == width {
            why += &format!(", and \"layout\": {other:?} would fit");
        }
        Err(self.wrong(index, why))
    }

    /// The bias of a weight that gives [`Builder::width`] numbers.
    fn bias(&self, index: usize, name: &str) -> Result<DVector<f64>, FileError> {
        let Tensor { shape, values } = self.tensors.get(name)?;
        if shape != [self.width] {
            let why = format!("bias {name:?} has shape {shape:?}; its weight needs [{}]", self.width);
            return Err(self.wrong(index, why));
        }
        Ok(values.into())
    }

    fn wrong(&self, layer: usize, why: String) -> FileError {
        FileError::Layer { place: self.place.into(), layer, why }
    }
}
