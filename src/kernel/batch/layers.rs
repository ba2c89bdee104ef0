//! The layers of a network for eight activations at once.

use super::octets::{add_products, raise};
use crate::kernel::lanes::{self, LANES, Octet};
use crate::network::{Activation, Affine, Layer, PiecewiseLinear};
use pulp::Simd;

/// What the layers make of h, without a dropout layer among them.
#[inline(always)]
pub(in crate::kernel) fn apply<S: Simd>(simd: S, layers: &[Layer<f64, Activation>], h: &mut Vec<Octet>) {
    for layer in layers {
        match layer {
            Layer::Affine(affine) => *h = affine_map(simd, affine, h),
            Layer::Unit(Activation::PiecewiseLinear(PiecewiseLinear::Identity)) => {}
            Layer::Unit(Activation::PiecewiseLinear(PiecewiseLinear::Relu)) => {
                for z in h.iter_mut() {
                    raise(simd, z, &[0.0; LANES]);
                }
            }
            Layer::Unit(Activation::PiecewiseLinear(PiecewiseLinear::Maxout { pieces })) => largest(simd, h, *pieces),
            Layer::Unit(Activation::Tanh) => each(h, lanes::tanh),
            Layer::Unit(Activation::Logistic) => each(h, lanes::logistic),
            Layer::Dropout(_) => unreachable!("a dropout layer starts a stage"),
        }
    }
}

#[inline(always)]
fn each(h: &mut [Octet], unit: impl Fn(f64) -> f64) {
    for z in h.as_flattened_mut() {
        *z = unit(*z);
    }
}

/// W h + b.
#[inline(always)]
fn affine_map<S: Simd>(simd: S, affine: &Affine<f64>, h: &[Octet]) -> Vec<Octet> {
    let mut z = Vec::with_capacity(affine.outputs());
    for &b in &affine.bias {
        z.push([b; LANES]);
    }
    add_products(simd, &mut z, h.iter(), affine.weight.as_slice());
    z
}

/// The largest of each `pieces` consecutive entries, in place of them.
#[inline(always)]
fn largest<S: Simd>(simd: S, h: &mut Vec<Octet>, pieces: usize) {
    let units = h.len() / pieces;
    for unit in 0..units {
        let mut largest = h[unit * pieces];
        for z in &h[unit * pieces..][1..pieces] {
            raise(simd, &mut largest, z);
        }
        h[unit] = largest;
    }
    h.truncate(units);
}
