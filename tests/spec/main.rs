//! The claims of dropout theory, one module a family, one function a claim: `cargo test --test spec` is the spec check.
//!
//! Functions named `…_mutant_…` hand the claim's own check a wrong implementation and ask that it be refused; functions
//! named `…_fails_…` leave the claim's conditions and ask that it be false there.

mod support;

mod eq_7_56_to_7_66_softmax_weight_scaling;
mod train_averaging;
#[cfg(feature = "files")]
mod train_digits;
mod train_gradient;
mod train_objective;
mod train_sgd;
