"""The training jobs of benches/src/bin/trainer.rs in PyTorch (eager, its SGD fused or not) and JAX (jit), as a user would
write them.

    OMP_NUM_THREADS=N python benches/peers/trainer.py torch|torch-fused|jax [--only SHAPE]

Prints a line a shape: name, version, shape, median milliseconds a step; of the processor with one thread, so that a busy
machine does not count against a peer, else of the clock. benches/peers/train.py compares them: only ratios of one run mean
something.
"""

import argparse
import functools
import importlib.metadata
import os
import statistics
import time

# name: widths, drop rate of the input, drop rate of hidden layers, batch
SHAPES = {
    "reference": ([784, 800, 800, 10], 0.2, 0.5, 100),
    "wide": ([256, 2048, 100], 0.1, 0.5, 128),
    "deep": ([100, 256, 256, 256, 256, 10], 0.0, 0.3, 64),
    "odd": ([77, 131, 97, 3], 0.2, 0.5, 37),
    "small": ([64, 32, 10], 0.2, 0.5, 32),
    "width 50": ([784, 50, 50, 10], 0.2, 0.5, 100),
    "width 200": ([784, 200, 200, 10], 0.2, 0.5, 100),
    "width 400": ([784, 400, 400, 10], 0.2, 0.5, 100),
    "width 1600": ([784, 1600, 1600, 10], 0.2, 0.5, 100),
}
RATE, MOMENTUM, MAX_NORM = 0.05, 0.9, 3.0


def data(widths, batch):
    import numpy

    rng = numpy.random.default_rng(0)
    return rng.random((batch, widths[0]), dtype=numpy.float32), rng.integers(0, widths[-1], batch)


def torch_step(widths, drop_input, drop_hidden, batch, fused=None):
    import torch

    layers = []
    for number, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        drop = drop_hidden if number else drop_input
        layers += [torch.nn.Dropout(drop)] if drop else []
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, fused=fused)
    x, y = map(torch.from_numpy, data(widths, batch))

    def step():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for layer in model:
                if isinstance(layer, torch.nn.Linear):
                    norm = layer.weight.norm(dim=1, keepdim=True)
                    layer.weight.mul_((MAX_NORM / norm).clamp(max=1.0))
        return loss

    return step, lambda loss: loss.item()


def jax_step(widths, drop_input, drop_hidden, batch):
    import jax
    import jax.numpy as jnp

    x, y = map(jnp.asarray, data(widths, batch))
    keys = jax.random.split(jax.random.key(0), len(widths) - 1)
    scale = [(6 / inputs) ** 0.5 for inputs in widths]
    weights = [jax.random.uniform(k, s, minval=-c, maxval=c) for k, s, c in zip(keys, zip(widths, widths[1:]), scale)]
    parameters = [(w, jnp.zeros(w.shape[1])) for w in weights]
    velocities = jax.tree.map(jnp.zeros_like, parameters)

    def loss(parameters, key):
        h = x
        for number, (w, b) in enumerate(parameters):
            drop = drop_hidden if number else drop_input
            if drop:
                keep = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - drop, h.shape)
                h = jnp.where(keep, h / (1 - drop), 0)
            h = h @ w + b
            h = jax.nn.relu(h) if number + 1 < len(parameters) else h
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1))

    @jax.jit
    def update(parameters, velocities, key):
        value, gradient = jax.value_and_grad(loss)(parameters, key)
        velocities = jax.tree.map(lambda v, g: MOMENTUM * v - RATE * g, velocities, gradient)
        parameters = jax.tree.map(jnp.add, parameters, velocities)
        norms = [jnp.linalg.norm(w, axis=0) for w, _ in parameters]
        parameters = [(w * jnp.minimum(1, MAX_NORM / n), b) for (w, b), n in zip(parameters, norms)]
        return parameters, velocities, value

    state = [parameters, velocities, jax.random.key(1, impl="rbg")]

    def step():
        state[2], key = jax.random.split(state[2])
        state[0], state[1], value = update(state[0], state[1], key)
        return value

    return step, lambda value: float(value)


PEERS = {
    "torch": ("torch", "PyTorch eager", torch_step),
    "torch-fused": ("torch", "PyTorch fused", functools.partial(torch_step, fused=True)),
    "jax": ("jax", "JAX jit", jax_step),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("peer", choices=PEERS)
    arguments.add_argument("--only", choices=SHAPES)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments = arguments.parse_args()
    threads = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))
    if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as there are processors
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    clock = time.process_time if threads == 1 else time.perf_counter
    package, title, make = PEERS[arguments.peer]
    version = importlib.metadata.version(package)
    for name, shape in SHAPES.items():
        if arguments.only in (None, name):
            step, finish = make(*shape)
            first = finish(step())
            flop = 2 * shape[3] * sum(3 * a * b for a, b in zip(shape[0], shape[0][1:]))
            count = min(300, max(10, int(5e9 / flop)))
            times = []
            for _ in range(arguments.rounds):
                start = clock()
                for _ in range(count):
                    result = step()
                last = finish(result)
                times.append((clock() - start) / count * 1e3)
            assert last < first, f"{name}: the loss went from {first} to {last}"
            print(f"{title},{version},{name},{statistics.median(times):.4f}", flush=True)


if __name__ == "__main__":
    main()
