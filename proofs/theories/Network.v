(* Networks with an activation, and the fold that averages over all masks. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law DeepLinear.
Import ListNotations.

Section Network.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

(* As forward, with the activation after every layer but the last. *)
Fixpoint network (act : K -> K) (N : list layer) (ms : list (vec K)) (x : vec K) : vec K :=
  match N, ms with
  | [M], [m] => apply_layer M (m ⊙ x)
  | M :: N', m :: ms' => network act N' ms' (map act (apply_layer M (m ⊙ x)))
  | _, _ => x
  end.

(* The mean from the table of the values at all masks, in the order of the law bernoulli: one
   unit at a time, the last unit fastest.  The cost is that of reading the table. *)
Fixpoint fold_mean (p : vec K) (values : list K) : K :=
  match p with
  | [] => hd 0 values
  | q :: p' =>
      let half := Nat.pow 2 (length p') in
      (1 - q) * fold_mean p' (firstn half values) + q * fold_mean p' (skipn half values)
  end.

Definition values_of (p : vec K) (f : vec K -> K) : list K := map (fun o => f (snd o)) (bernoulli p).

(* --- proofs --- *)

Theorem network_identity N : forall ms x, network (fun z => z) N ms x = forward N ms x.
Proof.
  induction N as [|M N IH]; intros ms x; [reflexivity |].
  destruct ms as [|m ms]; [now destruct N |].
  change (forward (M :: N) (m :: ms) x) with (forward N ms (apply_layer M (m ⊙ x))).
  rewrite <- IH. destruct N as [|M' N], ms as [|m' ms]; simpl; now rewrite ?map_id.
Qed.

Lemma values_of_length (p : vec K) f : length (values_of p f) = Nat.pow 2 (length p).
Proof.
  unfold values_of; rewrite map_length. induction p as [|q p IH]; [reflexivity |].
  unfold bernoulli; simpl; fold (bernoulli p). rewrite app_nil_r, app_length, !map_length, IH.
  now rewrite PeanoNat.Nat.add_0_r.
Qed.

Lemma values_of_cons (q : K) p f :
  values_of (q :: p) f = values_of p (fun d => f (0 :: d)) ++ values_of p (fun d => f (1 :: d)).
Proof.
  unfold values_of, bernoulli; simpl; fold (bernoulli p).
  now rewrite app_nil_r, map_app, !map_map.
Qed.

Theorem fold_mean_exact p : forall f, fold_mean p (values_of p f) = mean (bernoulli p) f.
Proof.
  induction p as [|q p IH]; intros f; [now rewrite mean_bernoulli_nil |].
  rewrite mean_bernoulli_cons, <- !IH, values_of_cons; simpl.
  rewrite <- (values_of_length p (fun d => f (0 :: d))).
  rewrite firstn_app, skipn_app, PeanoNat.Nat.sub_diag, firstn_all, skipn_all; simpl.
  now rewrite app_nil_r.
Qed.

End Network.
