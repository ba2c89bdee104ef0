(* Equation 7.60 without roots and without normalisation.

   With base 2 in place of e and integer logits, both sides below are rational numbers times
   powers of 2, so that the equation can be tested in integers. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles SoftmaxUniform.
Import ListNotations.

Definition softmax_base_2 (k : nat) (z : nat -> R) : nat -> R := normalise k (fun y => Rpower 2 (z y)).

(* 2^n times the logit at half the weights: an integer if W, v and b are, and n >= 1. *)
Definition summed_logit n (W : nat -> list R) b v (y : nat) : R := 2 ^ n * (/ 2 * dot (W y) v + b y).

Definition product_of_models k n W b v (y : nat) : R :=
  prod (map (fun d => softmax_base_2 k (logits W b (d ⊙ v)) y) (all_masks n)).

Lemma prod_Rpower (f : list R -> R) l : prod (map (fun d => Rpower 2 (f d)) l) = Rpower 2 (sum (map f l)).
Proof.
  unfold prod, sum; induction l as [|d l IH]; simpl; real.
  - unfold Rpower. now rewrite Rmult_0_l, exp_0.
  - now rewrite IH, Rpower_plus.
Qed.

Lemma sum_of_logits n W b v y :
  length v = n -> sum (map (fun d => logits W b (d ⊙ v) y) (all_masks n)) = summed_logit n W b v y.
Proof.
  intros Hv. pose proof (eq_7_66 n (W y) v (b y) Hv) as E. apply exp_inv in E.
  unfold summed_logit, logits. rewrite <- E, <- Rmult_assoc, Rinv_r, Rmult_1_l; [reflexivity |].
  apply pow_nonzero; lra.
Qed.

Theorem dyadic k n W b v y y' :
  length v = n ->
  product_of_models k n W b v y * Rpower 2 (summed_logit n W b v y')
  = product_of_models k n W b v y' * Rpower 2 (summed_logit n W b v y).
Proof.
  intros Hv. unfold product_of_models, softmax_base_2, normalise.
  rewrite !prod_div, !prod_Rpower, !sum_of_logits by exact Hv. unfold Rdiv. rring.
Qed.
