//! L7: drop rate 1.

use super::input::ids_for;
use super::{Law, Needs};
use crate::conformance::case::Mode;
use crate::conformance::layer::{Kind, Level};
use crate::conformance::subject::Outcome;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L7",
    name: "drop all",
    statement: "At drop rate 1 training gives y = 0 and dx = 0 (for other kinds of noise: finite numbers), or the rate is \
                rejected, as the layer declares.",
    needs: Needs::FORWARD,
    false_alarm: 0.0,
    power: "one NaN, infinity or non-zero element is enough",
    diagnosis: "1/(1 - p) is computed at p = 1: 0/0 or 0 times infinity gives NaN; select, or treat the end apart",
    claim: "mask.endpoints",
    seen: &["flax PR2055", "pytorch 100025", "axon 367"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        let x = ids_for(trial.layer, dtype, 64);
        let mut case = trial.case(Mode::Train, 1.0, x.clone());
        if trial.layer.offers(Level::C1) {
            case = case.gradient(x);
        }
        if !trial.layer.accepts(1.0) {
            trial.evidence.comparisons += 1;
            return match trial.attempt(&case)? {
                Outcome::Done(_) => {
                    let why = "a drop rate of 1 is accepted, though the layer declares it illegal";
                    Err(Failure::new(&case, "a rejection", "a result").because(why).into())
                }
                _ => Ok(()),
            };
        }
        let call = trial.call(&case)?;
        let zeros = matches!(trial.layer.kind, Kind::Dropout | Kind::Dropconnect);
        for (name, got) in [("y", Some(&call.y)), ("dx", call.dx.as_ref())] {
            let Some(got) = got else { continue };
            let limit = dtype.round(if zeros { 0.0 } else { 3e4 });
            for i in 0..got.len() {
                let low = dtype.round(-dtype.value(limit));
                trial.within(&case, name, got, i, (low, limit), 0)?;
            }
        }
        Ok(())
    })
}
