"""A noisy tanh layer on all 12-bit patterns: a network's layer whose I(X;T) is known.

X is uniform over the 4096 patterns, as in Shwartz-Ziv & Tishby, arXiv:1703.00810, and
T = tanh(s W) + sigma Z, with s = 2 X - 1 (bits as signs), fixed W, no bias and Z standard normal.
T is a mixture of 4096 normal laws and I(X;T) = h(T) - h(sigma Z). Without noise I(X;T) would be
log 4096 for almost any W, which says nothing of the layer (Goldfeld et al., arXiv:1810.05728).
"""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task

BITS = 12

# (units, sigma): I(X;T) in nats and the error of the quadrature, from its change with the grid's
# step. `python -m tests.tasks_routes` recomputes them on fine grids (minutes), tests/test_tasks.py
# on a coarse one. The Monte Carlo below with draws=1024, seed=0 gave 7.17170 +- 0.00051 and
# 2.26903 +- 0.00042 for (5, 0.1) and (2, 0.2).
KNOWN_NATS = {
    (5, 0.1): (7.1717734, 1e-7),  # above log 1000 = 6.9: out of reach of most at n = 1000
    (5, 0.5): (2.6253118, 4e-7),
    (2, 0.2): (2.26864635727, 1e-11),
}

SOURCE = (
    "I = h(T) - h(noise), h(T) of a mixture of 4096 normal laws by quadrature on a grid; "
    "data of arXiv:1703.00810, noise of arXiv:1810.05728"
)


@cache
def patterns() -> NDArray[np.float64]:
    """All 12-bit patterns as 0.0 and 1.0 in counting order, highest bit first: (4096, 12)."""
    return ((np.arange(2**BITS)[:, None] >> np.arange(BITS)[::-1]) & 1).astype(np.float64)


@cache
def activations(units: int) -> NDArray[np.float64]:
    """The layer's output for each pattern before the noise: (4096, units).

    The weights' scale gives a unit's input a standard deviation near 1.5 over the patterns: about
    a quarter of the activations are saturated, beyond 0.95 in size, and the others are not.
    """
    # RandomState, because NEP 19 freezes its stream; a Generator's may change with numpy.
    weights = np.random.RandomState(0).standard_normal((BITS, units)) * 1.5 / np.sqrt(BITS)
    return np.asarray(np.tanh((2 * patterns() - 1) @ weights))


def sample_layer(n: int, rng: np.random.Generator, *, units: int, sigma: float) -> Sample:
    """Draw patterns x (n, 12), uniformly, and the noisy layer y (n, units)."""
    row = rng.integers(2**BITS, size=n)
    return patterns()[row], activations(units)[row] + sigma * rng.standard_normal((n, units))


def layer_information(units: int, sigma: float, draws: int, seed: int) -> tuple[float, float]:
    """I(X;T) of the layer in nats by Monte Carlo, with its standard error.

    I = E log p(t|x) / p(t) = E [-|z|^2 / 2 - log mean_j exp(-|t - m_j|^2 / (2 sigma^2))] for
    t = m_x + sigma z. This is h(T) - h(noise) with the noise's own log-density, whose mean is
    known, as control variate. Strata: each of the 4096 patterns gets the same number of draws.
    """
    if draws < 2:
        raise ValueError(f"a standard error needs at least 2 draws per pattern, got {draws}")
    rng = np.random.default_rng(seed)
    centres = activations(units) / sigma  # in units of the noise
    half_squares = (centres**2).sum(axis=1) / 2
    total, variance = 0.0, 0.0
    per_chunk = max(1, 1024 // draws)  # patterns at a time: about 1024 x 4096 distances, 32 MB
    for start in range(0, len(centres), per_chunk):
        means = centres[start : start + per_chunk]
        ratios = np.empty((len(means), draws))
        for first in range(0, draws, 1024):
            columns = ratios[:, first : first + 1024]
            z = rng.standard_normal((*columns.shape, units))
            t = (means[:, None, :] + z).reshape(-1, units)
            # -|t - m|^2 / 2 by the scalar product, (rows, 4096). The own centre keeps the sum
            # above exp(-|z|^2 / 2), so it cannot underflow.
            kernel = t @ centres.T
            kernel -= half_squares
            kernel -= (t**2).sum(axis=1, keepdims=True) / 2
            log_mean = np.log(np.exp(kernel, out=kernel).mean(axis=1))
            columns[:] = -(z**2).sum(axis=2) / 2 - log_mean.reshape(columns.shape)
        total += float(ratios.mean(axis=1).sum())
        variance += float(ratios.var(axis=1, ddof=1).sum()) / draws
    return total / len(centres), variance**0.5 / len(centres)


def tasks() -> list[Task]:
    """Layers of 5 units with little and with much noise, and one of 2 units."""
    return [
        Task(
            name=f"layer-tanh-{BITS}-{units}-{sigma}",
            dim_x=BITS,
            dim_y=units,
            mi_nats=nats,
            mi_error_nats=error,
            sampler=partial(sample_layer, units=units, sigma=sigma),
            source=SOURCE,
        )
        for (units, sigma), (nats, error) in KNOWN_NATS.items()
    ]
