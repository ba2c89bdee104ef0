(* Vectors over any commutative ring.

   Everything in the ring layer is stated for an arbitrary ring K, so that one
   definition serves twice: at the reals for theorems, at the rationals to run. *)

From Coq Require Import List Ring Ring_theory.
Import ListNotations.

Record Ring := {
  carrier :> Type;
  zero : carrier;
  one : carrier;
  add : carrier -> carrier -> carrier;
  mul : carrier -> carrier -> carrier;
  sub : carrier -> carrier -> carrier;
  opp : carrier -> carrier;
  ring_laws : ring_theory zero one add mul sub opp (@eq carrier)
}.

Arguments zero {_}.
Arguments one {_}.
Arguments add {_}.
Arguments mul {_}.
Arguments sub {_}.
Arguments opp {_}.

Declare Scope K_scope.
Delimit Scope K_scope with K.
Notation "0" := zero : K_scope.
Notation "1" := one : K_scope.
Infix "+" := add : K_scope.
Infix "*" := mul : K_scope.
Infix "-" := sub : K_scope.
Notation "- x" := (opp x) : K_scope.
Open Scope K_scope.

Notation vec K := (list (carrier K)).

Section Vectors.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition sum (l : list K) : K := fold_right add 0 l.
Definition prod (l : list K) : K := fold_right mul 1 l.
Definition sq (x : K) : K := x * x.
Fixpoint pow (x : K) (n : nat) : K := match n with O => 1 | S m => x * pow x m end.

(* Sum of f 0, ..., f (n-1). *)
Definition sum_to (n : nat) (f : nat -> K) : K := sum (map f (seq 0 n)).

(* Entrywise product; the longer vector is cut, that is, missing entries are 0. *)
Fixpoint hadamard (u v : vec K) : vec K :=
  match u, v with
  | a :: u', b :: v' => a * b :: hadamard u' v'
  | _, _ => []
  end.

Definition dot (u v : vec K) : K := sum (hadamard u v).
Definition scale (c : K) (v : vec K) : vec K := map (mul c) v.

(* Entrywise sum; the shorter vector is padded with 0. *)
Fixpoint vadd (u v : vec K) : vec K :=
  match u, v with
  | a :: u', b :: v' => a + b :: vadd u' v'
  | [], _ => v
  | _, [] => u
  end.

(* --- facts --- *)

Lemma sum_app l1 l2 : sum (l1 ++ l2) = sum l1 + sum l2.
Proof. induction l1; simpl; [ring | rewrite IHl1; ring]. Qed.

Lemma sum_map_add {X} (f g : X -> K) l :
  sum (map (fun x => f x + g x) l) = sum (map f l) + sum (map g l).
Proof. induction l; simpl; [ring | rewrite IHl; ring]. Qed.

Lemma sum_map_mul {X} c (f : X -> K) l : sum (map (fun x => c * f x) l) = c * sum (map f l).
Proof. induction l; simpl; [ring | rewrite IHl; ring]. Qed.

Lemma sum_map_zero {X} (l : list X) : sum (map (fun _ => 0) l) = (0 : K).
Proof. induction l; simpl; [ring | rewrite IHl; ring]. Qed.

Lemma sum_swap {X Y} (F : X -> Y -> K) l m :
  sum (map (fun x => sum (map (F x) m)) l) = sum (map (fun y => sum (map (fun x => F x y) l)) m).
Proof.
  induction l as [|x l IH]; simpl; [now rewrite sum_map_zero |].
  now rewrite IH, sum_map_add.
Qed.

Lemma sum_map_ext {X} (f g : X -> K) l :
  (forall x, In x l -> f x = g x) -> sum (map f l) = sum (map g l).
Proof. intros H; f_equal; now apply map_ext_in. Qed.

(* The same facts for sum_to. *)
Lemma sum_to_S n f : sum_to (S n) f = f O + sum_to n (fun i => f (S i)).
Proof. unfold sum_to; simpl; now rewrite <- seq_shift, map_map. Qed.

Lemma sum_to_ext n (f g : nat -> K) : (forall i, f i = g i) -> sum_to n f = sum_to n g.
Proof. intros H; now apply sum_map_ext. Qed.

Lemma sum_to_add n f g : sum_to n (fun i => f i + g i) = sum_to n f + sum_to n g.
Proof. apply sum_map_add. Qed.

Lemma sum_to_mul n c f : sum_to n (fun i => c * f i) = c * sum_to n f.
Proof. apply sum_map_mul. Qed.

