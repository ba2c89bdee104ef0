(* Means and variances over masks: identities that need no calculus. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law LinearRegression.
Import ListNotations.

Section Moments.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition var {X} (L : law K X) (f : X -> K) : K := mean L (fun x => sq (f x - mean L f)).

(* Squared loss: the mean loss is the loss of the mean prediction plus the variance. *)
Theorem squared_decomposition {X} (L : law K X) f t :
  mass L = 1 -> mean L (fun x => sq (f x - t)) = sq (mean L f - t) + var L f.
Proof.
  intros HL; unfold var. set (a := mean L f).
  rewrite (mean_ext L _ (fun x => sq (a - t) + ((1 + 1) * (a - t) * (f x - a) + sq (f x - a))))
    by (intros; unfold sq; ring).
  rewrite mean_add, mean_const, mean_add, mean_mul, mean_sub, mean_const by exact HL.
  fold a; ring.
Qed.

(* One dropped unit d h, where h is itself random and independent of its mask. *)
Theorem dropped_unit_variance {X} q (L : law K X) h :
  mass L = 1 ->
  mean (coin q) (fun d => mean L (fun x => sq (d * h x - q * mean L h)))
  = q * var L h + q * (1 - q) * sq (mean L h).
Proof.
  intros HL. rewrite mean_coin.
  rewrite (mean_ext L (fun x => sq (0 * h x - q * mean L h)) (fun _ => sq (q * mean L h))) by (intros; unfold sq; ring).
  rewrite mean_const by exact HL.
  rewrite (mean_ext L (fun x => sq (1 * h x - _)) (fun x => sq (h x - q * mean L h))) by (intros; unfold sq; ring).
  rewrite squared_decomposition by exact HL. unfold sq; ring.
Qed.

(* Inverted dropout multiplies the second moment by r = 1/p in training, not at test time. *)
Theorem second_moment_shift {X} (q r : K) (L : law K X) h :
  q * r = 1 -> mean (coin q) (fun d => mean L (fun x => sq (r * (d * h x)))) = r * mean L (fun x => sq (h x)).
Proof.
  intros H. rewrite mean_coin.
  rewrite (mean_ext L (fun x => sq (r * (0 * h x))) (fun x => 0 * sq (h x))) by (intros; unfold sq; ring).
  rewrite (mean_ext L (fun x => sq (r * (1 * h x))) (fun x => r * r * sq (h x))) by (intros; unfold sq; ring).
  rewrite !mean_mul. transitivity (q * r * (r * mean L (fun x => sq (h x)))); [ring | rewrite H; ring].
Qed.

(* Only two moments of the noise enter a squared loss that is linear in the noise. *)
Theorem two_moments_suffice (L1 L2 : law K (vec K)) D w :
  mass L1 = 1 -> mass L2 = 1 -> mean_mask L1 = mean_mask L2 ->
  (forall i j, covariance L1 i j = covariance L2 i j) ->
  dropout_loss L1 D w = dropout_loss L2 D w.
Proof.
  intros H1 H2 Hm Hc. rewrite !general_law by assumption. rewrite Hm; f_equal.
  apply sum_to_ext; intros i. apply sum_to_ext; intros j. now rewrite Hc.
Qed.

(* Canonical GLM, loss A(theta) - y theta: noise that leaves the mean of theta alone costs
   E A(theta) - A(E theta), whatever the label. *)
Theorem glm_label_free {X} (L : law K X) (A : K -> K) (theta : X -> K) y :
  mean L (fun m => A (theta m) - y * theta m)
  = (A (mean L theta) - y * mean L theta) + (mean L (fun m => A (theta m)) - A (mean L theta)).
Proof. rewrite mean_sub, mean_mul; ring. Qed.

(* --- masks that always keep the same number of units --- *)

Lemma sum_is_sum_to (v : vec K) : sum v = sum_to (length v) (fun j => nth j v 0).
Proof.
  induction v as [|x v IH]; [reflexivity |].
  simpl length; rewrite sum_to_S; simpl. unfold sum in *; simpl. now rewrite IH.
Qed.

(* Each row of the covariance sums to 0; so where a unit has any variance at all, the
   covariance is not diagonal. *)
Theorem fixed_count_covariance (L : law K (vec K)) n k i :
  mass L = 1 -> (forall w m, In (w, m) L -> length m = n /\ sum m = k) ->
  sum_to n (fun j => covariance L i j) = 0.
Proof.
  intros HL Hk. unfold covariance.
  assert (Hs : forall w m, In (w, m) L -> sum_to n (fun j => nth j m 0) = k).
  { intros w m Hm. destruct (Hk w m Hm) as [<- <-]. symmetry; apply sum_is_sum_to. }
  rewrite (sum_to_ext n _ (fun j => mean L (fun m => nth i m 0 * nth j m 0)
                                   + (- nth i (mean_mask L) 0) * mean L (fun m => nth j m 0)))
    by (intros; rewrite (nth_mean_mask L i0); ring).
  rewrite sum_to_add, sum_to_mul, <- !mean_sum_to.
  rewrite (mean_ext_in L _ _ Hs), mean_const by exact HL.
  rewrite (mean_ext_in L _ (fun m => k * nth i m 0)).
  - rewrite mean_mul, nth_mean_mask; ring.
  - intros w m Hm. rewrite sum_to_mul, (Hs w m Hm); ring.
Qed.

(* Exactly one of two units, half each. *)
Theorem exactly_one_of_two (h : K) :
  h + h = 1 -> covariance [(h, [1; 0]); (h, [0; 1])] 0 1 = - (h * h).
Proof. intros H; unfold covariance, mean; simpl; ring. Qed.

(* --- Monte Carlo: n independent draws --- *)

Fixpoint of_nat (n : nat) : K := match n with O => 0 | S m => 1 + of_nat m end.
Definition draws {X} (L : law K X) (n : nat) : law K (list X) := independent (repeat L n).

Lemma mass_draws {X} (L : law K X) n : mass L = 1 -> mass (draws L n) = 1.
Proof. intros H; apply mass_independent; intros L' HL; now rewrite (repeat_spec n L L' HL). Qed.

