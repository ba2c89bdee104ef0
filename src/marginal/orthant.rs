//! The probability that several logits plus Gumbel variables are all positive, as a Fourier sum with proved bounds.
//!
//! With \\(D_k = u_k + G - G_k\\) (see `rivals`) the mean softmax is \\(P(D_1 > 0, \dots, D_d > 0)\\). Replace "positive" by
//! "modulo 2Ω within [0, Ω)", whose indicator is a square wave with the Fourier series
//! \\[ \tfrac12 + \sum_{w} \frac{h}{2\pi iw}\\,e^{iwx}, \qquad w = (k+\tfrac12)h,\quad h = 2\pi/\Omega. \\]
//! The mean of the product of d square waves is a sum of values of the characteristic function of (D_1 … D_d), which is
//! φ(w) times values of Γ, as \\(\mathbb E e^{-iwG} = \Gamma(1+iw)\\):
//! \\[ \sum_{w_1\dots w_d} c(w_1)\cdots c(w_d)\\,\Gamma\bigl(1-i\textstyle\sum_k w_k\bigr)\\,
//! \mathbb E\\,e^{i\sum_k w_ku_k}, \qquad c(w) = \frac{h}{2\pi iw}\Gamma(1+iw),\quad c(0) = \tfrac12, \\]
//! every w_k being 0 or a midpoint. The two events differ only where some |D_k| ≥ Ω, so that the sum is off by at most
//! \\[ \sum_k P(|D_k| \ge \Omega) = \sum_k \mathbb E\\,[\sigma(u_k-\Omega) + \sigma(-u_k-\Omega)]. \\]
//! All factors of \\(\varphi(w) = \prod_j(q_j + p_je^{i\sum_kw_ka_{jk}})\\) are at most 1: products of some of them bound
//! what a node that is left out can add.

use super::certificate::Certified;
use super::double_double::DoubleDouble;
use super::grid::{Factor, Grid, sin_cos};
use super::logit::{Logit, Term, U};
use crate::error::Result;
use crate::kernel::InstructionSet;
use itertools::{Itertools, izip};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// How many nodes of the last axis are treated alike, so that the compiler can use vectors.
const LANES: usize = 8;
/// How many factors are multiplied between two looks at the product's size.
const BLOCK: usize = 16;

type Lanes = [f64; LANES];

/// Tables for all nodes.
pub(super) struct Orthant {
    grid: Grid,
    masks: Vec<Mask>,
    /// One list of factors, one a node, for each axis.
    axes: Vec<Vec<Factor>>,
    sums: Vec<Factor>,
    /// \\(e^{iwa}\\) for every axis but the last, every node and every mask.
    turns: Vec<Vec<Vec<(f64, f64)>>>,
    /// The same for the last axis: real and imaginary parts at eight nodes, for every mask.
    columns: Vec<Vec<(Lanes, Lanes)>>,
}

/// One mask's weights in the logits.
struct Mask {
    weights: Vec<f64>,
    keep: f64,
    /// What its factor can put a product off by, in u of its size.
    roundings: f64,
}

/// All nodes that share their first coordinates.
struct Prefix {
    /// \\(p\\,e^{i\sum wa}\\) for every mask.
    row: Vec<(f64, f64)>,
    kernel: Factor,
    /// Σw in half steps.
    sum: isize,
}

/// A part of the sum.
#[derive(Clone, Copy, Default)]
struct Partial {
    sum: DoubleDouble,
    rounding: f64,
    left_out: f64,
}

impl Orthant {
    /// Of two logits or more with the same masked terms in the same order.
    pub fn new(logits: &[&Logit], tolerance: f64) -> Result<Self> {
        let grid = Grid::new(logits, tolerance)?;
        let axes = logits.len();
        let mut masks: Vec<Mask> = (0..logits[0].terms().len()).filter_map(|j| Mask::new(logits, j)).collect();
        masks.sort_by(|a, b| b.spread().total_cmp(&a.spread()));
        let node = |j: isize| j as f64 * grid.step / 2.0;
        let turns_at = |axis: usize, j: isize| masks.iter().map(|mask| turn(mask.weights[axis], node(j))).collect_vec();
        let turns = (0..axes - 1).map(|axis| grid.nodes.iter().map(|&j| turns_at(axis, j)).collect()).collect();
        let columns = grid.nodes.chunks(LANES).map(|chunk| {
            let eight = chunk.iter().map(|&j| turns_at(axes - 1, j)).collect_vec();
            let lanes = |part: fn(&(f64, f64)) -> f64, mask: usize| {
                std::array::from_fn(|i| eight.get(i).map_or(0.0, |turns| part(&turns[mask])))
            };
            (0..masks.len()).map(|mask| (lanes(|t| t.0, mask), lanes(|t| t.1, mask))).collect()
        });
        Ok(Self {
            columns: columns.collect(),
            turns,
            axes: logits.iter().map(|logit| grid.axis(logit.bias())).collect(),
            sums: grid.sums(),
            masks,
            grid,
        })
    }

