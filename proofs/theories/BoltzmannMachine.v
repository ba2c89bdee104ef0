(* Dropout in a restricted Boltzmann machine: hidden unit j exists only where r_j is true.

   Summing over the hidden states that r allows gives the product form of the visible
   marginal, up to the normaliser, which depends on r. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law DeepLinear RealLayer.
Import ListNotations.

(* Hidden states: 0 or 1 where r is true, 0 where it is false. *)
Fixpoint hidden_states (r : list bool) : list (list R) :=
  match r with
  | [] => [[]]
  | true :: r' => map (cons 0) (hidden_states r') ++ map (cons 1) (hidden_states r')
  | false :: r' => map (cons 0) (hidden_states r')
  end.

(* exp(v'Wh + a'h + b'v); a hidden unit is (its weights, its bias). *)
Definition weight (units : list (list R * R)) (b v h : list R) : R :=
  exp (dot (apply_layer units v) h + dot b v).

Fixpoint product_over_kept (r : list bool) (inputs : list R) : R :=
  match r, inputs with
  | true :: r', s :: inputs' => (1 + exp s) * product_over_kept r' inputs'
  | false :: r', _ :: inputs' => product_over_kept r' inputs'
  | _, _ => 1
  end.

Lemma sum_hidden r : forall inputs, length inputs = length r ->
  sum (map (fun h => exp (dot inputs h)) (hidden_states r)) = product_over_kept r inputs.
Proof.
  induction r as [|k r IH]; intros [|s inputs] H; try discriminate.
  - unfold sum, dot; simpl; real. rewrite exp_0. ring.
  - injection H as H. specialize (IH inputs H).
    assert (H0 : sum (map (fun h => exp (dot (s :: inputs) (0 :: h))) (hidden_states r)) = product_over_kept r inputs).
    { rewrite <- IH. apply (@sum_map_ext Rring). intros h _. rewrite dot_cons; f_equal; rring. }
    assert (H1 : sum (map (fun h => exp (dot (s :: inputs) (1 :: h))) (hidden_states r)) = exp s * product_over_kept r inputs).
    { rewrite <- IH. etransitivity; [| apply (@sum_map_mul Rring)]. apply (@sum_map_ext Rring).
      intros h _. rewrite dot_cons, <- exp_plus; apply f_equal; rring. }
    destruct k; simpl; rewrite ?map_app, ?map_map; [| exact H0].
    rewrite sum_app. etransitivity; [apply f_equal2; [exact H0 | exact H1] |]. rring.
Qed.

Theorem visible_marginal r units b v :
  length units = length r ->
  sum (map (weight units b v) (hidden_states r)) = exp (dot b v) * product_over_kept r (apply_layer units v).
Proof.
  intros H. rewrite <- sum_hidden by (unfold apply_layer; now rewrite map_length).
  etransitivity; [| apply (@sum_map_mul Rring)]. apply (@sum_map_ext Rring). intros h _.
  unfold weight. rewrite exp_plus; rring.
Qed.
