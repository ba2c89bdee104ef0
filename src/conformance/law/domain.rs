//! L8: what is no probability is rejected.

use super::input::ids_for;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode, Special};
use crate::conformance::layer::Kind;
use crate::conformance::subject::Outcome;
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L8",
    name: "domain",
    statement: "A p outside [0, 1], NaN or infinite is rejected, and so is an end that the layer declares illegal.",
    needs: Needs { kinds: &[Kind::Dropout, Kind::Alpha, Kind::Gaussian, Kind::Dropconnect], ..Needs::FORWARD },
    false_alarm: 0.0,
    power: "one accepted value is enough",
    diagnosis: "p is not checked: NaN passes every comparison that is written the wrong way round",
    claim: "mask.endpoints",
    seen: &["burn 2694"],
    check,
};

/// 2^-10: a step that every format resolves beside 0, and an f16 beside 1.
const STEP: f64 = 1.0 / 1024.0;

fn check(trial: &mut Trial<'_>) -> Check {
    let mut illegal = vec![-0.1, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -STEP, 1.0 + STEP, 50.0];
    let p = trial.layer.p;
    illegal.extend([(p.accepts_zero, 0.0), (p.accepts_one, 1.0)].into_iter().filter(|end| !end.0).map(|end| end.1));
    let dtype = trial.widest();
    for p in illegal {
        let x = ids_for(trial.layer, dtype, 16);
        let case = Case { p: Special(p), ..trial.case(Mode::Train, 0.5, x) };
        trial.evidence.comparisons += 1;
        match trial.attempt(&case)? {
            Outcome::Rejected(_) => {}
            Outcome::Skipped(skipped) => trial.evidence.skipped.push(format!("p = {p}: {}", skipped.message)),
            Outcome::Errored(errored) => return Err(Stop::Adapter(format!("{} ({case})", errored.context))),
            Outcome::Done(calls) => {
                let y = calls.first().map_or_else(String::new, |call| {
                    let values: Vec<_> = call.y.values().into_iter().take(4).collect();
                    format!(", y = {values:?} and so on")
                });
                return Err(Failure::new(&case, "a rejection", format!("a result{y}"))
                    .because(format!("p = {p} is no probability that the layer may take, and is accepted"))
                    .into());
            }
        }
    }
    if trial.evidence.skipped.len() == trial.evidence.comparisons as usize {
        return Err(Stop::NotApplicable(trial.evidence.skipped.join("; ")));
    }
    Ok(())
}
