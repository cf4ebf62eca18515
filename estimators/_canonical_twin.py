"""What the Gaussian part and k-NN would both count, were the columns jointly normal."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._canonical_features import Continuous, gaussianised
from ._canonical_parts import gaussian_rows, knn_part
from ._canonical_search import Learned, out_of_fold

Float = NDArray[np.float64]

CARRIED = 0.02  # share of a score that must be linear, for its Gaussian part to be taken off
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

    def counted_twice(self, m: int) -> float:
        """What k-NN sees in the first m pairs beyond their linear parts, in nats; 0 if unsure."""
        gaps = []
        for u, v, left, right in self._samples:
            part = knn_part(u[:m], v[:m], self.drawn)
            if part is not None:
                z = self.z
                seen = gaussian_rows(linear_part(left[:m], z), linear_part(right[:m], z))
                gaps.append(part.rows - seen)
        gap = np.concatenate(gaps)
        error = float(gap.std()) / math.sqrt(len(gap))
        return float(gap.mean()) if gap.mean() > SURE * error else 0.0

    @cached_property
    def _samples(self) -> list[tuple[Float, Float, Float, Float]]:
        """Scores u, v and their linear parts (m, n), of each sample."""
        n = self.z.shape[1]
        rng = np.random.default_rng(n)
        scale, axes = np.linalg.eigh(self.z @ self.z.T / n)
        root = axes * np.sqrt(np.maximum(scale, 0))
        found = []
        for _ in range(min(max(ROWS // n, 1), MOST_SAMPLES)):
            z = gaussianised(root @ rng.standard_normal(self.z.shape))
            each = []
            for side, own in ((self.x, z[: self.dims_x]), (self.y, z[self.dims_x :])):
                directions = [(o.rows, o.x if side is self.x else o.y) for o in self.learned]
                features = side.of_scores(own)
                scores = gaussianised(out_of_fold(features, directions))
                each.append((scores, carried_by(own, features, directions)))
            found.append((each[0][0], each[1][0], each[0][1], each[1][1]))
        return found


def carried_by(z: Float, features: Float, learned: list[tuple[slice, Float]]) -> Float:
    """The linear parts (m, n), in z (d, n), of scores of unit variance.

    Each fold's scores are functions of their own, and so are their linear parts.
    """
    centred = z - z.mean(axis=1, keepdims=True)
    whole, _, _, _ = np.linalg.lstsq(centred @ centred.T, centred @ features.T, rcond=None)
    parts = [(whole @ directions).T @ centred[:, rows] for rows, directions in learned]
    spread = out_of_fold(features, learned).std(axis=1, keepdims=True)
    return np.concatenate(parts, axis=1) / np.where(spread > 0, spread, 1.0)


def linear_part(carried: Float, z: Float) -> Float:
    return np.asarray(carried[carried.var(axis=1) > CARRIED + 2 * len(z) / z.shape[1]])
