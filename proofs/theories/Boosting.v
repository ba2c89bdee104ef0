(* Dropout boosting: the gradient of the ensemble's own log-loss.

   z m y t is the logit of label y in sub-model m as a function of one shared parameter t,
   with derivative J m y.  The gradient of -log NGM(y) is the mean, over the masks, of what
   back-propagation through the sub-model gives for the ENSEMBLE's output error. *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles.
Import ListNotations.

Definition ensemble {X} k (L : law Rring X) (z : X -> nat -> R -> R) (t : R) : nat -> R :=
  NGM k L (fun m => softmax k (fun y => z m y t)).

Definition ensemble_loss {X} k (L : law Rring X) z y t : R := - ln (@ensemble X k L z t y).

(* The error at output y' when the label is y. *)
Definition output_error (P : nat -> R) (y y' : nat) : R := P y' - (if Nat.eqb y y' then 1 else 0).

(* --- derivatives of finite sums --- *)

Lemma derivative_ext f g x l : (forall t, f t = g t) -> derivable_pt_lim f x l -> derivable_pt_lim g x l.
Proof.
  intros E H eps He. destruct (H eps He) as (d & Hd). exists d; intros h H1 H2.
  rewrite <- !E. now apply Hd.
Qed.

Lemma derivative_sum {Y} (F : Y -> R -> R) (F' : Y -> R) x (l : list Y) :
  (forall a, derivable_pt_lim (F a) x (F' a)) ->
  derivable_pt_lim (fun t => sum (map (fun a => F a t) l)) x (sum (map F' l)).
Proof.
  intros H. unfold sum. induction l as [|a l IH]; simpl; [apply derivable_pt_lim_const |].
  apply (derivable_pt_lim_plus (F a)); auto.
Qed.

Lemma derivative_mean {X} (L : law Rring X) (F : X -> R -> R) F' x :
  (forall m, derivable_pt_lim (F m) x (F' m)) ->
  derivable_pt_lim (fun t => mean L (fun m => F m t)) x (mean L F').
Proof.
  intros H. apply (derivative_sum (fun o t => fst o * F (snd o) t)).
  intros o. apply (derivable_pt_lim_scal (F (snd o))), H.
Qed.

Lemma derivative_total k (F : nat -> R -> R) F' x :
  (forall y, derivable_pt_lim (F y) x (F' y)) ->
  derivable_pt_lim (fun t => total k (fun y => F y t)) x (total k F').
Proof. intros H. now apply (derivative_sum F). Qed.

Lemma derivative_lse k (z : nat -> R -> R) z' x :
  (0 < k)%nat -> (forall y, derivable_pt_lim (z y) x (z' y)) ->
  derivable_pt_lim (fun t => lse k (fun y => z y t)) x
    (total k (fun y => softmax k (fun y => z y x) y * z' y)).
Proof.
  intros Hk H. set (T := fun t => total k (fun y => exp (z y t))).
  replace (total k _) with (/ T x * total k (fun y => exp (z y x) * z' y)).
  - apply (derivable_pt_lim_comp T ln).
    + apply (derivative_total k (fun y t => exp (z y t))). intros y.
      apply (derivable_pt_lim_comp (z y) exp); [apply H | apply derivable_pt_lim_exp].
    + apply derivable_pt_lim_ln. now apply total_exp_pos.
  - rewrite <- total_scale. apply total_ext; intros y _. unfold softmax, normalise, T. rfield.
    pose proof (total_exp_pos k (fun y => z y x) Hk). lra.
Qed.

Lemma total_delta k y (g : nat -> R) :
  (y < k)%nat -> total k (fun y' => (if Nat.eqb y y' then 1 else 0) * g y') = g y.
Proof.
  revert y g; induction k as [|k IH]; intros y g Hy; [lia |]. rewrite total_S.
  destruct y as [|y]; simpl Nat.eqb.
  - rewrite (total_ext k _ (fun y => 0 * g (S y))) by (intros; simpl; ring).
    rewrite total_scale. simpl; ring.
  - rewrite (IH y (fun y => g (S y))) by lia. ring.
Qed.

(* --- the identity --- *)

Theorem boosting_gradient {X} k (L : law Rring X) z J y x :
  (y < k)%nat -> (forall m y', derivable_pt_lim (z m y') x (J m y')) ->
  derivable_pt_lim (ensemble_loss k L z y) x
    (mean L (fun m => total k (fun y' => output_error (ensemble k L z x) y y' * J m y'))).
Proof.
  intros Hy HJ. assert (Hk : (0 < k)%nat) by lia.
  set (zbar := fun y t => mean L (fun m => z m y t)). set (Jbar := fun y => mean L (fun m => J m y)).
  assert (HE : forall t y, ensemble k L z t y = softmax k (fun y => zbar y t) y)
    by (intros; apply NGM_softmax; exact Hk).
  assert (Hbar : forall y, derivable_pt_lim (zbar y) x (Jbar y))
    by (intros; apply (derivative_mean L (fun m => z m y0)); intros; apply HJ).
  apply (derivative_ext (fun t => lse k (fun y => zbar y t) - zbar y t)).
  { intros t. unfold ensemble_loss. rewrite HE, softmax_ln by exact Hk. ring. }
  replace (mean L _) with (total k (fun y' => softmax k (fun y => zbar y x) y' * Jbar y') - Jbar y).
  - apply (derivable_pt_lim_minus (fun t => lse k (fun y => zbar y t))); [| apply Hbar].
    now apply derivative_lse.
  - unfold total at 2. rewrite (mean_sum_to (K := Rring) L k).
    fold (total k (fun i => mean L (fun m => output_error (ensemble k L z x) y i * J m i))).
    rewrite (total_ext k (fun i => mean L _)
      (fun i => softmax k (fun y => zbar y x) i * Jbar i + -1 * ((if Nat.eqb y i then 1 else 0) * Jbar i))).
    + rewrite total_add, total_scale, total_delta by exact Hy. ring.
    + intros i _. rewrite Rmean_mul. unfold output_error. rewrite HE. unfold Jbar. rring.
Qed.
