//! Arrays of IEEE numbers and of mask bits, with every bit kept, and how the protocol writes them.

use super::dtype::Dtype;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An array of numbers of one format, row-major; on the wire hexadecimal digits of their little-endian bytes.
///
/// ```
/// use dropout_oracle::conformance::{Dtype, Tensor};
/// let x = Tensor::new(Dtype::F16, &[2], &[1.0, -0.0]);
/// assert_eq!(serde_json::to_string(&x)?, r#"{"dtype":"f16","shape":[2],"data":"003c0080"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bits: Vec<u64>,
}

impl Tensor {
    /// The array of these values, each rounded to `dtype`.
    ///
    /// # Panics
    /// Unless there are as many values as the shape has places.
    pub fn new(dtype: Dtype, shape: &[usize], values: &[f64]) -> Self {
        Self::from_bits(dtype, shape, values.iter().map(|&v| dtype.round(v)).collect())
    }

    /// The array of the numbers with these bits.
    ///
    /// # Panics
    /// Unless there are as many values as the shape has places.
    pub fn from_bits(dtype: Dtype, shape: &[usize], bits: Vec<u64>) -> Self {
        assert_eq!(Some(bits.len()), places(shape), "elements of a tensor");
        Self { dtype, shape: shape.to_vec(), bits }
    }

    /// An array that has this value everywhere.
    pub fn filled(dtype: Dtype, shape: &[usize], value: f64) -> Self {
        Self::from_bits(dtype, shape, vec![dtype.round(value); shape.iter().product()])
    }

    /// The format of its numbers.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// The bits of each element.
    pub fn bits(&self) -> &[u64] {
        &self.bits
    }

    /// Element i of the row-major order, exactly.
    pub fn get(&self, i: usize) -> f64 {
        self.dtype.value(self.bits[i])
    }

    /// All elements, exactly.
    pub fn values(&self) -> Vec<f64> {
        self.bits.iter().map(|&bits| self.dtype.value(bits)).collect()
    }

    /// The indices of element i of the row-major order.
    pub fn index(&self, i: usize) -> Vec<usize> {
        unravel(&self.shape, i)
    }
}

/// The indices of place i of the row-major order of `shape`.
pub fn unravel(shape: &[usize], mut i: usize) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (index, &size) in index.iter_mut().zip(shape).rev() {
        (*index, i) = (i % size, i / size);
    }
    index
}

/// The number of places of a shape, if it can be counted.
fn places(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |places, &size| places.checked_mul(size))
}

/// Bits in a row: bit i is bit i mod 8 (least significant first) of byte ⌊i/8⌋; unused bits are 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u8>);

impl Bits {
    /// Whether bit i is set; false beyond the end.
    pub fn get(&self, i: usize) -> bool {
        self.0.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1)
    }

    /// The number of bits set.
    pub fn ones(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether these are `bits` bits: as many bytes as they need, none set beyond the last.
    pub fn fit(&self, bits: usize) -> bool {
        let unused = self.0.len() * 8 - bits.min(self.0.len() * 8);
        self.0.len() == bits.div_ceil(8) && self.0.last().is_none_or(|&last| unused == 0 || last >> (8 - unused) == 0)
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut bytes = Vec::new();
        for (i, bit) in bits.into_iter().enumerate() {
            if i % 8 == 0 {
                bytes.push(0);
            }
            *bytes.last_mut().expect("pushed at every eighth") |= u8::from(bit) << (i % 8);
        }
        Self(bytes)
    }
}

/// Which places of an array are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The array's shape.
    pub shape: Vec<usize>,
    /// 1 where the place is kept, in row-major order.
    pub bits: Bits,
}

impl Kept {
    /// The mask of an array of this shape.
    pub fn new(shape: &[usize], kept: impl IntoIterator<Item = bool>) -> Self {
        Self { shape: shape.to_vec(), bits: kept.into_iter().collect() }
    }

    /// Whether it has a bit for each place and no more.
    pub fn is_sound(&self) -> bool {
        places(&self.shape).is_some_and(|places| self.bits.fit(places))
    }
}

fn to_hex(bytes: impl Iterator<Item = u8>) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(digits: &str) -> Result<Vec<u8>, String> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).ok_or_else(|| "data are not hexadecimal".to_string());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of hexadecimal digits".into());
    }
    pairs.iter().map(|&[high, low]| Ok((nibble(high)? << 4 | nibble(low)?) as u8)).collect()
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(self.0.iter().copied()))
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    dtype: Dtype,
    shape: Vec<usize>,
    data: String,
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.bits.iter().flat_map(|bits| bits.to_le_bytes().into_iter().take(self.dtype.bytes()));
        Wire { dtype: self.dtype, shape: self.shape.clone(), data: to_hex(bytes) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let (bytes, size) = (from_hex(&wire.data).map_err(D::Error::custom)?, wire.dtype.bytes());
        if places(&wire.shape).and_then(|places| places.checked_mul(size)) != Some(bytes.len()) {
            let (shape, found) = (wire.shape, bytes.len());
            return Err(D::Error::custom(format!("{found} bytes for {} of shape {shape:?}", wire.dtype)));
        }
        let bits = bytes.chunks_exact(size).map(|n| n.iter().rev().fold(0, |bits, &b| bits << 8 | u64::from(b)));
        Ok(Self { dtype: wire.dtype, shape: wire.shape, bits: bits.collect() })
    }
}

/// The first place of the row-major order with the same mask element: the indices along the shared axes set to 0.
pub fn first_along(shared: &[bool], shape: &[usize], place: u64) -> u64 {
    if !shared.contains(&true) {
        return place;
    }
    let (mut rest, mut stride, mut first) = (place, 1, 0);
    for (&size, &shared) in shape.iter().zip(shared).rev() {
        let size = size as u64;
        first += if shared { 0 } else { rest % size * stride };
        (rest, stride) = (rest / size, stride * size);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_survive_the_wire() {
        for dtype in Dtype::ALL {
            let values = [1.0, -0.0, f64::NAN, f64::NEG_INFINITY, 1.0 / 3.0, 1e-7];
            let tensor = Tensor::new(dtype, &[2, 3], &values);
            let wire = serde_json::to_string(&tensor).unwrap();
            assert_eq!(serde_json::from_str::<Tensor>(&wire).unwrap(), tensor);
        }
        let kept = Kept::new(&[3, 3], (0..9).map(|i| i % 2 == 0));
        assert_eq!(serde_json::to_string(&kept).unwrap(), r#"{"shape":[3,3],"bits":"5501"}"#);
        assert!(kept.is_sound() && !Kept { shape: vec![8], ..kept.clone() }.is_sound());
        assert!(!Kept { shape: vec![2, 4, 1], bits: Bits(vec![0, 1]) }.is_sound());
        assert!(!Kept { shape: vec![3], bits: Bits(vec![8]) }.is_sound());
    }

    #[test]
    fn a_wrong_length_or_digit_is_refused() {
        for (data, shape) in [("00", "[1]"), ("0000000", "[1]"), ("0000zz00", "[2]"), ("", "[4294967296,4294967296]")] {
            let wire = format!(r#"{{"dtype":"f16","shape":{shape},"data":"{data}"}}"#);
            assert!(serde_json::from_str::<Tensor>(&wire).is_err(), "{wire}");
        }
        assert!(serde_json::from_str::<Tensor>(r#"{"dtype":"f16","shape":[],"data":"003c"}"#).is_ok());
    }
}
