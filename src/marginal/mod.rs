//! Exact means over all masks without enumerating them.
//!
//! Enumeration costs 2^n. Where the masks are independent and the network is simple enough, the same means cost a
//! polynomial in n:
//!
//! | network | loss | method | module | exact |
//! |---|---|---|---|---|
//! | one logistic unit | σ, −ln p, σ′, entropy | characteristic function | [`logistic`] | to rounding, with a proved bound |
//! | the same, gradients in every weight | σ, −ln p | leave-one-out and cumulants | [`gradient`] | to rounding, with a proved bound |
//! | logistic units on fixed features | −ln p of a data set | the gradients above | [`objective`] | to rounding, with a proved bound |
//! | one unit, Poisson or tiny probabilities | e^S, σ | products | [`exponential`] | to rounding, with a proved bound |
//! | softmax of a few classes | probability | Gumbel variables and a Fourier sum | [`classes`] | with a proved bound |
//! | softmax of any number of classes | probability | brackets | [`classes`] | between two bounds |
//! | one unit with integer weights | any | law of S by dynamic programming | [`lattice`] | in rationals |
//! | deep linear | squared | mean and covariance, layer by layer | [`deep_linear`] | in rationals |
//!
//! [`method`] is the front door: which of them a network admits, what each costs, and the cheapest; [`losses`] the one to
//! mean losses.
//! `docs/exact-marginal.md` derives the method and proves the bounds.

pub mod certificate;
mod characteristic;
pub mod classes;
mod cumulants;
pub mod deep_linear;
pub(crate) mod double_double;
pub mod exponential;
mod factors;
mod gamma;
pub mod gradient;
mod grid;
mod last_layer;
pub mod lattice;
mod leave_one_out;
pub mod logistic;
pub mod logit;
pub mod losses;
pub mod method;
pub mod objective;
mod orthant;
mod rivals;
mod rule;
mod spread;

pub use certificate::Certified;
pub use classes::{Bracket, Classes};
pub use gradient::Gradient;
pub use lattice::Lattice;
pub use logistic::Readout;
pub use logit::{Logit, Term};
pub use losses::Losses;
pub use method::{Method, Methods};
