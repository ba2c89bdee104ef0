(* Writes the test vectors, one file an operation, into the directory given as argument.
   Every expected value comes from the extracted Evaluator; this file only draws the inputs,
   checks that both sides of each claim agree, and prints. *)

open Evaluator

(* --- inputs: x <- (6364136223846793005 x + 1442695040888963407) mod 2^64, and a draw
   below m is (x / 2^33) mod m --- *)

let state = ref 0L

let below m =
  state := Int64.add (Int64.mul 6364136223846793005L !state) 1442695040888963407L;
  Int64.to_int (Int64.shift_right_logical !state 33) mod m

let between low high = low + below (high - low + 1)

let rec nat n = if n = 0 then O else S (nat (n - 1))

(* Draws happen from left to right, whatever the compiler. *)
let rec draw_list n draw =
  if n = 0 then [] else let first = draw () in first :: draw_list (n - 1) draw

let rational n d = q_of (Big_int_Z.big_int_of_int n) (Big_int_Z.big_int_of_int d)

let value () = let d = between 1 4 in rational (between (-9) 9) d

(* A keep probability in (0, 1]. *)
let keep () = let d = between 2 9 in rational (between 1 d) d

let vector n = draw_list n value
let keeps n = draw_list n keep
let matrix rows columns = draw_list rows (fun () -> vector columns)

(* --- output --- *)

type json = Number of qc | Whole of int | List of json list | Object of (string * json) list

let show (x : qc) =
  Big_int_Z.string_of_big_int x.qnum ^ "/" ^ Big_int_Z.string_of_big_int x.qden

let rec text = function
  | Number x -> "\"" ^ show x ^ "\""
  | Whole n -> string_of_int n
  | List l -> "[" ^ String.concat ", " (List.map text l) ^ "]"
  | Object fields ->
    "{" ^ String.concat ", " (List.map (fun (k, v) -> "\"" ^ k ^ "\": " ^ text v) fields) ^ "}"

let numbers l = List (List.map (fun x -> Number x) l)
let rows m = List (List.map numbers m)

let directory = Sys.argv.(1)

let write operation seed count case =
  state := Int64.of_int seed;
  let cases = draw_list count case in
  let out = open_out (Filename.concat directory (operation ^ ".json")) in
  Printf.fprintf out
    "{\"format\": \"dropout-oracle/proved-vectors-1\", \"operation\": \"%s\", \"seed\": %d, \"cases\": [\n%s\n]}\n"
    operation seed (String.concat ",\n" (List.map text cases));
  close_out out

(* Equal rationals are equal records, because they are in lowest terms. *)
let agree what left right =
  if left <> right then failwith ("the two sides of " ^ what ^ " differ")

let one = rational 1 1
let add a b = qcplus a b

(* --- one operation each --- *)

let multilinear_fold () =
  let n = between 0 5 in
  let p = keeps n in
  let values = vector (1 lsl n) in
  Object ["keep", numbers p; "values", numbers values; "mean", Number (q_fold_mean p values)]

(* A joint law on n units: integer weights over their sum, masks of 0 and 1. *)
let any_law n =
  let count = between 1 5 in
  let raw = draw_list count (fun () -> between 1 9) in
  let total = List.fold_left (+) 0 raw in
  List.map (fun w -> let m = draw_list n (fun () -> rational (below 2) 1) in (rational w total, m)) raw

let law_json law =
  List (List.map (fun (w, m) -> Object ["weight", Number w; "mask", numbers m]) law)

(* (weights, bias) of each unit of a layer *)
let draw_layer units inputs =
  let w = matrix units inputs in
  let b = vector units in
  (w, b)
let layer (w, b) = List.combine w b

let logits_case law_fields law n =
  let classes = between 2 4 in
  let w, b = draw_layer classes n in
  let v = vector n in
  let mean = q_mean_logits law (layer (w, b)) v in
  let scaled = q_weight_scaled_logits law (layer (w, b)) v in
  agree "ws.softmax" mean scaled;
  Object (law_fields @ ["weights", rows w; "bias", numbers b; "input", numbers v;
    "mean_logits", numbers mean; "weight_scaled_logits", numbers scaled])

let softmax_logits () =
  let n = between 1 6 in
  let p = keeps n in
  logits_case ["keep", numbers p] (q_bernoulli p) n

let softmax_logits_any_law () =
  let n = between 1 6 in
  let law = any_law n in
  logits_case ["law", law_json law; "mean_mask", numbers (q_mean_mask law)] law n

let draw_network depth =
  let widths = draw_list (depth + 1) (fun () -> between 1 3) in
  let rec layers = function
    | inputs :: (units :: _ as rest) ->
      let p = keeps inputs in
      let w, b = draw_layer units inputs in
      (p, w, b) :: layers rest
    | _ -> [] in
  let net = layers widths in
  (net, vector (List.hd widths))

