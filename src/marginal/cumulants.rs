//! Many small masked terms at once, through their cumulants.
//!
//! The logarithm of one mask's centred characteristic function is a power series in z = iat,
//! \\[ \ln(q e^{-pz} + p e^{qz}) = \sum_{m \ge 2} \frac{\kappa_m(p)}{m!} z^m, \\]
//! with singularities at \\(\ln(q/p) \pm i\pi\\). Its second derivative is at most \\(pq\\,e^\rho/\cos^2(\rho/2)\\) on |z| ≤ ρ < π
//! (it is the variance \\(\pi(1-\pi)\\) at the tilted \\(\pi = pe^z/(q+pe^z)\\), and
//! \\(|q+pe^{x+iy}| \ge (q+pe^x)\cos(y/2)\\)). Cauchy's estimate then bounds the coefficients, and the remainder after degree M is at
//! most \\(pq\\,|z|^2 \frac{e^\rho}{\cos^2(\rho/2)} \frac{(|z|/\rho)^{M-1}}{M(M+1)(1-|z|/\rho)}\\).
//!
//! So the terms with |a|t ≤ ½ at every node enter through M sums over them, in one pass, whatever the number of nodes.

use super::factors::LANES;
use super::logit::U;
use crate::kernel::InstructionSet;
use pulp::{Simd, WithSimd};

/// M, the degree of the series.
pub(super) const DEGREE: usize = 24;
/// Terms with |a|t up to this at every node are small.
pub(super) const RADIUS: f64 = 0.5;
/// \\(e^\rho/\cos^2(\rho/2)\\) at ρ = 2.5, rounded up.
const TILTED: f64 = 122.6;
/// RADIUS/ρ.
const RATIO: f64 = 0.2;

/// How many powers of v = pq a cumulant has.
const POWERS: usize = DEGREE / 2;

/// κ_m/m! as polynomials: \\(\sum_k c_{mk} v^{k+1}\\), times q − p for odd m, with v = pq.
///
/// From \\(\kappa_{m+1} = pq\\,\mathrm d\kappa_m/\mathrm dp\\), dv/dp = q − p, d(q−p)/dp = −2 and (q−p)² = 1 − 4v.
static COEFFICIENTS: [[f64; POWERS]; DEGREE + 1] = coefficients();

const fn coefficients() -> [[f64; POWERS]; DEGREE + 1] {
    let mut table = [[0.0; POWERS]; DEGREE + 1];
    table[2][0] = 1.0;
    let mut m = 3;
    while m <= DEGREE {
        let mut k = 0;
        while k < POWERS {
            let power = k as f64;
            table[m][k] = (power + 1.0) * table[m - 1][k];
            if m % 2 == 0 && k > 0 {
                table[m][k] -= (4.0 * power + 2.0) * table[m - 1][k - 1];
            }
            k += 1;
        }
        m += 1;
    }
    let (mut m, mut factorial) = (2, 1.0);
    while m <= DEGREE {
        factorial *= m as f64;
        let mut k = 0;
        while k < POWERS {
            table[m][k] /= factorial;
            k += 1;
        }
        m += 1;
    }
    table
}

/// A sequential sum is at most this long; longer ones are added pairwise.
const LEAF: usize = 4 * LANES;

/// κ_m/m! at v = pq and s = q − p, in every lane.
#[inline(always)]
fn cumulants(m: usize, v: &[f64; LANES], s: &[f64; LANES]) -> [f64; LANES] {
    let mut value = [0.0; LANES];
    for k in (0..m / 2).rev() {
        let c = COEFFICIENTS[m][k];
        (0..LANES).for_each(|i| value[i] = value[i] * v[i] + c);
    }
    let odd = m % 2 == 1;
    std::array::from_fn(|i| value[i] * v[i] * if odd { s[i] } else { 1.0 })
}

/// Small terms: weights in units of ½, and KEEP probabilities.
pub(super) struct Small {
    /// a·T with T the last node: at most [`RADIUS`] in size.
    theta: Vec<f64>,
    keep: Vec<f64>,
    /// The keep probability of all of them, if it is one.
    common: Option<f64>,
}

impl Small {
    pub fn new(theta: Vec<f64>, keep: Vec<f64>) -> Self {
        let common = keep.first().copied().filter(|first| keep.iter().all(|p| p == first));
        Self { theta, keep, common }
    }

    /// \\(\sum_j \theta_j^m \kappa_m(p_j)/m!\\) for m from 3 to M (0 below).
    ///
    /// Each summand is off by at most (5m + 4)u of the sum of the sizes of its own terms: θ by one rounding, its power by
    /// m of them, Horner's scheme by m, v by two a power, and the products.
    pub fn sums(&self, instructions: InstructionSet) -> [f64; DEGREE + 1] {
        match self.common {
            Some(p) => {
                let powers = pairwise(&self.theta, &self.keep, false, instructions);
                let (v, s) = ([p * (1.0 - p); LANES], [1.0 - p - p; LANES]);
                std::array::from_fn(|m| if m < 3 { 0.0 } else { powers[m] * cumulants(m, &v, &s)[0] })
            }
            None => pairwise(&self.theta, &self.keep, true, instructions),
        }
    }

