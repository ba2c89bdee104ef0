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
    power: "reuse beyond 2^16 or 2^24 elements shows in 40 elements of each window, a wrong rate as in S1",
    diagnosis: "a counter overflows: beyond some place the mask comes again, or is constant",
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
    let differing = kept.iter().zip(&kept[lag..]).filter(|(a, b)| a != b).count() as u64;
    let places = (kept.len() - lag) as u64;
    Reading {
        samples: places,
        p_value: Binomial::new(places, 0.5).two_sided(differing),
        expected: format!("elements {lag} places apart differ at half of the places"),
        got: format!("they differ at {differing} of {places}"),
    }
}

fn large(trial: &mut Trial<'_>) -> Check {
    if trial.layer.shape(2).len() > 1 {
        return Err(Stop::NotApplicable("places far into a mask are asked for along one axis".into()));
    }
    let dtype = trial.widest();
    // 2^17 elements are little for any layer, 2^24 are 64 MiB in single precision.
    let exponents: &[u32] = match trial.config.effort {
        Effort::Quick => &[16],
        Effort::Standard => &[16, 22],
        Effort::Thorough => &[16, 24, 26],
    };
    let last = exponents[exponents.len() - 1];
    const WINDOW: u64 = 1 << 12;
    let sees = |places| format!("a share off by {:.2e}", smallest_shift(places, 0.5, ALPHA / 10.0, BETA));
    test(trial, "windows of a large mask", sees, |trial, factor| {
        let window = WINDOW * factor;
        let starts = std::iter::once(0).chain(exponents.iter().map(|e| 1u64 << e));
        let windows: Vec<_> = starts.map(|start| (start, window)).collect();
        let elements = (1 << last) + window as usize;
        let sampling = sampling(trial, 0.5, dtype, elements, 1, |sampling| sampling.windows = windows)?;
        let kept = &masks(trial, &sampling)?[0];
        let windows: Vec<&[bool]> = kept.chunks(window as usize).collect();
        let pairs = itertools::iproduct!(0..windows.len(), 0..windows.len()).filter(|(a, b)| a < b);
        let between = pairs.map(|(a, b)| {
            let differing = windows[a].iter().zip(windows[b]).filter(|(a, b)| a != b).count() as u64;
            reading(
                differing,
                window,
                format!("windows at places {} and {} differ", start(a, exponents), start(b, exponents)),
            )
        });
        let rates = windows.iter().enumerate().map(|(i, window)| {
            let dropped = window.iter().filter(|kept| !**kept).count() as u64;
            reading(dropped, window.len() as u64, format!("elements from place {} on are dropped", start(i, exponents)))
        });
        Ok(Reading::most_surprising(between.chain(rates).collect::<Vec<_>>()).expect("some windows"))
    })
}

/// Where a window starts.
fn start(window: usize, exponents: &[u32]) -> u64 {
    window.checked_sub(1).map_or(0, |i| 1 << exponents[i])
}

/// Half of the places of a window.
fn reading(count: u64, places: u64, what: String) -> Reading {
    Reading {
        samples: places,
        p_value: Binomial::new(places, 0.5).two_sided(count),
        expected: format!("{what} at half of the places"),
        got: format!("at {count} of {places}"),
    }
}
