"""MI in nats from canonical correlations of scores, for many orders of the rows of one side."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable

from ..gaussian_copula import normal_scores
from ..normal.canonical_correlations import EXACT, orthonormal_rows

Float = NDArray[np.float64]

LEAST_ROWS = 3  # for each dimension; with fewer, correlations of independent sides are large
MOST_OF_PRODUCTS = 3  # columns of a side; products of more are so many that they hide one another
MOST_CURVED = 100  # dimensions of both sides with squares and products; more take long, and hide


@dataclass(frozen=True, eq=False)
class Correlations:
    """Orthonormal rows that span what is compared: x (dx, n) and y (dy, n)."""

    x: Float
    y: Float

    @property
    def deviation(self) -> float:
        """The standard deviation of `nats` of independent sides: 2 n I is chi-squared there."""
        return math.sqrt(len(self.x) * len(self.y) / 2) / self.x.shape[1]

    def nats(self, order: NDArray[np.int64]) -> float:
        """-1/2 sum_i log(1 - r_i^2) with the rows of Y in this order."""
        r = np.linalg.svd(self.x @ self.y[:, order].T, compute_uv=False)
        return float(-0.5 * np.log(np.maximum((1 - r) * (1 + r), EXACT)).sum())


def correlations(x: Variable, y: Variable) -> list[Correlations]:
    """Those of scores, and those of scores, squares and products, as far as there are rows."""
    found = []
    sizes = [_size(v) for v in (x, y)]
    if sum(sizes) * LEAST_ROWS <= x.n:
        straight = [_scores(v) for v in (x, y)]
        found.append(Correlations(*map(orthonormal_rows, straight)))
        dims = sum(
            size if v.discrete else _size_of_curved(size)
            for v, size in zip((x, y), sizes, strict=True)
        )
        if dims * LEAST_ROWS <= x.n and dims <= MOST_CURVED:
            curved = [
                scores if v.discrete else _curved(scores)
                for v, scores in zip((x, y), straight, strict=True)
            ]
            found.append(Correlations(*map(orthonormal_rows, curved)))
    return found


def _size(v: Variable) -> int:
    return v.cardinality - 1 if v.discrete else int((v.low < v.high).sum())


def _scores(v: Variable) -> Float:
    """Normal scores of the columns that vary, or indicators of all labels but the first, (d, n)."""
    if v.discrete:
        return np.array([v.symbols == label for label in range(1, v.cardinality)], float)
    return normal_scores(v.float64[v.low < v.high])


def _size_of_curved(size: int) -> int:
    return 2 * size + (size * (size - 1) // 2 if size <= MOST_OF_PRODUCTS else 0)


def _curved(scores: Float) -> Float:
    """The scores (d, n), their squares and, of up to three columns, their products."""
    columns = [scores, scores**2]
    if len(scores) <= MOST_OF_PRODUCTS:
        columns += [scores[i : i + 1] * scores[:i] for i in range(1, len(scores))]
    return np.concatenate(columns)
