(* The disagreement R of the decomposition is 0 exactly when all sub-models agree. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles Decomposition RidgeMinimiser.
Import ListNotations.

(* Sub-models of positive weight give the same probabilities, and so does the NGM. *)
Definition all_agree {X} k (L : law Rring X) (P : X -> nat -> R) : Prop :=
  forall w m, In (w, m) L -> 0 < w -> forall y, (y < k)%nat -> P m y = NGM k L P y.

Lemma mean_zero_all {X} (L : law Rring X) f :
  nonnegative L -> (forall x, 0 <= f x) -> mean L f <= 0 ->
  forall w x, In (w, x) L -> 0 < w -> f x = 0.
Proof.
  intros Hw Hf. induction L as [|[v a] L IH]; intros H w x Hin Hpos; [easy |].
  rewrite mean_cons in H; real.
  assert (Hv : 0 <= v) by (apply (Hw v a); now left).
  assert (HwL : nonnegative L) by (intros u b Hb; apply (Hw u b); now right).
  assert (Ht : 0 <= mean L f).
  { assert (H0 : mean L (fun _ => 0 * 0) <= mean L f)
      by (apply mean_le; [exact HwL | intros; rewrite Rmult_0_l; apply Hf]).
    rewrite Rmean_mul, Rmult_0_l in H0. exact H0. }
  assert (0 <= v * f a) by now apply Rmult_le_pos.
  destruct Hin as [E | Hin].
  - inversion E; subst. assert (w * f x = 0) by lra. apply Rmult_integral in H1. lra.
  - apply (IH HwL) with (w := w); auto; lra.
Qed.

(* Equality in the inequality of the means: f is constant where the weight is positive. *)
Lemma geo_eq_mean {X} (L : law Rring X) f :
  probability L -> (forall x, 0 < f x) -> mean L f <= geo L f ->
  forall w x, In (w, x) L -> 0 < w -> f x = geo L f.
Proof.
  intros [Hw HL] Hf H w x Hin Hpos. rewrite geo_exp in *. set (c := mean L (fun x => ln (f x))) in *.
  set (gap := fun x => exp (ln (f x) - c) - (1 + (ln (f x) - c))).
  assert (Hgap : forall x, 0 <= gap x) by (intros a; unfold gap; pose proof (exp_ineq1_le (ln (f a) - c)); lra).
  assert (Hmean : mean L gap <= 0).
  { unfold gap. rewrite Rmean_sub, Rmean_add, Rmean_sub, !Rmean_const by exact HL. fold c.
    rewrite (Rmean_ext L _ (fun x => / exp c * f x)).
    - rewrite Rmean_mul. pose proof (exp_pos c). real.
      assert (/ exp c * mean L f <= / exp c * exp c)
        by (apply Rmult_le_compat_l; [left; now apply Rinv_0_lt_compat | exact H]).
      rewrite Rinv_l in H1 by lra. lra.
    - intros a. unfold Rminus; rewrite exp_plus, exp_Ropp, exp_ln by apply Hf. ring. }
  pose proof (mean_zero_all L gap Hw Hgap Hmean w x Hin Hpos) as Hz. unfold gap in Hz.
  destruct (Req_dec (ln (f x) - c) 0) as [E | E].
  - rewrite <- (exp_ln (f x)) by apply Hf. f_equal; lra.
  - pose proof (exp_ineq1 _ E). lra.
Qed.

Theorem disagreement_zero {X} k (L : law Rring X) P :
  (0 < k)%nat -> probability L -> (forall m, distribution k (P m)) ->
  disagreement k L P = 0 <-> all_agree k L P.
Proof.
  intros Hk HL HP. assert (Hpos : forall m y, (y < k)%nat -> 0 < P m y) by (intros; now apply HP).
  split.
  - intros HR w m Hin Hw y Hy.
    assert (HT : geo_total k L P = 1).
    { unfold disagreement in HR. apply ln_inv; [now apply geo_total_pos | lra | rewrite ln_1; lra]. }
    assert (HAM : total k (AM L P) = 1) by (apply total_AM; [apply HL | intros; apply HP]).
    assert (Hz : forall y, (y < k)%nat -> AM L P y - geo L (fun m => P m y) = 0).
    { apply total_zero_all.
      - intros i Hi. assert (geo L (fun m => P m i) <= AM L P i) by (apply geo_le_mean; auto). lra.
      - rewrite (total_ext k _ (fun y => AM L P y + -1 * geo L (fun m => P m y))) by (intros; ring).
        rewrite total_add, total_scale, HAM. fold (geo_total k L P). rewrite HT. lra. }
    unfold NGM, normalise. fold (geo_total k L P). rewrite HT. unfold Rdiv; rewrite Rinv_1, Rmult_1_r.
    apply (geo_eq_mean L (fun m => P m y) HL) with (w := w); auto.
    specialize (Hz y Hy). unfold AM in Hz. lra.
  - intros HA. destruct (NGM_closest k L P Hk (proj2 HL) HP) as [<- _].
    assert (Hm : forall w m, In (w, m) L -> w * KL k (NGM k L P) (P m) = 0).
    { intros w m Hin. destruct (Req_dec w 0) as [-> | Hw]; [ring |].
      assert (0 < w) by (pose proof (proj1 HL w m Hin); lra).
      unfold KL. rewrite (total_ext k _ (fun _ => 0 * 0)).
      - rewrite total_scale; ring.
      - intros y Hy. rewrite (HA w m Hin H y Hy). ring. }
    unfold mean. replace 0 with (sum (map (fun _ : R * X => 0) L)) by apply (@sum_map_zero Rring).
    apply (@sum_map_ext Rring). intros [w m] Hin. exact (Hm w m Hin).
Qed.
