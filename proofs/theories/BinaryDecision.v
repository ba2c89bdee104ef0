(* Decisions of the arithmetic mean and of weight scaling, for logistic and softmax regression.

   Two classes and p = 1/2: the logit is symmetric about its mean (swap a mask with its
   complement), so both means decide alike.  Three classes: they need not. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles Decomposition Nwgm SoftmaxAnyLaw.
Import ListNotations.

(* n units, each kept with probability 1/2. *)
Definition fair_masks (n : nat) : law Rring (list R) := bernoulli (repeat (/ 2) n).
Definition binary_logit (w v : list R) (b : R) (d : list R) : R := dot w (d ⊙ v) + b.

Definition AM_binary n w v b : R := mean (fair_masks n) (fun d => sigmoid (binary_logit w v b d)).
Definition WS_binary n w v b : R := sigmoid (binary_logit w v b (repeat (/ 2) n)).

(* Any function of a linear unit has the same mean at the complements. *)
Lemma symmetric_mean n : forall w v b (f : R -> R),
  mean (fair_masks n) (fun d => f (binary_logit w v b d))
  = mean (fair_masks n) (fun d => f (2 * binary_logit w v b (repeat (/ 2) n) - binary_logit w v b d)).
Proof.
  unfold fair_masks, binary_logit. induction n as [|n IH]; intros w v b f; simpl repeat.
  - rewrite !mean_bernoulli_nil. f_equal. simpl. rewrite dot_nil_r. real; ring.
  - rewrite !mean_bernoulli_cons. real. destruct v as [|x v].
    { simpl. rewrite !dot_nil_r. rewrite !Rmean_const by apply mass_bernoulli.
      assert (E : f (2 * (0 + b) - (0 + b)) = f (0 + b)) by (f_equal; ring). real. now rewrite E. }
    destruct w as [|a w].
    { unfold dot; simpl. rewrite !Rmean_const by apply mass_bernoulli.
      assert (E : f (2 * (0 + b) - (0 + b)) = f (0 + b)) by (f_equal; ring). real. now rewrite E. }
    match goal with |- _ * ?m0 + _ * ?m1 = _ * ?m0' + _ * ?m1' =>
      assert (E0 : m0 = m1'); [| assert (E1 : m1 = m0'); [| rewrite E0, E1; rfield]]
    end.
    + etransitivity; [| etransitivity; [apply (IH w v b f) |]];
        apply Rmean_ext; intros d; simpl hadamard; rewrite ?dot_cons; f_equal; rfield.
    + etransitivity; [| etransitivity; [apply (IH w v (a * x + b) f) |]];
        apply Rmean_ext; intros d; simpl hadamard; rewrite ?dot_cons; f_equal; rfield.
Qed.

(* A pair of opposite deviations t from a logit a on one side of 0. *)
Lemma pair_bounds a t : 0 <= a -> / 2 <= / 2 * (sigmoid (a + t) + sigmoid (a - t)) <= sigmoid a.
Proof.
  intros Ha. unfold sigmoid. set (u := exp (- a)). set (s := exp t).
  assert (Hu : 0 < u) by apply exp_pos. assert (Hs : 0 < s) by apply exp_pos.
  assert (Hu1 : u <= 1).
  { unfold u; rewrite <- exp_0. destruct Ha as [Ha | <-]; [left; apply exp_increasing; lra | rewrite Ropp_0; lra]. }
  replace (exp (- (a + t))) with (u / s).
  2: { unfold u, s, Rdiv. rewrite <- exp_Ropp, <- exp_plus. f_equal; ring. }
  replace (exp (- (a - t))) with (u * s).
  2: { unfold u, s. rewrite <- exp_plus. f_equal; ring. }
  assert (Hus : 0 < u * s) by now apply Rmult_lt_0_compat.
  replace (/ 2 * (/ (1 + u / s) + / (1 + u * s)))
    with ((2 * s + u * (s * s + 1)) / (2 * ((s + u) * (1 + u * s)))) by (field; repeat split; lra).
  assert (Hd : 0 < (s + u) * (1 + u * s)) by (apply Rmult_lt_0_compat; lra).
  assert (Hsq : 0 <= (s - 1) * (s - 1)) by apply Rle_0_sqr.
  split.
  - apply (Rmult_le_reg_r (2 * ((s + u) * (1 + u * s)))); [lra |].
    unfold Rdiv; rewrite (Rmult_assoc (_ + _)), Rinv_l by lra.
    assert (u * u <= 1) by nra. assert (s * (u * u) <= s) by nra. nra.
  - apply (Rmult_le_reg_r (2 * ((s + u) * (1 + u * s)) * (1 + u))); [apply Rmult_lt_0_compat; lra |].
    replace ((2 * s + u * (s * s + 1)) / (2 * ((s + u) * (1 + u * s))) * (2 * ((s + u) * (1 + u * s)) * (1 + u)))
      with ((2 * s + u * (s * s + 1)) * (1 + u)) by (field; lra).
    replace (/ (1 + u) * (2 * ((s + u) * (1 + u * s)) * (1 + u)))
      with (2 * ((s + u) * (1 + u * s))) by (field; lra).
    assert (Hz : 0 <= u * (1 - u) * ((s - 1) * (s - 1))) by (apply Rmult_le_pos; [nra | exact Hsq]). nra.
