//! The tile for logits of ordinary range: two small matrix products and a quarter of a division a mask.
//!
//! With \\(e^{\eta_y - \eta_{\mathrm{ref}}} = A_y[l]\\,B_y[m]\\), the sum s = 1 + Σ_y A_y[l] B_y[m] is a matrix product, and
//! \\(\sum_m w_m\\, p_y = A_y[l] \sum_m (1/s)\\, w_m B_y[m]\\) another. Four masks share one division,
//! \\(1/s_0 = (s_0 s_1 s_2 s_3)^{-1} s_1 \cdot s_2 s_3\\), and many share one logarithm.

use super::lanes::{self, LANES};
use super::tables::{Group, exp};
use super::tile::TileSums;
use crate::marginal::double_double::DoubleDouble;
use crate::scalar::Real;
use itertools::{Itertools, izip};
use pulp::{Simd, WithSimd, bytemuck};

/// How many masks share a division.
const QUAD: usize = 4;
/// How many masks of the second group are summed at a time: what their responsibilities fit the first-level cache with.
const CHUNK: usize = 64;
/// How many rows of the second product are summed at a time: what the registers hold.
const ROWS: usize = 5;
/// The product of four s must stay between e^−690 and e^690, a little inside the normal numbers.
const LARGEST_LOG: f64 = 690.0;

/// Tables for all tiles.
#[derive(Clone, Debug)]
pub(super) struct Narrow {
    /// A: one row of masks a class.
    low: Vec<f64>,
    low_weights: Vec<f64>,
    /// B before the high units' factor, four masks at a time: `middle[quad][y][mask]`.
    middle: Vec<f64>,
    middle_weights: Vec<f64>,
    /// The rows w B of the second product and, last, w: a panel of up to [`ROWS`] of them after the other, each panel mask
    /// by mask.
    panels: Vec<Vec<f64>>,
    logarithm: Vec<Logarithm>,
    /// Classes less the reference.
    others: usize,
}

/// When to take logarithms of s.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Logarithm {
    /// The quad's masks have different weights: of each.
    Each,
    /// The next quad has the same weight and its product still fits.
    Later,
    /// Of the product of all since the last.
    Now,
}

impl Narrow {
    /// The tables, unless the logits range too widely for a shared division.
    pub fn new(low: &Group, middle: &Group) -> Option<Self> {
        let others = low.centre.len();
        // |ln s| once the largest of the high units' factors is taken out.
        let bound = low.radius + middle.radius + Real::ln((others + 1) as f64);
        let fit = (LARGEST_LOG / (QUAD as f64 * bound)).floor();
        if fit < 1.0 {
            return None;
        }
        let mut order = (0..middle.weights.len()).collect_vec();
        order.sort_by(|&a, &b| middle.weights[a].total_cmp(&middle.weights[b]));
        let middle_weights = order.iter().map(|&m| middle.weights[m]).collect_vec();
        let rows = (0..others).map(|y| middle.exponentials(y, exp)).collect_vec();
        let mut table = Vec::with_capacity(others * order.len());
        for quad in order.chunks_exact(QUAD) {
            rows.iter().for_each(|row| table.extend(quad.iter().map(|&m| row[m])));
        }
        let entry = |y: usize, m: usize| rows.get(y).map_or(1.0, |row| row[m]) * middle.weights[m];
        let panel = |first: usize| {
            let rows = first..(first + ROWS).min(others + 1);
            let mut panel = Vec::with_capacity(rows.len() * order.len());
            order.iter().for_each(|&m| panel.extend(rows.clone().map(|y| entry(y, m))));
            panel
        };
        Some(Self {
            low: (0..others).map(|y| low.exponentials(y, exp)).collect_vec().concat(),
            low_weights: low.weights.clone(),
            middle: table,
            panels: (0..=others).step_by(ROWS).map(panel).collect(),
            logarithm: Logarithm::plan(&middle_weights, fit.min(CHUNK as f64) as usize),
            middle_weights,
            others,
        })
    }

    /// The tile whose high units add `high` to the logits, the reference's being 0.
    pub fn tile<'a>(&'a self, high: &[DoubleDouble], squares: bool) -> Tile<'a> {
        let shift = high.iter().fold(0.0, |shift: f64, x| x.hi.max(shift));
        let mut factors = high.iter().map(|&x| exp(x - shift.into())).collect_vec();
        let mut middle = self.middle.clone();
        for (quad, factor) in middle.chunks_exact_mut(QUAD).zip(factors.iter().cycle()) {
            quad.iter_mut().for_each(|b| *b *= factor);
        }
        factors.push(Real::exp(-shift));
        Tile { tables: self, factors, shift, middle, squares: if squares { self.squares() } else { Vec::new() } }
    }

    /// The panels of w B² and w.
    fn squares(&self) -> Vec<Vec<f64>> {
        let b = |m: usize, y: usize| {
            if y < self.others { self.middle[(m / QUAD * self.others + y) * QUAD + m % QUAD] } else { 1.0 }
        };
        let square = |(first, panel): (usize, &Vec<f64>)| {
            let rows = panel.len() / self.middle_weights.len();
            panel.iter().enumerate().map(|(i, entry)| entry * b(i / rows, first + i % rows)).collect()
        };
        (0..).step_by(ROWS).zip(&self.panels).map(square).collect()
    }
}

