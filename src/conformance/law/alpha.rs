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
    power: "one element is enough: a kept one that is off by 4 ulp of the largest term of its sum, a dropped one by 4 ulp of its \
            own, up to p = .99",
    diagnosis: "the affine map of alpha dropout is wrong: look for alpha instead of alpha' = -lambda alpha, p and q exchanged, \
                or a missing square root; or, near p = 1, a alpha' + b as a difference of two terms that were rounded to a half \
                format, where a alpha' q is meant",
    claim: "noise.alpha",
    seen: &[],
    check,
};

/// Rates at which the two terms of a dropped value all but cancel. The second is no number of any binary format.
const NEAR_ONE: [f64; 2] = [0.96875, 0.99];

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        let rates = trial.rates().iter().copied().chain(NEAR_ONE);
        for (drop, x) in itertools::iproduct!(rates, [0.0, 1.0, -2.0]) {
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
    // As it is, in single precision, and in the format of x: an interface may make any of them of p.
    let values = [drop, f64::from(drop as f32), dtype.rounded(drop)].map(|drop| Values::new(drop, dtype, x));
    let Values { kept: (kept, _), dropped: (dropped, allowed) } = values[0];
    let mut seen = [false; 2];
    for i in 0..y.len() {
        trial.evidence.comparisons += 1;
        let near = |(value, allowed): (f64, f64)| (y.get(i) - value).abs() <= allowed;
        let near = [values.iter().any(|v| near(v.kept)), values.iter().any(|v| near(v.dropped))];
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

/// The two values of an element, each with its tolerance.
#[derive(Clone, Copy)]
struct Values {
    kept: (f64, f64),
    dropped: (f64, f64),
}

impl Values {
    fn new(drop: f64, dtype: Dtype, x: f64) -> Self {
        let alpha = AlphaDropout::selu(1.0 - drop).expect("a drop rate below 1");
        let (a, b) = (alpha.scale(), alpha.shift());
        // An ulp is at most two unit roundoffs.
        let four_ulp = |unit_roundoff: f64, of: f64| 8.0 * unit_roundoff * of.abs();
        let terms = |v: f64| [a * v, b, a].into_iter().fold(0.0, |most: f64, term| most.max(term.abs()));
        // a x + b may be rounded term by term, for x is a number of this format. A dropped value is a constant: half formats
        // have single precision to compute it in, in which the terms may be rounded.
        let (kept, dropped) = (a * x + b, a * (1.0 - drop) * SELU_LIMIT);
        let inner = dtype.unit_roundoff().min(Dtype::F32.unit_roundoff());
        let of_dropped = four_ulp(dtype.unit_roundoff(), dropped) + four_ulp(inner, terms(SELU_LIMIT));
        Self {
            kept: (kept, four_ulp(dtype.unit_roundoff(), terms(x).max(a * -SELU_LIMIT))),
            dropped: (dropped, of_dropped),
        }
    }
}
