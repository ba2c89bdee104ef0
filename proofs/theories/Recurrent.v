(* A linear scalar recurrent network: fresh masks against one mask that is tied over time.

   Inverted dropout, T steps, every step multiplies the state by d r with r = 1/p. *)

From Coq Require Import List Ring.
From DropoutOracle Require Import Algebra Law.
Import ListNotations.

Section Recurrent.
Context {K : Ring}.
Add Ring K_ring : (ring_laws K).

Definition fresh_state (r : K) (d : vec K) : K := prod (map (fun x => x * r) d).
Definition tied_state (r : K) (T : nat) (d : K) : K := pow (d * r) T.

Theorem fresh_mean (p r : K) T : p * r = 1 -> mean (bernoulli (repeat p T)) (fresh_state r) = 1.
Proof.
  intros H; unfold fresh_state. induction T as [|T IH]; simpl repeat; [apply mean_bernoulli_nil |].
  rewrite mean_bernoulli_cons; unfold prod in *; simpl. rewrite !mean_mul, IH.
  transitivity (p * r); [ring | exact H].
Qed.

Theorem fresh_second_moment (p r : K) T :
  p * r = 1 -> mean (bernoulli (repeat p T)) (fun d => sq (fresh_state r d)) = pow r T.
Proof.
  intros H; unfold fresh_state. induction T as [|T IH]; simpl repeat.
  - rewrite mean_bernoulli_nil; unfold prod, sq; simpl; ring.
  - rewrite mean_bernoulli_cons; unfold prod, sq in *; simpl.
    rewrite (mean_ext _ _ (fun d => 0)), mean_const by (apply mass_bernoulli || (intros; ring)).
    rewrite (mean_ext _ _ (fun d => r * r * (fold_right mul 1 (map (fun x => x * r) d)
                                           * fold_right mul 1 (map (fun x => x * r) d)))) by (intros; ring).
    rewrite mean_mul, IH. transitivity (p * r * (r * pow r T)); [ring | rewrite H; ring].
Qed.

Theorem tied_mean (p r : K) T : p * r = 1 -> mean (coin p) (tied_state r (S T)) = pow r T.
Proof.
  intros H; unfold tied_state; rewrite mean_coin; simpl.
  assert (Hp : pow (1 * r) T = pow r T) by (f_equal; ring).
  rewrite Hp. transitivity (p * r * pow r T); [ring | rewrite H; ring].
Qed.

End Recurrent.
