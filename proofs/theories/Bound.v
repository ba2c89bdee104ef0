(* How far weight scaling can be from the mean, for any smooth function of independent masks.

   |E f(d) - f(p)| is at most the sum over units of p (1 - p) M / 2, where M bounds the second
   derivative in that unit alone: mixed derivatives do not enter.  Units are replaced one at a
   time, d by p (Lindeberg's argument). *)

From Coq Require Import Reals List Lra Lia.
From DropoutOracle Require Import Algebra Law Multilinear RealLayer Ensembles Decomposition Relu
  ExponentialLoss.
Import ListNotations.

(* f has two derivatives on [0, 1], and the second is at most M in size. *)
Definition curvature (f : R -> R) (M : R) : Prop :=
  exists f1 f2, forall x, 0 <= x <= 1 ->
  derivable_pt_lim f x (f1 x) /\ derivable_pt_lim f1 x (f2 x) /\ Rabs (f2 x) <= M.

Definition in_box (n : nat) (u : list R) : Prop := length u = n /\ forall x, In x u -> 0 <= x <= 1.

(* The same for f of several entries: the bound M_i holds for entry i anywhere in the box. *)
Fixpoint curvatures (Ms : list R) (f : list R -> R) : Prop :=
  match Ms with
  | [] => True
  | M :: Ms' =>
      (forall u, in_box (length Ms') u -> curvature (fun x => f (x :: u)) M)
      /\ forall x, 0 <= x <= 1 -> curvatures Ms' (fun u => f (x :: u))
  end.

Fixpoint gap_bound (p Ms : list R) : R :=
  match p, Ms with
  | q :: p', M :: Ms' => / 2 * (q * (1 - q)) * M + gap_bound p' Ms'
  | _, _ => 0
  end.

(* --- one unit --- *)

Lemma below_chord h h1 h2 q :
  (forall x, 0 <= x <= 1 -> derivable_pt_lim h x (h1 x) /\ derivable_pt_lim h1 x (h2 x) /\ 0 <= h2 x) ->
  0 <= q <= 1 -> h q <= (1 - q) * h 0 + q * h 1.
Proof.
  intros H Hq. destruct (Req_dec q 0) as [-> | H0]; [lra |]. destruct (Req_dec q 1) as [-> | H1]; [lra |].
  destruct (MVT_cor2 h h1 0 q) as (a & Ea & Ha); [lra | intros; apply H; lra |].
  destruct (MVT_cor2 h h1 q 1) as (b & Eb & Hb); [lra | intros; apply H; lra |].
  destruct (MVT_cor2 h1 h2 a b) as (c & Ec & Hc); [lra | intros; apply H; lra |].
  assert (0 <= h2 c * (b - a)) by (apply Rmult_le_pos; [apply H |]; lra).
  assert (0 <= q * (1 - q) * (h1 b - h1 a)) by (apply Rmult_le_pos; [apply Rmult_le_pos |]; lra).
  replace (h q) with ((1 - q) * h q + q * h q) by ring.
  replace (h 1) with (h q + h1 b * (1 - q)) by lra.
  replace (h 0) with (h q - h1 a * (q - 0)) by lra. lra.
Qed.

Lemma add_parabola f f1 f2 M s x :
  derivable_pt_lim f x (f1 x) -> derivable_pt_lim f1 x (f2 x) ->
  derivable_pt_lim (fun x => s * f x + M * (x * x)) x (s * f1 x + M * (1 * x + x * 1))
  /\ derivable_pt_lim (fun x => s * f1 x + M * (1 * x + x * 1)) x (s * f2 x + M * (1 * 1 + 1 * 1)).
Proof.
  intros Hf Hf1. split.
  - apply (derivable_pt_lim_plus (fun x => s * f x) (fun x => M * (x * x))).
    + now apply (derivable_pt_lim_scal f).
    + apply (derivable_pt_lim_scal (fun x => x * x)).
      apply (derivable_pt_lim_mult (fun x => x) (fun x => x)); apply derivable_pt_lim_id.
  - apply (derivable_pt_lim_plus (fun x => s * f1 x) (fun x => M * (1 * x + x * 1))).
    + now apply (derivable_pt_lim_scal f1).
    + apply (derivable_pt_lim_scal (fun x => 1 * x + x * 1)).
      apply (derivable_pt_lim_plus (fun x => 1 * x) (fun x => x * 1)).
      * apply (derivable_pt_lim_scal (fun x => x)), derivable_pt_lim_id.
      * replace (1 * 1) with (1 * 1 + x * 0) by ring.
        apply (derivable_pt_lim_mult (fun x => x) (fun _ => 1)); [apply derivable_pt_lim_id | apply derivable_pt_lim_const].
Qed.

Lemma one_unit f M q :
  curvature f M -> 0 <= q <= 1 ->
  Rabs ((1 - q) * f 0 + q * f 1 - f q) <= / 2 * (q * (1 - q)) * M.
Proof.
  intros (f1 & f2 & H) Hq.
  assert (Hs : forall s, s = 1 \/ s = -1 ->
    s * f q + / 2 * M * (q * q) <= (1 - q) * (s * f 0 + / 2 * M * (0 * 0)) + q * (s * f 1 + / 2 * M * (1 * 1))).
  { intros s Hs. apply (below_chord (fun x => s * f x + / 2 * M * (x * x))
      (fun x => s * f1 x + / 2 * M * (1 * x + x * 1)) (fun x => s * f2 x + / 2 * M * (1 * 1 + 1 * 1))); [| exact Hq].
    intros x Hx. destruct (H x Hx) as (D1 & D2 & HM).
    destruct (add_parabola f f1 f2 (/ 2 * M) s x D1 D2) as [E1 E2].
    repeat split; [exact E1 | exact E2 |]. pose proof (Rle_abs (f2 x)) as A.
    pose proof (Rle_abs (- f2 x)) as B. rewrite Rabs_Ropp in B. destruct Hs as [-> | ->]; lra. }
  pose proof (Hs 1 (or_introl eq_refl)). pose proof (Hs (-1) (or_intror eq_refl)).
  apply Rabs_le. lra.
Qed.

(* --- all units --- *)

Lemma mask_in_box p w d : In (w, d) (bernoulli (K := Rring) p) -> in_box (length p) d.
Proof.
  intros H. split; [eapply bernoulli_length; exact H |].
  intros x Hx. destruct (bernoulli_is_mask _ _ _ H x Hx) as [-> | ->]; real; lra.
Qed.

Theorem weight_scaling_gap p : forall Ms f,
  length Ms = length p -> (forall q, In q p -> 0 <= q <= 1) -> curvatures Ms f ->
  Rabs (mean (bernoulli p) f - f p) <= gap_bound p Ms.
Proof.
  induction p as [|q p IH]; intros [|M Ms] f Hlen Hp Hf; try discriminate.
  - rewrite mean_bernoulli_nil. simpl. rewrite Rminus_eq_0, Rabs_R0. lra.
  - injection Hlen as Hlen. destruct Hf as [Hone Hrest].
    assert (Hq : 0 <= q <= 1) by (apply Hp; now left).
    assert (Hp' : forall q, In q p -> 0 <= q <= 1) by (intros; apply Hp; now right).
    pose proof (bernoulli_probability p Hp') as [Hw HL].
    set (step := fun d => (1 - q) * f (0 :: d) + q * f (1 :: d) - f (q :: d)).
    assert (Hstep : forall w d, In (w, d) (bernoulli (K := Rring) p) -> Rabs (step d) <= / 2 * (q * (1 - q)) * M).
    { intros w d Hd. apply one_unit with (f := fun x => f (x :: d)); [| exact Hq].
      apply Hone. rewrite Hlen. eapply mask_in_box; exact Hd. }
    replace (mean (bernoulli (q :: p)) f - f (q :: p))
      with (mean (bernoulli p) step + (mean (bernoulli p) (fun d => f (q :: d)) - f (q :: p))).
    2: { unfold step. rewrite Rmean_sub, Rmean_add, !Rmean_mul, mean_bernoulli_cons. rring. }
    eapply Rle_trans; [apply Rabs_triang |]. simpl gap_bound. apply Rplus_le_compat.
    + eapply Rle_trans; [apply mean_Rabs; split; assumption |].
      rewrite <- (Rmean_const (bernoulli p) (/ 2 * (q * (1 - q)) * M) HL).
      apply mean_le_in; [exact Hw | exact Hstep].
    + apply (IH Ms (fun u => f (q :: u)) Hlen Hp'). now apply Hrest.
Qed.
