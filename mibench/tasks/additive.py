"""Uniform noise added to a uniform variable: bounded distributions with sharp edges."""

from functools import partial
from math import log

import numpy as np

from ..types import Sample, Task

WIDTHS = (0.1, 0.75)

SOURCE = "I = h(Y) - log(2 eps), h(Y) of a trapezoid; distribution of Czyz et al., arXiv:2306.11078"


def additive_information(width: float) -> float:
    """I(X;Y) in nats for X ~ U(0, 1), Y = X + N, N ~ U(-width, width).

    I = h(Y) - h(N), h(N) = log(2 width). The density of Y is a trapezoid: a plateau, and two ramps
    that rise linearly to it. A pair of ramps of base b below a plateau of height p contributes
    p b (1/2 - log p) to the entropy h(Y), and a plateau of length l contributes -l p log p.

    width <= 1/2: p = 1, b = 2 width, l = 1 - 2 width, so h(Y) = width and I = width - log(2 width).
    width > 1/2: p = 1 / (2 width), b = 1, l = 2 width - 1, so I = 1 / (4 width).
    """
    if width <= 0.5:
        return width - log(2 * width)
    return 1 / (4 * width)


def sample_additive(n: int, rng: np.random.Generator, *, width: float) -> Sample:
    """Draw x (n, 1) uniform on (0, 1) and y (n, 1) = x + uniform noise on (-width, width)."""
    x = rng.uniform(0, 1, size=(n, 1))
    return x, x + rng.uniform(-width, width, size=(n, 1))


def tasks() -> list[Task]:
    """Two tasks, with little and with much noise: one on each side of width 1/2."""
    return [
        Task(
            name=f"1v1-additive-{width}",
            dim_x=1,
            dim_y=1,
            mi_nats=additive_information(width),
            sampler=partial(sample_additive, width=width),
            source=SOURCE,
        )
        for width in WIDTHS
    ]
