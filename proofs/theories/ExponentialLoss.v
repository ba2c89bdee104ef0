(* Losses that are exponential in the noise: the mean over all masks is a product. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles Decomposition.
Import ListNotations.

(* The product over units of E exp(a_j d_j) = 1 - p_j + p_j exp(a_j). *)
Fixpoint exp_product (p a : list R) : R :=
  match p, a with
  | q :: p', s :: a' => (1 - q + q * exp s) * exp_product p' a'
  | _, _ => 1
  end.

Lemma mean_exp p : forall a, mean (bernoulli p) (fun d => exp (dot a d)) = exp_product p a.
Proof.
  induction p as [|q p IH]; intros a.
  - rewrite mean_bernoulli_nil, dot_nil_r; simpl; real. apply exp_0.
  - rewrite mean_bernoulli_cons. destruct a as [|s a]; simpl exp_product.
    + rewrite (Rmean_ext _ _ (fun _ => 1)) by (intros; apply exp_0).
      rewrite (Rmean_ext _ (fun d => exp (dot [] (1 :: d))) (fun _ => 1)) by (intros; apply exp_0).
      rewrite !Rmean_const by apply mass_bernoulli. rring.
    + rewrite (Rmean_ext _ _ (fun d => exp (dot a d))).
      2: { intros; rewrite dot_cons; f_equal; rring. }
      rewrite (Rmean_ext _ (fun d => exp (dot (s :: a) (1 :: d))) (fun d => exp s * exp (dot a d))).
      2: { intros; rewrite dot_cons, <- exp_plus; apply f_equal; rring. }
      rewrite Rmean_mul, !IH. rring.
Qed.

Lemma dot_dropped (b d u : list R) : dot b (d ⊙ u) = dot (b ⊙ u) d.
Proof. rewrite dot_hadamard_l, dot_comm. reflexivity. Qed.

(* Poisson regression, log-partition A = exp, inputs dropped and multiplied by r = 1/p. *)
Theorem poisson_log_partition p r beta x :
  mean (bernoulli p) (fun d => exp (dot beta (d ⊙ (r ⊙ x)))) = exp_product p (beta ⊙ (r ⊙ x)).
Proof. rewrite <- mean_exp; apply Rmean_ext; intros; now rewrite dot_dropped. Qed.

(* Exponential loss exp(-y w'x), label y = 1 or -1. *)
Theorem exponential_loss p r w x y :
  mean (bernoulli p) (fun d => exp (- y * dot w (d ⊙ (r ⊙ x))))
  = exp_product p (scale (K := Rring) (- y) (w ⊙ (r ⊙ x))).
Proof.
  rewrite <- mean_exp; apply Rmean_ext; intros. rewrite dot_dropped, dot_scale. reflexivity.
Qed.

Lemma bernoulli_probability p : (forall q, In q p -> 0 <= q <= 1) -> probability (bernoulli p).
Proof.
  intros H; split; [| apply mass_bernoulli]. revert H; induction p as [|q p IH]; intros H w d.
  - unfold bernoulli; simpl. intros [E | []]; inversion E; real; lra.
  - assert (0 <= q <= 1) by (apply H; now left).
    unfold bernoulli; simpl. rewrite app_nil_r, in_app_iff, !in_map_iff.
    intros [([w' d'] & E & Hin) | ([w' d'] & E & Hin)]; inversion E; subst; simpl; real;
      (apply Rmult_le_pos; [lra |]; eapply IH; [intros; apply H; now right | exact Hin]).
Qed.

(* Logistic loss is at most the logarithm of 1 plus the same product. *)
Theorem logistic_loss_bound p r w x y :
  (forall q, In q p -> 0 <= q <= 1) ->
  mean (bernoulli p) (fun d => ln (1 + exp (- y * dot w (d ⊙ (r ⊙ x)))))
  <= ln (1 + exp_product p (scale (K := Rring) (- y) (w ⊙ (r ⊙ x)))).
Proof.
  intros Hp. pose proof (bernoulli_probability p Hp) as HL.
  set (e := fun d => exp (- y * dot w (d ⊙ (r ⊙ x)))).
  rewrite <- exponential_loss. fold e.
  assert (He : forall d, 0 < 1 + e d) by (intros d; pose proof (exp_pos (- y * dot w (d ⊙ (r ⊙ x)))); unfold e; lra).
  pose proof (geo_le_mean (bernoulli p) (fun d => 1 + e d) HL He) as H.
  rewrite Rmean_add, Rmean_const in H by apply HL.
  apply Rle_trans with (ln (geo (bernoulli p) (fun d => 1 + e d))).
  - right. now rewrite geo_exp, ln_exp.
  - destruct H as [H | H]; [left; apply ln_increasing; [apply geo_pos | exact H] | right; now rewrite H].
Qed.
