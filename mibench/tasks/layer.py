"""A noisy tanh layer on all 12-bit patterns: a layer of a network whose I(X;T) is known.

X is uniform over the 4096 patterns, as in Shwartz-Ziv & Tishby, arXiv:1703.00810, and T = tanh(s W)
+ sigma Z, with s = 2 X - 1 (bits as signs), fixed W, no bias and Z standard normal. T is a mixture
of 4096 normal distributions and I(X;T) = h(T) - h(sigma Z). Without noise I(X;T) would be log 4096
for almost any W, whatever the layer does (Goldfeld et al., arXiv:1810.05728).
"""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task

BITS = 12

# (units, sigma): I(X;T) in nats and the error of the quadrature, from its change with the step of
# the grid. `python -m tests.tasks_recomputed` recomputes them on fine grids (minutes), and
# tests/test_tasks.py on a coarse one. layer_information of tests/tasks_constants.py, a Monte Carlo
# mean, gives 7.17170 +- 0.00051 and 2.26903 +- 0.00042 for (5, 0.1) and (2, 0.2), with draws=1024
# and seed=0.
KNOWN_NATS = {
    (5, 0.1): (
        7.1717734,
        1e-7,
    ),  # above log 1000 = 6.9, which most estimators cannot exceed at n = 1000
    (5, 0.5): (2.6253118, 4e-7),
    (2, 0.2): (2.26864635727, 1e-11),
}

SOURCE = (
    "I = h(T) - h(noise), h(T) of a mixture of 4096 normal distributions by quadrature on a grid; "
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
    # RandomState, because NEP 19 freezes its stream; that of a Generator may change with numpy.
    weights = np.random.RandomState(0).standard_normal((BITS, units)) * 1.5 / np.sqrt(BITS)
    return np.asarray(np.tanh((2 * patterns() - 1) @ weights))


def sample_layer(n: int, rng: np.random.Generator, *, units: int, sigma: float) -> Sample:
    """Draw patterns x (n, 12), uniformly, and the noisy layer y (n, units)."""
    row = rng.integers(2**BITS, size=n)
    return patterns()[row], activations(units)[row] + sigma * rng.standard_normal((n, units))


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
