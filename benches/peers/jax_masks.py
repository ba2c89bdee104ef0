"""All masks of softmax regression in JAX: jit over a scan of vmapped batches, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
from common import CLASSES, KEEP, regression, run, size

jax.config.update("jax_enable_x64", True)
BATCH = 1 << 14


def enumeration(n):
    weight, bias, x = (jnp.asarray(a) for a in regression(n))

    def one(index):
        mask = (index >> jnp.arange(n) & 1).astype(jnp.float64)
        law = jnp.prod(jnp.where(mask == 1.0, jnp.float64(KEEP), jnp.float64(1.0 - KEEP)))
        return law * jax.nn.softmax(weight @ (mask * x) + bias)

    size = min(BATCH, 1 << n)

    @jax.jit
    def mean():
        def step(total, start):
            return total + jax.vmap(one)(start + jnp.arange(size)).sum(axis=0), None

        return jax.lax.scan(step, jnp.zeros(CLASSES), jnp.arange(0, 1 << n, size))[0]

    return mean


compiled = {}


def arithmetic_mean(n):
    mean = compiled.setdefault(n, enumeration(n))
    return np.asarray(mean().block_until_ready())


if __name__ == "__main__":
    run("JAX, jit of vmap", jax.__version__, arithmetic_mean, size(20))
