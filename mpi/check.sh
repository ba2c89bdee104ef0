#!/bin/sh
# Two and three ranks print the bits of one process.
set -eu
cd "$(dirname "$0")/.."
if ! command -v mpirun >/dev/null; then
    echo "skipped: no mpirun here"
    exit 0
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
cargo build --quiet --package dropout-oracle-mpi
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
# Twenty droppable inputs and no weights: 2^20 masks for each of two inputs.
printf '\002\000\000\000\000\000\000\000{}' >"$work/w.safetensors"
cat >"$work/net.json" <<END
{"format": "dropout-oracle/network-1", "inputs": 20, "weights": "w.safetensors", "convention": "inverted",
 "layers": [{"dropout": {"keep": 0.5}}], "head": "softmax"}
END
for row in 1 2; do
    for input in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do printf '0.%d%d,' $input $row; done | sed 's/,$/\n/'
done >"$work/x.csv"
for ranks in 1 2 3; do
    mpirun --oversubscribe -n $ranks target/debug/dropout-oracle-mpi "$work/net.json" "$work/x.csv" >"$work/$ranks.json"
done
cmp "$work/1.json" "$work/2.json"
cmp "$work/1.json" "$work/3.json"
if mpirun --oversubscribe -n 2 target/debug/dropout-oracle-mpi none.json none.npy 2>"$work/error"; then
    echo "a missing network was not refused"
    exit 1
fi
grep -q "none.json" "$work/error"
echo "1, 2 and 3 ranks: the same bits"
