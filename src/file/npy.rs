//! NumPy's .npy: a header in Python's literal syntax, then the numbers.

use super::FileError;
use super::number::{decode, from_f16};

/// An array in row-major order.
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// The number types that are read; 64-bit integers are rounded to the nearest f64.
const SUPPORTED: &str = "float64, float32, float16, bool, int8 to int64, uint8 to uint64";

/// What a header says about the data after it.
struct Header {
    shape: Vec<usize>,
    fortran: bool,
    size: usize,
    numbers: fn(&[u8]) -> Vec<f64>,
}

impl Header {
    /// The bytes of data, unless they are more than can be counted.
    fn needed(&self) -> Option<usize> {
        self.shape.iter().try_fold(self.size, |product, axis| product.checked_mul(*axis))
    }
}

/// How long a .npy file is by its header, of which `bytes` must hold all; none if that is more than can be counted.
pub fn length(bytes: &[u8], place: &str) -> Result<Option<usize>, FileError> {
    let (header, data) = header(bytes, place)?;
    Ok(header.needed().and_then(|needed| needed.checked_add(bytes.len() - data.len())))
}

/// The array in the bytes of a .npy file.
pub fn parse(bytes: &[u8], place: &str) -> Result<Array, FileError> {
    let (header, data) = header(bytes, place)?;
    if header.needed() != Some(data.len()) {
        let Header { shape, size, .. } = header;
        let why = format!("its shape {shape:?} of {size}-byte numbers does not fit the {} bytes of data", data.len());
        return Err(FileError::NumPy { place: place.into(), why });
    }
    let values = (header.numbers)(data);
    let values = if header.fortran { row_major(&header.shape, &values) } else { values };
    Ok(Array { values, shape: header.shape })
}

/// The header, and the data after it.
fn header<'a>(bytes: &'a [u8], place: &str) -> Result<(Header, &'a [u8]), FileError> {
    let broken = |why: &str| FileError::NumPy { place: place.into(), why: why.into() };
    let (header, data) = split(bytes).map_err(broken)?;
    let descr = field(header, "descr").ok_or_else(|| broken("its header has no 'descr'"))?;
    let fortran = match field(header, "fortran_order") {
        Some("True") => true,
        Some("False") => false,
        _ => return Err(broken("its header says neither True nor False for 'fortran_order'")),
    };
    let shape =
        field(header, "shape").and_then(shape).ok_or_else(|| broken("its header has no 'shape' of integers"))?;

    let Some((size, numbers)) = descr.trim_matches(['\'', '"']).split_at_checked(1).and_then(reader) else {
        return Err(FileError::Dtype { place: place.into(), found: descr.into(), supported: SUPPORTED });
    };
    Ok((Header { shape, fortran, size, numbers }, data))
}

/// The header's text and the data.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), &'static str> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("it does not begin with \\x93NUMPY")?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u16::from_le_bytes([*a, *b]).into(), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [1..=3, ..] | [] => return Err("it is cut short"),
        _ => return Err("its format version is not 1, 2 or 3"),
    };
    let (header, data) = rest.split_at_checked(length as usize).ok_or("its header is longer than the file")?;
    Ok((str::from_utf8(header).map_err(|_| "its header is not text")?, data))
}

/// The value of a key of the header's dictionary, as it is written.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let at = [format!("'{key}'"), format!("\"{key}\"")].iter().find_map(|key| Some(header.find(key)? + key.len()))?;
    let value = header[at..].trim_start().strip_prefix(':')?.trim_start();
    let end = match value.chars().next()? {
        '(' => value.find(')')? + 1,
        '[' => value.rfind(']')? + 1, // the fields of a structured dtype
        _ => value.find([',', '}'])?,
    };
    Some(value[..end].trim_end())
}

/// `(3, 4)`, `(3,)` or `()`.
fn shape(tuple: &str) -> Option<Vec<usize>> {
    let axes = tuple.strip_prefix('(')?.strip_suffix(')')?.trim().trim_end_matches(',');
    if axes.is_empty() { Some(Vec::new()) } else { axes.split(',').map(|axis| axis.trim().parse().ok()).collect() }
}

/// The size of a number and how to read many of them.
pub type Reader = (usize, fn(&[u8]) -> Vec<f64>);

/// The reader of a byte order and kind as in `<f8`.
fn reader((order, kind): (&str, &str)) -> Option<Reader> {
    macro_rules! numbers {
        ($t:ty) => {
            match order {
                "<" | "|" => |bytes| decode(bytes, |b| <$t>::from_le_bytes(b) as f64),
                ">" => |bytes| decode(bytes, |b| <$t>::from_be_bytes(b) as f64),
                _ => return None,
            }
        };
    }
    Some(match kind {
        "f8" => (8, numbers!(f64)),
        "f4" => (4, numbers!(f32)),
        "f2" if order == "<" => (2, |bytes| decode(bytes, |b| from_f16(u16::from_le_bytes(b)))),
        "f2" if order == ">" => (2, |bytes| decode(bytes, |b| from_f16(u16::from_be_bytes(b)))),
        "i1" => (1, numbers!(i8)),
        "i2" => (2, numbers!(i16)),
        "i4" => (4, numbers!(i32)),
        "i8" => (8, numbers!(i64)),
        "u1" => (1, numbers!(u8)),
        "u2" => (2, numbers!(u16)),
        "u4" => (4, numbers!(u32)),
        "u8" => (8, numbers!(u64)),
        "b1" => (1, |bytes| decode(bytes, |[b]| if b == 0 { 0.0 } else { 1.0 })),
        _ => return None,
    })
}

/// Row-major order from column-major order, for two axes; with fewer there is nothing to do, more are refused later.
fn row_major(shape: &[usize], values: &[f64]) -> Vec<f64> {
    match *shape {
        [rows, columns] if !values.is_empty() => {
            (0..rows).flat_map(|row| (0..columns).map(move |column| values[column * rows + row])).collect()
        }
        _ => values.into(),
    }
}