    /// The sum, with every error. The parts are added in the order of the first axis's nodes, whoever computed them.
    pub fn probability(&self) -> Certified {
        let instructions = InstructionSet::detect();
        let middle = self.grid.nodes.len() / 2;
        let root = Prefix {
            row: self.masks.iter().map(|mask| (mask.keep, 0.0)).collect(),
            kernel: Factor { re: 1.0, im: 0.0, size: 1.0, error: 0.0 },
            sum: 0,
        };
        // The other half is the complex conjugate.
        let parts: Vec<Partial> = (middle..self.grid.nodes.len())
            .into_par_iter()
            .map(|node| {
                let mut part = Partial::default();
                let twice = if node == middle { 1.0 } else { 2.0 };
                self.descend(0, &root, node, twice, instructions, &mut part);
                part
            })
            .collect();
        let mut total = Partial::default();
        parts.iter().for_each(|part| total.add(part));
        let value = total.sum.hi;
        let error = self.grid.error + total.left_out + total.rounding;
        Certified { value, error: 1.001 * error + 4.0 * U * value.abs() }
    }

    /// Adds all nodes whose coordinate on `axis` is `node`, after those of the prefix.
    fn descend(
        &self,
        axis: usize,
        prefix: &Prefix,
        node: usize,
        times: f64,
        instructions: InstructionSet,
        part: &mut Partial,
    ) {
        let factor = self.axes[axis][node];
        let sum = prefix.sum + self.grid.nodes[node];
        let rest = self.axes.len() - 1 - axis;
        let mass = times * prefix.kernel.size * factor.size * self.grid.mass(rest, sum);
        if mass <= self.grid.least * (self.grid.nodes.len() as f64).powi(rest as i32) {
            part.left_out += mass;
            return;
        }
        let turned = |(&a, &b): (&(f64, f64), &(f64, f64))| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        let row = prefix.row.iter().zip(&self.turns[axis][node]).map(turned).collect();
        let kernel = prefix.kernel.times(&factor).scaled(times);
        let prefix = Prefix { row, kernel, sum };
        if rest == 1 {
            part.add(&instructions.run(LastAxis { orthant: self, prefix: &prefix }));
        } else {
            for next in 0..self.grid.nodes.len() {
                self.descend(axis + 1, &prefix, next, 1.0, instructions, part);
            }
        }
    }
}

/// The nodes of the last axis, after those of the prefix.
struct LastAxis<'a> {
    orthant: &'a Orthant,
    prefix: &'a Prefix,
}

impl WithSimd for LastAxis<'_> {
    type Output = Partial;

    /// The loops over lanes become vector instructions by themselves.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Partial {
        let orthant = self.orthant;
        let (nodes, factors) = (&orthant.grid.nodes, orthant.axes.last().expect("an axis"));
        let mut part = Partial::default();
        for (nodes, factors, column) in izip!(nodes.chunks(LANES), factors.chunks(LANES), &orthant.columns) {
            let mut size = [0.0; LANES];
            for (size, node, factor) in izip!(&mut size, nodes, factors) {
                *size = self.prefix.kernel.size * factor.size * orthant.grid.mass(0, self.prefix.sum + node);
            }
            match self.product(column, &size) {
                Ok(phi) => self.add(nodes, factors, &phi, &mut part),
                Err(left_out) => part.left_out += left_out,
            }
        }
        part
    }
}

/// φ at eight nodes, and what it can be off by.
struct Phi {
    re: Lanes,
    im: Lanes,
    off: Lanes,
}

