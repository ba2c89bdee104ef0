//! The law of the masks: laws S1 to S6 of the conformance suite, for the stream itself.
//!
//! Each test has false-alarm rate at most 1e−9 under the law that is claimed; all streams are seeded, so the verdict is
//! always the same.

use crate::support::{holds, refuted};
use dropout_oracle::Real;
use dropout_oracle::trainer::{KeepProbability, Masks};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::rand_core::{Infallible, TryRng};

/// ln(2/α) for α = 1e−9.
const LEVEL: f64 = 21.42;

/// Which units a stream keeps: seed, step, layer, row, KEEP probability, number of units.
type Stream = fn(u64, u64, usize, usize, f64, usize) -> Vec<u64>;

fn masks(seed: u64, step: u64, layer: usize, row: usize, keep: f64, units: usize) -> Vec<u64> {
    Masks::new(seed).mask(step, layer, row, KeepProbability::new(keep).unwrap(), units)
}

/// Chernoff: k ones of n independent ones of probability p have n KL(k/n ‖ p) > t with probability at most 2 e^−t.
fn is_binomial(ones: u64, count: u64, p: f64) -> bool {
    let share = ones as f64 / count as f64;
    let part = |a: f64, b: f64| if a > 0.0 { a * (Real::ln(a) - Real::ln(b)) } else { 0.0 };
    count as f64 * (part(share, p) + part(1.0 - share, 1.0 - p)) <= LEVEL
}

fn ones(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

// The bits themselves.

#[test]
fn trainer_masks_hold_their_bits_for_ever() {
    assert_eq!(masks(7, 10, 0, 3, 0.8, 64), [0xffdb_ef27_fc3f_dfff]);
    assert_eq!(masks(7, 10, 2, 3, 0.5, 128), [0x4ea1_9121_bd0f_54ea, 0x3b0c_c55d_0b0b_0ad3]);
    assert_eq!(masks(u64::MAX, 1 << 40, 1, 99, 0.1, 64), [6_922_173_369_051_776_128]);
    assert_eq!(masks(0, 0, 0, 0, 1.0, 70), [u64::MAX, 63]);
}

/// Words from a list.
struct Scripted(Vec<u64>);

impl TryRng for Scripted {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.try_next_u64()? as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.remove(0))
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("words are drawn whole")
    }
}

type Draw = fn(f64, &mut Scripted) -> u64;

/// Unit i is kept iff the number U whose digits are bit i of the words is below p, for any words; a share of them is made
/// to agree with p's digits, so that late digits decide.
fn keeps_what_is_below_p(draw: Draw, p: f64, words: &[u64], agreeing: u32) -> TestCaseResult {
    let threshold = (p * (1u128 << 64) as f64) as u128;
    let mut words = words.to_vec();
    for (digit, word) in words.iter_mut().enumerate().take(agreeing as usize) {
        *word = if threshold >> (63 - digit) & 1 == 1 { *word | 0xffff } else { *word & !0xffff };
    }
    let kept = draw(p, &mut Scripted(words.clone()));
    for unit in 0..64 {
        let u = words.iter().fold(0u128, |u, word| u << 1 | u128::from(word >> unit & 1));
        prop_assert_eq!(kept >> unit & 1 == 1, u < threshold, "unit {}", unit);
    }
    Ok(())
}

fn draws() -> impl Strategy<Value = (f64, Vec<u64>, u32)> + Clone {
    let p = prop_oneof![0.0001..0.9999f64, Just(0.5), Just(0.75), Just(0.8)];
    (p, prop::collection::vec(any::<u64>(), 64), 0u32..=64)
}

#[test]
fn trainer_masks_keep_what_is_below_p() {
    let draw: Draw = |p, rng| KeepProbability::new(p).unwrap().draw(rng);
    holds(256, draws(), |(p, words, agreeing)| keeps_what_is_below_p(draw, p, &words, agreeing));
}

#[test]
fn trainer_masks_mutant_keeps_equality() {
    let draw: Draw = |p, rng| {
        let words = rng.0.clone();
        let threshold = (p * (1u128 << 64) as f64) as u128;
        let u = |unit: u32| words.iter().fold(0u128, |u, word| u << 1 | u128::from(word >> unit & 1));
        (0..64).map(|unit| u64::from(u(unit) <= threshold) << unit).sum()
    };
    refuted(256, draws(), |(p, words, agreeing)| keeps_what_is_below_p(draw, p, &words, agreeing));
}

