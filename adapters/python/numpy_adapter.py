"""A correct dropout in NumPy: the adapter of docs/tutorial-adapter.md."""

import numpy as np

from protocol import Framework, Layer, serve


class Dropout:
    """Inverted dropout that remembers the mask of its last call, for the backward pass of that very call."""

    def __init__(self, p, generator):
        if not 0 <= p <= 1:
            raise ValueError(f"a drop rate lies in [0, 1], got {p}")
        self.p, self.generator, self.kept, self.scale = p, generator, True, 1

    def __call__(self, x, train, mask=None, uniforms=None):
        if not train or self.p == 0:
            self.kept, self.scale = np.ones(x.shape, bool), x.dtype.type(1)
            return x, self.kept
        # Uniforms in f64 whatever the type of x: a half type's grid would round small rates.
        uniforms = self.generator.random(x.shape) if uniforms is None else uniforms
        self.kept = uniforms >= self.p if mask is None else mask
        self.scale = x.dtype.type(1 / (1 - self.p) if self.p < 1 else 0)
        return np.where(self.kept, x * self.scale, x.dtype.type(0)), self.kept

    def backward(self, g):
        """The gradient in x, from the gradient in y."""
        return np.where(self.kept, g * self.scale, g.dtype.type(0))


class NumPy(Framework):
    name, version = "numpy", np.__version__
    generator = np.random.default_rng()

    def layers(self):
        declared = {"identity_returns_input": True, "non_finite_dropped": "zero", "eval_touches_seed": False}
        passes = {"mask": ("inject", "return", "uniforms")}
        yield Layer("Dropout", lambda p: Dropout(p, self.generator), declared=declared, **passes)

    def seed(self, seed):
        self.generator = np.random.default_rng(seed)

    def zero(self, y):
        y[...] = 0

    def vjp(self, operator, x, train, gradient, second, **given):
        answer = operator(x, train, **given)
        dx = None if gradient is None else operator.backward(gradient)
        ddx = operator.backward(operator.backward(np.full_like(x, 2))) if second else None
        return answer, dx, ddx


if __name__ == "__main__":
    serve(NumPy())
