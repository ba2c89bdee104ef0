(* The claims, and nothing else: a reader needs this file and the definitions that it names.

   K is any commutative ring, so those statements hold for rationals and for reals alike.
   L is a finite law of masks; mass L = 1 says that its weights sum to 1, and probability L
   that they are nonnegative as well.  p is always the vector of KEEP probabilities; where a
   statement divides by p, it takes r with p r = 1 instead.  The claim's id stands in the line
   above each statement, in a fixed form that check.sh reads. *)

From Coq Require Import Reals List.
From DropoutOracle Require Import Algebra Law Multilinear LinearRegression Ridge DeepLinear
  InvertedDropout InvertedRegression Recurrent Factorisation Moments DropConnect Network.
From DropoutOracle Require Import RealLayer Ensembles SoftmaxUniform SoftmaxAnyLaw Decomposition
  ExponentialFamily Nwgm Relu ExponentialLoss BinaryDecision RidgeMinimiser Boosting Agreement
  Bound Dyadic Maxout BoltzmannMachine.
Import ListNotations.

Module Type Claims.

(* ======== Ring layer: no axioms ======== *)
Open Scope K_scope.

(* --- averages over independent masks --- *)

(* claim: ws.multilinear *)
Parameter ws_multilinear_exact : forall (K : Ring) (f : vec K -> K) (p : vec K),
  multi_affine (length p) f -> mean (bernoulli p) f = f p.

(* claim: ws.multilinear *)
Parameter ws_multilinear_extension_affine : forall (K : Ring) (f : vec K -> K) (n : nat),
  multi_affine n (extension f).

(* claim: ws.multilinear *)
Parameter ws_multilinear_extension_agrees : forall (K : Ring) (f : vec K -> K) (d : vec K),
  is_mask d -> extension f d = f d.

(* claim: ws.multilinear *)
Parameter ws_multilinear_extension_unique : forall (K : Ring) (f g : vec K -> K) (n : nat),
  multi_affine n f -> multi_affine n g ->
  (forall d, length d = n -> is_mask d -> f d = g d) ->
  forall p, length p = n -> f p = g p.

(* One unit at a time, over the table of the values at all masks. *)
(* claim: ws.multilinear *)
Parameter ws_multilinear_fold : forall (K : Ring) (p : vec K) (f : vec K -> K),
  fold_mean p (values_of p f) = mean (bernoulli p) f.

(* claim: ws.moebius *)
Parameter ws_moebius_monomial : forall (K : Ring) (S : list bool) (p : vec K),
  mean (bernoulli p) (monomial S) = monomial S p.

(* --- deep linear networks --- *)

(* claim: ws.deep-linear *)
Parameter ws_deep_linear_any_law : forall (K : Ring) (N : list layer) (Ls : list (law K (vec K))) x y,
  length Ls = length N -> (forall L, In L Ls -> mass L = 1) ->
  mean (independent Ls) (fun ms => nth y (forward N ms x) 0)
  = nth y (forward N (map mean_mask Ls) x) 0.

(* claim: ws.deep-linear *)
Parameter ws_deep_linear_independent : forall (K : Ring) (N : list layer) (ps : list (vec K)) x y,
  length ps = length N ->
  mean (independent (map bernoulli ps)) (fun ms => nth y (forward N ms x) 0)
  = nth y (forward N ps x) 0.

(* One mask reused at every step: the mean of d^(t+1) is q, where weight scaling gives q^(t+1). *)
(* claim: ws.deep-linear *)
Parameter ws_deep_linear_tied_mean : forall (K : Ring) (q : K) (t : nat),
  mean (coin q) (fun d => pow d (S t)) = q.

(* --- linear regression --- *)

(* claim: l2.general-law *)
Parameter l2_general_law : forall (K : Ring) (L : law K (vec K)) (D : data K) (w : vec K),
  mass L = 1 ->
  dropout_loss L D w
  = sum (map (fun e => sq (snd e - dot (mean_mask L ⊙ fst e) w)) D) + covariance_penalty L D w.

(* claim: l2.per-feature *)
Parameter l2_per_feature : forall (K : Ring) (p : vec K) (D : data K) (w : vec K),
  dropout_loss (bernoulli p) D w
  = sum (map (fun e => sq (snd e - dot (p ⊙ fst e) w)) D) + feature_penalty p D w.

