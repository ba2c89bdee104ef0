#!/bin/sh
# Checks by coq-interval what the intervals of this crate say. Optional.  Usage: check.sh
#
#   exit 0  every enclosure of Enclosures.v is proved, or coq-interval is absent: then one line says "skipped"
#   exit 1  an enclosure is refused
#
# Enclosures.v is what `cargo run --example enclosures_for_coq` prints. Nothing is written here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v coqc >/dev/null 2>&1; then
    echo "skipped: coqc is not installed (apt-get install -y coq libcoq-interval)"
    exit 0
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cd "$build"
echo 'From Interval Require Import Tactic.' >Probe.v
if ! coqc -q Probe.v >/dev/null 2>&1; then
    echo "skipped: Coq has no library Interval (apt-get install -y libcoq-interval)"
    exit 0
fi
cp "$here/Enclosures.v" .
coqc -q Enclosures.v >log 2>&1 || {
    cat log >&2
    echo "REFUSED: proofs/interval/Enclosures.v" >&2
    exit 1
}
echo "PROVED $(grep -c '^Lemma ' Enclosures.v) enclosures with coq-interval"
