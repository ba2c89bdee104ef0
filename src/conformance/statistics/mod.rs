//! Exact tests: p-values that are probabilities, not approximations of them.
//!
//! Every statistic of a law of masks is chosen so that its law under the hypothesis is known exactly (a binomial law, a
//! normal law) or is bounded by an inequality that holds for every sample size. So a stated false-alarm rate is one.

mod binomial;
mod bounded;
mod normal_sample;

pub use binomial::{Binomial, smallest_shift};
pub use bounded::bernstein;
pub use normal_sample::{distribution_distance, mean_and_variance};
