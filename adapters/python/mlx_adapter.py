"""MLX's dropouts."""

import mlx.core as mx
import numpy as np
from mlx import nn

from protocol import Framework, Layer, serve


def module(kind):
    """make for a module, whose mode is set by train() and eval()."""

    def make(p):
        layer = kind(p)
        return lambda x, train: layer.train(train)(x)

    return make


class Mlx(Framework):
    name, version = "mlx", mx.__version__
    device = str(mx.default_device())

    def layers(self):
        common = {"dtypes": ("f16", "bf16", "f32"), "accepts_one": False, "acts": ("export",)}
        common["declared"] = {"identity_returns_input": True, "non_finite_dropped": "nan", "eval_touches_seed": False}
        yield Layer("mlx.nn.Dropout", module(nn.Dropout), networks=True, **common)
        yield Layer("mlx.nn.Dropout2d", module(nn.Dropout2d), shared_axes=(-2, -3), ranks=(3, 4), **common)
        yield Layer("mlx.nn.Dropout3d", module(nn.Dropout3d), shared_axes=(-2, -3, -4), ranks=(4, 5), **common)

    def export(self, operator, x, train):
        compiled = mx.compile(lambda x: operator(x, train), inputs=mx.random.state, outputs=mx.random.state)
        return lambda x, train: compiled(x)

    def seed(self, seed):
        mx.random.seed(seed)

    def put(self, array):
        if array.dtype.name == "bfloat16":
            return mx.array(np.ascontiguousarray(array).view(np.uint16)).view(mx.bfloat16).reshape(array.shape)
        return mx.array(array)

    def get(self, tensor):
        if tensor.dtype == mx.bfloat16:
            import ml_dtypes

            return np.array(tensor.reshape(-1).view(mx.uint16)).view(ml_dtypes.bfloat16).reshape(tensor.shape)
        return np.array(tensor)

    def vjp(self, operator, x, train, gradient, second, **given):
        high, low = mx.random.state[0].tolist()

        def call(x):  # each derivative of this call starts from its random state: a key, which a seed sets whole
            mx.random.seed(high << 32 | low)
            return operator(x, train)

        dx = None if gradient is None else mx.vjp(call, [x], [gradient])[1][0]
        slope = mx.grad(lambda x: (call(x) ** 2).sum())
        ddx = mx.grad(lambda x: slope(x).sum())(x) if second else None
        return call(x), dx, ddx

    def network(self, make, train, stack, head, x, target, want_gradient):
        units = [make(*rest) if name == "dropout" else None for name, *rest in stack]

        def logits(parameters):
            h, parameters = self.put(x), iter(parameters)
            for (name, *_), dropout in zip(stack, units):
                if name == "dropout":
                    h = dropout(h, train)
                elif name == "relu":
                    h = nn.relu(h)
                else:
                    h = h @ next(parameters).T + next(parameters)
            return h

        def loss(parameters):
            z = logits(parameters)
            if head == "softmax":
                return -nn.log_softmax(z, axis=-1)[:, int(target or 0)].sum(), mx.softmax(z, axis=-1)
            if head == "bernoulli":
                return (nn.softplus(z) - (target or 0) * z).sum(), mx.sigmoid(z)
            return ((z - (target or 0)) ** 2).sum() / 2, z

        parameters = [self.put(a) for name, *rest in stack if name == "linear" for a in rest]
        (_, y), gradients = mx.value_and_grad(loss)(parameters)
        return self.get(y), [self.get(g) for g in gradients]


if __name__ == "__main__":
    serve(Mlx())
