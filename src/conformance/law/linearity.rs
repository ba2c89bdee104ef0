//! L2: given its noise, a call is linear in x.

use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Kind;
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::{Failure, Quantity};

/// See the module.
pub const LAW: Law = Law {
    id: "L2",
    name: "linearity",
    statement: "y(0) = 0, and under one seed y(2x + x') = 2 y(x) + y(x') up to rounding.",
    needs: Needs { kinds: &[Kind::Dropout, Kind::Dropconnect, Kind::Gaussian], ..Needs::FORWARD },
    false_alarm: 0.0,
    power: "one element that is off by more than 8 unit roundoffs of the terms is enough",
    diagnosis: "the noise does not multiply x: it is added, or the mask or the scale depends on x",
    claim: "mask.gradient",
    seen: &["keras PR5665"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for &drop in trial.rates() {
            let shape = trial.layer.shape(64);
            let zero = trial.case(Mode::Train, drop, Tensor::filled(dtype, &shape, 0.0));
            let y = trial.call(&zero)?.y;
            for i in 0..y.len() {
                let nothing = dtype.round(0.0);
                trial.within(&zero, "y", &y, i, (nothing, nothing), 0)?;
            }
            if trial.layer.seed {
                superposition(trial, drop, dtype, &shape)?;
            }
        }
        Ok(())
    })
}

/// Inputs of at most five bits, so that 2x + x' is exact in every format.
fn superposition(trial: &mut Trial<'_>, drop: f64, dtype: Dtype, shape: &[usize]) -> Check {
    let input = |f: &dyn Fn(usize) -> usize| {
        let values: Vec<_> = (0..shape.iter().product()).map(|i| f(i) as f64 / 16.0).collect();
        Tensor::new(dtype, shape, &values)
    };
    let (a, b) = (|i: usize| 1 + i * 7 % 31, |i: usize| 1 + i * 11 % 29);
    let case = trial.case(Mode::Train, drop, input(&a));
    let ya = trial.call(&case)?.y;
    let yb = trial.call(&Case { x: input(&b), ..case.clone() })?.y;
    let sum = Case { x: input(&|i| 2 * a(i) + b(i)), ..case };
    let y = trial.call(&sum)?.y;
    for i in 0..y.len() {
        trial.evidence.comparisons += 1;
        let (expected, got) = (2.0 * ya.get(i) + yb.get(i), y.get(i));
        // Each of the three outputs has at most two roundings of its own, beside those of the noise, which is the same.
        let terms = 2.0 * ya.get(i).abs() + yb.get(i).abs() + got.abs();
        let allowed = 4.0 * dtype.unit_roundoff() * terms;
        if (got - expected).abs() > allowed || got.is_nan() {
            return Err(Failure {
                at: Some(y.index(i)),
                input: Some(Quantity::new(dtype, sum.x.bits()[i])),
                ..Failure::new(&sum, format!("{expected} +- {allowed:e}, from the terms"), format!("y = {got}"))
            }
            .into());
        }
    }
    Ok(())
}
