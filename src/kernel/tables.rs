//! Split tables: e^η over all masks as products of entries of three small tables.

use super::affine_sum::Unit;
use crate::marginal::double_double::DoubleDouble;
use crate::scalar::Real;
use itertools::Itertools;
use std::f64::consts::{LN_2, LOG2_E};
use std::ops::Mul;

/// ln 2 to 106 bits.
const LN_2_PRECISE: DoubleDouble = DoubleDouble { hi: LN_2, lo: 2.3190468138462996e-17 };

/// A number m · 2^k with m near 1, for exponentials beyond the range of doubles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled {
    pub mantissa: f64,
    /// k, a whole number.
    pub exponent: f64,
}

impl Mul for Scaled {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { mantissa: self.mantissa * other.mantissa, exponent: self.exponent + other.exponent }
    }
}

/// All masks of a group of units.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The probability of each mask. Mask m keeps unit i of the group where bit i of m is set.
    pub weights: Vec<f64>,
    /// The middle between the smallest and the largest of the group's shares in each logit.
    pub centre: Vec<DoubleDouble>,
    /// How far a share can be from the middle, for the worst logit.
    pub radius: f64,
    /// For each logit, the shares of the masks of the first and of the second half of the units, each less its middle.
    halves: Vec<[Vec<DoubleDouble>; 2]>,
}

impl Group {
    pub fn new(units: &[Unit], outputs: usize) -> Self {
        let (first, second) = units.split_at(units.len() / 2);
        let radius = |y: usize| units.iter().map(|unit| unit.contribution[y].hi.abs() / 2.0).sum();
        Self {
            weights: weights(units),
            centre: (0..outputs).map(|y| centre(units, y)).collect(),
            radius: (0..outputs).map(radius).fold(0.0, f64::max),
            halves: (0..outputs).map(|y| [subset_sums(first, y), subset_sums(second, y)]).collect(),
        }
    }

    /// The exponential of each mask's share in logit y less the middle: the product of two, one from each half, so that
    /// 2^(n/2) of them need to be taken.
    pub fn exponentials<T: Copy + Mul<Output = T>>(&self, y: usize, exp: impl Fn(DoubleDouble) -> T) -> Vec<T> {
        let [first, second] = self.halves[y].each_ref().map(|half| half.iter().map(|&x| exp(x)).collect_vec());
        let mut table = Vec::with_capacity(first.len() * second.len());
        second.iter().for_each(|&b| table.extend(first.iter().map(|&a| a * b)));
        table
    }
}

/// Half of the sum of all units' contributions to logit y.
fn centre(units: &[Unit], y: usize) -> DoubleDouble {
    let half = |a: DoubleDouble| DoubleDouble { hi: a.hi / 2.0, lo: a.lo / 2.0 };
    units.iter().fold(DoubleDouble::ZERO, |sum, unit| sum + half(unit.contribution[y]))
}

/// The sum of the contributions to logit y of every subset of the units, less the middle.
fn subset_sums(units: &[Unit], y: usize) -> Vec<DoubleDouble> {
    let mut sums = Vec::with_capacity(1 << units.len());
    sums.push(-centre(units, y));
    for unit in units {
        let dropped = sums.len();
        sums.extend_from_within(..);
        sums[dropped..].iter_mut().for_each(|sum| *sum = *sum + unit.contribution[y]);
    }
    sums
}

/// The probability of every mask of the units, each rounded once.
fn weights(units: &[Unit]) -> Vec<f64> {
    let mut weights = Vec::with_capacity(1 << units.len());
    weights.push(DoubleDouble::ONE);
    for unit in units {
        let masks = weights.len();
        weights.extend_from_within(..);
        let (dropped, kept) = weights.split_at_mut(masks);
        dropped.iter_mut().for_each(|w| *w = *w * DoubleDouble::sum(1.0, -unit.keep));
        kept.iter_mut().for_each(|w| *w = *w * unit.keep.into());
    }
    weights.into_iter().map(|w| w.hi).collect()
}

/// e^x, with two roundings.
pub(super) fn exp(x: DoubleDouble) -> f64 {
    let e = Real::exp(x.hi);
    e + e * x.lo
}

/// e^x = m · 2^k, however large |x|: with three roundings.
pub(super) fn scaled_exp(x: DoubleDouble) -> Scaled {
    let exponent = (x.hi * LOG2_E).round();
    let rest = x - LN_2_PRECISE * exponent.into();
    Scaled { mantissa: exp(rest), exponent }
}
