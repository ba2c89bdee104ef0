#!/usr/bin/env bash
# Holds every installed framework against the oracle: adapters/run_all.sh [--install] [NAME…] [-- CONFORM OPTIONS…]
#
# With --install, first makes a virtual environment for each requirements file, under $VENVS (default adapters/.venvs), and
# builds the adapters in Rust (burn and candle take minutes). Without names, runs all that is installed. The findings of a
# run go to $RESULTS/NAME.json (default results/) if the adapter held out. $DROPOUT_ORACLE names the oracle's program.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venvs=${VENVS:-$here/.venvs}
oracle=${DROPOUT_ORACLE:-dropout-oracle}
results=${RESULTS:-$here/../results}
install=no names=()
while [ $# -gt 0 ]; do
    case $1 in
        --install) install=yes ;;
        --) shift && break ;;
        *) names+=("$1") ;;
    esac
    shift
done

# name of the run, virtual environment, adapter, environment
runs="
numpy            numpy       numpy_adapter.py
torch            torch       torch_adapter.py
tensorflow       tensorflow  tensorflow_adapter.py
keras-tensorflow tensorflow  keras_adapter.py       KERAS_BACKEND=tensorflow
keras-jax        jax         keras_adapter.py       KERAS_BACKEND=jax
keras-torch      torch       keras_adapter.py       KERAS_BACKEND=torch
flax             jax         flax_adapter.py
haiku            jax         haiku_adapter.py
equinox          jax         equinox_adapter.py
mlx              mlx         mlx_adapter.py
onnxruntime      onnx        onnx_adapter.py
onnx-reference   onnx        onnx_adapter.py        ONNX_RUNNER=reference
"

# in Rust: the folder of each, after which its program is named
crates="own candle burn"

if [ $install = yes ]; then
    for requirements in "$here"/python/requirements/*.txt; do
        venv=$venvs/$(basename "$requirements" .txt)
        [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
        "$venv/bin/pip" install -q -r "$requirements" || echo "not installed: $requirements" >&2
    done
    for crate in $crates; do
        cargo build -q --release --manifest-path "$here/rust/$crate/Cargo.toml" || echo "not built: $crate" >&2
    done
fi

mkdir -p "$results"
results=$(cd "$results" && pwd)
cd "$here/python"
worst=0

# Whether a run was asked for.
wanted() {
    [ ${#names[@]} -eq 0 ] || [[ " ${names[*]} " == *" $1 "* ]]
}

# hold NAME FOLDER ENVIRONMENT COMMAND…: holds a command, found in that folder, against the oracle. So the command that
# lands in the results names no folder of this machine.
hold() {
    local name=$1 path=$2:$PATH environment=$3 status
    shift 3
    env PATH="$path" ${environment:+"$environment"} \
        "$oracle" conform --format json "${options[@]}" -- "$@" >"$results/$name.json.part" </dev/null
    status=$?
    echo "$name: exit status $status"
    [ $status -le 1 ] && mv "$results/$name.json.part" "$results/$name.json"
    rm -f "$results/$name.json.part"
    [ $status -le $worst ] || worst=$status
}

options=("$@")
while read -r name venv adapter environment; do
    [ -n "$name" ] && wanted "$name" || continue
    if [ -x "$venvs/$venv/bin/python" ]; then
        hold "$name" "$venvs/$venv/bin" "$environment" python "$adapter"
    else
        echo "$name: not installed in $venvs/$venv"
    fi
done <<<"$runs"
for crate in $crates; do
    wanted "$crate" || continue
    built=${CARGO_TARGET_DIR:-$here/rust/$crate/target}/release
    if [ -x "$built/adapter-$crate" ]; then
        hold "$crate" "$built" "" "adapter-$crate"
    else
        echo "$crate: not built in $built"
    fi
done
exit $worst
