"""`canonical` from end to end: order of the data, features, pairs, terms, selection, flags."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.blas import one_blas_thread
from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .features import (
    ContinuousFeatures,
    LabelFeatures,
    continuous_features,
    label_features,
    normal_scores,
)
from .gaussian import gaussian_term
from .held_out import held_out_ratio
from .knn_terms import exceeds, ross_term, single_pair_nats
from .linear_parts import linear_projection
from .narrow_noise import spacing_of
from .normal_surrogate import NormalSurrogate
from .pairs import CanonicalPairs, PairSearch, fold_slices
from .row_order import data_order, labelled_data_order
from .select_continuous import Terms, select_continuous
from .select_labelled import select_labelled
from .selection import ESTIMATE_DECIMALS, Selection, ceiling_nats
from .tuning import Tuning
from .unmixing import Unmixing, unmixing

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True)
class FittedSide:
    """The functions and coefficients that give the scores of a side.

    Attributes:
        columns: the columns that vary, in the order of the features.
        features: the features as a function.
        directions: coefficients of the features, one column for each pair, (p, m).
        unmixing: from the columns to what features are made of, if not of the columns themselves.
    """

    columns: Int
    features: ContinuousFeatures | LabelFeatures
    directions: Float
    unmixing: Unmixing | None = None


Fitted = tuple[Estimate, FittedSide, FittedSide]


def estimate_canonical(x: Variable, y: Variable, folds: int, pairs: int, tuning: Tuning) -> Fitted:
    """The estimate, and what the canonical scores of x and of y come from.

    x, y: two sides that vary, at most one of them discrete. folds, pairs: as in `Canonical`.
    Raises InputError for too few rows.
    """
    least = tuning.report.min_rows
    if x.n < least:
        raise InputError(f"canonical needs at least {least} rows, got {x.n}: add rows, or use knn")
    with one_blas_thread():  # folds share the threads
        if x.discrete:
            estimate, labels, values = _labelled(y, x, folds, pairs, tuning)
            return estimate, labels, values
        if y.discrete:
            estimate, labels, values = _labelled(x, y, folds, pairs, tuning)
            return estimate, values, labels
        return _continuous(x, y, folds, pairs, tuning)


def _continuous(x: Variable, y: Variable, folds: int, max_pairs: int, tuning: Tuning) -> Fitted:
    varying = np.flatnonzero(x.low < x.high), np.flatnonzero(y.low < y.high)
    order = data_order(x.float64[varying[0]], y.float64[varying[1]])
    if order.swapped:
        estimate, fitted_y, fitted_x = _continuous(y, x, folds, max_pairs, tuning)
        return estimate, fitted_x, fitted_y
    columns = varying[0][order.columns_x], varying[1][order.columns_y]
    a = np.ascontiguousarray(x.float64[columns[0]][:, order.rows])
    b = np.ascontiguousarray(y.float64[columns[1]][:, order.rows])
    unmixing_a, unmixing_b = chosen_unmixing(a, b, folds, tuning)
    a = unmixing_a(a) if unmixing_a else a
    b = unmixing_b(b) if unmixing_b else b
    features_a, za, f = continuous_features(a, tuning.features)
    features_b, zb, g = continuous_features(b, tuning.features)
    repeated_rows = max(order.entropies) < math.inf
    search = PairSearch(f, g, features_a, features_b, folds, tuning, repeated_rows)
    pairs = search.pairs(max_pairs)
    columns_of_both = (*features_a.score_maps.values, *features_b.score_maps.values)
    spacing = spacing_of(columns_of_both, tuning.narrow)
    surrogate = NormalSurrogate(
        np.concatenate([za, zb]), len(za), features_a, features_b, pairs.folds, tuning,
        spacing,
    )  # fmt: skip
    if x.n > tuning.gaussian.min_rows_per_column * (len(a) + len(b)):
        za, zb = (
            z if features.rotation is None else normal_scores(columns)
            for z, features, columns in ((za, features_a, a), (zb, features_b, b))
        )
    gaussian = gaussian_term(za, zb, tuning)
    folds_of_rows = [fold.rows for fold in pairs.folds]
    ratio = held_out_ratio(za, zb, folds_of_rows, tuning)
    linear_x = linear_projection(za, f, [(fold.rows, fold.x) for fold in pairs.folds])
    linear_y = linear_projection(zb, g, [(fold.rows, fold.y) for fold in pairs.folds])
    terms = Terms(
        za, zb, gaussian, ratio, linear_x, linear_y, pairs, surrogate, spacing, repeated_rows
    )
    selection = select_continuous(terms, tuning)
    nats = round(min(float(selection.rows.mean()), *order.entropies), ESTIMATE_DECIMALS)
    single_pairs = [single_pair_nats(u, v, tuning.knn) for u, v in _single_scores(pairs)]
    info = {
        "method": selection.method,
        "gaussian_nats": selection.gaussian_nats,
        "non_gaussian_nats": round(nats - selection.gaussian_nats, ESTIMATE_DECIMALS),
        "unmixed": unmixing_a is not None or unmixing_b is not None,
        "gaussian_chance_nats": round(selection.chance_nats, ESTIMATE_DECIMALS),
        "not_normal_nats": round(selection.not_normal_nats, ESTIMATE_DECIMALS),
        "unseen_nats": round(selection.unseen_nats, ESTIMATE_DECIMALS),
        "left_over_nats": round(selection.left_over_nats, ESTIMATE_DECIMALS),
        **_info_of_pairs(pairs, selection, single_pairs),
    }
    repeated_values = _has_repeated_values(features_a) or _has_repeated_values(features_b)
    notes = _flags(x, y, selection, pairs, repeated_values, tuning)
    if repeated_rows:
        notes.update([flags.ties(selection.tied or x.n, x.n)])
        notes.pop("fine_structure", None)  # a nearest neighbour is a copy of the row
    fitted_x = FittedSide(columns[0], features_a, pairs.directions.x, unmixing_a)
    fitted_y = FittedSide(columns[1], features_b, pairs.directions.y, unmixing_b)
    ceiling = round(ceiling_nats(selection, x.n, gaussian.dims, tuning), ESTIMATE_DECIMALS)
    return Estimate(nats, notes, info, ceiling), fitted_x, fitted_y


def chosen_unmixing(
    a: Float, b: Float, folds: int, tuning: Tuning
) -> tuple[Unmixing | None, Unmixing | None]:
    """The maps of columns a (da, n), b (db, n) to independent components, if they show more MI.

    Judged by the bounds from rows held out of the Gaussian terms with and without these maps.
    """
    none = None, None
    maps = unmixing(a, tuning.unmixing), unmixing(b, tuning.unmixing)
    if maps == none:
        return none
    rows = fold_slices(a.shape[1], min(folds, a.shape[1] // 2))
    mapped = [m(side) if m else side for m, side in zip(maps, (a, b), strict=True)]
    ratio = held_out_ratio(normal_scores(a), normal_scores(b), rows, tuning)
    other = held_out_ratio(normal_scores(mapped[0]), normal_scores(mapped[1]), rows, tuning)
    if ratio is None or other is None:
        return none
    better = exceeds(other.bound_rows, ratio.bound_rows, tuning.selection.accept_errors)
    return maps if better else none


def _labelled(x: Variable, labels: Variable, folds: int, max_pairs: int, tuning: Tuning) -> Fitted:
    """The estimate for continuous x, then the fitted side of the labels, then that of x."""
    repeated = np.flatnonzero(labels.counts[labels.symbols] > 1)
    rare = x.n - len(repeated)
    if len(repeated) < tuning.report.min_rows:
        raise InputError(
            f"{rare} of {x.n} labels occur only once, and so no row with them has a "
            "neighbour with its own label: treat that side as continuous, or use binning"
        )
    values = x.float64[:, repeated]
    varying = np.flatnonzero(values.min(axis=1) < values.max(axis=1))
    symbols = labels.symbols[repeated]
    if len(varying) == 0 or symbols.min() == symbols.max():
        raise InputError(
            f"without the {rare} labels that occur only once, one side is constant: "
            "treat the labels as continuous, or use binning"
        )
    order = labelled_data_order(values[varying], symbols)
    columns, symbols = varying[order.columns], symbols[order.rows]
    a = np.ascontiguousarray(values[columns][:, order.rows])
    features_x, z, f = continuous_features(a, tuning.features)
    features_labels, g = label_features(symbols, order.labels, tuning.features)
    search = PairSearch(f, g, features_x, features_labels, folds, tuning)
    pairs = search.pairs(max_pairs)
    selection = select_labelled(z, symbols, pairs, tuning)
    single_pairs = [
        float(ross_term(u, symbols, tuning.knn).rows.mean()) for u, _ in _single_scores(pairs)
    ]
    info = {
        "method": selection.method,
        "left_over_nats": round(selection.left_over_nats, ESTIMATE_DECIMALS),
        **_info_of_pairs(pairs, selection, single_pairs),
    }
    repeated_values = _has_repeated_values(features_x)
    notes = _flags(x, labels, selection, pairs, repeated_values, tuning)
    if rare:
        notes.update([flags.rare_labels(rare, x.n)])
    # The entropy is at most this, and Ross's estimate scatters around it.
    max_entropy = math.log(len(np.unique(symbols)))
    nats = min(round(float(selection.rows.mean()), ESTIMATE_DECIMALS), max_entropy)
    fitted_x = FittedSide(columns, features_x, pairs.directions.x)
    fitted_labels = FittedSide(np.empty(0, np.int64), features_labels, pairs.directions.y)
    return Estimate(nats, notes, info), fitted_labels, fitted_x


def _single_scores(pairs: CanonicalPairs) -> list[tuple[Float, Float]]:
    """The scores (1, n) of each pair alone."""
    return [(u[np.newaxis], v[np.newaxis]) for u, v in zip(pairs.u, pairs.v, strict=True)]


def _info_of_pairs(
    pairs: CanonicalPairs, selection: Selection, single_pairs: Sequence[float]
) -> dict[str, Any]:
    nats = [round(nats, ESTIMATE_DECIMALS) for nats in single_pairs]
    return {
        "pairs": len(pairs.u),
        "pairs_used": selection.pairs,
        "pairs_nats": nats,
        "pairs_correlation": [round(float(c), 6) for c in pairs.directions.correlations],
        "k": selection.k,
        "features_x": len(pairs.directions.x),
        "features_y": len(pairs.directions.y),
        "penalty": pairs.penalty,
        "refinements": pairs.refinements,
        "folds": len(pairs.folds),
    }


def _has_repeated_values(features: ContinuousFeatures) -> bool:
    """Whether a column has equal values. Even without them, scores can be equally far apart."""
    n = features.score_maps.rows
    return any(len(values) < n for values in features.score_maps.values)


def _flags(
    x: Variable,
    y: Variable,
    selection: Selection,
    pairs: CanonicalPairs,
    repeated_values: bool,
    tuning: Tuning,
) -> dict[str, str]:
    limits = tuning.report
    dims = max(x.dims, y.dims)
    notes: dict[str, str] = {}
    if x.n < limits.tested_rows or dims > limits.tested_dims:
        beyond = flags.beyond_evidence(x.n, dims, limits.tested_rows, limits.tested_dims)
        notes.update([beyond])
    if selection.method == "none":
        notes.update([flags.not_detected()])
    if selection.tied and repeated_values:
        notes.update([flags.ties(selection.tied, x.n)])
    if selection.unseen_nats > limits.unseen_nats:
        notes.update([flags.unseen(selection.unseen_nats)])
    if selection.rise_nats > limits.rise_nats:
        notes.update([flags.fine_structure(selection.rise_nats)])
    if selection.is_unsure and selection.method.startswith("Gaussian"):
        notes.update([flags.large_and_not_normal()])
    elif selection.is_bound:
        notes.update([flags.lower_bound()])
    nats = float(selection.rows.mean())
    if selection.left_over_nats > max(limits.left_over_nats, limits.left_over_share * nats):
        notes.update([flags.left_over(selection.left_over_nats)])
        notes.pop("not_detected", None)
    if pairs.unused and not selection.complete:
        notes.update([flags.more_pairs(len(pairs.u), pairs.unused)])
    return notes
