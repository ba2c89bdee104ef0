(* The algebra at the real numbers.

   The lemmas restate the ring facts with Coq's own +, *, - on R, so that the
   standard tactics for reals apply; nothing new is proved here. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law.
Import ListNotations.
Open Scope R_scope.

Definition Rring : Ring := Build_Ring R 0 1 Rplus Rmult Rminus Ropp RTheory.
Canonical Rring.

Ltac real := cbn [carrier zero one add mul sub opp Rring] in *.

Ltac rring := real; ring.
Ltac rfield := real; field.

Section Restated.
Context {X : Type} (L : law Rring X).

Lemma Rmean_add f g : mean L (fun x => f x + g x) = mean L f + mean L g.
Proof. exact (mean_add L f g). Qed.

Lemma Rmean_sub f g : mean L (fun x => f x - g x) = mean L f - mean L g.
Proof. exact (mean_sub L f g). Qed.

Lemma Rmean_mul c f : mean L (fun x => c * f x) = c * mean L f.
Proof. exact (mean_mul L c f). Qed.

Lemma Rmean_const (c : R) : mass L = 1 -> mean L (fun _ => c) = c.
Proof. exact (mean_const L c). Qed.

Lemma Rmean_ext (f g : X -> R) : (forall x, f x = g x) -> mean L f = mean L g.
Proof. exact (mean_ext L f g). Qed.

(* Weights are probabilities: this is needed for inequalities only. *)
Definition nonnegative := forall w x, In (w, x) L -> 0 <= w.

Lemma mean_le f g : nonnegative -> (forall x, f x <= g x) -> mean L f <= mean L g.
Proof.
  intros Hw Hfg; unfold nonnegative in Hw. unfold mean. induction L as [|[w x] l IH]; simpl; real.
  - lra.
  - assert (0 <= w) by (eapply Hw; left; reflexivity).
    assert (w * f x <= w * g x) by now apply Rmult_le_compat_l.
    assert (forall w x, In (w, x) l -> 0 <= w) by (intros; eapply Hw; right; eauto).
    specialize (IH H1). unfold sum in *. real. lra.
Qed.

End Restated.
