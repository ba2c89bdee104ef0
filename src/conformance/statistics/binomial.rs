//! The binomial law, with tails that are accurate however small they are.

use crate::normal::two_sided_quantile;
use crate::scalar::Real;

/// The number of successes in n independent trials of probability p each.
///
/// ```
/// use dropout_oracle::conformance::statistics::Binomial;
/// let coins = Binomial::new(10, 0.5);
/// assert!((coins.at_most(0) - 1.0 / 1024.0).abs() < 1e-18);
/// assert!((coins.two_sided(0) - 2.0 / 1024.0).abs() < 1e-17);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binomial {
    trials: u64,
    p: f64,
}

impl Binomial {
    /// n trials of probability p, in [0, 1].
    pub fn new(trials: u64, p: f64) -> Self {
        assert!((0.0..=1.0).contains(&p), "a probability");
        Self { trials, p }
    }

    /// P(X = k), by Loader's saddle-point form (2000): no difference of large logarithms is formed.
    pub fn probability(&self, k: u64) -> f64 {
        let (n, p, q) = (self.trials as f64, self.p, 1.0 - self.p);
        match k {
            _ if k > self.trials => 0.0,
            0 if p == 1.0 => f64::from(u8::from(self.trials == 0)),
            _ if p == 0.0 || p == 1.0 => f64::from(u8::from(k as f64 == n * p)),
            0 => Real::exp(n * Real::ln_1p(-p)),
            _ if k == self.trials => Real::exp(n * Real::ln(p)),
            _ => {
                let (k, rest) = (k as f64, n - k as f64);
                let exponent = stirling_error(n)
                    - stirling_error(k)
                    - stirling_error(rest)
                    - deviance(k, n * p)
                    - deviance(rest, n * q);
                Real::exp(exponent) * (n / (std::f64::consts::TAU * k * rest)).sqrt()
            }
        }
    }

    /// P(X ≤ k).
    pub fn at_most(&self, k: u64) -> f64 {
        let mirrored = Self { p: 1.0 - self.p, ..*self };
        if k >= self.trials { 1.0 } else { mirrored.at_least(self.trials - k) }
    }

    /// P(X ≥ k).
    pub fn at_least(&self, k: u64) -> f64 {
        let odds = self.p / (1.0 - self.p);
        if k == 0 {
            return 1.0;
        }
        if (k as f64) < self.trials as f64 * self.p {
            return 1.0 - self.sum(k - 1, |k| (k as f64) / ((self.trials - k + 1) as f64 * odds), |k| k.checked_sub(1));
        }
        self.sum(k, |k| (self.trials - k) as f64 * odds / (k + 1) as f64, |k| (k < self.trials).then_some(k + 1))
    }

    /// Σ P(X = k) from k on along `next`, where `ratio(k)` leads from one term to the next; the terms fall.
    fn sum(&self, mut k: u64, ratio: impl Fn(u64) -> f64, next: impl Fn(u64) -> Option<u64>) -> f64 {
        let (mut term, mut sum) = (self.probability(k), 0.0);
        while term > sum * (f64::EPSILON / 1024.0) {
            sum += term;
            let Some(following) = next(k) else { break };
            term *= ratio(k);
            k = following;
        }
        sum
    }

    /// The probability of a count at least as far out as k, on both sides: twice the smaller tail, at most 1.
    pub fn two_sided(&self, k: u64) -> f64 {
        (2.0 * self.at_most(k).min(self.at_least(k))).min(1.0)
    }
}

/// ln n! − ½ ln(2πn) − n ln n + n.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let factorial: f64 = (2..=n as u64).map(|k| k as f64).product();
        return Real::ln(factorial) - 0.5 * Real::ln(std::f64::consts::TAU * n) - n * Real::ln(n) + n;
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / square) / square) / square) / n
}

/// x ln(x/m) + m − x, without cancellation where x is near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * Real::ln(x / m) + m - x;
    }
    // With v = (x − m)/(x + m): ln(x/m) = 2 artanh v.
    let v = (x - m) / (x + m);
    let (mut term, mut sum) = (2.0 * x * v, (x - m) * v);
    for odd in (3..).step_by(2) {
        term *= v * v;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The smallest shift of a probability p that n trials detect at false-alarm rate α with power 1 − β, by the normal
/// approximation: δ = (z_α √(pq) + z_β √(p′q′))/√n at p′ = p ± δ, the larger variance of the two.
pub fn smallest_shift(trials: u64, p: f64, alpha: f64, beta: f64) -> f64 {
    let quantile = |tail: f64| two_sided_quantile(tail).unwrap_or(f64::INFINITY);
    let (z_alpha, z_beta, deviation) =
        (quantile(alpha), quantile(2.0 * beta), |p: f64| (p * (1.0 - p)).max(0.0).sqrt());
    let mut shift: f64 = 0.0;
    for _ in 0..50 {
        let towards_half = if p < 0.5 { (p + shift).min(0.5) } else { (p - shift).max(0.5) };
        shift = (z_alpha * deviation(p) + z_beta * deviation(towards_half)) / (trials as f64).sqrt();
    }
    shift
}
