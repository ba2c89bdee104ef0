//! S8: a mask varies along the axes along which it is said to vary, in time too.

use super::alarm::{ALPHA, Reading, size, test};
use super::draw::{MASKED, all_places, own_places};
use super::{Law, Needs};
use crate::conformance::case::Sampling;
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Kind;
use crate::conformance::statistics::Binomial;
use crate::conformance::tensor::{first_along, unravel};
use crate::conformance::trial::{Check, Stop, Trial};
use crate::conformance::verdict::Failure;
use itertools::Itertools;

/// See the module.
pub const LAW: Law = Law {
    id: "S8",
    name: "axes and time",
    statement: "Within a call the mask is one along the declared shared axes, and any two slices along every other axis (the \
                batch, the features, time steps, gates) are independent; and a sequence has masks of its own, whatever the \
                one before had.",
    needs: Needs { kinds: MASKED, ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "two slices with one mask show in 40 elements at p = .5",
    diagnosis: "a mask is shared along an axis that is not declared (the same for the whole batch, all time steps, or all gates), \
                drawn anew along one that is, or not reset between sequences",
    claim: "rnn.fresh-vs-tied",
    seen: &["keras 9841", "PyTorch-NLP 71", "dynet PR812", "keras PR20656", "tensorflow 29391", "tensorflow 38922"],
    check,
};

/// Every axis is so long.
const SIDE: usize = 4;

fn check(trial: &mut Trial<'_>) -> Check {
    let Some(&rank) = trial.layer.ranks.iter().filter(|&&rank| rank >= 2).max() else {
        return Err(Stop::NotApplicable("no shape with two axes is legal".into()));
    };
    let form = Form::new(trial, rank);
    form.tied(trial)?;
    for axis in (0..rank).filter(|&axis| !form.shared[axis]) {
        let name = format!("slices along axis {axis} of {rank}{}", form.word(axis));
        test(trial, &name, sees, |trial, factor| {
            let calls = form.draw(trial, factor)?;
            let readings = (0..form.shape[axis]).array_combinations().map(|[i, j]| {
                let differ = |kept: &Vec<bool>| form.differing(axis, (kept, i), (kept, j));
                let what = format!("slices {i} and {j} along axis {axis}{} differ", form.word(axis));
                half(calls.iter().map(differ), what)
            });
            Ok(Reading::most_surprising(readings).expect("two slices at least"))
        })?;
    }
    match trial.layer.time(rank) {
        Some(time) => test(trial, "one sequence and the next", sees, |trial, factor| {
            let calls = form.draw(trial, factor)?;
            // Where steps share a mask, the first stands for all.
            let steps = if form.shared[time] { 1 } else { form.shape[time] };
            let readings = itertools::iproduct!(0..steps, 0..steps).map(|(i, j)| {
                let differ = |(one, next): (&Vec<bool>, &Vec<bool>)| form.differing(time, (one, i), (next, j));
                let what = format!("step {i} of a sequence and step {j} of the next differ");
                half(calls.iter().tuple_windows().map(differ), what)
            });
            Ok(Reading::most_surprising(readings).expect("a step at least"))
        }),
        None => Ok(()),
    }
}

fn sees(_: u64) -> String {
    "slices that share one mask".into()
}

/// What is drawn: arrays in which every axis is of size [`SIDE`], but for the gates.
struct Form {
    shape: Vec<usize>,
    shared: Vec<bool>,
    own: Vec<usize>,
    time: Option<usize>,
    dtype: Dtype,
    calls: usize,
}

impl Form {
    fn new(trial: &Trial<'_>, rank: usize) -> Self {
        let (shape, shared) = (trial.layer.sizes(rank, |_| SIDE), trial.layer.shared(rank));
        let own = own_places(&shared, &shape);
        let calls = size(trial, [1 << 9, 1 << 12, 1 << 15]).div_ceil(own.len()).max(2);
        Self { shape, shared, own, time: trial.layer.time(rank), dtype: trial.widest(), calls }
    }

    fn draw(&self, trial: &mut Trial<'_>, factor: u64) -> Check<Vec<Vec<bool>>> {
        let calls = self.calls * factor as usize;
        let mut sampling = Sampling::new(trial.layer, 0.5, self.dtype, &self.shape, calls);
        sampling.seed = trial.fresh_seed();
        sampling.values = trial.layer.kind == Kind::Alpha;
        all_places(trial, &sampling)
    }

    /// That within each call the mask is one along the shared axes.
    fn tied(&self, trial: &mut Trial<'_>) -> Check {
        if !self.shared.contains(&true) {
            return Ok(());
        }
        for (call, kept) in self.draw(trial, 1)?.iter().enumerate() {
            trial.evidence.comparisons += kept.len() as u64;
            let first = |place: usize| first_along(&self.shared, &self.shape, place as u64) as usize;
            if let Some(place) = (0..kept.len()).find(|&place| kept[place] != kept[first(place)]) {
                let index = |place| unravel(&self.shape, place);
                let expected =
                    format!("at {:?} the mask of {:?}, by the declared sharing", index(place), index(first(place)));
                let case = format!("call {} on ones of {:?}", call + 1, self.shape);
                return Err(Failure { at: Some(index(place)), ..Failure::new(case, expected, "another") }.into());
            }
        }
        Ok(())
    }

    /// At how many of the places of a slice of one mask a slice of another differs, and how many there are.
    fn differing(&self, axis: usize, (one, i): (&[bool], usize), (other, j): (&[bool], usize)) -> (u64, u64) {
        let (stride, size) = (self.shape[axis + 1..].iter().product::<usize>(), self.shape[axis]);
        let places = self.own.iter().filter(|&place| (place / stride).is_multiple_of(size));
        places.fold((0, 0), |(differ, n), place| {
            (differ + u64::from(one[place + i * stride] != other[place + j * stride]), n + 1)
        })
    }

    /// What an axis is, where that is known.
    fn word(&self, axis: usize) -> &'static str {
        if self.time == Some(axis) { " (time)" } else { "" }
    }
}

/// What should differ at half of the places: each pair of fair independent bits is met once.
fn half(counts: impl Iterator<Item = (u64, u64)>, what: String) -> Reading {
    let (differing, count) = counts.fold((0, 0), |(d, n), (differ, of)| (d + differ, n + of));
    Reading {
        samples: count,
        p_value: Binomial::new(count, 0.5).two_sided(differing),
        expected: format!("{what} at half of the places"),
        got: format!("at {differing} of {count}"),
    }
}