Qed.

Lemma fair_probability n : probability (fair_masks n).
Proof.
  split; [| apply mass_bernoulli]. unfold fair_masks. induction n as [|n IH]; intros w d.
  - unfold bernoulli; simpl. intros [E | []]; inversion E; real; lra.
  - unfold bernoulli; simpl. rewrite app_nil_r, in_app_iff, !in_map_iff.
    intros [([w' d'] & E & Hin) | ([w' d'] & E & Hin)]; inversion E; subst; simpl; real;
      (apply Rmult_le_pos; [lra |]; eapply IH; exact Hin).
Qed.

Lemma AM_between_pos n w v b :
  0 <= binary_logit w v b (repeat (/ 2) n) -> / 2 <= AM_binary n w v b <= WS_binary n w v b.
Proof.
  set (a := binary_logit w v b (repeat (/ 2) n)). intros Ha.
  assert (E : AM_binary n w v b = mean (fair_masks n)
    (fun d => / 2 * (sigmoid (a + (binary_logit w v b d - a)) + sigmoid (a - (binary_logit w v b d - a))))).
  { rewrite Rmean_mul, Rmean_add. unfold AM_binary.
    rewrite (Rmean_ext _ (fun d => sigmoid (a + _)) (fun d => sigmoid (binary_logit w v b d))) by (intros; f_equal; ring).
    rewrite (Rmean_ext _ (fun d => sigmoid (a - _)) (fun d => sigmoid (2 * a - binary_logit w v b d))) by (intros; f_equal; ring).
    unfold a. rewrite <- symmetric_mean. real; lra. }
  rewrite E. unfold WS_binary; fold a. pose proof (fair_probability n) as [Hw HL]. split.
  - rewrite <- (Rmean_const (fair_masks n) (/ 2) HL) at 1. apply mean_le; auto; intros; now apply pair_bounds.
  - rewrite <- (Rmean_const (fair_masks n) (sigmoid a) HL). apply mean_le; auto; intros; now apply pair_bounds.
Qed.

(* The other side of 0 by symmetry: negate the logit. *)
Lemma binary_logit_opp w v b d :
  binary_logit (scale (K := Rring) (-1) w) v (- b) d = - binary_logit w v b d.
Proof. unfold binary_logit. rewrite dot_scale. rring. Qed.

Lemma AM_between_neg n w v b :
  binary_logit w v b (repeat (/ 2) n) <= 0 -> WS_binary n w v b <= AM_binary n w v b <= / 2.
Proof.
  intros Ha. pose proof (AM_between_pos n (scale (K := Rring) (-1) w) v (- b)) as H.
  unfold AM_binary, WS_binary in *. rewrite binary_logit_opp, <- sigmoid_complement in H.
  rewrite (Rmean_ext _ (fun d => sigmoid (binary_logit (scale _ w) v (- b) d))
             (fun d => 1 - sigmoid (binary_logit w v b d))) in H
    by (intros; now rewrite binary_logit_opp, <- sigmoid_complement).
  rewrite Rmean_sub, Rmean_const in H by apply mass_bernoulli. real. lra.
Qed.

(* The arithmetic mean lies between 1/2 and weight scaling: same side, no further out. *)
Theorem binary_decision n w v b :
  (/ 2 <= AM_binary n w v b <= WS_binary n w v b) \/ (WS_binary n w v b <= AM_binary n w v b <= / 2).
Proof.
  destruct (Rle_lt_dec 0 (binary_logit w v b (repeat (/ 2) n))).
  - left; now apply AM_between_pos.
  - right; apply AM_between_neg; lra.
Qed.

(* --- three classes, one input v = 1 --- *)

Definition W3 (y : nat) : list R := match y with 0%nat => [-3] | 1%nat => [1] | _ => [0] end.
Definition b3 (y : nat) : R := match y with 0%nat => 1 | 1%nat => -1 | _ => 0 end.
Definition P3 (d : list R) : nat -> R := softmax 3 (logits W3 b3 (d ⊙ [1])).

Lemma total_3 g : total 3 g = g 0%nat + g 1%nat + g 2%nat.
Proof. unfold total, sum_to, sum; simpl; rring. Qed.

