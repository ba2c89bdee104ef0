//! L6: in evaluation, and at drop rate 0, nothing happens.

use super::input::{ids, read_back};
use super::{Law, Needs};
use crate::conformance::case::{Before, Case, Layout, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Kind, Level, Scaling};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;

/// See the module.
pub const LAW: Law = Law {
    id: "L6",
    name: "identity",
    statement: "In evaluation (but for classic scaling), and in training at drop rate 0, y = x and dx = g bit for bit, NaN, \
                infinities and -0 included, for every rank and layout, with and without a gradient; and evaluation leaves \
                the random state as it is, where the layer declares so.",
    needs: Needs::FORWARD,
    false_alarm: 0.0,
    power: "one changed bit is enough; a layer that drops at rate 0.5 in evaluation changes 64 elements with probability \
            1 - 2^-64",
    diagnosis: "something happens where nothing may: look for a mode that is ignored, inverted, or inferred from whether a \
                gradient is wanted, and for a rate of 0 that still draws",
    claim: "mask.endpoints",
    seen: &[
        "pytorch 124464",
        "wenet 2699",
        "apex PR1449",
        "TorchSharp 1464",
        "phygnn PR18",
        "burn PR2736",
        "ROCm tensorflow-upstream PR2128",
    ],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for rank in trial.ranks() {
            trial.part(&format!("{dtype} of rank {rank}"), |trial| ranks(trial, dtype, rank))?;
        }
        random_state(trial, dtype)
    })
}

/// Every identity, for x of one format and rank.
fn ranks(trial: &mut Trial<'_>, dtype: Dtype, rank: usize) -> Check {
    let x = peculiar(dtype, &trial.layer.shape_of_rank(rank, 64));
    let mut calls = Vec::new();
    if trial.layer.scaling != Scaling::Classic {
        calls.extend([(Mode::Eval, 0.5), (Mode::Eval, 0.875)]);
    }
    if trial.layer.accepts(0.0) {
        calls.extend([(Mode::Train, 0.0), (Mode::Eval, 0.0)]);
    }
    let layouts = [Layout::Contiguous, Layout::Transposed, Layout::Sliced];
    let layouts = &layouts[..if trial.layer.offers(Level::C4) && rank > 0 { 3 } else { 1 }];
    for (mode, drop) in calls {
        for &layout in layouts {
            let case = trial.case(mode, drop, x.clone()).layout(layout);
            trial.part(&format!("{layout:?}"), |trial| unchanged(trial, &case))?;
        }
        if trial.layer.offers(Level::C1) {
            let g = Tensor::from_bits(dtype, x.shape(), ids(dtype, x.shape()).bits().iter().rev().copied().collect());
            let case = trial.case(mode, drop, x.clone()).gradient(g);
            unchanged(trial, &case)?;
        }
    }
    Ok(())
}

/// That y is x, and dx is g, bit for bit.
fn unchanged(trial: &mut Trial<'_>, case: &Case) -> Check {
    let call = trial.call(case)?;
    // In training an affine map with a = 1 and b = 0 may run: it turns -0 into 0, and so does an added 0.
    let affine = case.mode == Mode::Train && matches!(trial.layer.kind, Kind::Alpha | Kind::GaussianAdditive);
    let pairs = [(&case.x, Some(&call.y), "y"), (case.gradient.as_ref().unwrap_or(&case.x), call.dx.as_ref(), "dx")];
    for (expected, got, name) in pairs {
        for (i, &bits) in expected.bits().iter().enumerate() {
            let Some(got) = got else { continue };
            if affine && got.dtype().rank(bits).is_some() {
                trial.within(case, name, got, i, (bits, bits), 0)?;
            } else {
                trial.same(case, name, got, i, bits)?;
            }
        }
    }
    Ok(())
}

/// [`ids`] with the numbers among them that arithmetic changes first.
fn peculiar(dtype: Dtype, shape: &[usize]) -> Tensor {
    let mut bits = ids(dtype, shape).bits().to_vec();
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0].map(|value| dtype.round(value));
    let spread = bits.len() / 8;
    for (i, bits) in bits.iter_mut().enumerate().filter(|(i, _)| spread > 0 && i % spread == spread - 1) {
        *bits = special[i / spread % special.len()];
    }
    Tensor::from_bits(dtype, shape, bits)
}

/// That a call in evaluation between seed and training does not change the mask.
fn random_state(trial: &mut Trial<'_>, dtype: Dtype) -> Check {
    if !(trial.layer.seed && trial.layer.declared.eval_touches_seed == Some(false)) || trial.layer.kind != Kind::Dropout
    {
        return Ok(());
    }
    let x = ids(dtype, &trial.layer.shape(128));
    let plain = trial.case(Mode::Train, 0.5, x);
    let p = trial.layer.p(0.5);
    let after = plain.clone().before(vec![Before::new(Mode::Eval, p); 2]);
    let (first, second) = (trial.call(&plain)?.y, trial.call(&after)?.y);
    trial.evidence.comparisons += 1;
    if read_back(&first) != read_back(&second) {
        let why = "evaluation moves the random state, though the layer declares that it does not";
        return Err(Failure::new(&after, "the mask of the same seed without the calls before", "another mask")
            .because(why)
            .into());
    }
    Ok(())
}
