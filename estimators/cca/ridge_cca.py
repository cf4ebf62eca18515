"""Ridge canonical correlation analysis (CCA) of two feature sets, from their second moments.

Kernel CCA: Bach & Jordan 2002, https://jmlr.org/papers/v3/bach02a.html.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from .features import ContinuousFeatures, LabelFeatures
from .tuning import Refinement, SearchTuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]
SideFeatures = ContinuousFeatures | LabelFeatures

# Successive refinements of the feature weights: the penalty of the fit that each starts from, and
# how it is made.
Refinements = tuple[tuple[float, Refinement], ...]


@dataclass(frozen=True)
class Directions:
    """Canonical directions x (px, m), y (py, m), paired, whose scores have unit variance.

    correlations (m,): in the sample that they were learned from, unless said otherwise.
    """

    x: Float
    y: Float
    correlations: Float


class RidgeCca:
    """Ridge CCA from the second moments of some rows, with feature weights that can be refined.

    With weights w, the penalty acts on coefficient / w: a feature of small weight needs strong
    evidence. Fits are remembered.

    Args:
        xx, yy, xy: second moments, (px, px), (py, py), (px, py).
        features_x, features_y: the features, for their groups and prior weights.
        tuning: how many pairs there are and how weights are refined.
        one_penalty: whether few penalties will be tried for the same weights. Fits are then faster
            without coordinates in which the moments are diagonal.
    """

    def __init__(
        self,
        xx: Float,
        yy: Float,
        xy: Float,
        features_x: SideFeatures,
        features_y: SideFeatures,
        tuning: SearchTuning,
        one_penalty: bool = False,
    ) -> None:
        self.one_penalty = one_penalty
        self.xx, self.yy, self.xy = xx, yy, xy
        self.tuning = tuning
        self.pairs = len(yy) if isinstance(features_y, LabelFeatures) else tuning.max_pairs
        self._groups = features_x.groups, features_y.groups
        self._prior_weights = features_x.weights, features_y.weights
        self._fits: dict[tuple[Refinements, float], Directions] = {}
        self._weighted: dict[Refinements, _WeightedMoments] = {}

    def fit(self, refinements: Refinements, penalty: float) -> Directions:
        """The first canonical pairs, after these refinements of the weights."""
        if (refinements, penalty) not in self._fits:
            moments = self.weighted(refinements)
            fit = moments.fit_once if self.one_penalty else moments.fit
            self._fits[refinements, penalty] = fit(penalty)
        return self._fits[refinements, penalty]

    def weighted(self, refinements: Refinements) -> "_WeightedMoments":
        """The moments under the weights that these refinements lead to."""
        if refinements not in self._weighted:
            if not refinements:
                weights = self._prior_weights
            else:
                *earlier, (penalty, kind) = refinements
                old = self.weighted(tuple(earlier)).weights
                pairs = self.fit(tuple(earlier), penalty)
                s, tuning = pairs.correlations, self.tuning
                weights = (
                    refined_weights(pairs.x, s, old[0], self._groups[0], kind, tuning),
                    refined_weights(pairs.y, s, old[1], self._groups[1], kind, tuning),
                )
            self._weighted[refinements] = _WeightedMoments(self, weights)
        return self._weighted[refinements]


class _WeightedMoments:
    """The moments of weighted features.

    In coordinates where those of each side are diagonal, a fit with another penalty is cheap.
    """

    def __init__(self, model: RidgeCca, weights: tuple[Float, Float]) -> None:
        self.pairs, self.tuning, self.weights = model.pairs, model.tuning, weights
        wx, wy = weights
        self.xx = wx[:, np.newaxis] * model.xx * wx
        self.yy = wy[:, np.newaxis] * model.yy * wy
        self.xy = self._weighted(model.xy)

    @cached_property
    def axes(self) -> tuple[Float, Float, Float, Float]:
        """Eigenvalues and eigenvectors of the moments of x and of y."""
        return *np.linalg.eigh(self.xx), *np.linalg.eigh(self.yy)

    @cached_property
    def cross(self) -> Float:
        """The cross moments in these coordinates, (px, py)."""
        return np.asarray(self.axes[1].T @ self.xy @ self.axes[3])

    def transformed(self, xy: Float) -> Float:
        """The cross moments xy (px, py) in these coordinates."""
        return np.asarray(self.axes[1].T @ self._weighted(xy) @ self.axes[3])

    def _weighted(self, xy: Float) -> Float:
        return np.asarray(self.weights[0][:, np.newaxis] * xy * self.weights[1])

    def fit_once(self, penalty: float) -> Directions:
        """The same as `fit`, faster for a single penalty."""
        roots = [
            np.linalg.cholesky(moments + penalty * np.eye(len(moments)))
            for moments in (self.xx, self.yy)
        ]
        half = solve_triangular(roots[0], self.xy, lower=True, check_finite=False)
        whitened = solve_triangular(roots[1], half.T, lower=True, check_finite=False).T
        left, s, right = _first_singular_vectors(whitened, self.pairs, self.tuning)
        x, y = (
            weights[:, np.newaxis]
            * solve_triangular(root, vectors, lower=True, trans="T", check_finite=False)
            for weights, root, vectors in zip(self.weights, roots, (left, right), strict=True)
        )
        return Directions(x, y, s)

    def fit(self, penalty: float, cross: Float | None = None) -> Directions:
        """The first canonical pairs; cross: other cross moments, in these coordinates."""
        lx, qx, ly, qy = self.axes
        a = 1 / np.sqrt(np.maximum(lx, 0) + penalty)
        b = 1 / np.sqrt(np.maximum(ly, 0) + penalty)
        whitened = a[:, np.newaxis] * (self.cross if cross is None else cross) * b
        left, s, right = _first_singular_vectors(whitened, self.pairs, self.tuning)
        x = self.weights[0][:, np.newaxis] * (qx @ (a[:, np.newaxis] * left))
        y = self.weights[1][:, np.newaxis] * (qy @ (b[:, np.newaxis] * right))
        return Directions(x, y, s)


def refined_weights(
    coefficients: Float,
    correlations: Float,
    old_weights: Float,
    groups: Int,
    kind: Refinement,
    tuning: SearchTuning,
) -> Float:
    """New feature weights from the size of coefficients (p, m): useful features are penalised less.

    kind: "single" uses the size of each feature alone; "mixed" uses its average with the mean of
    the group. A small part of the old weights stays, so that no feature is excluded for good.
    """
    size = ((coefficients * correlations) ** 2).sum(axis=1)
    if kind == "mixed":
        mean = np.bincount(groups, size) / np.bincount(groups)
        size = (size + mean[groups]) / 2
    total = float(size.sum())
    scale = tuning.total_weight / total if total > 0 else 0.0
    return np.asarray(np.sqrt(size * scale + tuning.old_weight * old_weights**2))


def _first_singular_vectors(
    matrix: Float, count: int, tuning: SearchTuning
) -> tuple[Float, Float, Float]:
    """The first singular vectors and values; by subspace iteration where the matrix is large."""
    if min(matrix.shape) <= max(tuning.max_exact_svd, count):
        left, s, right = np.linalg.svd(matrix, full_matrices=False)
        return left[:, :count], s[:count], right[:count].T
    size = matrix.shape[1], count + tuning.svd_extra_directions
    basis = np.random.default_rng(0).standard_normal(size)
    for _ in range(tuning.svd_iterations):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    left, s, right = np.linalg.svd(matrix @ basis, full_matrices=False)
    return left[:, :count], s[:count], (basis @ right.T)[:, :count]
