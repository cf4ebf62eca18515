"""The search for canonical pairs: ridge CCA between feature sets, learned out of fold.

A fold's scores come from directions that were learned on the other folds, so that no row takes part
in the choice of the directions it is seen through.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..shared.threads import share_rows
from .features import Continuous, Labels, gaussianised, mixed_by_fold
from .terms import DECIMALS, NEW, SIGNIFICANT, beyond_chance, share_left, unexplained

T = TypeVar("T")

Float = NDArray[np.float64]
Refinement = Literal["mixed", "single"]
Side = Continuous | Labels
Path = tuple[tuple[float, Refinement], ...]

REFINEMENTS: tuple[Refinement, ...] = ("mixed", "single", "single", "single")
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 5e-1)  # ridge; all features of a side weigh some 3 in all
SOUGHT = 6  # pairs of each fit; as many as there are features where one side is labels
JUDGED = 3  # pairs by which penalties and weights are chosen
SEARCH_TRIALS = 20  # permutations, for what chance is
MANY_FEATURES = 200  # from which half as many folds are made
WORTH_THREADS = 1e7  # features by features by rows
CLEAR = 12.0  # standard deviations from which a correlation cannot be chance
STABLE = 0.8  # correlation of a score with that of the directions learned on all rows
LEAST_GAIN = 0.005  # nats by which refined weights must say more
HOPELESS = 2.0  # standard deviations of the best correlation below which nothing is refined


@dataclass(frozen=True)
class Directions:
    """x (px, m), y (py, m): of unit variance each, columns paired; correlations (m,) in sample."""

    x: Float
    y: Float
    correlations: Float


class Model:
    """Ridge CCA from the second moments of some rows, with weights that can be refined.

    xx (px, px), yy (py, py), xy (px, py). With weights w the penalty on a coefficient b is that of
    b / w: a feature of small weight must earn its place.
    """

    def __init__(self, xx: Float, yy: Float, xy: Float, x: Side, y: Side) -> None:
        self.xx, self.yy, self.xy = xx, yy, xy
        self._groups = x.groups, y.groups
        self._prior = x.weights, y.weights
        self.sought = len(yy) if isinstance(y, Labels) else SOUGHT
        self._fits: dict[tuple[Path, float], Directions] = {}
        self._weighted: dict[Path, _Weighted] = {}

    def fit(self, path: Path, penalty: float) -> Directions:
        """The first pairs, after the refinements of weights that `path` names."""
        if (path, penalty) not in self._fits:
            self._fits[path, penalty] = self.at(path).fit(penalty)
        return self._fits[path, penalty]

    def at(self, path: Path) -> "_Weighted":
        """The moments under the weights that `path` leads to."""
        if path not in self._weighted:
            if not path:
                weights = self._prior
            else:
                *before, (penalty, how) = path
                old = self.at(tuple(before)).weights
                found = self.fit(tuple(before), penalty)
                weights = (
                    _refined(found.x, found.correlations, old[0], self._groups[0], how),
                    _refined(found.y, found.correlations, old[1], self._groups[1], how),
                )
            self._weighted[path] = _Weighted(self, weights)
        return self._weighted[path]


class _Weighted:
    """The moments of weighted features, diagonal in each side: any penalty is then cheap."""

    def __init__(self, model: Model, weights: tuple[Float, Float]) -> None:
        self.sought = model.sought
        wx, wy = self.weights = weights
        self.lx, self.qx = np.linalg.eigh(wx[:, np.newaxis] * model.xx * wx)
        self.ly, self.qy = np.linalg.eigh(wy[:, np.newaxis] * model.yy * wy)
        self.cross = self.crossed(model.xy)

    def crossed(self, xy: Float) -> Float:
        """The cross moments xy (px, py) in these coordinates."""
        wx, wy = self.weights
        return np.asarray(self.qx.T @ (wx[:, np.newaxis] * xy * wy) @ self.qy)

    def fit(self, penalty: float, cross: Float | None = None) -> Directions:
        """The first pairs; cross: other cross moments, in these coordinates."""
        a = 1 / np.sqrt(np.maximum(self.lx, 0) + penalty)
        b = 1 / np.sqrt(np.maximum(self.ly, 0) + penalty)
        left, s, right = _first_singular(
            a[:, np.newaxis] * (self.cross if cross is None else cross) * b, self.sought
        )
        x = self.weights[0][:, np.newaxis] * (self.qx @ (a[:, np.newaxis] * left))
        y = self.weights[1][:, np.newaxis] * (self.qy @ (b[:, np.newaxis] * right))
        return Directions(x, y, s)


def _refined(
    coefficients: Float, s: Float, weights: Float, groups: NDArray[np.int64], how: Refinement
) -> Float:
    """New weights from the size of coefficients (p, m): what was of use is penalised less.

    "single": each feature its own; "mixed": half its own and half the mean of its group. A little
    of the old weights stays, so that nothing is shut out.
    """
    own = ((coefficients * s) ** 2).sum(axis=1)
    if how == "mixed":
        mean = np.bincount(groups, own) / np.bincount(groups)
        own = (own + mean[groups]) / 2
    total = float(own.sum())
    return np.asarray(np.sqrt(own * (2 / total if total > 0 else 0.0) + 1e-3 * weights**2))


def _first_singular(matrix: Float, m: int) -> tuple[Float, Float, Float]:
    """The first m singular vectors and values, by subspace iteration where the matrix is large."""
    if min(matrix.shape) <= max(60, m):
        left, s, right = np.linalg.svd(matrix, full_matrices=False)
        return left[:, :m], s[:m], right[:m].T
    basis = np.random.default_rng(0).standard_normal((matrix.shape[1], m + 8))
    for _ in range(8):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    left, s, right = np.linalg.svd(matrix @ basis, full_matrices=False)
    return left[:, :m], s[:m], (basis @ right.T)[:, :m]


@dataclass(frozen=True)
class Learned:
    """What the scores of some rows come from: directions x (px, m), y (py, m)."""

    rows: slice
    x: Float
    y: Float


@dataclass(frozen=True)
class Pairs:
    """Pairs that were told from chance: normal scores u, v (m, n), out of fold.

    every (p, n): scores of x, unit variance each, of all pairs told from chance, some of them u;
    learned: the directions of each fold, turned as the scores are; correlations: of all pairs
    sought, out of fold; directions: learned on all rows, those of u and v in order; more: pairs
    that were told from chance, new and stable, beyond those asked for.
    """

    u: Float
    v: Float
    every: Float
    learned: list[Learned]
    correlations: Float
    directions: Directions
    more: int
    penalty: float
    refinements: int
    folds: int


class Search:
    """Cross-fitting of features f (px, n), g (py, n) of rows as if drawn; copies: of few rows."""

    def __init__(
        self, f: Float, g: Float, x: Side, y: Side, folds: int, copies: bool = False
    ) -> None:
        n: int = f.shape[1]
        self.f, self.g, self.n = f, g, n
        self.labelled, self.copies = isinstance(y, Labels), copies
        if max(len(f), len(g)) > MANY_FEATURES:
            folds = max(2, folds // 2)
        self.folds = min(folds, n // 2)
        self.stretches = [
            slice(n * i // self.folds, n * (i + 1) // self.folds) for i in range(self.folds)
        ]
        each = self._by_fold(lambda i: tuple(a @ b.T for a, b in self._products(self.stretches[i])))
        whole = [np.sum([moments[i] for moments in each], axis=0) for i in range(3)]
        self.whole = Model(whole[0] / n, whole[1] / n, whole[2] / n, x, y)
        self.models = []
        for s, (xx, yy, xy) in zip(self.stretches, each, strict=True):
            rows = n - (s.stop - s.start)
            rest = (whole[0] - xx) / rows, (whole[1] - yy) / rows, (whole[2] - xy) / rows
            self.models.append(Model(*rest, x, y))

    def _products(self, s: slice) -> list[tuple[Float, Float]]:
        f, g = self.f[:, s], self.g[:, s]
        return [(f, f), (g, g), (f, g)]

    def _by_fold(self, work: Callable[[int], T]) -> list[T]:
        """work(i) of each fold, on all threads where that is more than many small steps."""
        if len(self.f) * len(self.g) * self.n < WORTH_THREADS:
            return [work(i) for i in range(self.folds)]
        found: list[Any] = [None] * self.folds

        def some(start: int, stop: int) -> None:
            for i in range(start, stop):
                found[i] = work(i)

        share_rows(some, self.folds, 1)
        return found

    def pairs(self, most: int) -> Pairs:
        """Choose penalty and weights by the out-of-fold correlations, then the pairs."""
        correlations, path, penalty = self._chosen()
        significant = correlations > self._chance(correlations, penalty)
        count = len(significant) if significant.all() else int(np.argmin(significant))
        learned, directions = self._aligned(path, penalty, count)
        scores_x = out_of_fold(self.f, [(one.rows, one.x) for one in learned])
        scores_y = out_of_fold(self.g, [(one.rows, one.y) for one in learned])
        strongest = Directions(directions.x[:, :SOUGHT], directions.y[:, :SOUGHT], correlations)
        chosen = self._new(scores_x[:SOUGHT], scores_y[:SOUGHT], strongest)
        kept, more = chosen[:most], len(chosen[most:])
        normal = partial(mixed_by_fold, folds=self.stretches) if self.copies else gaussianised
        return Pairs(
            normal(scores_x[kept]),
            normal(scores_y[kept]),
            scores_x,
            [Learned(one.rows, one.x[:, kept], one.y[:, kept]) for one in learned],
            correlations,
            Directions(directions.x[:, kept], directions.y[:, kept], correlations[kept]),
            more,
            penalty,
            len(path),
            self.folds,
        )

    def _chance(self, correlations: Float, penalty: float) -> float:
        """The out-of-fold correlation that chance does not reach.

        A correlation that a whole sample has by chance is learned on one part and seen in the
        other, so that those of independent sides exceed 1 / sqrt(n) and are not centred at 0, the
        more so the more features there are. Where that may matter, the search is repeated on rows
        of y permuted within their folds.
        """
        least = SIGNIFICANT / math.sqrt(self.n)
        if not least < correlations.max() < CLEAR / math.sqrt(self.n):
            return least
        rng = np.random.default_rng(self.n)
        chance = [self._permuted(penalty, rng) for _ in range(SEARCH_TRIALS)]
        return max(least, beyond_chance(chance))

    def _permuted(self, penalty: float, rng: np.random.Generator) -> float:
        """The largest out-of-fold correlation where each fold's rows of y are permuted."""
        g = np.concatenate([rng.permutation(self.g[:, s], axis=1) for s in self.stretches], axis=1)
        each = [self.f[:, s] @ g[:, s].T for s in self.stretches]
        whole = np.sum(each, axis=0)

        def of_fold(i: int) -> Float:
            base, s = self.models[i].at(()), self.stretches[i]
            rows = s.stop - s.start
            found = base.fit(penalty, base.crossed((whole - each[i]) / (self.n - rows)))
            return _row_correlations(*_fold_scores(found, self.f[:, s], g[:, s])) * rows

        return float(np.max(np.sum(self._by_fold(of_fold), axis=0))) / self.n

    def _chosen(self) -> tuple[Float, Path, float]:
        """The refinements and the penalty whose first pairs say most of rows not learned from."""
        best = self._best((), PENALTIES)
        hopeful = best[1].max() * math.sqrt(self.n) > HOPELESS
        for how in REFINEMENTS if hopeful else ():
            found = self._best((*best[2], (best[3], how)), PENALTIES[1:])
            if found[0] <= best[0] + LEAST_GAIN:
                break
            best = found
        return best[1], best[2], best[3]

    def _best(self, path: Path, penalties: tuple[float, ...]) -> tuple[float, Float, Path, float]:
        found = []
        for penalty in penalties:
            correlations, fresh = self._correlations(path, penalty)
            judged = np.clip(fresh, 0, 1 - 1e-9)
            nats = float(-0.5 * np.log1p(-(judged**2)).sum())
            found.append((round(nats, DECIMALS), correlations, path, penalty))
        return max(found, key=lambda one: one[0])

    def _correlations(self, path: Path, penalty: float) -> tuple[Float, Float]:
        """Of the pairs' normal scores, out of fold, and normal in each fold for itself.

        A fold's scores have a sign and a skewness of their own, in x and y alike: made normal all
        together, they would be correlated by the fold that they are of.
        """
        plain, fresh = [], []
        fits = self._by_fold(lambda i: self.models[i].fit(path, penalty))
        for found, s in zip(fits, self.stretches, strict=True):
            u, v = _fold_scores(found, self.f[:, s], self.g[:, s])
            share = (s.stop - s.start) / self.n
            plain.append(_row_correlations(u, v) * share)
            judged = range(min(JUDGED, len(u)))
            before = v[:0] if self.labelled else v
            fresh.append([fresh_correlation(u[j], v[j], u[:j], before[:j]) * share for j in judged])
        return np.sum(plain, axis=0), np.sum(fresh, axis=0)

    def _aligned(self, path: Path, penalty: float, m: int) -> tuple[list[Learned], Directions]:
        """The directions of the first m pairs, of each fold and of all rows.

        Each fold's pairs are turned, both sides by the same rotation, to meet those of all rows as
        closely as can be. What is common to x and y within a fold stays as it is; noise is kept
        out by turning significant pairs alone, since among many a rotation finds what fits.
        """
        whole = self.whole.fit(path, penalty)
        directions = Directions(whole.x[:, :m], whole.y[:, :m], whole.correlations[:m])
        learned = []
        for model, s in zip(self.models, self.stretches, strict=True):
            own = model.fit(path, penalty)
            x, y = own.x[:, :m], own.y[:, :m]
            common = x.T @ model.xx @ directions.x + y.T @ model.yy @ directions.y
            left, _, right = np.linalg.svd(common)
            turn = left @ right
            learned.append(Learned(s, x @ turn, y @ turn))
        return learned, directions

    def _new(self, u: Float, v: Float, directions: Directions) -> list[int]:
        """Pairs one by one: that of most correlation times the share that earlier ones leave new.

        A square of the first score is as correlated as it is needless. New and stable are judged
        on the directions learned on all rows, which are the same function in all folds; else the
        differences between folds would pass for news, and as common knowledge of the fold.
        """
        if len(u) == 0:
            return []
        whole_u, whole_v = directions.x.T @ self.f, directions.y.T @ self.g
        stable = np.minimum(_row_correlations(u, whole_u), _row_correlations(v, whole_v))
        normal_u, normal_v = (gaussianised(w.round(DECIMALS)) for w in (whole_u, whole_v))
        u, v = gaussianised(u), gaussianised(v)
        strength = _row_correlations(u, v)
        least = SIGNIFICANT / math.sqrt(self.n)
        chosen: list[int] = []
        while len(chosen) < len(u):
            worth = np.full(len(u), -np.inf)
            for j in set(range(len(u))) - set(chosen):
                share = share_left(whole_u[j], normal_u[chosen])
                if not self.labelled:
                    share = min(share, share_left(whole_v[j], normal_v[chosen]))
                new = not chosen or (
                    share > NEW and stable[j] > STABLE and self._fresh(u, v, j, chosen) > least
                )
                if strength[j] > least and new:
                    worth[j] = strength[j] * share
            if worth.max() == -np.inf:
                break
            chosen.append(int(np.argmax(worth)))
        return chosen

    def _fresh(self, u: Float, v: Float, j: int, earlier: list[int]) -> float:
        """`fresh_correlation` of pair j, fold by fold."""
        found = 0.0
        of_v = [] if self.labelled else earlier
        for s in self.stretches:
            one = fresh_correlation(u[j, s], v[j, s], u[earlier, s], v[of_v, s])
            found += one * (s.stop - s.start) / self.n
        return found