    /// \\(p_j J_0 + \sum_{m\ge1} \frac{\kappa_{m+1}(p_j)}{m!} \theta_j^m J_m\\) for every term: the series of
    /// \\(pe^z/(q+pe^z)\\), which is the derivative of the logarithm above (plus p).
    pub fn derivatives(&self, integrals: &[f64; DEGREE]) -> Vec<f64> {
        let scaled: [f64; DEGREE] = std::array::from_fn(|m| (m + 1) as f64 * integrals[m]);
        let mut all = Vec::with_capacity(self.theta.len());
        let fixed: Option<[f64; DEGREE]> = self.common.map(|p| {
            let (v, s) = ([p * (1.0 - p); LANES], [1.0 - p - p; LANES]);
            std::array::from_fn(|m| if m == 0 { 0.0 } else { cumulants(m + 1, &v, &s)[0] * scaled[m] })
        });
        for (theta, keep) in self.theta.chunks(LANES).zip(self.keep.chunks(LANES)) {
            let (x, p) = (lanes(theta), lanes(keep));
            let mut sum = [0.0; LANES];
            if let Some(fixed) = fixed {
                for m in (1..DEGREE).rev() {
                    (0..LANES).for_each(|i| sum[i] = (sum[i] + fixed[m]) * x[i]);
                }
            } else {
                let (v, s) = variance_and_skew(&p);
                for m in (1..DEGREE).rev() {
                    let kappa = cumulants(m + 1, &v, &s);
                    (0..LANES).for_each(|i| sum[i] = (sum[i] + kappa[i] * scaled[m]) * x[i]);
                }
            }
            all.extend((0..theta.len()).map(|i| p[i] * integrals[0] + sum[i]));
        }
        all
    }

    /// How deep the sums nest.
    fn depth(&self) -> f64 {
        let leaves = self.theta.len().div_ceil(LEAF).next_power_of_two();
        f64::from(leaves.ilog2()) + (LEAF / LANES) as f64 + 3.0
    }

    /// What ln φ of the small terms can be off by at τ = t/T, if their variance is given to 4u: `spread` is
    /// \\(\sum_j p_jq_j\theta_j^2\\).
    ///
    /// With \\(|\theta|^m \le \theta^2/2^{m-2}\\), the sizes of the terms of κ_m/m! over pq are at most .167, .105, .034 …
    /// at m = 3, 4, 5 …; over 2^(m−2), and times the (7m + 4 + depth)u of summand, sum and power of τ, they add up to
    /// less than 8 + depth/8 with the variance's own.
    pub fn log_error(&self, tau: f64, spread: f64) -> f64 {
        let rounding = (8.0 + self.depth() / 8.0) * U;
        let m = DEGREE as f64;
        let remainder = TILTED / (m * (m + 1.0) * (1.0 - RATIO)) * Self::power(RATIO * tau, DEGREE - 1);
        spread * tau * tau * (rounding + remainder)
    }

    /// What [`Small::derivatives`] leaves out, relative to the size of the integrals:
    /// \\(pq\\,\frac{e^\rho}{\cos^2(\rho/2)}\rho\\,\frac{(|z|/\rho)^M}{M(1-|z|/\rho)}\\).
    pub fn remainder() -> f64 {
        TILTED / 4.0 * (RADIUS / RATIO) / (DEGREE as f64 * (1.0 - RATIO)) * Self::power(RATIO, DEGREE)
    }

    fn power(x: f64, n: usize) -> f64 {
        (0..n).fold(1.0, |power, _| power * x)
    }
}

#[inline(always)]
fn lanes(values: &[f64]) -> [f64; LANES] {
    std::array::from_fn(|i| values.get(i).copied().unwrap_or(0.0))
}

#[inline(always)]
fn variance_and_skew(p: &[f64; LANES]) -> ([f64; LANES], [f64; LANES]) {
    (p.map(|p| p * (1.0 - p)), p.map(|p| 1.0 - p - p))
}

/// x³ … x^M, in every lane.
#[inline(always)]
fn powers(x: &[f64; LANES]) -> [[f64; LANES]; DEGREE + 1] {
    let mut all = [[0.0; LANES]; DEGREE + 1];
    let mut power: [f64; LANES] = std::array::from_fn(|i| x[i] * x[i]);
    for powers in &mut all[3..] {
        (0..LANES).for_each(|i| power[i] *= x[i]);
        *powers = power;
    }
    all
}

#[inline(always)]
fn weighted_powers(x: &[f64; LANES], p: &[f64; LANES]) -> [[f64; LANES]; DEGREE + 1] {
    let (v, s) = variance_and_skew(p);
    let mut all = powers(x);
    for (m, powers) in all.iter_mut().enumerate().skip(3) {
        let kappa = cumulants(m, &v, &s);
        (0..LANES).for_each(|i| powers[i] *= kappa[i]);
    }
    all
}

/// The sums over all terms of θ^m, or with each term's κ_m/m! if `weighted`, along a fixed tree.
fn pairwise(theta: &[f64], keep: &[f64], weighted: bool, instructions: InstructionSet) -> [f64; DEGREE + 1] {
    if theta.len() > LEAF {
        let middle = theta.len().next_power_of_two() / 2;
        let (left, right) = (theta.split_at(middle), keep.split_at(middle));
        let a = pairwise(left.0, right.0, weighted, instructions);
        let b = pairwise(left.1, right.1, weighted, instructions);
        return std::array::from_fn(|m| a[m] + b[m]);
    }
    instructions.run(Leaf { theta, keep, weighted })
}

/// A few terms, added one after another in each lane.
struct Leaf<'a> {
    theta: &'a [f64],
    keep: &'a [f64],
    weighted: bool,
}

impl WithSimd for Leaf<'_> {
    type Output = [f64; DEGREE + 1];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f64; DEGREE + 1] {
        let mut sums = [[0.0; LANES]; DEGREE + 1];
        for (theta, keep) in self.theta.chunks(LANES).zip(self.keep.chunks(LANES)) {
            let x = lanes(theta);
            let terms = if self.weighted { weighted_powers(&x, &lanes(keep)) } else { powers(&x) };
            for (sum, term) in sums.iter_mut().zip(terms) {
                (0..LANES).for_each(|i| sum[i] += term[i]);
            }
        }
        sums.map(|s| ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])))
    }
}
