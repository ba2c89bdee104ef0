"""The network of `cargo run --release -p dropout-oracle-benches --bin enumeration`: the same numbers, and the same job."""

import statistics
import sys
import time

import numpy as np

CLASSES, KEEP = 10, 0.8


def number(seed):
    return (seed * seed % 997) / 498.5 - 1.0


def regression(n):
    """W (classes, inputs), b and x."""
    y, i = np.arange(CLASSES)[:, None], np.arange(n)[None, :]
    return 0.5 * number(1 + 17 * y + 31 * i), 0.5 * number(5 + 7 * np.arange(CLASSES)), number(3 + 11 * np.arange(n))


def masks(n, start=0, stop=None):
    """Masks start..stop as rows of float64 zeros and ones."""
    index = np.arange(start, 1 << n if stop is None else stop)
    return (index[:, None] >> np.arange(n) & 1).astype(np.float64)


def definition(n):
    """The arithmetic mean, mask by mask, for a small n: what every peer must give before it is timed."""
    weight, bias, x = regression(n)
    mean = np.zeros(CLASSES)
    for mask in masks(n):
        logits = weight @ (mask * x) + bias
        e = np.exp(logits - logits.max())
        mean += np.prod(np.where(mask == 1.0, np.float64(KEEP), np.float64(1.0 - KEEP))) * e / e.sum()
    return mean


def run(name, version, arithmetic_mean, n):
    """Asserts the answer, then prints one row of the table: median of three, after a run that compiles."""
    off = np.abs(np.asarray(arithmetic_mean(10)) / definition(10) - 1.0).max()
    assert off < 1e-12, f"{name} is off by {off:.1e}: is it float64 throughout?"
    arithmetic_mean(n)
    walls, cpus = [], []
    for _ in range(3):
        start, before = time.perf_counter(), time.process_time()
        arithmetic_mean(n)
        walls.append(time.perf_counter() - start)
        cpus.append(time.process_time() - before)
    wall, cpu = statistics.median(walls), statistics.median(cpus)
    rates = f"{(1 << n) / wall / 1e6:.2f} | {(1 << n) / cpu / 1e6:.2f}"
    print(f"| {name} | {version} | {n} | {wall * 1e3:.1f} | {cpu * 1e3:.1f} | {rates} | {off:.0e} |", flush=True)


def size(default):
    return int(sys.argv[1]) if len(sys.argv) > 1 else default
