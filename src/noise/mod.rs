//! Noise beyond one coin a unit, reduced where it can be to the two ideas of this crate: a network f(x, μ) and a law
//! over μ.
//!
//! | noise | module | as a law over μ |
//! |---|---|---|
//! | DropConnect: masks on weights | [`dropconnect`] | dropout of product units; input dropout ties them |
//! | Gaussian, multiplicative | [`law::gaussian`](crate::law::gaussian) | N(1, σ²) a unit |
//! | additive | [`additive`] | N(0, σ²) or any law of mean 0, on units that are always 1 |
//! | stochastic pooling | [`stochastic_pooling`] | one-hot masks, but their law depends on the input |
//! | batch normalisation | [`batch_norm`] | none: an offset comes with the factor, and the batch draws both |
//! | alpha dropout | [`alpha_dropout`] | dropout between two affine maps |
//! | spatial (feature) dropout | [`spatial`] | one draw for all units of a channel |
//! | DropBlock | [`drop_block`] | a law over masks, until it renormalises each draw |
//! | drop path, stochastic depth | [`network::residual`](crate::network::residual) | one draw for all units of a block |

pub mod additive;
pub mod alpha_dropout;
pub mod batch_norm;
pub mod drop_block;
pub mod dropconnect;
pub mod spatial;
pub mod stochastic_pooling;

pub use alpha_dropout::AlphaDropout;
pub use batch_norm::Population;
pub use drop_block::DropBlock;
pub use stochastic_pooling::Region;
