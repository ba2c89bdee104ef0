(* Outputs whose log-probability is linear in a natural parameter, and Gaussian outputs.

   The geometric mean of members of one exponential family is proportional to the member at
   the mean natural parameter.  The labels y may be of any kind, so proportional is a
   constant c > 0 that does not depend on y. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles.
Import ListNotations.

(* h y exp(theta t(y) - A(theta)): base measure h, sufficient statistic t, log-partition A. *)
Definition member {Y} (h t : Y -> R) (A : R -> R) (theta : R) (y : Y) : R :=
  h y * exp (theta * t y - A theta).

Definition proportional {Y} (f g : Y -> R) : Prop := exists c, 0 < c /\ forall y, f y = c * g y.

Theorem canonical_link {X Y} (L : law Rring X) (h t : Y -> R) A (theta : X -> R) :
  mass L = 1 -> (forall y, 0 < h y) ->
  proportional (fun y => geo L (fun m => member h t A (theta m) y)) (member h t A (mean L theta)).
Proof.
  intros HL Hh. exists (exp (A (mean L theta) - mean L (fun m => A (theta m)))).
  split; [apply exp_pos |]. intros y. rewrite geo_exp. unfold member.
  rewrite (Rmean_ext L _ (fun m => ln (h y) + (t y * theta m - A (theta m)))).
  2: { intros. rewrite ln_mult, ln_exp by auto using exp_pos. rring. }
  rewrite Rmean_add, Rmean_const, Rmean_sub, Rmean_mul by exact HL. real.
  rewrite exp_plus, exp_ln by auto.
  transitivity (h y * (exp (A (mean L theta) - mean L (fun m => A (theta m)))
                       * exp (mean L theta * t y - A (mean L theta)))); [| rring].
  rewrite <- exp_plus. do 2 f_equal. rring.
Qed.

(* With finitely many labels, renormalising removes the constant. *)
Theorem canonical_link_normalised {X} k (L : law Rring X) (h t : nat -> R) A (theta : X -> R) y :
  mass L = 1 -> (forall y, 0 < h y) ->
  NGM k L (fun m => member h t A (theta m)) y = normalise k (member h t A (mean L theta)) y.
Proof.
  intros HL Hh. destruct (canonical_link L h t A theta HL Hh) as (c & Hc & H).
  rewrite <- (normalise_scale k c) by lra. unfold NGM, normalise.
  now rewrite H, (total_ext k _ _ (fun y _ => H y)).
Qed.

(* --- Poisson: the rate of the geometric mean is the geometric mean of the rates --- *)

Definition poisson (rate : R) (y : nat) : R := rate ^ y * exp (- rate) / INR (fact y).

Theorem poisson_geo {X} (L : law Rring X) (rate : X -> R) :
  mass L = 1 -> (forall m, 0 < rate m) ->
  proportional (fun y => geo L (fun m => poisson (rate m) y)) (poisson (geo L rate)).
Proof.
  intros HL Hr.
  assert (Hm : forall r y, 0 < r -> poisson r y = member (fun y => / INR (fact y)) INR exp (ln r) y).
  { intros r y H. unfold poisson, member, Rdiv.
    replace (r ^ y) with (exp (ln r * INR y)) by (rewrite Rmult_comm; fold (Rpower r (INR y)); now apply Rpower_pow).
    rewrite exp_ln by exact H. unfold Rminus; rewrite exp_plus. rring. }
  assert (Hf : forall y, 0 < / INR (fact y)) by (intros; apply Rinv_0_lt_compat, INR_fact_lt_0).
  destruct (canonical_link L (fun y => / INR (fact y)) INR exp (fun m => ln (rate m)) HL Hf)
    as (c & Hc & H).
  exists c; split; [exact Hc |]. intros y.
  rewrite (geo_ext L _ _ (fun m => Hm (rate m) y (Hr m))), H. f_equal.
  rewrite Hm by apply geo_pos. now rewrite geo_exp, ln_exp.
Qed.

(* Rates 1 and 4, half each: the NGM has rate 2, the mean of the rates is 2.5. *)
Theorem poisson_fixture :
  let L : law Rring R := [(/ 2, 1); (/ 2, 4)] in
  geo L (fun r => r) = 2 /\ mean L (fun r => r) = 5 / 2.
Proof.
  split; [| unfold mean; simpl; real; lra].
  unfold geo; simpl. rewrite !Rpower_sqrt by lra. rewrite sqrt_1.
  replace 4 with (2 * 2) by rring. rewrite sqrt_square by lra. rring.
Qed.

(* --- Gaussian outputs --- *)

(* Density at y of the normal law with mean m and variance s2. *)
Definition gaussian (m s2 y : R) : R := / sqrt (2 * PI * s2) * exp (- (y - m) ^ 2 / (2 * s2)).

Lemma gaussian_pos m s2 y : 0 < s2 -> 0 < gaussian m s2 y.
Proof.
  intros H. apply Rmult_lt_0_compat; [| apply exp_pos].
  apply Rinv_0_lt_compat, sqrt_lt_R0. pose proof PI_RGT_0. apply Rmult_lt_0_compat; lra.
Qed.

Lemma ln_gaussian m s2 y :
  0 < s2 -> ln (gaussian m s2 y) = ln (/ sqrt (2 * PI * s2)) + - (y - m) ^ 2 / (2 * s2).
Proof.
  intros H. unfold gaussian. rewrite ln_mult, ln_exp; [rring | | apply exp_pos].
  apply Rinv_0_lt_compat, sqrt_lt_R0. pose proof PI_RGT_0. apply Rmult_lt_0_compat; lra.
Qed.

(* Variance of the sub-models' means. *)
Definition variance {X} (L : law Rring X) (f : X -> R) : R := mean L (fun m => (f m - mean L f) ^ 2).

(* A common variance: the geometric mean is the Gaussian at the mean of the means, times a
   constant below 1 that measures how far the sub-models disagree. *)
Theorem gaussian_common_variance {X} (L : law Rring X) (m : X -> R) s2 y :
  mass L = 1 -> 0 < s2 ->
  geo L (fun x => gaussian (m x) s2 y)
  = exp (- variance L m / (2 * s2)) * gaussian (mean L m) s2 y.
Proof.
  intros HL Hs. rewrite geo_exp.
  rewrite (Rmean_ext L _ (fun x => ln (/ sqrt (2 * PI * s2)) + / (2 * s2) *
      (- (y - mean L m) ^ 2 + ((2 * (y - mean L m)) * (m x - mean L m) + -1 * (m x - mean L m) ^ 2)))).
  2: { intros x. rewrite ln_gaussian by exact Hs. f_equal. rfield; lra. }
  rewrite Rmean_add, Rmean_mul, !Rmean_add, !Rmean_mul, Rmean_sub, !Rmean_const by exact HL.
  unfold variance, gaussian. real. rewrite exp_plus, exp_ln.
  - rewrite (Rmult_comm (exp (- _ / _))), (Rmult_assoc (/ _)), <- exp_plus.
    do 2 f_equal. rfield; lra.
  - apply Rinv_0_lt_compat, sqrt_lt_R0. pose proof PI_RGT_0. apply Rmult_lt_0_compat; lra.
Qed.

(* Different variances: means 0 and 2, variances 1 and 4, half each.  The NGM has mean 0.4
   and variance 1.6 ... *)
Definition two_gaussians (y : R) : R :=
  geo (X := R * R) [(/ 2, (0, 1)); (/ 2, (2, 4))] (fun g => gaussian (fst g) (snd g) y).

Lemma ln_two_gaussians y :
  ln (two_gaussians y) = / 2 * (ln (gaussian 0 1 y) + ln (gaussian 2 4 y)).
Proof. unfold two_gaussians; rewrite geo_exp, ln_exp; unfold mean; simpl; real; lra. Qed.

Theorem gaussian_different_variances : proportional two_gaussians (gaussian (2 / 5) (8 / 5)).
Proof.
  exists (exp (ln (two_gaussians 0) - ln (gaussian (2 / 5) (8 / 5) 0))); split; [apply exp_pos |].
  intros y. assert (Hg : 0 < gaussian (2 / 5) (8 / 5) y) by (apply gaussian_pos; lra).
  rewrite <- (exp_ln (two_gaussians y)) by apply geo_pos.
  rewrite <- (exp_ln (gaussian (2 / 5) (8 / 5) y)) at 1 by exact Hg.
  rewrite <- exp_plus; f_equal. rewrite !ln_two_gaussians, !ln_gaussian by lra. rfield.
Qed.

(* ... so it is no Gaussian at the mean of the means, which is 1. *)
Theorem gaussian_different_variances_not_mean :
  forall s2, 0 < s2 -> ~ proportional two_gaussians (gaussian 1 s2).
Proof.
  intros s2 Hs (c & Hc & H).
  (* A Gaussian at 1 has equal densities at 0 and 2. *)
  assert (E : two_gaussians 0 = two_gaussians 2).
  { rewrite !H; unfold gaussian. replace ((0 - 1) ^ 2) with ((2 - 1) ^ 2) by ring. reflexivity. }
  apply (f_equal ln) in E. rewrite !ln_two_gaussians, !ln_gaussian in E by lra. lra.
Qed.
