(* Weight scaling is exact for softmax regression under any law of the mask.

   Only the marginal means matter, so independence is not needed; and the features may be
   anything that is computed before the masks. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law DeepLinear RealLayer Ensembles.
Import ListNotations.

Theorem softmax_any_law k (L : law Rring (list R)) W b v :
  (0 < k)%nat -> mass L = 1 -> forall y, (y < k)%nat ->
  NGM k L (fun m => softmax k (logits W b (m ⊙ v))) y = softmax k (logits W b (mean_mask L ⊙ v)) y.
Proof.
  intros Hk HL y Hy. rewrite NGM_softmax by exact Hk. apply softmax_ext; auto.
  intros y' _. unfold logits. now rewrite Rmean_add, Rmean_const, mean_linear_unit.
Qed.

Theorem softmax_independent k p W b v :
  (0 < k)%nat -> length p = length v -> forall y, (y < k)%nat ->
  NGM k (bernoulli p) (fun d => softmax k (logits W b (d ⊙ v))) y
  = softmax k (logits W b (p ⊙ v)) y.
Proof.
  intros Hk _ y Hy. rewrite softmax_any_law by auto using mass_bernoulli.
  now rewrite mean_mask_bernoulli.
Qed.

(* phi: any network, nonlinear as it may be, whose output is then masked. *)
Theorem softmax_last_layer {I} (phi : I -> list R) k (L : law Rring (list R)) W b (x : I) :
  (0 < k)%nat -> mass L = 1 -> forall y, (y < k)%nat ->
  NGM k L (fun m => softmax k (logits W b (m ⊙ phi x))) y
  = softmax k (logits W b (mean_mask L ⊙ phi x)) y.
Proof. apply softmax_any_law. Qed.

(* Masks conditioned on not all zero have marginals above 1/2, so halving the weights is
   wrong; for two units the marginal is 2/3. *)
Definition not_all_zero : law Rring (list R) := [(/ 3, [1; 0]); (/ 3, [0; 1]); (/ 3, [1; 1])].

Lemma not_all_zero_marginals : mean_mask not_all_zero = [2 / 3; 2 / 3].
Proof.
  unfold not_all_zero; simpl; real.
  f_equal; [| f_equal]; apply (Rmult_eq_reg_l 3); real; try lra; field.
Qed.

(* A softmax on the outputs of a deep linear network. *)
Definition outputs_of (N : list layer) (x : list R) (ms : list (list R)) (y : nat) : R :=
  nth y (forward N ms x) 0.

Theorem deep_linear_softmax k N (Ls : list (law Rring (list R))) x :
  (0 < k)%nat -> length Ls = length N -> (forall L, In L Ls -> mass L = 1) ->
  forall y, (y < k)%nat ->
  NGM k (independent Ls) (fun ms => softmax k (outputs_of N x ms)) y
  = softmax k (outputs_of N x (map mean_mask Ls)) y.
Proof.
  intros Hk Hlen HL y Hy. rewrite NGM_softmax by exact Hk. apply softmax_ext; auto.
  intros y' _. exact (deep_linear_mean N Ls x y' Hlen HL).
Qed.

(* Outside the conditions: one mask reused at three steps of a scalar product. *)
Lemma tied_three_steps : mean (coin (/ 2)) (fun d => d ^ 3) = / 2 /\ (/ 2) ^ 3 = / 8.
Proof. rewrite mean_coin. real. split; field. Qed.
