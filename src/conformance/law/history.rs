//! L9: what was called before leaves no trace.

use super::input::ids_for;
use super::mode::{evaluated, noticed};
use super::scale::zero_or_scaled;
use super::{Law, Needs};
use crate::conformance::case::{Before, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Act, Kind};
use crate::conformance::trial::{Check, DYADIC, Trial};
use rand::RngExt;

/// See the module.
pub const LAW: Law = Law {
    id: "L9",
    name: "mode history",
    statement: "After any sequence of training and evaluation calls at any rates, of patching and unpatching, and in an exported \
                copy, the law is that of the last mode and rate.",
    needs: Needs::FORWARD,
    false_alarm: 2e-37, // 2^-128 for each of at most 64 training calls
    power: "one wrong element after one of the sequences is enough",
    diagnosis: "a mode or a rate outlives its call: look for state that is set on entry and not restored, and for graphs that \
                are built once",
    claim: "mask.scale",
    seen: &["pytorch 103681", "baal PR249"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    let (train, eval) = (Mode::Train, Mode::Eval);
    let mut sequences =
        vec![vec![train], vec![eval], vec![train, eval], vec![eval, train], vec![eval, eval, train, train]];
    for _ in 0..3 {
        let length = trial.rng().random_range(2..6);
        sequences.push((0..length).map(|_| if trial.rng().random_bool(0.5) { train } else { eval }).collect());
    }
    let dtype = trial.widest();
    for modes in sequences {
        for mode in [train, eval] {
            let before = modes.iter().map(|&mode| {
                let drop = DYADIC[trial.rng().random_range(0..DYADIC.len())];
                Before::new(mode, trial.layer.p(drop))
            });
            let before = before.collect();
            leaves_no_trace(trial, dtype, before, mode)?;
        }
    }
    let p = trial.layer.p(0.5);
    let then = |mode, act| Before { act: Some(act), ..Before::new(mode, p) };
    let may = |act| trial.layer.acts.contains(&act);
    let (patches, exports) = (may(Act::Patch) && may(Act::Unpatch), may(Act::Export));
    if patches {
        for mode in [train, eval] {
            leaves_no_trace(trial, dtype, vec![then(eval, Act::Patch), then(eval, Act::Unpatch)], mode)?;
        }
    }
    if exports {
        // What is exported in a mode stays in it.
        for mode in [train, eval] {
            leaves_no_trace(trial, dtype, vec![Before::new(train, p), then(mode, Act::Export)], mode)?;
        }
    }
    Ok(())
}

/// That a call at rate ½ after others obeys the law of its own mode.
fn leaves_no_trace(trial: &mut Trial<'_>, dtype: Dtype, before: Vec<Before>, mode: Mode) -> Check {
    let x = ids_for(trial.layer, dtype, 128);
    let case = trial.case(mode, 0.5, x).before(before);
    let y = trial.call(&case)?.y;
    if mode == Mode::Eval {
        return evaluated(trial, &case, 0.5, &y);
    }
    if matches!(trial.layer.kind, Kind::Dropout | Kind::Dropconnect) {
        zero_or_scaled(trial, &case, 0.5, &y)?;
    }
    noticed(trial, &case, &y)
}
