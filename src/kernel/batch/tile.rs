//! The loops over the masks of the units, in each lane for another activation.

use super::logarithms::Logarithms;
use super::octets::parts;
use super::single;
use super::table::{Table, Units, vector};
use crate::kernel::lanes::{LANES, Octet};
use crate::kernel::products::{self, Own, QUAD, ROWS};
use pulp::{Simd, bytemuck};

/// The most units of the tables of A and B: both stay in the first-level cache.
const MOST_LOW: usize = 5;
const MOST_MIDDLE: usize = 4;
/// The fewest of B where four masks share a division.
const FEWEST: usize = 2;

/// All masks of the units.
pub(super) struct Tile<'a> {
    /// For each class but the reference, e^η with all units dropped.
    pub start: &'a [Octet],
    pub units: Units<'a>,
    /// Whether to sum squares too.
    pub squares: bool,
}

/// e^η is the product of an entry of each of three tables: A of the low units, B of the middle and the high ones.
#[derive(Debug)]
pub(super) struct Tables<S: Simd> {
    low: Table<S>,
    middle: Table<S>,
    high: Table<S>,
    /// w B and w, mask by mask of the middle units; w B² and w.
    weighted: [Vec<Own<S>>; 2],
    logarithms: Logarithms<S>,
    /// The table of no units.
    start: Vec<S::f64s>,
    totals: Vec<S::f64s>,
}

impl<S: Simd> Default for Tables<S> {
    fn default() -> Self {
        let [low, middle, high] = [(); 3].map(|()| Table::default());
        let weighted = [Vec::new(), Vec::new()];
        Self { low, middle, high, weighted, logarithms: Logarithms::default(), start: Vec::new(), totals: Vec::new() }
    }
}

impl Tile<'_> {
    /// The sums over all masks: the other classes, the reference, ln s; squares of the other classes, of the reference.
    #[inline(always)]
    pub fn sums<S: Simd>(&self, simd: S, tables: &mut Tables<S>, sums: &mut Vec<Octet>) {
        let others = self.start.len();
        sums.clear();
        sums.resize(others + 2 + if self.squares { others + 1 } else { 0 }, [0.0; LANES]);
        if self.units.keep.is_empty() {
            return single::sums(simd, self.start, sums);
        }
        for part in 0..parts::<S>() {
            match (self.units.keep.len(), S::F64_LANES) {
                (0..FEWEST, _) => self.part::<S, 1, 1>(simd, part, tables, sums),
                (FEWEST..=3, _) => self.part::<S, 1, QUAD>(simd, part, tables, sums),
                (_, 4) => self.part::<S, 2, QUAD>(simd, part, tables, sums),
                _ => self.part::<S, 4, QUAD>(simd, part, tables, sums),
            }
        }
    }

    /// The sums of a part of the lanes, V masks of the low and Q of the middle units at a time.
    #[inline(always)]
    fn part<S: Simd, const V: usize, const Q: usize>(
        &self,
        simd: S,
        part: usize,
        tables: &mut Tables<S>,
        sums: &mut [Octet],
    ) {
        let (others, one, zero) = (self.start.len(), simd.splat_f64s(1.0), simd.splat_f64s(0.0));
        let Tables { low, middle, high, weighted, logarithms, start, totals } = tables;
        let units = self.units.keep.len();
        let (middle_units, rest) =
            self.units.split(if Q == 1 { units } else { (units / 2).clamp(FEWEST, MOST_MIDDLE) });
        let (low_units, high_units) = rest.split(rest.keep.len().min(MOST_LOW));
        start.clear();
        start.resize(others, one);
        low.fill(simd, start, 1.0, low_units, part);
        for (start, e) in start.iter_mut().zip(self.start) {
            *start = vector::<S>(e, part);
        }
        high.fill(simd, start, 1.0, high_units, part);

        totals.clear();
        totals.resize(sums.len(), zero);
        logarithms.start(simd, self.units.keep);
        let mut responsibilities = [[zero; V]; 1 << MOST_MIDDLE];
        for (mask, weight) in high.weights.iter().enumerate() {
            middle.fill(simd, high.rows::<1>(mask, others)[0], *weight, middle_units, part);
            weigh(simd, middle, others, self.squares, weighted);
            let responsibilities = &mut responsibilities[..middle.weights.len()];
            for first in (0..low.weights.len()).step_by(V) {
                let a = low.rows::<V>(first, others);
                for (quad, responsibilities) in responsibilities.chunks_exact_mut(Q).enumerate() {
                    let b = middle.rows::<Q>(quad * Q, others);
                    let mut s = [[one; V]; Q];
                    for y in 0..others {
                        for q in 0..Q {
                            for v in 0..V {
                                s[q][v] = simd.mul_add_f64s(a[v][y], b[q][y], s[q][v]);
                            }
                        }
                    }
                    let kept = mask.count_ones() + quad.count_ones();
                    for v in 0..V {
                        let kept = (kept + (first + v).count_ones()) as usize;
                        let (group, w) = ((first + v) % 4, low.weights[first + v]);
                        if Q == QUAD {
                            let column = [s[0][v], s[1 % Q][v], s[2 % Q][v], s[3 % Q][v]];
                            let (each, all) = products::reciprocals(simd, column);
                            for q in 0..Q {
                                responsibilities[q][v] = each[q];
                            }
                            let weights = &middle.weights[quad * Q..];
                            let w = [w * weights[0], w * weights[1], w * weights[2], w * weights[3]];
                            logarithms.add_quad(simd, group, kept, w, column, all);
                        } else {
                            responsibilities[0][v] = simd.div_f64s(one, s[0][v]);
                            logarithms.add(simd, group, kept, w * middle.weights[quad], s[0][v]);
                        }
                    }
                }
                let w = &low.weights[first..first + V];
                let (classes, squares) = totals.split_at_mut(others + 2);
                add::<S, V, 1>(simd, responsibilities, &weighted[0], a, w, &mut classes[..=others]);
                if self.squares {
                    for r in responsibilities.iter_mut().flatten() {
                        *r = simd.mul_f64s(*r, *r);
                    }
                    add::<S, V, 2>(simd, responsibilities, &weighted[1], a, w, squares);
                }
            }
        }
        totals[others + 1] = logarithms.total(simd);
        for (sum, total) in sums.iter_mut().zip(&*totals) {
            let lanes = &mut sum[part * S::F64_LANES..][..S::F64_LANES];
            lanes.copy_from_slice(bytemuck::cast_slice(std::slice::from_ref(total)));
        }
    }
}

