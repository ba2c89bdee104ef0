//! Dropout of the inputs.

use super::Epilogue;
use crate::trainer::float::Float;
use pulp::{Simd, WithSimd};

/// Applies an epilogue to rows of one panel in place.
pub(crate) struct Dropped<'a, F> {
    /// All rows, from the first on.
    pub(crate) rows: &'a mut [F],
    /// Units a row.
    pub(crate) width: usize,
    pub(crate) epilogue: Epilogue<'a, F>,
}

impl<F: Float> WithSimd for Dropped<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let stride = self.width / F::LANES;
        for (row, x) in F::vectors_mut::<S>(self.rows).chunks_exact_mut(stride).enumerate() {
            for (vector, x) in x.iter_mut().enumerate() {
                *x = self.epilogue.apply(simd, row, vector, *x);
            }
        }
    }
}
