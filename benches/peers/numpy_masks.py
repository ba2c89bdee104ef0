"""All masks of softmax regression in NumPy, in batches, as one writes it; and with split tables, as an expert may."""

import numpy as np
from common import CLASSES, KEEP, masks, regression, run, size

BATCH = 1 << 14


def weights(of):
    return np.prod(np.where(of == 1.0, np.float64(KEEP), np.float64(1.0 - KEEP)), axis=1)


def batches(n):
    weight, bias, x = regression(n)
    mean = np.zeros(CLASSES)
    for start in range(0, 1 << n, BATCH):
        batch = masks(n, start, min(start + BATCH, 1 << n))
        logits = (batch * x) @ weight.T + bias
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        mean += weights(batch) @ (e / e.sum(axis=1, keepdims=True))
    return mean


def split_tables(n):
    weight, bias, x = regression(n)
    relative, low = weight - weight[-1], n // 2
    first, second = masks(low), masks(n - low)
    a = np.exp((first * x[:low]) @ relative[:, :low].T)
    b = np.exp((second * x[low:]) @ relative[:, low:].T + bias - bias[-1])
    w, v = weights(first), weights(second)
    mean = np.zeros(CLASSES)
    for rows in range(0, len(b), 256):
        part = b[rows : rows + 256]
        r = v[rows : rows + 256] / (a @ part.T)
        mean += w @ (a * (r @ part))
    return mean


if __name__ == "__main__":
    run("NumPy, batches of masks", np.__version__, batches, size(20))
    run("NumPy, split tables", np.__version__, split_tables, size(20))
