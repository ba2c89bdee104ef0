//! L4: the gradient passes through the very mask of the forward call.

use super::input::{ids, kept, telling_ids};
use super::scale::{scaled, ulps};
use super::{Law, Needs};
use crate::conformance::case::{Case, Mode};
use crate::conformance::layer::{Kind, Layer, Level};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::noise::AlphaDropout;

/// See the module.
pub const LAW: Law = Law {
    id: "L4",
    name: "backward",
    statement: "dx = g m s with the mask m and the scale s (or whatever noise there is) of that very call, whatever x is: for \
                every format, rank and p.",
    needs: Needs { levels: &[Level::C0, Level::C1], ..Needs::FORWARD },
    false_alarm: 0.0,
    power: "a mask drawn anew agrees on 64 elements with probability at most 2^-64 at p = 0.5",
    diagnosis: "the backward pass uses another mask or scale than the forward one: look for a mask that is drawn again \
                (recomputation), that is inferred from the output, or a gradient kernel of its own",
    claim: "mask.gradient",
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
        for &drop in trial.rates() {
            for rank in trial.ranks() {
                trial.part(&format!("{dtype} of rank {rank}"), |trial| {
                    let shape = trial.layer.shape_of_rank(rank, 64);
                    let x = telling_ids(trial.layer, dtype, &shape);
                    let g = Tensor::from_bits(dtype, &shape, ids(dtype, &shape).bits().iter().rev().copied().collect());
                    let case = trial.case(Mode::Train, drop, x).gradient(g);
                    let call = trial.call(&case)?;
                    let expected = expected(trial.layer, &case, drop, &call.y);
                    passes(trial, &case, &expected, &call.dx.expect("asked for"))?;
                    at_zero(trial, &case, &expected)
                })?;
            }
        }
        Ok(())
    })
}

/// An enclosure for each element of dx, with the ulps to allow beyond it, from the y of that very call.
fn expected(layer: &Layer, case: &Case, drop: f64, y: &Tensor) -> Vec<((u64, u64), i64)> {
    let (g, dtype) = (case.gradient.as_ref().expect("asked for"), y.dtype());
    let exactly = |value: f64| (dtype.round(value), dtype.round(value));
    let slope = |(i, kept): (usize, bool)| match (layer.kind, AlphaDropout::selu(1.0 - drop)) {
        _ if !kept => (exactly(0.0), 0),
        (Kind::GaussianAdditive, _) => (exactly(g.get(i)), 0),
        // The same noise once more: y, the quotient, the product and dx are rounded.
        (Kind::Gaussian, _) => (exactly(g.get(i) * (y.get(i) / case.x.get(i))), 4),
        (Kind::Alpha, Ok(alpha)) => (exactly(alpha.scale() * g.get(i)), 4),
        _ => (scaled(layer, dtype, g.get(i), drop), ulps(dtype)),
    };
    kept(layer, drop, y).into_iter().enumerate().map(slope).collect()
}

fn passes(trial: &mut Trial<'_>, case: &Case, expected: &[((u64, u64), i64)], dx: &Tensor) -> Check {
    let mut elements = expected.iter().enumerate();
    elements.try_for_each(|(i, &(enclosure, ulps))| trial.within(case, "dx", dx, i, enclosure, ulps))
}

/// The same mask where every second element of x is zero: dx does not depend on x. Only with a seed, which fixes the mask.
fn at_zero(trial: &mut Trial<'_>, case: &Case, expected: &[((u64, u64), i64)]) -> Check {
    if case.seed.is_none() {
        return Ok(());
    }
    let zero = |(i, &bits): (usize, &u64)| if i % 2 == 0 { case.x.dtype().round(0.0) } else { bits };
    let x = case.x.bits().iter().enumerate().map(zero).collect();
    let case = Case { x: Tensor::from_bits(case.x.dtype(), case.x.shape(), x), ..case.clone() };
    let dx = trial.call(&case)?.dx.expect("asked for");
    passes(trial, &case, expected, &dx)
}
