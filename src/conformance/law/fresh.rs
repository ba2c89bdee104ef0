//! S3, S9: masks that should have nothing to do with each other.

use super::alarm::{ALPHA, BETA, Reading, size, test};
use super::draw::{MASKED, masks, sampling};
use super::{Law, Needs};
use crate::conformance::case::Sampling;
use crate::conformance::layer::Level;
use crate::conformance::statistics::{Binomial, smallest_shift};
use crate::conformance::trial::{Check, Trial};

/// S3.
pub const CALLS: Law = Law {
    id: "S3",
    name: "fresh masks",
    statement: "Masks of different calls, of different layers of one program, and under different seeds are independent, at \
                the same place and shifted against each other.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "one mask used twice shows in 40 elements at p = .5, shifted by up to 4096 places too; a correlation of .01 in 1.4 \
            million",
    diagnosis: "masks of different calls are related: look for a mask that is cached, a seed that is set at every call, layers \
                that share a seed, or streams that overlap",
    claim: "mc.tied-masks",
    seen: &["Paddle 7796", "axon 423", "flax 4539", "pytorch 84614", "ngraph PR3006"],
    check: calls,
};

/// S9.
pub const REPLICAS: Law = Law {
    id: "S9",
    name: "replicas",
    statement: "Replicas of one step draw independent masks.",
    needs: Needs { kinds: MASKED, levels: &[Level::C0, Level::C6], ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "a mask that two replicas share shows in 40 elements at p = .5",
    diagnosis: "replicas draw related masks: the replica's number does not enter the seed",
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
    let elements = size(trial, [1 << 13, 1 << 17, 1 << 20]);
    related(trial, "successive calls of one object", elements, |_| ())?;
    trial.part("layers of one program", |trial| {
        related(trial, "layers of one program", elements, |sampling| sampling.instances = sampling.calls)
    })?;
    if trial.layer.seed {
        test(trial, "different seeds", |trial, factor| {
            let (first, second) =
                (one(trial, elements * factor as usize, 0)?, one(trial, elements * factor as usize, 1)?);
            Ok(worst(&[first, second], "seeds"))
        })?;
    }
    Ok(())
}

/// Two masks under neighbouring seeds.
fn one(trial: &mut Trial<'_>, elements: usize, offset: u64) -> Check<Vec<bool>> {
    let dtype = trial.widest();
    let base = trial.config.seed % (1 << 20);
    let sampling = sampling(trial, 0.5, dtype, elements, 1, |sampling| sampling.seed = Some(base + offset))?;
    Ok(masks(trial, &sampling)?.swap_remove(0))
}

fn replicas(trial: &mut Trial<'_>) -> Check {
    let elements = size(trial, [1 << 12, 1 << 15, 1 << 18]);
    related(trial, "replicas", elements, |sampling| sampling.replicas = Some(4))
}

/// Masks of one request, pair by pair.
fn related(trial: &mut Trial<'_>, what: &str, elements: usize, settle: impl Fn(&mut Sampling)) -> Check {
    let dtype = trial.widest();
    test(trial, what, |trial, factor| {
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
            let differing = first.iter().zip(&second[shift..]).filter(|(a, b)| a != b).count() as u64;
            let places = (first.len() - shift) as u64;
            Reading {
                samples: places,
                p_value: Binomial::new(places, 0.5).two_sided(differing),
                smallest_detectable: {
                    let shift = smallest_shift(places, 0.5, ALPHA / 300.0, BETA);
                    format!("a correlation of {:.2e}", 2.0 * shift)
                },
                expected: format!("{what} {a} and {b}, {shift} places apart: different at half of the places"),
                got: format!("different at {differing} of {places}"),
            }
        })
    });
    Reading::most_surprising(readings).expect("at least one pair")
}
