//! Arithmetic on eight lanes at a time, in as many vectors as that takes.

use crate::kernel::lanes::{LANES, Octet};
use pulp::{Simd, bytemuck};

/// The vectors of some octets, [`parts`] each.
#[inline(always)]
pub(in crate::kernel) fn vectors<S: Simd>(octets: &[Octet]) -> &[S::f64s] {
    bytemuck::cast_slice(octets)
}

/// The same, to be changed.
#[inline(always)]
pub(in crate::kernel) fn vectors_mut<S: Simd>(octets: &mut [Octet]) -> &mut [S::f64s] {
    bytemuck::cast_slice_mut(octets)
}

/// How many vectors make eight lanes.
#[inline(always)]
pub(in crate::kernel) const fn parts<S: Simd>() -> usize {
    LANES / S::F64_LANES
}

/// `products[y] = factor · numbers[y]`.
#[inline(always)]
pub(in crate::kernel) fn multiples<S: Simd>(simd: S, products: &mut [Octet], factor: &Octet, numbers: &[f64]) {
    let (parts, factor) = (parts::<S>(), vectors::<S>(std::slice::from_ref(factor)));
    let products = &mut vectors_mut::<S>(products)[..parts * numbers.len()];
    for y in 0..numbers.len() {
        let number = simd.splat_f64s(numbers[y]);
        for part in 0..parts {
            products[parts * y + part] = simd.mul_f64s(factor[part], number);
        }
    }
}

/// `sums[y] += factor · numbers[y]`.
#[inline(always)]
pub(in crate::kernel) fn add_multiples<S: Simd>(simd: S, sums: &mut [Octet], factor: &Octet, numbers: &[f64]) {
    let (parts, factor) = (parts::<S>(), vectors::<S>(std::slice::from_ref(factor)));
    let sums = &mut vectors_mut::<S>(sums)[..parts * numbers.len()];
    for y in 0..numbers.len() {
        let number = simd.splat_f64s(numbers[y]);
        for part in 0..parts {
            sums[parts * y + part] = simd.mul_add_f64s(factor[part], number, sums[parts * y + part]);
        }
    }
}

/// How many sums [`add_products`] makes at a time: each waits for its last addition, but for no other sum.
const ROWS: usize = 5;

/// `sums[y] += Σ_j h[j] · columns[j][y]`, the columns one after the other.
#[inline(always)]
pub(in crate::kernel) fn add_products<S: Simd>(simd: S, sums: &mut [Octet], h: &[Octet], columns: &[f64]) {
    let (h, stride) = (vectors::<S>(h), sums.len());
    for (block, sums) in sums.chunks_mut(ROWS).enumerate() {
        let columns = columns.get(block * ROWS..).unwrap_or(&[]);
        match sums.len() {
            1 => add_rows::<S, 1>(simd, sums, h, columns, stride),
            2 => add_rows::<S, 2>(simd, sums, h, columns, stride),
            3 => add_rows::<S, 3>(simd, sums, h, columns, stride),
            4 => add_rows::<S, 4>(simd, sums, h, columns, stride),
            _ => add_rows::<S, ROWS>(simd, sums, h, columns, stride),
        }
    }
}

/// The same for R sums, those at the start of each `stride` numbers.
#[inline(always)]
fn add_rows<S: Simd, const R: usize>(simd: S, sums: &mut [Octet], h: &[S::f64s], columns: &[f64], stride: usize) {
    let (parts, sums) = (parts::<S>(), vectors_mut::<S>(sums));
    for part in 0..parts {
        let mut block = [simd.splat_f64s(0.0); R];
        for row in 0..R {
            block[row] = sums[parts * row + part];
        }
        for (j, h) in h.chunks_exact(parts).enumerate() {
            let numbers = &columns[stride * j..][..R];
            for row in 0..R {
                block[row] = simd.mul_add_f64s(h[part], simd.splat_f64s(numbers[row]), block[row]);
            }
        }
        for row in 0..R {
            sums[parts * row + part] = block[row];
        }
    }
}

/// `h = max(h, other)`, lane by lane; h where they are equal or one is not a number.
#[inline(always)]
pub(in crate::kernel) fn raise<S: Simd>(simd: S, h: &mut Octet, other: &Octet) {
    let others = vectors::<S>(std::slice::from_ref(other));
    for (h, other) in vectors_mut::<S>(std::slice::from_mut(h)).iter_mut().zip(others) {
        *h = simd.select_f64s(simd.greater_than_f64s(*other, *h), *other, *h);
    }
}

/// `sums[row] += weights · terms[row]`, lane by lane.
#[inline(always)]
pub(in crate::kernel) fn add_weighted<S: Simd>(simd: S, sums: &mut [Octet], weights: &Octet, terms: &[Octet]) {
    let (parts, weights) = (parts::<S>(), vectors::<S>(std::slice::from_ref(weights)));
    let terms = vectors::<S>(terms);
    let sums = &mut vectors_mut::<S>(sums)[..terms.len()];
    for row in 0..terms.len() / parts {
        for (part, &weight) in weights.iter().enumerate() {
            let i = parts * row + part;
            sums[i] = simd.mul_add_f64s(weight, terms[i], sums[i]);
        }
    }
}