Lemma e_lower : 255 / 100 < exp 1.
Proof.
  replace 1 with (8 * / 8) at 1 by field.
  assert (H : (9 / 8) ^ 8 <= exp (8 * / 8)).
  { replace (exp (8 * / 8)) with (exp (/ 8) ^ 8).
    - apply pow_incr. pose proof (exp_ineq1_le (/ 8)). lra.
    - simpl. rewrite Rmult_1_r, <- !exp_plus. f_equal. field. }
  lra.
Qed.

(* The geometric mean prefers the last class, the arithmetic mean the first. *)
Theorem three_classes_disagree :
  NGM 3 (fair_masks 1) P3 0%nat < NGM 3 (fair_masks 1) P3 2%nat
  /\ NGM 3 (fair_masks 1) P3 1%nat < NGM 3 (fair_masks 1) P3 2%nat
  /\ AM (fair_masks 1) P3 2%nat < AM (fair_masks 1) P3 0%nat.
Proof.
  assert (Hz : forall y, mean (fair_masks 1) (fun d => logits W3 b3 (d ⊙ [1]) y)
                         = logits W3 b3 [/ 2] y).
  { intros y. unfold logits. rewrite Rmean_add, Rmean_const by apply mass_bernoulli.
    rewrite mean_linear_unit. unfold fair_masks; rewrite mean_mask_bernoulli; simpl; real.
    now rewrite Rmult_1_r. }
  assert (Hlt : forall y, logits W3 b3 [/ 2] y < logits W3 b3 [/ 2] 2%nat ->
            NGM 3 (fair_masks 1) P3 y < NGM 3 (fair_masks 1) P3 2%nat).
  { intros y H. unfold P3. rewrite !NGM_softmax by lia. rewrite !softmax_exp by lia.
    apply exp_increasing. rewrite !Hz. lra. }
  split; [| split].
  - apply Hlt. unfold logits, dot, sum; simpl; real; lra.
  - apply Hlt. unfold logits, dot, sum; simpl; real; lra.
  - unfold AM, fair_masks; simpl repeat. rewrite !mean_bernoulli_cons, !mean_bernoulli_nil.
    unfold P3, softmax, normalise. rewrite !total_3. unfold logits, dot, sum; simpl; real.
    set (e := exp 1). pose proof e_lower as He. fold e in He.
    replace (-3 * (0 * 1) + 0 + 1) with 1 by ring. replace (1 * (0 * 1) + 0 + -1) with (- (1)) by ring.
    replace (0 * (0 * 1) + 0 + 0) with 0 by ring. replace (-3 * (1 * 1) + 0 + 1) with (- (1) + - (1)) by ring.
    replace (1 * (1 * 1) + 0 + -1) with 0 by ring. replace (0 * (1 * 1) + 0 + 0) with 0 by ring.
    rewrite exp_plus, exp_Ropp, exp_0. fold e.
    apply (Rmult_lt_reg_r (2 * (e * e + 1 + e) * (1 + 2 * (e * e)))).
    { assert (0 < e * e) by nra. apply Rmult_lt_0_compat; lra. }
    assert (0 < e * e) by nra.
    match goal with |- ?l * ?c < ?r * ?c =>
      replace (l * c) with (e * (1 + 2 * (e * e)) + e * e * (e * e + 1 + e)) by (field; repeat split; nra);
      replace (r * c) with (e * e * (1 + 2 * (e * e)) + (e * e + 1 + e)) by (field; repeat split; nra)
    end.
    (* (e - 1) (e^3 - 2 e^2 - e - 1) > 0 *)
    assert (0 < e * e * e - 2 * (e * e) - e - 1) by nra. nra.
Qed.

(* p = 1/2 is needed: keep 1/5, weight -6, bias 1.  The mean logit is -1/5, so weight scaling
   says 0, and the arithmetic mean says 1. *)
Theorem unfair_masks_disagree :
  / 2 < mean (bernoulli [/ 5]) (fun d => sigmoid (binary_logit [-6] [1] 1 d))
  /\ sigmoid (binary_logit [-6] [1] 1 [/ 5]) < / 2.
Proof.
  rewrite mean_bernoulli_cons, !mean_bernoulli_nil. unfold binary_logit, dot, sum; simpl; real.
  replace (-6 * (0 * 1) + 0 + 1) with 1 by ring.
  split.
  - assert (H1 : 7 / 10 < sigmoid 1).
    { unfold sigmoid. rewrite exp_Ropp. pose proof e_lower.
      rewrite <- (Rinv_inv (7 / 10)). apply Rinv_lt_contravar.
      - assert (0 < / exp 1) by (apply Rinv_0_lt_compat; lra). apply Rmult_lt_0_compat; lra.
      - assert (/ exp 1 < / (255 / 100)) by (apply Rinv_lt_contravar; [apply Rmult_lt_0_compat |]; lra). lra. }
    pose proof (sigmoid_range (-6 * (1 * 1) + 0 + 1)). lra.
  - apply Rlt_le_trans with (sigmoid 0); [apply sigmoid_lt | rewrite sigmoid_0]; lra.
Qed.
