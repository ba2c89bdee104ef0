//! Masks as bits, drawn from streams that can be read at any place.

use crate::error::{Error, Result};
use crate::law::gaussian::normals;
use crate::random::{Purpose, stream};
use rand::Rng;
use rand::rngs::ChaCha8Rng;

/// A KEEP probability p in (0, 1] as its first 64 binary digits: exact for every `f64` from 2⁻¹¹ on, and below that too
/// small by less than 2⁻⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepProbability {
    /// ⌊2⁶⁴ p⌋; nothing for p = 1.
    digits: Option<u64>,
}

impl KeepProbability {
    /// The digits of `keep`.
    ///
    /// # Errors
    /// [`Error::KeepProbability`] outside (0, 1].
    pub fn new(keep: f64) -> Result<Self> {
        const DIGITS: f64 = (1u128 << 64) as f64;
        if !(keep > 0.0 && keep <= 1.0) {
            return Err(Error::KeepProbability { unit: 0, value: keep.to_string() });
        }
        Ok(Self { digits: (keep < 1.0).then_some((keep * DIGITS) as u64) })
    }

    /// Sixty-four independent units, a bit each, set with this probability.
    ///
    /// Bit i of the successive words of `rng` are the binary digits of a number U uniform on [0, 1), and the unit is
    /// kept iff U < p. All units are compared at once, digit by digit from the first, until all are decided or p has no
    /// digit 1 left: about 7 words, and one for p = ½. For p = 1 nothing is drawn.
    pub fn draw(self, rng: &mut impl Rng) -> u64 {
        let Some(mut digits) = self.digits else { return u64::MAX };
        // `open` are the units whose digits have so far been those of p.
        let (mut kept, mut open) = (0, u64::MAX);
        while digits != 0 && open != 0 {
            let u = rng.next_u64();
            if digits >> 63 == 1 {
                kept |= open & !u;
                open &= u;
            } else {
                open &= !u;
            }
            digits <<= 1;
        }
        kept
    }
}

/// The masks of a seed, and its normal numbers. Each is named by step, dropout layer and row, and can be drawn alone: nothing depends on the
/// order of evaluation, on the batch size or on the number of threads.
///
/// The mask of a row comes from the [stream](crate::random::stream) ([`Purpose::Mask`], step, row) of the seed with
/// ChaCha's own stream number (its nonce) set to 1 + layer; layer 0 is the input, layer l the l-th hidden layer. The
/// reference [`Training`](crate::train::Training) reads the stream number 0 of the same key, so the two never share a bit.
/// Units 64 w … 64 w + 63 are the w-th word of [`KeepProbability::draw`].
///
/// ```
/// use dropout_oracle::trainer::{KeepProbability, Masks};
/// let mask = Masks::new(7).mask(10, 0, 3, KeepProbability::new(0.8)?, 64);
/// assert_eq!(mask, [0xffdb_ef27_fc3f_dfff]); // on every machine
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks {
    seed: u64,
}

impl Masks {
    /// The masks of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Writes the mask of one row, 64 units a word from the lowest bit on. The bits after the last unit are drawn too and
    /// mean nothing.
    pub fn fill(self, step: u64, layer: usize, row: usize, keep: KeepProbability, words: &mut [u64]) {
        let mut rng = self.stream(step, layer, row);
        words.fill_with(|| keep.draw(&mut rng));
    }

    /// Standard normal numbers for the units of one row, from the stream of their mask: pairs by Marsaglia's polar method
    /// as in [`law::Gaussian`](crate::law::Gaussian).
    ///
    /// ```
    /// use dropout_oracle::trainer::Masks;
    /// let first = Masks::new(7).normals(10, 0, 3).next();
    /// assert_eq!(first, Masks::new(7).normals(10, 0, 3).next());
    /// assert_ne!(first, Masks::new(7).normals(10, 0, 4).next());
    /// ```
    pub fn normals(self, step: u64, layer: usize, row: usize) -> impl Iterator<Item = f64> {
        normals(self.stream(step, layer, row))
    }

    fn stream(self, step: u64, layer: usize, row: usize) -> ChaCha8Rng {
        let mut rng = stream(self.seed, Purpose::Mask, step, row as u64);
        rng.set_stream(1 + layer as u64);
        rng
    }

    /// The mask of one row of `units` units, with zeros after the last.
    pub fn mask(self, step: u64, layer: usize, row: usize, keep: KeepProbability, units: usize) -> Vec<u64> {
        let mut words = vec![0; units.div_ceil(64)];
        self.fill(step, layer, row, keep, &mut words);
        if let (Some(last), rest @ 1..) = (words.last_mut(), units % 64) {
            *last &= (1 << rest) - 1;
        }
        words
    }
}
