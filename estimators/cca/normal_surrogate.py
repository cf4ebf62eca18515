"""What the Gaussian term and k-NN would both count if the columns were jointly normal."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .features import ContinuousFeatures, normal_scores
from .knn_terms import knn_rows, knn_term
from .narrow_noise import Spacing
from .pairs import FoldDirections, out_of_fold
from .tuning import Tuning

Float = NDArray[np.float64]


@dataclass(frozen=True)
class NormalSurrogate:
    """Samples of a normal distribution with the covariance of the columns, and their pairs.

    A pair need not be linear in the columns. Where x and y are close to each other, so are any two
    similar functions of them, and the Gaussian term already has what k-NN sees in such a pair. In a
    normal sample this holds for everything that k-NN sees.

    Attributes:
        z: the normal scores that features are made of, (dx + dy, n).
        dims_x: dx.
        x, y: the features of each side.
        folds: the directions of each fold.
        tuning: the choices of the estimator.
        spacing: as in `knn_term`.
    """

    z: Float
    dims_x: int
    x: ContinuousFeatures
    y: ContinuousFeatures
    folds: list[FoldDirections]
    tuning: Tuning
    spacing: Spacing

    def double_count(self, m: int, k: int, gaussian_nats: float) -> float:
        """What k-NN sees in the first m pairs of normal samples beyond `gaussian_nats`.

        It is 0 where it may be chance. k is that of the sample itself: if k were chosen anew on
        normal samples, another k might give more by chance.
        """
        if not self.tuning.surrogate.used:
            return 0.0
        rows_of_samples = []
        for u, v in self._samples:
            term = knn_term(u[:1], v[:1], self.tuning, self.spacing) if m == 1 else None
            if term:
                rows_of_samples.append(term.rows + term.missed())
            else:
                rows_of_samples.append(knn_rows(u[:m], v[:m], k, self.tuning))
        rows = np.concatenate(rows_of_samples)
        error = float(rows.std()) / math.sqrt(len(rows))
        excess = float(rows.mean()) - gaussian_nats
        return excess if excess > self.tuning.surrogate.min_errors * error else 0.0

    @cached_property
    def _samples(self) -> list[tuple[Float, Float]]:
        """Normal scores u, v (m, n) of the pairs in each sample."""
        n = self.z.shape[1]
        rng = np.random.default_rng(n)
        scale, axes = np.linalg.eigh(self.z @ self.z.T / n)
        root = axes * np.sqrt(np.maximum(scale, 0))
        limits = self.tuning.surrogate
        samples = []
        for _ in range(min(max(limits.simulated_rows // n, 1), limits.max_samples)):
            z = normal_scores(root @ rng.standard_normal(self.z.shape))
            f, g = self.x.from_scores(z[: self.dims_x]), self.y.from_scores(z[self.dims_x :])
            u = out_of_fold(f, [(fold.rows, fold.x) for fold in self.folds])
            v = out_of_fold(g, [(fold.rows, fold.y) for fold in self.folds])
            samples.append((normal_scores(u), normal_scores(v)))
        return samples
