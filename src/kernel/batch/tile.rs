//! The loops over the masks of the units, in each lane for another activation.

use super::logarithms::Logarithms;
use super::octets::{first, parts, vectors_mut};
use super::single;
use super::table::{Table, Units, vector};
use crate::kernel::lanes::{LANES, Octet};
use crate::kernel::products::{self, Own, QUAD, ROWS};
use pulp::{Simd, bytemuck};

/// The most units of the tables of A and B: both stay in the first-level cache.
const MOST_LOW: usize = 5;
const MOST_MIDDLE: usize = 4;
/// The most low masks at a time.
const MOST_AT_ONCE: usize = 4;
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
    /// 1/s of some low masks with each of the middle ones, a row a middle mask.
    responsibilities: Vec<S::f64s>,
    logarithms: Logarithms<S>,
    totals: Vec<S::f64s>,
}

impl<S: Simd> Default for Tables<S> {
    fn default() -> Self {
        let [low, middle, high] = [(); 3].map(|()| Table::default());
        Self {
            low,
            middle,
            high,
            responsibilities: vec![bytemuck::Zeroable::zeroed(); MOST_AT_ONCE << MOST_MIDDLE],
            logarithms: Logarithms::default(),
            totals: Vec::new(),
        }
    }
}

impl Tile<'_> {
    /// The sums over all masks: the other classes, the reference, ln s; squares of the other classes, of the reference.
    #[inline(always)]
    pub fn sums<'a, S: Simd>(&self, simd: S, tables: &mut Tables<S>, sums: &'a mut Vec<Octet>) -> &'a [Octet] {
        let others = self.start.len();
        let rows = others + 2 + if self.squares { others + 1 } else { 0 };
        let sums = first(sums, rows, [0.0; LANES]);
        if self.units.keep.is_empty() {
            single::sums(simd, self.start, sums);
            return sums;
        }
        for part in 0..parts::<S>() {
            match (self.units.keep.len(), S::F64_LANES) {
                (0..FEWEST, _) => self.part::<S, 1, 1>(simd, part, tables, sums),
                (FEWEST, _) => self.part::<S, 1, QUAD>(simd, part, tables, sums),
                (3, _) | (_, 4) => self.part::<S, 2, QUAD>(simd, part, tables, sums),
                _ => self.part::<S, 4, QUAD>(simd, part, tables, sums),
            }
        }
        sums
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
        let others = self.start.len();
        let middle_units = self.fill::<S, Q>(simd, part, tables);
        let Tables { low, middle, high, responsibilities, logarithms, totals } = tables;
        let totals = first(totals, sums.len(), simd.splat_f64s(0.0));
        totals.fill(simd.splat_f64s(0.0));
        logarithms.start(simd, self.units.keep);
        for (mask, weight) in high.weights().iter().enumerate() {
            let [e] = high.rows(mask);
            middle.start(simd, *weight, middle_units).copy_from_slice(e);
            middle.fill(simd, middle_units, part);
            middle.weigh(simd, self.squares);
            for first in (0..low.weights().len()).step_by(V) {
                let masks = Masks::of(low, first);
                let (responsibilities, _) = responsibilities[..V * middle.weights().len()].as_chunks_mut();
                respond::<S, V, Q>(simd, &masks, middle, mask.count_ones(), logarithms, responsibilities);
                let (classes, squares) = totals.split_at_mut(others + 2);
                let classes = &mut classes[..=others];
                add(simd, responsibilities, low.weighted(1, first), middle.weighted(1, 0), classes);
                if self.squares {
                    for r in responsibilities.iter_mut().flatten() {
                        *r = simd.mul_f64s(*r, *r);
                    }
                    add(simd, responsibilities, low.weighted(2, first), middle.weighted(2, 0), squares);
                }
            }
        }
        totals[others + 1] = logarithms.total(simd);
        for (sum, total) in sums.iter_mut().zip(&*totals) {
            vectors_mut::<S>(std::slice::from_mut(sum))[part] = *total;
        }
    }

    /// Fills the tables of the low and the high units for a part of the lanes; returns the middle ones.
    #[inline(always)]
    fn fill<S: Simd, const Q: usize>(&self, simd: S, part: usize, tables: &mut Tables<S>) -> Units<'_> {
        let Tables { low, high, .. } = tables;
        let units = self.units.keep.len();
        let middle = if Q == 1 { units } else { (units / 2).clamp(FEWEST, MOST_MIDDLE) };
        let (middle_units, rest) = self.units.split(middle);
        let (low_units, high_units) = rest.split(rest.keep.len().min(MOST_LOW));
        low.start(simd, 1.0, low_units).fill(simd.splat_f64s(1.0));
        low.fill(simd, low_units, part);
        low.weigh(simd, self.squares);
        for (row, e) in high.start(simd, 1.0, high_units).iter_mut().zip(self.start) {
            *row = vector::<S>(e, part);
        }
        high.fill(simd, high_units, part);
        middle_units
    }
}