(* The sum of n draws has n times the mean ... *)
Theorem monte_carlo_mean {X} (L : law K X) f n :
  mass L = 1 -> mean (draws L n) (fun xs => sum (map f xs)) = of_nat n * mean L f.
Proof.
  intros HL; unfold draws. induction n as [|n IH]; simpl repeat.
  - rewrite mean_independent_nil; simpl; ring.
  - rewrite mean_independent_cons.
    rewrite (mean_ext L _ (fun x => f x + of_nat n * mean L f)).
    + rewrite mean_add, mean_const by exact HL. simpl; ring.
    + intros x; unfold sum; simpl. rewrite mean_add, mean_const by now apply mass_draws.
      unfold sum in IH. now rewrite IH.
Qed.

(* ... and n times the variance; so the average of n draws has the n-th part of it. *)
Theorem monte_carlo_variance {X} (L : law K X) f n :
  mass L = 1 -> var (draws L n) (fun xs => sum (map f xs)) = of_nat n * var L f.
Proof.
  intros HL. unfold var at 1. rewrite monte_carlo_mean by exact HL.
  induction n as [|n IH]; unfold draws; simpl repeat.
  - rewrite mean_independent_nil; unfold sum, sq; simpl; ring.
  - rewrite mean_independent_cons. fold (draws L n).
    rewrite (mean_ext L _ (fun x => sq (f x - mean L f) + of_nat n * var L f)).
    + rewrite mean_add, mean_const by exact HL. fold (var L f). simpl; ring.
    + intros x. rewrite <- IH.
      set (a := f x - mean L f).
      rewrite (mean_ext (draws L n) (fun xs => sq (sum (map f (x :: xs)) - _))
                 (fun xs => sq (sum (map f xs) - (of_nat n * mean L f - a))))
        by (intros; unfold a, sum, sq; simpl; ring).
      rewrite !squared_decomposition, monte_carlo_mean by auto using mass_draws.
      unfold sq; ring.
Qed.

(* --- stochastic pooling: activation a_i is chosen with probability a_i / sum a --- *)

Definition pooling (r : K) (a : vec K) : law K K := map (fun x => (x * r, x)) a.

Theorem pooling_mean (r : K) a :
  sum a * r = 1 -> mass (pooling r a) = 1 /\ mean (pooling r a) (fun x => x) = r * sum (map sq a).
Proof.
  intros H; unfold mass, mean, pooling; rewrite !map_map; simpl; split.
  - rewrite (sum_map_ext _ (fun x => r * x)), sum_map_mul, map_id by (intros; ring).
    rewrite <- H; ring.
  - rewrite <- sum_map_mul; apply sum_map_ext; intros; unfold sq; ring.
Qed.

End Moments.
