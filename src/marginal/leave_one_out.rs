//! Integrals of the law given that one unit is kept, for every large mask at once: products before and after each factor
//! make the product of all others without a division.

use super::certificate::Certified;
use super::characteristic::{Centred, Characteristic, Phase, Phi, add};
use super::factors::{Angles, Factor, LANES, Lanes, Mask};
use super::logit::U;
use super::rule::Kernel;
use pulp::{Simd, WithSimd};

/// Running sums over the nodes, one a large mask.
pub(super) struct LeaveOneOut<'a> {
    phi: &'a Characteristic<'a>,
    kernel: Kernel,
    sums: Vec<Sum>,
    /// The factors at the eight nodes at work, and the products of those after each.
    factors: Vec<Factors>,
    after: Vec<Centred>,
}

/// One mask's sum over the nodes of a lane, as a sum of two, and its rounding.
#[derive(Clone)]
struct Sum {
    parts: [Lanes; 2],
    rounding: Lanes,
}

/// A [`Factor`] a node.
#[derive(Clone)]
struct Factors {
    re: Lanes,
    im: Lanes,
    size: Lanes,
    lost: Lanes,
    kept: (Lanes, Lanes),
}

/// Eight nodes with the kernel's weights there and the relative errors of these.
struct Block<'b> {
    t: &'b Lanes,
    phases: [Phase; LANES],
    weights: Lanes,
    weight_errors: Lanes,
    masks: &'b [Mask],
    product: Centred,
    sums: &'b mut [Sum],
    factors: &'b mut [Factors],
    after: &'b mut [Centred],
    real: bool,
}

impl<'a> LeaveOneOut<'a> {
    /// Sums for a kernel that takes the imaginary part of φ (σ) or the real one (σ′).
    pub fn new(phi: &'a Characteristic<'a>, kernel: Kernel) -> Self {
        let masks = phi.large().1.len();
        let sum = Sum { parts: [[0.0; LANES]; 2], rounding: [0.0; LANES] };
        let factors = Factors {
            re: [0.0; LANES],
            im: [0.0; LANES],
            size: [0.0; LANES],
            lost: [0.0; LANES],
            kept: Default::default(),
        };
        Self {
            phi,
            kernel,
            sums: vec![sum; masks],
            factors: vec![factors; masks],
            after: vec![Centred::ONE; masks + 1],
        }
    }

    /// Adds the first `count` of eight nodes, and gives φ at all of them.
    pub fn add(&mut self, t: &Lanes, count: usize) -> [Phi; LANES] {
        let weight = |i: usize| if i < count { self.kernel.weight(t[i]) } else { 0.0 };
        let block = Block {
            t,
            phases: self.phi.phases(t),
            weights: std::array::from_fn(weight),
            weight_errors: t.map(|t| self.kernel.weight_error(t)),
            masks: self.phi.large().1,
            product: self.phi.start(t),
            sums: &mut self.sums,
            factors: &mut self.factors,
            after: &mut self.after,
            real: self.kernel == Kernel::Slope,
        };
        let phases = block.phases;
        let product = self.phi.instructions().run(block);
        self.phi.turned(&product, &phases)
    }

    /// The sums over all nodes, with what rounding can have put them off by, in the order of the large masks.
    pub fn sums(&self) -> impl Iterator<Item = Certified> {
        self.sums.iter().map(|Sum { parts, rounding }| {
            let sum = |x: &Lanes| ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
            let sizes = sum(&parts[0].map(f64::abs));
            // Each lane is exact to u², the lanes are added with three roundings.
            Certified { value: sum(&parts[0]) + sum(&parts[1]), error: sum(rounding) + 4.0 * U * sizes }
        })
    }
}

impl Factors {
    #[inline(always)]
    fn set(&mut self, mask: Mask, t: &Lanes, half: bool, angles: Angles) {
        for (i, &t) in t.iter().enumerate() {
            let factor = mask.factor(t, half, angles);
            (self.re[i], self.im[i], self.size[i], self.lost[i]) = (factor.re, factor.im, factor.size, factor.lost);
            (self.kept.0[i], self.kept.1[i]) = factor.kept;
        }
    }

    #[inline(always)]
    fn at(&self, i: usize) -> Factor {
        let kept = (self.kept.0[i], self.kept.1[i]);
        Factor { re: self.re[i], im: self.im[i], size: self.size[i], lost: self.lost[i], kept }
    }
}

impl WithSimd for Block<'_> {
    /// Φ with all masks.
    type Output = Centred;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Centred {
        let Self { t, phases, weights, weight_errors, masks, mut product, sums, factors, after, real } = self;
        let (sin, cos) = (phases.map(|phase| phase.sin), phases.map(|phase| phase.cos));
        let phase_error = phases.map(|phase| phase.error);
        for (factors, &mask) in factors.iter_mut().zip(masks) {
            match (mask.keep == 0.5, mask.angles(t)) {
                (true, Angles::Small) => factors.set(mask, t, true, Angles::Small),
                (true, Angles::Large) => factors.set(mask, t, true, Angles::Large),
                (true, Angles::Mixed) => factors.set(mask, t, true, Angles::Mixed),
                (false, Angles::Small) => factors.set(mask, t, false, Angles::Small),
                (false, Angles::Large) => factors.set(mask, t, false, Angles::Large),
                (false, Angles::Mixed) => factors.set(mask, t, false, Angles::Mixed),
            }
        }
        for j in (0..masks.len()).rev() {
            let mut next = after[j + 1];
            for i in 0..LANES {
                next.times(i, &factors[j].at(i));
            }
            after[j] = next;
        }
        for (j, (factor, sum)) in factors.iter().zip(sums).enumerate() {
            let rest = &after[j + 1];
            for i in 0..LANES {
                let without = times(product.values(i), product.error(i), rest.values(i), rest.error(i));
                // e^(iqθ) is off by 6u.
                let (re, im, error) =
                    times((without.0, without.1), without.2, (factor.kept.0[i], factor.kept.1[i]), 6.0 * U);
                // As Phase::turn.
                let (a, b) = if real { (cos[i] * re, -sin[i] * im) } else { (sin[i] * re, cos[i] * im) };
                let part = a + b;
                let off = 1.01 * error + 6.0 * U * (a.abs() + b.abs()) + phase_error[i];
                add(&mut sum.parts, i, part * weights[i]);
                sum.rounding[i] += weights[i] * (off + part.abs() * weight_errors[i]);
            }
            for i in 0..LANES {
                product.times(i, &factor.at(i));
            }
        }
        product
    }
}

/// A product of two numbers in the unit disc, with rounding 6u of its size.
#[inline(always)]
fn times((x, y): (f64, f64), error: f64, (re, im): (f64, f64), other: f64) -> (f64, f64, f64) {
    let size = (x.abs() + y.abs()) * (re.abs() + im.abs());
    (x * re - y * im, x * im + y * re, 1.01 * (error + other) + 6.0 * U * size)
}
