//! Fast enumeration: all 2^n masks at the speed of the arithmetic units.
//!
//! The definition evaluates the network for each mask, takes C exponentials and a logarithm, and divides. Here, where the
//! last dropout layer enters the outputs through a sum, none of that happens mask by mask:
//!
//! 1. e^η of a mask is a product of three table entries, one for each of three groups of units: **low** and **middle**,
//!    of up to eight units each, and **high**, the rest.
//! 2. For one mask of the high units, the 2^16 masks of the others are a *tile*: the sums s = Σ_y e^η of its masks are the
//!    product of two small matrices, four masks share one division for 1/s, many share one logarithm, and the means are
//!    another product of matrices. Per class and mask that is two fused multiply-adds.
//! 3. The tiles are the leaves of a binary tree over the high units, [`Subtree`]. Any subtree can be summed anywhere;
//!    joining two halves gives their parent, in the same bits.
//!
//! Where there are dropout layers before the last, their masks are the upper part of that tree, with activations whose sums
//! are shared along the tree. If the last has many units, the tables are built anew for each of those masks. If it has at
//! most 16, the lanes of the vectors are no longer masks of the last layer but eight masks of the layer before: activations,
//! exponentials, tables and products are computed for all eight at once, and nothing but arithmetic is left to do for each.
//! The means over a last dropout layer before a Poisson or Gaussian head are known in closed form.
//!
//! | leaf of the tree | lanes | logits |
//! |---|---|---|
//! | tile, narrow | eight masks of the low units | of ordinary range |
//! | tile, wide | eight masks of the low units | of any range |
//! | block of masks of the layers before | eight of these masks | of ordinary range, else tiles one by one |
//!
//! # What bounds the speed
//!
//! In a tile, a mask costs two fused multiply-adds a class. In a block, a mask of the layer before costs, before any product,
//! an exponential of 17 operations for each class but one and each droppable unit that it leaves with an effect. If the h
//! units before C classes are never dropped, it is C − 1 exponentials and (C − 1) h fused multiply-adds: with C = 10 and
//! h = 16, 297 operations on eight masks. At two a cycle and 2.8 GHz that alone allows 150 million masks a second on a thread.
//!
//! # Accuracy
//!
//! With one dropout layer, the arithmetic mean of each of C classes is off by at most \\((C + n + 140)\\,u\\), u = 2⁻⁵³,
//! *relatively*, whatever the size of the logits (and by 10⁻¹⁵⁰ absolutely, where exponentials underflow); what is seen is
//! one or two u. E ln p is off by at most that times 1 + the range of the logits. Logits are summed in double-double; the
//! range of the tables decides beforehand whether four masks can share a division without overflow or underflow, and if not,
//! exponents are kept apart from significands.
//!
//! With several dropout layers, the activations that the last one sees are rounded as those of the definition are, and so
//! are the terms of the logits: each is off by a few roundings of the sum of its terms' sizes.
//!
//! # Same bits
//!
//! Sums have eight logical lanes on any [`InstructionSet`], multiplications that are followed by an addition are fused
//! everywhere (slow where the processor cannot, but not different), and the tree is fixed. This is the only part of the
//! crate that uses fused operations.

mod affine_sum;
mod batch;
mod block;
mod closed_form;
mod enumeration;
mod instruction_set;
mod lanes;
mod narrow;
mod prefix;
mod products;
mod readout;
mod softmax;
mod subtree;
mod sums;
mod tables;
mod tile;
mod totals;
mod walk;
mod wide;

pub use enumeration::Enumeration;
pub use instruction_set::InstructionSet;
pub use subtree::Subtree;
pub use sums::Sums;

use crate::ensemble::Prediction;
use crate::error::Result;
use crate::model::Model;
use nalgebra::DVector;

/// What [`Ensemble::predict`](crate::Ensemble::predict) gives for the model, by the fast way.
///
/// # Errors
/// As [`Enumeration::new`] and [`Enumeration::prediction`].
pub fn enumerate(model: &Model, x: &DVector<f64>) -> Result<Prediction<f64>> {
    let enumeration = Enumeration::new(model, x)?;
    enumeration.prediction(&enumeration.sums(Subtree::ROOT)?)
}
