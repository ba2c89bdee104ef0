(* Rectified linear units: where weight scaling fails, by how much, and where it is exact. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles Decomposition Nwgm.
Import ListNotations.

Definition relu (x : R) : R := Rmax 0 x.

Lemma relu_pos x : 0 <= x -> relu x = x.
Proof. intros; unfold relu; apply Rmax_right; lra. Qed.

Lemma relu_neg x : x <= 0 -> relu x = 0.
Proof. intros; unfold relu; apply Rmax_left; lra. Qed.

(* The smallest network for which weight scaling fails: one unit, two masked inputs. *)
Definition and_unit (d : list R) : R := relu (dot [1; 1] d - 1).
Definition half_half : list R := [/ 2; / 2].

Lemma mean_half_half (f : list R -> R) :
  mean (bernoulli half_half) f = / 4 * (f [0; 0] + f [0; 1] + f [1; 0] + f [1; 1]).
Proof. unfold half_half. rewrite !mean_bernoulli_cons, !mean_bernoulli_nil. rfield. Qed.

Lemma and_unit_values :
  and_unit [0; 0] = 0 /\ and_unit [0; 1] = 0 /\ and_unit [1; 0] = 0 /\ and_unit [1; 1] = 1
  /\ and_unit half_half = 0.
Proof.
  unfold and_unit, half_half, dot, sum; simpl; real.
  repeat split; (rewrite relu_neg by lra; reflexivity) || (rewrite relu_pos by lra; ring).
Qed.

Ltac and_unit :=
  rewrite ?mean_half_half; cbv beta; destruct and_unit_values as (-> & -> & -> & -> & ->).

Theorem relu_mean_differs :
  mean (bernoulli half_half) and_unit = / 4 /\ and_unit half_half = 0.
Proof. rewrite mean_half_half. and_unit. split; lra. Qed.

(* As a logit 4 h - 1/2 the NGM (here of a binary output) says 1, weight scaling says 0. *)
Theorem relu_decision_differs :
  / 2 < NWGM (bernoulli half_half) (fun d => sigmoid (4 * and_unit d - / 2))
  /\ sigmoid (4 * and_unit half_half - / 2) < / 2.
Proof.
  rewrite NWGM_logistic. and_unit. split.
  - apply Rle_lt_trans with (sigmoid 0); [rewrite sigmoid_0 | apply sigmoid_lt]; lra.
  - apply Rlt_le_trans with (sigmoid 0); [apply sigmoid_lt | rewrite sigmoid_0]; lra.
Qed.

(* As a prediction of the target 5, dropout lowers the squared loss: a negative penalty. *)
Theorem negative_penalty :
  mean (bernoulli half_half) (fun d => (and_unit d - 5) ^ 2) = 2275 / 100
  /\ (and_unit half_half - 5) ^ 2 = 25.
Proof. and_unit. split; lra. Qed.

(* --- bounds --- *)

Lemma mean_Rabs {X} (L : law Rring X) S : probability L -> Rabs (mean L S) <= mean L (fun x => Rabs (S x)).
Proof.
  intros HL. apply Rabs_le; split.
  - rewrite <- (Rmult_1_l (mean L (fun x => Rabs (S x)))), Ropp_mult_distr_l, <- Rmean_mul.
    apply mean_le; [apply HL |]. intros x. pose proof (Rle_abs (- S x)). rewrite Rabs_Ropp in H. lra.
  - apply mean_le; [apply HL |]. intros; apply Rle_abs.
Qed.

Lemma relu_abs x : relu x = / 2 * (x + Rabs x).
Proof.
  destruct (Rle_lt_dec 0 x).
  - rewrite relu_pos, Rabs_pos_eq by lra. lra.
  - rewrite relu_neg, Rabs_left by lra. lra.
Qed.

Theorem relu_gap {X} (L : law Rring X) S :
  probability L ->
  0 <= mean L (fun x => relu (S x)) - relu (mean L S) <= / 2 * mean L (fun x => Rabs (S x - mean L S)).
Proof.
  intros HL. rewrite (Rmean_ext L _ (fun x => / 2 * (S x + Rabs (S x)))) by (intros; apply relu_abs).
  rewrite relu_abs, Rmean_mul, Rmean_add. pose proof (mean_Rabs L S HL). split; [real; lra |].
  assert (mean L (fun x => Rabs (S x)) <= mean L (fun x => Rabs (S x - mean L S) + Rabs (mean L S))).
  { apply mean_le; [apply HL |]. intros x. pose proof (Rabs_triang (S x - mean L S) (mean L S)).
    replace (S x - mean L S + mean L S) with (S x) in H0 by ring. exact H0. }
  rewrite Rmean_add, Rmean_const in H0 by apply HL. real. lra.
Qed.

(* --- one activation pattern under every mask: exact --- *)

(* A hidden unit is (output weight, (input weights, bias)). *)
Definition relu_net (H : list (R * (list R * R))) (c : R) (x m : list R) : R :=
  sum (map (fun h => fst h * relu (dot (fst (snd h)) (m ⊙ x) + snd (snd h))) H) + c.

Definition same_sign (L : law Rring (list R)) (S : list R -> R) : Prop :=
  (forall w m, In (w, m) L -> 0 <= S m) \/ (forall w m, In (w, m) L -> S m <= 0).

Lemma mean_le_in {X} (L : law Rring X) f g :
  nonnegative L -> (forall w x, In (w, x) L -> f x <= g x) -> mean L f <= mean L g.
Proof.
  intros Hw Hfg. induction L as [|[w x] L IH]; [unfold mean; simpl; lra |].
  rewrite !mean_cons. real. assert (0 <= w) by (apply (Hw w x); now left).
  assert (f x <= g x) by (apply (Hfg w); now left).
  apply Rplus_le_compat; [now apply Rmult_le_compat_l |].
  apply IH; [intros v y H'; apply (Hw v y) | intros v y H'; apply (Hfg v y)]; now right.
Qed.

Lemma relu_same_sign L S : probability L -> same_sign L S -> mean L (fun m => relu (S m)) = relu (mean L S).
Proof.
  intros [Hw HL] [H | H].
  - rewrite relu_pos; [apply (mean_ext_in L); intros; apply relu_pos; eauto |].
    rewrite <- (Rmean_const L 0 HL). now apply mean_le_in.
  - rewrite relu_neg; [rewrite <- (Rmean_const L 0 HL) at 1; apply (mean_ext_in L); intros; apply relu_neg; eauto |].
    rewrite <- (Rmean_const L 0 HL). now apply mean_le_in.
Qed.

Theorem same_pattern L H c x :
  probability L ->
  (forall h, In h H -> same_sign L (fun m => dot (fst (snd h)) (m ⊙ x) + snd (snd h))) ->
  mean L (relu_net H c x) = relu_net H c x (mean_mask L).
Proof.
  intros HL Hs. unfold relu_net. rewrite Rmean_add, Rmean_const by apply HL. f_equal.
  rewrite (mean_sum (K := Rring) L). apply (@sum_map_ext Rring). intros [u [w b]] Hh; simpl.
  rewrite Rmean_mul; f_equal. rewrite relu_same_sign by (auto; exact (Hs _ Hh)).
  f_equal. now rewrite Rmean_add, Rmean_const, mean_linear_unit by apply HL.
Qed.

(* --- dropout is not weight decay --- *)

(* Rescaling a hidden unit, in by c and out by 1/c, changes no sub-network ... *)
Theorem rescaling_invisible c u w b x : 0 < c -> forall m : list R,
  u / c * relu (dot (scale (K := Rring) c w) (m ⊙ x) + c * b) = u * relu (dot w (m ⊙ x) + b).
Proof.
  intros Hc m. rewrite dot_scale. real. set (s := dot w (m ⊙ x)).
  replace (c * s + c * b) with (c * (s + b)) by ring. destruct (Rle_lt_dec 0 (s + b)).
  - rewrite !relu_pos by nra. field. lra.
  - rewrite !relu_neg by nra. ring.
Qed.

(* ... but it changes the L2 penalty, here of the weights 1 in and 1 out, with c = 2. *)
Theorem rescaling_changes_l2 : (1 / 2) ^ 2 + (2 * 1) ^ 2 <> 1 ^ 2 + 1 ^ 2.
Proof. lra. Qed.

(* --- the arithmetic mean is a third predictor --- *)

(* As a logit 8 h - 1 the NGM says 1; weight scaling and the arithmetic mean say 0. *)
Theorem relu_arithmetic_differs :
  / 2 < NWGM (bernoulli half_half) (fun d => sigmoid (8 * and_unit d - 1))
  /\ mean (bernoulli half_half) (fun d => sigmoid (8 * and_unit d - 1)) < / 2
  /\ sigmoid (8 * and_unit half_half - 1) < / 2.
Proof.
  rewrite NWGM_logistic. and_unit.
  assert (H1 : sigmoid (8 * 0 - 1) < / 3).
  { unfold sigmoid. replace (- (8 * 0 - 1)) with 1 by ring. pose proof (exp_ineq1 1) as H.
    apply Rinv_lt_contravar; [| lra]. apply Rmult_lt_0_compat; lra. }
  split; [| split].
  - apply Rle_lt_trans with (sigmoid 0); [rewrite sigmoid_0 | apply sigmoid_lt]; lra.
  - pose proof (sigmoid_range (8 * 1 - 1)). lra.
  - lra.
Qed.

(* The gap of a ReLU is at most half a standard deviation. *)
Theorem relu_gap_deviation {X} (L : law Rring X) S :
  probability L ->
  mean L (fun x => relu (S x)) - relu (mean L S) <= / 2 * sqrt (mean L (fun x => (S x - mean L S) ^ 2)).
Proof.
  intros HL. eapply Rle_trans; [apply (relu_gap L S HL) |]. apply Rmult_le_compat_l; [lra |].
  set (a := fun x => Rabs (S x - mean L S)). set (c := mean L a).
  rewrite (Rmean_ext L (fun x => (S x - mean L S) ^ 2) (fun x => a x * a x))
    by (intros; unfold a; rewrite <- Rabs_mult, Rabs_pos_eq by apply Rle_0_sqr; ring).
  assert (Hc : 0 <= c).
  { unfold c. rewrite <- (Rmean_const L 0) by apply HL. apply mean_le; [apply HL | intros; apply Rabs_pos]. }
  rewrite <- (sqrt_square c) by exact Hc. apply sqrt_le_1_alt.
  (* the variance of a is not negative *)
  assert (H : mean L (fun _ => 0) <= mean L (fun x => a x * a x + (-2 * c * a x + c * c)))
    by (apply mean_le; [apply HL | intros x; pose proof (Rle_0_sqr (a x - c)) as H; unfold Rsqr in H; lra]).
  rewrite !Rmean_add, Rmean_mul, !Rmean_const in H by apply HL. fold c in H. real. lra.
Qed.