#[test]
fn trainer_masks_mutant_stops_after_sixteen_digits() {
    let draw: Draw = |p, rng| {
        let coarse = (p * 65536.0).floor() / 65536.0;
        KeepProbability::new(coarse.max(f64::MIN_POSITIVE)).unwrap().draw(rng)
    };
    refuted(256, draws(), |(p, words, agreeing)| keeps_what_is_below_p(draw, p, &words, agreeing));
}

// S1 and S6: the rate.

/// Over 2²⁰ units in rows of 1024, in each of the streams of a few steps and layers. Detects a rate off by 11 √(pq)/1024.
fn has_the_rate(stream: Stream, keep: f64) -> bool {
    const ROWS: usize = 1024;
    let kept: u64 = (0..ROWS).map(|row| ones(&stream(1, row as u64 % 3, row % 2, row, keep, 1024))).sum();
    is_binomial(kept, 1024 * ROWS as u64, keep)
}

const KEEPS: [f64; 11] = [1e-4, 0.001, 0.01, 0.1, 0.3, 0.5, 0.8, 0.9, 0.99, 0.999, 0.9999];

#[test]
fn trainer_masks_have_the_rate_s1() {
    for keep in KEEPS {
        assert!(has_the_rate(masks, keep), "{keep}");
    }
}

#[test]
fn trainer_masks_are_whole_at_one_s6() {
    assert!((0..100).all(|row| ones(&masks(3, 0, 0, row, 1.0, 100)) == 100));
    // 2⁻⁶⁴ and less is a digit that is never reached: nothing is kept, and nothing crashes.
    assert_eq!(ones(&masks(3, 0, 0, 0, f64::MIN_POSITIVE, 10_000)), 0);
    // The nearest to 1 has 53 digits 1: one unit in 2⁵³ drops.
    assert_eq!(ones(&masks(3, 0, 0, 0, 1.0 - f64::EPSILON / 2.0, 10_000)), 10_000);
}

#[test]
fn trainer_masks_mutant_drops_with_the_keep_probability() {
    let swapped: Stream = |seed, step, layer, row, keep, units| masks(seed, step, layer, row, 1.0 - keep, units);
    assert!(!has_the_rate(swapped, 0.3));
}

#[test]
fn trainer_masks_mutant_has_four_digits() {
    let coarse: Stream =
        |seed, step, layer, row, keep, units| masks(seed, step, layer, row, (keep * 16.0).round() / 16.0, units);
    assert!(!has_the_rate(coarse, 0.3));
}

// S2: the joint law.

/// χ² of the 2⁸ cells of 8 neighbouring units against their product law, cells with less than 5 expected pooled. Under
/// the law it is about χ² with k − 1 degrees of freedom, which exceeds k + 2√(kx) + 2x with probability at most e^−x
/// (Laurent and Massart 2000).
fn is_independent(stream: Stream, keep: f64) -> bool {
    const ROWS: usize = 512;
    let mut cells = [0u64; 256];
    for row in 0..ROWS {
        for word in stream(2, 5, 1, row, keep, 2048) {
            word.to_le_bytes().iter().for_each(|&byte| cells[byte as usize] += 1);
        }
    }
    let count: u64 = cells.iter().sum();
    let (mut statistic, mut used, mut pool) = (0.0, 0.0, (0.0, 0.0));
    let mut add = |found: f64, expected: f64| {
        statistic += (found - expected) * (found - expected) / expected;
        used += 1.0;
    };
    for (cell, &found) in cells.iter().enumerate() {
        let ones = cell.count_ones() as i32;
        let expected = count as f64 * keep.powi(ones) * (1.0 - keep).powi(8 - ones);
        if expected < 5.0 { pool = (pool.0 + found as f64, pool.1 + expected) } else { add(found as f64, expected) }
    }
    if pool.1 >= 5.0 {
        add(pool.0, pool.1);
    }
    statistic <= used + 2.0 * (used * LEVEL).sqrt() + 2.0 * LEVEL
}

#[test]
fn trainer_masks_have_the_joint_law_s2() {
    for keep in [0.1, 0.5, 0.8] {
        assert!(is_independent(masks, keep), "{keep}");
    }
}

