//! L4: the gradient passes through the very mask of the forward call.

use super::input::{DYADIC, ids, read_back};
use super::scale::{scaled, ulps};
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::layer::{Layer, Level};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};

/// See the module.
pub const LAW: Law = Law {
    id: "L4",
    name: "backward",
    statement: "dx = g m s with the mask m and the scale s of that very call, whatever x is: for every format, rank and p.",
    needs: Needs { levels: &[Level::C0, Level::C1], ..Needs::ZEROING },
    false_alarm: 0.0,
    power: "a mask drawn anew agrees on 64 elements with probability at most 2^-64 at p = 0.5",
    diagnosis: "the backward pass uses another mask or scale than the forward one: look for a mask that is drawn again \
                (recomputation), that is inferred from the output, or a gradient kernel of its own",
    claim: "sgd.standard-vs-inverted",
    seen: &[
        "guided-diffusion 167",
        "OLMo-core PR828",
        "pytorch 190717",
        "flash-attention 1251",
        "NNlib PR454",
        "gorgonia 69",
        "ConvNetSharp 118",
    ],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    trial.each_dtype(|trial, dtype| {
        for drop in DYADIC {
            for rank in trial.layer.ranks.clone() {
                trial.part(&format!("{dtype} of rank {rank}"), |trial| {
                    let shape = trial.layer.shape_of_rank(rank, 64);
                    let x = ids(dtype, &shape);
                    let g = Tensor::from_bits(dtype, &shape, x.bits().iter().rev().copied().collect());
                    let case = trial.case(Mode::Train, drop, x).gradient(g);
                    let call = trial.call(&case)?;
                    let kept = read_back(&call.y);
                    let dx = call.dx.expect("asked for");
                    passes(trial, &case, drop, &kept, &dx)?;
                    at_zero(trial, &case, drop, &kept)
                })?;
            }
        }
        Ok(())
    })
}

/// That dx is the scaled g where kept, and 0 elsewhere.
fn passes(trial: &mut Trial<'_>, case: &Case, drop: f64, kept: &[bool], dx: &Tensor) -> Check {
    let g = case.gradient.as_ref().expect("asked for");
    for (i, &kept) in kept.iter().enumerate() {
        let zero = dx.dtype().round(0.0);
        let (enclosure, ulps) = match kept {
            true => (slope(trial.layer, g, i, drop), ulps(dx.dtype())),
            false => ((zero, zero), 0),
        };
        trial.within(case, "dx", dx, i, enclosure, ulps)?;
    }
    Ok(())
}

fn slope(layer: &Layer, g: &Tensor, i: usize, drop: f64) -> (u64, u64) {
    scaled(layer, g.dtype(), g.get(i), drop)
}

/// The same mask where every second element of x is zero: dx does not depend on x. Only with a seed, which fixes the mask.
fn at_zero(trial: &mut Trial<'_>, case: &Case, drop: f64, kept: &[bool]) -> Check {
    if case.seed.is_none() {
        return Ok(());
    }
    let zero = |(i, &bits): (usize, &u64)| if i % 2 == 0 { case.x.dtype().round(0.0) } else { bits };
    let x = case.x.bits().iter().enumerate().map(zero).collect();
    let case = Case { x: Tensor::from_bits(case.x.dtype(), case.x.shape(), x), ..case.clone() };
    let dx = trial.call(&case)?.dx.expect("asked for");
    passes(trial, &case, drop, kept, &dx)
}
