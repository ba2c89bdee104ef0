(* The minimiser of the ridge form, and what determined by its variance has to mean. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law LinearRegression Ridge RealLayer Ensembles.
Import ListNotations.

Lemma sq_nonneg (x : R) : 0 <= sq (K := Rring) x.
Proof. unfold sq; real. apply Rle_0_sqr. Qed.

Lemma sum_map_nonneg {X} (f : X -> R) l : (forall x, 0 <= f x) -> 0 <= sum (K := Rring) (map f l).
Proof.
  intros H; induction l as [|x l IH]; unfold sum in *; simpl; real; [lra |]. specialize (H x); lra.
Qed.

Theorem ridge_minimum lambda (D : data Rring) w u :
  length u = length w -> normal_equations lambda D w ->
  (forall j, (j < length w)%nat -> 0 <= nth j lambda 0) ->
  ridge_loss lambda D w <= ridge_loss lambda D u.
Proof.
  intros Hu HN Hl. rewrite (complete_the_square lambda D w u Hu HN). unfold excess.
  pose proof (sum_map_nonneg (fun e : list R * R => sq (K := Rring) (dot (fst e) u - dot (fst e) w)) D
    (fun _ => sq_nonneg _)) as H1.
  assert (H2 : total (length w) (fun _ => 0 * 0)
    <= total (length w) (fun j => nth j lambda 0 * sq (K := Rring) (nth j u 0 - nth j w 0))).
  { apply total_le; intros j Hj. rewrite Rmult_0_l. apply Rmult_le_pos; [now apply Hl | apply sq_nonneg]. }
  rewrite total_scale, Rmult_0_l in H2. unfold total in H2. real. lra.
Qed.

Lemma total_zero_all k g : (forall j, (j < k)%nat -> 0 <= g j) -> total k g <= 0 ->
  forall j, (j < k)%nat -> g j = 0.
Proof.
  revert g; induction k as [|k IH]; intros g Hg Ht j Hj; [lia |]. rewrite total_S in Ht.
  assert (H0 : 0 <= g O) by (apply Hg; lia).
  assert (HS : 0 <= total k (fun y => g (S y))).
  { replace 0 with (total k (fun _ => 0 * 0)) by (rewrite total_scale; ring).
    apply total_le; intros; rewrite Rmult_0_l; apply Hg; lia. }
  destruct j as [|j]; [lra |]. apply (IH (fun y => g (S y))); [intros; apply Hg; lia | lra | lia].
Qed.

Theorem ridge_minimiser_unique lambda (D : data Rring) w u :
  length u = length w -> normal_equations lambda D w ->
  (forall j, (j < length w)%nat -> 0 < nth j lambda 0) ->
  ridge_loss lambda D u <= ridge_loss lambda D w -> u = w.
Proof.
  intros Hu HN Hl H. rewrite (complete_the_square lambda D w u Hu HN) in H. unfold excess in H.
  pose proof (sum_map_nonneg (fun e : list R * R => sq (K := Rring) (dot (fst e) u - dot (fst e) w)) D
    (fun _ => sq_nonneg _)) as H1.
  assert (Hz : total (length w) (fun j => nth j lambda 0 * sq (K := Rring) (nth j u 0 - nth j w 0)) <= 0)
    by (unfold total; real; lra).
  apply (nth_ext u w 0 0); [exact Hu |]. intros j Hj. rewrite Hu in Hj.
  apply total_zero_all with (j := j) in Hz; [| | exact Hj].
  - unfold sq in Hz; real. specialize (Hl j Hj). apply Rmult_integral in Hz.
    destruct Hz as [Hz | Hz]; [lra |]. apply Rmult_integral in Hz. lra.
  - intros i Hi. specialize (Hl i Hi). apply Rmult_le_pos; [lra | apply sq_nonneg].
Qed.

(* --- the coefficient is an uncentred second moment, not a variance --- *)

(* One constant input x = 1, target 1, p = 1/2: no variance, yet the scaled weight is 1/2. *)
Definition constant_input (s : R) : R := dropout_loss (bernoulli [/ 2]) [([1], 1)] [2 * s].

Theorem constant_input_shrinks : forall s, s <> / 2 -> constant_input (/ 2) < constant_input s.
Proof.
  intros s Hs. unfold constant_input, dropout_loss, masked_loss.
  rewrite !mean_bernoulli_cons, !mean_bernoulli_nil. unfold sum, dot, sum, sq; simpl; real.
  assert (0 < (s - / 2) * (s - / 2)) by (apply Rsqr_pos_lt; lra). nra.
Qed.

(* Inputs c and 1 + c, targets 0 and 1, p = 1/2, and a bias that is never dropped.  The
   variance of the input does not depend on c, but the slope s does. *)
Definition two_examples (c s b : R) : R :=
  dropout_loss (bernoulli [/ 2; 1]) [([c; 1], 0); ([1 + c; 1], 1)] [2 * s; b].
Definition best (c s0 b0 : R) : Prop :=
  forall s b, s <> s0 \/ b <> b0 -> two_examples c s0 b0 < two_examples c s b.

Lemma two_examples_value c s b :
  two_examples c s b = (s * c + b) ^ 2 + (1 - s * (1 + c) - b) ^ 2 + (c ^ 2 + (1 + c) ^ 2) * s ^ 2.
Proof.
  unfold two_examples, dropout_loss, masked_loss.
  rewrite !mean_bernoulli_cons, !mean_bernoulli_nil. unfold sum, dot, sum, sq; simpl; real. field.
Qed.

Lemma positive_excess c s b :
  s <> 0 \/ b <> 0 -> 0 < (c * s + b) ^ 2 + ((1 + c) * s + b) ^ 2 + (c ^ 2 + (1 + c) ^ 2) * s ^ 2.
Proof.
  intros H. assert (Hc : 0 < c ^ 2 + (1 + c) ^ 2) by nra.
  destruct (Req_dec s 0) as [-> | Hs].
  - assert (0 < b ^ 2) by (replace (b ^ 2) with (Rsqr b) by (unfold Rsqr; ring); apply Rsqr_pos_lt; tauto). nra.
  - assert (0 < s ^ 2) by (replace (s ^ 2) with (Rsqr s) by (unfold Rsqr; ring); now apply Rsqr_pos_lt).
    pose proof (pow2_ge_0 (c * s + b)). pose proof (pow2_ge_0 ((1 + c) * s + b)).
    assert (0 < (c ^ 2 + (1 + c) ^ 2) * s ^ 2) by now apply Rmult_lt_0_compat. lra.
Qed.

Theorem slope_depends_on_the_origin :
  best (- / 2) (/ 2) (/ 2) /\ best 0 (/ 3) (/ 3) /\ best 10 (/ 443) (211 / 443).
Proof.
  repeat split; intros s b H; rewrite !two_examples_value.
  - pose proof (positive_excess (- / 2) (s - / 2) (b - / 2)). nra.
  - pose proof (positive_excess 0 (s - / 3) (b - / 3)). nra.
  - pose proof (positive_excess 10 (s - / 443) (b - 211 / 443)). nra.
Qed.
