//! The tile for logits of any range: every exponential has an exponent of its own.

use super::lanes::{self, LANES};
use super::tables::{Group, Scaled, scaled_exp};
use super::tile::TileSums;
use crate::marginal::double_double::DoubleDouble;
use itertools::{Itertools, izip};
use pulp::{Simd, WithSimd};
use std::f64::consts::LN_2;

/// Tables for all tiles.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    /// One row of masks a class, eight at a time: `low[masks][y]`.
    low: Vec<Vec<Lanes>>,
    low_weights: Vec<f64>,
    /// `middle[m][y]`.
    middle: Vec<Vec<Scaled>>,
    middle_weights: Vec<f64>,
}

/// The same class for eight masks.
#[derive(Clone, Debug)]
struct Lanes {
    mantissa: [f64; LANES],
    exponent: [f64; LANES],
}

impl Wide {
    pub fn new(low: &Group, middle: &Group) -> Self {
        let classes = low.centre.len();
        let [low_rows, middle_rows] =
            [low, middle].map(|group| (0..classes).map(|y| group.exponentials(y, scaled_exp)).collect_vec());
        let lanes = |row: &Vec<Scaled>, first: usize| Lanes {
            mantissa: std::array::from_fn(|lane| row[first + lane].mantissa),
            exponent: std::array::from_fn(|lane| row[first + lane].exponent),
        };
        let masks = (0..low.weights.len()).step_by(LANES);
        Self {
            low: masks.map(|first| low_rows.iter().map(|row| lanes(row, first)).collect()).collect(),
            low_weights: low.weights.clone(),
            middle: (0..middle.weights.len()).map(|m| middle_rows.iter().map(|row| row[m]).collect()).collect(),
            middle_weights: middle.weights.clone(),
        }
    }

    /// The tile whose high units add `high` to the logits, the reference's being 0.
    pub fn tile<'a>(&'a self, high: &[DoubleDouble], squares: bool) -> Tile<'a> {
        let factors = high.iter().map(|&x| scaled_exp(x)).collect_vec();
        Tile {
            tables: self,
            middle: self
                .middle
                .iter()
                .map(|row| row.iter().zip(&factors).map(|(&b, &factor)| b * factor).collect())
                .collect(),
            squares,
        }
    }
}

/// All masks of the low and middle units for one mask of the high ones.
pub(super) struct Tile<'a> {
    tables: &'a Wide,
    middle: Vec<Vec<Scaled>>,
    squares: bool,
}

impl WithSimd for Tile<'_> {
    type Output = TileSums;

    /// The loops over lanes become vector instructions by themselves.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> TileSums {
        let others = self.middle[0].len();
        // The rows: the other classes, the reference, logarithms; squares of the other classes, of the reference.
        let squares = others + 2;
        let rows = squares + if self.squares { others + 1 } else { 0 };
        let mut totals = vec![[0.0; LANES]; rows];
        let mut terms = vec![[0.0; LANES]; others + 1];
        for (low, low_weights) in self.tables.low.iter().zip(self.tables.low_weights.chunks_exact(LANES)) {
            let mut sums = vec![[0.0; LANES]; rows];
            for (middle, weight) in self.middle.iter().zip(&self.tables.middle_weights) {
                let (inverse, logarithm) = normalise(low, middle, &mut terms);
                for term in &mut terms {
                    for lane in 0..LANES {
                        term[lane] *= inverse[lane];
                    }
                }
                for (sum, p) in sums.iter_mut().zip(&terms) {
                    for lane in 0..LANES {
                        sum[lane] = p[lane].mul_add(*weight, sum[lane]);
                    }
                }
                for (sum, p) in sums[squares..].iter_mut().zip(&terms) {
                    for lane in 0..LANES {
                        sum[lane] = (p[lane] * p[lane]).mul_add(*weight, sum[lane]);
                    }
                }
                for lane in 0..LANES {
                    sums[others + 1][lane] = logarithm[lane].mul_add(*weight, sums[others + 1][lane]);
                }
            }
            for (total, sum) in totals.iter_mut().zip(&sums) {
                for lane in 0..LANES {
                    total[lane] = low_weights[lane].mul_add(sum[lane], total[lane]);
                }
            }
        }
        let mut classes = totals.into_iter().map(lanes::sum).collect_vec();
        let squares = classes.split_off(squares);
        let logarithm = classes.pop().expect("the sum of logarithms comes after the classes");
        TileSums { classes, logarithm, squares }
    }
}

/// The terms e^η of eight masks and, last, the reference's, all divided by the power of two that makes the largest about
/// 1; returns 1/s and ln s, the latter without that division.
#[inline(always)]
fn normalise(low: &[Lanes], middle: &[Scaled], terms: &mut [[f64; LANES]]) -> ([f64; LANES], [f64; LANES]) {
    let mut largest = [0.0f64; LANES];
    for (a, b) in low.iter().zip(middle) {
        for (largest, exponent) in largest.iter_mut().zip(&a.exponent) {
            *largest = largest.max(exponent + b.exponent);
        }
    }
    let (reference, classes) = terms.split_last_mut().expect("the reference is always there");
    *reference = largest.map(|largest| lanes::power_of_two(-largest));
    let mut s = *reference;
    for (term, a, b) in izip!(classes, low, middle) {
        for lane in 0..LANES {
            let scale = lanes::power_of_two(a.exponent[lane] + b.exponent - largest[lane]);
            term[lane] = a.mantissa[lane] * b.mantissa * scale;
            s[lane] += term[lane];
        }
    }
    let logarithm = std::array::from_fn(|lane| largest[lane].mul_add(LN_2, lanes::ln(s[lane])));
    (s.map(|s| 1.0 / s), logarithm)
}
