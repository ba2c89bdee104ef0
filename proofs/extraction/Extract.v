(* Writes evaluator.ml: the definitions of Rationals.v as an OCaml program.
   Integers become arbitrary-precision integers; nothing else is replaced by hand. *)

From Coq Require Import QArith Qcanon Extraction ExtrOcamlBasic ExtrOcamlZBigInt.
From DropoutOracle Require Import Rationals.

Extraction "evaluator.ml"
  q_of relu q_bernoulli q_mean_mask q_fold_mean q_mean_logits q_weight_scaled_logits
  q_mean_outputs q_weight_scaled_outputs
  q_dropout_loss q_loss_at_mean q_covariance_penalty q_feature_penalty q_lambda q_ridge_loss
  q_fresh_mean q_fresh_second_moment q_tied_mean
  q_factorisation_loss q_factorisation_plain q_factorisation_penalty q_sgd_step.
