"""Haiku's dropout, a function of a key."""

import haiku
import jax

from jax_framework import OFFERED, Jax
from protocol import Layer, serve


def dropout(**options):
    """A Haiku program applies dropout in training alone; the function has no mode of its own."""

    def build(p):
        haiku.dropout(jax.random.key(0), p, jax.numpy.ones(()))  # a rate out of range is refused by the call alone
        return lambda x, train, key: haiku.dropout(key, p, x, **options) if train else x

    return build


class Haiku(Jax):
    name, version = "haiku", haiku.__version__

    def layers(self):
        common = {"dtypes": OFFERED, "accepts_one": False, "acts": ("export",)}
        common["declared"] = {"non_finite_dropped": "zero"}
        yield Layer("haiku.dropout", self.keyed(dropout()), networks=True, **common)
        shared = {"shared_axes": (-2, -3), "ranks": (4,)}
        yield Layer("haiku.dropout(broadcast_dims)", self.keyed(dropout(broadcast_dims=(-2, -3))), **shared, **common)

    def linear(self, weight, bias, h):
        layer = haiku.without_apply_rng(haiku.transform(lambda h: haiku.Linear(len(bias))(h)))
        return layer.apply({"linear": {"w": weight.T, "b": bias}}, h)


if __name__ == "__main__":
    serve(Haiku())
