//! S3, S9: masks that should have nothing to do with each other.

use super::alarm::{ALPHA, BETA, Reading, size, test};
use super::draw::{MASKED, masks, own_places, sampling};
use super::{Law, Needs};
use crate::conformance::case::Sampling;
use crate::conformance::layer::{Level, Mesh};
use crate::conformance::statistics::{Binomial, smallest_shift};
use crate::conformance::tensor::first_along;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;

/// S3.
pub const CALLS: Law = Law {
    id: "S3",
    name: "fresh masks",
    statement: "Masks of different calls, of different layers of one program, and under different seeds are independent, at \
                the same place and shifted against each other; and each unit, from call to call, is dropped with probability \
                p independently of what became of it before.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "one mask used twice shows in 40 elements at p = .5, shifted by up to 4096 places too; a correlation of .01 in 1.4 \
            million; a unit that is never dropped in 45 calls, one whose fate agrees with that of its last call in three cases \
            of four in 250",
    diagnosis: "masks of different calls are related: look for a mask that is cached, a seed that is set at every call, layers \
                that share a seed, a generator that is restarted at the next seed, or streams that overlap",
    claim: "mc.tied-masks",
    seen: &["Paddle 7796", "axon 423", "flax 4539", "pytorch 84614", "ngraph PR3006"],
    check: calls,
};

/// S9.
pub const REPLICAS: Law = Law {
    id: "S9",
    name: "replicas",
    statement: "Replicas of one step draw one mask along the declared shared axes of the mesh, and independent ones along every \
                other.",
    needs: Needs { kinds: MASKED, levels: &[Level::C0, Level::C6], ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "a mask that two replicas share shows in 40 elements at p = .5",
    diagnosis: "replicas draw related masks, as where the replica's number does not enter the seed; or those that hold parts of \
                one model draw masks of their own",
    claim: "mc.tied-masks",
    seen: &["transformers 31412", "accelerate 114"],
    check: replicas,
};

/// Shifts of one mask against another: every one up to 16, and the block sizes of generators.
const SHIFTS: [usize; 29] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 32, 64, 100, 128, 256, 512, 624, 1000, 1024, 2048, 4095,
    4096,
];

fn calls(trial: &mut Trial<'_>) -> Check {
    let elements = size(trial, [1 << 12, 1 << 17, 1 << 20]);
    units(trial)?;
    related(trial, "successive calls of one object", elements, |_| ())?;
    trial.part("layers of one program", |trial| {
        related(trial, "layers of one program", elements, |sampling| sampling.instances = sampling.calls)
    })?;
    if trial.layer.seed {
        test(trial, "neighbouring seeds, two calls each", sees, |trial, factor| {
            Ok(worst(&neighbouring_seeds(trial, elements * factor as usize)?, "masks"))
        })?;
    }
    Ok(())
}

/// Two masks under each of three neighbouring seeds.
fn neighbouring_seeds(trial: &mut Trial<'_>, elements: usize) -> Check<Vec<Vec<bool>>> {
    let dtype = trial.widest();
    let base = trial.fresh_seed().unwrap_or(0) % (1 << 20);
    let mut all = Vec::new();
    for seed in base..base + 3 {
        let sampling = sampling(trial, 0.5, dtype, elements, 2, |sampling| sampling.seed = Some(seed))?;
        all.extend(masks(trial, &sampling)?);
    }
    Ok(all)
}

/// Distances in calls.
const CALLS_APART: [usize; 8] = [1, 2, 3, 4, 5, 7, 8, 16];