def out_of_fold(features: Float, learned: list[tuple[slice, Float]]) -> Float:
    """Scores (m, n) of features (p, n): each stretch of rows through its directions (p, m)."""
    scores = [directions.T @ features[:, rows] for rows, directions in learned]
    return np.concatenate(scores, axis=1).round(DECIMALS)


def fresh_correlation(u: Float, v: Float, earlier_u: Float, earlier_v: Float) -> float:
    """Of u and v (n,), less what polynomials of earlier pairs' normal scores (m, n) explain.

    Of the earlier scores of both sides: a noisy square of u_1 is correlated with one of v_1, and
    tells nothing new. Not of those of labels, of which any score is a function of any other that
    tells them apart: earlier_v is then empty, and v stays as it is.
    """
    both = np.stack([u, v])
    if len(earlier_v):
        both = unexplained(both, np.concatenate([earlier_u, earlier_v]))
    elif len(earlier_u):
        both[:1] = unexplained(both[:1], earlier_u)
    return float(_row_correlations(both[:1], both[1:])[0])


def _fold_scores(found: Directions, f: Float, g: Float) -> tuple[Float, Float]:
    """Normal scores of the pairs in one fold; rounded first, so that equal rows are ties."""
    u = gaussianised((found.x.T @ f).round(DECIMALS))
    v = gaussianised((found.y.T @ g).round(DECIMALS))
    return u, v


def _row_correlations(u: Float, v: Float) -> Float:
    u = u - u.mean(axis=1, keepdims=True)
    v = v - v.mean(axis=1, keepdims=True)
    scale = np.sqrt((u**2).sum(axis=1) * (v**2).sum(axis=1))
    return np.asarray((u * v).sum(axis=1) / np.where(scale > 0, scale, 1.0))
