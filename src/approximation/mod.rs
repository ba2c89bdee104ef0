//! Approximations of what the exact modules compute, each with its error against them.

pub mod fast_dropout;
