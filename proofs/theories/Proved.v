(* Every claim, with its proof; the module is sealed against the statements. *)

From DropoutOracle Require Import Algebra Law Multilinear LinearRegression Ridge DeepLinear
  InvertedDropout InvertedRegression Recurrent Factorisation Moments DropConnect Network.
From DropoutOracle Require Import RealLayer Ensembles SoftmaxUniform SoftmaxAnyLaw Decomposition
  ExponentialFamily Nwgm Relu ExponentialLoss BinaryDecision RidgeMinimiser Boosting Agreement
  Bound Dyadic Maxout BoltzmannMachine.
From DropoutOracle Require Import Claims.

Module Proved : Claims.

(* Ring layer. *)
Definition ws_multilinear_exact := @multi_affine_exact.
Definition ws_multilinear_extension_affine := @extension_multi_affine.
Definition ws_multilinear_extension_agrees := @extension_agrees.
Definition ws_multilinear_extension_unique := @extension_unique.
Definition ws_multilinear_fold := @fold_mean_exact.
Definition ws_moebius_monomial := @monomial_mean.
Definition ws_deep_linear_any_law := @deep_linear_mean.
Definition ws_deep_linear_independent := @deep_linear_bernoulli.
Definition ws_deep_linear_tied_mean := @tied_product.
Definition l2_general_law := @general_law.
Definition l2_per_feature := @per_feature.
Definition l2_per_feature_scaled := @per_feature_scaled.
Definition l2_wager_form := @wager_form.
Definition l2_minimiser_square := @complete_the_square.
Definition l2_fixed_count_rows := @fixed_count_covariance.
Definition l2_fixed_count_two := @exactly_one_of_two.
Definition noise_gaussian_linear := @two_moments_suffice.
Definition sgd_standard_vs_inverted_unbiased := @unbiased_linear_unit.
Definition sgd_standard_vs_inverted_step := @one_step.
Definition sgd_standard_vs_inverted_steps := @same_trajectory.
Definition rnn_fresh_vs_tied_fresh_mean := @fresh_mean.
Definition rnn_fresh_vs_tied_fresh_second_moment := @fresh_second_moment.
Definition rnn_fresh_vs_tied_tied_mean := @tied_mean.
Definition deep_linear_one_hidden_factorisation := @factorisation_penalty.
Definition ens_decomposition_squared := @squared_decomposition.
Definition fast_layer_variance := @dropped_unit_variance.
Definition norm_variance_shift := @second_moment_shift.
Definition noise_dropconnect_shared_mask := @shared_mask_covariance.
Definition noise_dropconnect_own_masks := @own_masks_uncorrelated.
Definition glm_penalty_label_free := @glm_label_free.
Definition mc_arithmetic_unbiased := @monte_carlo_mean.
Definition mc_arithmetic_variance := @monte_carlo_variance.
Definition noise_stochastic_pooling_mean := @pooling_mean.

(* Real layer. *)
Definition ws_softmax_eq_7_62 := @eq_7_62.
Definition ws_softmax_eq_7_63 := @eq_7_63.
Definition ws_softmax_eq_7_64 := @eq_7_64.
Definition ws_softmax_eq_7_65 := @eq_7_65.
Definition ws_softmax_eq_7_66 := @eq_7_66.
Definition ws_softmax_uniform := @softmax_uniform.
Definition ens_dyadic := @dyadic.
Definition ws_softmax_independent := @softmax_independent.
Definition ws_softmax_any_law := @softmax_any_law.
Definition ws_softmax_not_all_zero := @not_all_zero_marginals.
Definition ws_multilinear_logits := @NGM_softmax.
Definition ws_last_layer := @softmax_last_layer.
Definition ws_deep_linear_softmax := @deep_linear_softmax.
Definition ws_deep_linear_tied_refuted := @tied_three_steps.
Definition ws_gaussian_common_variance := @gaussian_common_variance.
Definition ws_gaussian_different_variances := @gaussian_different_variances.
Definition ws_gaussian_not_mean_of_means := @gaussian_different_variances_not_mean.
Definition ws_canonical_link := @canonical_link.
Definition ws_canonical_link_normalised := @canonical_link_normalised.
Definition ws_canonical_link_poisson := @poisson_geo.
Definition ws_canonical_link_rates_1_4 := @poisson_fixture.
Definition ens_decomposition := @log_loss_decomposition.
Definition ens_decomposition_nonneg := @disagreement_nonneg.
Definition ens_decomposition_divergence := @mean_KL.
Definition ens_decomposition_closest := @NGM_closest.
Definition ens_decomposition_zero_iff_agree := @disagreement_zero.
Definition ens_zero_probability_total := @geo_total_le_1.
Definition ens_jensen := @jensen_AM.
Definition ens_binary_decision := @binary_decision.
Definition ens_binary_decision_unfair := @unfair_masks_disagree.
Definition ens_binary_decision_three_classes := @three_classes_disagree.
Definition boost_objective_gradient := @boosting_gradient.
Definition nwgm_logistic := @NWGM_logistic.
Definition nwgm_order_geo_mean := @geo_le_mean.
Definition nwgm_order_geo_nwgm := @geo_le_NWGM.
Definition nwgm_order_below_half := @NWGM_le_mean.
Definition nwgm_order_above_half := @NWGM_ge_mean.
Definition nwgm_false_bound := @published_bound_false.
Definition nwgm_false_convex := @published_convexity_false.
Definition nwgm_false_convex_true_for_cross_entropy := @NWGM_cross_entropy.
Definition nwgm_true_bounds_relu := @relu_gap.
Definition nwgm_true_bounds_relu_deviation := @relu_gap_deviation.
Definition ws_bound := @weight_scaling_gap.
Definition ws_fails_relu := @relu_mean_differs.
Definition ws_fails_relu_decision := @relu_decision_differs.
Definition ws_fails_relu_arithmetic := @relu_arithmetic_differs.
Definition ws_same_pattern_one_hidden := @same_pattern.
Definition maxout_ws_same_piece := @same_piece.
Definition deep_negative_penalty := @negative_penalty.
Definition deep_not_l2_same_network := @rescaling_invisible.
Definition deep_not_l2_penalty_changes := @rescaling_changes_l2.
Definition glm_penalty_nonneg := @glm_penalty_nonnegative.
Definition glm_poisson := @poisson_log_partition.
Definition mcf_exponential := @exponential_loss.
Definition mcf_exponential_logistic_bound := @logistic_loss_bound.
Definition rbm_dropout_visible_marginal := @visible_marginal.
Definition l2_minimiser := @ridge_minimum.
Definition l2_minimiser_unique := @ridge_minimiser_unique.
Definition l2_second_moment_constant_input := @constant_input_shrinks.
Definition l2_second_moment_slopes := @slope_depends_on_the_origin.

End Proved.
