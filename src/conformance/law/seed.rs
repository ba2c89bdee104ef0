//! L16: a seed decides the mask, and nothing else does.

use super::input::{ids, kept, telling_ids};
use super::{Law, Needs};
use crate::conformance::case::{Before, Case, Layout, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Kind, Level};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L16",
    name: "seed",
    statement: "The same seed gives the same masks whatever was called before it, whatever the format of x and however x lies \
                in memory; another seed gives others; and so does the next call.",
    needs: Needs { levels: &[Level::C0, Level::C2], seed: true, ..Needs::FORWARD },
    false_alarm: 1e-74, // 2^-256 for each of fewer than 100 pairs that must differ
    power: "one differing bit is enough",
    diagnosis: "the mask is not a function of the seed and the call alone: look for a seed that is ignored, shared or \
                consumed elsewhere, and for masks drawn in the order of memory",
    claim: "mask.gradient",
    seen: &["pytorch 74177", "mxnet 16705", "keras 17548", "pytorch 84516", "pytorch 174078"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    let dtype = trial.widest();
    let has_mask = !matches!(trial.layer.kind, Kind::Gaussian | Kind::GaussianAdditive);
    // A rank with strides to permute, but for layers that take none so small.
    let (ranks, small) = (&trial.layer.ranks, |rank: &usize| *rank <= 3);
    let rank = ranks.iter().copied().filter(small).max().or_else(|| ranks.iter().copied().min()).unwrap_or(1);
    let shape = trial.layer.shape_of_rank(rank, 256);
    let mut first: Option<(Case, Vec<Vec<bool>>)> = None;
    // 0 is a seed like any other, though some take it for "none".
    for seed in [0, 1, 2, 0x1234_5678] {
        let plain = Case {
            calls: 2,
            ..Case::new(trial.layer, Mode::Train, 0.5, telling_ids(trial.layer, dtype, &shape)).seed(Some(seed))
        };
        let masks = masks(trial, &plain)?;
        if masks[0] == masks[1] {
            return Err(Failure::new(&plain, "another mask at the next call", "the same mask twice").into());
        }
        if let Some((other, others)) = &first
            && others == &masks
        {
            let expected = format!("other masks than with seed {:?}", other.seed);
            return Err(Failure::new(&plain, expected, "the same masks").because("the seed is ignored").into());
        }
        first.get_or_insert_with(|| (plain.clone(), masks.clone()));
        same(trial, &plain, &plain.clone(), &masks, "asked for again")?;
        unseeded(trial, dtype, &shape)?;
        same(trial, &plain, &plain.clone(), &masks, "asked for after other calls")?;
    }
    let (plain, masks) = first.expect("four seeds were tried");
    let others = if has_mask { trial.layer.dtypes.clone() } else { Vec::new() };
    for other in others {
        let case = Case { x: telling_ids(trial.layer, other, &shape), ..plain.clone() };
        trial.part(&other.to_string(), |trial| same(trial, &plain, &case, &masks, "in another format"))?;
    }
    if trial.layer.offers(Level::C4) && rank > 0 {
        for layout in [Layout::Transposed, Layout::Sliced] {
            let case = plain.clone().layout(layout);
            trial.part(&format!("{layout:?}"), |trial| same(trial, &plain, &case, &masks, "laid out otherwise"))?;
        }
    }
    Ok(())
}

/// The masks of the calls of a case; of noise without a mask, which elements it made larger.
fn masks(trial: &mut Trial<'_>, case: &Case) -> Check<Vec<Vec<bool>>> {
    let layer = trial.layer;
    let larger = |y: &Tensor| case.x.values().iter().zip(y.values()).map(|(x, y)| y > *x).collect();
    let mask = |y| match layer.kind {
        Kind::Gaussian | Kind::GaussianAdditive => larger(y),
        _ => kept(layer, 0.5, y),
    };
    Ok(trial.calls(case)?.iter().map(|call| mask(&call.y)).collect())
}

/// That a case of the same seed has these masks.
fn same(trial: &mut Trial<'_>, plain: &Case, case: &Case, expected: &[Vec<bool>], how: &str) -> Check {
    let found = masks(trial, case)?;
    trial.evidence.comparisons += found.iter().map(Vec::len).sum::<usize>() as u64;
    if found == expected {
        return Ok(());
    }
    let places = found.iter().flatten().zip(expected.iter().flatten());
    let (count, differ) = (found.iter().flatten().count(), places.filter(|(a, b)| a != b).count());
    let got = format!("masks that differ at {differ} of {count} places, {how}");
    Err(Failure::new(case, format!("the masks of ({plain})"), got).into())
}

/// Moves the random state: calls without a seed, of another length, in both modes.
fn unseeded(trial: &mut Trial<'_>, dtype: Dtype, shape: &[usize]) -> Check {
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last += 1;
    }
    let before = vec![Before::new(Mode::Train, trial.layer.p(0.25))];
    let case = Case::new(trial.layer, Mode::Eval, 0.5, ids(dtype, &shape)).before(before);
    trial.call(&case).map(drop)
}
