(* Mask laws.

   A sub-model is chosen by a multiplier vector (a mask when its entries are 0 and 1).
   A finite law is the list of its outcomes, each with its weight; mean is then the
   definition of every ensemble average in this development: one weighted sum over all
   sub-models.  p is always the KEEP probability of a unit. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra.
Import ListNotations.

Section Laws.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition law (X : Type) := list (K * X).

Definition mean {X} (L : law X) (f : X -> K) : K :=
  sum (map (fun o => fst o * f (snd o)) L).

(* A law is normalised when its mass is 1. *)
Definition mass {X} (L : law X) : K := mean L (fun _ => 1).

(* One unit: kept (multiplier 1) with probability q, else dropped (multiplier 0). *)
Definition coin (q : K) : law K := [(1 - q, 0); (q, 1)].

(* Independent draws, one from each law: weights multiply. *)
Fixpoint independent {X} (Ls : list (law X)) : law (list X) :=
  match Ls with
  | [] => [(1, [])]
  | L :: Ls' =>
      flat_map (fun a => map (fun b => (fst a * fst b, snd a :: snd b)) (independent Ls')) L
  end.

(* Dropout: unit i is kept with probability p_i, independently of the others. *)
Definition bernoulli (p : vec K) : law (vec K) := independent (map coin p).

(* E[mu], the vector of the marginal means.  Weight scaling evaluates the network there. *)
Definition mean_mask (L : law (vec K)) : vec K :=
  fold_right (fun o m => vadd (scale (fst o) (snd o)) m) [] L.

(* --- linearity of the mean --- *)

Lemma mean_add {X} (L : law X) f g : mean L (fun x => f x + g x) = mean L f + mean L g.
Proof.
  unfold mean; rewrite <- sum_map_add; apply sum_map_ext; intros; ring.
Qed.

Lemma mean_mul {X} (L : law X) c f : mean L (fun x => c * f x) = c * mean L f.
Proof.
  unfold mean; rewrite <- sum_map_mul; apply sum_map_ext; intros; ring.
Qed.

Lemma mean_ext {X} (L : law X) f g : (forall x, f x = g x) -> mean L f = mean L g.
Proof. intros H; apply sum_map_ext; intros; now rewrite H. Qed.

Lemma mean_ext_in {X} (L : law X) f g :
  (forall q x, In (q, x) L -> f x = g x) -> mean L f = mean L g.
Proof. intros H; apply sum_map_ext; intros [q x] Hx; simpl; now rewrite (H q x). Qed.

Lemma mean_const {X} (L : law X) c : mass L = 1 -> mean L (fun _ => c) = c.
Proof.
  intros H. transitivity (c * mass L); [| rewrite H; ring].
  unfold mass; rewrite <- mean_mul; apply mean_ext; intros; ring.
Qed.

Lemma mean_sub {X} (L : law X) f g : mean L (fun x => f x - g x) = mean L f - mean L g.
Proof.
  rewrite (mean_ext L _ (fun x => f x + (- (1)) * g x)) by (intros; ring).
  rewrite mean_add, mean_mul; ring.
Qed.

Lemma mean_sum {X Y} (L : law X) (F : X -> Y -> K) (l : list Y) :
  mean L (fun x => sum (map (F x) l)) = sum (map (fun y => mean L (fun x => F x y)) l).
Proof.
  unfold mean; rewrite <- sum_swap; apply sum_map_ext; intros o _.
  now rewrite <- sum_map_mul.
Qed.

Lemma mean_sum_to {X} (L : law X) n (F : X -> nat -> K) :
  mean L (fun x => sum_to n (F x)) = sum_to n (fun i => mean L (fun x => F x i)).
Proof. apply mean_sum. Qed.

(* --- independence --- *)

Lemma mean_app {X} (L1 L2 : law X) f : mean (L1 ++ L2) f = mean L1 f + mean L2 f.
Proof. unfold mean; now rewrite map_app, sum_app. Qed.

Lemma mean_cons {X} (L : law X) w x f : mean ((w, x) :: L) f = w * f x + mean L f.
Proof. reflexivity. Qed.

(* Averaging over independent draws is averaging over one after the other. *)
Lemma mean_independent_cons {X} (L : law X) Ls f :
  mean (independent (L :: Ls)) f
  = mean L (fun x => mean (independent Ls) (fun xs => f (x :: xs))).
Proof.
  simpl. induction L as [|[w x] L IH]; simpl; [reflexivity |].
  rewrite mean_app, IH, (mean_cons L). f_equal. simpl.
  unfold mean. rewrite map_map, <- sum_map_mul. apply sum_map_ext; intros; simpl; ring.
Qed.

Lemma mean_independent_nil {X} (f : list X -> K) : mean (independent []) f = f [].
Proof. unfold mean; simpl; ring. Qed.

Lemma mean_coin q f : mean (coin q) f = (1 - q) * f 0 + q * f 1.
Proof. unfold mean; simpl; ring. Qed.

Lemma mean_bernoulli_nil f : mean (bernoulli []) f = f [].
Proof. apply mean_independent_nil. Qed.

Lemma mean_bernoulli_cons q p f :
  mean (bernoulli (q :: p)) f
  = (1 - q) * mean (bernoulli p) (fun d => f (0 :: d))
    + q * mean (bernoulli p) (fun d => f (1 :: d)).
Proof.
  unfold bernoulli; cbn [map]. now rewrite mean_independent_cons, mean_coin.
Qed.

Lemma mass_independent {X} (Ls : list (law X)) :
  (forall L, In L Ls -> mass L = 1) -> mass (independent Ls) = 1.
Proof.
  induction Ls as [|L Ls IH]; intros H; unfold mass.
  - apply mean_independent_nil.
  - rewrite mean_independent_cons.
    rewrite (mean_ext L _ (fun _ => 1)) by (intros; apply IH; intros; apply H; now right).
    apply H; now left.
Qed.

Lemma mass_bernoulli p : mass (bernoulli p) = 1.
Proof.
  apply mass_independent; intros L HL. apply in_map_iff in HL; destruct HL as (q & <- & _).
  unfold mass; rewrite mean_coin; ring.
Qed.

(* --- the mean mask --- *)

Lemma nth_mean_mask L i : nth i (mean_mask L) 0 = mean L (fun m => nth i m 0).
Proof.
  induction L as [|[w m] L IH]; simpl; [now destruct i |].
  now rewrite nth_vadd, nth_scale, IH.
Qed.

(* A function that is linear in the multipliers has its mean at the mean mask. *)
Lemma mean_dot L v : mean L (fun m => dot m v) = dot (mean_mask L) v.
Proof.
  induction L as [|[w m] L IH]; [reflexivity |].
  simpl mean_mask. rewrite dot_vadd, dot_scale, <- IH. reflexivity.
Qed.

Lemma mean_linear_unit L w v :
  mean L (fun m => dot w (m ⊙ v)) = dot w (mean_mask L ⊙ v).
Proof.
  rewrite dot_hadamard_l, <- mean_dot; apply mean_ext; intros; apply dot_hadamard_l.
Qed.

Lemma bernoulli_length p w d : In (w, d) (bernoulli p) -> length d = length p.
Proof.
  revert w d; induction p as [|q p IH]; unfold bernoulli; simpl; intros w d.
  - intros [H | []]; now inversion H.
  - rewrite app_nil_r, in_app_iff, !in_map_iff.
    intros [([w' d'] & H & Hin) | ([w' d'] & H & Hin)]; inversion H; subst; simpl;
      f_equal; eapply IH; exact Hin.
Qed.

Lemma mean_mask_length L n :
  L <> [] -> (forall w m, In (w, m) L -> length m = n) -> length (mean_mask L) = n.
Proof.
  induction L as [|[w m] L IH]; [congruence |]; intros _ H.
  assert (Hm : length (scale w m) = n).
  { unfold scale; rewrite map_length; apply (H w); now left. }
  simpl. destruct L as [|o L].
  - simpl; now destruct (scale w m).
  - rewrite vadd_length, Hm; auto. symmetry; rewrite Hm; symmetry.
    apply IH; [congruence |]. intros; eapply H; right; eauto.
Qed.

(* The marginals of dropout are its keep probabilities. *)
Lemma mean_mask_bernoulli p : mean_mask (bernoulli p) = p.
Proof.
  apply vec_eq.
  - apply mean_mask_length; [| apply bernoulli_length].
    intros H. pose proof (mass_bernoulli p) as Hm. destruct p; [discriminate |].
    unfold bernoulli in *; simpl in H. apply app_eq_nil in H; destruct H as [H _].
    apply map_eq_nil in H. revert H; clear. revert p; intros p; fold (bernoulli p).
    induction p as [|q p IH]; unfold bernoulli; simpl; [discriminate |].
    intros H. apply app_eq_nil in H; destruct H as [H _]. apply map_eq_nil in H. auto.
  - intros i; rewrite nth_mean_mask. revert i; induction p as [|q p IH]; intros i.
    + rewrite mean_bernoulli_nil; now destruct i.
    + rewrite mean_bernoulli_cons; destruct i as [|i]; simpl.
      * rewrite !mean_const by apply mass_bernoulli; ring.
      * rewrite IH; ring.
Qed.

End Laws.

Arguments law : clear implicits.
