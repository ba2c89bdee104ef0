//! A source of random words that are not random at all: to enumerate everything that a sampler can do.

use itertools::Itertools;
use rand::TryRng;
use rand::rand_core::utils::fill_bytes_via_next_word;
use std::convert::Infallible;

/// The words of a script, one after another; the last one for ever.
#[derive(Clone, Debug)]
pub struct Script {
    words: Vec<u64>,
    next: usize,
}

impl Script {
    pub fn new(words: Vec<u64>) -> Self {
        Self { words, next: 0 }
    }

    /// Every script of `len` words out of `words`: with as many of them for each outcome as its probability asks, the
    /// mean over the scripts is the mean over the sampler.
    pub fn all(words: &[u64], len: usize) -> impl Iterator<Item = Self> {
        (0..len).map(|_| words.iter().copied()).multi_cartesian_product().map(Self::new)
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let word = self.words[self.next.min(self.words.len() - 1)];
        self.next += 1;
        Ok(word)
    }
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fill_bytes_via_next_word(bytes, || self.try_next_u64())
    }
}
