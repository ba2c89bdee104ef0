//! The optimised trainer: what [`train`](crate::train) defines, as fast as the machine allows.
//!
//! [`Training`](crate::train::Training) is the reference: one row after another, in `f64`, for every network. [`Trainer`]
//! takes the same settings and the same minibatches, in `f32` or `f64`, for linear, ReLU, tanh and logistic units with
//! noise on whole layers, and spends nearly all of its time in fused multiply-adds:
//!
//! - weights live in panels of a few vectors of columns, which stay in registers while the kernels run over them;
//! - activation and noise are applied to a panel of results while it is in the cache;
//! - penalties, momentum, step and the norms of max-norm are applied to the gradient there: it is never stored;
//! - masks are bits ([`Masks`]), drawn for 64 units at once.
//!
//! Noise is one idea: what multiplies the units that enter a layer (nothing, a number, bits times a number, numbers) or,
//! for DropConnect, its weights. Dropout boosting judges another network first, at the mean multipliers or over all masks,
//! and sends its error back through the sub-models. The activations tanh and σ are those of [`Real`](crate::Real), one
//! number after another.
//!
//! Each sum is taken by one task in an order that the numbers alone decide, so the bits are the same for any number of
//! threads and on any machine ([`InstructionSet`](crate::kernel::InstructionSet)). Given its masks, the tests hold each step against the reference within
//! a bound on the rounding errors.

mod activity;
mod aligned;
mod columns;
mod committee;
mod data;
mod ensemble;
mod float;
mod head;
mod kernel;
mod layer;
mod masks;
mod network;
mod noise;
mod panel;
mod plan;
mod run;
mod step;
mod tasks;
mod units;

pub use committee::committee;
pub use data::Data;
pub use float::Float;
pub use masks::{KeepProbability, Masks};
pub use run::{Progress, State, Trainer};
