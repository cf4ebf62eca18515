"""Independent sides, with margins of every kind: the MI is 0."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import Sample
from .distribution import Distribution, Generator, draw_dims, known


def _side(kind: str, n: int, dims: int, rng: Generator) -> NDArray[Any]:
    size = (n, dims)
    if kind == "normal":
        return rng.standard_normal(size)
    if kind == "student":
        return rng.standard_t(2, size=size)
    if kind == "labels":
        return rng.integers(6, size=size)
    if kind == "counts":
        return rng.poisson(3.0, size=size).astype(float)
    if kind == "zeros":
        return np.where(rng.random(size) < 0.7, 0.0, rng.exponential(size=size))
    if kind == "clusters":
        return 6.0 * rng.integers(3, size=(n, 1)) + rng.standard_normal(size)
    if kind == "scale":
        return rng.standard_normal(size) * np.exp(rng.standard_normal((n, 1)))
    return rng.uniform(size=size)


def _independent(rng: Generator, kinds: tuple[str, ...]) -> Distribution:
    kind_x, kind_y = (str(kind) for kind in rng.choice(kinds, size=2))
    dims = [1 if kind == "labels" else draw_dims(rng) for kind in (kind_x, kind_y)]

    def sample(n: int, rng: Generator) -> Sample:
        return _side(kind_x, n, dims[0], rng), _side(kind_y, n, dims[1], rng)

    smooth = ("normal", "student", "scale", "uniform")
    return Distribution(
        dims[0], dims[1], sample, known(0.0),
        discrete_x=kind_x == "labels", discrete_y=kind_y == "labels",
        free_x=kind_x in smooth, free_y=kind_y in smooth,
    )  # fmt: skip


def independent_normal(rng: Generator) -> Distribution:
    """Normal columns, counts, or columns that form clusters."""
    return _independent(rng, ("normal", "counts", "clusters"))


def independent_tails(rng: Generator) -> Distribution:
    """Columns with heavy tails, or labels."""
    return _independent(rng, ("student", "labels"))


def independent_zeros(rng: Generator) -> Distribution:
    """Uniform columns, columns with many zeros, or columns with a common scale."""
    return _independent(rng, ("uniform", "zeros", "scale"))
