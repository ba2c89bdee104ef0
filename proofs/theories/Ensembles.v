(* The three predictors of an ensemble, and softmax.

   Labels are the numbers 0, ..., k-1, a distribution over them is a function nat -> R,
   and P m y is the probability that sub-model m gives to label y. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer.
Import ListNotations.

Definition total (k : nat) (g : nat -> R) : R := sum_to k g.
Definition normalise (k : nat) (g : nat -> R) (y : nat) : R := g y / total k g.

(* Weighted geometric mean: the product of f(m) to the power weight(m).
   Rpower x a is exp (a ln x), which is x^a for positive x and junk at 0. *)
Definition geo {X} (L : law Rring X) (f : X -> R) : R :=
  fold_right Rmult 1 (map (fun o => Rpower (f (snd o)) (fst o)) L).

(* Arithmetic mean (eq 7.53) and normalised geometric mean (eqs 7.54, 7.55). *)
Definition AM {X} (L : law Rring X) (P : X -> nat -> R) (y : nat) : R := mean L (fun m => P m y).
Definition NGM {X} (k : nat) (L : law Rring X) (P : X -> nat -> R) : nat -> R :=
  normalise k (fun y => geo L (fun m => P m y)).

Definition softmax (k : nat) (z : nat -> R) : nat -> R := normalise k (fun y => exp (z y)).

(* Logits of softmax regression: W y is the weight row of label y, b y its bias. *)
Definition logits (W : nat -> list R) (b : nat -> R) (u : list R) (y : nat) : R := dot (W y) u + b y.

(* P is a distribution over k labels that gives every one of them positive probability. *)
Definition distribution (k : nat) (P : nat -> R) : Prop :=
  (forall y, (y < k)%nat -> 0 < P y) /\ total k P = 1.

(* --- sums over labels --- *)

Lemma total_S k g : total (S k) g = g O + total k (fun y => g (S y)).
Proof. exact (sum_to_S k g). Qed.

Lemma total_ext k (f g : nat -> R) : (forall y, (y < k)%nat -> f y = g y) -> total k f = total k g.
Proof.
  intros H. apply (@sum_map_ext Rring). intros y Hy. apply in_seq in Hy. apply H; lia.
Qed.

Lemma total_scale k c g : total k (fun y => c * g y) = c * total k g.
Proof. exact (sum_to_mul k c g). Qed.

Lemma total_add k f g : total k (fun y => f y + g y) = total k f + total k g.
Proof. exact (sum_to_add k f g). Qed.

Lemma total_le k f g : (forall y, (y < k)%nat -> f y <= g y) -> total k f <= total k g.
Proof.
  revert f g; induction k as [|k IH]; intros f g H.
  - unfold total, sum_to; simpl; lra.
  - rewrite !total_S. apply Rplus_le_compat; [apply H; lia | apply IH; intros; apply H; lia].
Qed.

Lemma total_pos k g : (0 < k)%nat -> (forall y, (y < k)%nat -> 0 < g y) -> 0 < total k g.
Proof.
  revert g; induction k as [|k IH]; intros g Hk H; [lia |].
  rewrite total_S. pose proof (H O Hk).
  destruct k as [|k]; [unfold total, sum_to; simpl; lra |].
  assert (0 < total (S k) (fun y => g (S y))) by (apply IH; [lia | intros; apply H; lia]).
  lra.
Qed.

(* Factors that do not depend on the label disappear in the normalisation. *)
Lemma normalise_scale k c g y : c <> 0 -> normalise k (fun y => c * g y) y = normalise k g y.
Proof.
  intros Hc. unfold normalise, Rdiv; rewrite total_scale, Rinv_mult.
  transitivity (c * / c * (g y * / total k g)); [ring |]. rewrite Rinv_r by exact Hc. ring.
Qed.

Lemma normalise_ext k f g y :
  (y < k)%nat -> (forall y, (y < k)%nat -> f y = g y) -> normalise k f y = normalise k g y.
Proof. intros Hy H; unfold normalise; now rewrite (total_ext k f g), H. Qed.

(* --- geometric means live in log space --- *)

Lemma geo_exp {X} (L : law Rring X) f : geo L f = exp (mean L (fun x => ln (f x))).
Proof.
  unfold geo, mean, sum. induction L as [|[w x] L IH]; simpl; real; [now rewrite exp_0 |].
  now rewrite IH, exp_plus.
Qed.

Lemma geo_pos {X} (L : law Rring X) f : 0 < geo L f.
Proof. rewrite geo_exp; apply exp_pos. Qed.

Lemma geo_ext {X} (L : law Rring X) f g : (forall x, f x = g x) -> geo L f = geo L g.
Proof. intros H; rewrite !geo_exp; f_equal; apply Rmean_ext; intros; now rewrite H. Qed.

(* --- softmax --- *)

Definition lse (k : nat) (z : nat -> R) : R := ln (total k (fun y => exp (z y))).

Lemma total_exp_pos k z : (0 < k)%nat -> 0 < total k (fun y => exp (z y)).
Proof. intros H; apply total_pos; auto; intros; apply exp_pos. Qed.

Lemma softmax_exp k z y : (0 < k)%nat -> softmax k z y = exp (z y - lse k z).
Proof.
  intros Hk. unfold softmax, normalise, lse, Rminus, Rdiv.
  rewrite exp_plus, exp_Ropp, exp_ln; auto using total_exp_pos.
Qed.

Lemma softmax_ln k z y : (0 < k)%nat -> ln (softmax k z y) = z y - lse k z.
Proof. intros Hk; rewrite softmax_exp, ln_exp; auto. Qed.

Lemma softmax_ext k z z' y :
  (y < k)%nat -> (forall y, (y < k)%nat -> z y = z' y) -> softmax k z y = softmax k z' y.
Proof. intros Hy H; apply normalise_ext; auto; intros; now rewrite H. Qed.

Lemma softmax_distribution k z : (0 < k)%nat -> distribution k (softmax k z).
Proof.
  intros Hk; pose proof (total_exp_pos k z Hk) as Ht. split.
  - intros y _; rewrite softmax_exp; auto using exp_pos.
  - unfold softmax, normalise, Rdiv.
    rewrite (total_ext k _ (fun y => / total k (fun y => exp (z y)) * exp (z y))) by (intros; ring).
    rewrite total_scale. apply Rinv_l; lra.
Qed.

(* The one fact behind every exact case of weight scaling:
   the NGM of softmaxes is the softmax of the mean logits. *)
Lemma NGM_softmax {X} k (L : law Rring X) (z : X -> nat -> R) y :
  (0 < k)%nat ->
  NGM k L (fun m => softmax k (z m)) y = softmax k (fun y => mean L (fun m => z m y)) y.
Proof.
  intros Hk. set (c := exp (- mean L (fun m => lse k (z m)))).
  assert (H : forall y, geo L (fun m => softmax k (z m) y) = c * exp (mean L (fun m => z m y))).
  { clear y; intros y. unfold c; rewrite geo_exp, <- exp_plus; f_equal.
    rewrite (Rmean_ext L _ (fun m => z m y - lse k (z m))) by (intros; now apply softmax_ln).
    rewrite Rmean_sub; real; ring. }
  unfold softmax at 2. rewrite <- (normalise_scale k c) by apply Rgt_not_eq, exp_pos.
  unfold NGM, normalise. now rewrite H, (total_ext k _ _ (fun y _ => H y)).
Qed.
