//! L10: x is left alone.

use super::input::ids_for;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L10",
    name: "aliasing",
    statement: "Neither the call nor writing into y changes x; y is x itself only in an identity, and only where the layer \
                declares it.",
    needs: Needs::FORWARD,
    false_alarm: 0.0,
    power: "one changed bit is enough",
    diagnosis: "the layer works in place, or y shares its memory with x: what was computed before it is corrupted",
    claim: "noise.drop-path",
    seen: &["Oneflow PR9808", "Mocha.jl 96"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for (mode, drop) in [(Mode::Train, 0.5), (Mode::Eval, 0.5), (Mode::Train, 0.0625)] {
            let x = ids_for(trial.layer, dtype, 64);
            let case = Case { check_alias: true, ..trial.case(mode, drop, x) };
            let call = trial.call(&case)?;
            let is_input = call.same_object == Some(true);
            if mode == Mode::Train && is_input {
                return Err(Failure::new(&case, "an array of its own", "x itself").into());
            }
            match trial.layer.declared.identity_returns_input {
                Some(declared) if mode == Mode::Eval && call.same_object == Some(!declared) => {
                    let text = |itself| if itself { "x itself" } else { "an array of its own" };
                    let why = "whether an identity returns its very input is not as the layer declares";
                    return Err(Failure::new(&case, text(declared), text(!declared)).because(why).into());
                }
                _ => {}
            }
            let after = call.x_after.expect("asked for");
            if (after.dtype(), after.shape()) != (dtype, case.x.shape()) {
                return Err(Stop::Adapter("x_after has another dtype or shape than x".into()));
            }
            for (i, &bits) in case.x.bits().iter().enumerate().filter(|_| !is_input) {
                trial.same(&case, "x afterwards", &after, i, bits)?;
            }
        }
        Ok(())
    })
}
