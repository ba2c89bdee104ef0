#!/bin/sh
# Negative controls: check.sh must refuse every sabotage below, and pass the untouched tree.
# Works on copies in a temporary directory.  Exit 0 when all controls behave, 1 otherwise,
# 2 where Coq or python3 is absent.
set -u
here=$(cd "$(dirname "$0")" && pwd)
for tool in coqc python3; do
    command -v "$tool" >/dev/null 2>&1 || {
        echo "cannot run the controls: $tool is not installed" >&2
        exit 2
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
controls=0

# The original: a copy, with a ledger beside it that names every theorem under its claim.
mkdir "$work/original"
cp -R "$here" "$work/original/proofs"
"$here/check.sh" --ledger |
    sed 's/^# \(.*\)$/[[claim]]\nid = "\1"/' >"$work/original/claims.toml"

# The next control's own tree, in which it stands.
fresh() {
    controls=$((controls + 1))
    tree=$work/$(printf '%02d' $controls)
    cp -R "$work/original" "$tree"
    cd "$tree/proofs" || exit 1
}

# expect CODE DESCRIPTION REASON: the exit status of check.sh on the tree as it is now must be CODE
# and its last line must hold REASON, so that nothing is refused for the wrong reason.
expect() {
    printf '%s\n' "$@" >"$tree/expected"
    fresh
}

# judge TREE: whether check.sh says there what is expected.
cat >"$work/judge" <<'SH'
cd "$1/proofs" || exit 1
{ read -r expected; read -r description; read -r reason; } <../expected
./check.sh >../log 2>&1
code=$?
last=$(tail -n 1 ../log)
case "$last" in *"$reason"*) if [ "$code" = "$expected" ]; then
    echo "ok      $description: $last"
    exit 0
fi ;; esac
echo "FAILED  $description: exit $code instead of $expected, or not because of '$reason': $last"
exit 1
SH

# change FILE FROM TO: replace the first FROM; a sabotage that changes nothing is an error.
change() {
    python3 - "$@" <<'PY' || { echo "a control does not apply: $*"; exit 1; }
import sys
file, old, new = sys.argv[1:]
text = open(file).read()
if old not in text:
    sys.exit(1)
open(file, "w").write(text.replace(old, new, 1))
PY
}

fresh
expect 0 "the untouched copy" "theorems proved"

change theories/Claims.v '= / 4 /\ and_unit' '= / 3 /\ and_unit'
expect 1 "a false statement" "Proved.v does not compile"

change theories/Claims.v 'p * r = 1 -> mean (bernoulli (repeat p T)) (fresh_state r) = 1.' 'mean (bernoulli (repeat p T)) (fresh_state r) = 1.'
expect 1 "a statement that lost its hypothesis" "Proved.v does not compile"

change theories/Recurrent.v 'Qed.' 'Admitted.'
expect 1 "an Admitted proof" "uses Admitted"

change theories/Recurrent.v 'Proof.' 'Proof. admit.'
expect 1 "an admit inside a proof" "uses admit"

change theories/Recurrent.v 'Qed.' 'Abort.'
expect 1 "an aborted statement" "uses Abort"

echo 'Axiom cheat : forall P : Prop, P.' >>theories/Moments.v
expect 1 "an added axiom" "uses Axiom"

echo 'Local Conjecture cheat : forall P : Prop, P.' >>theories/Moments.v
expect 1 "an added conjecture" "uses Conjecture"

printf '(* " *)\nAxiom cheat : forall P : Prop, P.\n(* " *)\n' >>theories/Moments.v
expect 1 "an axiom that looks like part of a comment" "double quote inside a comment"

printf 'From Coq Require Import String.\nDefinition s := "(*"%%string.\nAxiom cheat : forall P : Prop, P.\nDefinition t := "*)"%%string.\n' >>theories/Moments.v
expect 1 "an axiom between comment marks that are strings" "comment mark inside a string"

echo 'Parameter free : nat.' >>theories/Algebra.v
expect 1 "a Parameter outside the module type" "Parameter outside"

printf 'Section A.\nEnd A.\nVariable cheat : False.\n' >>theories/Algebra.v
expect 1 "a Variable outside a section" "Variable outside"

echo 'Hypothesis cheat : False.' >>theories/Algebra.v
expect 1 "a Hypothesis outside a section" "Hypothesis outside"

echo 'Unset Guard Checking.' >>theories/Algebra.v
expect 1 "the guard checker switched off" "uses Unset"

echo '#[bypass_check(guard)] Fixpoint cheat (n : nat) : False := cheat n.' >>theories/Algebra.v
expect 1 "the guard checker bypassed by an attribute" "attribute"

change theories/Claims.v 'Module Type Claims.' 'Notation "x <= y" := True.
Module Type Claims.'
expect 1 "a notation that empties the statements" "statements only"

change theories/Proved.v 'Module Proved : Claims.' 'Module Proved.'
expect 1 "proofs that are not sealed against the statements" "does not seal"

change theories/Relu.v 'Proof. lra. Qed.' 'Proof. pose proof (ProofIrrelevance.proof_irrelevance True I I). lra. Qed.'
change theories/Relu.v 'From Coq Require Import Reals' 'From Coq Require ProofIrrelevance. From Coq Require Import Reals'
expect 1 "an axiom of the library that is not allowed" "rests on ProofIrrelevance.proof_irrelevance"

echo 'Definition extra := 0.' >theories/Extra.v
expect 1 "a file that is not in the list" "_CoqProject"

sed -i.old '/^ws_fails_relu /d' theorems.txt
expect 1 "a theorem missing from the table" "missing from theorems.txt"

echo 'ws_fails_tanh ws.fails-tanh ring none' >>theorems.txt
expect 1 "a theorem in the table that is not stated" "does not state"

change theorems.txt 'l2_general_law l2.general-law ring none' 'l2_general_law l2.general-law real classic'
expect 1 "a table with the wrong axioms" "rests on none"

change theories/Claims.v '(* claim: ws.fails-relu *)' '(* claim: ws.fails-tanh *)'
expect 1 "a renamed claim in the statements" "not named after its claim"

change theorems.txt 'ws_fails_relu ws.fails-relu' 'ws_fails_relu ws.fails-tanh'
expect 1 "a renamed claim in the table" "in Claims.v but for"

change theories/Claims.v '(* claim: ws.fails-relu *)
' ''
expect 1 "a statement without its claim" "without its claim comment"

change ../claims.toml '"ws_fails_relu", ' ''
expect 1 "a ledger that omits a theorem" "is not named by"

change ../claims.toml '"ws_fails_relu", ' '"ws_fails_relu", "ws_fails_tanh", '
expect 1 "a ledger that names a theorem that is not there" "no such theorem"

change ../claims.toml '"ws_fails_relu", ' ''
change ../claims.toml '"nwgm_logistic"' '"nwgm_logistic", "ws_fails_relu"'
expect 1 "a ledger that gives a theorem to another claim" "claims.toml gives theorem"

# The last tree was made for a control that does not come. Two at a time.
cd "$work" && rm -r "$tree"
if printf '%s\n' "$work"/[0-9]* | xargs -n 1 -P 2 sh "$work/judge"; then
    echo "$((controls - 1)) controls: all behave"
else
    echo "a control does not behave, see FAILED above" >&2
    exit 1
fi