#[test]
fn trainer_masks_mutant_ties_neighbours() {
    let tied: Stream = |seed, step, layer, row, keep, units| {
        let words = masks(seed, step, layer, row, keep, units).into_iter();
        words.map(|word| word & 0x5555_5555_5555_5555 | (word & 0x5555_5555_5555_5555) << 1).collect()
    };
    assert!(!is_independent(tied, 0.5));
}

// S3: other streams. S4: lags. S5: far away.

/// Two independent masks agree at a unit with probability p² + q². Over 2¹⁷ units, for streams that differ in one of
/// seed, step, layer and row, at the same unit and at shifts of whole words.
fn streams_are_independent(stream: Stream, keep: f64) -> bool {
    const UNITS: usize = 1 << 17;
    const FAR: u64 = 1 << 32;
    let one = stream(1, 1, 1, 1, keep, UNITS);
    let others =
        [(2, 1, 1, 1), (1, 2, 1, 1), (1, 1, 2, 1), (1, 1, 1, 2), (1, FAR + 1, 1, 1), (1, 1, 1, FAR as usize + 1)];
    let agreement = keep * keep + (1.0 - keep) * (1.0 - keep);
    others.into_iter().all(|(seed, step, layer, row)| {
        let other = stream(seed, step, layer, row, keep, UNITS);
        [0, 1, 2, 16, 64].into_iter().all(|shift| {
            let pairs = one[shift..].iter().zip(&other);
            let agreeing = pairs.map(|(a, b)| u64::from((!(a ^ b)).count_ones())).sum();
            is_binomial(agreeing, (UNITS - 64 * shift) as u64, agreement)
        })
    })
}

#[test]
fn trainer_masks_differ_between_streams_s3() {
    assert!(streams_are_independent(masks, 0.5) && streams_are_independent(masks, 0.8));
}

#[test]
fn trainer_masks_mutants_reuse_a_stream() {
    let mutants: [Stream; 5] = [
        |_, step, layer, row, keep, units| masks(1, step, layer, row, keep, units),
        |seed, _, layer, row, keep, units| masks(seed, 0, layer, row, keep, units),
        |seed, step, _, row, keep, units| masks(seed, step, 0, row, keep, units),
        |seed, step, layer, _, keep, units| masks(seed, step, layer, 0, keep, units),
        |seed, step, layer, row, keep, units| masks(seed, step as u32 as u64, layer, row as u32 as usize, keep, units),
    ];
    assert!(mutants.into_iter().all(|mutant| !streams_are_independent(mutant, 0.5)));
}

/// At p = ½ the units i and i + lag of one mask agree for independent half of all i, exactly: the exclusive ors are
/// independent.
fn lags_are_independent(stream: Stream) -> bool {
    const UNITS: usize = 1 << 17;
    let mask = stream(4, 9, 1, 17, 0.5, UNITS);
    let bit = |unit: usize| mask[unit / 64] >> (unit % 64) & 1;
    (0..=16).map(|k| 1 << k).chain([3, 5, 7, 100, 784, 800]).all(|lag: usize| {
        let agreeing = (0..UNITS - lag).filter(|&unit| bit(unit) == bit(unit + lag)).count();
        is_binomial(agreeing as u64, (UNITS - lag) as u64, 0.5)
    })
}

#[test]
fn trainer_masks_have_no_lag_s4() {
    assert!(lags_are_independent(masks));
}

#[test]
fn trainer_masks_mutant_repeats_after_a_block() {
    let repeating: Stream = |seed, step, layer, row, keep, units| {
        masks(seed, step, layer, row, keep, 4096).into_iter().cycle().take(units / 64).collect()
    };
    assert!(!lags_are_independent(repeating));
}

/// Masks are named by 64-bit numbers: no two of neighbours and of numbers that differ by powers of two are the same.
#[test]
fn trainer_masks_differ_far_away_s5() {
    let far = [0, 1, 1 << 16, 1 << 24, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 63, u64::MAX];
    let mut all: Vec<_> = far.iter().map(|&step| masks(1, step, 0, 0, 0.5, 64)).collect();
    all.extend(far[1..].iter().map(|&seed| masks(1 ^ seed, 0, 0, 0, 0.5, 64)));
    all.extend(far[1..].iter().map(|&row| masks(1, 0, 0, row as usize, 0.5, 64)));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}
