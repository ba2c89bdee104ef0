//! Masks on weights, masks shared along axes, and dropped units that do not become 0.

use super::builder::{Suite, TestBuilder};
use super::draw::{Draw, agreed, exact, exactly, indicator};
use super::format::{Bitset, Budget, Convention, Expected, Input, Numbers, VectorFile};
use super::masked::SCALED;
use crate::certified::Interval;
use crate::conformance::Dtype;
use crate::network::{Affine, Mlp, Network, PiecewiseLinear};
use crate::noise::alpha_dropout::SELU_LIMIT;
use crate::noise::{AlphaDropout, dropconnect};
use crate::scalar::{Rational, Scalar};
use nalgebra::{DMatrix, DVector};

const SUM: Budget = Budget {
    ulps: 8,
    unit: "largest",
    reason: "a sum of four products in any order, each with up to two roundings, whose terms are below the largest result",
};

/// A mask on every weight.
pub fn dropconnect() -> VectorFile {
    let about = "DropConnect in training with a known mask M of the weights: y = ((M*W)/(1-p)) x + b. The bias is not dropped. W has \
                 shape outputs x inputs.";
    let mut draw = Draw::new(4);
    let mut suite = Suite::new("dropconnect", about, &draw);
    let (outputs, inputs) = (3, 4);
    for dtype in [Dtype::F32, Dtype::F64] {
        let tests: Vec<_> = [0.1, 0.3, 0.5, 0.8]
            .map(|p| {
                let (w, b) = (draw.dyadics(outputs * inputs), draw.dyadics(outputs));
                let (x, kept) = (draw.dyadics(inputs), draw.mask(outputs * inputs));
                let keep = Rational::ONE - exact(p);
                let weights = DMatrix::from_row_iterator(outputs, inputs, exactly(&w));
                let affine = Affine::new(weights, exactly(&b).into()).expect("one bias a row");
                let multiplier = |unit: usize| indicator(kept[unit]) / keep.clone();
                let net: Mlp<Rational, PiecewiseLinear> =
                    Mlp::new(inputs, dropconnect::layers(&affine).into()).expect("the layers fit");
                let multipliers = DVector::from_fn(outputs * inputs, |unit, _| multiplier(unit));
                let input: DVector<Rational> = exactly(&x).into();
                let by_definition = net.output(&input, &multipliers).expect("the lengths fit");
                let masked = DMatrix::from_fn(outputs, inputs, |i, j| {
                    affine.weight[(i, j)].clone() * multiplier(i * inputs + j)
                });
                let y = agreed(by_definition, Affine { weight: masked, bias: affine.bias.clone() }.apply(&input));
                TestBuilder::new(format!("dropconnect/{dtype}/p-{p}"), "weights dropped and weights kept")
                    .flags(&["keep-drop-swapped", "never-applied", "scaled-twice"])
                    .input("p", Input::Numbers(Numbers::scalar(p)))
                    .numbers("weight", dtype, &[outputs, inputs], &w)
                    .numbers("bias", dtype, &[outputs], &b)
                    .numbers("x", dtype, &[inputs], &x)
                    .input("mask", Input::Mask(Bitset::new(&[outputs, inputs], &kept)))
                    .expect("y", Expected::rationals(&[outputs], y.iter(), SUM))
            })
            .into();
        suite.group(dtype, "inverted", tests);
    }
    suite.finish()
}

/// One mask element for all elements along some axes.
pub fn shared_axes() -> VectorFile {
    let about = "Dropout with one mask element along the shared axes: y = m*x/(1-p), where the given mask has length 1 along them. \
                 Axes [2, 3] of (batch, channel, height, width) drop whole feature maps; axis [1] of (batch, time, feature) is the \
                 same mask at every time step; axis [0] the same for the whole batch.";
    let mut draw = Draw::new(5);
    let mut suite = Suite::new("shared_axes", about, &draw);
    let cases: [(&[usize], &[usize]); 5] =
        [(&[2, 3, 2, 2], &[2, 3]), (&[2, 3, 4], &[2]), (&[2, 3, 4], &[1]), (&[4, 3], &[0]), (&[3, 2, 2], &[1, 2])];
    for (shape, shared) in cases {
        let masked: Vec<usize> =
            shape.iter().enumerate().map(|(axis, &length)| if shared.contains(&axis) { 1 } else { length }).collect();
        let (size, units) = (shape.iter().product(), masked.iter().product());
        let axes = itertools::join(shared, "-");
        for dtype in [Dtype::F32, Dtype::F64] {
            let tests = [0.3, 0.5].map(|p| {
                let (x, kept) = (draw.dyadics(size), draw.mask(units));
                let keep = Rational::ONE - exact(p);
                let unit = |element| unit_of(element, shape, &masked);
                let y: Vec<Rational> =
                    x.iter().enumerate().map(|(i, &x)| exact(x) * indicator(kept[unit(i)]) / keep.clone()).collect();
                let rank = shape.len();
                TestBuilder::new(
                    format!("shared_axes/{dtype}/rank-{rank}/axes-{axes}/p-{p}"),
                    "a mask that is shared along some axes",
                )
                .flags(&["wrong-shared-axis"])
                .input("p", Input::Numbers(Numbers::scalar(p)))
                .numbers("x", dtype, shape, &x)
                .input("mask", Input::Mask(Bitset::new(&masked, &kept)))
                .expect(
                    "y",
                    Expected::rationals(shape, &agreed(by_broadcast(&x, &kept, shape, &masked, &keep), y), SCALED),
                )
            });
            let convention = Convention {
                p_means: "drop".into(),
                scaling: "inverted".into(),
                dropped_value: "0".into(),
                shared_axes: shared.into(),
            };
            suite.group_with(dtype, convention, tests);
        }
    }
    suite.finish()
}