/// V masks of the low units, and their rows of A.
struct Masks<'a, S: Simd, const V: usize> {
    first: usize,
    a: [&'a [S::f64s]; V],
    weights: &'a [f64],
}

impl<'a, S: Simd, const V: usize> Masks<'a, S, V> {
    #[inline(always)]
    fn of(low: &'a Table<S>, first: usize) -> Self {
        Self { first, a: low.rows(first), weights: &low.weights()[first..first + V] }
    }
}

/// 1/s of the low masks with each of the middle ones, of which Q share a division, and the logarithms of s. `kept` of the
/// high units are kept.
#[inline(always)]
fn respond<S: Simd, const V: usize, const Q: usize>(
    simd: S,
    low: &Masks<S, V>,
    middle: &Table<S>,
    kept: u32,
    logarithms: &mut Logarithms<S>,
    responsibilities: &mut [[S::f64s; V]],
) {
    for (quad, responsibilities) in responsibilities.chunks_exact_mut(Q).enumerate() {
        let s = sums::<S, V, Q>(simd, &low.a, middle.rows(quad * Q));
        let weights = &middle.weights()[quad * Q..][..Q];
        for v in 0..V {
            let mask = low.first + v;
            let (group, kept) = (mask % 4, (kept + quad.count_ones() + mask.count_ones()) as usize);
            if Q == QUAD {
                let column = [s[0][v], s[1 % Q][v], s[2 % Q][v], s[3 % Q][v]];
                let (each, all) = products::reciprocals(simd, column);
                for q in 0..Q {
                    responsibilities[q][v] = each[q];
                }
                let w = low.weights[v];
                let w = [w * weights[0], w * weights[1 % Q], w * weights[2 % Q], w * weights[3 % Q]];
                logarithms.add_quad(simd, group, kept, w, column, all);
            } else {
                responsibilities[0][v] = simd.div_f64s(simd.splat_f64s(1.0), s[0][v]);
                logarithms.add(simd, group, kept, low.weights[v] * weights[0], s[0][v]);
            }
        }
    }
}

/// s = 1 + Σ_y A_y B_y for V masks of the low and Q of the middle units.
#[inline(always)]
fn sums<S: Simd, const V: usize, const Q: usize>(
    simd: S,
    a: &[&[S::f64s]; V],
    b: [&[S::f64s]; Q],
) -> [[S::f64s; V]; Q] {
    let mut s = [[simd.splat_f64s(1.0); V]; Q];
    for y in 0..a[0].len() {
        for q in 0..Q {
            for v in 0..V {
                s[q][v] = simd.mul_add_f64s(a[v][y], b[q][y], s[q][v]);
            }
        }
    }
    s
}

/// Adds \\(\sum_v w_v A_y[v]^k \sum_m r[m][v]\\, w_m B_y[m]^k\\) to the total of each class, the reference's A and B being 1.
#[inline(always)]
fn add<S: Simd, const V: usize>(
    simd: S,
    r: &[[S::f64s; V]],
    low: &[Own<S>],
    middle: &[Own<S>],
    totals: &mut [S::f64s],
) {
    let rows = totals.len();
    for (first, totals) in (0..).step_by(ROWS).zip(totals.chunks_mut(ROWS)) {
        let mut sums = [[simd.splat_f64s(0.0); V]; ROWS];
        products::multiply(simd, r, &middle[first..], rows, &mut sums[..totals.len()]);
        for v in 0..V {
            let factors = &low[v * rows + first..][..totals.len()];
            for (row, total) in totals.iter_mut().enumerate() {
                *total = simd.mul_add_f64s(factors[row].0, sums[row][v], *total);
            }
        }
    }
}
