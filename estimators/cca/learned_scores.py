"""Candidates from scores that are learned: all canonical pairs together, and boosted trees."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .boosted import boosted_predictions
from .held_out import ratio_of_pairs
from .knn_terms import KnnTerm, exceeds, knn_term
from .pairs import CanonicalPairs
from .selection import Selection
from .tuning import Tuning

Float = NDArray[np.float64]


def consider_all_pairs(
    selection: Selection,
    pairs: CanonicalPairs,
    knn_on_pairs: Sequence[KnnTerm | None],
    tuning: Tuning,
) -> None:
    """Consider the Gaussian terms of all significant pairs, with k-NN on the first m of them.

    knn_on_pairs: k-NN on the first 1, 2, ... pairs.
    """
    if len(pairs.all_u) < 2:
        return
    folds = [fold.rows for fold in pairs.folds]
    name = f"Gaussian of {len(pairs.all_u)} pairs"
    ratio = ratio_of_pairs(pairs.all_u, pairs.all_v, folds, tuning)
    if exceeds(ratio.bound_rows, selection.rows, selection.errors):
        selection.accept_rows(ratio.bound_rows, name, ratio.is_too_high)
    if ratio.is_too_high:
        return
    for m, term in enumerate(knn_on_pairs, 1):
        if term is not None:
            first = ratio_of_pairs(pairs.u[:m], pairs.v[:m], folds, tuning)
            rows = ratio.rows + term.rows - first.rows
            selection.consider(rows, term, f"{name} + {m} pair(s)", m)


def consider_trees(
    selection: Selection,
    za: Float,
    zb: Float,
    pairs: CanonicalPairs,
    tuning: Tuning,
) -> tuple[Float, Float]:
    """Consider what predictions of y from x, and of x from y, tell about the other side.

    za (dx, n), zb (dy, n): normal scores of the columns. Returns the predictions from each side.
    """
    known = []
    folds = [fold.rows for fold in pairs.folds]
    for z, features, other, name in (
        (za, pairs.features_x, zb, "x"),
        (zb, pairs.features_y, za, "y"),
    ):
        predictions = boosted_predictions(z, features, other, tuning.trees)
        known.append(np.concatenate([z[:0], *predictions]))
        for predicted in predictions:
            if 2 * len(other) <= tuning.trees.max_knn_dims:
                term = knn_term(predicted, other, tuning)
                if term is not None:
                    selection.consider(term.rows, term, f"k-NN on trees of {name}", 0)
            if len(other) > 1:
                ratio = ratio_of_pairs(predicted, other, folds, tuning)
                if exceeds(ratio.bound_rows, selection.rows, selection.errors):
                    selection.accept_rows(
                        ratio.bound_rows, f"Gaussian of trees of {name}", ratio.is_too_high
                    )
    return known[0], known[1]
