//! The power of a law against a fault of a chosen size, by the laws of its counts: no simulation.
//!
//! A law fails if its test rejects, and rejects again with four times the sample. A test takes the most surprising of
//! several readings, each at its share of α; the fault shifts some of them, which are independent of each other.

use crate::faulty::{RARE, SHIFTED};
use dropout_oracle::Real;
use dropout_oracle::conformance::statistics::Binomial;
use dropout_oracle::normal::cumulative;

const ALPHA: f64 = 1e-9;

/// Twice, with the sample that is asked for and with four times as much.
fn both(power: impl Fn(u64) -> f64) -> f64 {
    power(1) * power(4)
}

/// At least one of so many independent readings.
fn any_of(readings: i32, power: f64) -> f64 {
    1.0 - (1.0 - power).powi(readings)
}

/// The first of `range` at which a condition that stays true becomes so.
fn first(range: std::ops::Range<u64>, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut from, mut to) = (range.start, range.end);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { to = middle } else { from = middle + 1 }
    }
    from
}

/// The probability that a count of `n`, of probability `truth` each, has a two-sided p-value below `level` under `p`.
fn rejects(n: u64, p: f64, truth: f64, level: f64) -> f64 {
    let (law, truth, middle) = (Binomial::new(n, p), Binomial::new(n, truth), (n as f64 * p) as u64);
    let above = first(middle..n + 1, |k| law.two_sided(k) < level);
    let not_below = first(0..middle, |k| law.two_sided(k) >= level);
    truth.at_least(above) + not_below.checked_sub(1).map_or(0.0, |k| truth.at_most(k))
}

/// What differs half the time differs less often by a fault: copies are made with this probability.
fn copies(n: u64, size: f64, readings: u64) -> f64 {
    rejects(n, 0.5, (1.0 - size) / 2.0, ALPHA / readings as f64)
}

/// Three calls of `n` elements each.
pub fn rate(n: u64, size: f64) -> f64 {
    both(|factor| any_of(3, rejects(n * factor, SHIFTED, SHIFTED + size, ALPHA / 3.0)))
}

/// One pair of eight elements in n masks.
pub fn pair(n: u64, size: f64) -> f64 {
    both(|factor| copies(n * factor, size, 255))
}

/// How many pairs of so many masks, and shifts of one against another, are read: all pairs in place, each mask of a pair
/// shifted against the other.
fn shifts(masks: u64, n: u64) -> u64 {
    let shifts = (1..=16).chain([32, 64, 100, 128, 256, 512, 624, 1000, 1024, 2048, 4095, 4096]);
    masks * (masks - 1) / 2 + masks * (masks - 1) * shifts.filter(|shift| *shift < n).count() as u64
}

/// Each call repeats parts of the one before: four calls, four layers, and two calls under each of three seeds.
pub fn calls(n: u64, size: f64) -> f64 {
    let test = |masks| both(|factor| any_of(3, copies(n * factor, size, shifts(masks, n * factor))));
    1.0 - (1.0 - test(4)).powi(2) * (1.0 - test(6))
}

/// Each element repeats the one before in parts: one lag of all that are read.
pub fn lag(n: u64, size: f64) -> f64 {
    both(|factor| {
        let n = n * factor;
        let powers = (0..20).filter(|k| 1 << k <= n / 2).count() as u64;
        copies(n - 1, size, powers + 18)
    })
}

/// One of five readings around the boundary at 2¹⁶.
pub fn windows(n: u64, size: f64) -> f64 {
    both(|factor| copies(n * factor, size, 5))
}

/// Events that should hardly happen.
pub fn rare(n: u64, size: f64) -> f64 {
    both(|factor| {
        let n = n * factor;
        let law = Binomial::new(n, RARE);
        Binomial::new(n, RARE + size).at_least(first(0..n, |k| law.at_least(k) < ALPHA))
    })
}

/// The tail of the variance, by Wilson and Hilferty's approximation of χ², good to a thousandth for this many.
pub fn variance(n: u64, size: f64) -> f64 {
    both(|factor| {
        let n = (n * factor) as f64;
        // Of mean, variance, distribution, repetitions, two tails, and thirteen distances.
        let x = Real::ln(2.0 * 19.0 / ALPHA);
        let limit = (n + 2.0 * (n * x).sqrt() + 2.0 * x) / (1.0 + size);
        let spread = 2.0 / (9.0 * n);
        cumulative(-(Real::exp(Real::ln(limit / n) / 3.0) - (1.0 - spread)) / spread.sqrt())
    })
}

/// Each slice repeats parts of the one before: three pairs of six.
pub fn slices(n: u64, size: f64) -> f64 {
    both(|factor| any_of(3, copies(n * factor, size, 6)))
}

/// Three replicas repeat parts of the first.
pub fn replicas(n: u64, size: f64) -> f64 {
    both(|factor| any_of(3, copies(n * factor, size, shifts(4, n * factor))))
}
