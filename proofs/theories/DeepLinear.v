(* Deep linear networks: hidden layers without nonlinearities.

   One mask for each layer, drawn independently from layer to layer, each from a law of its
   own (within a layer any joint law will do).  Biases are allowed and never scaled. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law.
Import ListNotations.

Section DeepLinear.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

(* A layer is a list of units, each with its weights and its bias. *)
Definition layer := list (vec K * K).
Definition apply_layer (M : layer) (x : vec K) : vec K := map (fun u => dot (fst u) x + snd u) M.

(* Layer after layer, the inputs of each multiplied by its mask. *)
Fixpoint forward (N : list layer) (ms : list (vec K)) (x : vec K) : vec K :=
  match N, ms with
  | M :: N', m :: ms' => forward N' ms' (apply_layer M (m ⊙ x))
  | _, _ => x
  end.

(* --- proofs --- *)

(* Any linear read-out of a layer, or of the whole network, is affine in its input. *)
Lemma layer_affine M c : exists a b, forall x, dot c (apply_layer M x) = dot a x + b.
Proof.
  revert c; induction M as [|[w k] M IH]; intros [|c0 c]; simpl.
  - exists [], 0; intros; unfold dot; simpl; ring.
  - exists [], 0; intros; unfold dot; simpl; ring.
  - exists [], 0; intros; unfold dot; simpl; ring.
  - destruct (IH c) as (a & b & H). exists (vadd (scale c0 w) a), (c0 * k + b).
    intros x. rewrite dot_cons, H, dot_vadd, dot_scale; ring.
Qed.

Lemma forward_affine N : forall ms c, exists a b, forall x, dot c (forward N ms x) = dot a x + b.
Proof.
  induction N as [|M N IH]; intros ms c; [exists c, 0; intros; simpl; ring |].
  destruct ms as [|m ms]; [exists c, 0; intros; simpl; ring |].
  destruct (IH ms c) as (a & b & H), (layer_affine M a) as (a' & b' & H').
  exists (a' ⊙ m), (b' + b). intros x; simpl. rewrite H, H', dot_hadamard; ring.
Qed.

Theorem deep_linear_readout N : forall Ls c x,
  length Ls = length N -> (forall L, In L Ls -> mass L = 1) ->
  mean (independent Ls) (fun ms => dot c (forward N ms x))
  = dot c (forward N (map mean_mask Ls) x).
Proof.
  induction N as [|M N IH]; intros [|L Ls] c x Hlen HL; try discriminate.
  - apply mean_independent_nil.
  - simpl in Hlen; injection Hlen as Hlen. rewrite mean_independent_cons; simpl.
    assert (HLs : forall L, In L Ls -> mass L = 1) by (intros; apply HL; now right).
    rewrite (mean_ext L _ _ (fun m => IH Ls c (apply_layer M (m ⊙ x)) Hlen HLs)).
    destruct (forward_affine N (map mean_mask Ls) c) as (a & b & H), (layer_affine M a) as (a' & b' & H').
    rewrite (mean_ext L _ (fun m => dot a' (m ⊙ x) + (b' + b))) by (intros; rewrite H, H'; ring).
    rewrite mean_add, mean_const, mean_linear_unit, H, H' by (apply HL; now left). ring.
Qed.

Lemma dot_unit y : forall v : vec K, dot (repeat 0 y ++ [1]) v = nth y v 0.
Proof.
  induction y as [|y IH]; intros [|a v]; simpl; rewrite ?dot_nil_r, ?dot_cons; try reflexivity.
  - unfold dot; simpl; ring.
  - rewrite IH; ring.
Qed.

(* The mean of every output is the output of the one network at the mean masks. *)
Theorem deep_linear_mean N Ls x y :
  length Ls = length N -> (forall L, In L Ls -> mass L = 1) ->
  mean (independent Ls) (fun ms => nth y (forward N ms x) 0)
  = nth y (forward N (map mean_mask Ls) x) 0.
Proof.
  intros Hlen HL. rewrite <- dot_unit, <- deep_linear_readout by auto.
  apply mean_ext; intros; now rewrite dot_unit.
Qed.

(* Dropout with independent keep probabilities ps, one vector for each layer. *)
Theorem deep_linear_bernoulli N ps x y :
  length ps = length N ->
  mean (independent (map bernoulli ps)) (fun ms => nth y (forward N ms x) 0)
  = nth y (forward N ps x) 0.
Proof.
  intros Hlen. rewrite deep_linear_mean.
  - rewrite map_map, (map_ext _ id), map_id by apply mean_mask_bernoulli. reflexivity.
  - now rewrite map_length.
  - intros L H; apply in_map_iff in H; destruct H as (p & <- & _). apply mass_bernoulli.
Qed.

(* One mask reused at t steps: the mean of the product is p, not p^t. *)
Theorem tied_product (q : K) t : mean (coin q) (fun d => pow d (S t)) = q.
Proof.
  rewrite mean_coin; simpl.
  assert (H1 : pow 1 t = (1 : K)) by (clear; induction t; simpl; [reflexivity | rewrite IHt; ring]).
  rewrite H1; ring.
Qed.

End DeepLinear.
