#!/bin/sh
# One table, one machine, one run: ours and whichever peers this Python has. By hand; never in CI.
#   benches/peers/run.sh [n] (default 20); PYTHON=... chooses the interpreter
set -eu
cd "$(dirname "$0")"
n=${1:-20}
python=${PYTHON:-python3}
cargo build --quiet --release -p dropout-oracle-benches
echo "| softmax regression, 10 classes, all masks | version | n | ms | CPU ms | Mmask/s | Mmask/CPU s | off at n = 10 |"
echo "|---|---|---|---|---|---|---|---|"
../../target/release/enumeration --peer "$n"
for peer in numpy jax torch; do
    if "$python" -c "import $peer" 2>/dev/null; then
        "$python" "${peer}_masks.py" "$n"
    else
        echo "$peer is not installed" >&2
    fi
done
