//! L5: the gradient of a gradient.

use super::input::{ids_for, read_back};
use super::scale::scaled;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::layer::Level;
use crate::conformance::trial::{Check, Stop, Trial};

/// See the module.
pub const LAW: Law = Law {
    id: "L5",
    name: "second order",
    statement: "The gradient of the gradient of the sum of y^2 is 2 s^2 m, with the mask and the scale of that very call.",
    needs: Needs { levels: &[Level::C0, Level::C1], ..Needs::ZEROING },
    false_alarm: 0.0,
    power: "one wrong element is enough",
    diagnosis: "the backward pass is not differentiable, or draws or scales anew when it is differentiated",
    claim: "mask.gradient",
    seen: &[],
    check,
};

/// The scale is rounded once and enters twice, and two products follow: four roundings of at most one ulp.
const ULPS: i64 = 4;

fn check(trial: &mut Trial<'_>) -> Check {
    if !trial.layer.second_order {
        return Err(Stop::NotApplicable("the layer declares no second order".into()));
    }
    trial.each_dtype(|trial, dtype| {
        for &drop in trial.rates() {
            let x = ids_for(trial.layer, dtype, 64);
            let case = Case { second_order: true, ..trial.case(Mode::Train, drop, x.clone()).gradient(x) };
            let call = trial.call(&case)?;
            let ddx = call.ddx.expect("asked for");
            let (low, high) = scaled(trial.layer, dtype, 1.0, drop);
            let curvature = |bits| dtype.round(2.0 * dtype.value(bits) * dtype.value(bits));
            for (i, kept) in read_back(&call.y).into_iter().enumerate() {
                let nothing = dtype.round(0.0);
                let (enclosure, ulps) =
                    if kept { ((curvature(low), curvature(high)), ULPS) } else { ((nothing, nothing), 0) };
                trial.within(&case, "ddx", &ddx, i, enclosure, ulps)?;
            }
        }
        Ok(())
    })
}
