"""Stepwise selection of the estimate.

Start at the Gaussian term if it is significant, otherwise at 0 nats. Accept a richer estimate only
if it exceeds the current one by 3.5 standard errors.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from .boosted import boosted_predictions
from .class_posterior import posterior_rows
from .features import normal_scores
from .gaussian import GaussianTerm, gaussian_rows
from .held_out import HeldOutRatio, ratio_of_pairs
from .knn_terms import KnnTerm, exceeds, knn_term, ross_term
from .narrow_noise import max_nats
from .normal_surrogate import NormalSurrogate
from .pairs import CanonicalPairs, out_of_fold
from .tuning import Tuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Estimates are rounded to this many decimals, since beyond them they depend on the order of sums.
ESTIMATE_DECIMALS = 10


@dataclass
class Selection:
    """The current estimate, and what it was made of.

    Attributes:
        rows: one value per row, in nats, (n,). Their mean is the estimate.
        method: the name of the candidate that was accepted last; "none" at 0 nats.
        accept_errors: standard errors by which a candidate must exceed the current estimate.
        first_errors: the same where the current estimate is 0.
        gaussian_nats: the Gaussian term.
        chance_nats: what the Gaussian term does not exceed at independence.
        not_normal_nats: by how much the Gaussian term was lowered to a bound from rows held out.
        pairs: the number of canonical pairs that k-NN was given.
        k: the number of neighbours.
        tied: the number of rows with ties.
        unseen_nats: what only the model of narrow noise gives.
        rise_nats: what the last step to fewer neighbours added.
        complete: whether no pair was left out.
        narrow_by_knn: whether noise is narrow, and its model was not used.
    """

    rows: Float
    method: str
    accept_errors: float
    first_errors: float
    gaussian_nats: float = 0.0
    chance_nats: float = 0.0
    not_normal_nats: float = 0.0
    pairs: int = 0
    k: int = 0
    tied: int = 0
    unseen_nats: float = 0.0
    rise_nats: float = 0.0
    complete: bool = False
    narrow_by_knn: bool = False

    def accept(
        self, rows: Float, term: KnnTerm, method: str, pairs: int, complete: bool = False
    ) -> None:
        """Make this candidate the current estimate. complete: no pair was left out."""
        self.rows, self.method, self.pairs, self.complete = rows, method, pairs, complete
        self.k, self.tied = term.k, term.tied
        self.unseen_nats, self.rise_nats = term.unseen or 0.0, term.rise

    def consider(
        self, rows: Float, term: KnnTerm, method: str, pairs: int, complete: bool = False
    ) -> None:
        """Accept this candidate if it is larger by `accept_errors` standard errors.

        At 0 nats, the estimate with the most neighbours must be larger as well: the largest of
        several estimates, one for each k, can be large by chance.
        """
        errors = self.first_errors if self.method == "none" else self.accept_errors
        if self.method == "none" and not exceeds(term.steady_rows, self.rows, errors):
            return
        if exceeds(rows, self.rows, errors):
            self.accept(rows, term, method, pairs, complete)


def select_continuous(
    za: Float,
    zb: Float,
    gaussian: GaussianTerm,
    ratio: HeldOutRatio | None,
    linear_x: Float,
    linear_y: Float,
    pairs: CanonicalPairs,
    surrogate: NormalSurrogate,
    random_spacing: bool,
    f: Float,
    g: Float,
    tuning: Tuning,
) -> Selection:
    """Select among the Gaussian term, 1, 2, ... canonical pairs, and all columns if they are few.

    Args:
        za: normal scores of the columns of x, or of principal components, (dx, n).
        zb: the same for y, (dy, n).
        gaussian: the Gaussian term of these.
        ratio: the same on rows held out; None if it is not tested.
        linear_x: the linear parts of the pairs' scores of x, which have unit variance, (m, n).
        linear_y: the same for y.
        pairs: the canonical pairs.
        surrogate: normal samples of the same columns, with the same directions.
        random_spacing: as in `knn_term`.
        f, g: the features of x (px, n), and of y (py, n).
        tuning: the choices of the estimator.
    """
    n = za.shape[1]
    limits = tuning.selection
    significant = float(gaussian.rows.mean()) > gaussian.chance
    base = gaussian.rows if significant else np.zeros(n)
    invented = 0.0
    if significant and ratio is not None and ratio.is_too_high:
        base = ratio.bound_rows
        if not exceeds(base, np.zeros(n), limits.accept_errors):
            base, significant = np.zeros(n), False
        invented = float(gaussian.rows.mean() - base.mean())
        # What k-NN misses on normal samples is no guide.
        tuning = replace(tuning, knn=replace(tuning.knn, max_corrected_dims=0))
    selection = Selection(
        base, "Gaussian" if significant else "none", limits.accept_errors, limits.first_errors
    )
    selection.gaussian_nats = round(float(base.mean()), ESTIMATE_DECIMALS)
    selection.chance_nats = gaussian.chance
    selection.not_normal_nats = invented
    if not tuning.knn.used:
        return selection
    dims = len(za) + len(zb)
    terms = [
        knn_term(pairs.u[:m], pairs.v[:m], tuning, random_spacing)
        for m in range(1, 1 + (len(pairs.u) if dims > 2 else 0))
    ]
    if dims > 2:
        _consider_pairs(selection, pairs, terms, tuning)
        _consider_trees(selection, za, zb, f, g, pairs, tuning)
    for m, term in enumerate(terms, 1):
        if term is not None and significant and not invented:
            part_a = _linear_scores(linear_x[:m], za, tuning)
            part_b = _linear_scores(linear_y[:m], zb, tuning)
            gaussian_of_pairs = gaussian_rows(part_a, part_b, tuning)
            rows = base + term.rows - gaussian_of_pairs
            if exceeds(rows, selection.rows, limits.accept_errors):
                nats = float(gaussian_of_pairs.mean())
                rows = rows - surrogate.double_count(m, term.k, nats)
            selection.consider(rows, term, f"Gaussian + {m} pair(s)", m)
        elif term is not None:
            selection.consider(term.rows, term, f"{m} pair(s)", m)
    direct = knn_term(za, zb, tuning, random_spacing) if dims <= limits.max_direct_dims else None
    if direct is not None and direct.unseen is not None:
        # Noise is narrow. The Gaussian term is no candidate: it is computed from ranks, which lie
        # too far apart to show such noise.
        model = ", narrow noise" if direct.unseen else ""
        selection.accept(direct.rows, direct, "k-NN on all columns" + model, 0, True)
        selection.narrow_by_knn = not model
    elif direct is not None:
        selection.consider(direct.rows, direct, "k-NN on all columns", 0, True)
    return selection


def _consider_pairs(
    selection: Selection, pairs: CanonicalPairs, terms: list[KnnTerm | None], tuning: Tuning
) -> None:
    """Consider the Gaussian terms of all significant pairs, with k-NN on the first m of them.

    terms: the k-NN estimates of the first 1, 2, ... pairs.
    """
    if len(pairs.all_u) < 2:
        return
    folds = [fold.rows for fold in pairs.folds]
    name = f"Gaussian of {len(pairs.all_u)} pairs"
    ratio = ratio_of_pairs(pairs.all_u, pairs.all_v, folds, tuning)
    if exceeds(ratio.bound_rows, selection.rows, selection.accept_errors):
        selection.rows, selection.method = ratio.bound_rows, name
    if ratio.is_too_high:
        return
    for m, term in enumerate(terms, 1):
        if term is not None:
            first = ratio_of_pairs(pairs.u[:m], pairs.v[:m], folds, tuning)
            rows = ratio.rows + term.rows - first.rows
            selection.consider(rows, term, f"{name} + {m} pair(s)", m)


def _consider_trees(
    selection: Selection,
    za: Float,
    zb: Float,
    f: Float,
    g: Float,
    pairs: CanonicalPairs,
    tuning: Tuning,
) -> None:
    """Consider what predictions of y from x, and of x from y, tell about the other side."""
    folds = [fold.rows for fold in pairs.folds]
    for z, features, other, name in ((za, f, zb, "x"), (zb, g, za, "y")):
        for predicted in boosted_predictions(z, features, other, tuning.trees):
            scores = predicted
            if 2 * len(scores) <= tuning.trees.max_knn_dims:
                term = knn_term(scores, other, tuning)
                if term is not None:
                    selection.consider(term.rows, term, f"k-NN on trees of {name}", 0)
            if len(scores) > 1:
                ratio = ratio_of_pairs(scores, other, folds, tuning)
                if exceeds(ratio.bound_rows, selection.rows, selection.accept_errors):
                    selection.rows = ratio.bound_rows
                    selection.method = f"Gaussian of trees of {name}"


def select_labelled(
    z: Float, f: Float, symbols: Int, pairs: CanonicalPairs, tuning: Tuning
) -> Selection:
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
        _consider_posteriors(selection, z, f, symbols, pairs, tuning)
    return selection


def _consider_posteriors(
    selection: Selection,
    z: Float,
    f: Float,
    symbols: Int,
    pairs: CanonicalPairs,
    tuning: Tuning,
) -> None:
    """Consider bounds from posterior probabilities, and k-NN on predictions of the labels."""
    folds = [fold.rows for fold in pairs.folds]
    indicators = pairs.all_targets[: tuning.trees.max_targets]
    scores = [z] if len(f) * tuning.trees.rows_per_feature > z.shape[1] else [z, f]
    for predicted in boosted_predictions(z, f, indicators, tuning.trees):
        term = ross_term(predicted, symbols, tuning.knn)
        selection.consider(term.rows, term, "Ross on trees", 0)
    for x in scores:
        for rows in posterior_rows(x, symbols, folds, tuning.classes):
            if exceeds(rows, selection.rows, selection.accept_errors):
                selection.rows, selection.method = rows, "posterior of normal classes"
                selection.pairs, selection.rise_nats, selection.complete = 0, 0.0, True


def ceiling_nats(selection: Selection, n: int, dims: int, tuning: Tuning) -> float:
    """The largest estimate that n rows can give by the selected method.

    dims: dimensions of the smaller side.
    """
    if selection.narrow_by_knn:
        return float(digamma(n) - digamma(selection.k))
    if selection.unseen_nats and selection.complete:
        return max_nats(n, tuning.narrow)
    cut = -0.5 * math.log1p(-(tuning.gaussian.max_correlation**2))
    return dims * min(max_nats(n, tuning.narrow), cut)


def linear_projection(z: Float, features: Float, folds: list[tuple[slice, Float]]) -> Float:
    """The linear parts (m, n), in z (d, n), of the out-of-fold scores, scaled to unit variance.

    features (p, n): what the scores are made of; folds: rows, and directions (p, m), of each fold.
    The scores of each fold are other functions of the features, and have other linear parts.
    """
    centred = z - z.mean(axis=1, keepdims=True)
    of_features, _, _, _ = np.linalg.lstsq(centred @ centred.T, centred @ features.T, rcond=None)
    parts = [(of_features @ directions).T @ centred[:, rows] for rows, directions in folds]
    sds = out_of_fold(features, folds).std(axis=1, keepdims=True)
    return np.concatenate(parts, axis=1) / np.where(sds > 0, sds, 1.0)


def _linear_scores(linear: Float, z: Float, tuning: Tuning) -> Float:
    """The linear parts (m, n) whose share of the variance exceeds what chance gives."""
    least = tuning.gaussian.min_linear_share + 2 * len(z) / z.shape[1]
    return np.asarray(linear[linear.var(axis=1) > least])
