//! The claims of dropout theory, one module a family, one function a claim: `cargo test --test spec` is the spec check.
//!
//! Functions named `…_mutant_…` hand the claim's own check a wrong implementation and ask that it be refused; functions
//! named `…_fails_…` leave the claim's conditions and ask that it be false there.

mod naive;
mod naive_heads;
mod support;

mod brute_force;
mod eq_7_56_to_7_66_softmax_weight_scaling;
mod mean_output;
mod network_definition;
mod scalar_functions;
mod ws_bound;
mod ws_deep_linear;
mod ws_fails_relu;
mod ws_gaussian_and_canonical_link;
mod ws_last_layer;
mod ws_multilinear;
mod ws_same_pattern;
