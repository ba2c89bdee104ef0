//! How far a logit spreads: what the step and the number of nodes of a rule are chosen from, in O(n).

use super::logit::{Logit, Term};
use crate::scalar::Real;
use std::f64::consts::{LN_2, PI};

/// The masked terms in buckets of |weight|, eight an octave, ascending: a sort would cost more than the integral.
pub(super) struct Spread {
    buckets: Vec<Bucket>,
    gaussian: f64,
    mean: f64,
    /// The largest |S|; infinite with Gaussian terms.
    reach: f64,
}

/// Sums over the masks of one bucket.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// No weight of the bucket is larger.
    edge: f64,
    /// Σ p q a².
    variance: f64,
    /// Σ a².
    squares: f64,
    /// Σ |a|.
    sizes: f64,
    /// The largest p q a²: what leaving one mask out can take from the first sum.
    largest: f64,
}

/// Buckets from 2⁻⁶⁴ (and below) to 2⁶⁴: the first three bits of the significand continue the exponent.
const BUCKETS: usize = 1024;
const LOWEST: u64 = (1023 - 64) << 3;
const SHIFT: u32 = 49;

impl Spread {
    pub fn new(logit: &Logit) -> Self {
        // From the least to the largest that is not empty.
        let used = || logit.terms().iter().filter_map(Term::bucket);
        let (first, last) = used().fold((BUCKETS, 0), |(first, last), b| (first.min(b), last.max(b)));
        let mut buckets = vec![Bucket::default(); (last + 1).saturating_sub(first)];
        let (mut low, mut high) = (logit.bias(), logit.bias());
        let mut gaussian = 0.0;
        for term in logit.terms() {
            match *term {
                Term::Masked { weight, .. } => {
                    let Some(index) = term.bucket() else { continue };
                    let variance = term.variance();
                    let bucket = &mut buckets[index - first];
                    bucket.variance += variance;
                    bucket.squares += weight * weight;
                    bucket.sizes += weight.abs();
                    bucket.largest = bucket.largest.max(variance);
                    if weight > 0.0 { high += weight } else { low += weight }
                }
                Term::Gaussian { variance, .. } => gaussian += variance,
            }
        }
        for (index, bucket) in buckets.iter_mut().enumerate() {
            bucket.edge = f64::from_bits(((first + index) as u64 + LOWEST + 1) << SHIFT);
        }
        buckets.retain(|bucket| bucket.sizes > 0.0);
        let reach = if gaussian > 0.0 { f64::INFINITY } else { high.max(-low) };
        Self { buckets, gaussian, mean: logit.mean().abs(), reach }
    }

    /// An Ω for which \\(e^{\text{digits}}\,(\mathbb E e^{\beta S} + \mathbb E e^{-\beta S})\,e^{-\beta\Omega} \le 1\\).
    ///
    /// The moments are bounded by \\(2e^{\beta L}\\) with L the largest |S|, and by Chernoff's
    /// \\(2e^{\beta|\mathbb E S| + \Lambda(\beta)}\\).
    pub fn period(&self, beta: f64, digits: f64) -> f64 {
        let by_reach = self.reach + (LN_2 + digits) / beta;
        by_reach.min(self.mean + (self.log_moment(beta) + LN_2 + digits) / beta)
    }

    /// Λ(β), no less than \\(\ln \mathbb E e^{\pm\beta(S - \mathbb E S)}\\).
    ///
    /// For one mask and x = βa the second derivative of the logarithm is the variance under a tilted keep probability:
    /// at most ¼ (Hoeffding) and at most \\(pq\\,e^{|x|}\\). Nor can the logarithm exceed |x|.
    fn log_moment(&self, beta: f64) -> f64 {
        let masks = self.buckets.iter().map(|bucket| {
            let tilted = bucket.variance * Real::exp(beta * bucket.edge);
            (beta * beta / 2.0 * tilted.min(bucket.squares / 4.0)).min(beta * bucket.sizes)
        });
        masks.sum::<f64>() + beta * beta * self.gaussian / 2.0
    }

    /// No less than |φ(t)|, nor than |φ(t)| with any one mask left out if `without_one`.
    ///
    /// For one mask \\(|\varphi|^2 = 1 - 4pq\sin^2 x \le e^{-4pq\sin^2 x}\\) with x = at/2, and sin²x is at least
    /// x²(1 − x²/3) and, where |x| ≤ π/2, at least (2x/π)².
    pub fn decay(&self, t: f64, without_one: bool) -> f64 {
        let share = |bucket: &Bucket| {
            let x = bucket.edge * t / 2.0;
            let chord = if x <= PI / 2.0 { 4.0 / (PI * PI) } else { 0.0 };
            chord.max(1.0 - x * x / 3.0)
        };
        let (mut masks, mut largest) = (0.0, 0.0f64);
        for bucket in &self.buckets {
            let share = share(bucket);
            masks += bucket.variance * share;
            largest = largest.max(bucket.largest * share);
        }
        let masks = if without_one { (masks - largest).max(0.0) } else { masks };
        Real::exp(-0.5 * t * t * (self.gaussian + masks))
    }
}

/// The β ≤ 1 to try in [`Spread::period`]: for a nearly normal S the best is near √(2 digits)/sd, for a few large masks 1.
pub(super) fn tilts(logit: &Logit, digits: f64) -> [f64; 6] {
    [0.5, 0.7, 0.85, 1.0, 1.2, f64::INFINITY].map(|f| (f * (2.0 * digits / logit.variance()).sqrt()).min(1.0))
}

impl Term {
    /// The bucket of its weight, unless that is 0.
    fn bucket(&self) -> Option<usize> {
        match *self {
            Self::Masked { weight, .. } if weight != 0.0 => {
                Some((weight.abs().to_bits() >> SHIFT).saturating_sub(LOWEST).min(BUCKETS as u64 - 1) as usize)
            }
            _ => None,
        }
    }
}
