(* Inverted dropout divides kept units by their keep probability during training.

   It is unbiased; and standard dropout trains the same functions, step for step, when the
   learning rate of the weights is p^2 times as large for the inverted weights V = p W.
   Division is multiplication by r, where p r = 1, so the ring needs no quotients. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law DeepLinear.
Import ListNotations.

Section Inverted.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

(* One step of stochastic gradient descent on a layer that saw the (masked) input x.
   g gives the errors at the pre-activations: any loss, any network above the layer.
   alpha and beta are the learning rates of weights and biases, lambda the weight decay. *)
Definition sgd_unit (alpha beta lambda : K) (x : vec K) (u : vec K * K) (e : K) : vec K * K :=
  (vadd (scale (1 - alpha * lambda) (fst u)) (scale (- (alpha * e)) x), snd u - beta * e).

Definition sgd_step (alpha beta lambda : K) (W : layer) (gx : (vec K -> vec K) * vec K) : layer :=
  map (fun ue => sgd_unit alpha beta lambda (snd gx) (fst ue) (snd ue))
      (combine W (fst gx (apply_layer W (snd gx)))).

(* The same functions in the other convention: weights times p, biases as they are; and a
   step's data, where the kept units are multiplied by r = 1/p. *)
Definition to_inverted (p : K) (W : layer) : layer := map (fun u => (scale p (fst u), snd u)) W.
Definition inverted_data (r : K) (gx : (vec K -> vec K) * vec K) := (fst gx, scale r (snd gx)).

(* --- unbiasedness --- *)

Theorem unbiased_unit (q r x : K) : q * r = 1 -> mean (coin q) (fun d => r * (d * x)) = x.
Proof.
  intros H. rewrite mean_coin. transitivity (q * r * x); [ring |]. rewrite H; ring.
Qed.

Lemma hadamard_assoc (u : vec K) : forall v w, u ⊙ (v ⊙ w) = u ⊙ v ⊙ w.
Proof.
  induction u as [|a u IH]; intros [|b v] [|c w]; simpl; try reflexivity.
  rewrite IH; f_equal; ring.
Qed.

Lemma hadamard_ones (v : vec K) : repeat 1 (length v) ⊙ v = v.
Proof. induction v; simpl; [reflexivity |]. rewrite IHv; f_equal; ring. Qed.

Theorem unbiased_linear_unit (p r w x : vec K) :
  p ⊙ r = repeat 1 (length x) -> mean (bernoulli p) (fun d => dot w (d ⊙ (r ⊙ x))) = dot w x.
Proof.
  intros H. rewrite mean_linear_unit, mean_mask_bernoulli, hadamard_assoc, H. now rewrite hadamard_ones.
Qed.

(* --- trajectories --- *)

Lemma scale_scale (a b : K) v : scale a (scale b v) = scale (a * b) v.
Proof. unfold scale; rewrite map_map; apply map_ext; intros; ring. Qed.

Lemma scale_vadd (c : K) u : forall v, scale c (vadd u v) = vadd (scale c u) (scale c v).
Proof. induction u; intros [|b v]; simpl; try reflexivity. rewrite IHu; f_equal; ring. Qed.

Lemma same_pre_activations (p r : K) W x :
  p * r = 1 -> apply_layer (to_inverted p W) (scale r x) = apply_layer W x.
Proof.
  intros H. unfold apply_layer, to_inverted. rewrite map_map. apply map_ext; intros [w b]; simpl.
  rewrite dot_scale, dot_comm, dot_scale, dot_comm.
  transitivity (p * r * dot w x + b); [ring | rewrite H; ring].
Qed.

Theorem one_step (p r alpha beta lambda : K) W gx :
  p * r = 1 ->
  sgd_step (p * p * alpha) beta (r * r * lambda) (to_inverted p W) (inverted_data r gx)
  = to_inverted p (sgd_step alpha beta lambda W gx).
Proof.
  intros H. destruct gx as [g x]. unfold sgd_step; simpl. rewrite same_pre_activations by exact H.
  generalize (g (apply_layer W x)) as e.
  induction W as [|[w b] W IH]; intros [|e0 e]; simpl; try reflexivity.
  rewrite IH; f_equal. unfold sgd_unit; simpl. f_equal.
  rewrite scale_vadd, !scale_scale. f_equal; f_equal.
  - transitivity (p - alpha * lambda * p * (p * r) * (p * r)); [ring | rewrite H; ring].
  - transitivity (- (alpha * e0) * p * (p * r)); [ring | rewrite H; ring].
Qed.

(* Any number of steps, each with its own masked input and its own errors. *)
Theorem same_trajectory (p r alpha beta lambda : K) steps :
  p * r = 1 -> forall W,
  fold_left (sgd_step (p * p * alpha) beta (r * r * lambda)) (map (inverted_data r) steps) (to_inverted p W)
  = to_inverted p (fold_left (sgd_step alpha beta lambda) steps W).
Proof.
  intros H; induction steps as [|gx steps IH]; intros W; simpl; [reflexivity |].
  rewrite one_step by exact H. apply IH.
Qed.

End Inverted.
