//! L14: format and shape stay.

use super::input::ids;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::layer::Level;
use crate::conformance::subject::Outcome;
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L14",
    name: "dtype, shape",
    statement: "y and dx have the format and the shape of x, in both modes, for every format and rank, and for an x without \
                elements.",
    needs: Needs::FORWARD,
    false_alarm: 0.0,
    power: "one call is enough",
    diagnosis: "the layer computes in another format, or changes the shape: look for a scale or a mask of a wider type, and \
                for axes that are squeezed or broadcast",
    claim: "mask.rounding",
    seen: &[],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for rank in trial.ranks() {
            let full = trial.layer.shape_of_rank(rank, 8);
            let mut shapes = vec![full.clone()];
            if rank > 0 && trial.layer.offers(Level::C4) {
                let empty = |axis| trial.layer.sizes(rank, |a| if a == axis { 0 } else { full[a] });
                shapes.extend([empty(rank - 1), empty(0), trial.layer.sizes(rank, |_| 1)]);
            }
            for (shape, mode) in itertools::iproduct!(shapes, [Mode::Train, Mode::Eval]) {
                let x = ids(dtype, &shape);
                let mut case = trial.case(mode, 0.5, x.clone());
                if trial.layer.offers(Level::C1) {
                    case = case.gradient(x);
                }
                trial.part(&format!("{dtype} {shape:?}"), |trial| form(trial, &case))?;
            }
        }
        Ok(())
    })
}

fn form(trial: &mut Trial<'_>, case: &Case) -> Check {
    let calls = match trial.attempt(case)? {
        Outcome::Done(calls) => calls,
        Outcome::Skipped(skipped) => return Err(Stop::NotApplicable(skipped.message)),
        Outcome::Errored(errored) => return Err(Stop::Adapter(format!("{} ({case})", errored.context))),
        Outcome::Rejected(rejected) => {
            let got = format!("rejected: {} {}", rejected.kind, rejected.message);
            return Err(Failure::new(case, "a result", got).because("a legal call is rejected").into());
        }
    };
    for (name, tensor) in calls.iter().flat_map(|call| [("y", Some(&call.y)), ("dx", call.dx.as_ref())]) {
        let Some(tensor) = tensor else { continue };
        trial.evidence.comparisons += 1;
        let form = |t: &Tensor| format!("{name} of {} {:?}", t.dtype(), t.shape());
        if form(tensor) != form(&case.x) {
            return Err(Failure::new(case, form(&case.x), form(tensor)).into());
        }
    }
    Ok(())
}
