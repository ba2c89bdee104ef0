"""One table of training: ours against every peer, shape by shape, in one run of one machine. By hand; never in CI.

    python benches/peers/train.py [--rounds 3] [--threads 1 2] [--shapes NAME ...] [--python PYTHON ...] [--ours FILE]

The peers are PyTorch and JAX, as far as one of the interpreters named has them (this one, if none is named), and the crates
beside this file, as far as `cargo build --release` was run in their folders; a line says which are not here. Each prints a
line `name,version,shape,milliseconds a step` a shape, takes the number of threads from RAYON_NUM_THREADS and
OMP_NUM_THREADS, and is bound to so many processors. Each round runs all of them in turn, so that none has the machine's
quiet moments to itself; medians of the rounds are compared. On a busy machine two threads wait for each other: run this
under `chrt --fifo 1`, which all peers inherit, or alone.

`of peak` is the share of the machine's peak that the products of the whole step reach: they take at least this share of it.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent.parent / "target"))
HAS = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"


def peers(pythons):
    """The commands of all that is installed or built, and what is not."""
    commands, absent = [], []
    for package, variants in {"torch": ["torch", "torch-fused"], "jax": ["jax"]}.items():
        having = [python for python in pythons if subprocess.run([python, "-c", HAS, package]).returncode == 0]
        commands += [[having[0], HERE / "trainer.py", variant] for variant in variants if having]
        absent += [] if having else [package]
    for crate in sorted(manifest.parent for manifest in HERE.glob("*/Cargo.toml")):
        program = crate / "target" / "release" / f"peer-{crate.name}"
        commands += [[program]] if program.exists() else []
        absent += [] if program.exists() else [crate.name]
    return commands, absent


def run(command, threads, shapes):
    """The rows that a command prints: of the shapes named, or of all."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    processors = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else None
    bind = (lambda: os.sched_setaffinity(0, processors)) if processors else None
    rows = []
    for only in [["--only", shape] for shape in shapes] or [[]]:
        words = [*map(str, command), *only]
        done = subprocess.run(words, env=environment, preexec_fn=bind, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            print(f"{' '.join(words)} ended with status {done.returncode}; it is left out", file=sys.stderr)
            return []
        rows += [line.split(",") for line in done.stdout.splitlines()]
    return rows


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
    arguments.add_argument("--threads", type=int, nargs="+", default=[1])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--shapes", nargs="+", default=[], metavar="NAME")
    arguments.add_argument("--python", nargs="+", default=[sys.executable], metavar="PYTHON")
    arguments.add_argument("--ours", help="the benchmark `trainer` of a release build, if it is not to be built here")
    arguments = arguments.parse_args()
    ours = arguments.ours
    if not ours:
        build = ["cargo", "build", "--quiet", "--release", "--package", "dropout-oracle-benches", "--bin", "trainer"]
        subprocess.run(build, cwd=HERE.parent.parent, check=True)
        ours = TARGET / "release" / "trainer"
    commands, absent = peers(arguments.python)
    commands.insert(0, [ours, "--peer"])
    if absent:
        print(f"not installed or not built, so left out: {', '.join(absent)}", file=sys.stderr)
    for threads in arguments.threads:
        rows = [row for _ in range(arguments.rounds) for command in commands for row in run(command, threads, arguments.shapes)]
        versions = ", ".join(dict.fromkeys(f"{name} {version}" for name, version, *_ in rows))
        print(f"\n{threads} thread{'s' * (threads > 1)}, {arguments.rounds} rounds, {platform.machine()}: {versions}\n")
        table(rows)


if __name__ == "__main__":
    main()
