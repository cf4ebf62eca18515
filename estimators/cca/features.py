"""The non-linear features of one side, as functions that can be applied to new rows."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from .tuning import FeatureTuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Scores are rounded to this many decimals, since beyond them they depend on the order of sums.
SCORE_DECIMALS = 9
# Values up to which columns are sorted in one call, to save time.
MAX_SORTED_TOGETHER = 10_000


@dataclass(frozen=True)
class ScoreMaps:
    """Increasing maps of columns to normal scores.

    A value of rank r of n becomes Phi^-1((r - 1/2) / n). Equal values have their mean rank. Between
    two known values the scores are interpolated; outside their range they are constant.

    Attributes:
        values: the distinct values of each column, ascending.
        scores: the normal score of each of these values.
        rows: the number of rows that the maps were learned from.
    """

    values: tuple[Float, ...]
    scores: tuple[Float, ...]
    rows: int

    def __call__(self, columns: Float) -> Float:
        """Normal scores (d, n) of columns (d, n)."""
        maps = zip(columns, self.values, self.scores, strict=True)
        return np.stack([np.interp(column, v, s) for column, v, s in maps])


def fit_score_maps(columns: Float) -> ScoreMaps:
    """The maps that make each of the columns (d, n) normal."""
    values, scores = [], []
    for column in columns:
        ascending = np.sort(column)
        if (ascending[1:] > ascending[:-1]).all():
            values.append(ascending)
            scores.append(_scores_without_ties(len(column)))
            continue
        distinct, counts = np.unique(column, return_counts=True)
        values.append(distinct)
        scores.append(_scores_of_counts(counts))
    return ScoreMaps(tuple(values), tuple(scores), columns.shape[1])


def normal_scores(columns: Float) -> Float:
    """Normal scores (d, n) of columns (d, n), the same as those of `fit_score_maps`, but faster."""
    scores, n = np.empty(columns.shape), columns.shape[1]
    if columns.size <= MAX_SORTED_TOGETHER:
        orders = np.argsort(columns, axis=1)
        ascending = np.take_along_axis(columns, orders, axis=1)
        if (ascending[:, 1:] > ascending[:, :-1]).all():
            np.put_along_axis(scores, orders, _scores_without_ties(n)[np.newaxis], axis=1)
            return scores
    for row, column in zip(scores, columns, strict=True):
        order = np.argsort(column)  # equal values share their scores
        ascending = column[order]
        if (ascending[1:] > ascending[:-1]).all():
            row[order] = _scores_without_ties(len(column))
        else:
            _, places, counts = np.unique(column, return_inverse=True, return_counts=True)
            row[:] = _scores_of_counts(counts)[places]
    return scores


@lru_cache(maxsize=32)
def _scores_without_ties(n: int) -> Float:
    return _scores_of_counts(np.ones(n, np.int64))


def normal_scores_without_ties(scores: Float, fold_rows: list[slice], seed: int) -> Float:
    """Normal scores of scores (m, n), where ties within a fold are ranked at random.

    A sample of few distinct rows has few distinct scores, and different ones in each fold. With
    ties, the score of a row would show its fold, in x and y alike: fold membership would leak. So
    equal scores of a fold are spread at random over the ranks that they share. `seed` must differ
    between x and y: with the same random order of ties, sides would share information.
    """
    rng = np.random.default_rng([scores.shape[1], seed])
    places = np.empty(scores.shape)
    for place, score in zip(places, scores, strict=True):
        for rows in fold_rows:
            size = rows.stop - rows.start
            order = np.lexsort((rng.permutation(size), score[rows]))
            place[rows][order] = (np.arange(size) + rng.random(size)) / size
    return normal_scores(places)


def _scores_of_counts(counts: Int) -> Float:
    """The normal score of each distinct value; counts: how often each occurs, ascending."""
    middle = np.cumsum(counts) - counts / 2  # the mean rank less one half
    return np.asarray(ndtri(middle / counts.sum()))


@dataclass(frozen=True)
class ContinuousFeatures:
    """The features of a continuous side, a function of its columns.

    They are functions of normal scores z, or of the normal scores of principal components of z:
    Hermite polynomials of each z, products of two, radii, and z times functions of a radius.

    Attributes:
        score_maps: from columns to normal scores.
        rotation: from normal scores to principal components (k, d); None for few columns.
        component_maps: from principal components to their normal scores; None for few columns.
        radius_maps: from squared radii to their normal scores; None for one column.
        means, sds: of the raw features, (p,); features are standardised.
        groups: the number of the group of each feature, (p,).
        weights: the prior weight of each feature, (p,). Each feature of a group of weight w and
            size p has sqrt(w / p).
        tuning: which features there are.
    """

    score_maps: ScoreMaps
    rotation: Float | None
    component_maps: ScoreMaps | None
    radius_maps: ScoreMaps | None
    means: Float
    sds: Float
    groups: Int
    weights: Float
    tuning: FeatureTuning

    def scores(self, columns: Float) -> Float:
        """The normal scores, of columns or of principal components, that features are made of."""
        z = self.score_maps(columns)
        if self.rotation is None or self.component_maps is None:
            return z
        return self.component_maps(self.rotation @ z)

    def __call__(self, columns: Float) -> Float:
        """Standardised features (p, n) of columns (d, n)."""
        return self.from_scores(self.scores(columns))

    def from_scores(self, z: Float) -> Float:
        """Standardised features (p, n) of what `scores` returns."""
        groups = _feature_groups(z, self.radius_maps, self.tuning)
        raw = np.concatenate([features for features, _ in groups])
        return (raw - self.means[:, np.newaxis]) / self.sds[:, np.newaxis]


def continuous_features(
    columns: Float, tuning: FeatureTuning
) -> tuple[ContinuousFeatures, Float, Float]:
    """Learn features from columns (d, n): the function, the normal scores, the features (p, n)."""
    score_maps = fit_score_maps(columns)
    z = normal_scores(columns)  # those of the maps
    rotation = component_maps = None
    if len(z) > tuning.max_columns:
        rotation = _principal_directions(z, tuning.max_columns)
        component_maps = fit_score_maps(rotation @ z)
        z = normal_scores(rotation @ z)
    radius_maps = fit_score_maps(_squared_radii(z)) if len(z) > 1 else None
    groups = _feature_groups(z, radius_maps, tuning)
    raw = np.concatenate([features for features, _ in groups])
    means, sds = raw.mean(axis=1), raw.std(axis=1)
    sds = np.where(sds > 1e-12, sds, 1.0)
    numbers = np.concatenate([np.full(len(f), i) for i, (f, _) in enumerate(groups)])
    weights = np.concatenate([np.full(len(f), math.sqrt(w / len(f))) for f, w in groups])
    raw -= means[:, np.newaxis]
    raw /= sds[:, np.newaxis]
    function = ContinuousFeatures(
        score_maps, rotation, component_maps, radius_maps, means, sds, numbers, weights, tuning
    )
    return function, z, raw


def _principal_directions(z: Float, count: int) -> Float:
    """The directions (count, d) of most variance of z (d, n)."""
    _, vectors = np.linalg.eigh(z @ z.T / z.shape[1])
    return np.ascontiguousarray(vectors.T[::-1][:count])


def _squared_radii(z: Float) -> Float:
    """Four squared radii (4, n): of normal scores z (d, n), and of z with heavier tails.

    Columns of an elliptical distribution share one radius. Ranks show a column only up to an
    increasing map, so the radius is computed for several tails: normal, Student's t with 1 and with
    2 degrees of freedom, and one between.
    """
    p = ndtr(z)
    student_1 = np.tan(np.pi * (p - 0.5))
    student_2_squared = (2 * p - 1) ** 2 / (2 * p * (1 - p))
    between = z**2 * np.exp(np.minimum(z**2 / 4, 8))
    return np.stack([
        (z**2).sum(axis=0),
        (student_1**2).sum(axis=0),
        student_2_squared.sum(axis=0),
        between.sum(axis=0),
    ])  # fmt: skip


def _feature_groups(
    z: Float, radius_maps: ScoreMaps | None, tuning: FeatureTuning
) -> list[tuple[Float, float]]:
    """Groups of raw features (p_g, n) of normal scores z (d, n), each with its weight."""
    squares, cubes = z**2 - 1, z**3 - 3 * z
    groups = [
        (z, tuning.linear_weight),
        (squares, tuning.square_weight),
        (cubes, tuning.cube_weight),
    ]
    if radius_maps is None:
        return [*groups, (z**4 - 6 * z**2 + 3, tuning.fourth_power_weight)]
    pairs = list(combinations(range(len(z)), 2))
    if len(pairs) <= tuning.max_products:
        groups.append((np.stack([z[i] * z[j] for i, j in pairs]), tuning.product_weight))
    if not tuning.radii:
        return groups
    radii = radius_maps(_squared_radii(z))
    groups.append((np.concatenate([radii, radii**2 - 1]), tuning.radius_weight))
    radius = radii[0]
    extreme = np.maximum(np.abs(radius) - 1, 0) * np.sign(radius)
    groups += [
        (z * radius, tuning.radius_times_column_weight),
        (z * np.abs(radius), tuning.absolute_radius_times_column_weight),
        (z * extreme, tuning.extreme_radius_times_column_weight),
    ]
    if len(z) <= tuning.max_columns_of_waves:
        weight = tuning.radius_wave_times_column_weight
        groups += [(z * wave, weight) for wave in _waves_of_radius(z)]
    return groups


def _waves_of_radius(z: Float) -> Float:
    """Cosine and sine, each (n,), of the radius of z (d, n) and of twice the radius.

    Columns times these turn a plane by an angle that depends smoothly on the radius.
    """
    centred = np.sqrt((z**2).sum(axis=0)) - math.sqrt(len(z) - 0.5)  # about the mean of normal rows
    return np.stack([wave(times * centred) for times in (1, 2) for wave in (np.cos, np.sin)])


@dataclass(frozen=True)
class LabelFeatures:
    """The features of labels: a standardised indicator for each of the most frequent ones.

    Attributes:
        symbols: the labels that have an indicator, (p,).
        means, sds: of the indicators, (p,).
        groups, weights: as in `ContinuousFeatures`; there is one group.
    """

    symbols: Int
    means: Float
    sds: Float
    groups: Int
    weights: Float

    def __call__(self, symbols: Int) -> Float:
        """Standardised features (p, n) of symbols (n,)."""
        raw = (symbols[np.newaxis] == self.symbols[:, np.newaxis]).astype(np.float64)
        return np.asarray((raw - self.means[:, np.newaxis]) / self.sds[:, np.newaxis])


def label_features(symbols: Int, order: Int, tuning: FeatureTuning) -> tuple[LabelFeatures, Float]:
    """Learn features from symbols (n,): the function, and the features (p, n).

    order: the labels in an order that does not depend on their numbers, which decides between
    equally frequent ones.
    """
    n = len(symbols)
    counts = np.bincount(symbols, minlength=len(order))
    order = order[counts[order] > 0]  # labels of a single row have been left out
    frequent = order[np.argsort(-counts[order], kind="stable")[: tuning.max_labels]]
    means = counts[frequent] / n
    weights = np.full(len(frequent), 1 / math.sqrt(len(frequent)))
    sds = np.sqrt(means * (1 - means))
    groups = np.zeros(len(frequent), np.int64)
    labels = LabelFeatures(frequent, means, sds, groups, weights)
    return labels, labels(symbols)
