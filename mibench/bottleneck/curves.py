"""The information bottleneck curve: the most that T can say about Y for what it keeps of X."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..errors import InputError
from .agglomerative import agglomerative
from .encoders import settled
from .further import further_values
from .hard import hard_labels
from .polishing import polished
from .probabilities import Float, entropy, information, probabilities, weights, whole

Int = NDArray[np.int64]

METHODS = ("soft", "hard")
BETAS = tuple(np.geomspace(200, 1.05, 40))
ITERATIONS = 240
ROUNDS = 3  # in which a further value of T is tried
# Gaps in nats from which a search goes on, does so by a quasi-Newton method, and before that with a
# further value of T.
GAP, CREEPING_GAP, LARGE_GAP = 1e-6, 1e-5, 1e-4
STARTS = 10  # if T has fewer values than X: greedy merges, and random encoders
CONCENTRATION = 0.3  # of the random encoders
SAME = 1e-12  # values of X whose p(y|x) differ by less are one value to the bottleneck


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
        gaps: (b,) how far I(X;T) - beta I(T;Y) may be above its minimum, in nats, by a search for
            further values of T; about 0 at the minimum. NaN for hard encoders.
    """

    betas: Float
    i_xt: Float
    i_ty: Float
    encoders: Float
    i_xy: float
    h_y: float
    gaps: Float

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

    For each beta, the search starts from T = X. Where a further value of T, which is searched from
    each p(y|x) and p(y|t), lowers I(X;T) - beta I(T;Y), the search goes on with it. A quasi-Newton
    method follows where the equations creep. `gaps` say how near the minimum is. With fewer
    clusters than values of X, the minimum is local, and the best of several starts. Hard encoders
    start from each stage of greedy merges, and then single values of X move; their minimum is local
    too.

    Args:
        p_xy: (values of x, values of y) the joint probabilities.
        betas: weights above 0.
        method: "soft", or "hard" for the deterministic bottleneck, which minimises
            H(T) - beta I(T;Y) and whose encoders are functions.
        clusters: the most values of T. Default: the number of values of X whose p(y|x) differ.
        iterations: the most iterations of each search.

    Returns:
        A `BottleneckCurve`, with the largest beta first.

    Raises:
        InputError: for bad probabilities, weights, methods, and numbers of clusters and iterations.

    References:
        Tishby, Pereira & Bialek 1999, arXiv:physics/0004057. Gaps: Lindsay 1983,
        doi:10.1214/aos/1176346059. Hard: Strouse & Schwab 2017, doi:10.1162/NECO_a_00961.
        Kolchinsky, Tracey & Van Kuyk 2019, arXiv:1808.07593.

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
    with one_blas_thread():
        if method == "soft":
            encoders, gaps = _soft_encoders(distinct, falling, most, iterations)
        else:
            encoders = np.eye(most)[hard_labels(distinct, falling, most, iterations)]
            gaps = np.full(len(falling), np.nan)
        points = [_point(distinct, encoder) for encoder in encoders]
    return BottleneckCurve(
        falling,
        np.array([i_xt for i_xt, _ in points]),
        np.array([i_ty for _, i_ty in points]),
        encoders[:, place],
        information(joint),
        entropy(joint.sum(axis=0)),
        gaps,
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


def _soft_encoders(
    joint: Float, betas: Float, clusters: int, iterations: int
) -> tuple[Float, Float]:
    """For each beta an encoder and its gap."""
    if clusters < len(joint):
        encoders = _few_clusters(joint, betas, clusters, iterations)
        return encoders, further_values(joint, encoders, betas)[0]
    identity = np.repeat(np.eye(clusters)[np.newaxis], len(betas), axis=0)
    encoders = settled(joint, identity, betas, iterations)
    gaps, further = further_values(joint, encoders, betas)
    for _ in range(ROUNDS):
        left = np.flatnonzero(gaps > LARGE_GAP)
        if not len(left):
            break
        again = settled(joint, further[left], betas[left], iterations)
        encoders[left] = _better(joint, encoders[left], again, betas[left])
        gaps[left], further[left] = further_values(joint, encoders[left], betas[left])
    left = np.flatnonzero(gaps > GAP)
    if len(left):
        ends = settled(joint, encoders[left], betas[left], iterations)
        for place, i in enumerate(left):
            if gaps[i] > CREEPING_GAP:
                ends[place] = polished(joint, encoders[i], betas[i], iterations)
        encoders[left] = _better(joint, encoders[left], ends, betas[left])
        gaps[left] = further_values(joint, encoders[left], betas[left])[0]
    return encoders, gaps


def _few_clusters(joint: Float, betas: Float, clusters: int, iterations: int) -> Float:
    """The best of what greedy merges, random encoders and those of the next betas settle to."""
    rng = np.random.default_rng(0)
    start = np.eye(clusters)[agglomerative(joint).labels[-clusters]]
    encoders = np.repeat(start[np.newaxis], len(betas), axis=0)
    for _ in range(STARTS):
        again = np.repeat(start[np.newaxis], len(betas), axis=0)
        encoders = _better(joint, encoders, settled(joint, again, betas, iterations), betas)
        start = rng.dirichlet(np.full(clusters, CONCENTRATION), len(joint))
    for neighbours in (np.r_[encoders[:1], encoders[:-1]], np.r_[encoders[1:], encoders[-1:]]):
        encoders = _better(joint, encoders, settled(joint, neighbours, betas, iterations), betas)
    return encoders


def _better(joint: Float, first: Float, second: Float, betas: Float) -> Float:
    """Of two encoders for each beta the one with the smaller I(X;T) - beta I(T;Y)."""
    points = np.array([[_point(joint, encoder) for encoder in some] for some in (first, second)])
    values = points[..., 0] - betas * points[..., 1]
    return np.where((values[1] < values[0])[:, np.newaxis, np.newaxis], second, first)


def _point(joint: Float, encoder: Float) -> tuple[float, float]:
    """I(X;T) and I(T;Y)."""
    return information(joint.sum(axis=1)[:, np.newaxis] * encoder), information(encoder.T @ joint)


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
