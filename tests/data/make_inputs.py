"""Writes the same two inputs as tiny_inputs.npy in the other ways that NumPy has: python tests/data/make_inputs.py"""

import pathlib

import numpy as np

folder = pathlib.Path(__file__).parent
inputs = np.load(folder / "tiny_inputs.npy")
np.save(folder / "fortran_big_endian.npy", np.asfortranarray(inputs.astype(">f8")))
np.save(folder / "half.npy", inputs.astype("f2"))
np.save(folder / "one_axis.npy", inputs[0].astype("f8"))
np.save(folder / "times_four.npy", (4 * inputs).astype("i8"))
np.savez(folder / "stored.npz", x=inputs, labels=np.array([0, 1]))
np.savez_compressed(folder / "deflated.npz", inputs=inputs, labels=np.array([0, 1]))
np.savez(folder / "unclear.npz", train=inputs, test=2 * inputs)
