//! L1: what is kept is divided by the keep probability.

use super::input::ids;
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Layer, Scaling};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::{Rational, Scalar};

/// See the module.
pub const LAW: Law = Law {
    id: "L1",
    name: "scale",
    statement: "In training every output is 0 or the input at the same index times s, with s = 1/(1 - p) for inverted \
                scaling and 1 otherwise: for every format, rank and p.",
    needs: Needs::ZEROING,
    false_alarm: 0.0,
    power: "one wrong element is enough; 2 ulp in f32 and f64, 1 ulp in half formats",
    diagnosis: "kept elements are not multiplied by 1/(1 - p): look for a division by p, a scale that is applied twice or \
                not at all, or one that a variant computes in its own way",
    claim: "mask.rounding",
    seen: &["theanets PR123", "dlordinal PR138"],
    check,
};

/// The ulps that the law leaves to roundings: two in f32 and f64, one in half formats.
///
/// The three natural ways to write the scale (divide by q, multiply by the rounded 1/q, multiply in higher precision) have
/// at most two roundings, which move the result by less than two ulps.
pub fn ulps(dtype: Dtype) -> i64 {
    if dtype.is_half() { 1 } else { 2 }
}

/// The correctly rounded x/q for every keep probability that a right implementation may mean by this drop rate: p as it is,
/// as an f32, or as a number of the format, and 1 − p rounded to the format.
pub fn scaled(layer: &Layer, dtype: Dtype, x: f64, drop: f64) -> (u64, u64) {
    if layer.scaling != Scaling::Inverted {
        return (dtype.round(x), dtype.round(x));
    }
    let narrow = |p: f64| dtype.rounded(1.0 - dtype.rounded(p));
    let keeps = [1.0 - drop, 1.0 - f64::from(drop as f32), 1.0 - dtype.rounded(drop), narrow(drop)];
    let quotients = keeps.map(|q| divided(dtype, x, q));
    let by_rank = |bits: &u64| dtype.rank(*bits);
    let least = quotients.into_iter().min_by_key(by_rank).expect("four of them");
    (least, quotients.into_iter().max_by_key(by_rank).expect("four of them"))
}

/// x/q, computed one precision up (for f64 in rationals) and rounded once.
pub fn divided(dtype: Dtype, x: f64, q: f64) -> u64 {
    if dtype != Dtype::F64 || !(x.is_finite() && q > 0.0) {
        return dtype.round(x / q);
    }
    let exact = |v: f64| Rational::try_from(v).expect("a finite number");
    dtype.round(Scalar::to_f64(&(exact(x) / exact(q))))
}

/// That every element of y is 0 or the scaled x at its index.
pub fn zero_or_scaled(trial: &mut Trial<'_>, case: &Case, drop: f64, y: &Tensor) -> Check {
    for i in 0..y.len() {
        if y.get(i) != 0.0 {
            let enclosure = scaled(trial.layer, y.dtype(), case.x.get(i), drop);
            trial.within(case, "y", y, i, enclosure, ulps(y.dtype()))?;
        }
    }
    Ok(())
}

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for drop in trial.rates().iter().copied().chain([0.3, 0.1]) {
            for rank in trial.ranks() {
                let name = format!("{dtype} of rank {rank}");
                trial.part(&name, |trial| {
                    let x = ids(dtype, &trial.layer.shape_of_rank(rank, 64));
                    let case = trial.case(Mode::Train, drop, x);
                    let call = trial.call(&case)?;
                    zero_or_scaled(trial, &case, drop, &call.y)
                })?;
            }
        }
        Ok(())
    })
}
