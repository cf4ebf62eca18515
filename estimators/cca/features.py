"""The non-linear features of one side, as functions that can be applied to new rows."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MOST_PRODUCTS = 130
MOST_COLUMNS = 64  # beyond them, as many principal components take their place
MOST_LABELS = 100


@dataclass(frozen=True)
class Margins:
    """Increasing maps of columns to normal scores: the distinct values of each, and their scores.

    A value of rank r of n becomes Phi^-1((r - 1/2) / n), equal ones that of their mean rank;
    between two values the scores are interpolated, beyond the last they stay.
    """

    values: tuple[Float, ...]
    scores: tuple[Float, ...]
    rows: int

    def __call__(self, columns: Float) -> Float:
        """Normal scores (d, n) of columns (d, n)."""
        each = zip(columns, self.values, self.scores, strict=True)
        return np.stack([np.interp(column, v, s) for column, v, s in each])


def margins_of(columns: Float) -> Margins:
    """The maps that make each of the columns (d, n) normal."""
    values, scores = [], []
    for column in columns:
        distinct, counts = np.unique(column, return_counts=True)
        values.append(distinct)
        scores.append(_scores_of(counts))
    return Margins(tuple(values), tuple(scores), columns.shape[1])


def gaussianised(columns: Float) -> Float:
    """Normal scores of columns (d, n): those of `margins_of`, which need not be searched again."""
    scores = np.empty(columns.shape)
    for row, column in zip(scores, columns, strict=True):
        order = np.argsort(column, kind="stable")
        ascending = column[order]
        if (ascending[1:] > ascending[:-1]).all():
            row[order] = _scores_without_ties(len(column))
        else:
            _, places, counts = np.unique(column, return_inverse=True, return_counts=True)
            row[:] = _scores_of(counts)[places]
    return scores


@lru_cache(maxsize=32)
def _scores_without_ties(n: int) -> Float:
    return _scores_of(np.ones(n, np.int64))


def mixed_by_fold(scores: Float, folds: list[slice]) -> Float:
    """Normal scores of (m, n), of which equal ones in a fold are spread out by lot.

    Of few distinct rows each has a score of its own in each fold, and neighbours would be known by
    the fold they are of, in x and y alike. Spread over the ranks that they share, folds mix.
    """
    rng = np.random.default_rng(scores.shape[1])
    places = np.empty(scores.shape)
    for row, score in zip(places, scores, strict=True):
        for s in folds:
            size = s.stop - s.start
            order = np.lexsort((rng.permutation(size), score[s]))
            row[s][order] = (np.arange(size) + rng.random(size)) / size
    return gaussianised(places)


def _scores_of(counts: Int) -> Float:
    middle = np.cumsum(counts) - counts / 2  # the mean rank less one half
    return np.asarray(ndtri(middle / counts.sum()))


@dataclass(frozen=True)
class Continuous:
    """The features of columns: normal scores z, or their principal components, and maps of these.

    Hermite polynomials of each z, products of two, radii, and z times functions of the radius. A
    group of features has a prior weight that it shares out equally, however many it holds; what
    is linear weighs most. `centre`, `spread` (p,): of the raw features, which become standard.
    """

    margins: Margins
    turn: Float | None
    turned: Margins | None
    radii: Margins | None
    centre: Float
    spread: Float
    groups: Int
    weights: Float

    def scores(self, columns: Float) -> Float:
        """The normal scores, or those of the principal components, that features are made of."""
        z = self.margins(columns)
        if self.turn is None or self.turned is None:
            return z
        return self.turned(self.turn @ z)

    def __call__(self, columns: Float) -> Float:
        """Standard features (p, n) of columns (d, n)."""
        return self.of_scores(self.scores(columns))

    def of_scores(self, z: Float) -> Float:
        """Standard features (p, n) of what `scores` gives."""
        raw = np.concatenate([f for f, _ in _groups(z, self.radii)])
        return (raw - self.centre[:, np.newaxis]) / self.spread[:, np.newaxis]


def continuous_features(columns: Float) -> tuple[Continuous, Float, Float]:
    """Learn the maps from columns (d, n): the features as a function; z; their values (p, n)."""
    margins = margins_of(columns)
    z = margins(columns)
    turn = turned = None
    if len(z) > MOST_COLUMNS:
        turn = _principal(z)
        turned = margins_of(turn @ z)
        z = turned(turn @ z)
    radii = margins_of(_radii(z)) if len(z) > 1 else None
    found = _groups(z, radii)
    raw = np.concatenate([f for f, _ in found])
    centre, spread = raw.mean(axis=1), raw.std(axis=1)
    spread = np.where(spread > 1e-12, spread, 1.0)
    groups = np.concatenate([np.full(len(f), i) for i, (f, _) in enumerate(found)])
    weights = np.concatenate([np.full(len(f), math.sqrt(w / len(f))) for f, w in found])
    raw -= centre[:, np.newaxis]
    raw /= spread[:, np.newaxis]
    return Continuous(margins, turn, turned, radii, centre, spread, groups, weights), z, raw


def _principal(z: Float) -> Float:
    """The directions (MOST_COLUMNS, d) of most variance."""
    _, vectors = np.linalg.eigh(z @ z.T / z.shape[1])
    return np.ascontiguousarray(vectors.T[::-1][:MOST_COLUMNS])


def _radii(z: Float) -> Float:
    """Squared radii (4, n): of the normal scores, and of these stretched to heavier tails.

    What elliptic laws share is a radius, and a margin says how heavy its tails are only up to an
    increasing map; so there is one as of Student's t with 1 and 2 degrees of freedom, one between.
    """
    p = ndtr(z)
    one = np.tan(np.pi * (p - 0.5))
    two = (2 * p - 1) ** 2 / (2 * p * (1 - p))
    between = z**2 * np.exp(np.minimum(z**2 / 4, 8))
    return np.stack(
        [(z**2).sum(axis=0), (one**2).sum(axis=0), two.sum(axis=0), between.sum(axis=0)]
    )


def _groups(z: Float, radii: Margins | None) -> list[tuple[Float, float]]:
    """Groups of raw features (p_g, n), each with its weight."""
    squares, cubes = z**2 - 1, z**3 - 3 * z
    groups = [(z, 1.0), (squares, 0.5), (cubes, 0.3)]
    if radii is None:
        return [*groups, (z**4 - 6 * z**2 + 3, 0.2)]
    pairs = list(combinations(range(len(z)), 2))
    if len(pairs) <= MOST_PRODUCTS:
        groups.append((np.stack([z[i] * z[j] for i, j in pairs]), 0.5))
    r = radii(_radii(z))
    groups.append((np.concatenate([r, r**2 - 1]), 1.0))
    c = r[0]
    beyond = np.maximum(np.abs(c) - 1, 0) * np.sign(c)
    return [*groups, (z * c, 0.3), (z * np.abs(c), 0.2), (z * beyond, 0.1)]


@dataclass(frozen=True)
class Labels:
    """The features of labels: one column for each of the most frequent, 1 on its rows, standard."""

    kept: Int
    centre: Float
    spread: Float
    groups: Int
    weights: Float

    def __call__(self, symbols: Int) -> Float:
        """Standard features (p, n) of symbols (n,)."""
        raw = (symbols[np.newaxis] == self.kept[:, np.newaxis]).astype(np.float64)
        return np.asarray((raw - self.centre[:, np.newaxis]) / self.spread[:, np.newaxis])


def label_features(symbols: Int, order: Int) -> tuple[Labels, Float]:
    """The features of symbols (n,) as a function, and their values; order: of the labels."""
    n = len(symbols)
    counts = np.bincount(symbols, minlength=len(order))
    order = order[counts[order] > 0]  # a label of a single row has lost it
    kept = order[np.argsort(-counts[order], kind="stable")[:MOST_LABELS]]
    centre = counts[kept] / n
    weights = np.full(len(kept), 1 / math.sqrt(len(kept)))
    spread = np.sqrt(centre * (1 - centre))
    labels = Labels(kept, centre, spread, np.zeros(len(kept), np.int64), weights)
    return labels, labels(symbols)
