(* Ridge regression: completing the square at a solution of the normal equations. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law LinearRegression.
Import ListNotations.

Section Ridge.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

(* (X'X + diag(lambda)) w = X'y, row by row: features against residuals. *)
Definition normal_equations (lambda : vec K) (D : data K) (w : vec K) : Prop :=
  forall j, j < length w ->
  sum (map (fun e => nth j (fst e) 0 * (snd e - dot (fst e) w)) D) = nth j lambda 0 * nth j w 0.

(* What moving the weights from w to u costs beyond the minimum. *)
Definition excess (lambda : vec K) (D : data K) (w u : vec K) : K :=
  sum (map (fun e => sq (dot (fst e) u - dot (fst e) w)) D)
  + sum_to (length w) (fun j => nth j lambda 0 * sq (nth j u 0 - nth j w 0)).

Theorem complete_the_square lambda D (w u : vec K) :
  length u = length w -> normal_equations lambda D w ->
  ridge_loss lambda D u = ridge_loss lambda D w + excess lambda D w u.
Proof.
  intros Hu HN. unfold ridge_loss, squared_loss, excess. rewrite Hu. set (n := length w) in *.
  set (h := fun j => nth j u 0 - nth j w 0).
  set (cross := sum (map (fun e => (snd e - dot (fst e) w) * (dot (fst e) u - dot (fst e) w)) D)).
  assert (Hc : cross = sum_to n (fun j => nth j lambda 0 * nth j w 0 * h j)).
  { unfold cross.
    rewrite (sum_map_ext _ (fun e => sum_to n (fun j => h j * (nth j (fst e) 0 * (snd e - dot (fst e) w)))) D).
    - unfold sum_to. rewrite sum_swap. apply sum_map_ext; intros j Hj.
      apply in_seq in Hj; destruct Hj as [_ Hj]. rewrite sum_map_mul, HN by exact Hj. ring.
    - intros e _. set (r := snd e - dot (fst e) w).
      rewrite (dot_sum_to (fst e) u n), (dot_sum_to (fst e) w n) by auto.
      transitivity (sum_to n (fun j => r * (nth j (fst e) 0 * nth j u 0))
                    + sum_to n (fun j => - r * (nth j (fst e) 0 * nth j w 0))).
      + rewrite !sum_to_mul. ring.
      + rewrite <- sum_to_add. apply sum_to_ext; intros j; unfold h; ring. }
  rewrite (sum_map_ext (fun e => sq (snd e - dot (fst e) u))
    (fun e => sq (snd e - dot (fst e) w)
      + ((- (1 + 1)) * ((snd e - dot (fst e) w) * (dot (fst e) u - dot (fst e) w))
         + sq (dot (fst e) u - dot (fst e) w))) D) by (intros; unfold sq; ring).
  rewrite sum_map_add, sum_map_add, sum_map_mul. fold cross. rewrite Hc.
  rewrite (sum_to_ext n (fun j => nth j lambda 0 * sq (nth j u 0))
    (fun j => nth j lambda 0 * sq (nth j w 0)
       + ((1 + 1) * (nth j lambda 0 * nth j w 0 * h j) + nth j lambda 0 * sq (h j))))
    by (intros; unfold h, sq; ring).
  rewrite sum_to_add, sum_to_add, sum_to_mul. unfold h. ring.
Qed.

End Ridge.
