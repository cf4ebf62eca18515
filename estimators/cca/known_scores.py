"""Functions of the scores that an estimate is made of: what else tells something is new."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .features import normal_scores
from .tuning_learned import LeftOverTuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]

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
    powers = [np.ones_like(scores), scores]
    for power in range(1, degree):
        powers.append(scores * powers[-1] - power * powers[-2])
    parts += powers[1 : degree + 1]
    few = scores[: tuning.stepped_scores]
    parts += [(few[i] * few[j])[np.newaxis] for i in range(len(few)) for j in range(i)]
    parts += [_steps(score, targets, tuning) for score in few]
    design = np.concatenate(parts)
    design = design / np.maximum(np.linalg.norm(design, axis=1, keepdims=True), 1e-12)
    squares, axes = np.linalg.eigh(design @ design.T)
    kept = squares > MIN_SQUARE * squares[-1]
    return np.asarray((axes[:, kept] / np.sqrt(squares[kept])).T @ design)


def rest(x: Float, basis: Float) -> Float:
    """What linear functions of an orthonormal basis (p, n) leave of x (k, n)."""
    return np.asarray(x - (x @ basis.T) @ basis)


def _steps(score: Float, targets: Float, tuning: LeftOverTuning) -> Float:
    """Indicators (k, n) of ranges of a score (n,), cut where the targets (m, n) differ most."""
    order = np.argsort(score, kind="stable")
    n, m = len(score), len(targets)
    edges = np.linspace(0, n, min(tuning.step_places, n // tuning.step_rows) + 1).astype(np.int64)
    sums = np.zeros((m, len(edges)))
    sums[:, 1:] = np.cumsum(np.add.reduceat(targets[:, order], edges[:-1], axis=1), axis=1)
    cuts = [0, len(edges) - 1]
    for _ in range(tuning.step_levels):
        new = [_cut(sums, edges, a, b) for a, b in pairwise(cuts)]
        cuts = sorted({*cuts, *new})
    steps = np.zeros((len(cuts) - 1, n))
    for step, (a, b) in zip(steps, pairwise(cuts), strict=True):
        step[order[edges[a] : edges[b]]] = 1.0
    return steps


def _cut(sums: Float, edges: Int, a: int, b: int) -> int:
    """The place between a and b where the targets differ most, given their sums before each."""
    if b - a < 2:
        return a
    places = np.arange(a + 1, b)
    left, right = sums[:, places] - sums[:, [a]], sums[:, [b]] - sums[:, places]
    gain = (left**2).sum(axis=0) / (edges[places] - edges[a])
    gain += (right**2).sum(axis=0) / (edges[b] - edges[places])
    return int(places[int(np.argmax(gain))])
