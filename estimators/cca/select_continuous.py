"""Stepwise selection of the estimate for two continuous sides.

Start at the Gaussian term if it is significant, otherwise at 0 nats. Then consider, one after the
other: k-NN on 1, 2, ... canonical pairs, k-NN on the columns if they are few, the Gaussian terms of
all pairs, predictions by trees, and what a learner of another kind finds in the residuals.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .features import normal_scores
from .gaussian import GaussianTerm, gaussian_rows
from .held_out import HeldOutRatio
from .knn_terms import KnnTerm, exceeds, knn_term
from .learned_scores import consider_all_pairs, consider_trees
from .left_over import consider_left_over
from .linear_parts import linear_scores
from .narrow_noise import Spacing
from .normal_surrogate import NormalSurrogate
from .pairs import CanonicalPairs
from .residual_learner import Direction
from .selection import ESTIMATE_DECIMALS, Selection
from .tuning import Tuning

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """What the candidates for two continuous sides are made of.

    Attributes:
        za, zb: normal scores of the columns of x (dx, n), of y (dy, n), or of principal components.
        gaussian: the Gaussian term of these.
        ratio: the same on rows held out; None if it is not tested.
        linear_x, linear_y: the linear parts of the pairs' scores, which have unit variance, (m, n).
        pairs: the canonical pairs.
        surrogate: normal samples of the same columns, with the same directions.
        spacing: as in `knn_term`.
        repeated_rows: whether on average each row has a copy.
    """

    za: Float
    zb: Float
    gaussian: GaussianTerm
    ratio: HeldOutRatio | None
    linear_x: Float
    linear_y: Float
    pairs: CanonicalPairs
    surrogate: NormalSurrogate
    spacing: Spacing
    repeated_rows: bool


def select_continuous(terms: Terms, tuning: Tuning) -> Selection:
    """Select among the Gaussian term, learned scores, canonical pairs, and all columns if few."""
    selection = _gaussian_selection(terms, tuning)
    if selection.not_normal_nats:  # what k-NN misses on normal samples is no guide
        tuning = replace(tuning, knn=replace(tuning.knn, max_corrected_dims=0))
    if not tuning.knn.used:
        return selection
    base, dims = selection.rows, len(terms.za) + len(terms.zb)
    u, v = terms.pairs.u, terms.pairs.v
    knn_on_pairs: list[KnnTerm | None] = []
    for m in range(1, 1 + (len(u) if dims > 2 else 0)):
        rejected = _is_rejected_by_few_rows(selection, base, m, terms, tuning)
        term = None if rejected else knn_term(u[:m], v[:m], tuning, terms.spacing)
        knn_on_pairs.append(term)
        if term is not None:
            _consider_pairs(selection, base, term, m, terms, tuning)
    if dims <= tuning.selection.max_direct_dims:
        _consider_columns(selection, terms, tuning)
    if dims > 2:
        consider_all_pairs(selection, terms.pairs, knn_on_pairs, tuning)
        known_x, known_y = consider_trees(selection, terms.za, terms.zb, terms.pairs, tuning)
        if _may_leave_something(selection, terms, dims, tuning):
            directions = _directions(selection, terms, known_x, known_y)
            added = np.zeros(len(base)) if selection.not_normal_nats else base
            consider_left_over(selection, directions, added, tuning)
    return selection


def _may_leave_something(selection: Selection, terms: Terms, dims: int, tuning: Tuning) -> bool:
    """Not where rows have copies, nor where k-NN on all columns sees all."""
    fine = selection.rise_nats > tuning.left_over.rise_nats
    many = dims > tuning.selection.max_direct_dims
    return tuning.left_over.used and not terms.repeated_rows and (many or fine)


def _directions(
    selection: Selection, terms: Terms, known_x: Float, known_y: Float
) -> list[Direction]:
    """Both directions of predictions, except one whose scores the estimate is not made of."""
    pairs = terms.pairs
    scores_x = np.concatenate([pairs.u, pairs.all_u, known_x])
    scores_y = np.concatenate([pairs.v, pairs.all_v, known_y])
    of_x = Direction(terms.za, pairs.features_x, scores_x, terms.zb, "x")
    of_y = Direction(terms.zb, pairs.features_y, scores_y, terms.za, "y")
    if selection.method.endswith("trees of x"):
        return [of_x]
    if selection.method.endswith("trees of y"):
        return [of_y]
    return [of_x, of_y]


def _gaussian_selection(terms: Terms, tuning: Tuning) -> Selection:
    """The Gaussian term, or a bound from rows held out where it is too high; else 0 nats."""
    errors, gaussian = tuning.selection.accept_errors, terms.gaussian
    nothing = np.zeros(len(gaussian.rows))
    selection = Selection(
        nothing, "none", errors, tuning.selection.first_errors, chance_nats=gaussian.chance
    )
    nats = float(gaussian.rows.mean())
    if nats <= gaussian.chance:
        return selection
    rows = gaussian.rows
    selection.is_unsure = terms.ratio is not None and terms.ratio.is_unsure
    if terms.ratio is not None and terms.ratio.is_too_high:
        rows = terms.ratio.bound_rows
        if not exceeds(rows, nothing, errors):
            selection.not_normal_nats = nats
            return selection
        selection.not_normal_nats = float(nats - rows.mean())
    selection.rows, selection.method = rows, "Gaussian"
    selection.is_bound = selection.not_normal_nats > 0
    selection.gaussian_nats = round(float(rows.mean()), ESTIMATE_DECIMALS)
    return selection


def _consider_pairs(
    selection: Selection, base: Float, term: KnnTerm, m: int, terms: Terms, tuning: Tuning
) -> None:
    """Consider k-NN on the first m pairs, added to the Gaussian term `base` (n,) if it is used."""
    if not base.any() or selection.not_normal_nats:
        selection.consider(term.rows, term, f"{m} pair(s)", m)
        return
    part_a = linear_scores(terms.linear_x[:m], terms.za, tuning)
    part_b = linear_scores(terms.linear_y[:m], terms.zb, tuning)
    gaussian_of_pairs = gaussian_rows(part_a, part_b, tuning)
    nats = float(gaussian_of_pairs.mean())
    selection.consider(
        base + term.rows - gaussian_of_pairs, term, f"Gaussian + {m} pair(s)", m,
        double_count=lambda: terms.surrogate.double_count(m, term.k, nats),
    )  # fmt: skip


def _is_rejected_by_few_rows(
    selection: Selection, base: Float, m: int, terms: Terms, tuning: Tuning
) -> bool:
    """Whether the first of many rows show that k-NN on m pairs will not be accepted.

    This saves searches for neighbours in many dimensions. base: as in `_consider_pairs`.
    """
    limits, n = tuning.selection, len(base)
    if m == 1 or n < 2 * limits.first_rows:
        return False
    few = slice(limits.first_rows)
    u, v = (normal_scores(scores[:m, few]) for scores in (terms.pairs.u, terms.pairs.v))
    term = knn_term(u, v, tuning, terms.spacing)
    if term is None:
        return False
    gain = term.rows - selection.rows[few]
    if base.any() and not selection.not_normal_nats:
        part_a = linear_scores(terms.linear_x[:m], terms.za, tuning)[:, few]
        part_b = linear_scores(terms.linear_y[:m], terms.zb, tuning)[:, few]
        gain = gain + base[few] - gaussian_rows(part_a, part_b, tuning)
    error = float(gain.std()) / math.sqrt(limits.first_rows)
    needed = -float(gain.mean()) - limits.accept_errors * error
    return term.missed(needed) < needed


def _consider_columns(selection: Selection, terms: Terms, tuning: Tuning) -> None:
    """Consider k-NN on all columns."""
    term = knn_term(terms.za, terms.zb, tuning, terms.spacing)
    if term is None:
        return
    if term.unseen is None:
        selection.consider(term.rows, term, "k-NN on all columns", 0, True)
        return
    # Noise is narrow. The Gaussian term is no candidate: it is computed from ranks, which lie too
    # far apart to show such noise.
    model = ", narrow noise" if term.unseen else ""
    selection.accept(term.rows, term, "k-NN on all columns" + model, 0, True)
    selection.narrow_by_knn = not model
