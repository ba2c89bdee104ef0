//! Weights: one safetensors file.

use super::FileError;
use super::error::finite;
use super::number::{decode, from_bf16, from_f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

/// The tensors of a safetensors file, read but not yet converted.
pub struct Tensors<'a> {
    place: &'a str,
    tensors: SafeTensors<'a>,
}

/// A tensor in row-major order.
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// The number types that are read; all of them convert to f64 exactly.
const SUPPORTED: &str = "F64, F32, F16, BF16";

impl<'a> Tensors<'a> {
    /// Checks that the header is sound: offsets within the file, without holes or overlaps, and as many bytes as each
    /// shape and dtype need.
    pub fn parse(bytes: &'a [u8], place: &'a str) -> Result<Self, FileError> {
        match SafeTensors::deserialize(bytes) {
            Ok(tensors) => Ok(Self { place, tensors }),
            Err(error) => Err(FileError::Safetensors { place: place.into(), why: explain(&error) }),
        }
    }

    /// The finite numbers of a tensor.
    pub fn get(&self, name: &str) -> Result<Tensor, FileError> {
        let Ok(view) = self.tensors.tensor(name) else {
            let mut names: Vec<_> = self.tensors.names().into_iter().map(String::from).collect();
            names.sort();
            return Err(FileError::NoTensor { place: self.place.into(), name: name.into(), names });
        };
        let place = format!("{}: {name}", self.place);
        let bytes = view.data();
        let values = match view.dtype() {
            Dtype::F64 => decode(bytes, f64::from_le_bytes),
            Dtype::F32 => decode(bytes, |b| f32::from_le_bytes(b).into()),
            Dtype::F16 => decode(bytes, |b| from_f16(u16::from_le_bytes(b))),
            Dtype::BF16 => decode(bytes, |b| from_bf16(u16::from_le_bytes(b))),
            other => return Err(FileError::Dtype { place, found: other.to_string(), supported: SUPPORTED }),
        };
        finite(&place, view.shape(), &values)?;
        Ok(Tensor { shape: view.shape().into(), values })
    }
}

/// A safetensors file of f64 tensors.
pub fn serialize(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, tensor)| tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, tensor), bytes)| Ok((name, TensorView::new(Dtype::F64, tensor.shape.clone(), bytes)?)));
    safetensors::serialize(views.collect::<Result<Vec<_>, SafeTensorError>>()?, None)
}

/// What is wrong, to someone who has not read the format's specification.
fn explain(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => "it has fewer than 8 bytes".into(),
        SafeTensorError::HeaderTooLarge => "its first 8 bytes give the header an impossible length".into(),
        SafeTensorError::InvalidHeaderLength => "its header is longer than the file, which may be cut short".into(),
        SafeTensorError::MetadataIncompleteBuffer => {
            "its tensors need more or fewer bytes than there are, it may be cut short".into()
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("the bytes of tensor {name:?} do not begin where those of the one before end")
        }
        SafeTensorError::TensorInvalidInfo => "a tensor has more or fewer bytes than its shape and dtype need".into(),
        other => other.to_string(),
    }
}
