(* Masks on inputs (dropout) against masks on weights (DropConnect).

   Two pre-activations of one layer have the same laws one by one, but they covary when the
   inputs' mask is shared and not when every weight has a mask of its own. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law LinearRegression.
Import ListNotations.

Section DropConnect.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition pre_activation (x w d : vec K) : K := dot (d ⊙ x) w.

Lemma sum_to_product n (f g : nat -> K) :
  sum_to n f * sum_to n g = sum_to n (fun i => sum_to n (fun j => f i * g j)).
Proof.
  transitivity (sum_to n (fun i => sum_to n g * f i)); [rewrite sum_to_mul; ring |].
  apply sum_to_ext; intros i. rewrite sum_to_mul; ring.
Qed.

Theorem shared_mask_covariance p x w1 w2 n :
  length w1 = n -> length w2 = n ->
  mean (bernoulli p) (fun d => pre_activation x w1 d * pre_activation x w2 d)
  = pre_activation x w1 p * pre_activation x w2 p
    + sum_to n (fun j => nth j p 0 * (1 - nth j p 0) * sq (nth j x 0) * (nth j w1 0 * nth j w2 0)).
Proof.
  intros H1 H2. set (a := fun w i => nth i x 0 * nth i w 0).
  assert (Hu : forall w d, length w = n -> pre_activation x w d = sum_to n (fun i => a w i * nth i d 0)).
  { intros w d Hw. unfold pre_activation. rewrite (dot_sum_to _ w n) by exact Hw.
    apply sum_to_ext; intros i. rewrite nth_hadamard; unfold a; ring. }
  rewrite (mean_ext _ _ (fun d => sum_to n (fun i => sum_to n (fun j =>
    a w1 i * a w2 j * (nth i d 0 * nth j d 0))))).
  2: { intros d. rewrite !Hu, sum_to_product by assumption.
       apply sum_to_ext; intros i. apply sum_to_ext; intros j. ring. }
  rewrite !Hu, sum_to_product by assumption. rewrite mean_sum_to, <- sum_to_add.
  apply sum_map_ext; intros i Hi. apply in_seq in Hi; destruct Hi as [_ Hi].
  rewrite mean_sum_to.
  rewrite (sum_to_ext n (fun j => mean _ _) (fun j => a w1 i * nth i p 0 * (a w2 j * nth j p 0)
    + (if Nat.eqb i j then a w1 i * a w2 j * (nth j p 0 * (1 - nth j p 0)) else 0))).
  - rewrite sum_to_add. f_equal. rewrite sum_to_one.
    apply PeanoNat.Nat.ltb_lt in Hi; simpl in Hi; rewrite Hi. unfold a, sq; ring.
  - intros j. rewrite mean_mul. pose proof (covariance_bernoulli p i j) as C.
    unfold covariance in C. rewrite mean_mask_bernoulli in C.
    transitivity (a w1 i * a w2 j * (nth i p 0 * nth j p 0)
      + a w1 i * a w2 j * (mean (bernoulli p) (fun m => nth i m 0 * nth j m 0) - nth i p 0 * nth j p 0));
      [ring |]. rewrite C. destruct Nat.eqb; ring.
Qed.

Theorem own_masks_uncorrelated (p x w1 w2 : vec K) :
  mean (bernoulli p) (fun d1 => mean (bernoulli p) (fun d2 =>
    pre_activation x w1 d1 * pre_activation x w2 d2))
  = pre_activation x w1 p * pre_activation x w2 p.
Proof.
  assert (H : forall w, mean (bernoulli p) (pre_activation x w) = pre_activation x w p).
  { intros w. unfold pre_activation. rewrite (mean_ext _ _ (fun d => dot w (d ⊙ x))) by (intros; apply dot_comm).
    now rewrite mean_linear_unit, mean_mask_bernoulli, dot_comm. }
  rewrite (mean_ext _ _ (fun d1 => pre_activation x w2 p * pre_activation x w1 d1)).
  - rewrite mean_mul, H; ring.
  - intros d1. rewrite mean_mul, H; ring.
Qed.

End DropConnect.
