//! From the errors of one layer to a panel of those of the layer before.

use super::Multipliers;
use crate::trainer::columns::Columns;
use crate::trainer::float::Float;
use crate::trainer::panel::Panel;
use crate::trainer::units::Units;
use pulp::{Simd, WithSimd};

/// E' = f'(z) ∘ (μ ∘ (E Wᵀ) + s), for some rows of one panel of the layer before.
pub(crate) struct Backward<'a, F: Float> {
    /// E of all rows.
    pub(crate) error: &'a [F],
    /// The columns of E.
    pub(crate) outputs: Columns,
    /// The rows of E.
    pub(crate) batch: usize,
    /// W.
    pub(crate) panels: &'a [Panel<F>],
    /// f(z), of the rows and units to be computed; a positive multiple will do where f is linear or rectifies.
    pub(crate) activation: &'a [F],
    /// The number of the panel's first unit.
    pub(crate) unit: usize,
    /// The first row to be computed.
    pub(crate) first: usize,
    /// Units a row.
    pub(crate) width: usize,
    /// The rows from there on, to be written.
    pub(crate) output: &'a mut [F],
    /// f.
    pub(crate) units: Units,
    /// μ, of all rows.
    pub(crate) multipliers: Multipliers<'a, F>,
    /// s, the derivative of the activity penalty with respect to each unit of the panel, the same for all rows.
    pub(crate) slopes: Option<&'a [F]>,
}

impl<F: Float> WithSimd for Backward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match self.outputs.vectors {
            5 => self.panel::<S, 5>(simd),
            4 => self.panel::<S, 4>(simd),
            3 => self.panel::<S, 3>(simd),
            2 => self.panel::<S, 2>(simd),
            _ => self.panel::<S, 1>(simd),
        }
    }
}

impl<F: Float> Backward<'_, F> {
    /// `VECTORS` are those of a panel of E, so known that a tile is one run of instructions. The units of a tile divide
    /// those of a panel.
    #[inline(always)]
    fn panel<S: Simd, const VECTORS: usize>(&mut self, simd: S) {
        if S::REGISTER_COUNT < 32 {
            self.panel_by::<S, 3, 2, VECTORS>(simd);
        } else {
            self.panel_by::<S, 3, 8, VECTORS>(simd);
        }
    }

    #[inline(always)]
    fn panel_by<S: Simd, const ROWS: usize, const UNITS: usize, const VECTORS: usize>(&mut self, simd: S) {
        let rows = self.output.len() / self.width;
        for unit in (0..self.width).step_by(UNITS) {
            if rows >= ROWS {
                for row in tiles(rows, ROWS) {
                    self.tile::<S, ROWS, UNITS, VECTORS>(simd, row, unit);
                }
            } else {
                for row in 0..rows {
                    self.tile::<S, 1, UNITS, VECTORS>(simd, row, unit);
                }
            }
        }
        let activation = F::vectors::<S>(self.activation);
        let stride = self.width / F::LANES;
        for (i, (back, &h)) in F::vectors_mut::<S>(self.output).iter_mut().zip(activation).enumerate() {
            let mut gradient = self.multipliers.times(simd, self.first + i / stride, i % stride, *back);
            if let Some(slopes) = self.slopes {
                gradient = F::plus(simd, gradient, F::vectors::<S>(slopes)[i % stride]);
            }
            *back = self.units.pull_back::<S, F>(simd, h, gradient);
        }
    }

    /// Products of rows of E with rows of W.
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const UNITS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        row: usize,
        unit: usize,
    ) {
        let unit_in_layer = self.unit + unit;
        let width = VECTORS * F::LANES;
        let mut sums = [[F::splat(simd, F::zero()); UNITS]; ROWS];
        for (p, panel) in self.panels.iter().enumerate() {
            let error = &self.error[(p * self.batch + self.first + row) * width..][..ROWS * width];
            let weight = &panel.used()[unit_in_layer * width..][..UNITS * width];
            let (error, weight) = (F::vectors::<S>(error), F::vectors::<S>(weight));
            for v in 0..VECTORS {
                for j in 0..UNITS {
                    let w = weight[j * VECTORS + v];
                    for i in 0..ROWS {
                        sums[i][j] = F::mul_add(simd, error[i * VECTORS + v], w, sums[i][j]);
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

/// The first rows of tiles of `size` rows that cover `rows` of them, the last one moved back to end with them. Rows that
/// are covered twice are computed twice to the same bits.
fn tiles(rows: usize, size: usize) -> impl Iterator<Item = usize> {
    (0..rows).step_by(size).map(move |row| row.min(rows - size))
}
