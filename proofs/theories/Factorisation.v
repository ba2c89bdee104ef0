(* Dropout on the components of a matrix factorisation A = U V'.

   A deep linear network with one hidden layer is such a factorisation.  Inverted dropout of
   the components adds lambda times the sum of |u_i|^2 |v_i|^2, lambda = (1 - p) / p. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law LinearRegression InvertedDropout InvertedRegression.
Import ListNotations.

Section Factorisation.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

(* Row a of U and row b of V are vectors of c components; A has m rows and n columns. *)
Definition factorisation_loss (m n : nat) (A : nat -> nat -> K) (U V : nat -> vec K) (s : vec K) : K :=
  sum_to m (fun a => sum_to n (fun b => sq (A a b - dot (s ⊙ V b) (U a)))).

Definition column_square (m : nat) (U : nat -> vec K) (i : nat) : K :=
  sum_to m (fun a => sq (nth i (U a) 0)).

Lemma one_entry (p r : K) c (t : K) (u v : vec K) :
  p * r = 1 -> length u = c -> length v = c ->
  mean (bernoulli (repeat p c)) (fun d => sq (t - dot (scale r d ⊙ v) u))
  = sq (t - dot v u) + sum_to c (fun i => (r - 1) * (sq (nth i u 0) * sq (nth i v 0))).
Proof.
  intros H <- Hv.
  pose proof (inverted_loss p r [(v, t)] u H) as E.
  unfold masked_loss, squared_loss, gram_penalty, gram, sum in E; simpl in E.
  rewrite (mean_ext _ _ (fun d => sq (t - dot (scale r d ⊙ v) u) + 0)) by (intros; ring).
  rewrite E by (intros e [<- | []]; exact Hv). rewrite <- sum_to_mul. f_equal; [ring |].
  apply sum_to_ext; intros i. unfold sq; ring.
Qed.

Theorem factorisation_penalty (p r : K) c m n A U V :
  p * r = 1 -> (forall a, length (U a) = c) -> (forall b, length (V b) = c) ->
  mean (bernoulli (repeat p c)) (fun d => factorisation_loss m n A U V (scale r d))
  = factorisation_loss m n A U V (repeat 1 c)
    + (r - 1) * sum_to c (fun i => column_square m U i * column_square n V i).
Proof.
  intros H HU HV. unfold factorisation_loss.
  rewrite mean_sum_to. rewrite <- sum_to_mul.
  rewrite (sum_to_ext m _ (fun a => sum_to n (fun b => sq (A a b - dot (repeat 1 c ⊙ V b) (U a)))
    + sum_to n (fun b => sum_to c (fun i => (r - 1) * (sq (nth i (U a) 0) * sq (nth i (V b) 0)))))).
  - rewrite sum_to_add. f_equal.
    rewrite (sum_to_ext m _ _ (fun a => sum_to_swap n c _)). rewrite sum_to_swap.
    apply sum_to_ext; intros i. unfold column_square.
    transitivity (sum_to m (fun a => ((r - 1) * sum_to n (fun b => sq (nth i (V b) 0))) * sq (nth i (U a) 0))).
    + apply sum_to_ext; intros a.
      rewrite (sum_to_ext n _ (fun b => (r - 1) * sq (nth i (U a) 0) * sq (nth i (V b) 0))) by (intros; ring).
      rewrite sum_to_mul; ring.
    + rewrite sum_to_mul; ring.
  - intros a. rewrite mean_sum_to, <- sum_to_add. apply sum_to_ext; intros b.
    rewrite (one_entry p r c) by auto. f_equal. now rewrite <- (HV b), hadamard_ones.
Qed.

End Factorisation.
