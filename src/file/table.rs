//! Data of any width, from whichever kind of file.

use super::error::finite;
use super::inputs::array;
use super::{FileError, idx, read};
use std::path::Path;

/// Rows of finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: usize,
    values: Vec<f64>,
}

impl Table {
    /// Numbers a row, at least one.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The rows, at least one.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }
}

/// The rows of a .npy, .npz or .csv file, as [`load_inputs`](super::load_inputs) reads them, or of an IDX file (MNIST's
/// format: any other name with "idx" in it).
///
/// All axes but the first are joined: 60000 images of 28 × 28 pixels are as many rows of 784 numbers. An array of one
/// axis has one number a row, as labels come.
///
/// ```
/// use dropout_oracle::file::load_table;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("labels-idx1-ubyte");
/// std::fs::write(&path, [0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4])?;
/// let labels = load_table(&path, None)?;
/// assert_eq!(labels.rows().collect::<Vec<_>>(), [[5.0], [0.0], [4.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`FileError`] for whatever is wrong with the file, with the place and what would be right.
pub fn load_table(path: impl AsRef<Path>, name: Option<&str>) -> Result<Table, FileError> {
    let path = path.as_ref();
    let is_idx = path.file_name().is_some_and(|name| name.to_string_lossy().contains("idx"));
    let (numbers, place) = match array(path, name) {
        Err(FileError::UnknownInputs { .. }) if is_idx => {
            let place = path.display().to_string();
            (idx::parse(&read(path)?, &place)?, place)
        }
        other => other?,
    };
    if numbers.values.is_empty() {
        return Err(FileError::Inputs { place, why: "it holds no numbers; give at least one row".into() });
    }
    finite(&place, &numbers.shape, &numbers.values)?;
    let columns = numbers.shape.iter().skip(1).product();
    Ok(Table { columns, values: numbers.values })
}
