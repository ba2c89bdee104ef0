"""PyTorch's dropout family."""

import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from protocol import EVERY_RANK, Framework, Layer, serve

BF16 = "bfloat16"


def module(kind, **options):
    """make for a module, whose mode is set by train() and eval()."""

    def make(p):
        layer = kind(p, **options)
        return lambda x, train: layer.train(train)(x)

    return make


def checkpointed(p):
    """A module whose output is computed again for the backward pass, by torch's own means: with its random state."""
    layer = nn.Dropout(p)
    return lambda x, train: checkpoint(layer.train(train), x, use_reentrant=False)


def function(f):
    """make for a functional form (x, p, training)."""
    return lambda p: lambda x, train: f(x, p, train)


def attention(p):
    """Attention of a single key, whose softmax is 1: dropout of the weights is dropout of the values.

    Its sum of products turns -0 into 0, so where nothing is to be dropped its output for ones multiplies x.
    """

    def attend(x, train):
        value = x.reshape(-1, 1, 1)
        key = torch.zeros_like(value)
        return F.scaled_dot_product_attention(key, key, value, dropout_p=p if train else 0.0).reshape(x.shape)

    return lambda x, train: attend(x, train) if train and p != 0 else x * attend(torch.ones_like(x), train)


def native(p):
    """The operator below the others, which returns its mask (for an x without elements, in the type of x)."""

    def call(x, train):
        y, mask = torch.native_dropout(x, p, train)
        return y, mask.bool()

    return call


class Call(nn.Module):
    """An operator in a mode, as a module."""

    def __init__(self, operator, train):
        super().__init__()
        self.operator, self.mode = operator, train

    def forward(self, x):
        return self.operator(x, self.mode)


class Torch(Framework):
    name, version = "torch", torch.__version__

    def layers(self):
        declared = {"identity_returns_input": True, "non_finite_dropped": "nan", "eval_touches_seed": False}
        plain = functools.partial(Layer, declared=declared, acts=("export",))
        yield plain("torch.nn.Dropout", module(nn.Dropout), networks=True)
        yield Layer("torch.nn.Dropout in checkpoint", checkpointed, declared={"non_finite_dropped": "nan"})
        yield plain("torch.nn.functional.dropout", function(F.dropout))
        yield plain(
            "torch.native_dropout",
            native,
            mask=("return",),
            declared={"non_finite_dropped": "nan", "eval_touches_seed": False},
        )
        yield plain("torch.nn.Dropout1d", module(nn.Dropout1d), shared_axes=(-1,), ranks=(3,))
        yield plain("torch.nn.Dropout2d", module(nn.Dropout2d), shared_axes=(-1, -2), ranks=(4,))
        yield plain("torch.nn.Dropout3d", module(nn.Dropout3d), shared_axes=(-1, -2, -3), ranks=(5,))
        yield plain("torch.nn.AlphaDropout", module(nn.AlphaDropout), kind="alpha", second_order=False)
        yield plain(
            "torch.nn.FeatureAlphaDropout",
            module(nn.FeatureAlphaDropout),
            kind="alpha",
            second_order=False,
            shared_axes=(-1, -2),
            ranks=(4,),
        )
        yield Layer(
            "torch.nn.functional.scaled_dot_product_attention",
            attention,
            declared={"non_finite_dropped": "nan"},
            ranks=EVERY_RANK[1:],
        )

    def seed(self, seed):
        torch.manual_seed(seed)

    def put(self, array):
        if array.dtype.name == BF16:
            return self.put(array.view(np.uint16)).view(torch.bfloat16)
        if 0 in array.strides and array.size:  # from_numpy refuses what cannot be written
            return self.put(array[:1].copy()).expand(array.shape)
        return torch.from_numpy(array)

    def get(self, tensor):
        tensor = tensor.detach()
        if tensor.dtype == torch.bfloat16:
            import ml_dtypes

            return tensor.contiguous().view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
        return tensor.numpy()

    def export(self, operator, x, train):
        exported = torch.export.export(Call(operator, train), (x,)).module()
        return lambda x, train: exported(x)

    def zero(self, y):
        with torch.no_grad():
            y.zero_()

    def vjp(self, operator, x, train, gradient, second, **given):
        x.requires_grad_()
        answer = operator(x, train)
        y = answer[0] if isinstance(answer, tuple) else answer
        if not y.requires_grad:  # y does not depend on x
            zero = torch.zeros_like(x)
            return answer, None if gradient is None else zero, zero if second else None
        dx = ddx = None
        if gradient is not None:
            (dx,) = torch.autograd.grad(y, x, gradient, retain_graph=second)
        if second:
            (slope,) = torch.autograd.grad((y**2).sum(), x, create_graph=True)
            (ddx,) = torch.autograd.grad(slope.sum(), x)
        return answer, dx, ddx

    def network(self, make, train, stack, head, x, target, want_gradient):
        parameters, h = [], torch.from_numpy(x)
        for name, *arrays in stack:
            if name == "dropout":
                h = make(*arrays)(h, train)
            elif name == "relu":
                h = F.relu(h)
            else:
                weight, bias = (torch.from_numpy(a).requires_grad_() for a in arrays)
                h = F.linear(h, weight, bias)
                parameters += [weight, bias]
        y = {"softmax": lambda z: z.softmax(-1), "bernoulli": torch.sigmoid, "identity": lambda z: z}[head](h)
        if not want_gradient:
            return self.get(y), None
        if head == "softmax":
            loss = F.cross_entropy(h, torch.full(h.shape[:1], int(target)), reduction="sum")
        elif head == "bernoulli":
            loss = F.binary_cross_entropy_with_logits(h, torch.full_like(h, target), reduction="sum")
        else:
            loss = ((h - target) ** 2).sum() / 2
        return self.get(y), [self.get(g) for g in torch.autograd.grad(loss, parameters)]


if __name__ == "__main__":
    serve(Torch())
