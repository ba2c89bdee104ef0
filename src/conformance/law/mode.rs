//! L3: training drops, evaluation does not, and the scale stands in exactly one of them.

use super::input::{ids_for, is_applied};
use super::scale::ulps;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::layer::{Level, Scaling};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L3",
    name: "mode",
    statement: "Evaluation gives x (inverted or no scaling) or (1 - p) x (classic), never another; training, with and \
                without a gradient, drops or changes something.",
    needs: Needs::FORWARD,
    false_alarm: 6e-39, // 2^-128 for each of two calls
    power: "one wrong element is enough; a layer that never drops is always seen",
    diagnosis: "the two conventions are mixed: the output of evaluation must be x if training divides by 1 - p, and \
                (1 - p) x if it does not",
    claim: "mask.scale",
    seen: &["AiDotNet PR256", "torchtune 996", "aprender PR2170", "clean-net 2"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for &drop in trial.rates() {
            let x = ids_for(trial.layer, dtype, 128);
            let case = trial.case(Mode::Eval, drop, x);
            let call = trial.call(&case)?;
            evaluated(trial, &case, drop, &call.y)?;
        }
        let x = ids_for(trial.layer, dtype, 128);
        for gradient in [None, Some(x.clone())] {
            let case = Case { gradient, ..trial.case(Mode::Train, 0.5, x.clone()) };
            if case.gradient.is_none() || trial.layer.offers(Level::C1) {
                let call = trial.call(&case)?;
                noticed(trial, &case, &call.y)?;
            }
        }
        Ok(())
    })
}

/// That training at rate ½ changed one of at least 128 elements.
pub fn noticed(trial: &mut Trial<'_>, case: &Case, y: &Tensor) -> Check {
    if is_applied(trial.layer, &case.x, y) {
        return Ok(());
    }
    let why = "training changes nothing: the layer is never applied, or its mode is not passed on";
    let expected = "some of at least 128 elements dropped or changed, at drop rate 0.5";
    Err(Failure::new(case, expected, "none").because(why).into())
}

/// That y is x, or (1 − p) x under classic scaling.
pub fn evaluated(trial: &mut Trial<'_>, case: &Case, drop: f64, y: &Tensor) -> Check {
    for i in 0..y.len() {
        let (dtype, x) = (y.dtype(), case.x.get(i));
        let expected = dtype.round(if trial.layer.scaling == Scaling::Classic { x * (1.0 - drop) } else { x });
        trial.within(case, "y", y, i, (expected, expected), ulps(dtype))?;
    }
    Ok(())
}
