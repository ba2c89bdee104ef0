"""Flax's dropouts: linen, nnx, and the dropout of attention weights."""

import flax
import jax
import jax.numpy as jnp
from flax import linen, nnx

from jax_framework import OFFERED, VECTORS, Jax, Operator
from protocol import Layer, serve

DECLARED = {"identity_returns_input": True, "non_finite_dropped": "zero"}


def linen_dropout(**options):
    def build(p):
        layer = linen.Dropout(p, **options)
        return lambda x, train, key: layer.apply({}, x, deterministic=not train, rngs={"dropout": key} if train else {})

    return build


def checkpointed(p):
    """Computed again for the backward pass, from the same key."""
    return jax.checkpoint(linen_dropout()(p), static_argnums=1)


def attention(p):
    """Attention of a single key, whose softmax is 1: dropout of the weights is dropout of the values.

    Its sum of products turns -0 into 0, so where nothing is to be dropped its output for ones multiplies x.
    """

    def attend(x, train, rng):
        value = x.reshape(-1, 1, 1, 1)
        key = jnp.zeros_like(value)
        options = {"dropout_rng": rng, "dropout_rate": p, "broadcast_dropout": False, "deterministic": not train}
        return linen.dot_product_attention(key, key, value, **options).reshape(x.shape)

    return lambda x, train, rng: attend(x, train, rng) if train and p != 0 else x * attend(jnp.ones_like(x), train, rng)


class Flax(Jax):
    name, version = "flax", flax.__version__

    def layers(self):
        common = {"dtypes": OFFERED, "declared": DECLARED, "acts": ("export",)}
        yield Layer("flax.linen.Dropout", self.keyed(linen_dropout()), networks=True, **common)
        shared = {"shared_axes": (-2, -3), "ranks": (4,)}
        yield Layer(
            "flax.linen.Dropout(broadcast_dims)", self.keyed(linen_dropout(broadcast_dims=(-2, -3))), **shared, **common
        )
        yield Layer("flax.linen.Dropout in jax.checkpoint", self.keyed(checkpointed), **common)
        yield Layer("flax.nnx.Dropout", self.streamed(), networks=True, **common)
        yield Layer("flax.nnx.Dropout(broadcast_dims)", self.streamed(broadcast_dims=(-2, -3)), **shared, **common)
        yield Layer(
            "flax.linen.dot_product_attention",
            self.keyed(attention),
            dtypes=OFFERED,
            declared={"non_finite_dropped": "nan"},
            ranks=VECTORS,
        )

    def streamed(self, **options):
        """make of nnx's layer, which keeps its own stream of keys; one Rngs serves all the layers of a program."""

        def make(p):
            layer = nnx.Dropout(p, rngs=self.rngs, **options)
            return Operator(lambda x, train, key: layer(x, deterministic=not train, rngs=key), lambda: layer.rngs())

        return make

    def seed(self, seed):
        super().seed(seed)
        self.rngs = nnx.Rngs(seed)

    rngs = nnx.Rngs(Jax.root)

    def linear(self, weight, bias, h):
        return linen.Dense(len(bias)).apply({"params": {"kernel": weight.T, "bias": bias}}, h)


if __name__ == "__main__":
    serve(Flax())
