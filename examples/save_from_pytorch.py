"""Writes a PyTorch network for dropout-oracle.

    python examples/save_from_pytorch.py FOLDER
    dropout-oracle ensemble --net FOLDER/net.json --inputs FOLDER/inputs.npy

Needs torch, safetensors and numpy. Nothing is trained here: put your own trained nn.Sequential in place of `network`.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn


def layer(name, module):
    """A module of an nn.Sequential as a layer of the manifest."""
    if isinstance(module, nn.Linear):
        bias = None if module.bias is None else f"{name}.bias"
        return {"linear": {"weight": f"{name}.weight", "bias": bias}}
    if isinstance(module, nn.Dropout):
        return {"dropout": {"keep": 1 - module.p}}  # PyTorch's p is the probability of DROPPING a unit
    for kind, word in [(nn.Identity, "identity"), (nn.ReLU, "relu"), (nn.Tanh, "tanh"), (nn.Sigmoid, "sigmoid")]:
        if isinstance(module, kind):
            return word
    raise ValueError(f"layer {name}: dropout-oracle has no {type(module).__name__}")


def save(network, inputs, head, folder, name="net"):
    """Writes `name`.json and `name`.safetensors. End the network with logits, without nn.Softmax or nn.Sigmoid."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": "dropout-oracle/network-1",
        "inputs": inputs,
        "weights": f"{name}.safetensors",
        "convention": "inverted",  # nn.Dropout divides kept units by the keep probability while training
        "layers": [layer(index, module) for index, module in network.named_children()],
        "head": head,
    }
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main(folder):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Dropout(0.2),
        nn.Linear(4, 8),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(8, 3),
    )
    save(network, 4, "softmax", folder)
    inputs = torch.randn(2, 4)
    np.save(folder / "inputs.npy", inputs.numpy())
    # Weight scaling is what PyTorch computes in evaluation mode: compare it with dropout-oracle's.
    with torch.no_grad():
        print(network.eval()(inputs).softmax(dim=1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
