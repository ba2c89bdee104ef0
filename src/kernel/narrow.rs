//! The tile for logits of ordinary range: two small matrix products and a quarter of a division a mask.
//!
//! With \\(e^{\eta_y - \eta_{\mathrm{ref}}} = A_y[l]\\,B_y[m]\\), the sum s = 1 + Σ_y A_y[l] B_y[m] is a matrix product, and
//! \\(\sum_m w_m\\, p_y = A_y[l] \sum_m (1/s)\\, w_m B_y[m]\\) another. Four masks share one division,
//! \\(1/s_0 = (s_0 s_1 s_2 s_3)^{-1} s_1 \cdot s_2 s_3\\), and many share one logarithm.

mod tile;

use super::products::{QUAD, ROWS};
use super::tables::{Group, exp};
use crate::marginal::double_double::DoubleDouble;
use crate::scalar::Real;
use itertools::Itertools;
use tile::Tile;

/// How many masks of the second group are summed at a time: what their responsibilities fit the first-level cache with.
const CHUNK: usize = 64;
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
