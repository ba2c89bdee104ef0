//! IDX, the format of MNIST: two zeros, kind and number of axes, the axes, then the numbers, all big-endian.

use super::FileError;
use super::npy::{Array, Reader};
use super::number::decode;

/// The array in the bytes of an IDX file. Nothing is allocated before the header fits the data.
pub fn parse(bytes: &[u8], place: &str) -> Result<Array, FileError> {
    let broken = |why: String| FileError::Idx { place: place.into(), why };
    let [0, 0, kind, axes, rest @ ..] = bytes else {
        let why = if bytes.starts_with(&[0x1f, 0x8b]) {
            "it is compressed; unpack it first (gunzip)"
        } else {
            "it does not begin with two zeros, the kind of its numbers and their number of axes"
        };
        return Err(broken(why.into()));
    };
    let Some((size, numbers)) = reader(*kind) else {
        return Err(broken(format!("kind {kind:#04x} is none of 8, 9, 0xb, 0xc, 0xd, 0xe")));
    };
    let Some((header, data)) = rest.split_at_checked(4 * usize::from(*axes)) else {
        return Err(broken(format!("it ends before the sizes of its {axes} axes")));
    };
    let shape: Vec<usize> = header
        .as_chunks()
        .0
        .iter()
        .map(|&axis| usize::try_from(u32::from_be_bytes(axis)).unwrap_or(usize::MAX))
        .collect();
    let needed = shape.iter().try_fold(size, |product, axis| product.checked_mul(*axis));
    if needed != Some(data.len()) {
        let length = data.len();
        return Err(broken(format!(
            "its shape {shape:?} of {size}-byte numbers does not fit the {length} bytes of data"
        )));
    }
    Ok(Array { values: numbers(data), shape })
}

/// The reader of this kind of number.
fn reader(kind: u8) -> Option<Reader> {
    Some(match kind {
        0x08 => (1, |bytes| decode(bytes, |b| u8::from_be_bytes(b).into())),
        0x09 => (1, |bytes| decode(bytes, |b| i8::from_be_bytes(b).into())),
        0x0b => (2, |bytes| decode(bytes, |b| i16::from_be_bytes(b).into())),
        0x0c => (4, |bytes| decode(bytes, |b| i32::from_be_bytes(b).into())),
        0x0d => (4, |bytes| decode(bytes, |b| f32::from_be_bytes(b).into())),
        0x0e => (8, |bytes| decode(bytes, f64::from_be_bytes)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        parse(bytes, "x").err().expect("it is refused").to_string()
    }

    /// Two images of 1 × 2 pixels, and each other kind of number.
    #[test]
    fn every_kind_is_read() {
        let images = parse(&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 128, 255], "x").unwrap();
        assert_eq!((images.shape, images.values), (vec![2, 1, 2], vec![0.0, 1.0, 128.0, 255.0]));
        let one = |kind, bytes: &[u8]| parse(&[&[0, 0, kind, 1, 0, 0, 0, 1], bytes].concat(), "x").unwrap().values[0];
        assert_eq!(one(0x09, &(-3i8).to_be_bytes()), -3.0);
        assert_eq!(one(0x0b, &(-300i16).to_be_bytes()), -300.0);
        assert_eq!(one(0x0c, &70_000i32.to_be_bytes()), 70_000.0);
        assert_eq!(one(0x0d, &0.25f32.to_be_bytes()), 0.25);
        assert_eq!(one(0x0e, &0.1f64.to_be_bytes()), 0.1);
    }

    /// Each cut, another magic, another kind, and sizes whose product is beyond every memory or beyond usize.
    #[test]
    fn bad_files_are_refused_by_name() {
        let good = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6];
        for length in 0..good.len() {
            refusal(&good[..length]);
        }
        refusal(&[&good[..], &[7]].concat());
        assert!(refusal(&[1, 0, 8, 1, 0, 0, 0, 0]).contains("two zeros"));
        assert!(refusal(&[0x1f, 0x8b, 8, 0]).contains("gunzip"));
        assert!(refusal(&[0, 0, 7, 1, 0, 0, 0, 0]).contains("kind 0x07"));
        assert!(refusal(&[&[0, 0, 8, 1][..], &[255; 4]].concat()).contains("does not fit the 0 bytes"));
        assert!(refusal(&[&[0, 0, 0xe, 255][..], &[255; 4 * 255]].concat()).contains("does not fit"));
        assert!(refusal(&[0, 0, 8, 200, 1]).contains("before the sizes of its 200 axes"));
    }
}
