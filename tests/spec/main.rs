//! The claims of dropout theory, one module a family, one function a claim: `cargo test --test spec` is the spec check.
//!
//! Functions named `…_mutant_…` hand the claim's own check a wrong implementation and ask that it be refused; functions
//! named `…_fails_…` leave the claim's conditions and ask that it be false there.

mod support;

mod eq_7_56_to_7_66_softmax_weight_scaling;

mod scripted_rng;
mod submodels;

mod ens_binary_decision;
mod ens_decomposition;
mod ens_jensen;
mod ens_zero_probability;
mod head_extremes;
mod head_families;
mod law_errors;
mod law_masks;
mod law_moments;
mod law_sampling;
mod mc_arithmetic;
mod mc_geometric_rate;
mod nwgm;
mod nwgm_bounds;
mod same_bits;
