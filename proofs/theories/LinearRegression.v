(* Dropout on the inputs of linear regression is a ridge penalty, one coefficient a feature.

   An example is a pair (x, y); losses are SUMS over the examples. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law.
Import ListNotations.

Section Regression.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition data := list (vec K * K).

Definition squared_loss (D : data) (w : vec K) : K :=
  sum (map (fun e => sq (snd e - dot (fst e) w)) D).

(* The loss of one sub-model, its inputs multiplied by m; and its mean under a law. *)
Definition masked_loss (D : data) (w m : vec K) : K :=
  sum (map (fun e => sq (snd e - dot (m ⊙ fst e) w)) D).
Definition dropout_loss (L : law K (vec K)) (D : data) (w : vec K) : K :=
  mean L (masked_loss D w).

(* Entry i, j of the Gram matrix X'X. *)
Definition gram (D : data) (i j : nat) : K :=
  sum (map (fun e => nth i (fst e) 0 * nth j (fst e) 0) D).

(* Covariance of two multipliers. *)
Definition covariance (L : law K (vec K)) (i j : nat) : K :=
  mean L (fun m => nth i m 0 * nth j m 0) - nth i (mean_mask L) 0 * nth j (mean_mask L) 0.

(* The quadratic form w'(C o X'X)w. *)
Definition covariance_penalty (L : law K (vec K)) (D : data) (w : vec K) : K :=
  sum_to (length w) (fun i => sum_to (length w) (fun j =>
    covariance L i j * gram D i j * (nth i w 0 * nth j w 0))).

(* The ridge form, for independent keep probabilities. *)
Definition feature_penalty (p : vec K) (D : data) (w : vec K) : K :=
  sum_to (length w) (fun j => nth j p 0 * (1 - nth j p 0) * gram D j j * sq (nth j w 0)).

(* Ridge regression with coefficient lambda_j on feature j. *)
Definition ridge_loss (lambda : vec K) (D : data) (w : vec K) : K :=
  squared_loss D w + sum_to (length w) (fun j => nth j lambda 0 * sq (nth j w 0)).

(* --- proofs --- *)

Lemma sq_sum_to n (f : nat -> K) :
  sq (sum_to n f) = sum_to n (fun i => sum_to n (fun j => f i * f j)).
Proof.
  unfold sq. rewrite <- sum_to_mul. apply sum_to_ext; intros i.
  rewrite sum_to_mul; ring.
Qed.

(* One example: the mean of a square is the square of the mean plus the variance. *)
Lemma one_example L x y w :
  mass L = 1 ->
  mean L (fun m => sq (y - dot (m ⊙ x) w))
  = sq (y - dot (mean_mask L ⊙ x) w)
    + sum_to (length w) (fun i => sum_to (length w) (fun j =>
        covariance L i j * (nth i x 0 * nth j x 0) * (nth i w 0 * nth j w 0))).
Proof.
  intros HL. set (n := length w).
  set (a := fun i => nth i x 0 * nth i w 0).
  assert (Hdot : forall m, dot (m ⊙ x) w = sum_to n (fun i => nth i m 0 * a i)).
  { intros m. rewrite (dot_sum_to _ w n) by reflexivity. apply sum_to_ext; intros i.
    rewrite nth_hadamard; unfold a; ring. }
  assert (Hlin : mean L (fun m => dot (m ⊙ x) w) = dot (mean_mask L ⊙ x) w).
  { rewrite Hdot, (mean_ext L _ _ Hdot), mean_sum_to. apply sum_to_ext; intros i.
    rewrite (mean_ext L _ (fun m => a i * nth i m 0)) by (intros; ring).
    rewrite mean_mul, nth_mean_mask; ring. }
  assert (Hsq : forall m, sq (dot (m ⊙ x) w)
    = sum_to n (fun i => sum_to n (fun j => a i * a j * (nth i m 0 * nth j m 0)))).
  { intros m; rewrite Hdot, sq_sum_to. apply sum_to_ext; intros i. apply sum_to_ext; intros; ring. }
  rewrite (mean_ext L _ (fun m => sq y + ((- (y + y)) * dot (m ⊙ x) w + sq (dot (m ⊙ x) w))))
    by (intros; unfold sq; ring).
  rewrite mean_add, mean_const, mean_add, mean_mul, Hlin by exact HL.
  rewrite (mean_ext L _ _ Hsq), mean_sum_to.
  transitivity (sq (y - dot (mean_mask L ⊙ x) w) - sq (dot (mean_mask L ⊙ x) w)
    + sum_to n (fun i => mean L (fun m => sum_to n (fun j => a i * a j * (nth i m 0 * nth j m 0)))));
    [unfold sq; ring |].
  rewrite Hsq.
  match goal with |- _ - ?s + ?t = _ + ?u => enough (t = s + u) as -> by ring end.
  rewrite <- sum_to_add. apply sum_to_ext; intros i.
  rewrite <- sum_to_add, mean_sum_to. apply sum_to_ext; intros j.
  rewrite mean_mul. unfold covariance, a; ring.
Qed.

Theorem general_law L D w :
  mass L = 1 ->
  dropout_loss L D w
  = sum (map (fun e => sq (snd e - dot (mean_mask L ⊙ fst e) w)) D) + covariance_penalty L D w.
Proof.
  intros HL. unfold dropout_loss, masked_loss, covariance_penalty, gram.
  rewrite (mean_sum L (fun m e => sq (snd e - dot (m ⊙ fst e) w))).
  rewrite (sum_map_ext _ _ D (fun e _ => one_example L (fst e) (snd e) w HL)).
  rewrite sum_map_add; f_equal. unfold sum_to. rewrite sum_swap. apply sum_map_ext; intros i _.
  rewrite sum_swap. apply sum_map_ext; intros j _.
  rewrite (sum_map_ext _ (fun e => covariance L i j * (nth i w 0 * nth j w 0)
                                   * (nth i (fst e) 0 * nth j (fst e) 0))) by (intros; ring).
  rewrite sum_map_mul; ring.
Qed.

(* Independent masks: the covariance is diagonal. *)
Lemma covariance_bernoulli p i j :
  covariance (bernoulli p) i j = if Nat.eqb i j then nth j p 0 * (1 - nth j p 0) else 0.
Proof.
  unfold covariance; rewrite mean_mask_bernoulli.
  revert i j; induction p as [|q p IH]; intros i j.
  - rewrite mean_bernoulli_nil. destruct i, j; simpl; try ring; destruct Nat.eqb; ring.
  - assert (Hm : forall i, mean (bernoulli p) (fun d => nth i d 0) = nth i p 0).
    { intros; rewrite <- nth_mean_mask; now rewrite mean_mask_bernoulli. }
    assert (Hz : mean (bernoulli p) (fun _ => 0) = 0) by apply mean_const, mass_bernoulli.
    assert (Hl : forall c i, mean (bernoulli p) (fun d => c * nth i d 0) = c * nth i p 0).
    { intros; now rewrite mean_mul, Hm. }
    assert (Hr : forall c i, mean (bernoulli p) (fun d => nth i d 0 * c) = c * nth i p 0).
    { intros; rewrite <- Hl; apply mean_ext; intros; ring. }
    rewrite mean_bernoulli_cons; destruct i as [|i], j as [|j]; simpl nth; simpl Nat.eqb.
    + rewrite !mean_const by apply mass_bernoulli; ring.
    + rewrite !Hl; ring.
    + rewrite !Hr; ring.
    + rewrite <- IH; ring.
Qed.

Lemma sum_to_one n i (f : nat -> K) :
  sum_to n (fun j => if Nat.eqb i j then f j else 0) = if Nat.ltb i n then f i else 0.
Proof.
  revert i f; induction n as [|n IH]; intros i f; [reflexivity |].
  rewrite sum_to_S; destruct i as [|i]; cbn [Nat.eqb].
  - rewrite sum_to_zero; simpl; ring.
  - rewrite IH. change (Nat.ltb (S i) (S n)) with (Nat.ltb i n). destruct Nat.ltb; ring.
Qed.

Lemma covariance_penalty_bernoulli p D w :
  covariance_penalty (bernoulli p) D w = feature_penalty p D w.
Proof.
  unfold covariance_penalty, feature_penalty. apply sum_map_ext; intros i Hi.
  apply in_seq in Hi; destruct Hi as [_ Hi].
  rewrite (sum_to_ext _ _ (fun j => if Nat.eqb i j
      then nth j p 0 * (1 - nth j p 0) * gram D i j * (nth i w 0 * nth j w 0) else 0)).
  - rewrite sum_to_one. apply PeanoNat.Nat.ltb_lt in Hi; simpl in Hi; rewrite Hi. reflexivity.
  - intros j; rewrite covariance_bernoulli. destruct Nat.eqb; ring.
Qed.

Theorem per_feature p D w :
  dropout_loss (bernoulli p) D w
  = sum (map (fun e => sq (snd e - dot (p ⊙ fst e) w)) D) + feature_penalty p D w.
Proof.
  rewrite general_law by apply mass_bernoulli.
  now rewrite mean_mask_bernoulli, covariance_penalty_bernoulli.
Qed.

(* In the scaled weights p o w: ridge regression with lambda_j = ((1 - p_j) / p_j) G_jj.
   The vector r holds the inverses of the keep probabilities. *)
Definition lambda (r : vec K) (D : data) : vec K :=
  map (fun j => (nth j r 0 - 1) * gram D j j) (seq 0 (length r)).

Theorem per_feature_scaled p r D w :
  length p = length w -> length r = length w ->
  (forall j, j < length w -> nth j p 0 * nth j r 0 = 1) ->
  dropout_loss (bernoulli p) D w = ridge_loss (lambda r D) D (p ⊙ w).
Proof.
  intros Hp Hr Hpr. rewrite per_feature. unfold ridge_loss, squared_loss, feature_penalty.
  rewrite hadamard_length by exact Hp. f_equal.
  - apply sum_map_ext; intros e _. do 2 f_equal.
    rewrite dot_comm, dot_hadamard, dot_comm. f_equal.
    clear; revert w; induction p; intros [|b w]; simpl; try reflexivity; f_equal; [ring | apply IHp].
  - apply sum_map_ext; intros j Hj. apply in_seq in Hj; destruct Hj as [_ Hj]; simpl in Hj.
    unfold lambda. rewrite nth_map_seq, nth_hadamard by (rewrite Hr; exact Hj).
    specialize (Hpr j Hj). unfold sq.
    transitivity (nth j p 0 * (nth j p 0 * nth j r 0 - nth j p 0) * gram D j j * (nth j w 0 * nth j w 0));
      [rewrite Hpr |]; ring.
Qed.

End Regression.

Arguments data : clear implicits.