/// The rows of the second product: w B^k and w, mask by mask, for k = 1 and, if asked for, k = 2.
#[inline(always)]
fn weigh<S: Simd>(simd: S, middle: &Table<S>, others: usize, squares: bool, weighted: &mut [Vec<Own<S>>; 2]) {
    let (powers, classes) = (if squares { 2 } else { 1 }, others + 1);
    for (power, weighted) in weighted[..powers].iter_mut().enumerate() {
        weighted.resize(middle.weights.len() * classes, Own(simd.splat_f64s(0.0)));
        for (mask, w) in middle.weights.iter().enumerate() {
            let w = simd.splat_f64s(*w);
            let [row] = middle.rows::<1>(mask, others);
            let weighted = &mut weighted[mask * classes..][..classes];
            for y in 0..others {
                let term = simd.mul_f64s(w, row[y]);
                weighted[y] = Own(if power == 0 { term } else { simd.mul_f64s(term, row[y]) });
            }
            weighted[others] = Own(w);
        }
    }
}

/// Adds \\(\sum_v w_v A_y[v]^k \sum_m r[m][v]\\, w_m B_y[m]^k\\) to the total of each class, the reference's A and B being 1.
#[inline(always)]
fn add<S: Simd, const V: usize, const POWER: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    weighted: &[Own<S>],
    a: [&[S::f64s]; V],
    w: &[f64],
    totals: &mut [S::f64s],
) {
    let rows = totals.len();
    for (first, totals) in (0..).step_by(ROWS).zip(totals.chunks_mut(ROWS)) {
        let mut sums = [[simd.splat_f64s(0.0); V]; ROWS];
        products::multiply(simd, r, &weighted[first..], rows, &mut sums[..totals.len()]);
        for (row, (total, sums)) in totals.iter_mut().zip(&sums).enumerate() {
            for v in 0..V {
                let mut factor = simd.splat_f64s(w[v]);
                if let Some(a) = a[v].get(first + row) {
                    for _ in 0..POWER {
                        factor = simd.mul_f64s(factor, *a);
                    }
                }
                *total = simd.mul_add_f64s(factor, sums[v], *total);
            }
        }
    }
}
