"""What Flax, Haiku and Equinox share: JAX's tensors, keys, derivatives and networks.

JAX's own switch decides on f64: with JAX_ENABLE_X64=1 it is offered, and random numbers are drawn in it.
"""

import secrets

import jax
import jax.numpy as jnp

from protocol import DTYPES, EVERY_RANK, Framework

OFFERED = tuple(d for d in DTYPES if d != "f64" or jax.config.jax_enable_x64)
VECTORS = EVERY_RANK[1:]


class Operator:
    """A dropout whose call takes its key from `draw` and is, for a fixed key, the function `apply(x, train, key)`."""

    def __init__(self, apply, draw):
        self.apply, self.draw = apply, draw

    def __call__(self, x, train):
        return self.apply(x, train, self.draw() if train else None)


class Jax(Framework):
    root = jax.random.key(secrets.randbits(62))

    def seed(self, seed):
        self.root = jax.random.key(seed)

    def key(self):
        """A fresh key, as a program's training loop splits them off."""
        self.root, fresh = jax.random.split(self.root)
        return fresh

    def keyed(self, build):
        """make of a layer `build(p) -> (x, train, key) -> y` whose keys the caller provides."""
        return lambda p: Operator(build(p), self.key)

    def put(self, array):
        return jnp.asarray(array)

    def export(self, operator, x, train):
        return Operator(jax.jit(operator.apply, static_argnums=1), operator.draw)

    def vjp(self, operator, x, train, gradient, second, **given):
        key = operator.draw() if train else None
        y, pull = jax.vjp(lambda x: operator.apply(x, train, key), x)
        dx = None if gradient is None else pull(gradient)[0]
        slope = jax.grad(lambda x: (operator.apply(x, train, key) ** 2).sum())
        return y, dx, jax.grad(lambda x: slope(x).sum())(x) if second else None

    def linear(self, weight, bias, h):
        """The framework's own linear layer, applied to rows."""
        raise NotImplementedError

    def network(self, make, train, stack, head, x, target, want_gradient):
        dropouts = [make(*rest) if name == "dropout" else None for name, *rest in stack]
        keys = [d.draw() if d and train else None for d in dropouts]

        def logits(parameters):
            h, parameters = self.put(x), iter(parameters)
            for (name, *_), dropout, key in zip(stack, dropouts, keys):
                if name == "dropout":
                    h = dropout.apply(h, train, key)
                elif name == "relu":
                    h = jax.nn.relu(h)
                else:
                    h = self.linear(next(parameters), next(parameters), h)
            return h

        def loss(parameters):
            z = logits(parameters)
            if head == "softmax":
                return -jax.nn.log_softmax(z)[:, int(target)].sum()
            if head == "bernoulli":
                return (jax.nn.softplus(z) - target * z).sum()
            return ((z - target) ** 2).sum() / 2

        parameters = [self.put(a) for name, *rest in stack if name == "linear" for a in rest]
        y = {"softmax": jax.nn.softmax, "bernoulli": jax.nn.sigmoid, "identity": lambda z: z}[head](logits(parameters))
        return y, jax.grad(loss)(parameters) if want_gradient else None
