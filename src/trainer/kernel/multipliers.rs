//! The noise of a step, as kernels meet it.

use crate::trainer::float::Float;
use pulp::{Simd, WithSimd};

/// What multiplies the entries of a matrix, of units or of weights, from one column on.
#[derive(Clone, Copy)]
pub(crate) enum Multipliers<'a, F> {
    /// Nothing.
    One,
    /// The same number everywhere.
    Same(F),
    /// A number where the bit is set, else 0.
    Bits {
        /// The bits of all rows.
        words: &'a [u64],
        /// Words a row.
        stride: usize,
        /// The first column.
        first: usize,
        scale: F,
    },
    /// A number for each entry.
    Numbers {
        /// Those of all rows.
        numbers: &'a [F],
        /// Numbers a row.
        stride: usize,
        /// The first column.
        first: usize,
    },
}

impl<F: Float> Multipliers<'_, F> {
    /// The vector times its multipliers. Entries that fill up a matrix are 0, so theirs may be any.
    #[inline(always)]
    pub(crate) fn times<S: Simd>(&self, simd: S, row: usize, vector: usize, a: F::Vector<S>) -> F::Vector<S> {
        match *self {
            Self::One => a,
            Self::Same(number) => F::times(simd, a, F::splat(simd, number)),
            Self::Bits { words, stride, first, scale } => {
                let column = first + vector * F::LANES;
                let bits = words.get(row * stride + column / 64).map_or(0, |word| word >> (column % 64));
                F::keep(simd, bits, F::times(simd, a, F::splat(simd, scale)))
            }
            Self::Numbers { numbers, stride, first } => {
                let numbers = F::vectors::<S>(&numbers[row * stride + first..]);
                F::times(simd, a, numbers[vector])
            }
        }
    }
}

/// Multiplies rows of one panel in place.
pub(crate) struct Multiply<'a, F> {
    /// All rows, from the first on.
    pub(crate) rows: &'a mut [F],
    /// Columns a row.
    pub(crate) width: usize,
    pub(crate) multipliers: Multipliers<'a, F>,
}

impl<F: Float> WithSimd for Multiply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let stride = self.width / F::LANES;
        for (row, x) in F::vectors_mut::<S>(self.rows).chunks_exact_mut(stride).enumerate() {
            for (vector, x) in x.iter_mut().enumerate() {
                *x = self.multipliers.times(simd, row, vector, *x);
            }
        }
    }
}
