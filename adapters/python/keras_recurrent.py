"""Keras' recurrent layers, with weights by which they show their masks: one a sequence (Gal & Ghahramani 2016).

Each is (its name, what builds it for a rate, how it is called, fields of `Layer`). x has axes for batch, time, gates (of an
LSTM) and features, each of which is a sequence of its own here: layers of one input.
"""

import numpy as np
from keras import layers, ops


def sequences(x):
    """One row a feature, of one number a step."""
    return ops.reshape(ops.transpose(x, (0, 2, 1)), (x.shape[0] * x.shape[2], x.shape[1], 1))


def features(rows, batch):
    """Back from `sequences`, with what each has at a step before the axis of features."""
    steps, units = rows.shape[1:]
    return ops.transpose(ops.reshape(rows, (batch, -1, steps, units)), (0, 2, 3, 1))


def inputs(layer, x, train):
    """The input, which passes unchanged through the layer."""
    return features(layer(sequences(x), training=train), x.shape[0])[:, :, 0]


def states(layer, x, train):
    """One unit takes x, the other what comes back of the first, a step later."""
    padded = ops.concatenate([x, ops.zeros_like(x[:, :1])], axis=1)
    return features(layer(sequences(padded), training=train), x.shape[0])[:, 1:, 1]


def gates(layer, x, train):
    """What each gate takes in of ones multiplies x."""
    ones = ops.ones_like(x[:, :, 0])
    return x * features(layer(sequences(ones), training=train), x.shape[0])


def fixed(weights):
    return lambda shape, dtype: ops.convert_to_tensor(np.reshape(weights, shape), dtype)


def simple(p, **dtype):
    """A layer for `inputs`."""
    weights = {"kernel_initializer": "ones", "recurrent_initializer": "zeros", "use_bias": False}
    return layers.SimpleRNN(1, dropout=p, activation=None, return_sequences=True, **weights, **dtype)


def feedback(p, **dtype):
    """A layer for `states`."""
    weights = {"kernel_initializer": fixed([1, 0]), "recurrent_initializer": fixed([0, 1, 0, 0]), "use_bias": False}
    return layers.SimpleRNN(2, recurrent_dropout=p, activation=None, return_sequences=True, **weights, **dtype)


def lstm(**choice):
    """A layer for `gates`: linear, with a unit for each gate but that of forgetting, whose state is out * in * cell.

    In its unit a gate takes the input, and the other two are 1. Weights stand in the order in, forget, cell, out.
    """
    own = np.eye(4)[[0, 2, 3]].T
    others = own.sum(axis=1, keepdims=True) - own
    weights = {"kernel_initializer": fixed(own), "bias_initializer": fixed(others), "recurrent_initializer": "zeros"}
    options = {"activation": None, "recurrent_activation": None, "unit_forget_bias": False, "return_sequences": True}
    return lambda p, **dtype: layers.LSTM(3, dropout=p, **weights, **options, **choice, **dtype)


TIME = {"steps": {"time": -2}, "shared_axes": (-2,), "ranks": (3,)}
GATED = {"steps": {"time": -3, "gate": {"axis": -2, "count": 3}}, "ranks": (4,)}
GATED |= {"gradient": False, "second_order": False}
APART = {"implementation": 1, "use_cudnn": False}
LAYERS = (
    ("SimpleRNN(dropout)", simple, inputs, TIME),
    ("SimpleRNN(recurrent_dropout)", feedback, states, TIME),
    # By default an LSTM has one mask for all gates. With one each it breaks down unless it is told not to look for cuDNN.
    ("LSTM(dropout)", lstm(), gates, GATED | {"shared_axes": (-3, -2)}),
    ("LSTM(dropout, implementation=1)", lstm(**APART), gates, GATED | {"shared_axes": (-3,)}),
)
