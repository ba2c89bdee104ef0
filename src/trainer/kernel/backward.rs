//! From the errors of one layer to a panel of those of the layer before.

use super::{Epilogue, tiles};
use crate::trainer::columns::Columns;
use crate::trainer::float::Float;
use crate::trainer::panel::Panel;
use pulp::{Simd, WithSimd};

/// E' = scale · mask ∘ f'(z) ∘ (E Wᵀ), for some rows of one panel of the layer before.
pub(crate) struct Backward<'a, F: Float> {
    /// E of all rows.
    pub(crate) error: &'a [F],
    /// The columns of E.
    pub(crate) outputs: Columns,
    /// The rows of E.
    pub(crate) batch: usize,
    /// W.
    pub(crate) panels: &'a [Panel<F>],
    /// What [`Epilogue::apply`] made of z, of the rows and units to be computed.
    pub(crate) activation: &'a [F],
    /// The first row to be computed.
    pub(crate) first: usize,
    /// Units a row.
    pub(crate) width: usize,
    /// The rows from there on, to be written.
    pub(crate) output: &'a mut [F],
    pub(crate) epilogue: Epilogue<'a, F>,
}

impl<F: Float> WithSimd for Backward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if S::REGISTER_COUNT < 32 { self.panel_by::<S, 3, 2>(simd) } else { self.panel_by::<S, 5, 5>(simd) }
    }
}

impl<F: Float> Backward<'_, F> {
    #[inline(always)]
    fn panel_by<S: Simd, const ROWS: usize, const UNITS: usize>(&mut self, simd: S) {
        let rows = self.output.len() / self.width;
        for unit in tiles(self.width, UNITS) {
            if rows >= ROWS {
                for row in tiles(rows, ROWS) {
                    self.tile::<S, ROWS, UNITS>(simd, row, unit);
                }
            } else {
                for row in 0..rows {
                    self.tile::<S, 1, UNITS>(simd, row, unit);
                }
            }
        }
        let activation = F::vectors::<S>(self.activation);
        let stride = self.width / F::LANES;
        for (i, (back, &h)) in F::vectors_mut::<S>(self.output).iter_mut().zip(activation).enumerate() {
            *back = self.epilogue.pull_back(simd, self.first + i / stride, i % stride, h, *back);
        }
    }

    /// Products of rows of E with rows of W.
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const UNITS: usize>(&mut self, simd: S, row: usize, unit: usize) {
        let unit_in_layer = self.epilogue.unit + unit;
        let width = self.outputs.panel;
        let mut sums = [[F::splat(simd, F::zero()); UNITS]; ROWS];
        for (p, panel) in self.panels.iter().enumerate() {
            let error = &self.error[(p * self.batch + self.first + row) * width..][..ROWS * width];
            let weight = &panel.weight[unit_in_layer * width..][..UNITS * width];
            let (error, weight) = (F::vectors::<S>(error), F::vectors::<S>(weight));
            let stride = width / F::LANES;
            let mut e: [&[F::Vector<S>]; ROWS] = [&[]; ROWS];
            for (i, e) in e.iter_mut().enumerate() {
                *e = &error[i * stride..][..stride];
            }
            let mut w: [&[F::Vector<S>]; UNITS] = [&[]; UNITS];
            for (j, w) in w.iter_mut().enumerate() {
                *w = &weight[j * stride..][..stride];
            }
            for v in 0..stride {
                for j in 0..UNITS {
                    let w = w[j][v];
                    for i in 0..ROWS {
                        sums[i][j] = F::mul_add(simd, e[i][v], w, sums[i][j]);
                    }
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            let output = &mut self.output[(row + i) * self.width + unit..][..UNITS];
            for (output, &sum) in output.iter_mut().zip(sums) {
                *output = F::sum(simd, sum);
            }
        }
    }
}
