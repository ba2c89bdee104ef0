//! The claims of dropout theory, one module a family, one function a claim: `cargo test --test spec` is the spec check.
//!
//! Functions named `…_mutant_…` hand the claim's own check a wrong implementation and ask that it be refused; functions
//! named `…_fails_…` leave the claim's conditions and ask that it be false there.

// What the claims share.
mod differences;
mod mean_output;
mod moments;
mod naive;
mod naive_heads;
mod properties;
mod scripted_rng;
mod softmax_cases;
mod submodels;
mod support;

mod adagrad_fisher;
mod brute_force;
mod certified_enclosures;
mod deep_nets;
mod dropout_boosting;
mod ens_binary_decision;
mod ens_decomposition;
mod ens_jensen;
mod ens_zero_probability;
mod eq_7_56_to_7_66_softmax_weight_scaling;
#[cfg(feature = "files")]
#[cfg(feature = "conformance")]
mod exact_tests;
mod experiment_findings;
mod experiment_statistics;
mod fast_dropout;
mod fast_layers;
mod glm_closed_forms;
mod glm_penalty;
mod glm_quadratic;
mod glm_shape;
mod head_extremes;
mod head_families;
mod l2_diabetes;
mod l2_linear_regression;
mod l2_minimiser;
mod l2_second_moment;
mod l2_sgd_moments;
mod law_errors;
mod law_masks;
mod law_moments;
mod law_sampling;
mod logistic_units;
mod marginal_classes;
mod marginal_deep_linear;
mod marginal_exponential;
mod marginal_gradient;
mod marginal_lattice;
mod marginal_logistic;
mod marginal_losses;
mod marginal_method;
mod marginal_objective;
mod marginal_readout;
mod marginal_softmax;
mod marginal_softmax_sum;
#[cfg(feature = "conformance")]
mod mask_formats;
mod mask_layer;
mod mask_parities;
mod maxout_and_variance_shift;
mod mc_arithmetic;
mod mc_geometric_rate;
mod mc_intervals;
mod network_definition;
mod noise_alpha;
mod noise_batch_norm;
mod noise_dropconnect;
mod noise_gaussian_and_additive;
mod noise_gaussian_linear;
mod noise_stochastic_pooling;
mod noise_structured;
mod nwgm;
mod nwgm_bounds;
mod rbm_dropout;
mod rnn_masks;
mod scalar_functions;
mod sgd_standard_vs_inverted;
mod train_averaging;
mod train_digits;
mod train_gradient;
mod train_noise;
mod train_objective;
mod train_objectives;
mod train_regularisers;
mod train_sgd;
mod uncertainty;
mod ws_bound;
mod ws_deep_linear;
mod ws_fails_relu;
mod ws_gaussian_and_canonical_link;
mod ws_last_layer;
mod ws_multilinear;
mod ws_same_pattern;
