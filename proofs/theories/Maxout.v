(* Maxout units: weight scaling is exact while the same piece wins under every mask. *)

From Coq Require Import Reals List Lra.
From DropoutOracle Require Import Algebra Law RealLayer Ensembles Decomposition Relu.
Import ListNotations.

(* A unit is its first piece and the others; a piece is (weights, bias). *)
Definition piece (x : list R) (s : list R * R) (m : list R) : R := dot (fst s) (m ⊙ x) + snd s.
Definition maxout (s : list R * R) (others : list (list R * R)) (x m : list R) : R :=
  fold_right Rmax (piece x s m) (map (fun t => piece x t m) others).

Lemma maxout_winner s others x m t :
  In t (s :: others) -> (forall u, In u (s :: others) -> piece x u m <= piece x t m) ->
  maxout s others x m = piece x t m.
Proof.
  intros Ht Hmax. apply Rle_antisym; unfold maxout.
  - assert (Hs : piece x s m <= piece x t m) by (apply Hmax; now left).
    assert (Ho : forall u, In u others -> piece x u m <= piece x t m) by (intros; apply Hmax; now right).
    clear - Hs Ho. induction others as [|u l IH]; simpl; [exact Hs |].
    apply Rmax_lub; [apply Ho; now left | apply IH; intros; apply Ho; now right].
  - clear Hmax. destruct Ht as [<- | Ht].
    + induction others as [|u l IH]; simpl; [lra |]. eapply Rle_trans; [apply IH | apply Rmax_r].
    + induction others as [|u l IH]; [easy |]. simpl. destruct Ht as [<- | Ht]; [apply Rmax_l |].
      eapply Rle_trans; [now apply IH | apply Rmax_r].
Qed.

Theorem same_piece L s others x t :
  probability L -> In t (s :: others) ->
  (forall w m, In (w, m) L -> forall u, In u (s :: others) -> piece x u m <= piece x t m) ->
  mean L (maxout s others x) = maxout s others x (mean_mask L).
Proof.
  intros [Hw HL] Ht Hwin.
  assert (Hp : forall u, mean L (piece x u) = piece x u (mean_mask L)).
  { intros u. unfold piece. now rewrite Rmean_add, Rmean_const, mean_linear_unit. }
  rewrite (maxout_winner s others x (mean_mask L) t Ht).
  - rewrite <- Hp. apply (mean_ext_in L). intros w m Hm. apply maxout_winner; [exact Ht | now apply (Hwin w)].
  - intros u Hu. rewrite <- !Hp. apply mean_le_in; [exact Hw |]. intros w m Hm. now apply (Hwin w).
Qed.