impl Logarithm {
    /// Runs of at most `longest` quads of equal weight, within chunks.
    fn plan(weights: &[f64], longest: usize) -> Vec<Self> {
        let mut run = 0;
        let quads = weights.chunks_exact(QUAD).collect_vec();
        let step = |(i, quad): (usize, &&[f64])| {
            if quad[0] != quad[QUAD - 1] {
                return Self::Each;
            }
            run += 1;
            let ends = quads.get(i + 1).is_none_or(|next| next[0] != quad[0] || next[QUAD - 1] != quad[0]);
            if ends || run == longest || (i + 1) % (CHUNK / QUAD) == 0 {
                run = 0;
                Self::Now
            } else {
                Self::Later
            }
        };
        quads.iter().enumerate().map(step).collect()
    }
}

/// All masks of the low and middle units for one mask of the high ones.
pub(super) struct Tile<'a> {
    tables: &'a Narrow,
    /// What the high units multiply the e^η of each class by and, last, what the reference counts in s.
    factors: Vec<f64>,
    /// The largest of the high units' logits, whose exponential has been taken out of all of them.
    shift: f64,
    /// B.
    middle: Vec<f64>,
    /// The panels for the squares, if they are asked for.
    squares: Vec<Vec<f64>>,
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
                multiply::<S, V>(simd, responsibilities, panels, chunk, &mut sums[..=others]);
                if !self.squares.is_empty() {
                    for r in responsibilities.iter_mut().flatten() {
                        *r = simd.mul_f64s(*r, *r);
                    }
                    multiply::<S, V>(simd, responsibilities, &self.squares, chunk, &mut sums[squares..]);
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
            let [r0, r1, r2, r3] = responsibilities else { unreachable!("a quad has four masks") };
            for v in 0..V {
                let (s01, s23) = (simd.mul_f64s(s[0][v], s[1][v]), simd.mul_f64s(s[2][v], s[3][v]));
                let all = simd.mul_f64s(s01, s23);
                let inverse = simd.div_f64s(one, all);
                let (i01, i23) = (simd.mul_f64s(inverse, s23), simd.mul_f64s(inverse, s01));
                r0[v] = simd.mul_f64s(i01, s[1][v]);
                r1[v] = simd.mul_f64s(i01, s[0][v]);
                r2[v] = simd.mul_f64s(i23, s[3][v]);
                r3[v] = simd.mul_f64s(i23, s[2][v]);
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
fn multiply<S: Simd, const V: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    panels: &[Vec<f64>],
    chunk: usize,
    sums: &mut [[S::f64s; V]],
) {
    for (panel, sums) in panels.iter().zip(sums.chunks_mut(ROWS)) {
        let panel = &panel[chunk * CHUNK * sums.len()..][..r.len() * sums.len()];
        match sums.len() {
            1 => multiply_rows::<S, V, 1>(simd, r, panel, sums),
            2 => multiply_rows::<S, V, 2>(simd, r, panel, sums),
            3 => multiply_rows::<S, V, 3>(simd, r, panel, sums),
            4 => multiply_rows::<S, V, 4>(simd, r, panel, sums),
            _ => multiply_rows::<S, V, ROWS>(simd, r, panel, sums),
        }
    }
}

/// R rows of the second product: `sums[row] += Σ_m r[m] · panel[m][row]`.
#[inline(always)]
fn multiply_rows<S: Simd, const V: usize, const R: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    panel: &[f64],
    sums: &mut [[S::f64s; V]],
) {
    let mut part = [[simd.splat_f64s(0.0); V]; R];
    for (r, weights) in r.iter().zip(panel.chunks_exact(R)) {
        for (part, weight) in part.iter_mut().zip(weights) {
            let weight = simd.splat_f64s(*weight);
            for v in 0..V {
                part[v] = simd.mul_add_f64s(r[v], weight, part[v]);
            }
        }
    }
    for (sum, part) in sums.iter_mut().zip(&part) {
        add::<S, V>(simd, sum, part);
    }
}
