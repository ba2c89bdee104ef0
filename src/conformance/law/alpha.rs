//! L15: alpha dropout's three numbers, read off without sampling.

use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Kind;
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::{Failure, Quantity};
use crate::noise::{AlphaDropout, alpha_dropout::SELU_LIMIT};

/// See the module.
pub const LAW: Law = Law {
    id: "L15",
    name: "alpha dropout",
    statement: "A kept x becomes a x + b and a dropped one a alpha' + b, with a = (q (1 + p alpha'^2))^(-1/2), \
                b = -a p alpha', alpha' = -1.7580993408473766, q = 1 - p: read off at x = 0 and x = 1.",
    needs: Needs { kinds: &[Kind::Alpha], ..Needs::FORWARD },
    false_alarm: 1e-36, // 2^-128 for each of at most 64 calls that both values must occur in
    power: "one element that is off by 4 ulp of the largest term is enough",
    diagnosis: "the affine map of alpha dropout is wrong: look for alpha instead of alpha' = -lambda alpha, p and q exchanged, \
                or a missing square root",
    claim: "noise.alpha",
    seen: &[],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for (drop, x) in itertools::iproduct!(trial.rates().iter().copied(), [0.0, 1.0, -2.0]) {
            let shape = trial.layer.shape(128);
            let case = trial.case(Mode::Train, drop, Tensor::filled(dtype, &shape, x));
            let y = trial.call(&case)?.y;
            both_values(trial, &case, dtype, drop, x, &y)?;
        }
        Ok(())
    })
}

/// That every y is one of the two values, and that both occur at rate ½.
fn both_values(trial: &mut Trial<'_>, case: &Case, dtype: Dtype, drop: f64, x: f64, y: &Tensor) -> Check {
    let alpha = AlphaDropout::selu(1.0 - drop).expect("a drop rate below 1");
    let (a, b) = (alpha.scale(), alpha.shift());
    let [kept, dropped] = [x, SELU_LIMIT].map(|v| a * v + b);
    // 4 ulp of the largest term: an ulp is at most two unit roundoffs.
    let largest = [a * x, a * SELU_LIMIT, b, a].into_iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let allowed = 8.0 * dtype.unit_roundoff() * largest;
    let mut seen = [false; 2];
    for i in 0..y.len() {
        trial.evidence.comparisons += 1;
        let near = [kept, dropped].map(|v| (y.get(i) - v).abs() <= allowed);
        seen = [seen[0] || near[0], seen[1] || near[1]];
        if near == [false; 2] {
            return Err(Failure {
                at: Some(y.index(i)),
                input: Some(Quantity::new(dtype, case.x.bits()[i])),
                ..Failure::new(
                    case,
                    format!("{kept} (kept) or {dropped} (dropped), +- {allowed:e}"),
                    format!("y = {}", Quantity::new(dtype, y.bits()[i])),
                )
            }
            .into());
        }
    }
    if drop == 0.5 && seen != [true; 2] {
        let got = format!("only {}", if seen[0] { "kept ones" } else { "dropped ones" });
        return Err(Failure::new(case, "kept and dropped elements among 128 at rate 0.5", got).into());
    }
    Ok(())
}
