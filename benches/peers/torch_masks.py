"""All masks of softmax regression in PyTorch, eager, in batches, in float64.

Beware: torch.where(mask, .8, .2) with two Python numbers is float32 whatever the default was before; the weights here are
float64 tensors.
"""

import numpy as np
import torch
from common import CLASSES, KEEP, regression, run, size

BATCH = 1 << 14


@torch.no_grad()
def arithmetic_mean(n):
    weight, bias, x = (torch.from_numpy(np.ascontiguousarray(a)) for a in regression(n))
    keep, drop = torch.tensor(KEEP, dtype=torch.float64), torch.tensor(1.0 - KEEP, dtype=torch.float64)
    mean = torch.zeros(CLASSES, dtype=torch.float64)
    for start in range(0, 1 << n, BATCH):
        index = torch.arange(start, min(start + BATCH, 1 << n))
        kept = (index[:, None] >> torch.arange(n) & 1) == 1
        probabilities = torch.softmax((kept.double() * x) @ weight.T + bias, dim=1)
        mean += torch.where(kept, keep, drop).prod(dim=1) @ probabilities
    return mean.numpy()


if __name__ == "__main__":
    run("PyTorch, batches of masks", torch.__version__, arithmetic_mean, size(20))
