//! Seeded streams of random numbers, one a purpose, so that no result depends on the order in which work is done.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// What a stream is drawn for. The numbers are part of the promise that a seed gives the same results for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Splitting examples in two.
    Split = 0,
    /// Initial weights; the indices are the affine layer and 0.
    Initial = 1,
    /// The order of the examples; the indices are the epoch and 0.
    Shuffle = 2,
    /// The mask of one row of a minibatch; the indices are the step and the row.
    Mask = 3,
    /// Monte Carlo predictions; the indices are the example and 0.
    MonteCarlo = 4,
    /// Drawing examples with replacement.
    Bootstrap = 5,
}

/// The stream number (i, j) of a purpose: ChaCha with 8 rounds, whose 256-bit key is (seed, purpose, i, j), each as a
/// 64-bit little-endian integer, and whose counter starts at 0.
///
/// ```
/// use dropout_oracle::random::{Purpose, stream};
/// use rand::Rng;
/// let (step, row) = (10, 3);
/// let mut rng = stream(7, Purpose::Mask, step, row);
/// assert_eq!(rng.next_u64(), 10_872_439_470_106_755_086); // on every machine
/// ```
pub fn stream(seed: u64, purpose: Purpose, i: u64, j: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, i, j]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
