(* Linear regression with inverted dropout, one keep probability p for all features, r = 1/p.

   The penalty is (r - 1) = (1 - p)/p times the sum of G_jj w_j^2: plain ridge only where all
   features have the same second moment G_jj. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law LinearRegression InvertedDropout.
Import ListNotations.

Section InvertedRegression.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition gram_penalty (D : data K) (w : vec K) : K :=
  sum_to (length w) (fun j => gram D j j * sq (nth j w 0)).

Lemma dot_scaled_mask (r : K) m x w : dot (scale r m ⊙ x) w = dot (m ⊙ x) (scale r w).
Proof.
  rewrite (dot_comm (m ⊙ x)), dot_scale, (dot_comm w), <- dot_scale. f_equal.
  revert x; induction m as [|a m IH]; intros [|b x]; simpl; try reflexivity.
  rewrite IH; f_equal; ring.
Qed.

Theorem inverted_loss (p r : K) (D : data K) (w : vec K) :
  p * r = 1 -> (forall e, In e D -> length (fst e) = length w) ->
  mean (bernoulli (repeat p (length w))) (fun d => masked_loss D w (scale r d))
  = squared_loss D w + (r - 1) * gram_penalty D w.
Proof.
  intros H HD. set (n := length w).
  transitivity (dropout_loss (bernoulli (repeat p n)) D (scale r w)).
  { apply mean_ext; intros d. apply sum_map_ext; intros e _. now rewrite dot_scaled_mask. }
  rewrite per_feature. f_equal.
  - apply sum_map_ext; intros e He. do 2 f_equal. rewrite <- dot_scaled_mask. f_equal.
    rewrite <- (hadamard_ones (fst e)) at 2. rewrite (HD e He). fold n. f_equal.
    clear - H; induction n; simpl; [reflexivity |]. rewrite IHn; f_equal. rewrite <- H; ring.
  - unfold feature_penalty, gram_penalty, scale at 1. rewrite map_length, <- sum_to_mul. fold n.
    apply sum_map_ext; intros j Hj. apply in_seq in Hj; destruct Hj as [_ Hj].
    rewrite nth_repeat_lt by exact Hj. rewrite nth_scale. unfold sq.
    transitivity ((p * r) * (r - p * r) * gram D j j * (nth j w 0 * nth j w 0)); [ring |].
    rewrite H; ring.
Qed.

(* With the factor 1/2 that regression losses often carry: h + h = 1. *)
Theorem wager_form (p r h : K) (D : data K) (w : vec K) :
  p * r = 1 -> h + h = 1 -> (forall e, In e D -> length (fst e) = length w) ->
  mean (bernoulli (repeat p (length w))) (fun d => h * masked_loss D w (scale r d))
  = h * squared_loss D w + h * (r - 1) * gram_penalty D w.
Proof. intros H _ HD. rewrite mean_mul, inverted_loss by assumption. ring. Qed.

End InvertedRegression.
