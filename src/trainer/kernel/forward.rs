//! From one layer's activations to a panel of the next.

use super::Multipliers;
use crate::trainer::columns::Columns;
use crate::trainer::float::Float;
use crate::trainer::panel::Panel;
use crate::trainer::units::Units;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Activations = μ ∘ f(H W + b), for some rows of one panel.
pub(crate) struct Forward<'a, F: Float> {
    /// H of all rows.
    pub(crate) input: &'a [F],
    /// The columns of H.
    pub(crate) inputs: Columns,
    /// The rows of H.
    pub(crate) batch: usize,
    /// W and b.
    pub(crate) panel: &'a Panel<F>,
    /// The first row to be computed.
    pub(crate) first: usize,
    /// The rows from there on, to be written.
    pub(crate) output: &'a mut [F],
    /// f.
    pub(crate) units: Units,
    /// μ, of all rows.
    pub(crate) multipliers: Multipliers<'a, F>,
}

impl<F: Float> WithSimd for Forward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match self.panel.bias.len() / F::LANES {
            _ if S::REGISTER_COUNT < 32 => self.panel_by::<S, 6, 1>(simd),
            5 => self.panel_by::<S, 5, 5>(simd),
            4 => self.panel_by::<S, 6, 4>(simd),
            3 => self.panel_by::<S, 8, 3>(simd),
            2 => self.panel_by::<S, 8, 2>(simd),
            _ => self.panel_by::<S, 8, 1>(simd),
        }
        let stride = self.panel.bias.len() / F::LANES;
        for (i, h) in F::vectors_mut::<S>(self.output).iter_mut().enumerate() {
            let active = self.units.activate::<S, F>(simd, *h);
            *h = self.multipliers.times(simd, self.first + i / stride, i % stride, active);
        }
    }
}

impl<F: Float> Forward<'_, F> {
    /// Panel of inputs after panel of inputs, so that the weights from one stay in the nearest cache for all rows. The
    /// last rows, where they fill no tile, are computed with some before them, and from the first panel on.
    #[inline(always)]
    fn panel_by<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S) {
        let (width, panels) = (self.panel.bias.len(), self.inputs.panels());
        let rows = self.output.len() / width;
        for vector in (0..width / F::LANES).step_by(VECTORS) {
            if rows < ROWS {
                (0..rows).for_each(|row| self.tile::<S, 1, VECTORS>(simd, row, vector, 0..panels));
                continue;
            }
            for p in 0..panels {
                for row in (0..rows / ROWS * ROWS).step_by(ROWS) {
                    self.tile::<S, ROWS, VECTORS>(simd, row, vector, p..p + 1);
                }
            }
            if !rows.is_multiple_of(ROWS) {
                self.tile::<S, ROWS, VECTORS>(simd, rows - ROWS, vector, 0..panels);
            }
        }
    }

    /// Adds the products of some panels of inputs: from b on with the first, else to what is there.
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        vector: usize,
        panels: Range<usize>,
    ) {
        let stride = self.panel.bias.len() / F::LANES;
        let sums = self.sums::<S, ROWS, VECTORS>(simd, row, vector, panels);
        let output = &mut F::vectors_mut::<S>(self.output)[row * stride..][..ROWS * stride];
        for i in 0..ROWS {
            output[i * stride + vector..][..VECTORS].copy_from_slice(&sums[i]);
        }
    }

    /// H W + b, or the next terms of it. The sums are handed on by value, so that they stay in registers.
    #[inline(always)]
    fn sums<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        row: usize,
        vector: usize,
        panels: Range<usize>,
    ) -> [[F::Vector<S>; VECTORS]; ROWS] {
        let stride = self.panel.bias.len() / F::LANES;
        let (weight, bias) = (F::vectors::<S>(self.panel.used()), F::vectors::<S>(&self.panel.bias));
        let mut start = [F::splat(simd, F::zero()); VECTORS];
        start.copy_from_slice(&bias[vector..vector + VECTORS]);
        let (mut sums, panel) = ([start; ROWS], self.inputs.panel);
        if panels.start > 0 {
            let before = &F::vectors::<S>(self.output)[row * stride..][..ROWS * stride];
            for i in 0..ROWS {
                sums[i].copy_from_slice(&before[i * stride + vector..][..VECTORS]);
            }
        }
        for p in panels {
            let filled = self.inputs.filled(p);
            let rows = &self.input[(p * self.batch + self.first + row) * panel..][..ROWS * panel];
            let weight = &weight[p * panel * stride..][..filled * stride];
            let mut h: [&[F]; ROWS] = [&[]; ROWS];
            for (i, h) in h.iter_mut().enumerate() {
                *h = &rows[i * panel..][..filled];
            }
            sums = add_products::<S, F, ROWS, VECTORS>(simd, sums, h, weight, stride, vector);
        }
        sums
    }
}

/// Adds the products of rows of H with columns of W.
#[inline(always)]
fn add_products<S: Simd, F: Float, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    mut sums: [[F::Vector<S>; VECTORS]; ROWS],
    h: [&[F]; ROWS],
    weight: &[F::Vector<S>],
    stride: usize,
    vector: usize,
) -> [[F::Vector<S>; VECTORS]; ROWS] {
    for (k, weight) in weight.chunks_exact(stride).enumerate() {
        let mut w = [F::splat(simd, F::zero()); VECTORS];
        w.copy_from_slice(&weight[vector..vector + VECTORS]);
        for i in 0..ROWS {
            let x = F::splat(simd, h[i][k]);
            for v in 0..VECTORS {
                sums[i][v] = F::mul_add(simd, x, w[v], sums[i][v]);
            }
        }
    }
    sums
}
