"""Has PyTorch do torch_job.json: python tests/data/make_torch_trajectory.py

The job is written by `UPDATE=1 cargo test --test trainer pytorch`: examples, initial weights, settings and the masks of
every step. Dropout is a product with the given masks; all else is PyTorch's own: layers, loss, derivatives, optimiser.
"""

import json
import pathlib
import platform

import torch

FOLDER = pathlib.Path(__file__).parent
LAST = 2  # states that are kept


def digits(numbers):
    """The IEEE bits in hexadecimal, row by row."""
    return numbers.detach().numpy().astype(f">f{numbers.element_size()}").tobytes().hex()


def train(job, settings, dtype):
    linears = []
    for layer in job["layers"]:
        weight = torch.tensor(layer["weight"], dtype=dtype)
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(weight)
            linear.bias.copy_(torch.tensor(layer["bias"], dtype=dtype))
        linears.append(linear)
    weights, biases = [linear.weight for linear in linears], [linear.bias for linear in linears]
    rate = settings["learning_rate"]
    optimiser = torch.optim.SGD(
        [{"params": weights, "weight_decay": settings["l2"] or 0.0}, {"params": biases}],
        lr=rate,
        momentum=settings["momentum"],
        nesterov=settings["nesterov"],
    )
    inputs, classes = torch.tensor(job["inputs"], dtype=dtype), torch.tensor(job["classes"])
    states = {}
    for step, masks in enumerate(job["masks"], start=1):
        h = inputs
        for number, (linear, layer, rows) in enumerate(zip(linears, job["layers"], masks)):
            kept = torch.tensor([[row >> unit & 1 for unit in range(h.shape[1])] for row in rows], dtype=dtype)
            h = linear(h * (kept / layer["keep"]))
            h = torch.relu(h) if number + 1 < len(linears) else h
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(h, classes).backward()
        optimiser.step()
        if settings["max_norm"]:
            with torch.no_grad():
                for weight in weights:
                    norms = torch.linalg.vector_norm(weight, dim=1, keepdim=True)
                    weight.mul_((settings["max_norm"] / norms).clamp(max=1.0))
        if step > len(job["masks"]) - LAST:
            # The velocity is the buffer times minus the learning rate, which is a power of two.
            velocity = [[-rate * optimiser.state[p]["momentum_buffer"] for p in of] for of in (weights, biases)]
            names = ["weight", "bias", "weight_velocity", "bias_velocity"]
            layers = zip(weights, biases, *velocity)
            states[step] = [dict(zip(names, map(digits, layer))) for layer in layers]
    return states


def main():
    torch.set_num_threads(1)
    job = json.loads((FOLDER / "torch_job.json").read_text())
    types = {"float32": torch.float32, "float64": torch.float64}
    trajectory = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "states": {
            variant: {name: train(job, settings, dtype) for name, dtype in types.items()}
            for variant, settings in job["settings"].items()
        },
    }
    (FOLDER / "torch_trajectory.json").write_text(json.dumps(trajectory, indent=1) + "\n")


if __name__ == "__main__":
    main()