impl LastAxis<'_> {
    /// The product of the masks' factors, or what all eight nodes together can add where each is negligible: its size times
    /// some of the factors.
    #[inline(always)]
    fn product(&self, column: &[(Lanes, Lanes)], size: &Lanes) -> Result<Phi, f64> {
        let least = self.orthant.grid.least;
        let mut phi = Phi { re: [1.0; LANES], im: [0.0; LANES], off: [0.0; LANES] };
        let blocks = izip!(self.orthant.masks.chunks(BLOCK), self.prefix.row.chunks(BLOCK), column.chunks(BLOCK));
        for (masks, rows, columns) in blocks {
            let magnitude = phi.magnitude();
            let most: Lanes = std::array::from_fn(|i| size[i] * (magnitude[i] + phi.off[i]));
            if most.iter().all(|&most| most <= least) {
                return Err(most.iter().sum());
            }
            let roundings: f64 = masks.iter().map(|mask| mask.roundings).sum::<f64>() * U;
            (0..LANES).for_each(|i| phi.off[i] += roundings * magnitude[i]);
            for (mask, &(c, s), (cos, sin)) in izip!(masks, rows, columns) {
                let drop = 1.0 - mask.keep;
                for i in 0..LANES {
                    let (re, im) = (drop + (c * cos[i] - s * sin[i]), c * sin[i] + s * cos[i]);
                    (phi.re[i], phi.im[i]) = (phi.re[i] * re - phi.im[i] * im, phi.re[i] * im + phi.im[i] * re);
                }
            }
        }
        Ok(phi)
    }

    /// Adds the kernel times φ. The real part of the last product is off by two roundings of its size.
    #[inline(always)]
    fn add(&self, nodes: &[isize], factors: &[Factor], phi: &Phi, part: &mut Partial) {
        let magnitude = phi.magnitude();
        for (i, (node, factor)) in nodes.iter().zip(factors).enumerate() {
            let sum = self.prefix.sum + node;
            // Beyond the table the kernel's size is counted among what is left out.
            let Some(&last) = self.orthant.sums.get(sum.unsigned_abs()) else { continue };
            let last = if sum < 0 { last.conjugate() } else { last };
            let kernel = self.prefix.kernel.times(factor).times(&last);
            part.sum = part.sum + (kernel.re * phi.re[i] - kernel.im * phi.im[i]).into();
            part.rounding += kernel.size * (phi.off[i] + magnitude[i] * (kernel.error + 3.0 * U));
        }
    }
}

impl Phi {
    /// No less than the absolute values, since √(1 + x²) ≤ 1 + (√2 − 1)x on [0, 1].
    #[inline(always)]
    fn magnitude(&self) -> Lanes {
        std::array::from_fn(|i| {
            let (re, im) = (self.re[i].abs(), self.im[i].abs());
            re.max(im) + 0.4143 * re.min(im)
        })
    }
}

impl Mask {
    /// Term j of all logits, unless it is zero in all.
    ///
    /// With d axes the product \\(p\\,e^{i\sum wa}\\) has d factors off by 3u each and d − 1 complex products, off by √5u; its
    /// scale p, the sum with q and the rounding of q add 2u, the product with what came before √5u.
    fn new(logits: &[&Logit], j: usize) -> Option<Self> {
        let weight = |logit: &&Logit| match logit.terms()[j] {
            Term::Masked { weight, keep } => (weight, keep),
            Term::Gaussian { .. } => unreachable!("the logits of classes have masked terms only"),
        };
        let keep = weight(&logits[0]).1;
        let weights = logits.iter().map(|logit| weight(logit).0).collect_vec();
        let roundings = 5.3 * logits.len() as f64 * keep + 4.3;
        weights.iter().any(|a| *a != 0.0).then_some(Self { weights, keep, roundings })
    }

    fn spread(&self) -> f64 {
        self.keep * (1.0 - self.keep) * self.weights.iter().map(|a| a * a).sum::<f64>()
    }
}

impl Partial {
    fn add(&mut self, other: &Self) {
        self.sum = self.sum + other.sum;
        self.rounding += other.rounding;
        self.left_out += other.left_out;
    }
}

/// \\(e^{iwa}\\), to 3u.
fn turn(weight: f64, w: f64) -> (f64, f64) {
    let (sin, cos) = sin_cos(DoubleDouble::product(weight, w));
    (cos, sin)
}
