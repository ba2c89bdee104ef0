#!/usr/bin/env bash
# Holds every installed framework against the oracle: adapters/run_all.sh [--install] [NAME…] [-- CONFORM OPTIONS…]
#
# With --install, first makes a virtual environment for each requirements file, under $VENVS (default adapters/.venvs).
# Without names, runs all that is installed. The findings of a run go to $RESULTS/NAME.json (default results/) if the
# adapter held out. $DROPOUT_ORACLE names the oracle's program.
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

if [ $install = yes ]; then
    for requirements in "$here"/python/requirements/*.txt; do
        venv=$venvs/$(basename "$requirements" .txt)
        [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
        "$venv/bin/pip" install -q -r "$requirements" || echo "not installed: $requirements" >&2
    done
fi

mkdir -p "$results"
results=$(cd "$results" && pwd)
cd "$here/python"
worst=0
while read -r name venv adapter environment; do
    [ -n "$name" ] || continue
    [ ${#names[@]} -eq 0 ] || [[ " ${names[*]} " == *" $name "* ]] || continue
    if [ ! -x "$venvs/$venv/bin/python" ]; then
        echo "$name: not installed in $venvs/$venv"
        continue
    fi
    # The command that lands in the results names no folder of this machine.
    env PATH="$venvs/$venv/bin:$PATH" ${environment:+"$environment"} \
        "$oracle" conform --format json "$@" -- python "$adapter" >"$results/$name.json.part" </dev/null
    status=$?
    echo "$name: exit status $status"
    [ $status -le 1 ] && mv "$results/$name.json.part" "$results/$name.json"
    rm -f "$results/$name.json.part"
    [ $status -le $worst ] || worst=$status
done <<<"$runs"
exit $worst
