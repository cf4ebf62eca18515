"""What is left after all terms: a learner of another kind looks for it in the residuals.

The learner knows features that the pairs and trees lack (`found_features.py`). It predicts what a
linear function of one side leaves of the other, out of fold. A prediction is a function of x, so
k-NN on it is one more candidate. For any matrix B the MI is

    I(X;Y) = h(Y) - h(E) + I(X;E),    E = Y - B X,

and for normal Y the Gaussian term is at most the difference of entropies. So the Gaussian term may
be added to what is found in E.

What the predictions tell beyond all that the estimate is made of, and what no candidate adds, is
left over: at least -log(1 - r^2) / 2 nats for a normal residual of correlation r with a function of
x, since the normal has the least MI of all that have this correlation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .knn_terms import knn_term, ross_term
from .residual_learner import Direction, Found, find
from .selection import Selection
from .tuning import Tuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def consider_left_over(
    selection: Selection, directions: Sequence[Direction], base: Float, tuning: Tuning
) -> None:
    """Consider what is found in the residuals of each direction; note what is left over.

    base: the rows of the Gaussian term (n,), or zeros where it is not used.
    """
    limits, start, rise = tuning.left_over, float(selection.rows.mean()), selection.rise_nats
    most = 0.0
    for direction in directions:
        if not direction.is_searched(limits):
            continue
        found = find(direction, bool(base.any()), tuning)
        if found is not None:
            most = max(most, found.nats(limits.errors))
            _consider(selection, found, direction, base, tuning)
    selection.left_over_nats = max(most - (float(selection.rows.mean()) - start), 0.0)
    # k-NN on a smooth prediction may miss fine structure, too.
    selection.rise_nats = max(selection.rise_nats, rise)


def _consider(
    selection: Selection, found: Found, direction: Direction, base: Float, tuning: Tuning
) -> None:
    """Consider k-NN on predictions of the only target, and on those of the residual."""
    if len(direction.targets) == 1:
        term = knn_term(found.whole[np.newaxis], direction.targets, tuning, "even")
        if term is not None:
            selection.consider(term.rows, term, f"k-NN on features of {direction.name}", 0)
    added = "Gaussian + " if base.any() else ""
    for prediction in found.predictions[:, np.newaxis]:
        term = knn_term(prediction, found.residual[np.newaxis], tuning, "even")
        if term is not None:
            name = f"{added}features of {direction.name}"
            selection.consider(base + term.rows, term, name, 0)


def consider_left_over_of_labels(
    selection: Selection, direction: Direction, symbols: Int, tuning: Tuning
) -> None:
    """The same for labels (n,), whose indicators are the targets."""
    limits, start = tuning.left_over, float(selection.rows.mean())
    found = find(direction, False, tuning) if direction.is_searched(limits) else None
    if found is None:
        return
    for prediction in found.predictions[:, np.newaxis]:
        term = ross_term(prediction, symbols, tuning.knn)
        selection.consider(term.rows, term, "Ross on features", 0)
    gain = float(selection.rows.mean()) - start
    selection.left_over_nats = max(found.nats_of_labels(limits.errors) - gain, 0.0)