(* claim: l2.per-feature *)
Parameter l2_per_feature_scaled : forall (K : Ring) (p r : vec K) (D : data K) (w : vec K),
  length p = length w -> length r = length w ->
  (forall j, (j < length w)%nat -> nth j p 0 * nth j r 0 = 1) ->
  dropout_loss (bernoulli p) D w = ridge_loss (lambda r D) D (p ⊙ w).

(* Inverted dropout, a loss with the factor h = 1/2. *)
(* claim: l2.wager-form *)
Parameter l2_wager_form : forall (K : Ring) (p r h : K) (D : data K) (w : vec K),
  p * r = 1 -> h + h = 1 -> (forall e, In e D -> length (fst e) = length w) ->
  mean (bernoulli (repeat p (length w))) (fun d => h * masked_loss D w (scale r d))
  = h * squared_loss D w + h * (r - 1) * gram_penalty D w.

(* claim: l2.minimiser *)
Parameter l2_minimiser_square : forall (K : Ring) (lambda : vec K) (D : data K) (w u : vec K),
  length u = length w -> normal_equations lambda D w ->
  ridge_loss lambda D u = ridge_loss lambda D w + excess lambda D w u.

(* claim: l2.fixed-count *)
Parameter l2_fixed_count_rows : forall (K : Ring) (L : law K (vec K)) (n : nat) (k : K) (i : nat),
  mass L = 1 -> (forall w m, In (w, m) L -> length m = n /\ sum m = k) ->
  sum_to n (fun j => covariance L i j) = 0.

(* claim: l2.fixed-count *)
Parameter l2_fixed_count_two : forall (K : Ring) (h : K),
  h + h = 1 -> covariance [(h, [1; 0]); (h, [0; 1])] 0 1 = - (h * h).

(* claim: noise.gaussian-linear *)
Parameter noise_gaussian_linear : forall (K : Ring) (L1 L2 : law K (vec K)) (D : data K) (w : vec K),
  mass L1 = 1 -> mass L2 = 1 -> mean_mask L1 = mean_mask L2 ->
  (forall i j, covariance L1 i j = covariance L2 i j) ->
  dropout_loss L1 D w = dropout_loss L2 D w.

(* --- inverted dropout --- *)

(* claim: sgd.standard-vs-inverted *)
Parameter sgd_standard_vs_inverted_unbiased : forall (K : Ring) (p r w x : vec K),
  p ⊙ r = repeat 1 (length x) -> mean (bernoulli p) (fun d => dot w (d ⊙ (r ⊙ x))) = dot w x.

(* claim: sgd.standard-vs-inverted *)
Parameter sgd_standard_vs_inverted_step : forall (K : Ring) (p r alpha beta lambda : K) (W : layer) gx,
  p * r = 1 ->
  sgd_step (p * p * alpha) beta (r * r * lambda) (to_inverted p W) (inverted_data r gx)
  = to_inverted p (sgd_step alpha beta lambda W gx).

(* claim: sgd.standard-vs-inverted *)
Parameter sgd_standard_vs_inverted_steps : forall (K : Ring) (p r alpha beta lambda : K) steps,
  p * r = 1 -> forall W : layer,
  fold_left (sgd_step (p * p * alpha) beta (r * r * lambda)) (map (inverted_data r) steps) (to_inverted p W)
  = to_inverted p (fold_left (sgd_step alpha beta lambda) steps W).

(* --- recurrent networks, factorisations, moments --- *)

(* claim: rnn.fresh-vs-tied *)
Parameter rnn_fresh_vs_tied_fresh_mean : forall (K : Ring) (p r : K) (T : nat),
  p * r = 1 -> mean (bernoulli (repeat p T)) (fresh_state r) = 1.

(* claim: rnn.fresh-vs-tied *)
Parameter rnn_fresh_vs_tied_fresh_second_moment : forall (K : Ring) (p r : K) (T : nat),
  p * r = 1 -> mean (bernoulli (repeat p T)) (fun d => sq (fresh_state r d)) = pow r T.

(* claim: rnn.fresh-vs-tied *)
Parameter rnn_fresh_vs_tied_tied_mean : forall (K : Ring) (p r : K) (T : nat),
  p * r = 1 -> mean (coin p) (tied_state r (S T)) = pow r T.

