//! Exact means over all masks without enumerating them.
//!
//! Enumeration costs 2^n. Where the masks are independent and the network is simple enough, the same means cost a
//! polynomial in n:
//!
//! | network | loss | method | module | exact |
//! |---|---|---|---|---|
//! | one logistic unit | σ, −ln p | characteristic function | [`logistic`] | to rounding, with a proved bound |
//! | one unit with integer weights | any | law of S by dynamic programming | [`lattice`] | in rationals |
//! | deep linear | squared | mean and covariance, layer by layer | [`deep_linear`] | in rationals |

pub mod deep_linear;
pub(crate) mod double_double;
pub mod lattice;
pub mod logistic;
pub mod logit;

pub use lattice::Lattice;
pub use logistic::Certified;
pub use logit::{Logit, Term};
