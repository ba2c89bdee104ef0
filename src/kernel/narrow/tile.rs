//! The loops over the masks of a tile.

use super::{CHUNK, Logarithm, Narrow};
use crate::kernel::lanes::{self, LANES};
use crate::kernel::products::{QUAD, ROWS, multiply, reciprocals};
use crate::kernel::tile::TileSums;
use itertools::{Itertools, izip};
use pulp::{Simd, WithSimd, bytemuck};

/// All masks of the low and middle units for one mask of the high ones.
pub(in crate::kernel) struct Tile<'a> {
    pub tables: &'a Narrow,
    /// What the high units multiply the e^η of each class by and, last, what the reference counts in s.
    pub factors: Vec<f64>,
    /// The largest of the high units' logits, whose exponential has been taken out of all of them.
    pub shift: f64,
    /// B.
    pub middle: Vec<f64>,
    /// The panels for the squares, if they are asked for.
    pub squares: Vec<Vec<f64>>,
}

impl WithSimd for Tile<'_> {
    type Output = TileSums;

    /// The masks are the same for any vectors, and so is the order of every sum.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> TileSums {
        match S::F64_LANES {
            8 => self.sums::<S, 4>(simd),
            4 => self.sums::<S, 2>(simd),
            2 => self.sums::<S, 4>(simd),
            _ => self.sums::<S, 8>(simd),
        }
    }
}

