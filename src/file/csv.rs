//! CSV: one input a line, numbers separated by commas.

use super::FileError;
use super::npy::Array;
use csv::{ReaderBuilder, StringRecord, Trim};

/// The numbers of a CSV file; a first line in which no cell is a number is a header.
pub fn parse(bytes: &[u8], place: &str) -> Result<Array, FileError> {
    let error = |place: String, why: String| FileError::Csv { place, why };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let (mut rows, mut columns, mut values) = (0, 0, Vec::new());
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|e| error(place.into(), e.to_string()))?;
        if index == 0 {
            columns = record.len();
            if record.iter().all(|cell| cell.parse::<f64>().is_err()) {
                continue;
            }
        }
        let line = line(&record);
        if record.len() != columns {
            let why = format!("{} cells, where the first line has {columns}", record.len());
            return Err(error(format!("{place}: line {line}"), why));
        }
        for (column, cell) in record.iter().enumerate() {
            let place = || format!("{place}: line {line}, column {} (counted from 1)", column + 1);
            let value: f64 = cell
                .parse()
                .map_err(|_| error(place(), format!("{cell:?} is not a number; cells are separated by commas")))?;
            if !value.is_finite() {
                return Err(FileError::NotFinite { place: place(), value });
            }
            values.push(value);
        }
        rows += 1;
    }
    Ok(Array { shape: vec![rows, columns], values })
}

/// The line on which a record begins, counted from 1.
fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, |position| position.line())
}
