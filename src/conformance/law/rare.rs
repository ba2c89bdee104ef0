//! S6: what is nearly impossible does not happen, and what is certain does.

use super::alarm::{ALPHA, Reading, size, test};
use super::draw::{MASKED, masks, own_places, sampling};
use super::input::{kept, telling_ids};
use super::{Law, Needs};
use crate::conformance::case::Mode;
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::MaskAccess;
use crate::conformance::statistics::Binomial;
use crate::conformance::tensor::{Tensor, first_along};
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "S6",
    name: "rare events",
    statement: "At p = 0 nothing is dropped and at p = 1 everything; at p just above 0 no more is dropped than p, and just \
                below 1 no more is kept than 1 - p. Of given uniforms k/256, all k, exactly 256 p drop, and one of 0 and the \
                largest below 1.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "an event of probability r that should never happen shows in 13.8/r elements with power 1 - 1e-6; of a layer that \
            takes uniforms, one that is compared wrongly is enough",
    diagnosis: "the comparison with the uniform random number includes its end, or the uniform has too few bits: rates below its \
                grid are rounded up",
    claim: "test.binomial",
    seen: &["ROCm tensorflow-upstream PR2128"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        let elements = size(trial, [1 << 14, 1 << 20, 1 << 23]);
        for (drop, kept) in [(0.0, true), (1.0, false)] {
            trial.part(&format!("p = {drop}"), |trial| certain(trial, drop, dtype, elements, kept))?;
        }
        // The grid of uniforms in single precision, which is fair to compare with any rate; and the largest number below 1
        // of the format of x, but of single precision at most, for some frameworks take no other p.
        for drop in [2f64.powi(-23), 1.0 - dtype.unit_roundoff().max(2f64.powi(-24))] {
            trial.part(&format!("p = {drop}"), |trial| {
                test(trial, &format!("p = {drop:e} in {dtype}"), sees, |trial, factor| {
                    nearly(trial, drop, dtype, elements * factor as usize)
                })
            })?;
        }
        if trial.layer.passes(MaskAccess::Uniforms) {
            compared(trial, dtype)?;
        }
        Ok(())
    })
}

/// That given uniforms drop as many as they must, whichever end of [0, 1) drops: no sample is needed.
fn compared(trial: &mut Trial<'_>, dtype: Dtype) -> Check {
    let grid: Vec<f64> = (0..256).map(|k| f64::from(k) / 256.0).collect();
    let ends = [0.0, 1.0 - dtype.unit_roundoff()];
    for drop in [0.0, 1.0 / 256.0, 0.25, 0.5, 255.0 / 256.0, 1.0].into_iter().filter(|&drop| trial.layer.accepts(drop))
    {
        let of_ends = if drop == 0.0 { 0 } else { 1 + usize::from(drop == 1.0) };
        for (given, expected) in [(&grid[..], (256.0 * drop) as usize), (&ends[..], of_ends)] {
            let x = telling_ids(trial.layer, dtype, &trial.layer.shape(given.len()));
            let shared = trial.layer.shared(x.shape().len());
            let own = own_places(&shared, x.shape());
            let of_place = |place| own.binary_search(&(first_along(&shared, x.shape(), place) as usize)).unwrap_or(0);
            let uniforms: Vec<f64> = (0..x.len() as u64).map(|place| given[of_place(place) % given.len()]).collect();
            let uniforms = Tensor::new(dtype, x.shape(), &uniforms);
            let case = trial.case(Mode::Train, drop, x).uniforms(uniforms);
            let kept = kept(trial.layer, drop, &trial.call(&case)?.y);
            let dropped = own[..given.len()].iter().filter(|&&place| !kept[place]).count();
            trial.evidence.comparisons += given.len() as u64;
            if dropped != expected {
                let (of, last) = (given.len(), given[given.len() - 1]);
                let expected = format!("{expected} of the {of} uniforms from 0 to {last} drop");
                return Err(Failure::new(&case, expected, format!("{dropped} of them")).into());
            }
        }
    }
    Ok(())
}

fn sees(count: u64) -> String {
    format!("an event of probability {:.2e} that should not happen", 13.8 / count as f64)
}

/// Nothing dropped, or everything.
fn certain(trial: &mut Trial<'_>, drop: f64, dtype: Dtype, elements: usize, kept: bool) -> Check {
    let sampling = sampling(trial, drop, dtype, elements, 1, |_| ())?;
    let mask = &masks(trial, &sampling)?[0];
    trial.evidence.comparisons += mask.len() as u64;
    match mask.iter().position(|&element| element != kept) {
        None => Ok(()),
        Some(at) => {
            let state = |kept: bool| if kept { "kept" } else { "dropped" };
            let case = format!("{} elements at p = {drop} in {dtype}", mask.len());
            let got = format!("element {at} is {}", state(!kept));
            Err(Failure::new(case, format!("every element {}", state(kept)), got).into())
        }
    }
}

/// No more rare events than p gives.
fn nearly(trial: &mut Trial<'_>, drop: f64, dtype: Dtype, elements: usize) -> Check<Reading> {
    let sampling = sampling(trial, drop, dtype, elements, 1, |_| ())?;
    let mask = &masks(trial, &sampling)?[0];
    let rare = drop > 0.5;
    let (count, seen) = (mask.len() as u64, mask.iter().filter(|kept| **kept == rare).count() as u64);
    let p = if rare { 1.0 - drop } else { drop };
    let what = if rare { "kept" } else { "dropped" };
    Ok(Reading {
        samples: count,
        p_value: Binomial::new(count, p).at_least(seen),
        expected: format!("about {:.3} elements {what}", count as f64 * p),
        got: format!("{seen} of {count} {what}"),
    })
}
