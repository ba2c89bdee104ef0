#!/bin/sh
# Checks every proof.  Usage: check.sh [--table | --ledger]
#
#   exit 0  all claims proved; one line "PROVED name (claim, axioms: ...)" each
#   exit 1  refused, with one sentence that says why
#   exit 2  could not run: Coq or python3 is absent, or an option is unknown
#
# --table prints what theorems.txt should hold, and --ledger the theorems that each entry of
# claims.toml should name; neither compares.  Everything is built in a temporary directory:
# the source tree is only read.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for tool in coqc python3; do
    command -v "$tool" >/dev/null 2>&1 || {
        echo "cannot check the proofs: $tool is not installed" >&2
        exit 2
    }
done
case "${1:-}" in
'') lint=lint result=audit ;;
--table) lint=lint-sources result=table ;;
--ledger) exec python3 "$here/check.py" ledger "$here" - ;;
*)
    echo "cannot check the proofs: unknown option $1" >&2
    exit 2
    ;;
esac
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

python3 "$here/check.py" "$lint" "$here" "$build"

mkdir "$build/theories"
cp "$here"/theories/*.v "$build/theories/"
cd "$build"
for file in $(grep '\.v$' "$here/_CoqProject") Audit.v; do
    coqc -q -R theories DropoutOracle "$file" >log 2>&1 || {
        cat log >&2
        echo "REFUSED: $file does not compile" >&2
        exit 1
    }
done

python3 "$here/check.py" "$result" "$here" "$build"
