//! S8: a mask varies along the axes along which it is said to vary, in time too.

use super::alarm::{ALPHA, Reading, size, test};
use super::draw::MASKED;
use super::{Law, Needs};
use crate::conformance::case::Sampling;
use crate::conformance::statistics::Binomial;
use crate::conformance::trial::{Check, Stop, Trial};

/// See the module.
pub const LAW: Law = Law {
    id: "S8",
    name: "axes and time",
    statement: "Along each axis that is not declared as shared (the batch, the features, time steps) neighbouring slices of a \
                mask are independent.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "two slices with one mask show in 40 elements at p = .5",
    diagnosis: "a mask is shared along an axis that is not declared: the same for the whole batch, all time steps, or all gates",
    claim: "rnn.fresh-vs-tied",
    seen: &["keras 9841", "PyTorch-NLP 71", "dynet PR812", "keras PR20656", "tensorflow 29391", "tensorflow 38922"],
    check,
};

/// Every axis is so long.
const SIDE: usize = 4;

fn check(trial: &mut Trial<'_>) -> Check {
    let dtype = trial.widest();
    let Some(&rank) = trial.layer.ranks.iter().filter(|&&rank| rank >= 2).max() else {
        return Err(Stop::NotApplicable("no shape with two axes is legal".into()));
    };
    let shared = trial.layer.shared(rank);
    let shape = vec![SIDE; rank];
    let own = shared.iter().filter(|shared| !**shared).count();
    let calls = size(trial, [1 << 9, 1 << 12, 1 << 15]).div_ceil(SIDE.pow(own as u32));
    for axis in (0..rank).filter(|&axis| !shared[axis]) {
        let sees = |_| "slices that share one mask".into();
        test(trial, &format!("neighbours along axis {axis} of {rank}"), sees, |trial, factor| {
            let mut sampling = Sampling::new(trial.layer, 0.5, dtype, &shape, calls * factor as usize);
            sampling.seed = trial.fresh_seed();
            sampling.values = trial.layer.kind == crate::conformance::layer::Kind::Alpha;
            let calls = super::draw::all_places(trial, &sampling)?;
            let stride = shape[axis + 1..].iter().product::<usize>();
            let pairs = calls.iter().flat_map(|kept| {
                let first = super::draw::own_places(&shared, &shape);
                // Disjoint pairs of slices: 0 and 1, 2 and 3, …
                let left = first.into_iter().filter(move |place| (place / stride % SIDE).is_multiple_of(2));
                left.map(move |place| kept[place] != kept[place + stride])
            });
            let (differing, count) = pairs.fold((0, 0), |(d, n), differ| (d + u64::from(differ), n + 1));
            Ok(Reading {
                samples: count,
                p_value: Binomial::new(count, 0.5).two_sided(differing),
                expected: format!("neighbours along axis {axis} differ at half of the places"),
                got: format!("they differ at {differing} of {count}"),
            })
        })?;
    }
    Ok(())
}
