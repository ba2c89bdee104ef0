//! What can be wrong with a file, each with the place and what would be right.

use std::path::PathBuf;

/// A file that cannot be read or written, or whose contents are not what they should be.
///
/// `place` says where: the file, and where it helps the array, tensor, row or line in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says, or what stands in the way.
        why: String,
    },
    /// A manifest that is not JSON, or has a field, a layer or a value that the format does not know.
    #[error("{place} is not a network manifest: {why}")]
    Manifest {
        /// The manifest.
        place: String,
        /// What is wrong, with line and column.
        why: String,
    },
    /// A layer that does not fit what comes before it.
    #[error("{place}: layer {layer} (counted from 0): {why}")]
    Layer {
        /// The manifest.
        place: String,
        /// Index of the layer.
        layer: usize,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A safetensors file whose header and data do not agree.
    #[error("{place} is not a sound safetensors file: {why}; save it again")]
    Safetensors {
        /// The file.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A tensor that the manifest names and the weights lack.
    #[error("{place} has no tensor {name:?}; it has {}", list(names))]
    NoTensor {
        /// The weights.
        place: String,
        /// The tensor.
        name: String,
        /// The tensors there are.
        names: Vec<String>,
    },
    /// Numbers of a kind that is not read.
    #[error("{place} has dtype {found}; convert it to one of {supported}")]
    Dtype {
        /// The array or tensor.
        place: String,
        /// Its kind.
        found: String,
        /// The kinds that are read.
        supported: &'static str,
    },
    /// A NaN or an infinity.
    #[error("{place} is {value}; every number must be finite")]
    NotFinite {
        /// The entry.
        place: String,
        /// What was found.
        value: f64,
    },
    /// A file of inputs of a kind that is not read.
    #[error("{}: inputs are read from .npy, .npz and .csv files; rename or convert it", path.display())]
    UnknownInputs {
        /// The file.
        path: PathBuf,
    },
    /// A .npy array or .npz archive that is cut short or otherwise broken.
    #[error("{place} is not a sound NumPy file: {why}; save it again with numpy.save or numpy.savez")]
    NumPy {
        /// The file, or the array in it.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// An IDX file that is cut short or otherwise broken, or no such file.
    #[error("{place} is not a sound IDX file: {why}")]
    Idx {
        /// The file.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// An archive in which it is not clear which array holds the inputs.
    #[error("{place}: {why}; its arrays are {}", list(names))]
    WhichArray {
        /// The archive.
        place: String,
        /// What is unclear.
        why: String,
        /// The arrays there are.
        names: Vec<String>,
    },
    /// A CSV file that cannot be split into cells, or a cell that is not a number.
    #[error("{place}: {why}")]
    Csv {
        /// The file, line and column.
        place: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// Inputs of another length than the network takes, or none at all.
    #[error("{place}: {why}")]
    Inputs {
        /// The file, or the array in it.
        place: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A journal of trials that does not belong to the run that would go on with it.
    #[error("{place}: {why}; choose another folder, or remove the file to begin again")]
    Journal {
        /// The journal and the line.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A network that cannot be built from the manifest.
    #[error("{place}: {source}")]
    Model {
        /// The manifest.
        place: String,
        /// What is wrong.
        source: crate::Error,
    },
}

/// "a", "b" and so on, or that there is nothing.
fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    }
}

/// Errors if an entry of a row-major array is NaN or infinite, with its indices.
pub(super) fn finite(place: &str, shape: &[usize], values: &[f64]) -> Result<(), FileError> {
    let Some(mut at) = values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let value = values[at];
    let mut index = vec![0; shape.len()];
    for (index, size) in index.iter_mut().zip(shape).rev() {
        (*index, at) = (at % size, at / size);
    }
    Err(FileError::NotFinite { place: format!("{place}{index:?}"), value })
}
