//! S4, S5: one mask against itself, and far into it.

use super::alarm::{ALPHA, BETA, Reading, size, test};
use super::draw::{MASKED, masks, sampling};
use super::{Law, Needs};
use crate::conformance::statistics::{Binomial, smallest_shift};
use crate::conformance::trial::{Check, Effort, Stop, Trial};

/// S4.
pub const LAGS: Law = Law {
    id: "S4",
    name: "inside one mask",
    statement: "Elements of one mask at any distance are independent: neighbours, rows, columns, blocks.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "a row, block or period that repeats shows in some hundred elements; a correlation of .01 at one lag in 1.4 million",
    diagnosis: "a mask repeats itself: look for random numbers that are drawn once a row, once a block, or once a vector of lanes",
    claim: "test.lag",
    seen: &["keras 9841"],
    check: lags,
};

/// S5.
pub const LARGE: Law = Law {
    id: "S5",
    name: "large index",
    statement: "Far into a large mask the law is the same, and nothing of its beginning comes again.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "reuse beyond 2^16, 2^24, 2^31 or 2^32 elements, or neighbours with one index there, shows in 40 elements of a window \
            of 2^20, a wrong rate as in S1. Quick runs look at 2^16, standard ones at 2^24 too; beyond that, thorough ones, and \
            all where a layer offers random access",
    diagnosis: "a counter overflows, or an index is held in single precision: beyond some place the mask comes again, is \
                constant, or is one for several neighbours",
    claim: "test.binomial",
    seen: &[],
    check: large,
};

fn lags(trial: &mut Trial<'_>) -> Check {
    let dtype = trial.widest();
    let elements = size(trial, [1 << 13, 1 << 18, 1 << 21]);
    let sees = |places| format!("a correlation of {:.2e}", 2.0 * smallest_shift(places, 0.5, ALPHA / 40.0, BETA));
    test(trial, "lags of one mask", sees, |trial, factor| {
        let sampling = sampling(trial, 0.5, dtype, elements * factor as usize, 1, |_| ())?;
        let kept = &masks(trial, &sampling)?[0];
        let own_strides = sampling.shape.iter().rev().scan(1, |stride, &size| {
            *stride *= size;
            Some(*stride)
        });
        let powers =
            (0..20).map(|k| 1 << k).chain([3, 5, 6, 7, 9, 10, 12, 24, 31, 33, 48, 63, 65, 96, 100, 127, 129, 1000]);
        let lags: std::collections::BTreeSet<usize> =
            powers.chain(own_strides).filter(|&lag| lag <= kept.len() / 2).collect();
        Ok(Reading::most_surprising(lags.into_iter().map(|lag| at(kept, lag))).expect("some lags"))
    })
}

/// The number of places that differ from the one `lag` further: binomial at p = ½, since the sums modulo 2 of independent
/// fair bits along chains are independent and fair.
pub(super) fn at(kept: &[bool], lag: usize) -> Reading {
    let differing = kept.iter().zip(&kept[lag..]).filter(|(a, b)| a != b).count();
    let reading = half_of(differing, kept.len() - lag, format!("elements {lag} places apart differ"));
    Reading { got: format!("they differ {}", reading.got), ..reading }
}

/// Where counters and indices overflow or lose digits: 16 bits, the 24 of single precision, 31 with a sign, 32.
const BOUNDARIES: [u32; 4] = [16, 24, 31, 32];

fn large(trial: &mut Trial<'_>) -> Check {
    if trial.layer.shape(2).len() > 1 {
        return Err(Stop::NotApplicable("places far into a mask are asked for along one axis".into()));
    }
    // 2^17 elements are little for any layer, 2^24 are 64 MiB in single precision, 2^32 are more than most machines hold:
    // then the adapter skips them.
    let asked = match trial.config.effort {
        _ if trial.layer.random_access => BOUNDARIES.len(),
        Effort::Quick => 1,
        Effort::Standard => 2,
        Effort::Thorough => BOUNDARIES.len(),
    };
    for exponent in &BOUNDARIES[..asked] {
        trial.part(&format!("2^{exponent} elements"), |trial| beyond(trial, 1 << exponent))?;
    }
    Ok(())
}

/// What comes at a place: compared with what came before, with the beginning of the mask, and with itself one further.
fn beyond(trial: &mut Trial<'_>, boundary: u64) -> Check {
    let (dtype, half) = (trial.widest(), size(trial, [1 << 12, 1 << 19, 1 << 19]) as u64);
    let sees = |places| format!("a share off by {:.2e}", smallest_shift(places, 0.5, ALPHA / 5.0, BETA));
    test(trial, &format!("window around place {boundary}"), sees, |trial, factor| {
        let after = half * factor;
        let before = after.min(boundary);
        let windows = vec![(0, after), (boundary - before, before + after)];
        let elements = (boundary + after) as usize;
        let sampling = sampling(trial, 0.5, dtype, elements, 1, |sampling| sampling.windows = windows)?;
        let kept = &masks(trial, &sampling)?[0];
        let (beginning, around) = kept.split_at(after as usize);
        let (before, after) = around.split_at(before as usize);
        let rate = |window: &[bool], what: &str| {
            half_of(window.iter().filter(|kept| !**kept).count(), window.len(), format!("{what} are dropped"))
        };
        let again = beginning.iter().zip(after).filter(|(a, b)| a != b).count();
        let neighbours = at(after, 1);
        let readings = [
            rate(beginning, "elements from place 0 on"),
            rate(before, &format!("elements before place {boundary}")),
            rate(after, &format!("elements from place {boundary} on")),
            half_of(again, after.len(), format!("elements from place {boundary} on differ from the first")),
            Reading { expected: format!("from place {boundary} on, {}", neighbours.expected), ..neighbours },
        ];
        Ok(Reading::most_surprising(readings).expect("five of them"))
    })
}

/// What should be so at half of the places.
fn half_of(count: usize, places: usize, what: String) -> Reading {
    Reading {
        samples: places as u64,
        p_value: Binomial::new(places as u64, 0.5).two_sided(count as u64),
        expected: format!("{what} at half of the places"),
        got: format!("at {count} of {places}"),
    }
}
