//! From a [`Model`] to a manifest and its weights.

use super::manifest::{FORMAT, Keep, LayerSpec, Layout, Manifest};
use super::tensors::{Tensor, serialize};
use super::{FileError, Output};
use crate::model::Model;
use crate::network::{Activation, Layer, Network, PiecewiseLinear};
use std::num::NonZeroUsize;
use std::path::Path;

/// Writes a network as the manifest `path` and, beside it, a safetensors file of the same name.
///
/// Weights are f64, so [`load_model`](super::load_model) gives the same bits back. They are named as by a PyTorch
/// `nn.Sequential` of the same layers, each activation and dropout counted: `0.weight`, `0.bias`, `2.weight`. The file
/// numbers the droppable units of a layer in their order, and holds those with KEEP probability 1 as never dropped.
///
/// ```
/// use dropout_oracle::file::{load_model, save_model};
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use nalgebra::{dmatrix, dvector};
/// let affine = Affine::new(dmatrix![1.0, 2.0; 0.1, 0.2], dvector![0.0, 0.5])?;
/// let network = Mlp::new(2, vec![Layer::dropout(2), Layer::Affine(affine)])?;
/// let model = Model::new(network, HeadKind::Softmax, dvector![0.5, 0.8], Convention::Inverted)?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("net.json"); // and net.safetensors
/// save_model(&model, &path)?;
/// assert_eq!(load_model(&path)?.network(), model.network());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`FileError::Write`] if a file cannot be written; then neither is left half-written.
pub fn save_model(model: &Model, path: impl AsRef<Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    let weights_path = path.with_extension("safetensors");
    let cannot = |why: &str| FileError::Write { path: path.into(), why: why.into() };
    if weights_path == path {
        return Err(cannot("this is where the weights go; name the manifest .json"));
    }
    let Some(weights) = weights_path.file_name().and_then(|name| name.to_str()) else {
        return Err(cannot("a manifest needs a file name in UTF-8"));
    };
    let (layers, tensors) = describe(model);
    let manifest = Manifest {
        format: FORMAT.into(),
        inputs: model.network().inputs(),
        weights: weights.into(),
        convention: model.convention(),
        layers,
        head: model.head_kind().clone(),
    };
    let mut json = serde_json::to_vec_pretty(&manifest).map_err(|error| cannot(&error.to_string()))?;
    json.push(b'\n');
    let (manifest, weights) = (Output::new(path)?, Output::new(&weights_path)?);
    weights.write(&serialize(&tensors).map_err(|error| cannot(&error.to_string()))?)?;
    manifest.write(&json)
}

/// The layers, and the tensors that they name.
fn describe(model: &Model) -> (Vec<LayerSpec>, Vec<(String, Tensor)>) {
    let (mut width, mut used, mut tensors) = (model.network().inputs(), 0, Vec::new());
    let layers = model.network().layers().iter().enumerate().map(|(index, layer)| match layer {
        Layer::Dropout(dropped) => {
            let mut keep = vec![1.0; width];
            for &unit in dropped {
                keep[unit] = model.keep()[used];
                used += 1;
            }
            let alike = keep.iter().all(|p| *p == keep[0]);
            LayerSpec::Dropout { keep: if alike { Keep::All(keep[0]) } else { Keep::Each(keep) } }
        }
        Layer::Affine(affine) => {
            width = affine.outputs();
            let (weight, bias) = (format!("{index}.weight"), format!("{index}.bias"));
            let shape = vec![affine.outputs(), affine.inputs()];
            // The columns of the transpose are the rows.
            let values = affine.weight.transpose().as_slice().to_vec();
            tensors.push((weight.clone(), Tensor { shape, values }));
            tensors.push((bias.clone(), Tensor { shape: vec![width], values: affine.bias.as_slice().to_vec() }));
            LayerSpec::Linear { weight, bias: Some(bias), layout: Layout::OutIn }
        }
        Layer::Unit(Activation::Tanh) => LayerSpec::Tanh,
        Layer::Unit(Activation::Logistic) => LayerSpec::Sigmoid,
        Layer::Unit(Activation::PiecewiseLinear(unit)) => match unit {
            PiecewiseLinear::Identity => LayerSpec::Identity,
            PiecewiseLinear::Relu => LayerSpec::Relu,
            PiecewiseLinear::Maxout { pieces } => {
                width /= pieces;
                LayerSpec::Maxout(NonZeroUsize::new(*pieces).expect("a network has no maxout without pieces"))
            }
        },
    });
    let layers = layers.collect();
    (layers, tensors)
}
