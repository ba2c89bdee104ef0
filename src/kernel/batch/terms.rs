//! The terms of the logits for eight activations, and their exponentials.

use super::Batch;
use super::octets::{add_multiples, add_products, multiples, parts, vectors, vectors_mut};
use crate::kernel::lanes::{self, LANES, Octet};
use pulp::Simd;

/// |η| must stay below it: four s of any number of classes can be multiplied, and no product of exponentials underflows.
const LARGEST: f64 = 160.0;

/// What the units add to the logits, those without effect in all lanes left out.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// For each class but the reference, e^η with all units dropped; then what each unit multiplies it by.
    pub exponentials: Vec<Octet>,
    /// E η of each class but the reference.
    pub means: Vec<Octet>,
    /// The activations of the units that are never dropped.
    kept: Vec<Octet>,
    /// The units' KEEP probabilities.
    pub keep: Vec<f64>,
}

impl Terms {
    /// The terms of a batch; whether the logits are in range.
    #[inline(always)]
    pub fn fill<S: Simd>(&mut self, simd: S, batch: &Batch, h: &[Octet]) -> bool {
        let Self { exponentials, means, kept, keep } = self;
        means.clear();
        means.extend_from_slice(&batch.constant);
        kept.clear();
        for &place in &batch.kept {
            kept.push(h[place]);
        }
        add_products(simd, means, kept, &batch.kept_contributions);
        let others = means.len();
        exponentials.resize(others * (1 + batch.dropped.len()), [0.0; LANES]);
        exponentials[..others].copy_from_slice(means);
        // Comparisons are such that NaN is out of range, too.
        let mut fits = true;
        for constant in means.as_flattened() {
            fits &= constant.abs() < LARGEST;
        }
        let mut bound = [[0.0; LANES]];
        for (i, constant) in vectors::<S>(means).iter().enumerate() {
            let bound = &mut vectors_mut::<S>(&mut bound)[i % parts::<S>()];
            *bound = simd.max_f64s(*bound, simd.abs_f64s(*constant));
        }
        keep.clear();
        for unit in &batch.dropped {
            let h = &h[unit.place];
            let (h_vectors, bound) = (vectors::<S>(std::slice::from_ref(h)), vectors_mut::<S>(&mut bound));
            for part in 0..parts::<S>() {
                let size = simd.abs_f64s(h_vectors[part]);
                bound[part] = simd.mul_add_f64s(size, simd.splat_f64s(unit.size), bound[part]);
            }
            if unit.size == 0.0 || !has_effect(h) {
                continue;
            }
            keep.push(unit.keep);
            add_multiples(simd, means, h, &unit.mean);
            multiples(simd, &mut exponentials[others * keep.len()..][..others], h, &unit.contribution);
        }
        exponentials.truncate(others * (1 + keep.len()));
        for bound in bound[0] {
            fits &= bound < LARGEST;
        }
        if fits {
            for x in exponentials.as_flattened_mut() {
                *x = lanes::exp(*x);
            }
        }
        fits
    }
}

/// Whether an activation is not 0 in some lane.
#[inline(always)]
fn has_effect(h: &Octet) -> bool {
    let mut effect = false;
    for h in h {
        effect |= *h != 0.0;
    }
    effect
}
