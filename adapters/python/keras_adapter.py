"""Keras 3's dropout family, on the backend that KERAS_BACKEND names: tensorflow, jax or torch."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras  # noqa: E402
from keras import layers, ops  # noqa: E402

import keras_recurrent as recurrent  # noqa: E402
from protocol import Framework, Layer, Skipped, serve  # noqa: E402

BACKEND = keras.backend.backend()
KERAS = {"f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64"}

if BACKEND == "tensorflow":
    from tensorflow_adapter import TensorFlow as Backend
elif BACKEND == "torch":
    from torch_adapter import Torch as Backend
else:
    from jax_framework import Jax as Backend


class Operator:
    """A layer, made for the type of its first input, as a user who works in that type makes it."""

    def __init__(self, build, p, call):
        self.build, self.p, self.call, self.layer = build, p, call, None

    def __call__(self, x, train):
        if self.call is not plain and 0 in x.shape:
            raise Skipped("no inputs without elements")
        if self.layer is None:
            self.layer = self.build(self.p, dtype=keras.backend.standardize_dtype(x.dtype))
        # Layers that copy x by sums of products turn -0 into 0, and NaN spreads: where nothing is to be dropped,
        # their output for ones multiplies x.
        if self.call is not plain and (not train or self.p == 0):
            return x * self.call(self.layer, ops.ones_like(x), train)
        return self.call(self.layer, x, train)


def plain(layer, x, train):
    return layer(x, training=train)


def attention(layer, x, train):
    """Attention of a single key, whose softmax is 1: dropout of the weights is dropout of the values."""
    value = ops.reshape(x, (-1, 1, 1))
    return ops.reshape(layer([ops.zeros_like(value), value], training=train), x.shape)


class Keras(Backend):
    name, version = f"keras-{BACKEND}", keras.__version__
    network = Framework.network

    def layers(self):
        ranks = tuple(range(1, 5))

        def offer(id, build, call=plain, **fields):
            dtypes = tuple(d for d in KERAS if BACKEND != "jax" or d != "f64")
            return Layer(id, lambda p: Operator(build, p, call), dtypes=dtypes, **{"ranks": ranks, **fields})

        def own(layer, **fields):
            fields |= {"acts": ("export",), "replicas": BACKEND == "tensorflow"}
            return offer(f"keras.layers.{layer.__name__}", layer, **fields)

        torch = BACKEND == "torch"
        yield own(layers.Dropout, declared={"non_finite_dropped": "nan" if torch else "zero"})
        maps = (layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D)
        for axes, layer in enumerate(maps, start=1):
            shared = {"shared_axes": (-2, -3, -4)[:axes], "ranks": (axes + 2,)}
            yield own(layer, declared={"non_finite_dropped": "zero"}, **shared)
        yield own(layers.AlphaDropout, kind="alpha", second_order=False)
        yield own(layers.GaussianDropout, kind="gaussian", second_order=False)
        yield own(layers.GaussianNoise, kind="gaussian_additive", second_order=False)
        yield offer("keras.layers.Attention", lambda p, **d: layers.Attention(dropout=p, **d), attention)
        for id, build, call, fields in recurrent.LAYERS:
            yield offer(f"keras.layers.{id}", build, call, **fields)

    def seed(self, seed):
        keras.utils.set_random_seed(seed % 2**32)

    def get(self, tensor):
        return ops.convert_to_numpy(tensor) if BACKEND != "torch" else super().get(tensor)

    def export(self, operator, x, train):
        copy = layers.deserialize(layers.serialize(operator.layer))
        return lambda x, train: copy(x, training=train)

    def vjp(self, operator, x, train, gradient, second, **given):
        if BACKEND != "jax":
            return super().vjp(operator, x, train, gradient, second)
        import jax

        answer = operator(x, False)  # builds the layer for this type
        seeds = [(v, v.value) for v in operator.layer.non_trainable_variables]

        def call(x):
            for variable, value in seeds:
                variable.assign(value)
            return operator(x, train)

        answer, pull = jax.vjp(call, x)
        slope = jax.grad(lambda x: (call(x) ** 2).sum())
        ddx = jax.grad(lambda x: slope(x).sum())(x) if second else None
        return answer, None if gradient is None else pull(gradient)[0], ddx


if __name__ == "__main__":
    serve(Keras())