(* claim: deep.linear-one-hidden *)
Parameter deep_linear_one_hidden_factorisation : forall (K : Ring) (p r : K) (c m n : nat) A U V,
  p * r = 1 -> (forall a, length (U a) = c) -> (forall b, length (V b) = c) ->
  mean (bernoulli (repeat p c)) (fun d => factorisation_loss m n A U V (scale r d))
  = factorisation_loss m n A U V (repeat 1 c)
    + (r - 1) * sum_to c (fun i => column_square m U i * column_square n V i).

(* claim: ens.decomposition *)
Parameter ens_decomposition_squared : forall (K : Ring) (X : Type) (L : law K X) (f : X -> K) (t : K),
  mass L = 1 -> mean L (fun x => sq (f x - t)) = sq (mean L f - t) + var L f.

(* claim: fast.layer *)
Parameter fast_layer_variance : forall (K : Ring) (X : Type) (q : K) (L : law K X) (h : X -> K),
  mass L = 1 ->
  mean (coin q) (fun d => mean L (fun x => sq (d * h x - q * mean L h)))
  = q * var L h + q * (1 - q) * sq (mean L h).

(* claim: norm.variance-shift *)
Parameter norm_variance_shift : forall (K : Ring) (X : Type) (q r : K) (L : law K X) (h : X -> K),
  q * r = 1 ->
  mean (coin q) (fun d => mean L (fun x => sq (r * (d * h x)))) = r * mean L (fun x => sq (h x)).

(* claim: noise.dropconnect *)
Parameter noise_dropconnect_shared_mask : forall (K : Ring) (p x w1 w2 : vec K) (n : nat),
  length w1 = n -> length w2 = n ->
  mean (bernoulli p) (fun d => pre_activation x w1 d * pre_activation x w2 d)
  = pre_activation x w1 p * pre_activation x w2 p
    + sum_to n (fun j => nth j p 0 * (1 - nth j p 0) * sq (nth j x 0) * (nth j w1 0 * nth j w2 0)).

(* claim: noise.dropconnect *)
Parameter noise_dropconnect_own_masks : forall (K : Ring) (p x w1 w2 : vec K),
  mean (bernoulli p) (fun d1 => mean (bernoulli p) (fun d2 =>
    pre_activation x w1 d1 * pre_activation x w2 d2))
  = pre_activation x w1 p * pre_activation x w2 p.

(* claim: glm.penalty *)
Parameter glm_penalty_label_free : forall (K : Ring) (X : Type) (L : law K X) (A : K -> K) theta y,
  mean L (fun m => A (theta m) - y * theta m)
  = (A (mean L theta) - y * mean L theta) + (mean L (fun m => A (theta m)) - A (mean L theta)).

(* claim: mc.arithmetic *)
Parameter mc_arithmetic_unbiased : forall (K : Ring) (X : Type) (L : law K X) (f : X -> K) (n : nat),
  mass L = 1 -> mean (draws L n) (fun xs => sum (map f xs)) = of_nat n * mean L f.

(* claim: mc.arithmetic *)
Parameter mc_arithmetic_variance : forall (K : Ring) (X : Type) (L : law K X) (f : X -> K) (n : nat),
  mass L = 1 -> var (draws L n) (fun xs => sum (map f xs)) = of_nat n * var L f.

(* claim: noise.stochastic-pooling *)
Parameter noise_stochastic_pooling_mean : forall (K : Ring) (r : K) (a : vec K),
  sum a * r = 1 -> mass (pooling r a) = 1 /\ mean (pooling r a) (fun x => x) = r * sum (map sq a).

(* ======== Real layer ======== *)
Open Scope R_scope.

