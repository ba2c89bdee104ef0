//! The outputs of weight scaling, many examples at a time.

use dropout_oracle::law::Law;
use dropout_oracle::network::{Affine, Layer, Network, Unit};
use dropout_oracle::{Error, Model};
use nalgebra::DVector;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Examples a task.
const BLOCK: usize = 48;
/// Examples whose sums stay in registers together, two vectors each.
const ROWS: usize = 6;

/// f(x, E μ) for each input: bit by bit what [`Network::output`] gives one at a time, on all threads.
///
/// # Errors
/// Those of [`Network::output`], for the first input that it refuses.
pub fn outputs(model: &Model, inputs: &[DVector<f64>]) -> Result<Vec<DVector<f64>>, Error> {
    let multipliers = model.law().mean();
    let blocks: Vec<_> = inputs.par_chunks(BLOCK).map(|block| forward(model, &multipliers, block)).collect();
    let outputs: Vec<_> = blocks.into_iter().flatten().collect();
    match outputs.iter().position(|output| !output.iter().all(|z| z.is_finite())) {
        // The definition has a name for what is wrong.
        Some(bad) => model.network().output(&inputs[bad], &multipliers).map(|_| outputs),
        None => Ok(outputs),
    }
}

fn forward(model: &Model, multipliers: &DVector<f64>, block: &[DVector<f64>]) -> Vec<DVector<f64>> {
    let (mut rows, mut used) = (block.to_vec(), 0);
    for layer in model.network().layers() {
        match layer {
            Layer::Dropout(units) => {
                for (&unit, multiplier) in units.iter().zip(&multipliers.as_slice()[used..]) {
                    rows.iter_mut().for_each(|row| row[unit] *= multiplier);
                }
                used += units.len();
            }
            Layer::Affine(affine) => rows = pulp::Arch::new().dispatch(Apply { affine, rows: &rows }),
            Layer::Unit(unit) => rows.iter_mut().for_each(|row| *row = unit.activate(row)),
        }
    }
    rows
}

/// [`Affine::apply`] of every row, with its order of every sum: panels of a few columns of Wᵀ meet groups of a few rows.
struct Apply<'a> {
    affine: &'a Affine<f64>,
    rows: &'a [DVector<f64>],
}

impl WithSimd for Apply<'_> {
    type Output = Vec<DVector<f64>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let (outputs, inputs) = self.affine.weight.shape();
        let group = |rows: &[DVector<f64>]| -> Vec<[f64; ROWS]> {
            (0..inputs).map(|i| std::array::from_fn(|r| rows.get(r).map_or(0.0, |row| row[i]))).collect()
        };
        let groups: Vec<_> = self.rows.chunks(ROWS).map(group).collect();
        let mut results = vec![DVector::zeros(outputs); self.rows.len()];
        let columns = 2 * S::F64_LANES;
        let (mut panel, mut edge) = (vec![0.0; columns * inputs], vec![0.0; columns]);
        for first in (0..outputs).step_by(columns) {
            let width = columns.min(outputs - first);
            for (row, column) in panel.chunks_exact_mut(columns).zip(self.affine.weight.column_iter()) {
                row[..width].copy_from_slice(&column.as_slice()[first..][..width]);
            }
            edge[..width].copy_from_slice(&self.affine.bias.as_slice()[first..][..width]);
            let bias = [S::as_simd_f64s(&edge).0[0], S::as_simd_f64s(&edge).0[1]];
            let weights = S::as_simd_f64s(&panel).0.as_chunks::<2>().0;
            for (group, results) in groups.iter().zip(results.chunks_mut(ROWS)) {
                let mut sums = [bias; ROWS];
                for (weights, inputs) in weights.iter().zip(group) {
                    for (sums, &h) in sums.iter_mut().zip(inputs) {
                        let h = simd.splat_f64s(h);
                        for (sum, &w) in sums.iter_mut().zip(weights) {
                            *sum = simd.add_f64s(*sum, simd.mul_f64s(w, h));
                        }
                    }
                }
                for (result, sums) in results.iter_mut().zip(&sums) {
                    S::as_mut_simd_f64s(&mut edge).0.copy_from_slice(sums);
                    result.as_mut_slice()[first..][..width].copy_from_slice(&edge[..width]);
                }
            }
        }
        results
    }
}