/// Few units over many calls: what no comparison of whole masks sees, in which the units average out.
fn units(trial: &mut Trial<'_>) -> Check {
    const UNITS: usize = 16;
    let (dtype, calls) = (trial.widest(), size(trial, [1 << 9, 1 << 12, 1 << 15]));
    test(trial, "units from call to call", sees, |trial, factor| {
        let sampling = sampling(trial, 0.5, dtype, UNITS, calls * factor as usize, |_| ())?;
        let masks = masks(trial, &sampling)?;
        let readings = (0..UNITS).flat_map(|unit| {
            let fate: Vec<bool> = masks.iter().map(|kept| kept[unit]).collect();
            let dropped = fate.iter().filter(|kept| !**kept).count();
            let rate = half(dropped, fate.len(), format!("unit {unit} dropped"), "calls");
            let changes = CALLS_APART.map(|apart| {
                let differing = fate.iter().zip(&fate[apart..]).filter(|(a, b)| a != b).count();
                half(
                    differing,
                    fate.len() - apart,
                    format!("unit {unit} differs from itself {apart} calls before"),
                    "calls",
                )
            });
            std::iter::once(rate).chain(changes)
        });
        Ok(Reading::most_surprising(readings).expect("some units"))
    })
}

fn replicas(trial: &mut Trial<'_>) -> Check {
    let elements = size(trial, [1 << 11, 1 << 15, 1 << 18]);
    let mesh = trial.layer.mesh.clone().unwrap_or_else(|| Mesh { shape: vec![4], shared_axes: Vec::new() });
    let (shared, dtype) = (mesh.shared(), trial.widest());
    let step = |trial: &mut Trial<'_>, factor: u64| {
        let all = Some(mesh.replicas());
        let sampling = sampling(trial, 0.5, dtype, elements * factor as usize, 1, |sampling| sampling.replicas = all)?;
        masks(trial, &sampling)
    };
    if shared.contains(&true) {
        let masks = step(trial, 1)?;
        for (replica, mask) in masks.iter().enumerate() {
            let first = first_along(&shared, &mesh.shape, replica as u64) as usize;
            trial.evidence.comparisons += mask.len() as u64;
            if *mask != masks[first] {
                let expected = format!("the mask of replica {first}, which the mesh declares to be shared");
                return Err(Failure::new(format!("replica {replica} of one step"), expected, "another").into());
            }
        }
    }
    let own = own_places(&shared, &mesh.shape);
    if own.len() < 2 {
        return Ok(());
    }
    test(trial, "replicas", sees, |trial, factor| {
        let masks = step(trial, factor)?;
        Ok(worst(&own.iter().map(|&replica| masks[replica].clone()).collect::<Vec<_>>(), "replicas"))
    })
}

/// Masks of one request, pair by pair.
fn related(trial: &mut Trial<'_>, what: &str, elements: usize, settle: impl Fn(&mut Sampling)) -> Check {
    let dtype = trial.widest();
    test(trial, what, sees, |trial, factor| {
        let sampling = sampling(trial, 0.5, dtype, elements * factor as usize, 4, &settle)?;
        Ok(worst(&masks(trial, &sampling)?, what))
    })
}

/// The most surprising pair and shift. At p = ½ the number of places where two independent masks differ is binomial.
fn worst(masks: &[Vec<bool>], what: &str) -> Reading {
    let pairs = itertools::iproduct!(0..masks.len(), 0..masks.len()).filter(|(a, b)| a != b);
    let readings = pairs.flat_map(|(a, b)| {
        let (first, second) = (&masks[a], &masks[b]);
        SHIFTS.into_iter().filter(move |&shift| shift < first.len() && (shift > 0 || a < b)).map(move |shift| {
            let differing = first.iter().zip(&second[shift..]).filter(|(a, b)| a != b).count();
            half(differing, first.len() - shift, format!("{what} {a} and {b}, {shift} places apart, differ"), "places")
        })
    });
    Reading::most_surprising(readings).expect("at least one pair")
}

/// Each test here takes the most surprising of fewer than a thousand readings.
fn sees(cases: u64) -> String {
    format!("a correlation of {:.2e}", 2.0 * smallest_shift(cases, 0.5, ALPHA / 1000.0, BETA))
}

/// What should happen in half of the cases.
fn half(seen: usize, cases: usize, what: String, where_: &str) -> Reading {
    let (seen, cases) = (seen as u64, cases as u64);
    Reading {
        samples: cases,
        p_value: Binomial::new(cases, 0.5).two_sided(seen),
        expected: format!("{what} at half of the {where_}"),
        got: format!("at {seen} of {cases}"),
    }
}
