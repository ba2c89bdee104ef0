(* The ring-generic definitions at the rational numbers, ready to run.

   Each pair below is one claim from its two sides: the left by enumeration of all masks,
   the right by the closed form.  Extraction turns them into the program that writes the
   test vectors. *)

From Coq Require Import List QArith Qcanon.
From DropoutOracle Require Import Algebra Law LinearRegression Ridge DeepLinear Recurrent
  Factorisation InvertedDropout Moments Network.
Import ListNotations.

Definition Qring : Ring := Build_Ring Qc 0%Qc 1%Qc Qcplus Qcmult Qcminus Qcopp Qcrt.
Canonical Qring.

Definition relu (x : Qc) : Qc := if Qle_bool x 0 then 0%Qc else x.

(* Mean over independent masks, of a function given by its table of values. *)
Definition q_fold_mean (p values : list Qc) : Qc := fold_mean p values.

(* Logits of softmax regression; a layer is a list of (weights, bias), one a class. *)
Definition q_mean_logits (L : list (Qc * list Qc)) (M : list (list Qc * Qc)) (v : list Qc) : list Qc :=
  map (fun u => mean L (fun m => dot (fst u) (m ⊙ v) + snd u)%K) M.
Definition q_weight_scaled_logits (L : list (Qc * list Qc)) (M : list (list Qc * Qc)) (v : list Qc)
  : list Qc := apply_layer M (mean_mask L ⊙ v).
Definition q_bernoulli (p : list Qc) : list (Qc * list Qc) := bernoulli p.
Definition q_mean_mask (L : list (Qc * list Qc)) : list Qc := mean_mask L.

(* Networks with a mask before every layer: mean of each output, and weight scaling. *)
Definition q_mean_outputs (act : Qc -> Qc) (N : list (list (list Qc * Qc))) (ps : list (list Qc))
  (x : list Qc) : list Qc :=
  map (fun y => mean (independent (map bernoulli ps)) (fun ms => nth y (network act N ms x) 0%Qc))
      (seq 0 (length (network act N ps x))).
Definition q_weight_scaled_outputs (act : Qc -> Qc) (N : list (list (list Qc * Qc))) (ps : list (list Qc))
  (x : list Qc) : list Qc := network act N ps x.

(* Linear regression. *)
Definition q_dropout_loss (L : list (Qc * list Qc)) (D : list (list Qc * Qc)) (w : list Qc) : Qc :=
  dropout_loss L D w.
Definition q_loss_at_mean (L : list (Qc * list Qc)) (D : list (list Qc * Qc)) (w : list Qc) : Qc :=
  masked_loss D w (mean_mask L).
Definition q_covariance_penalty (L : list (Qc * list Qc)) (D : list (list Qc * Qc)) (w : list Qc) : Qc :=
  covariance_penalty L D w.
Definition q_feature_penalty (p : list Qc) (D : list (list Qc * Qc)) (w : list Qc) : Qc :=
  feature_penalty p D w.
Definition q_lambda (p : list Qc) (D : list (list Qc * Qc)) : list Qc := lambda (map Qcinv p) D.
Definition q_ridge_loss (p : list Qc) (D : list (list Qc * Qc)) (w : list Qc) : Qc :=
  ridge_loss (q_lambda p D) D (p ⊙ w).

(* Linear recurrent network, inverted dropout, T steps. *)
Definition q_fresh_mean (p : Qc) (T : nat) : Qc :=
  mean (bernoulli (repeat p T)) (fresh_state (Qcinv p)).
Definition q_fresh_second_moment (p : Qc) (T : nat) : Qc :=
  mean (bernoulli (repeat p T)) (fun d => sq (fresh_state (Qcinv p) d)).
Definition q_tied_mean (p : Qc) (T : nat) : Qc := mean (coin p) (tied_state (Qcinv p) T).

(* Inverted dropout of the c components of a factorisation; rows of U and V as lists. *)
Definition q_factorisation_loss (p : Qc) (c : nat) (A U V : list (list Qc)) : Qc :=
  mean (bernoulli (repeat p c)) (fun d =>
    factorisation_loss (length U) (length V) (fun a b => nth b (nth a A []) 0%Qc)
      (fun a => nth a U []) (fun b => nth b V []) (scale (Qcinv p) d)).
Definition q_factorisation_plain (c : nat) (A U V : list (list Qc)) : Qc :=
  factorisation_loss (length U) (length V) (fun a b => nth b (nth a A []) 0%Qc)
    (fun a => nth a U []) (fun b => nth b V []) (repeat 1%Qc c).
Definition q_factorisation_penalty (p : Qc) (c : nat) (U V : list (list Qc)) : Qc :=
  ((Qcinv p - 1) * sum_to c (fun i =>
    column_square (length U) (fun a => nth a U []) i * column_square (length V) (fun b => nth b V []) i))%K.

(* One step of gradient descent for one linear layer with squared loss: errors are
   pre-activations minus targets. *)
Definition q_sgd_step (alpha beta decay : Qc) (W : list (list Qc * Qc)) (x targets : list Qc)
  : list (list Qc * Qc) :=
  sgd_step alpha beta decay W (fun z => map (fun zt => fst zt - snd zt)%K (combine z targets), x).

(* Reading and showing rationals. *)
Definition q_of (n : Z) (d : positive) : Qc := Q2Qc (Qmake n d).
