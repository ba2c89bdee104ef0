//! Σ π ln s over the masks of a tile, with few logarithms.

use crate::kernel::lanes::{self, LANES};
use pulp::{Simd, bytemuck};
use std::f64::consts::LN_2;

/// Σ π ln s, for the vectors of one tile.
///
/// With the same KEEP probability p for all units, a mask's weight depends on how many it keeps, and for p = ½ not even on
/// that. All s of the same weight are multiplied, significands and exponents apart: one logarithm a weight. With different
/// probabilities, each s has its own.
#[derive(Debug)]
pub(super) struct Logarithms<S: Simd> {
    /// The common KEEP probability of so many units.
    common: Option<(f64, usize)>,
    /// The products of the s of each weight; every fourth mask of the low units has the same.
    products: Vec<[Product<S>; GROUPS]>,
    /// Σ π ln s where each s has its own logarithm.
    sum: [S::f64s; GROUPS],
}

/// In how many parts a sum over the low units' masks is summed: a block of the widest vectors has one of each.
const GROUPS: usize = 4;

/// m · 2^k in each lane.
#[derive(Clone, Copy, Debug)]
struct Product<S: Simd> {
    m: S::f64s,
    k: [i64; LANES],
}

impl<S: Simd> Default for Logarithms<S> {
    fn default() -> Self {
        Self { common: None, products: Vec::new(), sum: bytemuck::Zeroable::zeroed() }
    }
}

impl<S: Simd> Logarithms<S> {
    /// Starts with no masks, of units of these KEEP probabilities.
    #[inline(always)]
    pub fn start(&mut self, simd: S, keep: &[f64]) {
        let first = keep.first().copied().unwrap_or(0.5);
        let mut same = true;
        for p in keep {
            same &= *p == first;
        }
        self.common = same.then_some((first, keep.len()));
        let weights = match self.common {
            Some((0.5, _)) => 1,
            Some((_, units)) => units + 1,
            None => 0,
        };
        self.products.clear();
        self.products.resize(weights, [Product { m: simd.splat_f64s(1.0), k: [0; LANES] }; GROUPS]);
        self.sum = [simd.splat_f64s(0.0); GROUPS];
    }

    /// Adds four masks of weights w, of which `kept` units and, in this order, 0, 1, 1 and 2 more are kept, and whose product
    /// is `all`, to a group.
    #[inline(always)]
    pub fn add_quad(&mut self, simd: S, group: usize, kept: usize, w: [f64; 4], s: [S::f64s; 4], all: S::f64s) {
        match self.common {
            Some((0.5, _)) => self.multiply(simd, group, 0, all),
            Some(_) => {
                self.multiply(simd, group, kept, s[0]);
                self.multiply(simd, group, kept + 1, simd.mul_f64s(s[1], s[2]));
                self.multiply(simd, group, kept + 2, s[3]);
            }
            None => {
                for (w, s) in w.iter().zip(&s) {
                    self.add_logarithm(simd, group, *w, *s);
                }
            }
        }
    }

    /// Adds a mask of weight w, of which `kept` units are kept.
    #[inline(always)]
    pub fn add(&mut self, simd: S, group: usize, kept: usize, w: f64, s: S::f64s) {
        match self.common {
            Some((0.5, _)) => self.multiply(simd, group, 0, s),
            Some(_) => self.multiply(simd, group, kept, s),
            None => self.add_logarithm(simd, group, w, s),
        }
    }

    #[inline(always)]
    fn multiply(&mut self, simd: S, group: usize, weight: usize, s: S::f64s) {
        let Product { m, k } = &mut self.products[weight][group];
        *m = simd.mul_f64s(*m, s);
        for (m, k) in bytemuck::cast_slice_mut::<_, f64>(std::slice::from_mut(m)).iter_mut().zip(k) {
            let (significand, exponent) = lanes::split(*m);
            *m = significand;
            *k += exponent;
        }
    }

    #[inline(always)]
    fn add_logarithm(&mut self, simd: S, group: usize, weight: f64, s: S::f64s) {
        self.sum[group] = simd.mul_add_f64s(simd.splat_f64s(weight), ln::<S>(s), self.sum[group]);
    }

    /// Σ π ln s.
    #[inline(always)]
    pub fn total(&self, simd: S) -> S::f64s {
        let [a, b, c, d] = self.sum;
        let mut total = simd.add_f64s(simd.add_f64s(a, b), simd.add_f64s(c, d));
        let Some((p, units)) = self.common else { return total };
        for (kept, [a, b, c, d]) in self.products.iter().enumerate() {
            // For p = ½ any number of kept units has that weight.
            let weight = power(p, kept) * power(1.0 - p, units - kept);
            let m = simd.mul_f64s(simd.mul_f64s(a.m, b.m), simd.mul_f64s(c.m, d.m));
            let mut k = simd.splat_f64s(0.0);
            for (lane, sum) in bytemuck::cast_slice_mut::<_, f64>(std::slice::from_mut(&mut k)).iter_mut().enumerate() {
                *sum = (a.k[lane] + b.k[lane] + c.k[lane] + d.k[lane]) as f64;
            }
            let logarithm = simd.mul_add_f64s(k, simd.splat_f64s(LN_2), ln::<S>(m));
            total = simd.mul_add_f64s(simd.splat_f64s(weight), logarithm, total);
        }
        total
    }
}

/// ln x in each lane.
#[inline(always)]
fn ln<S: Simd>(mut x: S::f64s) -> S::f64s {
    let lanes: &mut [f64] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut x));
    for x in lanes {
        *x = lanes::ln(*x);
    }
    x
}

/// x^n for n up to 16, by up to four squarings.
#[inline(always)]
fn power(x: f64, n: usize) -> f64 {
    let (mut power, mut square, mut n) = (1.0, x, n);
    while n > 0 {
        if n % 2 == 1 {
            power *= square;
        }
        square *= square;
        n /= 2;
    }
    power
}
