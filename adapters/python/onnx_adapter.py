"""ONNX's Dropout, run by ONNX Runtime or, with ONNX_RUNNER=reference, by ONNX's reference evaluator."""

import os

import numpy as np
import onnx.reference
from onnx import TensorProto, helper

from protocol import Framework, Layer, serve

REFERENCE = os.environ.get("ONNX_RUNNER") == "reference"
TYPES = {"float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
if not REFERENCE:
    import onnxruntime


def model(opset, dtype, rank, seed):
    """One Dropout node with its mask; the rate and the mode are inputs."""
    options = {} if seed is None else {"seed": seed}
    node = helper.make_node("Dropout", ["x", "ratio", "training"], ["y", "mask"], **options)
    value = helper.make_tensor_value_info
    x = value("x", TYPES[dtype], [None] * rank)
    rest = [value("ratio", TYPES[dtype], []), value("training", TensorProto.BOOL, [])]
    out = [value("y", TYPES[dtype], [None] * rank), value("mask", TensorProto.BOOL, [None] * rank)]
    graph = helper.make_graph([node], "dropout", [x, *rest], out)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def session(model):
    """The function of feeds that runs a model."""
    if REFERENCE:
        evaluator = onnx.reference.ReferenceEvaluator(model)
    else:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        evaluator = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda **feeds: evaluator.run(None, feeds)


class Onnx(Framework):
    name = "onnx-reference" if REFERENCE else "onnxruntime"
    version = onnx.__version__ if REFERENCE else onnxruntime.__version__
    node_seed = None

    def layers(self):
        common = {"gradient": False, "mask": ("return",), "dtypes": ("f16", "f32", "f64")}
        common |= {"accepts_one": False, "second_order": False}
        for opset in (12, 13, 22):
            yield Layer(f"Dropout-{opset}", self.build(opset), seed=not REFERENCE, **common)
        yield Layer("Dropout-22(seed)", self.build(22, seeded=True), **common)

    def build(self, opset, seeded=False):
        def make(p):
            sessions = {}

            def call(x, train):
                key = (x.dtype.name, x.ndim)
                if key not in sessions:
                    sessions[key] = session(model(opset, *key, self.node_seed if seeded else None))
                return tuple(sessions[key](x=x.copy(order="C"), ratio=np.array(p, x.dtype), training=np.array(train)))

            return call

        return make

    def seed(self, seed):
        self.node_seed = seed % 2**31
        if not REFERENCE:
            onnxruntime.set_seed(seed)


if __name__ == "__main__":
    serve(Onnx())
