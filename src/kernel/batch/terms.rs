//! The terms of the logits for eight activations, and their exponentials.

use super::octets::{add_multiples, add_products, first, multiples, parts, vectors, vectors_mut};
use super::table::Units;
use super::{Batch, Unit};
use crate::kernel::lanes::{self, LANES, Octet};
use pulp::Simd;

/// |η| must stay below it: four s of any number of classes can be multiplied, and no product of exponentials underflows.
const LARGEST: f64 = 160.0;

/// What the units add to the logits, those without effect in all lanes left out.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// For each class but the reference, e^η with all units dropped; then what each unit multiplies it by; then what an
    /// earlier batch has left.
    exponentials: Vec<Octet>,
    /// E η of each class but the reference; then what an earlier batch has left.
    means: Vec<Octet>,
    /// The units' KEEP probabilities.
    keep: Vec<f64>,
}

impl Terms {
    /// The terms of a batch; whether the logits are in range.
    #[inline(always)]
    pub fn fill<S: Simd>(&mut self, simd: S, batch: &Batch, h: &[Octet]) -> bool {
        self.drop_all(simd, batch, h);
        if !self.in_range(simd, batch, h) {
            return false;
        }
        let others = batch.constant.len();
        let powers = first(&mut self.exponentials, others * (1 + batch.dropped.len()), [0.0; LANES]);
        if !batch.kept.is_empty() {
            powers[..others].copy_from_slice(&self.means[..others]);
            exponentiate(&mut powers[..others]);
        }
        self.keep.clear();
        for unit in &batch.dropped {
            let h = &h[unit.place];
            if unit.size > 0.0 && has_effect(h) {
                self.add(simd, unit, h);
            }
        }
        true
    }

    /// The logits with all units dropped.
    #[inline(always)]
    fn drop_all<S: Simd>(&mut self, simd: S, batch: &Batch, h: &[Octet]) {
        let others = batch.constant.len();
        let means = first(&mut self.means, others, [0.0; LANES]);
        means.copy_from_slice(&batch.constant);
        add_products(simd, means, batch.kept.iter().map(|&place| &h[place]), &batch.kept_contributions);
    }

    /// Whether no logit of any mask can be as large as [`LARGEST`].
    #[inline(always)]
    fn in_range<S: Simd>(&self, simd: S, batch: &Batch, h: &[Octet]) -> bool {
        let constants = &self.means[..batch.constant.len()];
        let mut bound = largest(simd, constants);
        for unit in &batch.dropped {
            raise_bound(simd, &mut bound, &h[unit.place], unit.size);
        }
        // The largest of some numbers need not be NaN if one of them is.
        are_small(constants) && are_small(&[bound])
    }

    /// What a unit adds to the logits, and multiplies their exponentials by, if kept.
    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, unit: &Unit, h: &Octet) {
        let others = unit.contribution.len();
        self.keep.push(unit.keep);
        add_multiples(simd, &mut self.means[..others], h, &unit.mean);
        let factors = &mut self.exponentials[others * self.keep.len()..][..others];
        multiples(simd, factors, h, &unit.contribution);
        exponentiate(factors); // at once, while they are at hand: all together takes longer
    }

    /// e^η of each class but the reference with all units dropped, and the units.
    #[inline(always)]
    pub fn units<'a>(&'a self, batch: &'a Batch) -> (&'a [Octet], Units<'a>) {
        let others = batch.constant.len();
        let (start, factors) = self.exponentials.split_at(others);
        let start = if batch.kept.is_empty() { &batch.exponentials } else { start };
        (start, Units { keep: &self.keep, factors, others })
    }

    /// E η of each class but the reference.
    #[inline(always)]
    pub fn means(&self, others: usize) -> &[Octet] {
        &self.means[..others]
    }
}

/// The largest size in each lane.
#[inline(always)]
fn largest<S: Simd>(simd: S, octets: &[Octet]) -> Octet {
    let mut largest = [0.0; LANES];
    let vectors_of = vectors_mut::<S>(std::slice::from_mut(&mut largest));
    for row in vectors::<S>(octets).chunks_exact(parts::<S>()) {
        for part in 0..parts::<S>() {
            vectors_of[part] = simd.max_f64s(vectors_of[part], simd.abs_f64s(row[part]));
        }
    }
    largest
}

/// Adds |h| · size.
#[inline(always)]
fn raise_bound<S: Simd>(simd: S, bound: &mut Octet, h: &Octet, size: f64) {
    let (h, bound) = (vectors::<S>(std::slice::from_ref(h)), vectors_mut::<S>(std::slice::from_mut(bound)));
    for part in 0..parts::<S>() {
        bound[part] = simd.mul_add_f64s(simd.abs_f64s(h[part]), simd.splat_f64s(size), bound[part]);
    }
}

/// Whether all sizes are below [`LARGEST`]: a comparison that NaN fails.
#[inline(always)]
fn are_small(octets: &[Octet]) -> bool {
    let mut fits = true;
    for x in octets.as_flattened() {
        fits &= x.abs() < LARGEST;
    }
    fits
}

/// e^x in place of each x.
#[inline(always)]
fn exponentiate(octets: &mut [Octet]) {
    for x in octets.as_flattened_mut() {
        *x = lanes::exp(*x);
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
