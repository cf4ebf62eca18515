"""Functions of the scores that an estimate is made of: what else tells something is new."""

import numpy as np
from numpy.typing import NDArray

from .features import normal_scores
from .tuning import LeftOverTuning

Float = NDArray[np.float64]

MIN_SQUARE = 1e-9  # share of the largest, of directions that are linear in others


def known_basis(z: Float, scores: Float, targets: Float, tuning: LeftOverTuning) -> Float:
    """An orthonormal basis (p, n) of functions of columns z (d, n) and scores (k, n).

    A constant; the columns; of each score polynomials, and steps where the targets (m, n) step;
    products of the first scores.
    """
    n = z.shape[1]
    terms = n // tuning.rows_per_term
    parts = [np.ones((1, n))]
    if len(z) <= terms // 2:
        parts.append(z)
        terms -= len(z)
    scores = normal_scores(scores)[: max(terms, 1)]
    degree = min(tuning.degree, terms // max(len(scores), 1))
    for power in range(1, degree + 1):
        parts.append(np.polynomial.hermite_e.hermeval(scores, [0] * power + [1]))
    few = scores[: tuning.stepped_scores]
    parts += [(few[i] * few[j])[np.newaxis] for i in range(len(few)) for j in range(i)]
    parts += [_steps(score, targets, tuning.step_levels, tuning.step_rows) for score in few]
    design = np.concatenate(parts)
    design = design / np.maximum(np.linalg.norm(design, axis=1, keepdims=True), 1e-12)
    squares, axes = np.linalg.eigh(design @ design.T)
    kept = squares > MIN_SQUARE * squares[-1]
    return np.asarray((axes[:, kept] / np.sqrt(squares[kept])).T @ design)


def rest(x: Float, basis: Float) -> Float:
    """What linear functions of an orthonormal basis (p, n) leave of x (k, n)."""
    return np.asarray(x - (x @ basis.T) @ basis)


def _steps(score: Float, targets: Float, levels: int, least: int) -> Float:
    """Indicators (k, n) of ranges of a score (n,), cut where the targets (m, n) differ most."""
    order = np.argsort(score, kind="stable")
    sums = np.concatenate([np.zeros((len(targets), 1)), np.cumsum(targets[:, order], axis=1)], axis=1)
    cuts = [0, len(score)]
    for _ in range(levels):
        new = [_cut(sums, a, b, least) for a, b in zip(cuts, cuts[1:], strict=False)]
        cuts = sorted({*cuts, *(cut for cut in new if cut)})
    steps = np.zeros((len(cuts) - 1, len(score)))
    for step, a, b in zip(steps, cuts, cuts[1:], strict=False):
        step[order[a:b]] = 1.0
    return steps


def _cut(sums: Float, a: int, b: int, least: int) -> int:
    """Where to cut the rows a to b, given the sums of the targets before each; 0 for few rows."""
    if b - a < 2 * least:
        return 0
    middle = np.arange(a + least, b - least + 1)
    left, right = sums[:, middle] - sums[:, [a]], sums[:, [b]] - sums[:, middle]
    gain = (left**2).sum(axis=0) / (middle - a) + (right**2).sum(axis=0) / (b - middle)
    return int(middle[int(np.argmax(gain))])
