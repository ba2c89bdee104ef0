//! S1: each element is kept with probability 1 − p.

use super::alarm::{ALPHA, BETA, Reading, size, test};
use super::draw::{MASKED, masks, sampling};
use super::{Law, Needs};
use crate::conformance::dtype::Dtype;
use crate::conformance::statistics::{Binomial, smallest_shift};
use crate::conformance::trial::{Check, Trial};

/// See the module.
pub const LAW: Law = Law {
    id: "S1",
    name: "keep rate",
    statement: "An element is dropped with probability p: for every format and every p, at the first call and at later \
                ones, wherever it stands.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "by an exact binomial test of the count: keep and drop swapped at p = .3 shows in 155 elements, a shift of .01 \
            at p = .5 in 295 000, a rate of .0079 for .001 in 3000",
    diagnosis: "units are dropped at another rate than p: look for keep and drop swapped, for uniforms or rates rounded to a \
                narrow format, or for a comparison that includes its end",
    claim: "test.binomial",
    seen: &[
        "tiny-dnn 961",
        "Dluid PR125",
        "nd4j 1373",
        "tensorflow PR44880",
        "boltz PR554",
        "Paddle PR51688",
        "AiDotNet.Tensors PR732",
    ],
    check,
};

/// The rates that are in use, and both ends.
const RATES: [f64; 9] = [1e-4, 0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99, 0.999];

/// Residue classes of the place: the lanes of any vector unit.
const LANES: usize = 64;

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for drop in RATES {
            let sees = |count| {
                format!("a drop rate off by {:.2e}", smallest_shift(count, drop, ALPHA / 3.0, BETA)) // of three calls
            };
            trial.part(&format!("p = {drop}"), |trial| {
                let elements = size(trial, [1 << 13, 1 << 20, 1 << 23]);
                test(trial, &format!("drop rate at p = {drop} in {dtype}"), sees, |trial, factor| {
                    overall(trial, drop, dtype, elements * factor as usize)
                })
            })?;
        }
        let elements = size(trial, [1 << 13, 1 << 18, 1 << 21]);
        let name = format!("drop rate at p = 0.5 in {dtype}, by place mod {LANES} and at the ends");
        let sees =
            |count| format!("a drop rate off by {:.2e}", smallest_shift(count, 0.5, ALPHA / (LANES + 2) as f64, BETA));
        test(trial, &name, sees, |trial, factor| by_place(trial, dtype, elements * factor as usize))
    })
}

/// The rates that an interface may make of p: as it is, in single precision, and in the format of x.
fn meant(drop: f64, dtype: Dtype) -> [f64; 3] {
    [drop, f64::from(drop as f32), dtype.rounded(drop)]
}

/// Whether `dropped` out of `count` fits one of the rates that may be meant.
pub(super) fn reading(dropped: u64, count: u64, drop: f64, dtype: Dtype, where_: &str) -> Reading {
    let p_value = |p: f64| Binomial::new(count, p).two_sided(dropped);
    let rate = dropped as f64 / count as f64;
    let (low, high) = meant(drop, dtype).into_iter().fold((1f64, 0f64), |(l, h), p| (l.min(p), h.max(p)));
    Reading {
        samples: count,
        p_value: if (low..=high).contains(&rate) { 1.0 } else { p_value(low).max(p_value(high)) },
        expected: format!("{drop} of the elements dropped{where_}"),
        got: format!("{dropped} of {count} dropped{where_}, a rate of {rate:.6}"),
    }
}

/// The first call and two later ones, each on its own.
fn overall(trial: &mut Trial<'_>, drop: f64, dtype: Dtype, elements: usize) -> Check<Reading> {
    let sampling = sampling(trial, drop, dtype, elements, 3, |_| ())?;
    let calls = masks(trial, &sampling)?;
    let readings = calls.iter().enumerate().map(|(call, kept)| {
        let dropped = kept.iter().filter(|kept| !**kept).count() as u64;
        reading(dropped, kept.len() as u64, drop, dtype, &format!(" in call {}", call + 1))
    });
    Ok(Reading::most_surprising(readings).expect("three calls"))
}

/// Classes of places, each on its own.
fn by_place(trial: &mut Trial<'_>, dtype: Dtype, elements: usize) -> Check<Reading> {
    let sampling = sampling(trial, 0.5, dtype, elements, 1, |_| ())?;
    let kept = &masks(trial, &sampling)?[0];
    let class = |name: String, places: &mut dyn Iterator<Item = usize>| {
        let (dropped, count) = places.fold((0, 0), |(d, n), i| (d + u64::from(!kept[i]), n + 1));
        reading(dropped, count, 0.5, dtype, &name)
    };
    let lanes =
        (0..LANES).map(|lane| class(format!(" at places {lane} mod {LANES}"), &mut (lane..kept.len()).step_by(LANES)));
    let tail = kept.len() / 16;
    let ends = [
        class(" in the first sixteenth".into(), &mut (0..tail)),
        class(" in the last sixteenth".into(), &mut (kept.len() - tail..kept.len())),
    ];
    Ok(Reading::most_surprising(lanes.chain(ends)).expect("some classes"))
}
