//! The three matrix products of a step, each with what follows it while the numbers are still in registers.
//!
//! | product | sums over | then |
//! |---|---|---|
//! | [`forward`]: Z = H W + b | inputs | activation, noise |
//! | [`update`]: G = Hᵀ E | rows | noise of weights, penalties, momentum, step, norms |
//! | [`backward`]: E Wᵀ | outputs | noise, activity penalty, derivative |
//!
//! Noise is what multiplies the entries: [`Multipliers`].
//!
//! `forward` and `update` compute each entry as one chain of fused multiply-adds in the order of the index, whatever the
//! tile. `backward` adds the terms whose index agrees modulo [`LANES`](super::Float::LANES) in such chains and then the
//! chains by halving. So the bits depend on nothing but the numbers: not on tiles, tasks, threads or machine.

mod backward;
mod forward;
mod multipliers;
mod update;

pub(super) use backward::Backward;
pub(super) use forward::Forward;
pub(super) use multipliers::{Multipliers, Multiply};
pub(super) use update::{Rule, Update};
