"""Protocol 1 (docs/protocol.md): serves the dropout layers of one framework on standard input and output.

A framework's adapter names its operators as `Layer`s, and tells in a `Framework` how its tensors come from and go to
NumPy, how a user seeds it, and how it differentiates. All the rest of the protocol is here, once.
"""

import contextlib
import json
import math
import os
import platform
import sys
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np

DTYPES = {"f16": np.dtype(np.float16), "f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}
with contextlib.suppress(ImportError):  # without it an adapter offers no bf16
    import ml_dtypes

    DTYPES["bf16"] = np.dtype(ml_dtypes.bfloat16)
NAMES = {dtype: name for name, dtype in DTYPES.items()}
EVERY_RANK = (0, 1, 2, 3, 4)
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 34
BYTES = 32  # an element of x, with its copies, its uniform number, its output and its mask


@dataclass
class Layer:
    """One operator: what it offers, and `make`, which for one p makes an object `(x, train) -> y` or `-> (y, mask)`.

    The object is called with `mask=` or `uniforms=` as well where the layer obeys a given one. `gradient`, `steps`,
    `replicas` and `networks` say whether levels C1, C5, C6 and C7 are offered; the other fields are those of `started`.
    """

    id: str
    make: Callable[[float], Any]
    kind: str = "dropout"
    gradient: bool = True
    steps: dict | None = None
    replicas: bool = False
    networks: bool = False
    dtypes: tuple = tuple(DTYPES)
    means: str = "drop"
    accepts_zero: bool = True
    accepts_one: bool = True
    scaling: str = "inverted"
    mask: tuple = ()
    seed: bool = True
    second_order: bool = True
    shared_axes: tuple = ()
    ranks: tuple = EVERY_RANK
    declared: dict = field(default_factory=dict)
    acts: tuple = ()

    def describe(self):
        """This layer's entry in `started`."""
        offered = {"C0": True, "C1": self.gradient, "C2": self.seed, "C3": self.mask, "C4": True}
        offered |= {"C5": self.steps, "C6": self.replicas, "C7": self.networks}
        p = {"means": self.means, "accepts_zero": self.accepts_zero, "accepts_one": self.accepts_one}
        names = "id kind dtypes scaling mask seed second_order shared_axes ranks declared acts".split()
        rest = {name: getattr(self, name) for name in names} | ({"steps": self.steps} if self.steps else {})
        return {"levels": [level for level, here in offered.items() if here], "p": p, **rest}


class Framework:
    """What differs from one framework to the next. NumPy's answers stand here."""

    name, version, device = "", "", "cpu"

    def layers(self):
        """The operators offered."""
        raise NotImplementedError

    def seed(self, seed):
        """Seeds the random state as a user of the framework would."""
        raise NotImplementedError

    def put(self, array):
        """The framework's tensor with the values of a NumPy array, and with its strides where the framework has any."""
        return array

    def get(self, tensor):
        """The NumPy array with the values of a tensor."""
        return np.asarray(tensor)

    def export(self, operator, x, train):
        """A traced, compiled, or saved and loaded copy of an operator in this mode, for inputs like x."""
        raise Skipped("nothing is exported")

    def zero(self, y):
        """Writes zeros into y, where the framework lets one."""

    def vjp(self, operator, x, train, gradient, second, **given):
        """(what the call returned, dx, ddx) of one and the same call; `gradient` or ddx may be None."""
        raise NotImplementedError

    def replicas(self, make, p, x, count):
        """The outputs of so many replicas of one step in training, each on x."""
        raise Skipped("replicas are not offered")

    def network(self, make, train, stack, head, x, target, want_gradient):
        """(the head's outputs a row of x, gradients summed over the rows) of a network of the framework's layers."""
        raise Skipped("networks are not offered")


class Skipped(Exception):
    """A capability that this adapter or framework lacks."""


class Rejected(Exception):
    """The implementation itself refused the input."""


@contextlib.contextmanager
def implementation():
    """Inside it an exception is the implementation's own refusal."""
    try:
        yield
    except Exception as refusal:
        raise Rejected(refusal) from refusal


def dtype_of(name):
    """The NumPy dtype of a protocol's dtype."""
    if name not in DTYPES:
        raise Skipped(f"no {name} here: the package ml_dtypes is missing")
    return DTYPES[name]


def decode(tensor):
    """The NumPy array of a tensor."""
    return np.frombuffer(bytes.fromhex(tensor["data"]), dtype_of(tensor["dtype"])).reshape(tensor["shape"]).copy()


def encode(array):
    """The tensor of a NumPy array."""
    return {
        "dtype": NAMES[array.dtype],
        "shape": list(array.shape),
        "data": np.ascontiguousarray(array).tobytes().hex(),
    }


def bits(mask):
    """The bits of a boolean array in row-major order, least significant first."""
    return np.packbits(np.ravel(mask), bitorder="little").tobytes().hex()


def decode_mask(mask):
    """The boolean array of a mask."""
    packed = np.frombuffer(bytes.fromhex(mask["bits"]), np.uint8)
    count = int(np.prod(mask["shape"], dtype=np.int64))
    return np.unpackbits(packed, bitorder="little", count=count).astype(bool).reshape(mask["shape"])


def lay_out(array, layout):
    """The same values by index, with the strides asked for."""
    if layout == "transposed":
        return np.asfortranarray(array)
    if layout == "sliced" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "broadcast" and array.ndim and array.shape[0]:
        return np.broadcast_to(array[:1], array.shape)
    return array


class Server:
    """Answers the requests of one run of the oracle."""

    def __init__(self, framework):
        self.framework = framework
        self.layers = {layer.id: layer for layer in framework.layers()}

    def start(self, _):
        f = self.framework
        language = "Python " + ".".join(platform.python_version_tuple()[:2])
        about = {"name": f.name, "version": f.version, "language": language, "device": f.device}
        layers = [layer.describe() for layer in self.layers.values()]
        return {"type": "started", "protocol": 1, "implementation": about, "layers": layers}

    def begin(self, message, dtype):
        """The layer asked for, after seeding."""
        layer = self.layers[message["layer"]]
        if dtype not in layer.dtypes:
            raise Skipped(f"{layer.id} has no {dtype}")
        if message.get("seed") is not None:
            if not layer.seed:
                raise Skipped(f"{layer.id} has no seed")
            self.framework.seed(message["seed"])
        return layer

    def run(self, message):
        layer = self.begin(message, message["x"]["dtype"])
        train, p = message["mode"] == "train", float(message["p"])
        array = lay_out(decode(message["x"]), message.get("layout"))
        given = {"mask": decode_mask(message["mask"])} if message.get("mask") else {}
        given |= {"uniforms": decode(message["uniforms"])} if message.get("uniforms") else {}
        if ("mask" in given and "inject" not in layer.mask) or ("uniforms" in given and "uniforms" not in layer.mask):
            raise Skipped(f"{layer.id} obeys no given {' or '.join(given)}")
        with implementation():
            operator = layer.make(p)
            for earlier in message.get("before") or []:
                other, act, x = float(earlier["p"]), earlier.get("act"), self.framework.put(array)
                if act and act not in layer.acts:
                    raise Skipped(f"{layer.id} offers no {act}")
                (operator if other == p else layer.make(other))(x, earlier["mode"] == "train")
                if act == "export":
                    operator = self.framework.export(operator, x, train)
        calls = [self.call(operator, array, train, message, given) for _ in range(message.get("calls") or 1)]
        return {"type": "result", "calls": calls}

    def call(self, operator, array, train, message, given):
        f = self.framework
        gradient = f.put(decode(message["gradient"])) if message.get("gradient") else None
        second = bool(message.get("second_order"))
        x = f.put(array.copy() if message.get("check_alias") else array)
        dx = ddx = None
        with implementation():
            if gradient is None and not second:
                answer = operator(x, train, **given)
            else:
                answer, dx, ddx = f.vjp(operator, x, train, gradient, second, **given)
        y, drawn = answer if isinstance(answer, tuple) else (answer, None)
        entry = {"y": encode(f.get(y))}
        if drawn is not None:
            drawn = f.get(drawn)
            entry["mask"] = {"shape": list(drawn.shape), "bits": bits(drawn)}
        if dx is not None:
            entry["dx"] = encode(f.get(dx))
        if ddx is not None:
            entry["ddx"] = encode(f.get(ddx))
        if message.get("check_alias"):
            f.zero(y)
            entry |= {"x_after": encode(f.get(x)), "same_object": y is x}
        return entry

    def sample(self, message):
        layer = self.begin(message, message["dtype"])
        if math.prod(message["shape"]) * BYTES > MEMORY:
            raise Skipped(f"an x of shape {message['shape']} does not fit in the memory of this machine")
        values, masks = [], []
        ones = self.framework.put(np.ones(message["shape"], dtype_of(message["dtype"])))
        for answer in self.answers(layer, float(message["p"]), ones, message):
            y = np.ravel(self.framework.get(answer[0] if isinstance(answer, tuple) else answer))
            if message.get("windows"):
                y = np.concatenate([y[start : start + length] for start, length in message["windows"]])
            # Alpha dropout turns a one that it drops into a negative number, and one that it keeps into a positive.
            masks.append(bits(y > 0 if layer.kind == "alpha" else y != 0))
            if message.get("values"):
                values.append(encode(y))
        return {"type": "samples", "masks": masks} | ({"values": values} if message.get("values") else {})

    def answers(self, layer, p, ones, message):
        """What calls in training give, of one object, of several, or of replicas."""
        if message.get("replicas"):
            with implementation():
                yield from self.framework.replicas(layer.make, p, ones, message["replicas"])
            return
        with implementation():
            operators = [layer.make(p) for _ in range(message.get("instances") or 1)]
        for call in range(message.get("calls") or 1):
            with implementation():
                answer = operators[call % len(operators)](ones, True)
            yield answer

    def network(self, message):
        layer = self.begin(message, message["dtype"])
        train, want_gradient = message["mode"] == "train", "gradient" in message["want"]
        stack = [self.unit(unit) for unit in message["stack"]]
        x, left = decode(message["x"]).reshape(1, -1), message["samples"] if train else 1
        samples, first, second, gradients = left, 0.0, 0.0, None
        while left:  # rows of a batch have masks of their own: a batch is that many passes
            rows = min(left, 10_000)
            batch = np.repeat(x, rows, axis=0)
            with implementation():
                y, sums = self.framework.network(
                    layer.make, train, stack, message["head"], batch, message.get("target"), want_gradient
                )
            y = np.asarray(y, np.float64)
            first, second = first + y.sum(axis=0), second + (y**2).sum(axis=0)
            if want_gradient:
                sums = [np.asarray(s, np.float64) for s in sums]
                gradients = sums if gradients is None else [a + b for a, b in zip(gradients, sums)]
            left -= rows
        reply = {"type": "networks", "mean": encode(first / samples), "second_moment": encode(second / samples)}
        return reply | ({"gradient_mean": [encode(g / samples) for g in gradients]} if want_gradient else {})

    @staticmethod
    def unit(unit):
        """A unit of a stack, with its arrays decoded: ("dropout", p), ("linear", weight, bias) or ("relu",)."""
        if isinstance(unit, str):
            return (unit,)
        if "dropout" in unit:
            return ("dropout", float(unit["dropout"]))
        return ("linear", decode(unit["linear"]["weight"]), decode(unit["linear"]["bias"]))

    def answer(self, message):
        """The reply to a request."""
        handler = {"start": self.start, "run": self.run, "sample": self.sample, "network": self.network}
        try:
            reply = handler[message["type"]](message)
        except Skipped as lack:
            reply = {"type": "skipped", "message": str(lack), "issue_url": None}
        except Rejected as refusal:
            cause = refusal.__cause__
            if isinstance(cause, Skipped):
                reply = {"type": "skipped", "message": str(cause), "issue_url": None}
            else:
                reply = {"type": "rejected", "kind": type(cause).__name__, "message": str(cause)[:500]}
        except Exception as fault:
            reply = {"type": "errored", "context": f"{type(fault).__name__}: {fault}"[:500]}
        return reply | ({"seq": message["seq"]} if "seq" in message else {})


def serve(framework):
    """Serves until `stop` or the end of the input. What the framework prints goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = Server(framework)
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "stop":
            return
        replies.write(json.dumps(server.answer(message)) + "\n")
        replies.flush()