let network_case activation =
  let net, x = draw_network (between 1 3) in
  let layers = List.map (fun (_, w, b) -> layer (w, b)) net in
  let ps = List.map (fun (p, _, _) -> p) net in
  let mean = q_mean_outputs activation layers ps x in
  let scaled = q_weight_scaled_outputs activation layers ps x in
  let json = Object
    ["layers", List (List.map (fun (p, w, b) ->
       Object ["keep", numbers p; "weights", rows w; "bias", numbers b]) net);
     "input", numbers x; "mean_outputs", numbers mean; "weight_scaled_outputs", numbers scaled] in
  (json, mean, scaled)

let deep_linear () =
  let json, mean, scaled = network_case (fun z -> z) in
  agree "ws.deep-linear" mean scaled; json

let relu_network () = let json, _, _ = network_case relu in json

let draw_data n =
  let count = between 1 4 in
  let xs = matrix count n in
  let ys = vector count in
  (xs, ys)

let linear_regression () =
  let n = between 1 5 in
  let p = keeps n in
  let xs, ys = draw_data n in
  let w = vector n in
  let data = List.combine xs ys and law = q_bernoulli p in
  let loss = q_dropout_loss law data w in
  let at_mean = q_loss_at_mean law data w and penalty = q_feature_penalty p data w in
  agree "l2.per-feature" loss (add at_mean penalty);
  agree "l2.per-feature, scaled" loss (q_ridge_loss p data w);
  Object ["keep", numbers p; "inputs", rows xs; "targets", numbers ys; "weights", numbers w;
    "dropout_loss", Number loss; "loss_at_mean", Number at_mean; "penalty", Number penalty;
    "lambda", numbers (q_lambda p data)]

let linear_regression_any_law () =
  let n = between 1 5 in
  let law = any_law n in
  let xs, ys = draw_data n in
  let w = vector n in
  let data = List.combine xs ys in
  let loss = q_dropout_loss law data w in
  let at_mean = q_loss_at_mean law data w and penalty = q_covariance_penalty law data w in
  agree "l2.general-law" loss (add at_mean penalty);
  Object ["law", law_json law; "mean_mask", numbers (q_mean_mask law);
    "inputs", rows xs; "targets", numbers ys; "weights", numbers w;
    "dropout_loss", Number loss; "loss_at_mean", Number at_mean; "penalty", Number penalty]

let recurrent () =
  let p = keep () in
  let steps = between 1 6 in
  let fresh = q_fresh_mean p (nat steps) in
  agree "rnn.fresh-vs-tied" fresh one;
  Object ["keep", Number p; "steps", Whole steps; "fresh_mean", Number fresh;
    "fresh_second_moment", Number (q_fresh_second_moment p (nat steps));
    "tied_mean", Number (q_tied_mean p (nat steps))]

let factorisation () =
  let p = keep () in
  let c = between 1 4 in
  let u = matrix (between 1 3) c in
  let v = matrix (between 1 3) c in
  let a = matrix (List.length u) (List.length v) in
  let loss = q_factorisation_loss p (nat c) a u v in
  let plain = q_factorisation_plain (nat c) a u v in
  let penalty = q_factorisation_penalty p (nat c) u v in
  agree "deep.linear-one-hidden" loss (add plain penalty);
  Object ["keep", Number p; "matrix", rows a; "left", rows u; "right", rows v;
    "dropout_loss", Number loss; "plain_loss", Number plain; "penalty", Number penalty]

let sgd_step () =
  let p = keep () in
  let n = between 1 4 in
  let units = between 1 3 in
  let w, b = draw_layer units n in
  let mask = draw_list n (fun () -> rational (below 2) 1) in
  let h = vector n in
  let targets = vector units in
  let alpha = rational (between 1 4) 10 in
  let beta = rational (between 1 4) 10 in
  let decay = rational (between 0 3) 5 in
  let r = qcinv p in
  let x = List.map2 qcmult mask h in
  let standard = q_sgd_step alpha beta decay (layer (w, b)) x targets in
  let scaled c l = List.map (fun (w, b) -> (List.map (qcmult c) w, b)) l in
  let inverted = q_sgd_step (qcmult (qcmult p p) alpha) beta (qcmult (qcmult r r) decay)
      (scaled p (layer (w, b))) (List.map (qcmult r) x) targets in
  agree "sgd.standard-vs-inverted" inverted (scaled p standard);
  let layer_json l = Object ["weights", rows (List.map fst l); "bias", numbers (List.map snd l)] in
  Object ["keep", Number p; "weights", rows w; "bias", numbers b; "mask", numbers mask;
    "input", numbers h; "targets", numbers targets; "weight_rate", Number alpha;
    "bias_rate", Number beta; "weight_decay", Number decay;
    "standard", layer_json standard; "inverted", layer_json inverted]

let () =
  write "multilinear_fold" 1 30 multilinear_fold;
  write "softmax_logits" 2 30 softmax_logits;
  write "softmax_logits_any_law" 3 30 softmax_logits_any_law;
  write "deep_linear" 4 25 deep_linear;
  write "relu_network" 5 25 relu_network;
  write "linear_regression" 6 30 linear_regression;
  write "linear_regression_any_law" 7 30 linear_regression_any_law;
  write "recurrent" 8 20 recurrent;
  write "factorisation" 9 20 factorisation;
  write "sgd_step" 10 20 sgd_step
