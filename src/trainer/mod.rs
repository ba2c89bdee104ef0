//! The optimised trainer: what [`train`](crate::train) defines, as fast as the machine allows.
//!
//! [`Training`](crate::train::Training) is the reference: one row after another, in `f64`, for every network. [`Trainer`]
//! takes the same settings and the same minibatches, in `f32` or `f64`, for ReLU and linear networks with dropout of
//! whole layers, and spends nearly all of its time in fused multiply-adds:
//!
//! - weights live in panels of a few vectors of columns, which stay in registers while the kernels run over them;
//! - activation, mask and scale are applied to the results of a product before they leave the registers;
//! - penalties, momentum, step and the norms of max-norm are applied to the gradient there: it is never stored;
//! - masks are bits ([`Masks`]), drawn for 64 units at once.
//!
//! Each sum is taken by one task in an order that the numbers alone decide, so the bits are the same for any number of
//! threads and on any machine ([`InstructionSet`]). Given its masks, the tests hold each step against the reference within
//! a bound on the rounding errors.

mod aligned;
mod columns;
mod data;
mod float;
mod head;
mod instruction_set;
mod kernel;
mod layer;
mod masks;
mod panel;
mod plan;
mod run;
mod step;
mod tasks;

pub use data::Data;
pub use float::Float;
pub use instruction_set::InstructionSet;
pub use masks::{KeepProbability, Masks};
pub use run::{Progress, State, Trainer};
