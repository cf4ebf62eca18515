"""The information bottleneck curve: the most that T can say about Y for what it keeps of X."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..errors import InputError
from .agglomerative import agglomerative
from .probabilities import Float, entropy, information, probabilities, weights, whole

Int = NDArray[np.int64]

METHODS = ("soft", "hard")
BETAS = tuple(np.geomspace(200, 1.05, 40))
ITERATIONS = 1000
CHANGE = 1e-8  # of any probability of the encoder, at which the search ends
NUDGE = 1e-3  # share of another encoder, from which T can split again
SAME = 1e-12  # values of X whose p(y|x) differ by less are one value to the bottleneck
SMALL = 1e-300


@dataclass(frozen=True, eq=False)
class BottleneckCurve:
    """Points of the bottleneck curve, the largest beta first.

    Attributes:
        betas: (b,) the weights of I(T;Y) against I(X;T).
        i_xt: (b,) I(X;T), in nats.
        i_ty: (b,) I(T;Y), in nats.
        encoders: (b, values of x, clusters) p(t|x).
        i_xy: I(X;Y), in nats, which no I(T;Y) exceeds.
        h_y: the entropy of Y, in nats.
    """

    betas: Float
    i_xt: Float
    i_ty: Float
    encoders: Float
    i_xy: float
    h_y: float

    @property
    def clusters(self) -> Int:
        """(b,) the numbers of values of T that differ in what they say about Y."""
        return np.array([_used(encoder) for encoder in self.encoders])

    def at(self, i_xt: Any) -> Float:
        """The largest I(T;Y) found for these I(X;T), in nats.

        Between the points it is a chord, so the true curve, which is concave, is there or above.
        """
        x = np.concatenate([[0.0], self.i_xt])
        y = np.concatenate([[0.0], self.i_ty])
        hull = _upper_hull(x, y)
        return np.asarray(np.interp(np.asarray(i_xt, dtype=np.float64), x[hull], y[hull]))

    def limit(self, i_xt: Any) -> Float:
        """What no T exceeds: min(I(X;T), I(X;Y)), in nats.

        If X determines Y, I(X;Y) = H(Y), and the curve is this limit (Kolchinsky et al. 2019).
        """
        return np.minimum(np.asarray(i_xt, dtype=np.float64), self.i_xy)


def information_bottleneck(
    p_xy: Any,
    betas: Sequence[float] | NDArray[Any] = BETAS,
    *,
    method: str = "soft",
    clusters: int | None = None,
    iterations: int = ITERATIONS,
) -> BottleneckCurve:
    """Encoders p(t|x) that minimise I(X;T) - beta I(T;Y), by self-consistent equations.

        p(t|x) ~ p(t) exp(-beta KL[p(y|x) || p(y|t)]).

    beta falls step by step from the largest, where each value of X is a cluster of its own, and
    each encoder starts from the one before. Then it rises again. Of both encoders for a beta, the
    one with the smaller value is kept. Hard encoders start from each stage of greedy merges. The
    minimum is local: no bound says how near it is.

    Args:
        p_xy: (values of x, values of y) the joint probabilities.
        betas: weights above 0.
        method: "soft", or "hard" for the deterministic bottleneck, which minimises
            H(T) - beta I(T;Y) and whose encoders are functions.
        clusters: the most values of T. Default: the number of values of X whose p(y|x) differ.
        iterations: the most iterations for each beta.

    Returns:
        A `BottleneckCurve`, with the largest beta first.

    Raises:
        InputError: for bad probabilities, weights, methods, and numbers of clusters and iterations.

    References:
        Tishby, Pereira & Bialek 1999, arXiv:physics/0004057. Hard: Strouse & Schwab 2017,
        doi:10.1162/NECO_a_00961. Kolchinsky, Tracey & Van Kuyk 2019, arXiv:1808.07593.

    Example:
        >>> curve = information_bottleneck([[0.4, 0.1], [0.1, 0.4]], [2.0, 10.0])
        >>> curve.i_ty.round(3)  # nothing is worth keeping below beta = 1 / 0.6^2
        array([0.193, 0.   ])
    """
    joint = probabilities(p_xy, "p_xy", 2)
    falling = np.sort(weights(betas, "betas"))[::-1]
    whole(iterations, "iterations")
    if not isinstance(method, str) or method not in METHODS:
        raise InputError(f"method is {method!r}: give {' or '.join(METHODS)}")
    distinct, place = _distinct(joint)
    most = len(distinct) if clusters is None else min(whole(clusters, "clusters"), len(distinct))
    find = _soft_encoders if method == "soft" else _hard_encoders
    found = find(distinct, falling, most, iterations)
    points = [_point(distinct, encoder) for encoder in found]
    return BottleneckCurve(
        falling,
        np.array([i_xt for i_xt, _ in points]),
        np.array([i_ty for _, i_ty in points]),
        np.array([encoder[place] for encoder in found]),
        information(joint),
        entropy(joint.sum(axis=0)),
    )


def _distinct(joint: Float) -> tuple[Float, Int]:
    """The table with values of X of the same p(y|x) joined, and the row of each value of X."""
    p_x = joint.sum(axis=1, keepdims=True)
    given_x = np.divide(joint, p_x, out=np.zeros_like(joint), where=p_x > 0)
    _, place = np.unique((given_x / SAME).round(), axis=0, return_inverse=True)
    place = place.ravel()
    table = np.zeros((int(place.max()) + 1, joint.shape[1]))
    np.add.at(table, place, joint)
    kept = table.sum(axis=1) > 0
    if not kept.all():  # values of X without probability go to the first cluster
        numbers = np.cumsum(kept) - 1
        place = np.where(kept[place], numbers[place], 0)
        table = table[kept]
    return table, place.astype(np.int64)


def _soft_encoders(joint: Float, betas: Float, clusters: int, iterations: int) -> list[Float]:
    """From the largest beta to the smallest, and back: of both encoders the better one."""
    encoder = np.eye(clusters) if clusters == len(joint) else _merged(joint, clusters)[0]
    found = []
    for beta in betas:
        encoder = _settled(joint, encoder, beta, _soft, iterations)
        found.append(encoder)
    for i in range(len(betas) - 2, -1, -1):
        mixed = (1 - NUDGE) * found[i + 1] + NUDGE * found[0]
        again = _settled(joint, mixed, betas[i], _soft, iterations)
        found[i] = min(found[i], again, key=partial(_value, joint, betas[i], False))
    return found


def _hard_encoders(joint: Float, betas: Float, clusters: int, iterations: int) -> list[Float]:
    """For each beta the best of what each stage of greedy merges settles to."""
    stages = _merged(joint, clusters)
    found = []
    for beta in betas:
        settled = [_settled(joint, stage, beta, _hard, iterations) for stage in stages]
        found.append(min([*settled, *stages], key=partial(_value, joint, beta, True)))
    return found


def _merged(joint: Float, clusters: int) -> list[Float]:
    """The encoders of greedy merges, from so many clusters to a single one."""
    return [np.eye(clusters)[labels] for labels in agglomerative(joint).labels[-clusters:]]


def _settled(
    joint: Float, encoder: Float, beta: float, step: Callable[[Float], Float], iterations: int
) -> Float:
    """The encoder to which the equations lead from this one."""
    p_x = joint.sum(axis=1)
    given_x = joint / p_x[:, np.newaxis]
    for _ in range(iterations):
        p_t = p_x @ encoder
        used = p_t > SMALL
        given_t = (encoder[:, used].T @ joint) / p_t[used, np.newaxis]
        log_given_t = np.log(np.maximum(given_t, SMALL))
        # -KL[p(y|x) || p(y|t)], less the entropy of p(y|x), which is the same for all t.
        likeness = given_x @ log_given_t.T
        new = np.zeros_like(encoder)
        new[:, used] = step(np.log(p_t[used]) + beta * likeness)
        change = float(np.abs(new - encoder).max())
        encoder = new
        if change < CHANGE:
            break
    return encoder


def _soft(scores: Float) -> Float:
    return np.asarray(np.exp(scores - logsumexp(scores, axis=1, keepdims=True)))


def _hard(scores: Float) -> Float:
    chosen = np.zeros_like(scores)
    chosen[np.arange(len(scores)), scores.argmax(axis=1)] = 1.0
    return chosen


def _point(joint: Float, encoder: Float) -> tuple[float, float]:
    """I(X;T) and I(T;Y)."""
    return information(joint.sum(axis=1)[:, np.newaxis] * encoder), information(encoder.T @ joint)


def _value(joint: Float, beta: float, hard: bool, encoder: Float) -> float:
    """What is minimised."""
    i_xt, i_ty = _point(joint, encoder)
    return (entropy(joint.sum(axis=1) @ encoder) if hard else i_xt) - beta * i_ty


def _used(encoder: Float) -> int:
    """Columns that differ: clusters whose shares of all values of X are proportional are one."""
    total = encoder.sum(axis=0)
    columns = encoder[:, total > 1e-6] / total[total > 1e-6]
    return len(np.unique(columns.round(4), axis=1).T)


def _upper_hull(x: Float, y: Float) -> Int:
    """The points of the upper concave hull, from left to right; it does not fall."""
    hull: list[int] = []
    for i in np.lexsort((-y, x)):
        if hull and (y[i] <= y[hull[-1]] + 1e-15 or math.isclose(x[i], x[hull[-1]], abs_tol=1e-12)):
            continue
        while len(hull) >= 2:
            a, b = hull[-2:]
            if (y[b] - y[a]) * (x[i] - x[a]) > (y[i] - y[a]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(int(i))
    return np.array(hull)