impl Tile<'_> {
    /// The sums, V vectors of low masks at a time.
    #[inline(always)]
    fn sums<S: Simd, const V: usize>(&self, simd: S) -> TileSums {
        let Narrow { low, low_weights, middle_weights, panels, logarithm, others, .. } = self.tables;
        let (others, width) = (*others, V * S::F64_LANES);
        let zero = [simd.splat_f64s(0.0); V];
        // The rows: the other classes, the reference, logarithms; squares of the other classes, of the reference.
        let squares = others + 2;
        let rows = squares + if self.squares.is_empty() { 0 } else { others + 1 };
        let mut totals = vec![[0.0; LANES]; rows];
        let mut a = vec![zero; others];
        let mut sums = vec![zero; rows];
        let mut responsibilities = [zero; CHUNK];
        for first in (0..low_weights.len()).step_by(width) {
            for (a, row) in a.iter_mut().zip(low.chunks_exact(low_weights.len())) {
                bytemuck::cast_slice_mut(a).copy_from_slice(&row[first..first + width]);
            }
            sums.fill(zero);
            for (chunk, weights) in middle_weights.chunks(CHUNK).enumerate() {
                let quads = chunk * CHUNK / QUAD..(chunk * CHUNK + weights.len()) / QUAD;
                let responsibilities = &mut responsibilities[..weights.len()];
                let b = &self.middle[chunk * CHUNK * others..][..weights.len() * others];
                let logarithms = self.respond::<S, V>(simd, &a, b, weights, &logarithm[quads], responsibilities);
                add::<S, V>(simd, &mut sums[others + 1], &logarithms);
                add_chunk::<S, V>(simd, responsibilities, panels, chunk, &mut sums[..=others]);
                if !self.squares.is_empty() {
                    for r in responsibilities.iter_mut().flatten() {
                        *r = simd.mul_f64s(*r, *r);
                    }
                    add_chunk::<S, V>(simd, responsibilities, &self.squares, chunk, &mut sums[squares..]);
                }
            }
            let weights = &low_weights[first..first + width];
            for (row, (total, sums)) in totals.iter_mut().zip(&sums).enumerate() {
                let sums: &[f64] = bytemuck::cast_slice(sums);
                let a: &[f64] = a.get(row % squares).map_or(&[], |a| bytemuck::cast_slice(a));
                for (i, (sum, weight)) in sums.iter().zip(weights).enumerate() {
                    let factor = a.get(i).map_or(*weight, |a| if row < squares { a * weight } else { a * a * weight });
                    total[i % LANES] = factor.mul_add(*sum, total[i % LANES]);
                }
            }
        }
        let mut classes = totals.into_iter().map(lanes::sum).collect_vec();
        let mut squares = classes.split_off(squares);
        squares.iter_mut().zip(&self.factors).for_each(|(square, factor)| *square *= factor * factor);
        let logarithm = classes.pop().expect("the sum of logarithms is the last") + self.shift;
        classes.iter_mut().zip(&self.factors).for_each(|(class, factor)| *class *= factor);
        TileSums { classes, logarithm, squares }
    }

    /// 1/s for every mask of a chunk; returns Σ w ln s.
    #[inline(always)]
    fn respond<S: Simd, const V: usize>(
        &self,
        simd: S,
        a: &[[S::f64s; V]],
        b: &[f64],
        weights: &[f64],
        logarithm: &[Logarithm],
        responsibilities: &mut [[S::f64s; V]],
    ) -> [S::f64s; V] {
        let one = simd.splat_f64s(1.0);
        let reference = simd.splat_f64s(self.factors[a.len()]);
        let mut product = [one; V];
        let mut logarithms = [simd.splat_f64s(0.0); V];
        let quads = izip!(
            b.chunks_exact(QUAD * a.len()),
            weights.chunks_exact(QUAD),
            logarithm,
            responsibilities.chunks_exact_mut(QUAD)
        );
        for (b, weights, when, responsibilities) in quads {
            let mut s = [[reference; V]; QUAD];
            for (a, b) in a.iter().zip(b.chunks_exact(QUAD)) {
                for (s, b) in s.iter_mut().zip(b) {
                    let b = simd.splat_f64s(*b);
                    for v in 0..V {
                        s[v] = simd.mul_add_f64s(a[v], b, s[v]);
                    }
                }
            }
            for v in 0..V {
                let (each, all) = reciprocals(simd, [s[0][v], s[1][v], s[2][v], s[3][v]]);
                for (responsibility, each) in responsibilities.iter_mut().zip(each) {
                    responsibility[v] = each;
                }
                if *when != Logarithm::Each {
                    product[v] = simd.mul_f64s(product[v], all);
                }
            }
            match when {
                Logarithm::Later => {}
                Logarithm::Now => {
                    add_logarithm::<S, V>(simd, &mut logarithms, product, weights[0]);
                    product = [one; V];
                }
                Logarithm::Each => {
                    for (s, weight) in s.iter().zip(weights) {
                        add_logarithm::<S, V>(simd, &mut logarithms, *s, *weight);
                    }
                }
            }
        }
        logarithms
    }
}

/// sum += weight · ln x.
#[inline(always)]
fn add_logarithm<S: Simd, const V: usize>(simd: S, sum: &mut [S::f64s; V], mut x: [S::f64s; V], weight: f64) {
    for x in bytemuck::cast_slice_mut::<_, f64>(&mut x) {
        *x = lanes::ln(*x);
    }
    for v in 0..V {
        sum[v] = simd.mul_add_f64s(simd.splat_f64s(weight), x[v], sum[v]);
    }
}

/// sum += term.
#[inline(always)]
fn add<S: Simd, const V: usize>(simd: S, sum: &mut [S::f64s; V], term: &[S::f64s; V]) {
    for v in 0..V {
        sum[v] = simd.add_f64s(sum[v], term[v]);
    }
}

/// A chunk of the second product, for all panels.
#[inline(always)]
fn add_chunk<S: Simd, const V: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    panels: &[Vec<f64>],
    chunk: usize,
    sums: &mut [[S::f64s; V]],
) {
    for (panel, sums) in panels.iter().zip(sums.chunks_mut(ROWS)) {
        let panel = &panel[chunk * CHUNK * sums.len()..][..r.len() * sums.len()];
        multiply(simd, r, panel, sums.len(), sums);
    }
}
