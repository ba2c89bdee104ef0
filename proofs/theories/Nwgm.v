(* The normalised weighted geometric mean of a unit's outputs in (0, 1).

   For logistic units it is the output at the mean input, under any law.  Its order against
   the arithmetic mean depends on the side of 1/2; two published statements about it fail. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles Decomposition.
Import ListNotations.

Definition sigmoid (s : R) : R := / (1 + exp (- s)).

(* O is the output under each sub-model, 1 - O its complement. *)
Definition NWGM {X} (L : law Rring X) (O : X -> R) : R :=
  geo L O / (geo L O + geo L (fun x => 1 - O x)).

Definition logit (o : R) : R := ln o - ln (1 - o).

(* --- the logistic function --- *)

Lemma sigmoid_range s : 0 < sigmoid s < 1.
Proof.
  unfold sigmoid. pose proof (exp_pos (- s)). split; [apply Rinv_0_lt_compat; lra |].
  rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
Qed.

Lemma sigmoid_complement s : 1 - sigmoid s = sigmoid (- s).
Proof.
  unfold sigmoid. rewrite Ropp_involutive, exp_Ropp. pose proof (exp_pos s). field. lra.
Qed.

Lemma logit_sigmoid s : logit (sigmoid s) = s.
Proof.
  unfold logit. rewrite sigmoid_complement. unfold sigmoid. rewrite Ropp_involutive.
  pose proof (exp_pos s); pose proof (exp_pos (- s)). rewrite !ln_Rinv by lra.
  replace (1 + exp s) with (exp s * (1 + exp (- s))) by (rewrite exp_Ropp; field; lra).
  rewrite ln_mult, ln_exp by lra. ring.
Qed.

Lemma sigmoid_logit o : 0 < o < 1 -> sigmoid (logit o) = o.
Proof.
  intros H. unfold sigmoid, logit. replace (- (ln o - ln (1 - o))) with (ln (1 - o) + - ln o) by ring.
  rewrite exp_plus, exp_Ropp, !exp_ln by lra. field; lra.
Qed.

Lemma sigmoid_lt s t : s < t -> sigmoid s < sigmoid t.
Proof.
  intros H. unfold sigmoid. pose proof (exp_pos (- s)); pose proof (exp_pos (- t)).
  apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; lra |].
  apply Rplus_lt_compat_l, exp_increasing; lra.
Qed.

Lemma sigmoid_0 : sigmoid 0 = / 2.
Proof. unfold sigmoid. rewrite Ropp_0, exp_0. reflexivity. Qed.

(* --- the identity --- *)

Lemma NWGM_mean_logit {X} (L : law Rring X) O : NWGM L O = sigmoid (mean L (fun x => logit (O x))).
Proof.
  unfold NWGM, sigmoid, logit. rewrite !geo_exp, Rmean_sub. real.
  set (a := mean L _); set (b := mean L _). pose proof (exp_pos a); pose proof (exp_pos b).
  replace (- (a - b)) with (b + - a) by ring. rewrite exp_plus, exp_Ropp. field. lra.
Qed.

Theorem NWGM_logistic {X} (L : law Rring X) S : NWGM L (fun x => sigmoid (S x)) = sigmoid (mean L S).
Proof. rewrite NWGM_mean_logit; f_equal; apply Rmean_ext; intros; apply logit_sigmoid. Qed.

(* --- order --- *)

Definition outputs {X} (O : X -> R) : Prop := forall x, 0 < O x < 1.

Theorem geo_le_NWGM {X} (L : law Rring X) O : probability L -> outputs O -> geo L O <= NWGM L O.
Proof.
  intros HL HO. unfold NWGM. set (h := geo L (fun x => 1 - O x)).
  pose proof (geo_pos L O) as Hg. assert (Hh : 0 < h) by apply geo_pos.
  assert (geo L O <= mean L O) by (apply geo_le_mean; auto; intros; apply HO).
  assert (h <= mean L (fun x => 1 - O x)) by (apply geo_le_mean; auto; intros x; specialize (HO x); lra).
  rewrite Rmean_sub, Rmean_const in H0 by apply HL. real.
  apply (Rmult_le_reg_r (geo L O + h)); [lra |].
  replace (geo L O / (geo L O + h) * (geo L O + h)) with (geo L O) by (field; lra).
  rewrite <- (Rmult_1_r (geo L O)) at 3. apply Rmult_le_compat_l; lra.
Qed.

