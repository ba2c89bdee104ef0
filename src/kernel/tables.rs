//! Split tables: e^η over all masks as products of entries of three small tables.

use super::affine_sum::Unit;
use crate::marginal::double_double::DoubleDouble;
use crate::scalar::Real;
use itertools::Itertools;
use std::f64::consts::{LN_2, LOG2_E};

/// ln 2 to 106 bits.
const LN_2_PRECISE: DoubleDouble = DoubleDouble { hi: LN_2, lo: 2.3190468138462996e-17 };

/// A number m · 2^k with m between √½ and √2, for exponentials beyond the range of doubles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled {
    pub mantissa: f64,
    /// k, a whole number.
    pub exponent: f64,
}

/// All masks of a group of units.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The probability of each mask. Mask m keeps unit i of the group where bit i of m is set.
    pub weights: Vec<f64>,
    /// `logits[y][m]`: the units' share of logit y, less `centre[y]`.
    pub logits: Vec<Vec<DoubleDouble>>,
    /// The middle between the smallest and the largest share.
    pub centre: Vec<DoubleDouble>,
    /// How far a share can be from the middle, for the worst class.
    pub radius: f64,
}

impl Group {
    pub fn new(units: &[Unit], outputs: usize) -> Self {
        let column = |y: usize| units.iter().map(move |unit| unit.contribution[y]);
        let half = |a: DoubleDouble| DoubleDouble { hi: a.hi / 2.0, lo: a.lo / 2.0 };
        let centre = (0..outputs).map(|y| column(y).fold(DoubleDouble::ZERO, |sum, a| sum + half(a))).collect_vec();
        let logits = centre.iter().enumerate().map(|(y, &c)| subset_sums(-c, column(y))).collect();
        let radius = (0..outputs).map(|y| column(y).map(|a| a.hi.abs() / 2.0).sum()).fold(0.0, f64::max);
        Self { weights: weights(units), logits, centre, radius }
    }
}

/// `start` plus the sum of every subset of the terms.
fn subset_sums(start: DoubleDouble, terms: impl Iterator<Item = DoubleDouble>) -> Vec<DoubleDouble> {
    let mut sums = vec![start];
    for term in terms {
        sums.extend(sums.clone().into_iter().map(|sum| sum + term));
    }
    sums
}

/// The probability of every mask of the units, each rounded once.
fn weights(units: &[Unit]) -> Vec<f64> {
    let mut weights = vec![DoubleDouble::ONE];
    for unit in units {
        let drop = DoubleDouble::sum(1.0, -unit.keep);
        let kept = weights.iter().map(|&w| w * unit.keep.into()).collect_vec();
        weights.iter_mut().for_each(|w| *w = *w * drop);
        weights.extend(kept);
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
