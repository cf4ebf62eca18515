"""What the Gaussian part and k-NN would both count, were the columns jointly normal."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .features import Continuous, gaussianised
from .pairs import Learned, out_of_fold
from .terms import knn_part, knn_rows

Float = NDArray[np.float64]

ROWS, MOST_SAMPLES = 2000, 4  # of the normal law
SURE = 2.0  # standard errors from which they tell that something is counted twice


@dataclass(frozen=True)
class NormalTwin:
    """The normal law of the columns of both sides, seen through the same pairs.

    A pair need not be linear: where x and y are close to each other, so are any functions of them
    that are alike, and what k-NN sees in these is in the Gaussian part already. In a sample of the
    twin all that k-NN sees is.

    z (dx + dy, n): the normal scores that features are made of; dims_x: dx; x, y: the features;
    learned: the directions of each fold; drawn: as in `knn_part`.
    """

    z: Float
    dims_x: int
    x: Continuous
    y: Continuous
    learned: list[Learned]
    drawn: bool

    def counted_twice(self, m: int, k: int, seen: float) -> float:
        """What k-NN sees in the first m pairs of the twin, less what is taken off; 0 if unsure.

        k: that of the pairs, which here might say less by chance with another.
        """
        each = []
        for u, v in self._samples:
            flat = knn_part(u[:1], v[:1], self.drawn) if m == 1 else None
            each.append(flat.rows if flat else knn_rows(u[:m], v[:m], k))
        rows = np.concatenate(each)
        error = float(rows.std()) / math.sqrt(len(rows))
        more = float(rows.mean()) - seen
        return more if more > SURE * error else 0.0

    @cached_property
    def _samples(self) -> list[tuple[Float, Float]]:
        """Scores u, v (m, n) of each sample."""
        n = self.z.shape[1]
        rng = np.random.default_rng(n)
        scale, axes = np.linalg.eigh(self.z @ self.z.T / n)
        root = axes * np.sqrt(np.maximum(scale, 0))
        found = []
        for _ in range(min(max(ROWS // n, 1), MOST_SAMPLES)):
            z = gaussianised(root @ rng.standard_normal(self.z.shape))
            f, g = self.x.of_scores(z[: self.dims_x]), self.y.of_scores(z[self.dims_x :])
            u = out_of_fold(f, [(one.rows, one.x) for one in self.learned])
            v = out_of_fold(g, [(one.rows, one.y) for one in self.learned])
            found.append((gaussianised(u), gaussianised(v)))
        return found
