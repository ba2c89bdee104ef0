//! Inputs of a network, from whichever kind of file.

use super::error::finite;
use super::npy::{self, Array};
use super::{FileError, csv, npz, read};
use nalgebra::DVector;
use std::path::Path;

/// The inputs in a .npy, .npz or .csv file, by its extension: one a row, each of `width` finite numbers.
///
/// Arrays are of shape (inputs, width), in C or Fortran order, of any byte order; an array of shape (width,) is a single
/// input, unless inputs are single numbers: then it is as many inputs. Integers of 64 bits are rounded to the nearest f64. `array` names an array of an .npz archive; without it, it is the one called `x` or `inputs`, or the only one. A
/// first line of a CSV file in which no cell is a number is a header.
///
/// ```
/// use dropout_oracle::file::load_inputs;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("x.csv");
/// std::fs::write(&path, "left,right\n1,2\n3,4\n")?;
/// let inputs = load_inputs(&path, None, 2)?;
/// assert_eq!(inputs[1].as_slice(), [3.0, 4.0]);
/// assert!(load_inputs(&path, None, 3).unwrap_err().to_string().contains("have length 2, the network takes length 3"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`FileError`] for whatever is wrong with the file, with the place and what would be right.
pub fn load_inputs(path: impl AsRef<Path>, array: Option<&str>, width: usize) -> Result<Vec<DVector<f64>>, FileError> {
    let (array, place) = self::array(path.as_ref(), array)?;
    rows(array, width, place)
}

/// The array in a .npy, .npz or .csv file, by its extension, with its place.
pub(super) fn array(path: &Path, name: Option<&str>) -> Result<(Array, String), FileError> {
    let place = path.display().to_string();
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    if let (Some("npy" | "csv"), Some(name)) = (extension.as_deref(), name) {
        let why = format!("there is no array {name:?}: only .npz files name their arrays");
        return Err(FileError::WhichArray { place, why, names: Vec::new() });
    }
    Ok(match extension.as_deref() {
        Some("npy") => (npy::parse(&read(path)?, &place)?, place),
        Some("npz") => npz::parse(&read(path)?, name, &place)?,
        Some("csv") => (csv::parse(&read(path)?, &place)?, place),
        _ => return Err(FileError::UnknownInputs { path: path.into() }),
    })
}

/// The rows of an array, checked.
fn rows(Array { shape, values }: Array, width: usize, place: String) -> Result<Vec<DVector<f64>>, FileError> {
    let wrong = |why| Err(FileError::Inputs { place: place.clone(), why });
    let columns = match shape[..] {
        [_] if width == 1 => 1, // as labels come: one number an input
        [columns] | [_, columns] => columns,
        _ => return wrong(format!("an array of shape {shape:?}; reshape it to [inputs, {width}]")),
    };
    if values.is_empty() {
        return wrong(format!("no inputs; give at least one row of {width} numbers"));
    }
    if columns != width {
        return wrong(format!("its inputs have length {columns}, the network takes length {width}"));
    }
    finite(&place, &shape, &values)?;
    Ok(values.chunks_exact(width).map(DVector::from_column_slice).collect())
}
