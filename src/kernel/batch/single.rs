//! The sums over the only mask of no units, without tables.

use super::octets::{parts, vectors, vectors_mut};
use crate::kernel::lanes::{self, Octet};
use pulp::{Simd, bytemuck};
use std::f64::consts::LN_2;

/// The other classes, the reference, ln s and, where there is room for them, the squares of the other classes and of the
/// reference, given e^η of each of the others.
#[inline(always)]
pub(super) fn sums<S: Simd>(simd: S, exponentials: &[Octet], sums: &mut [Octet]) {
    let (others, parts, one) = (exponentials.len(), parts::<S>(), simd.splat_f64s(1.0));
    let (classes, squares) = sums.split_at_mut(others + 2);
    let (classes, squares) = (vectors_mut::<S>(classes), vectors_mut::<S>(squares));
    let exponentials = vectors::<S>(exponentials);
    for part in 0..parts {
        let mut s = one;
        for y in 0..others {
            s = simd.add_f64s(s, exponentials[parts * y + part]);
        }
        let r = simd.div_f64s(one, s);
        for y in 0..others {
            classes[parts * y + part] = simd.mul_f64s(r, exponentials[parts * y + part]);
        }
        classes[parts * others + part] = r;
        classes[parts * (others + 1) + part] = ln::<S>(s);
        if !squares.is_empty() {
            let square = simd.mul_f64s(r, r);
            for y in 0..others {
                let e = exponentials[parts * y + part];
                squares[parts * y + part] = simd.mul_f64s(square, simd.mul_f64s(e, e));
            }
            squares[parts * others + part] = square;
        }
    }
}

/// ln x in each lane, by significand and exponent, as of a product of one factor.
#[inline(always)]
fn ln<S: Simd>(mut x: S::f64s) -> S::f64s {
    let lanes: &mut [f64] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut x));
    for x in lanes {
        let (m, k) = lanes::split(*x);
        *x = (k as f64).mul_add(LN_2, lanes::ln(m));
    }
    x
}
