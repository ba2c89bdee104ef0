"""TensorFlow's dropouts."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf  # noqa: E402

from protocol import Framework, Layer, Skipped, serve  # noqa: E402

REPLICAS = 4
CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * REPLICAS)
SPATIAL = {"shared_axes": (-2, -3), "ranks": (4,)}


def maps(x):
    """The noise shape that drops whole feature maps, channels last."""
    return [x.shape[0], 1, 1, x.shape[3]]


def dropout(noise_shape=lambda x: None):
    """tf.nn.dropout: a program calls it in training alone; the function has no mode of its own."""

    def make(p):
        tf.nn.dropout(tf.ones(()), p)  # a rate out of range is refused by the call alone
        return lambda x, train: tf.nn.dropout(x, p, noise_shape(x)) if train else x

    return make


class TensorFlow(Framework):
    name, version = "tensorflow", tf.__version__
    generator = tf.random.Generator.from_non_deterministic_state()

    def layers(self):
        common = {"accepts_one": False, "declared": {"non_finite_dropped": "zero"}, "acts": ("export",)}
        yield Layer("tf.nn.dropout", dropout(), networks=True, replicas=True, **common)
        yield Layer("tf.nn.dropout(noise_shape)", dropout(maps), **SPATIAL, **common)
        yield Layer("tf.nn.experimental.stateless_dropout", self.stateless, **common)
        yield Layer("tf.nn.experimental.general_dropout", self.general, mask=("uniforms",), **common)

    def stateless(self, p):
        def call(x, train):
            seed = self.generator.make_seeds(1)[:, 0]
            return tf.nn.experimental.stateless_dropout(x, p, seed) if train else x

        return call

    def general(self, p):
        def call(x, train, uniforms=None):
            draw = self.generator.uniform if uniforms is None else lambda shape, dtype: tf.constant(uniforms)
            return tf.nn.experimental.general_dropout(x, p, draw) if train else x

        return call

    def seed(self, seed):
        tf.random.set_seed(seed)
        self.generator = tf.random.Generator.from_seed(seed)

    def put(self, array):
        return tf.convert_to_tensor(array)

    def get(self, tensor):
        return tensor.numpy()

    def export(self, operator, x, train):
        traced = tf.function(lambda x: operator(x, train))
        return lambda x, train: traced(x)

    def replicas(self, make, p, x, count):
        if count != REPLICAS:
            raise Skipped(f"{REPLICAS} devices, not {count}")
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])
        with strategy.scope():
            operator = make(p)
            operator(x, False)  # a layer is built in the scope of the strategy, as its guide says
        return strategy.experimental_local_results(strategy.run(lambda: operator(x, True)))

    def vjp(self, operator, x, train, gradient, second, **given):
        zero = tf.UnconnectedGradients.ZERO  # of an output that does not depend on x
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = operator(x, train)
                square = tf.reduce_sum(y**2)
            slope = inner.gradient(square, x, unconnected_gradients=zero) if second else None
        dx = None if gradient is None else outer.gradient(y, x, output_gradients=gradient, unconnected_gradients=zero)
        return y, dx, outer.gradient(slope, x, unconnected_gradients=zero) if second else None

    def network(self, make, train, stack, head, x, target, want_gradient):
        with tf.GradientTape() as tape:
            h, parameters = self.put(x), []
            for name, *arrays in stack:
                if name == "dropout":
                    h = make(*arrays)(h, train)
                elif name == "relu":
                    h = tf.nn.relu(h)
                else:
                    weight, bias = (tf.Variable(a) for a in arrays)
                    h = tf.matmul(h, weight, transpose_b=True) + bias
                    parameters += [weight, bias]
            if head == "softmax":
                loss = -tf.reduce_sum(tf.nn.log_softmax(h)[:, int(target or 0)])
            elif head == "bernoulli":
                loss = tf.reduce_sum(tf.nn.softplus(h) - (target or 0) * h)
            else:
                loss = tf.reduce_sum((h - (target or 0)) ** 2) / 2
        y = {"softmax": tf.nn.softmax, "bernoulli": tf.nn.sigmoid, "identity": tf.identity}[head](h)
        return y, tape.gradient(loss, parameters) if want_gradient else None


if __name__ == "__main__":
    serve(TensorFlow())
