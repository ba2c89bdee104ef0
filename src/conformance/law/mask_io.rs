//! L13: masks that come out are the masks that were used, and masks that go in are obeyed.

use super::input::{ids_for, read_back};
use super::scale::zero_or_scaled;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Level, MaskAccess};
use crate::conformance::tensor::{Kept, first_along, unravel};
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::Failure;
use rand::RngExt;

/// See the module.
pub const LAW: Law = Law {
    id: "L13",
    name: "mask in, out",
    statement: "The mask that a layer returns is the one by which it dropped, all kept at drop rate 0, and an injected mask \
                is obeyed.",
    needs: Needs { levels: &[Level::C0, Level::C3], mask: &[MaskAccess::Inject, MaskAccess::Return], ..Needs::ZEROING },
    false_alarm: 0.0,
    power: "one wrong bit is enough",
    diagnosis: "the mask at the interface is not the mask that was used: look for one that is not filled, inverted, or drawn \
                again",
    claim: "mask.read-back",
    seen: &["mxnet 15659", "onnxruntime 1487"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for &drop in trial.rates() {
            if trial.layer.passes(MaskAccess::Return) {
                let case = trial.case(Mode::Train, drop, ids_for(trial.layer, dtype, 64));
                returned(trial, &case)?;
            }
            if trial.layer.passes(MaskAccess::Inject) {
                injected(trial, dtype, drop)?;
            }
        }
        if trial.layer.passes(MaskAccess::Return) && trial.layer.accepts(0.0) {
            let case = trial.case(Mode::Train, 0.0, ids_for(trial.layer, dtype, 64));
            returned(trial, &case)?;
        }
        Ok(())
    })
}

/// That the returned mask is the one read back, one bit a place or one bit a mask element.
fn returned(trial: &mut Trial<'_>, case: &Case) -> Check {
    let call = trial.call(case)?;
    let mask = call.mask.filter(Kept::is_sound).ok_or_else(|| Stop::Adapter("a result lacks a sound mask".into()))?;
    let shape = case.x.shape();
    let fits = mask.shape.len() == shape.len() && mask.shape.iter().zip(shape).all(|(&m, &x)| m == x || m == 1);
    if !fits {
        let (expected, got) = (format!("a mask of shape {shape:?}"), format!("one of {:?}", mask.shape));
        return Err(Failure::new(case, expected, got).into());
    }
    let bit = |i| {
        let index = unravel(shape, i).into_iter().zip(&mask.shape);
        mask.bits.get(index.fold(0, |place, (at, &size)| place * size + at % size))
    };
    agree(trial, case, &read_back(&call.y), bit, "is returned")
}

/// That a random mask is obeyed.
fn injected(trial: &mut Trial<'_>, dtype: Dtype, drop: f64) -> Check {
    let x = ids_for(trial.layer, dtype, 64);
    let coins: Vec<bool> = (0..x.len()).map(|_| trial.rng().random_bool(0.5)).collect();
    let shared = trial.layer.shared(x.shape().len());
    let kept: Vec<bool> = (0..x.len()).map(|i| coins[first_along(&shared, x.shape(), i as u64) as usize]).collect();
    let mask = Kept::new(x.shape(), kept.iter().copied());
    let case = trial.case(Mode::Train, drop, x).mask(mask);
    let y = trial.call(&case)?.y;
    agree(trial, &case, &read_back(&y), |i| kept[i], "was injected")?;
    zero_or_scaled(trial, &case, drop, &y)
}

/// That what was dropped is what the mask says.
fn agree(trial: &mut Trial<'_>, case: &Case, used: &[bool], bit: impl Fn(usize) -> bool, how: &str) -> Check {
    trial.evidence.comparisons += used.len() as u64;
    let Some(i) = (0..used.len()).find(|&i| used[i] != bit(i)) else { return Ok(()) };
    let word = |kept| if kept { "kept" } else { "dropped" };
    let wrong = (0..used.len()).filter(|&j| used[j] != bit(j)).count();
    Err(Failure {
        at: Some(case.x.index(i)),
        ..Failure::new(
            case,
            format!("{}, as the mask that {how} says", word(bit(i))),
            format!("{} ({wrong} of {} places disagree)", word(used[i]), used.len()),
        )
    }
    .into())
}