(* --- weight scaling and the geometric mean: the textbook's steps, uniform masks --- *)

(* claim: ws.softmax *)
Parameter ws_softmax_eq_7_62 : forall k n W b v y,
  unnormalised k n W b v y
  = root_of_product n (fun d => numerator W b v y d / denominator k W b v d).

(* claim: ws.softmax *)
Parameter ws_softmax_eq_7_63 : forall k n W b v, (0 < k)%nat -> forall y,
  unnormalised k n W b v y
  = root_of_product n (numerator W b v y) / root_of_product n (denominator k W b v).

(* claim: ws.softmax *)
Parameter ws_softmax_eq_7_64 : forall k n W b v, (0 < k)%nat ->
  exists c, 0 < c /\ forall y, unnormalised k n W b v y = c * root_of_product n (numerator W b v y).

(* claim: ws.softmax *)
Parameter ws_softmax_eq_7_65 : forall n W b v y,
  root_of_product n (numerator W b v y)
  = exp (/ 2 ^ n * sum (map (fun d => dot (W y) (d ⊙ v) + b y) (all_masks n))).

(* claim: ws.softmax *)
Parameter ws_softmax_eq_7_66 : forall n (w v : list R) (b : R), length v = n ->
  exp (/ 2 ^ n * sum (map (fun d => dot w (d ⊙ v) + b) (all_masks n))) = exp (/ 2 * dot w v + b).

(* claim: ws.softmax *)
Parameter ws_softmax_uniform : forall k n W b v,
  (0 < k)%nat -> length v = n -> forall y, (y < k)%nat ->
  normalise k (unnormalised k n W b v) y = softmax k (fun y => / 2 * dot (W y) v + b y) y.

(* Eq 7.60 in base 2, multiplied out: for integer logits, a statement about integers. *)
(* claim: ens.dyadic *)
Parameter ens_dyadic : forall k n W b v y y', length v = n ->
  product_of_models k n W b v y * Rpower 2 (summed_logit n W b v y')
  = product_of_models k n W b v y' * Rpower 2 (summed_logit n W b v y).

(* --- the same for other laws and other networks --- *)

(* claim: ws.softmax *)
Parameter ws_softmax_independent : forall k p W b v,
  (0 < k)%nat -> length p = length v -> forall y, (y < k)%nat ->
  NGM k (bernoulli p) (fun d => softmax k (logits W b (d ⊙ v))) y
  = softmax k (logits W b (p ⊙ v)) y.

(* claim: ws.softmax *)
Parameter ws_softmax_any_law : forall k (L : law Rring (list R)) W b v,
  (0 < k)%nat -> mass L = 1 -> forall y, (y < k)%nat ->
  NGM k L (fun m => softmax k (logits W b (m ⊙ v))) y
  = softmax k (logits W b (mean_mask L ⊙ v)) y.

(* Two units, masks conditioned on not all zero: scale by 2/3, not by 1/2. *)
(* claim: ws.softmax *)
Parameter ws_softmax_not_all_zero : mean_mask not_all_zero = [2 / 3; 2 / 3].

(* Any network at all: the NGM is the softmax of the mean logits. *)
(* claim: ws.multilinear *)
Parameter ws_multilinear_logits : forall (X : Type) k (L : law Rring X) (z : X -> nat -> R) y,
  (0 < k)%nat ->
  NGM k L (fun m => softmax k (z m)) y = softmax k (fun y => mean L (fun m => z m y)) y.

(* claim: ws.last-layer *)
Parameter ws_last_layer : forall (I : Type) (phi : I -> list R) k (L : law Rring (list R)) W b x,
  (0 < k)%nat -> mass L = 1 -> forall y, (y < k)%nat ->
  NGM k L (fun m => softmax k (logits W b (m ⊙ phi x))) y
  = softmax k (logits W b (mean_mask L ⊙ phi x)) y.

(* claim: ws.deep-linear *)
Parameter ws_deep_linear_softmax : forall k (N : list layer) (Ls : list (law Rring (list R))) x,
  (0 < k)%nat -> length Ls = length N -> (forall L, In L Ls -> mass L = 1) ->
  forall y, (y < k)%nat ->
  NGM k (independent Ls) (fun ms => softmax k (outputs_of N x ms)) y
  = softmax k (outputs_of N x (map mean_mask Ls)) y.

(* One mask at three steps: 1/2 where weight scaling gives 1/8. *)
(* claim: ws.deep-linear *)
Parameter ws_deep_linear_tied_refuted :
  mean (coin (/ 2)) (fun d => d ^ 3) = / 2 /\ (/ 2) ^ 3 = / 8.

(* claim: ws.gaussian *)
Parameter ws_gaussian_common_variance : forall (X : Type) (L : law Rring X) (m : X -> R) s2 y,
  mass L = 1 -> 0 < s2 ->
  geo L (fun x => gaussian (m x) s2 y)
  = exp (- variance L m / (2 * s2)) * gaussian (mean L m) s2 y.

(* Means 0 and 2, variances 1 and 4, half each. *)
(* claim: ws.gaussian *)
Parameter ws_gaussian_different_variances : proportional two_gaussians (gaussian (2 / 5) (8 / 5)).

(* claim: ws.gaussian *)
Parameter ws_gaussian_not_mean_of_means :
  forall s2, 0 < s2 -> ~ proportional two_gaussians (gaussian 1 s2).

(* claim: ws.canonical-link *)
Parameter ws_canonical_link : forall (X Y : Type) (L : law Rring X) (h t : Y -> R) A (theta : X -> R),
  mass L = 1 -> (forall y, 0 < h y) ->
  proportional (fun y => geo L (fun m => member h t A (theta m) y)) (member h t A (mean L theta)).

(* claim: ws.canonical-link *)
Parameter ws_canonical_link_normalised : forall (X : Type) k (L : law Rring X) (h t : nat -> R) A theta y,
  mass L = 1 -> (forall y, 0 < h y) ->
  NGM k L (fun m => member h t A (theta m)) y = normalise k (member h t A (mean L theta)) y.

(* claim: ws.canonical-link *)
Parameter ws_canonical_link_poisson : forall (X : Type) (L : law Rring X) (rate : X -> R),
  mass L = 1 -> (forall m, 0 < rate m) ->
  proportional (fun y => geo L (fun m => poisson (rate m) y)) (poisson (geo L rate)).

(* claim: ws.canonical-link *)
Parameter ws_canonical_link_rates_1_4 :
  let L : law Rring R := [(/ 2, 1); (/ 2, 4)] in
  geo L (fun r => r) = 2 /\ mean L (fun r => r) = 5 / 2.

(* --- the ensemble's loss --- *)

(* claim: ens.decomposition *)
Parameter ens_decomposition : forall (X : Type) k (L : law Rring X) P y,
  (forall m, distribution k (P m)) -> (y < k)%nat ->
  mean L (fun m => - ln (P m y)) = - ln (NGM k L P y) + disagreement k L P.

(* claim: ens.decomposition *)
Parameter ens_decomposition_nonneg : forall (X : Type) k (L : law Rring X) P,
  (0 < k)%nat -> probability L -> (forall m, distribution k (P m)) -> 0 <= disagreement k L P.

(* claim: ens.decomposition *)
Parameter ens_decomposition_divergence : forall (X : Type) k (L : law Rring X) P q,
  (0 < k)%nat -> mass L = 1 -> total k q = 1 ->
  mean L (fun m => KL k q (P m)) = KL k q (NGM k L P) + disagreement k L P.

(* claim: ens.decomposition *)
Parameter ens_decomposition_closest : forall (X : Type) k (L : law Rring X) P,
  (0 < k)%nat -> mass L = 1 -> (forall m, distribution k (P m)) ->
  mean L (fun m => KL k (NGM k L P) (P m)) = disagreement k L P
  /\ forall q, distribution k q -> disagreement k L P <= mean L (fun m => KL k q (P m)).

(* claim: ens.decomposition *)
Parameter ens_decomposition_zero_iff_agree : forall (X : Type) k (L : law Rring X) P,
  (0 < k)%nat -> probability L -> (forall m, distribution k (P m)) ->
  disagreement k L P = 0 <-> all_agree k L P.

(* claim: ens.zero-probability *)
Parameter ens_zero_probability_total : forall (X : Type) k (L : law Rring X) P,
  probability L -> (forall m, distribution k (P m)) -> geo_total k L P <= 1.

(* claim: ens.jensen *)
Parameter ens_jensen : forall (X : Type) k (L : law Rring X) P y,
  probability L -> (forall m, distribution k (P m)) -> (y < k)%nat ->
  - ln (AM L P y) <= mean L (fun m => - ln (P m y)).

(* n units, p = 1/2: the AM is on the same side of 1/2 as WS, and no further out. *)
(* claim: ens.binary-decision *)
Parameter ens_binary_decision : forall n w v b,
  (/ 2 <= AM_binary n w v b <= WS_binary n w v b)
  \/ (WS_binary n w v b <= AM_binary n w v b <= / 2).

(* Keep probability 1/5: they decide differently. *)
(* claim: ens.binary-decision *)
Parameter ens_binary_decision_unfair :
  / 2 < mean (bernoulli [/ 5]) (fun d => sigmoid (binary_logit [-6] [1] 1 d))
  /\ sigmoid (binary_logit [-6] [1] 1 [/ 5]) < / 2.

(* claim: ens.binary-decision *)
Parameter ens_binary_decision_three_classes :
  NGM 3 (fair_masks 1) P3 0%nat < NGM 3 (fair_masks 1) P3 2%nat
  /\ NGM 3 (fair_masks 1) P3 1%nat < NGM 3 (fair_masks 1) P3 2%nat
  /\ AM (fair_masks 1) P3 2%nat < AM (fair_masks 1) P3 0%nat.

(* The gradient of -log NGM(y) in any one parameter t that all sub-models share. *)
(* claim: boost.objective *)
Parameter boost_objective_gradient : forall (X : Type) k (L : law Rring X) z J y t,
  (y < k)%nat -> (forall m y', derivable_pt_lim (z m y') t (J m y')) ->
  derivable_pt_lim (ensemble_loss k L z y) t
    (mean L (fun m => total k (fun y' => output_error (ensemble k L z t) y y' * J m y'))).

(* --- the normalised weighted geometric mean of a unit --- *)

(* claim: nwgm.logistic *)
Parameter nwgm_logistic : forall (X : Type) (L : law Rring X) S,
  NWGM L (fun x => sigmoid (S x)) = sigmoid (mean L S).

(* claim: nwgm.order *)
Parameter nwgm_order_geo_mean : forall (X : Type) (L : law Rring X) f,
  probability L -> (forall x, 0 < f x) -> geo L f <= mean L f.

(* claim: nwgm.order *)
Parameter nwgm_order_geo_nwgm : forall (X : Type) (L : law Rring X) O,
  probability L -> outputs O -> geo L O <= NWGM L O.

(* claim: nwgm.order *)
Parameter nwgm_order_below_half : forall (X : Type) (L : law Rring X) O,
  probability L -> (forall x, 0 < O x <= / 2) -> NWGM L O <= mean L O.

(* claim: nwgm.order *)
Parameter nwgm_order_above_half : forall (X : Type) (L : law Rring X) O,
  probability L -> (forall x, / 2 <= O x < 1) -> mean L O <= NWGM L O.

(* The published bound |E - NWGM| <= 2 E (1 - E) |1 - 2 E| fails. *)
(* claim: nwgm.false-bound *)
Parameter nwgm_false_bound :
  let E := mean fixture (fun o => o) in
  2 * E * (1 - E) * Rabs (1 - 2 * E) < Rabs (E - NWGM fixture (fun o => o)).

(* The published claim that a convex error of the NWGM is at most the mean error fails. *)
(* claim: nwgm.false-convex *)
Parameter nwgm_false_convex :
  mean fixture (fun o => (o - 0) ^ 2) < (NWGM fixture (fun o => o) - 0) ^ 2.

(* For cross-entropy it holds, with any target in [0, 1]. *)
(* claim: nwgm.false-convex *)
Parameter nwgm_false_convex_true_for_cross_entropy : forall (X : Type) (L : law Rring X) O t,
  probability L -> outputs O -> 0 <= t <= 1 ->
  cross_entropy t (NWGM L O) <= mean L (fun x => cross_entropy t (O x)).

(* claim: nwgm.true-bounds *)
Parameter nwgm_true_bounds_relu : forall (X : Type) (L : law Rring X) S,
  probability L ->
  0 <= mean L (fun x => relu (S x)) - relu (mean L S) <= / 2 * mean L (fun x => Rabs (S x - mean L S)).

(* claim: nwgm.true-bounds *)
Parameter nwgm_true_bounds_relu_deviation : forall (X : Type) (L : law Rring X) S,
  probability L ->
  mean L (fun x => relu (S x)) - relu (mean L S)
  <= / 2 * sqrt (mean L (fun x => (S x - mean L S) ^ 2)).

(* Ms bounds the second derivatives of f, one entry a unit. *)
(* claim: ws.bound *)
Parameter ws_bound : forall p Ms f,
  length Ms = length p -> (forall q, In q p -> 0 <= q <= 1) -> curvatures Ms f ->
  Rabs (mean (bernoulli p) f - f p) <= gap_bound p Ms.

(* --- rectified linear units --- *)

(* claim: ws.fails-relu *)
Parameter ws_fails_relu : mean (bernoulli half_half) and_unit = / 4 /\ and_unit half_half = 0.

(* claim: ws.fails-relu *)
Parameter ws_fails_relu_decision :
  / 2 < NWGM (bernoulli half_half) (fun d => sigmoid (4 * and_unit d - / 2))
  /\ sigmoid (4 * and_unit half_half - / 2) < / 2.

(* claim: ws.fails-relu *)
Parameter ws_fails_relu_arithmetic :
  / 2 < NWGM (bernoulli half_half) (fun d => sigmoid (8 * and_unit d - 1))
  /\ mean (bernoulli half_half) (fun d => sigmoid (8 * and_unit d - 1)) < / 2
  /\ sigmoid (8 * and_unit half_half - 1) < / 2.

(* claim: ws.same-pattern *)
Parameter ws_same_pattern_one_hidden : forall (L : law Rring (list R)) H c x,
  probability L ->
  (forall h, In h H -> same_sign L (fun m => dot (fst (snd h)) (m ⊙ x) + snd (snd h))) ->
  mean L (relu_net H c x) = relu_net H c x (mean_mask L).

(* claim: maxout.ws *)
Parameter maxout_ws_same_piece : forall (L : law Rring (list R)) s others x t,
  probability L -> In t (s :: others) ->
  (forall w m, In (w, m) L -> forall u, In u (s :: others) -> piece x u m <= piece x t m) ->
  mean L (maxout s others x) = maxout s others x (mean_mask L).

(* claim: deep.negative-penalty *)
Parameter deep_negative_penalty :
  mean (bernoulli half_half) (fun d => (and_unit d - 5) ^ 2) = 2275 / 100
  /\ (and_unit half_half - 5) ^ 2 = 25.

(* claim: deep.not-l2 *)
Parameter deep_not_l2_same_network : forall c u w b x, 0 < c -> forall m : list R,
  u / c * relu (dot (scale (K := Rring) c w) (m ⊙ x) + c * b) = u * relu (dot w (m ⊙ x) + b).

(* claim: deep.not-l2 *)
Parameter deep_not_l2_penalty_changes : (1 / 2) ^ 2 + (2 * 1) ^ 2 <> 1 ^ 2 + 1 ^ 2.

(* --- losses that are exponential in the noise --- *)

(* The label-free penalty of glm_penalty_label_free is not negative. *)
(* claim: glm.penalty *)
Parameter glm_penalty_nonneg : forall (X : Type) (L : law Rring X) A theta,
  probability L -> above_tangents A -> A (mean L theta) <= mean L (fun m => A (theta m)).

(* claim: glm.poisson *)
Parameter glm_poisson : forall p r beta x,
  mean (bernoulli p) (fun d => exp (dot beta (d ⊙ (r ⊙ x)))) = exp_product p (beta ⊙ (r ⊙ x)).

(* claim: mcf.exponential *)
Parameter mcf_exponential : forall p r w x y,
  mean (bernoulli p) (fun d => exp (- y * dot w (d ⊙ (r ⊙ x))))
  = exp_product p (scale (K := Rring) (- y) (w ⊙ (r ⊙ x))).

(* claim: mcf.exponential *)
Parameter mcf_exponential_logistic_bound : forall p r w x y,
  (forall q, In q p -> 0 <= q <= 1) ->
  mean (bernoulli p) (fun d => ln (1 + exp (- y * dot w (d ⊙ (r ⊙ x)))))
  <= ln (1 + exp_product p (scale (K := Rring) (- y) (w ⊙ (r ⊙ x)))).

(* claim: rbm.dropout *)
Parameter rbm_dropout_visible_marginal : forall r units b v,
  length units = length r ->
  sum (map (weight units b v) (hidden_states r))
  = exp (dot b v) * product_over_kept r (apply_layer units v).

(* --- ridge regression --- *)

(* claim: l2.minimiser *)
Parameter l2_minimiser : forall lambda (D : data Rring) w u,
  length u = length w -> normal_equations lambda D w ->
  (forall j, (j < length w)%nat -> 0 <= nth j lambda 0) ->
  ridge_loss lambda D w <= ridge_loss lambda D u.

(* claim: l2.minimiser *)
Parameter l2_minimiser_unique : forall lambda (D : data Rring) w u,
  length u = length w -> normal_equations lambda D w ->
  (forall j, (j < length w)%nat -> 0 < nth j lambda 0) ->
  ridge_loss lambda D u <= ridge_loss lambda D w -> u = w.

(* claim: l2.second-moment *)
Parameter l2_second_moment_constant_input :
  forall s, s <> / 2 -> constant_input (/ 2) < constant_input s.

(* claim: l2.second-moment *)
Parameter l2_second_moment_slopes :
  best (- / 2) (/ 2) (/ 2) /\ best 0 (/ 3) (/ 3) /\ best 10 (/ 443) (211 / 443).

End Claims.
