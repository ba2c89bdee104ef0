#!/bin/sh
# Writes vectors/*.json with the program extracted from the proofs' own definitions.
# Usage: generate.sh [--check]
#
#   --check   write nothing; compare what would be written with vectors/, byte for byte
#   exit 0    written, or equal;  1  different;  2  Coq, OCaml or zarith is absent
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for tool in coqc ocamlfind ocamlopt; do
    command -v "$tool" >/dev/null 2>&1 || {
        echo "cannot generate the vectors: $tool is not installed" >&2
        exit 2
    }
done
ocamlfind query zarith >/dev/null 2>&1 || {
    echo "cannot generate the vectors: the OCaml library zarith is not installed" >&2
    exit 2
}
case "${1:-}" in
'' | --check) ;;
*)
    echo "cannot generate the vectors: unknown option $1" >&2
    exit 2
    ;;
esac
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

mkdir "$build/theories" "$build/vectors"
cp "$here"/theories/*.v "$build/theories/"
cp "$here"/extraction/* "$build/"
cd "$build"
# The files up to Rationals.v, in the order of _CoqProject, are all that the program needs.
for file in $(grep '\.v$' "$here/_CoqProject"); do
    coqc -q -R theories DropoutOracle "$file"
    [ "$file" = theories/Rationals.v ] && break
done
coqc -q -w none -R theories DropoutOracle Extract.v
ocamlfind ocamlopt -package zarith -linkpkg -w -a evaluator.mli evaluator.ml vectors.ml -o write-vectors
./write-vectors vectors

if [ "${1:-}" = --check ]; then
    diff -r "$here/vectors" vectors >&2 || {
        echo "the vectors differ from what the proofs' definitions give" >&2
        exit 1
    }
    echo "$(ls vectors | wc -l | tr -d ' ') vector files reproduced byte for byte"
else
    rm -f "$here"/vectors/*.json
    mkdir -p "$here/vectors"
    cp vectors/*.json "$here/vectors/"
    echo "$(ls vectors | wc -l | tr -d ' ') vector files written"
fi
