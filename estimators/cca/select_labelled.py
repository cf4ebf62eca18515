"""Stepwise selection of the estimate for a continuous side and labels."""

import numpy as np
from numpy.typing import NDArray

from .boosted import boosted_predictions
from .class_posterior import posterior_rows
from .knn_terms import exceeds, ross_term
from .left_over import consider_left_over_of_labels
from .pairs import CanonicalPairs
from .residual_learner import Direction
from .selection import Selection
from .tuning import Tuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def select_labelled(z: Float, symbols: Int, pairs: CanonicalPairs, tuning: Tuning) -> Selection:
    """Select among 1, 2, ... pairs, all significant pairs, and all columns if they are few.

    z (d, n): normal scores of the continuous side; symbols (n,): the labels.
    """
    limits = tuning.selection
    selection = Selection(np.zeros(len(symbols)), "none", limits.accept_errors, limits.first_errors)
    if not tuning.knn.used:
        return selection
    for m in range(1, 1 + (len(pairs.u) if len(z) > 1 else 0)):
        term = ross_term(pairs.u[:m], symbols, tuning.knn)
        selection.consider(term.rows, term, f"Ross on {m} pair(s)", m)
    m = len(pairs.all_scores_x)
    if m > len(pairs.u) and limits.all_pairs_for_labels:
        term = ross_term(pairs.all_scores_x, symbols, tuning.knn)
        complete = m < tuning.features.max_labels
        selection.consider(term.rows, term, f"Ross on {m} pair(s)", m, complete)
    if len(z) < limits.max_direct_dims:
        term = ross_term(z, symbols, tuning.knn)
        selection.consider(term.rows, term, "Ross on all columns", 0, True)
    if len(z) > 1:
        _consider_posteriors(selection, z, symbols, pairs, tuning)
    return selection


def _consider_posteriors(
    selection: Selection, z: Float, symbols: Int, pairs: CanonicalPairs, tuning: Tuning
) -> None:
    """Consider bounds from posterior probabilities, and k-NN on predictions of the labels."""
    folds = [fold.rows for fold in pairs.folds]
    features, indicators = pairs.features_x, pairs.features_y[: tuning.trees.max_targets]
    predictions = boosted_predictions(z, features, indicators, tuning.trees)
    for predicted in predictions:
        term = ross_term(predicted, symbols, tuning.knn)
        selection.consider(term.rows, term, "Ross on trees", 0)
    few = len(features) * tuning.trees.rows_per_feature < z.shape[1]
    for x in (z, features) if few else (z,):
        for rows in posterior_rows(x, symbols, folds, tuning.classes):
            if exceeds(rows, selection.rows, selection.errors):
                selection.accept_rows(rows, "posterior of normal classes", True)
    if tuning.left_over.used and len(z) >= tuning.selection.max_direct_dims:
        known = np.concatenate([pairs.all_scores_x, *predictions])
        direction = Direction(z, features, known, indicators, "x")
        consider_left_over_of_labels(selection, direction, symbols, tuning)
