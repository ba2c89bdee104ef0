(* Weight scaling is exact for softmax regression: the textbook's steps.

   Uniform masks on n inputs, so p = 1/2 and the geometric mean is a 2^n-th root.
   Each equation from 7.60 to 7.66 is a lemma of its own; 7.58 puts them together. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles.
Import ListNotations.

(* The 2^n masks of n units. *)
Fixpoint all_masks (n : nat) : list (list R) :=
  match n with
  | O => [[]]
  | S m => map (cons 0) (all_masks m) ++ map (cons 1) (all_masks m)
  end.

(* The 2^n-th root of a product over all masks, for positive f. *)
Definition root_of_product (n : nat) (f : list R -> R) : R :=
  Rpower (prod (map f (all_masks n))) (/ 2 ^ n).

Section Steps.
Variables (k n : nat) (W : nat -> list R) (b : nat -> R) (v : list R).
Hypothesis some_label : (0 < k)%nat.
Hypothesis shape : length v = n.

(* Eq 7.57: the sub-model of mask d. *)
Definition sub_model (d : list R) : nat -> R := softmax k (logits W b (d ⊙ v)).

(* Eq 7.59: the unnormalised ensemble. *)
Definition unnormalised (y : nat) : R := root_of_product n (fun d => sub_model d y).

Definition numerator (y : nat) (d : list R) : R := exp (dot (W y) (d ⊙ v) + b y).
Definition denominator (d : list R) : R := total k (fun y => numerator y d).

Lemma numerator_pos y d : 0 < numerator y d.
Proof. apply exp_pos. Qed.

Lemma denominator_pos d : 0 < denominator d.
Proof. apply total_pos; auto; intros; apply numerator_pos. Qed.

Lemma prod_pos (f : list R -> R) l : (forall d, 0 < f d) -> 0 < prod (map f l).
Proof.
  intros H; induction l; simpl; real; [lra |]. unfold prod in *; real. now apply Rmult_lt_0_compat.
Qed.

Lemma root_ext f g : (forall d, f d = g d) -> root_of_product n f = root_of_product n g.
Proof. intros H; unfold root_of_product; now rewrite (map_ext f g). Qed.

Lemma root_pos f : 0 < root_of_product n f.
Proof. apply exp_pos. Qed.

Lemma eq_7_61 y :
  unnormalised y = root_of_product n (fun d => softmax k (logits W b (d ⊙ v)) y).
Proof. reflexivity. Qed.

Lemma eq_7_62 y :
  unnormalised y = root_of_product n (fun d => numerator y d / denominator d).
Proof. reflexivity. Qed.

Lemma prod_div (f g : list R -> R) l :
  prod (map (fun d => f d / g d) l) = prod (map f l) / prod (map g l).
Proof.
  unfold prod; induction l as [|d l IH]; simpl; real; [field |]. rewrite IH.
  unfold Rdiv; rewrite Rinv_mult; ring.
Qed.

(* The root of a quotient is the quotient of the roots. *)
Lemma eq_7_63 y :
  unnormalised y = root_of_product n (numerator y) / root_of_product n denominator.
Proof.
  rewrite eq_7_62. unfold root_of_product. rewrite prod_div.
  assert (Hn : 0 < prod (map (numerator y) (all_masks n))) by apply prod_pos, numerator_pos.
  assert (Hd : 0 < prod (map denominator (all_masks n))) by apply prod_pos, denominator_pos.
  unfold Rdiv, Rpower. rewrite ln_mult, ln_Rinv by auto using Rinv_0_lt_compat.
  rewrite Rmult_plus_distr_l, exp_plus; f_equal. rewrite <- exp_Ropp; f_equal; ring.
Qed.

(* The denominator does not depend on the label: proportionality. *)
Lemma eq_7_64 : exists c, 0 < c /\ forall y, unnormalised y = c * root_of_product n (numerator y).
Proof.
  exists (/ root_of_product n denominator); split; [apply Rinv_0_lt_compat, root_pos |].
  intros y; rewrite eq_7_63; unfold Rdiv; ring.
Qed.

Lemma prod_exp (f : list R -> R) l : prod (map (fun d => exp (f d)) l) = exp (sum (map f l)).
Proof.
  unfold prod, sum; induction l; simpl; real; [now rewrite exp_0 | now rewrite IHl, exp_plus].
Qed.

(* The root of a product of exponentials is the exponential of a mean. *)
Lemma eq_7_65 y :
  root_of_product n (numerator y)
  = exp (/ 2 ^ n * sum (map (fun d => dot (W y) (d ⊙ v) + b y) (all_masks n))).
Proof.
  unfold root_of_product, numerator; rewrite prod_exp; unfold Rpower; now rewrite ln_exp.
Qed.

End Steps.

Lemma sum_all_masks_S n (f : list R -> R) :
  sum (map f (all_masks (S n)))
  = sum (map (fun d => f (0 :: d)) (all_masks n)) + sum (map (fun d => f (1 :: d)) (all_masks n)).
Proof. simpl; now rewrite map_app, sum_app, !map_map. Qed.

(* The uniform law is dropout with keep probability 1/2. *)
Lemma uniform_is_half n (f : list R -> R) :
  / 2 ^ n * sum (map f (all_masks n)) = mean (bernoulli (repeat (/ 2) n)) f.
Proof.
  revert f; induction n as [|n IH]; intros f.
  - simpl; rewrite mean_bernoulli_nil; unfold sum; simpl; real; field.
  - simpl repeat; rewrite mean_bernoulli_cons, <- !IH, sum_all_masks_S; real.
    simpl; field. apply pow_nonzero; lra.
Qed.

(* The mean logit has half the weights: the bias is not scaled. *)
Lemma eq_7_66 n (w v : list R) (b : R) :
  length v = n ->
  exp (/ 2 ^ n * sum (map (fun d => dot w (d ⊙ v) + b) (all_masks n))) = exp (/ 2 * dot w v + b).
Proof.
  intros <-; f_equal. rewrite uniform_is_half, Rmean_add, Rmean_const by apply mass_bernoulli.
  f_equal. rewrite mean_linear_unit, mean_mask_bernoulli.
  assert (H : repeat (/ 2) (length v) ⊙ v = scale (K := Rring) (/ 2) v).
  { clear; induction v; simpl; congruence. }
  rewrite H. rewrite dot_comm. etransitivity; [apply (dot_scale (K := Rring)) |].
  now rewrite dot_comm.
Qed.

(* Eq 7.58, the claim: renormalised, the ensemble is the network with weights W/2. *)
Theorem softmax_uniform k n W b v :
  (0 < k)%nat -> length v = n -> forall y, (y < k)%nat ->
  normalise k (unnormalised k n W b v) y = softmax k (fun y => / 2 * dot (W y) v + b y) y.
Proof.
  intros Hk Hv y Hy. destruct (eq_7_64 k n W b v Hk) as (c & Hc & H).
  rewrite (normalise_ext k _ (fun y => c * root_of_product n (numerator W b v y))) by auto.
  rewrite normalise_scale by lra. apply normalise_ext; auto.
  intros; rewrite eq_7_65. now apply eq_7_66.
Qed.
