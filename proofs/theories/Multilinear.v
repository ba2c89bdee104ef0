(* The multilinear extension: what an average over independent masks really evaluates.

   E f(d) is the value at p of the one multi-affine function that agrees with f on the
   masks.  Weight scaling evaluates f itself at p; so it is exact when f is multi-affine. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law.
Import ListNotations.

Section Multilinear.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

(* f, on vectors of n entries, is affine in each entry while the others are held. *)
Fixpoint multi_affine (n : nat) (f : vec K -> K) : Prop :=
  match n with
  | O => True
  | S n' =>
      (forall x u, length u = n' -> f (x :: u) = (1 - x) * f (0 :: u) + x * f (1 :: u))
      /\ forall x, multi_affine n' (fun u => f (x :: u))
  end.

(* All entries of d are 0 or 1. *)
Definition is_mask (d : vec K) : Prop := forall x, In x d -> x = 0 \/ x = 1.

Definition extension (f : vec K -> K) (p : vec K) : K := mean (bernoulli p) f.

Lemma multi_affine_exact f p : multi_affine (length p) f -> mean (bernoulli p) f = f p.
Proof.
  revert f; induction p as [|q p IH]; intros f H; [apply mean_bernoulli_nil |].
  simpl in H; destruct H as [H1 H2]. rewrite mean_bernoulli_cons.
  rewrite (IH (fun u => f (0 :: u))), (IH (fun u => f (1 :: u))) by apply H2.
  symmetry; now apply H1.
Qed.

Lemma extension_multi_affine f n : multi_affine n (extension f).
Proof.
  revert f; induction n as [|n IH]; intros f; simpl; [exact I |]; split.
  - intros x u _; unfold extension; rewrite !mean_bernoulli_cons; ring.
  - intros x. assert (H : forall g h : vec K -> K, (forall u, g u = h u) ->
                          multi_affine n g -> multi_affine n h).
    { clear; induction n as [|n IH]; simpl; intros g h E; [auto |]; intros [H1 H2]; split.
      - intros; rewrite <- !E; auto.
      - intros x. apply (IH (fun u => g (x :: u))); auto. }
    apply (H (extension (fun d => (1 - x) * f (0 :: d) + x * f (1 :: d)))); [| apply IH].
    intros u; unfold extension. now rewrite mean_bernoulli_cons, mean_add, !mean_mul.
Qed.

Lemma extension_agrees f d : is_mask d -> extension f d = f d.
Proof.
  unfold extension; revert f; induction d as [|x d IH]; intros f H; [apply mean_bernoulli_nil |].
  assert (Hd : is_mask d) by (intros y Hy; apply H; now right).
  rewrite mean_bernoulli_cons, (IH (fun d => f (0 :: d))), (IH (fun d => f (1 :: d))) by auto.
  destruct (H x) as [-> | ->]; [now left | ring | ring].
Qed.

Lemma bernoulli_is_mask p w d : In (w, d) (bernoulli p) -> is_mask d.
Proof.
  revert w d; induction p as [|q p IH]; unfold bernoulli; simpl; intros w d.
  - intros [E | []]; inversion E; subst; intros x [].
  - rewrite app_nil_r, in_app_iff, !in_map_iff.
    intros [([w' d'] & E & Hin) | ([w' d'] & E & Hin)]; inversion E; subst;
      intros x [<- | Hx]; auto; eapply IH; eauto.
Qed.

(* Multi-affine functions that agree on the masks agree everywhere. *)
Lemma extension_unique f g n :
  multi_affine n f -> multi_affine n g ->
  (forall d, length d = n -> is_mask d -> f d = g d) ->
  forall p, length p = n -> f p = g p.
Proof.
  intros Hf Hg H p <-. rewrite <- (multi_affine_exact f), <- (multi_affine_exact g) by auto.
  apply mean_ext_in; intros w d Hd.
  apply H; [eapply bernoulli_length | eapply bernoulli_is_mask]; exact Hd.
Qed.

(* --- monomials --- *)

(* The product of the entries of d that S selects. *)
Fixpoint monomial (S : list bool) (d : vec K) : K :=
  match S, d with
  | true :: S', x :: d' => x * monomial S' d'
  | false :: S', _ :: d' => monomial S' d'
  | _, _ => 1
  end.

Lemma monomial_mean S p : mean (bernoulli p) (monomial S) = monomial S p.
Proof.
  revert S; induction p as [|q p IH]; intros S; [apply mean_bernoulli_nil |].
  rewrite mean_bernoulli_cons; destruct S as [|[|] S]; simpl.
  - rewrite !mean_const by apply mass_bernoulli; ring.
  - rewrite !mean_mul, IH; ring.
  - rewrite IH; ring.
Qed.

(* A product with one factor for each unit: the mean of the product is the product of means. *)
Fixpoint product_of (fs : list (K -> K)) (d : vec K) : K :=
  match fs, d with
  | f :: fs', x :: d' => f x * product_of fs' d'
  | _, _ => 1
  end.

Fixpoint product_of_means (fs : list (K -> K)) (p : vec K) : K :=
  match fs, p with
  | f :: fs', q :: p' => ((1 - q) * f 0 + q * f 1) * product_of_means fs' p'
  | _, _ => 1
  end.

Lemma mean_product fs p : mean (bernoulli p) (product_of fs) = product_of_means fs p.
Proof.
  revert fs; induction p as [|q p IH]; intros fs.
  - rewrite mean_bernoulli_nil; now destruct fs.
  - rewrite mean_bernoulli_cons; destruct fs as [|f fs]; simpl.
    + rewrite !mean_const by apply mass_bernoulli; ring.
    + rewrite !mean_mul, IH; ring.
Qed.

End Multilinear.
