//! Numbers that start at a cache line.

use super::float::Float;
use std::ops::{Deref, DerefMut};

const LINE: usize = 64;

/// A slice of fixed length whose first number lies at a multiple of 64 bytes, so that no vector of 64 bytes straddles
/// two cache lines.
#[derive(Debug)]
pub(super) struct Aligned<T: Float> {
    storage: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Float> Aligned<T> {
    pub(super) fn zeros(length: usize) -> Self {
        let padding = LINE / size_of::<T>();
        let storage = vec![T::zero(); length + padding];
        // Where the platform cannot tell, the numbers start anywhere: slower, not wrong.
        let start = storage.as_ptr().align_offset(LINE).min(padding);
        Self { storage, start, length }
    }
}

impl<T: Float> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut clone = Self::zeros(self.length);
        clone.copy_from_slice(self);
        clone
    }
}

impl<T: Float> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.storage[self.start..][..self.length]
    }
}

impl<T: Float> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.start..][..self.length]
    }
}
