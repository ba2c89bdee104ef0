"""Writes a network for dropout-oracle with NumPy alone.

    python examples/save_with_numpy.py FOLDER
    dropout-oracle ensemble --net FOLDER/tiny.json --inputs FOLDER/tiny_inputs.npy

The network has 3 inputs, 2 hidden units and 2 classes. Its 5 droppable units have 32 masks.
"""

import json
import pathlib
import struct
import sys

import numpy as np


def save_safetensors(path, tensors):
    """8 bytes of header length, the header in JSON, then the numbers of one tensor after another."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        dtype = {"float16": "F16", "float32": "F32", "float64": "F64"}[tensor.dtype.name]
        numbers = np.ascontiguousarray(tensor, dtype=tensor.dtype.newbyteorder("<")).tobytes()
        offsets = [len(data), len(data) + len(numbers)]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": offsets}
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    # Any numbers; here they are easy to read. Weights have shape (outputs, inputs).
    tensors = {
        "1.weight": np.array([[1.0, -2.0, 0.5], [0.25, 1.5, -1.0]], dtype=np.float32),
        "1.bias": np.array([0.1, -0.2], dtype=np.float32),
        "4.weight": np.array([[1.5, -0.5], [-1.0, 2.0]], dtype=np.float32),
        "4.bias": np.array([0.0, 0.25], dtype=np.float32),
    }
    manifest = {
        "format": "dropout-oracle/network-1",
        "inputs": 3,
        "weights": "tiny.safetensors",
        "convention": "inverted",
        "layers": [
            {"dropout": {"keep": 0.8}},  # the probability of KEEPING a unit: drop rate 0.2
            {"linear": {"weight": "1.weight", "bias": "1.bias"}},
            "relu",
            {"dropout": {"keep": [0.5, 0.75]}},
            {"linear": {"weight": "4.weight", "bias": "4.bias"}},
        ],
        "head": "softmax",
    }
    save_safetensors(folder / "tiny.safetensors", tensors)
    (folder / "tiny.json").write_text(json.dumps(manifest, indent=2) + "\n")
    np.save(folder / "tiny_inputs.npy", np.array([[1.0, 0.5, -1.0], [0.25, -1.0, 2.0]], dtype=np.float32))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
