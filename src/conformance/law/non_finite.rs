//! L17: what becomes of a NaN or an infinity that is dropped.

use super::input::ids;
use super::{Law, Needs};
use crate::conformance::case::Mode;
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Level, NonFinite};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::{Failure, Quantity};

/// See the module.
pub const LAW: Law = Law {
    id: "L17",
    name: "non-finite",
    statement: "A dropped infinity or NaN gives what the layer declares, 0 or NaN, in every format and rank; a kept one stays \
                what it is; and dx stays finite.",
    needs: Needs::ZEROING,
    false_alarm: 0.0,
    power: "one element is enough; of 128 some are dropped with probability 1 - 2^-128",
    diagnosis: "dropping by multiplication turns infinities into NaN, dropping by selection does not: the layer does not do \
                what it declares everywhere",
    claim: "mask.selection",
    seen: &["pytorch 59421"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    let declared = trial.layer.declared.non_finite_dropped;
    let policy = declared.ok_or_else(|| Stop::NotApplicable("the layer declares no policy".into()))?;
    trial.each_dtype(|trial, dtype| {
        for rank in trial.ranks() {
            for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
                trial.part(&format!("{dtype} of rank {rank}"), |trial| holds(trial, policy, dtype, rank, value))?;
            }
        }
        Ok(())
    })
}

fn holds(trial: &mut Trial<'_>, policy: NonFinite, dtype: Dtype, rank: usize, value: f64) -> Check {
    let shape = trial.layer.shape_of_rank(rank, 128);
    let mut case = trial.case(Mode::Train, 0.5, Tensor::filled(dtype, &shape, value));
    if trial.layer.offers(Level::C1) {
        case = case.gradient(ids(dtype, &shape));
    }
    let call = trial.call(&case)?;
    for (i, y) in call.y.values().into_iter().enumerate() {
        trial.evidence.comparisons += 1;
        let kept = if value.is_nan() { y.is_nan() } else { y == value };
        let dropped = if policy == NonFinite::Zero { y == 0.0 } else { y.is_nan() };
        if !kept && !dropped {
            let word = if policy == NonFinite::Zero { "0" } else { "NaN" };
            return Err(Failure {
                at: Some(call.y.index(i)),
                input: Some(Quantity::new(dtype, case.x.bits()[i])),
                ..Failure::new(&case, format!("{value} (kept) or {word} (dropped, as declared)"), format!("y = {y}"))
            }
            .into());
        }
    }
    if let Some(dx) = &call.dx {
        let largest = dtype.round(3e4);
        for i in 0..dx.len() {
            trial.within(&case, "dx", dx, i, (dtype.round(-3e4), largest), 0)?;
        }
    }
    Ok(())
}