/// The mask element of an element, both in row-major order, by the strides of the mask.
fn unit_of(element: usize, shape: &[usize], masked: &[usize]) -> usize {
    let (mut rest, mut stride, mut unit) = (element, 1, 0);
    for (&length, &of_mask) in shape.iter().zip(masked).rev() {
        unit += (rest % length) % of_mask * stride;
        rest /= length;
        stride *= of_mask;
    }
    unit
}

/// The same by copying the mask along its axes of length 1, last axis first.
fn by_broadcast(x: &[f64], kept: &[bool], shape: &[usize], masked: &[usize], keep: &Rational) -> Vec<Rational> {
    let mut mask: Vec<bool> = kept.to_vec();
    let mut inner = 1;
    for (&length, &of_mask) in shape.iter().zip(masked).rev() {
        if of_mask < length {
            mask = mask.chunks(inner).flat_map(|block| block.repeat(length)).collect();
        }
        inner *= length;
    }
    x.iter().zip(mask).map(|(&x, kept)| if kept { exact(x) / keep.clone() } else { Rational::ZERO }).collect()
}

/// Dropped units go to SELU's lower limit.
pub fn alpha() -> VectorFile {
    let about = "Alpha dropout in training with a known mask: y = a*(x*m + alpha'*(1-m)) + b with a = (q + alpha'^2 q (1-q))^(-1/2), b = \
                 -a (1-q) alpha', q = 1-p, alpha' = -1.7580993408473766.";
    let budget = Budget {
        ulps: 4,
        unit: "largest",
        reason: "a, b and two fused or unfused steps from constants that are rounded to the format",
    };
    let mut draw = Draw::new(6);
    let mut suite = Suite::new("alpha", about, &draw);
    for dtype in [Dtype::F32, Dtype::F64] {
        let tests = [0.05, 0.1, 0.2, 0.5].map(|p| {
            let (mut x, kept) = (draw.dyadics(8), draw.mask(10));
            x.extend([0.0, 1.0]);
            let enclosures = x.iter().zip(&kept).map(|(&x, &kept)| alpha_dropout(x, kept, p));
            TestBuilder::new(format!("alpha/{dtype}/p-{p}"), "units dropped and units kept")
                .flags(&["alpha-constants", "keep-drop-swapped", "never-applied"])
                .input("p", Input::Numbers(Numbers::scalar(p)))
                .numbers("x", dtype, &[10], &x)
                .input("mask", Input::Mask(Bitset::new(&[10], &kept)))
                .expect("y", Expected::intervals(&[10], enclosures, budget))
        });
        let convention = Convention {
            p_means: "drop".into(),
            scaling: "inverted".into(),
            dropped_value: "selu_limit".into(),
            shared_axes: Vec::new(),
        };
        suite.group_with(dtype, convention, tests);
    }
    suite.finish()
}

/// One unit of alpha dropout, enclosed; that [`AlphaDropout`] gives the same is the second way.
fn alpha_dropout(x: f64, kept: bool, p: f64) -> Interval {
    let number = |q: Rational| Interval::from(&q);
    let (q, limit) = (Rational::ONE - exact(p), exact(SELU_LIMIT));
    let variance = q.clone() + limit.clone() * limit.clone() * q.clone() * (Rational::ONE - q.clone());
    // v^(−1/2) = e^(−½ ln v)
    let a = (Interval::ratio(-1, 2) * number(variance).ln()).exp();
    let unit = if kept { exact(x) } else { limit.clone() };
    let y = a * number(unit - (Rational::ONE - q) * limit);
    let rounded = AlphaDropout::selu(1.0 - p).expect("a rate");
    let by_module = rounded.scale() * if kept { x } else { SELU_LIMIT } + rounded.shift();
    assert!((y.to_f64() - by_module).abs() <= 1e-14 * (1.0 + by_module.abs()), "two ways to one expected value");
    y
}