Lemma sum_to_zero n : sum_to n (fun _ => 0) = (0 : K).
Proof. apply sum_map_zero. Qed.

Lemma sum_to_swap m n F :
  sum_to m (fun i => sum_to n (F i)) = sum_to n (fun j => sum_to m (fun i => F i j)).
Proof. apply sum_swap. Qed.

Lemma nth_map_seq n (f : nat -> K) j : j < n -> nth j (map f (seq 0 n)) 0 = f j.
Proof.
  intros H. rewrite (nth_indep _ 0 (f O)) by (now rewrite map_length, seq_length).
  now rewrite map_nth, seq_nth.
Qed.

Lemma nth_repeat_lt (x : K) n j : j < n -> nth j (repeat x n) 0 = x.
Proof.
  revert j; induction n; intros [|j] H; simpl; [inversion H | inversion H | reflexivity |].
  apply IHn. now apply PeanoNat.Nat.succ_lt_mono.
Qed.

Lemma dot_cons a u b v : dot (a :: u) (b :: v) = a * b + dot u v.
Proof. reflexivity. Qed.

Lemma dot_nil_r u : dot u [] = 0.
Proof. destruct u; reflexivity. Qed.

Lemma dot_comm u : forall v, dot u v = dot v u.
Proof.
  induction u as [|a u IH]; intros [|b v]; rewrite ?dot_cons, ?dot_nil_r; try reflexivity.
  rewrite IH; ring.
Qed.

Lemma dot_hadamard w : forall u v, dot w (hadamard u v) = dot (hadamard w u) v.
Proof.
  induction w as [|a w IH]; intros [|b u] [|c v]; simpl; rewrite ?dot_nil_r; try reflexivity.
  rewrite !dot_cons, IH; ring.
Qed.

Lemma dot_hadamard_l w : forall u v, dot w (hadamard u v) = dot u (hadamard w v).
Proof.
  induction w as [|a w IH]; intros [|b u] [|c v]; simpl; rewrite ?dot_nil_r; try reflexivity.
  rewrite !dot_cons, IH; ring.
Qed.

Lemma dot_scale c u : forall v, dot (scale c u) v = c * dot u v.
Proof.
  induction u as [|a u IH]; intros [|b v]; simpl; rewrite ?dot_nil_r; try (unfold dot; simpl; ring).
  rewrite !dot_cons, IH; ring.
Qed.

Lemma dot_vadd u : forall v w, dot (vadd u v) w = dot u w + dot v w.
Proof.
  induction u as [|a u IH]; intros [|b v] [|c w]; simpl; rewrite ?dot_nil_r, ?dot_cons;
    try (unfold dot; simpl; ring).
  rewrite IH; ring.
Qed.

Lemma dot_sum_to u : forall v n, length v = n ->
  dot u v = sum_to n (fun i => nth i u 0 * nth i v 0).
Proof.
  induction u as [|a u IH]; intros [|b v] n <-; try reflexivity.
  - rewrite (sum_to_ext _ _ (fun _ => 0)) by (intros [|i]; simpl; ring). now rewrite sum_to_zero.
  - simpl length. rewrite dot_cons, sum_to_S, (IH v (length v)) by reflexivity. reflexivity.
Qed.

Lemma vadd_length u : forall v, length v = length u -> length (vadd u v) = length u.
Proof. induction u; intros [|b v] H; simpl in *; try congruence; f_equal; auto. Qed.

Lemma nth_vadd u : forall v i, nth i (vadd u v) 0 = nth i u 0 + nth i v 0.
Proof.
  induction u as [|a u IH]; intros [|b v] [|i]; simpl; try ring; apply IH.
Qed.

Lemma nth_scale c u i : nth i (scale c u) 0 = c * nth i u 0.
Proof. revert i; induction u; intros [|i]; simpl; try ring; auto. Qed.

Lemma nth_hadamard u : forall v i, nth i (hadamard u v) 0 = nth i u 0 * nth i v 0.
Proof. induction u; intros [|b v] [|i]; simpl; try ring; auto. Qed.

Lemma hadamard_length u : forall v, length u = length v -> length (hadamard u v) = length v.
Proof. induction u; intros [|b v] H; simpl in *; try congruence; f_equal; auto. Qed.

(* Two vectors of one length with the same entries are equal. *)
Lemma vec_eq (u v : vec K) :
  length u = length v -> (forall i, nth i u 0 = nth i v 0) -> u = v.
Proof. intros Hl H; apply (nth_ext u v 0 0); auto. Qed.

End Vectors.

Infix "⊙" := hadamard (at level 40, left associativity) : K_scope.
