"""Equinox's dropout, which its attention uses too."""

import equinox
import jax

from jax_framework import OFFERED, Jax
from protocol import Layer, serve


def dropout(p):
    layer = equinox.nn.Dropout(p)
    return lambda x, train, key: layer(x, key=key, inference=not train)


class Equinox(Jax):
    name, version = "equinox", equinox.__version__

    def layers(self):
        yield Layer(
            "equinox.nn.Dropout",
            self.keyed(dropout),
            networks=True,
            dtypes=OFFERED,
            declared={"identity_returns_input": True, "non_finite_dropped": "zero"},
            acts=("export",),
        )

    def linear(self, weight, bias, h):
        layer = equinox.nn.Linear(weight.shape[1], weight.shape[0], key=jax.random.key(0))
        return jax.vmap(equinox.tree_at(lambda own: (own.weight, own.bias), layer, (weight, bias)))(h)


if __name__ == "__main__":
    serve(Equinox())
