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

/// `sums[y] += Σ_j h[j] · columns[j][y]`, the columns one after the other.
#[inline(always)]
pub(in crate::kernel) fn add_products<S: Simd>(simd: S, sums: &mut [Octet], h: &[Octet], columns: &[f64]) {
    let (parts, h, rows) = (parts::<S>(), vectors::<S>(h), sums.len());
    let sums = vectors_mut::<S>(sums);
    for y in 0..rows {
        for part in 0..parts {
            let mut sum = sums[parts * y + part];
            for j in 0..h.len() / parts {
                sum = simd.mul_add_f64s(h[parts * j + part], simd.splat_f64s(columns[rows * j + y]), sum);
            }
            sums[parts * y + part] = sum;
        }
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
