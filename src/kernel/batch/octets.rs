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

/// The first entries of a buffer, which grows if it must: what was there stays.
#[inline(always)]
pub(super) fn first<T: Copy>(buffer: &mut Vec<T>, entries: usize, new: T) -> &mut [T] {
    if buffer.len() < entries {
        buffer.resize(entries, new);
    }
    &mut buffer[..entries]
}

/// `sums[y] = terms[y] + numbers[y]`.
#[inline(always)]
pub(in crate::kernel) fn add_to_each<S: Simd>(simd: S, sums: &mut [Octet], terms: &[Octet], numbers: &[f64]) {
    let parts = parts::<S>();
    let sums = &mut vectors_mut::<S>(sums)[..parts * numbers.len()];
    let terms = &vectors::<S>(terms)[..parts * numbers.len()];
    for y in 0..numbers.len() {
        let number = simd.splat_f64s(numbers[y]);
        for part in 0..parts {
            sums[parts * y + part] = simd.add_f64s(terms[parts * y + part], number);
        }
    }
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
pub(in crate::kernel) fn add_products<'a, S: Simd>(
    simd: S,
    sums: &mut [Octet],
    h: impl Iterator<Item = &'a Octet> + Clone,
    columns: &[f64],
) {
    let stride = sums.len();
    for (block, sums) in sums.chunks_mut(ROWS).enumerate() {
        let columns = columns.get(block * ROWS..).unwrap_or(&[]);
        match sums.len() {
            1 => add_rows::<S, 1>(simd, sums, h.clone(), columns, stride),
            2 => add_rows::<S, 2>(simd, sums, h.clone(), columns, stride),
            3 => add_rows::<S, 3>(simd, sums, h.clone(), columns, stride),
            4 => add_rows::<S, 4>(simd, sums, h.clone(), columns, stride),
            _ => add_rows::<S, ROWS>(simd, sums, h.clone(), columns, stride),
        }
    }
}

/// The same for R sums, those at the start of each `stride` numbers.
#[inline(always)]
fn add_rows<'a, S: Simd, const R: usize>(
    simd: S,
    sums: &mut [Octet],
    h: impl Iterator<Item = &'a Octet> + Clone,
    columns: &[f64],
    stride: usize,
) {
    let (parts, sums) = (parts::<S>(), vectors_mut::<S>(sums));
    for part in 0..parts {
        let mut block = [simd.splat_f64s(0.0); R];
        for row in 0..R {
            block[row] = sums[parts * row + part];
        }
        for (j, h) in h.clone().enumerate() {
            let (h, numbers) = (vectors::<S>(std::slice::from_ref(h))[part], &columns[stride * j..][..R]);
            for row in 0..R {
                block[row] = simd.mul_add_f64s(h, simd.splat_f64s(numbers[row]), block[row]);
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
