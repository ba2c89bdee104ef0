(* Generated: cargo run --example enclosures_for_coq. Checked by check.sh; p is the KEEP probability. *)
From Coq Require Import Reals.
From Interval Require Import Tactic.
Open Scope R_scope.

Lemma softmax_regression_am_0 :
  845360237677975714214671630372 / 10 ^ 30 <=
  1/8 * (exp (1/2) / (exp (1/2) + exp (0) + exp (-1/4)))
  + 1/8 * (exp (2) / (exp (2) + exp (1/4) + exp (-5/4)))
  + 3/8 * (exp (3/2) / (exp (3/2) + exp (-3/2) + exp (-1/2)))
  + 3/8 * (exp (3) / (exp (3) + exp (-5/4) + exp (-3/2)))
  <= 845360237677975714214671630373 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma softmax_regression_ws_0 :
  90679496460733168969815398951 / 10 ^ 29 <=
  exp (2) / (exp (2) + exp (-1) + exp (-15/16))
  <= 906794964607331689698153989511 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma softmax_regression_am_1 :
  753541209952643849836365210238 / 10 ^ 31 <=
  1/8 * (exp (0) / (exp (1/2) + exp (0) + exp (-1/4)))
  + 1/8 * (exp (1/4) / (exp (2) + exp (1/4) + exp (-5/4)))
  + 3/8 * (exp (-3/2) / (exp (3/2) + exp (-3/2) + exp (-1/2)))
  + 3/8 * (exp (-5/4) / (exp (3) + exp (-5/4) + exp (-3/2)))
  <= 753541209952643849836365210239 / 10 ^ 31.
Proof. interval with (i_prec 160). Qed.

Lemma softmax_regression_ws_1 :
  451466628985399872878231807619 / 10 ^ 31 <=
  exp (-1) / (exp (2) + exp (-1) + exp (-15/16))
  <= 45146662898539987287823180762 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma softmax_regression_am_2 :
  792856413267599008016918486035 / 10 ^ 31 <=
  1/8 * (exp (-1/4) / (exp (1/2) + exp (0) + exp (-1/4)))
  + 1/8 * (exp (-5/4) / (exp (2) + exp (1/4) + exp (-5/4)))
  + 3/8 * (exp (-1/2) / (exp (3/2) + exp (-3/2) + exp (-1/2)))
  + 3/8 * (exp (-3/2) / (exp (3) + exp (-5/4) + exp (-3/2)))
  <= 792856413267599008016918486036 / 10 ^ 31.
Proof. interval with (i_prec 160). Qed.

Lemma softmax_regression_ws_2 :
  480583724941283230140228297272 / 10 ^ 31 <=
  exp (-15/16) / (exp (2) + exp (-1) + exp (-15/16))
  <= 480583724941283230140228297273 / 10 ^ 31.
Proof. interval with (i_prec 160). Qed.

Lemma relu_am_0 :
  295354723141838730163785926575 / 10 ^ 30 <=
  1/8 * (exp (0) / (exp (0) + exp (1/8)))
  + 1/8 * (exp (3/2) / (exp (3/2) + exp (-5/8)))
  + 1/8 * (exp (-13/4) / (exp (-13/4) + exp (53/8)))
  + 1/8 * (exp (-7/4) / (exp (-7/4) + exp (47/8)))
  + 1/8 * (exp (1) / (exp (1) + exp (17/8)))
  + 1/8 * (exp (5/2) / (exp (5/2) + exp (11/8)))
  + 1/8 * (exp (-9/4) / (exp (-9/4) + exp (69/8)))
  + 1/8 * (exp (-3/4) / (exp (-3/4) + exp (63/8)))
  <= 295354723141838730163785926576 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma relu_ws_0 :
  124316508531858192016720654942 / 10 ^ 31 <=
  exp (-3/8) / (exp (-3/8) + exp (4))
  <= 124316508531858192016720654943 / 10 ^ 31.
Proof. interval with (i_prec 160). Qed.

Lemma relu_am_1 :
  704645276858161269836214073424 / 10 ^ 30 <=
  1/8 * (exp (1/8) / (exp (0) + exp (1/8)))
  + 1/8 * (exp (-5/8) / (exp (3/2) + exp (-5/8)))
  + 1/8 * (exp (53/8) / (exp (-13/4) + exp (53/8)))
  + 1/8 * (exp (47/8) / (exp (-7/4) + exp (47/8)))
  + 1/8 * (exp (17/8) / (exp (1) + exp (17/8)))
  + 1/8 * (exp (11/8) / (exp (5/2) + exp (11/8)))
  + 1/8 * (exp (69/8) / (exp (-9/4) + exp (69/8)))
  + 1/8 * (exp (63/8) / (exp (-3/4) + exp (63/8)))
  <= 704645276858161269836214073425 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma relu_ws_1 :
  987568349146814180798327934505 / 10 ^ 30 <=
  exp (4) / (exp (-3/8) + exp (4))
  <= 987568349146814180798327934506 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma maxout_am_0 :
  201733805492378401609562226268 / 10 ^ 30 <=
  3/32 * (exp (4) / (exp (4) + exp (1/2)))
  + 1/32 * (exp (10) / (exp (10) + exp (5)))
  + 21/32 * (exp (2) / (exp (2) + exp (4)))
  + 7/32 * (exp (0) / (exp (0) + exp (5)))
  <= 201733805492378401609562226269 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma maxout_ws_0 :
  912563738918051973775048041784 / 10 ^ 32 <=
  exp (-5/4) / (exp (-5/4) + exp (55/16))
  <= 912563738918051973775048041785 / 10 ^ 32.
Proof. interval with (i_prec 160). Qed.

Lemma maxout_am_1 :
  798266194507621598390437773731 / 10 ^ 30 <=
  3/32 * (exp (1/2) / (exp (4) + exp (1/2)))
  + 1/32 * (exp (5) / (exp (10) + exp (5)))
  + 21/32 * (exp (4) / (exp (2) + exp (4)))
  + 7/32 * (exp (5) / (exp (0) + exp (5)))
  <= 798266194507621598390437773732 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

Lemma maxout_ws_1 :
  990874362610819480262249519582 / 10 ^ 30 <=
  exp (55/16) / (exp (-5/4) + exp (55/16))
  <= 990874362610819480262249519583 / 10 ^ 30.
Proof. interval with (i_prec 160). Qed.