(* Two inequalities about exp, by monotonicity. *)
Lemma nonneg_derivative_le (f f' : R -> R) :
  (forall x, derivable_pt_lim f x (f' x)) -> (forall x, 0 <= f' x) -> forall x y, x <= y -> f x <= f y.
Proof.
  intros Hf Hf' x y [H | ->]; [| lra].
  destruct (MVT_cor2 f f' x y H (fun c _ => Hf c)) as (c & E & _).
  assert (0 <= f' c * (y - x)) by (apply Rmult_le_pos; [apply Hf' | lra]). lra.
Qed.

(* tanh(u/2) <= u/2 *)
Lemma tanh_le u : 0 <= u -> 2 * (exp u - 1) <= u * (exp u + 1).
Proof.
  intros Hu. set (f := fun u => u * (exp u + 1) - 2 * (exp u - 1)).
  enough (f 0 <= f u) as H by (unfold f in H; rewrite exp_0 in H; lra).
  apply (nonneg_derivative_le f (fun u => 1 + (u - 1) * exp u)); [| | exact Hu].
  - intros x. unfold f.
    replace (1 + (x - 1) * exp x) with ((1 * (exp x + 1) + x * (exp x + 0)) - 2 * (exp x - 0)) by ring.
    apply (derivable_pt_lim_minus (fun u => u * (exp u + 1)) (fun u => 2 * (exp u - 1))).
    + apply (derivable_pt_lim_mult (fun u => u) (fun u => exp u + 1)); [apply derivable_pt_lim_id |].
      apply (derivable_pt_lim_plus exp (fun _ => 1)); [apply derivable_pt_lim_exp | apply derivable_pt_lim_const].
    + apply (derivable_pt_lim_scal (fun u => exp u - 1)).
      apply (derivable_pt_lim_minus exp (fun _ => 1)); [apply derivable_pt_lim_exp | apply derivable_pt_lim_const].
  - intros x. pose proof (exp_ineq1_le (- x)) as H. pose proof (exp_pos x).
    apply (Rmult_le_compat_r (exp x)) in H; [| lra].
    rewrite <- exp_plus, Rplus_opp_l, exp_0 in H. lra.
Qed.

(* t <= sinh t *)
Lemma sinh_ge t : 0 <= t -> 2 * t <= exp t - exp (- t).
Proof.
  intros Ht. set (f := fun t => exp t - exp (- t) - 2 * t).
  enough (f 0 <= f t) as H by (unfold f in H; rewrite Ropp_0, exp_0 in H; lra).
  apply (nonneg_derivative_le f (fun t => exp t - exp (- t) * -1 - 2 * 1)); [| | exact Ht].
  - intros x. unfold f.
    apply (derivable_pt_lim_minus (fun t => exp t - exp (- t)) (fun t => 2 * t)).
    + apply (derivable_pt_lim_minus exp (fun t => exp (- t))); [apply derivable_pt_lim_exp |].
      apply (derivable_pt_lim_comp Ropp exp); [| apply derivable_pt_lim_exp].
      apply (derivable_pt_lim_opp (fun t => t)), derivable_pt_lim_id.
    + apply (derivable_pt_lim_scal (fun t => t)), derivable_pt_lim_id.
  - intros x. pose proof (exp_pos x); pose proof (exp_pos (- x)).
    assert (E : exp x * exp (- x) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    pose proof (Rle_0_sqr (exp x - 1)) as Hs. unfold Rsqr in Hs.
    apply (Rmult_le_reg_l (exp x)); [lra |]. nra.
Qed.

(* On the left of 0 the logistic function is above its tangents. *)
Lemma sigmoid_tangent s s0 :
  s <= 0 -> s0 <= 0 ->
  sigmoid s0 + sigmoid s0 * (1 - sigmoid s0) * (s - s0) <= sigmoid s.
Proof.
  intros Hs Hs0. set (t := s - s0). set (a := exp s0). set (e := exp t).
  assert (Ha : 0 < a) by apply exp_pos. assert (He : 0 < e) by apply exp_pos.
  assert (Ha1 : a <= 1) by (unfold a; rewrite <- exp_0; destruct Hs0 as [? | ->]; [left; now apply exp_increasing | lra]).
  assert (Hae : a * e = exp s) by (unfold a, e, t; rewrite <- exp_plus; f_equal; ring).
  assert (Hae1 : a * e <= 1) by (rewrite Hae, <- exp_0; destruct Hs as [? | ->]; [left; now apply exp_increasing | lra]).
  assert (H0 : sigmoid s0 = a / (1 + a)).
  { unfold sigmoid. rewrite exp_Ropp. fold a. field. lra. }
  assert (H1 : sigmoid s = a * e / (1 + a * e)).
  { unfold sigmoid. rewrite exp_Ropp, <- Hae. assert (0 < a * e) by now apply Rmult_lt_0_compat. field. nra. }
  (* e - 1 >= t (1 + a e) / (1 + a) *)
  assert (Hk : t * (1 + a * e) <= (e - 1) * (1 + a)).
  { destruct (Rle_lt_dec 0 t) as [Ht | Ht].
    - pose proof (sinh_ge t Ht) as H. rewrite exp_Ropp in H. fold e in H.
      assert (H2 : 2 * t * e <= e * e - 1).
      { apply (Rmult_le_compat_r e) in H; [| lra]. rewrite Rmult_minus_distr_r, Rinv_l in H by lra. lra. }
      assert (1 <= e) by (unfold e; rewrite <- exp_0; destruct Ht as [? | <-]; [left; now apply exp_increasing | lra]).
      (* linear in a on [0, 1/e], true at both ends *)
      assert (Hend : t <= e - 1) by (pose proof (exp_ineq1_le t) as Hx; fold e in Hx; lra).
      assert (Hz : 0 <= (1 - a * e) * (e - 1 - t)) by (apply Rmult_le_pos; lra).
      assert (Hw : 0 <= a * (e * e - 1 - 2 * t * e)) by (apply Rmult_le_pos; lra).
      nra.
    - pose proof (tanh_le (- t)) as H. assert (Hu : 0 <= - t) by lra. specialize (H Hu).
      rewrite exp_Ropp in H. fold e in H.
      assert (H2 : 2 * (1 - e) <= - t * (1 + e)).
      { apply (Rmult_le_compat_r e) in H; [| lra].
        replace (2 * (/ e - 1) * e) with (2 * (1 - e)) in H by (field; lra).
        replace (- t * (/ e + 1) * e) with (- t * (1 + e)) in H by (field; lra). exact H. }
      (* linear in a on [0, 1], true at both ends *)
      assert (Hend : t <= e - 1) by (pose proof (exp_ineq1_le t) as Hx; fold e in Hx; lra).
      assert (Hz : 0 <= (1 - a) * (e - 1 - t)) by (apply Rmult_le_pos; lra).
      assert (Hw : 0 <= a * (- t * (1 + e) - 2 * (1 - e))) by (apply Rmult_le_pos; lra).
      nra. }
  rewrite H0, H1. assert (0 < 1 + a * e) by nra.
  apply (Rmult_le_reg_r ((1 + a * e) * ((1 + a) * (1 + a)))); [repeat apply Rmult_lt_0_compat; lra |].
  replace ((a / (1 + a) + a / (1 + a) * (1 - a / (1 + a)) * t) * ((1 + a * e) * ((1 + a) * (1 + a))))
    with (a * ((1 + a) * (1 + a * e) + t * (1 + a * e))) by (field; lra).
  replace (a * e / (1 + a * e) * ((1 + a * e) * ((1 + a) * (1 + a))))
    with (a * (e * ((1 + a) * (1 + a)))) by (field; lra).
  apply Rmult_le_compat_l; [lra |]. nra.
Qed.

(* All outputs at most 1/2: the NWGM is at most the mean (Ky Fan's inequality). *)
Theorem NWGM_le_mean {X} (L : law Rring X) O :
  probability L -> (forall x, 0 < O x <= / 2) -> NWGM L O <= mean L O.
Proof.
  intros HL HO. rewrite NWGM_mean_logit. set (s0 := mean L _).
  assert (HS : forall x, logit (O x) <= 0).
  { intros x. unfold logit. specialize (HO x). destruct (Req_dec (O x) (/ 2)) as [E | E].
    - rewrite E. replace (1 - / 2) with (/ 2) by field. lra.
    - assert (ln (O x) < ln (1 - O x)) by (apply ln_increasing; lra). lra. }
  assert (Hs0 : s0 <= 0).
  { unfold s0. rewrite <- (Rmean_const L 0) by apply HL. apply mean_le; [apply HL | exact HS]. }
  apply Rle_trans with (mean L (fun x => sigmoid s0 + sigmoid s0 * (1 - sigmoid s0) * (logit (O x) - s0))).
  - right. rewrite Rmean_add, Rmean_mul, Rmean_sub, !Rmean_const by apply HL. fold s0. rring.
  - apply mean_le; [apply HL |]. intros x. rewrite <- (sigmoid_logit (O x)) at 2 by (specialize (HO x); lra).
    now apply sigmoid_tangent.
Qed.

Theorem NWGM_ge_mean {X} (L : law Rring X) O :
  probability L -> (forall x, / 2 <= O x < 1) -> mean L O <= NWGM L O.
Proof.
  intros HL HO.
  assert (H : NWGM L (fun x => 1 - O x) <= mean L (fun x => 1 - O x)).
  { apply NWGM_le_mean; auto. intros x; specialize (HO x); lra. }
  rewrite Rmean_sub, Rmean_const in H by apply HL.
  assert (E : NWGM L (fun x => 1 - O x) = 1 - NWGM L O).
  { unfold NWGM. rewrite (geo_ext L (fun x => 1 - (1 - O x)) O) by (intros; ring).
    pose proof (geo_pos L O); pose proof (geo_pos L (fun x => 1 - O x)). field. lra. }
  rewrite E in H. real. lra.
Qed.

(* --- two published statements that fail, on outputs 1/2 and 10000/10001, half each --- *)

Definition fixture : law Rring R := [(/ 2, / 2); (/ 2, 10000 / 10001)].

Lemma fixture_mean f : mean fixture f = / 2 * f (/ 2) + / 2 * f (10000 / 10001).
Proof. unfold mean, fixture; simpl; real; ring. Qed.

Lemma fixture_NWGM : NWGM fixture (fun o => o) = 100 / 101.
Proof.
  unfold NWGM, geo, fixture; simpl. rewrite !Rpower_sqrt by lra.
  replace (1 - / 2) with (/ 2) by field.
  replace (1 - 10000 / 10001) with (/ 10001) by field.
  replace (10000 / 10001) with (100 * 100 * / 10001) by field.
  rewrite sqrt_mult, sqrt_square by lra.
  assert (0 < sqrt (/ 2)) by (apply sqrt_lt_R0; lra).
  assert (0 < sqrt (/ 10001)) by (apply sqrt_lt_R0; lra).
  field. repeat split; nra.
Qed.

(* |E - NWGM| <= 2 E (1 - E) |1 - 2 E| *)
Theorem published_bound_false :
  let E := mean fixture (fun o => o) in
  2 * E * (1 - E) * Rabs (1 - 2 * E) < Rabs (E - NWGM fixture (fun o => o)).
Proof.
  cbv zeta. rewrite fixture_NWGM, fixture_mean. cbv beta.
  rewrite !Rabs_left by lra. lra.
Qed.

(* The squared error of the NWGM is at most the mean squared error (target 0). *)
Theorem published_convexity_false :
  mean fixture (fun o => (o - 0) ^ 2) < (NWGM fixture (fun o => o) - 0) ^ 2.
Proof. rewrite fixture_NWGM, fixture_mean. lra. Qed.

(* --- for cross-entropy the published statement is true, with any target in [0, 1] --- *)

Definition cross_entropy (t o : R) : R := - (t * ln o + (1 - t) * ln (1 - o)).

Theorem NWGM_cross_entropy {X} (L : law Rring X) O t :
  probability L -> outputs O -> 0 <= t <= 1 ->
  cross_entropy t (NWGM L O) <= mean L (fun x => cross_entropy t (O x)).
Proof.
  intros HL HO Ht. set (g := geo L O). set (h := geo L (fun x => 1 - O x)).
  assert (Hg : 0 < g) by apply geo_pos. assert (Hh : 0 < h) by apply geo_pos.
  assert (Hgh : g + h <= 1).
  { assert (g <= mean L O) by (apply geo_le_mean; auto; intros; apply HO).
    assert (Hc : h <= mean L (fun x => 1 - O x)) by (apply geo_le_mean; auto; intros x; specialize (HO x); lra).
    rewrite Rmean_sub, Rmean_const in Hc by apply HL. real; lra. }
  assert (Hln : ln (g + h) <= 0).
  { rewrite <- ln_1. destruct Hgh as [Hgh | ->]; [left; apply ln_increasing; lra | lra]. }
  assert (Lg : ln g = mean L (fun x => ln (O x))) by (unfold g; now rewrite geo_exp, ln_exp).
  assert (Lh : ln h = mean L (fun x => ln (1 - O x))) by (unfold h; now rewrite geo_exp, ln_exp).
  assert (E1 : ln (NWGM L O) = mean L (fun x => ln (O x)) - ln (g + h)).
  { unfold NWGM, Rdiv. fold g h. rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; lra).
    rewrite Lg. real; ring. }
  assert (E2 : ln (1 - NWGM L O) = mean L (fun x => ln (1 - O x)) - ln (g + h)).
  { unfold NWGM. fold g h. replace (1 - g / (g + h)) with (h * / (g + h)) by (field; lra).
    rewrite ln_mult, ln_Rinv by (try apply Rinv_0_lt_compat; lra).
    rewrite Lh. real; ring. }
  unfold cross_entropy. rewrite E1, E2.
  rewrite (Rmean_ext L (fun x => - (t * ln (O x) + (1 - t) * ln (1 - O x)))
             (fun x => (- t) * ln (O x) + (- (1 - t)) * ln (1 - O x))) by (intros; ring).
  rewrite Rmean_add, !Rmean_mul. real. lra.
Qed.
