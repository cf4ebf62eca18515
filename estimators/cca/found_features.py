"""Features that polynomials of low degree lack, learned for a target: a learner of another kind.

Order statistics, sums of squares of the columns that raise and that lower the target, products of
two and of three columns and of their signs, and waves along oblique directions.

Sums of squares: principal Hessian directions, Li 1992, doi:10.1080/01621459.1992.10476258.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .tuning_learned import LeftOverTuning
from .waves import frequencies, polished, spaces

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MIN_SUM = 1e-9  # so that a sum of squares has a logarithm


@dataclass(frozen=True)
class FoundFeatures:
    """Features as a function of normal scores (d, n).

    Attributes:
        squares: symmetric matrices (k, d, d); their positive and negative parts are two features.
        products: indices (k, 2) or (k, 3) of columns, and whether of their signs.
        waves: frequencies (k, d) of normal scores, and of ranks.
    """

    squares: Float
    products: tuple[tuple[tuple[int, ...], bool], ...]
    waves: tuple[Float, Float]
    tuning: LeftOverTuning

    def __call__(self, z: Float) -> Float:
        """The features (p, n) of normal scores z (d, n)."""
        parts = [_of_order(z, self.tuning)]
        for matrix in self.squares:
            scale, axes = np.linalg.eigh(matrix)
            squared = (axes.T @ z) ** 2
            up, down = (np.maximum(sign * scale, 0) @ squared for sign in (1, -1))
            logs = [np.log(part + MIN_SUM) for part in (up, down)]
            parts.append(np.stack([up, down, *logs, logs[0] - logs[1]]))
        for columns, signs in self.products:
            values = z[list(columns)]
            parts.append((np.sign(values) if signs else values).prod(axis=0)[np.newaxis])
        return np.concatenate([*parts, self.of_waves(z)])

    def of_waves(self, z: Float) -> Float:
        """Cosines and sines of the phases (2 k, n)."""
        phases = self.phases(z)
        return np.concatenate([np.cos(phases), np.sin(phases)])

    def oriented(self, other: "FoundFeatures") -> "FoundFeatures":
        """The same features, with waves in the direction of those of the other."""
        waves = []
        for w, v in zip(self.waves, other.waves, strict=True):
            k = min(len(w), len(v))
            sign = np.where((w[:k] * v[:k]).sum(axis=1) < 0, -1.0, 1.0)
            waves.append(w * np.append(sign, np.ones(len(w) - k))[:, np.newaxis])
        return replace(self, waves=(waves[0], waves[1]))

    def phases(self, z: Float) -> Float:
        """The phases (k, n) of all waves."""
        return np.concatenate([w @ x for w, x in zip(self.waves, spaces(z), strict=True)])


def find_features(z: Float, targets: Float, others: Float, tuning: LeftOverTuning) -> FoundFeatures:
    """Features of z (d, n) for targets (m, n) and others (l, n), both white.

    targets: what known scores leave; others: what linear functions leave.
    """
    waves = [np.empty((0, len(z)))] * 2
    if len(z) <= tuning.max_wave_columns:
        waves = [frequencies(x, targets, tuning.waves, tuning) for x in spaces(z)]
    squares = np.concatenate([_squares(z, targets), _squares(z, others)])
    products = dict.fromkeys([*_products(z, targets, tuning), *_products(z, others, tuning)])
    return FoundFeatures(squares, tuple(products), (waves[0], waves[1]), tuning)


def with_polished_waves(
    features: FoundFeatures, z: Float, others: Float, tuning: LeftOverTuning
) -> FoundFeatures:
    """The same features of z (d, n), with frequencies improved for what linear functions leave.

    A wave in ranks is nearly one in normal scores, so that either may start from both.
    """
    starts, waves = np.concatenate(features.waves), []
    for x, found in zip(spaces(z), features.waves, strict=True):
        phases = starts @ x
        parts = np.concatenate([np.cos(phases), np.sin(phases)])
        left, _, _ = np.linalg.svd(others @ parts.T, full_matrices=False)
        waves.append(
            polished(starts, x, left[:, 0] @ others, tuning, len(found)) if len(found) else found
        )
    return replace(features, waves=(waves[0], waves[1]))


def _of_order(z: Float, tuning: LeftOverTuning) -> Float:
    """The values of a row in ascending order; the extremes and the sum of their absolute values."""
    ascending, absolute = np.sort(z, axis=0), np.abs(z)
    few = tuning.order_statistics
    if len(z) > few:
        ascending = np.concatenate([ascending[: few // 2], ascending[-few // 2 :]])
    return np.concatenate([
        ascending,
        np.stack([absolute.max(axis=0), absolute.min(axis=0), absolute.sum(axis=0)]),
        np.log((z**2).sum(axis=0, keepdims=True) + MIN_SUM),
    ])  # fmt: skip


def _squares(z: Float, targets: Float) -> Float:
    """The matrices by which quadratic forms are most correlated with the targets; and diagonals."""
    n = z.shape[1]
    moments = np.stack([(z * t) @ z.T / n for t in targets])
    moments -= targets.mean(axis=1)[:, np.newaxis, np.newaxis] * (z @ z.T / n)
    strongest = moments[int(np.argmax(np.abs(moments).sum(axis=(1, 2))))]
    return np.stack([np.diag(np.diag(strongest)), strongest])


def _products(
    z: Float, targets: Float, tuning: LeftOverTuning
) -> tuple[tuple[tuple[int, ...], bool], ...]:
    """The products of two and of three columns, or of signs, that share most with the targets."""
    d, n = z.shape
    if d > tuning.max_product_columns:
        return ()
    pairs = np.array(list(combinations(range(d), 2)))
    chosen: list[tuple[tuple[int, ...], bool]] = []
    for signs in (False, True):
        x = np.sign(z) if signs else z
        products = x[pairs[:, 0]] * x[pairs[:, 1]]
        of_two = (np.abs(products @ targets.T) ** 2).sum(axis=1) / (products**2).sum(axis=1)
        best = np.argsort(-of_two, kind="stable")[: tuning.products]
        chosen += [(tuple(pairs[i].tolist()), signs) for i in best]
        scale = ((products**2) @ (x**2).T) / n
        of_three = sum((products @ (x * t).T / n) ** 2 for t in targets) / np.maximum(scale, 1e-12)
        later = np.arange(d)[np.newaxis] > pairs[:, 1:]
        of_three = np.where(later, of_three, 0.0)
        best = np.argsort(-of_three, axis=None, kind="stable")[: tuning.products]
        for i in best:
            pair, third = divmod(int(i), d)
            if later[pair, third]:
                chosen.append(((*pairs[pair].tolist(), third), signs))
    return tuple(chosen)
