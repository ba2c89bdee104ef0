"""One table of training: ours against every peer, shape by shape, in one run of one machine. By hand; never in CI.

    python benches/peers/train.py [--rounds 3] [--ours FILE] [PEER ...] [--threads 1 2]

A PEER is any command that prints a line `name,version,shape,milliseconds a step` a shape; it finds the number of threads in
RAYON_NUM_THREADS and OMP_NUM_THREADS and is bound to so many processors. Without any, PyTorch and JAX are taken as this
Python has them, and the crates beside this file as far as they are built. Each round runs all commands in turn, so that
none has the machine's quiet moments to itself; medians of the rounds are compared.

`of peak` is the share of the machine's peak that the products of the whole step reach: they take at least this share of it.
"""

import argparse
import importlib.util
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent.parent / "target"))


def defaults():
    """The commands of whatever is installed or built."""
    python = f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'trainer.py'))}"
    packages = {"torch": ["torch", "torch-fused"], "jax": ["jax"]}
    found = [f"{python} {peer}" for package in packages if importlib.util.find_spec(package) for peer in packages[package]]
    built = sorted(path for path in HERE.glob("*/target/release/peer-*") if not path.suffix)
    return found + [shlex.quote(str(path)) for path in built]


def run(command, threads):
    """The rows that a command prints."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    processors = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else None
    bind = (lambda: os.sched_setaffinity(0, processors)) if processors else None
    done = subprocess.run(shlex.split(command), env=environment, preexec_fn=bind, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"{command} ended with status {done.returncode}; it is left out", file=sys.stderr)
        return []
    return [line.split(",") for line in done.stdout.splitlines()]


def table(rows):
    """`rows` are lists of name, version, shape, milliseconds, and for ours the shares of the peak and of the masks."""
    times, shapes, notes = {}, [], {}
    for name, _, shape, milliseconds, *shares in rows:
        times.setdefault(name, {}).setdefault(shape, []).append(float(milliseconds))
        if shape not in shapes:
            shapes.append(shape)
        for number, share in enumerate(shares):
            notes.setdefault((shape, number), []).append(float(share))
    peers = [name for name in times if name != "ours"]
    print(f"| shape | ours, ms a step | steps a second | of peak | masks | {' | '.join(peers)} |")
    print("|---" * (5 + len(peers)) + "|")
    for shape in shapes:
        ours = statistics.median(times["ours"][shape])
        of_peak, masks = (100 * statistics.median(notes[shape, number]) for number in (0, 1))
        cells = [shape, f"{ours:.3f}", f"{1e3 / ours:.0f}", f"{of_peak:.0f} %", f"{masks:.1f} %"]
        for peer in peers:
            found = times[peer].get(shape)
            cells.append(f"{statistics.median(found):.3f} ms, {statistics.median(found) / ours:.2f} x" if found else "")
        print(f"| {' | '.join(cells)} |", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("peers", nargs="*", metavar="PEER")
    arguments.add_argument("--threads", type=int, nargs="+", default=[1])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--ours", help="the benchmark `trainer`, if it is not to be built here")
    arguments = arguments.parse_args()
    ours = arguments.ours
    if not ours:
        build = ["cargo", "build", "--quiet", "--release", "--package", "dropout-oracle-benches", "--bin", "trainer"]
        subprocess.run(build, cwd=HERE.parent.parent, check=True)
        ours = TARGET / "release" / "trainer"
    commands = [f"{shlex.quote(str(ours))} --peer", *(arguments.peers or defaults())]
    for threads in arguments.threads:
        rows = [row for _ in range(arguments.rounds) for command in commands for row in run(command, threads)]
        versions = ", ".join(dict.fromkeys(f"{name} {version}" for name, version, *_ in rows))
        print(f"\n{threads} thread{'s' * (threads > 1)}, {arguments.rounds} rounds, {platform.machine()}: {versions}\n")
        table(rows)


if __name__ == "__main__":
    main()
