//! S2: the elements of one mask are independent of each other.

use super::alarm::{ALPHA, BETA, Reading, size, test};
use super::draw::{MASKED, masks, sampling};
use super::{Law, Needs};
use crate::conformance::statistics::{Binomial, smallest_shift};
use crate::conformance::trial::{Check, Trial};

/// See the module.
pub const LAW: Law = Law {
    id: "S2",
    name: "joint law",
    statement: "All 2^n masks of n neighbours have the probabilities of independent elements.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "one exact binomial test for each of the 2^n - 1 sets of elements: a correlation of .05 between any two elements \
            of 8 at p = .5 shows in 60 000 masks, one of .01 in 1.5 million",
    diagnosis: "elements of one mask depend on each other: look for random numbers that are reused within a call, for bits of \
                one word that are not independent, or for a fixed number of dropped units",
    claim: "mask.parities",
    seen: &["pytorch 69801"],
    check,
};

/// Neighbours whose joint law is tested.
const UNITS: usize = 8;

fn check(trial: &mut Trial<'_>) -> Check {
    let dtype = trial.widest();
    for drop in [0.5, 0.1, 0.9] {
        trial.part(&format!("p = {drop}"), |trial| {
            let count = size(trial, [1 << 12, 1 << 17, 1 << 20]);
            let sees = |masks| format!("a correlation of {:.2e} between two elements", correlation(masks, drop));
            test(trial, &format!("joint law of {UNITS} neighbours at p = {drop}"), sees, |trial, factor| {
                let sampling = sampling(trial, drop, dtype, UNITS * count * factor as usize, 1, |_| ())?;
                Ok(reading(&masks(trial, &sampling)?[0], drop))
            })
        })?;
    }
    Ok(())
}

/// The most surprising of the 2^n − 1 sets of elements.
///
/// A law of n bits is the product of its marginals exactly if, for each set S, the parity of S has the probability that
/// independence gives; or, just so, the event that all of S is rare. Near p = ½ parities see most, elsewhere the events.
fn reading(mask: &[bool], drop: f64) -> Reading {
    let mut counts = vec![0u64; 1 << UNITS];
    // As bits: 1 is the rarer of dropped and kept.
    let (rare, p) = if drop <= 0.5 { (false, drop) } else { (true, 1.0 - drop) };
    for block in mask.chunks_exact(UNITS) {
        counts[block.iter().rev().fold(0, |bits, &kept| bits << 1 | usize::from(kept == rare))] += 1;
    }
    let masks: u64 = counts.iter().sum();
    let parity = by_parity(p);
    let readings = (1..1usize << UNITS).map(|set| {
        let size = set.count_ones() as i32;
        let happens = |mask: usize| if parity { (mask & set).count_ones() % 2 == 1 } else { mask & set == set };
        let seen = counts.iter().enumerate().filter(|(mask, _)| happens(*mask)).map(|(_, count)| count).sum();
        let probability = if parity { (1.0 - (1.0 - 2.0 * p).powi(size)) / 2.0 } else { p.powi(size) };
        let units: Vec<_> = (0..UNITS).filter(|unit| set >> unit & 1 == 1).collect();
        let event = match (parity, rare) {
            (true, _) => format!("an odd number dropped among elements {units:?}"),
            (false, false) => format!("all dropped of elements {units:?}"),
            (false, true) => format!("all kept of elements {units:?}"),
        };
        Reading {
            samples: masks,
            p_value: Binomial::new(masks, probability).two_sided(seen),
            expected: format!("{event} in a share of {probability:.6} of the masks"),
            got: format!("in {seen} of {masks}, a share of {:.6}", seen as f64 / masks as f64),
        }
    });
    Reading::most_surprising(readings).expect("some sets")
}

/// Whether parities are counted, or else common events.
fn by_parity(p: f64) -> bool {
    p >= 0.25
}

/// The smallest correlation of a pair that is detected.
fn correlation(masks: u64, drop: f64) -> f64 {
    let p = drop.min(1.0 - drop);
    let shift = |probability| smallest_shift(masks, probability, ALPHA / ((1 << UNITS) - 1) as f64, BETA);
    // Of a pair with correlation ρ the parity is odd with 2pq(1 − ρ); both are rare with probability p² + ρpq.
    let pq = p * (1.0 - p);
    if by_parity(p) { shift(2.0 * pq) / (2.0 * pq) } else { shift(p * p) / pq }
}
