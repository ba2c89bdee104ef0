(* The mean log-loss of the sub-models, against the log-loss of their two means.

   For any network and any head: E[-log p_m(y)] = -log NGM(y) + R, where R >= 0 does not
   depend on the label.  R is the mean divergence of the sub-models from their NGM. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles.
Import ListNotations.

(* Total mass of the unnormalised geometric mean, and the disagreement R = -log of it. *)
Definition geo_total {X} k (L : law Rring X) (P : X -> nat -> R) : R :=
  total k (fun y => geo L (fun m => P m y)).
Definition disagreement {X} k (L : law Rring X) (P : X -> nat -> R) : R := - ln (geo_total k L P).

Definition KL (k : nat) (q r : nat -> R) : R := total k (fun y => q y * (ln (q y) - ln (r y))).

(* L is a probability law. *)
Definition probability {X} (L : law Rring X) : Prop := nonnegative L /\ mass L = 1.

(* --- Jensen's inequality for exp, from 1 + u <= exp u --- *)

Lemma exp_mean_le {X} (L : law Rring X) g : probability L -> exp (mean L g) <= mean L (fun x => exp (g x)).
Proof.
  intros [Hw HL]. set (c := mean L g). pose proof (exp_pos c) as Hc.
  rewrite (Rmean_ext L (fun x => exp (g x)) (fun x => exp c * exp (g x - c))).
  2: { intros; rewrite <- exp_plus; f_equal; rring. }
  rewrite Rmean_mul. rewrite <- (Rmult_1_r (exp c)) at 1.
  apply Rmult_le_compat_l; [lra |].
  apply Rle_trans with (mean L (fun x => 1 + (g x - c))).
  - rewrite Rmean_add, Rmean_sub, !Rmean_const by exact HL. fold c. real; lra.
  - apply mean_le; auto. intros x. apply exp_ineq1_le.
Qed.

(* The inequality of the arithmetic and geometric means. *)
Theorem geo_le_mean {X} (L : law Rring X) f :
  probability L -> (forall x, 0 < f x) -> geo L f <= mean L f.
Proof.
  intros HL Hf. rewrite geo_exp. eapply Rle_trans; [now apply exp_mean_le |].
  right; apply Rmean_ext; intros; now apply exp_ln.
Qed.

Theorem jensen_AM {X} k (L : law Rring X) P y :
  probability L -> (forall m, distribution k (P m)) -> (y < k)%nat ->
  - ln (AM L P y) <= mean L (fun m => - ln (P m y)).
Proof.
  intros HL HP Hy. assert (Hpos : forall m, 0 < P m y) by (intros; now apply HP).
  rewrite (Rmean_ext L _ (fun m => -1 * ln (P m y))) by (intros; rring). rewrite Rmean_mul.
  pose proof (geo_le_mean L (fun m => P m y) HL Hpos) as H.
  pose proof (geo_pos L (fun m => P m y)) as Hg. unfold AM.
  assert (ln (geo L (fun m => P m y)) <= ln (mean L (fun m => P m y))).
  { destruct H as [H | H]; [left; now apply ln_increasing | right; now rewrite H]. }
  rewrite geo_exp, ln_exp in H0. real; lra.
Qed.

(* --- the decomposition --- *)

Lemma geo_total_pos {X} k (L : law Rring X) P : (0 < k)%nat -> 0 < geo_total k L P.
Proof. intros; apply total_pos; auto; intros; apply geo_pos. Qed.

Lemma ln_NGM {X} k (L : law Rring X) P y :
  (0 < k)%nat -> ln (NGM k L P y) = mean L (fun m => ln (P m y)) + disagreement k L P.
Proof.
  intros Hk. unfold NGM, normalise, disagreement. fold (geo_total k L P).
  pose proof (geo_total_pos k L P Hk) as HT.
  unfold Rdiv. rewrite ln_mult, ln_Rinv by auto using geo_pos, Rinv_0_lt_compat.
  now rewrite geo_exp, ln_exp.
Qed.

Theorem log_loss_decomposition {X} k (L : law Rring X) P y :
  (forall m, distribution k (P m)) -> (y < k)%nat ->
  mean L (fun m => - ln (P m y)) = - ln (NGM k L P y) + disagreement k L P.
Proof.
  intros _ Hy. rewrite ln_NGM by lia.
  rewrite (Rmean_ext L _ (fun m => -1 * ln (P m y))) by (intros; rring).
  rewrite Rmean_mul; rring.
Qed.

Lemma total_AM {X} k (L : law Rring X) P :
  mass L = 1 -> (forall m, total k (P m) = 1) -> total k (AM L P) = 1.
Proof.
  intros HL HP. unfold AM, total. rewrite <- (mean_sum_to (K := Rring) L k P).
  rewrite <- (Rmean_const L 1 HL). apply Rmean_ext; apply HP.
Qed.

Theorem geo_total_le_1 {X} k (L : law Rring X) P :
  probability L -> (forall m, distribution k (P m)) -> geo_total k L P <= 1.
Proof.
  intros HL HP. rewrite <- (total_AM k L P); [| apply HL | intros; apply HP].
  apply total_le; intros y Hy. apply geo_le_mean; auto. intros; now apply HP.
Qed.

Theorem disagreement_nonneg {X} k (L : law Rring X) P :
  (0 < k)%nat -> probability L -> (forall m, distribution k (P m)) -> 0 <= disagreement k L P.
Proof.
  intros Hk HL HP. unfold disagreement. pose proof (geo_total_pos k L P Hk).
  pose proof (geo_total_le_1 k L P HL HP).
  assert (ln (geo_total k L P) <= ln 1).
  { destruct H0 as [H0 | H0]; [left; now apply ln_increasing | right; now rewrite H0]. }
  rewrite ln_1 in H1; lra.
Qed.

Lemma NGM_distribution {X} k (L : law Rring X) P : (0 < k)%nat -> distribution k (NGM k L P).
Proof.
  intros Hk. pose proof (geo_total_pos k L P Hk) as HT. unfold NGM, normalise. split.
  - intros y _. apply Rdiv_lt_0_compat; auto using geo_pos.
  - fold (geo_total k L P). unfold Rdiv.
    rewrite (total_ext k _ (fun y => / geo_total k L P * geo L (fun m => P m y))) by (intros; rring).
    rewrite total_scale; fold (geo_total k L P). apply Rinv_l; lra.
Qed.

(* The mean divergence from the sub-models, for any distribution q in their place. *)
Theorem mean_KL {X} k (L : law Rring X) P q :
  (0 < k)%nat -> mass L = 1 -> total k q = 1 ->
  mean L (fun m => KL k q (P m)) = KL k q (NGM k L P) + disagreement k L P.
Proof.
  intros Hk HL Hq. unfold KL, total.
  rewrite (mean_sum_to (K := Rring) L k (fun m y => q y * (ln (q y) - ln (P m y)))).
  fold (total k (fun y => mean L (fun m => q y * (ln (q y) - ln (P m y))))).
  rewrite (total_ext k _ (fun y => q y * (ln (q y) - ln (NGM k L P y)) + disagreement k L P * q y)).
  - rewrite total_add, total_scale, Hq. unfold total; rring.
  - intros y _. rewrite Rmean_mul, Rmean_sub, Rmean_const, ln_NGM by auto. rring.
Qed.

(* Gibbs' inequality. *)
Lemma KL_nonneg k q r : distribution k q -> distribution k r -> 0 <= KL k q r.
Proof.
  intros [Hq Hq1] [Hr Hr1].
  assert (H : total k (fun y => q y - r y) <= KL k q r).
  { apply total_le; intros y Hy. specialize (Hq y Hy); specialize (Hr y Hy).
    assert (Hu : 1 + (ln (r y) - ln (q y)) <= r y / q y).
    { eapply Rle_trans; [apply exp_ineq1_le |]. right.
      unfold Rminus; rewrite exp_plus, exp_Ropp, !exp_ln by auto. reflexivity. }
    apply (Rmult_le_compat_l (q y)) in Hu; [| lra].
    replace (q y * (r y / q y)) with (r y) in Hu by (rfield; lra). lra. }
  rewrite (total_ext k _ (fun y => q y + -1 * r y)) in H by (intros; rring).
  rewrite total_add, total_scale, Hq1, Hr1 in H. lra.
Qed.

(* The NGM is the distribution that is closest to all sub-models, at mean divergence R. *)
Theorem NGM_closest {X} k (L : law Rring X) P :
  (0 < k)%nat -> mass L = 1 -> (forall m, distribution k (P m)) ->
  mean L (fun m => KL k (NGM k L P) (P m)) = disagreement k L P
  /\ forall q, distribution k q -> disagreement k L P <= mean L (fun m => KL k q (P m)).
Proof.
  intros Hk HL HP. split.
  - rewrite mean_KL by (auto; now apply NGM_distribution). unfold KL.
    rewrite (total_ext k _ (fun y => 0 * 1)) by (intros; rring). rewrite total_scale. rring.
  - intros q Hq. rewrite mean_KL by (auto; apply Hq).
    pose proof (KL_nonneg k q (NGM k L P) Hq (NGM_distribution k L P Hk)). lra.
Qed.

(* --- the penalty of a canonical GLM --- *)

(* A lies above a line through each of its points: a convex function. *)
Definition above_tangents (A : R -> R) : Prop := forall s, exists c, forall t, A s + c * (t - s) <= A t.

Theorem glm_penalty_nonnegative {X} (L : law Rring X) A theta :
  probability L -> above_tangents A -> A (mean L theta) <= mean L (fun m => A (theta m)).
Proof.
  intros [Hw HL] HA. destruct (HA (mean L theta)) as (c & Hc).
  apply Rle_trans with (mean L (fun m => A (mean L theta) + c * (theta m - mean L theta))).
  - right. rewrite Rmean_add, Rmean_mul, Rmean_sub, !Rmean_const by exact HL. rring.
  - apply mean_le; [exact Hw | intros; apply Hc].
Qed.
