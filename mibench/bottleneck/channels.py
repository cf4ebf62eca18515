"""Capacity and rate-distortion function, by the algorithms of Blahut and Arimoto."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, rel_entr

from ..errors import InputError
from .probabilities import (
    Float,
    check_search,
    conditional,
    finite,
    information,
    probabilities,
    weights,
)

ITERATIONS = 20_000
GAP = 1e-9  # nats between the bounds of the optimum, at which the search ends
SLOPES = tuple(np.geomspace(0.2, 50, 40))


@dataclass(frozen=True, eq=False)
class Capacity:
    """The capacity of a channel.

    Attributes:
        nats: the largest MI of input and output; at most `gap` below the true one.
        input: (inputs,) the distribution that reaches it.
        gap: the distance of the upper bound from `nats`.
        iterations: how many it took.
    """

    nats: float
    input: Float
    gap: float
    iterations: int

    @property
    def bits(self) -> float:
        """The capacity in bits."""
        return self.nats / math.log(2)


def capacity(channel: Any, *, gap: float = GAP, iterations: int = ITERATIONS) -> Capacity:
    """The capacity of a discrete memoryless channel: max over p(x) of I(X;Y).

    Args:
        channel: (inputs, outputs) the probabilities p(y|x); each row sums to 1.
        gap: in nats, at which the search ends.
        iterations: the most iterations.

    Returns:
        A `Capacity`. Its `gap` is larger than asked for if the iterations were too few.

    Raises:
        InputError: if a row is no distribution, for a gap below 0, and for no iterations.

    References:
        Blahut 1972, doi:10.1109/TIT.1972.1054855. Arimoto 1972, doi:10.1109/TIT.1972.1054753.

    Example:
        >>> round(capacity([[0.9, 0.1], [0.1, 0.9]]).bits, 4)  # 1 - H(0.1)
        0.531
    """
    check_search(gap, iterations)
    p_y_x = conditional(channel, "channel")
    p_x = np.full(len(p_y_x), 1 / len(p_y_x))
    lower = upper = 0.0
    used = 0
    while used < iterations:
        used += 1
        divergence = rel_entr(p_y_x, p_x @ p_y_x).sum(axis=1)
        lower, upper = float(p_x @ divergence), float(divergence.max())
        if upper - lower <= gap:
            break
        p_x = p_x * np.exp(divergence - upper)
        p_x /= p_x.sum()
    return Capacity(lower, p_x, upper - lower, used)


@dataclass(frozen=True, eq=False)
class RateDistortion:
    """Points of a rate-distortion function R(D).

    Attributes:
        slopes: (s,) minus the slope of R at each point, in nats per unit of distortion.
        distortion: (s,) the expected distortion D.
        nats: (s,) the rate R(D); at most `gaps` above the true one.
        gaps: (s,) the distance of `nats` from the lower bound.
        encoders: (s, inputs, outputs) the conditional distributions that reach it.
    """

    slopes: Float
    distortion: Float
    nats: Float
    gaps: Float
    encoders: Float

    @property
    def bits(self) -> Float:
        """The rates in bits."""
        return self.nats / math.log(2)


def rate_distortion(
    source: Any,
    distortion: Any,
    slopes: Sequence[float] | NDArray[Any] = SLOPES,
    *,
    gap: float = GAP,
    iterations: int = ITERATIONS,
) -> RateDistortion:
    """The rate-distortion function of a discrete source: min I(X;T) with E d(X, T) at most D.

    Args:
        source: (inputs,) the distribution of X.
        distortion: (inputs, outputs) the distortion d(x, t).
        slopes: minus the slopes of R at the points to find, above 0; large ones give small D.
        gap: in nats, at which the search of a point ends.
        iterations: the most iterations of a point.

    Returns:
        A `RateDistortion` with one point for each slope.

    Raises:
        InputError: for a bad distribution, distortions that do not fit it, slopes not
            above 0, a gap below 0, and no iterations.

    References:
        Blahut 1972, doi:10.1109/TIT.1972.1054855.

    Example:
        >>> points = rate_distortion([0.5, 0.5], [[0, 1], [1, 0]], [2.0])
        >>> round(float(points.distortion[0]), 4), round(float(points.bits[0]), 4)
        (0.1192, 0.4729)
    """
    check_search(gap, iterations)
    p = probabilities(source, "source", 1)
    d = finite(distortion, "distortion", "finite numbers")
    if d.ndim != 2 or len(d) != len(p) or not d.size:
        raise InputError(
            f"distortion has the shape {d.shape}: give a finite number for each of the {len(p)} "
            "inputs (rows) and each output (columns)"
        )
    wanted = weights(slopes, "slopes")
    if float(wanted.max()) * float(np.abs(d).max()) == math.inf:
        raise InputError(
            f"slopes up to {wanted.max():g} times distortions up to {np.abs(d).max():g} are beyond "
            "1e308: give smaller ones"
        )
    points = [_point(p, d, float(slope), gap, iterations) for slope in wanted]
    return RateDistortion(
        wanted,
        np.array([point[0] for point in points]),
        np.array([point[1] for point in points]),
        np.array([point[2] for point in points]),
        np.array([point[3] for point in points]),
    )


def _point(
    p: Float, d: Float, slope: float, gap: float, iterations: int
) -> tuple[float, float, float, Float]:
    """Distortion, rate, gap and encoder of one slope."""
    log_t = np.full(d.shape[1], -math.log(d.shape[1]))
    used = p > 0
    distance = math.inf
    encoder = np.zeros(d.shape)
    for _ in range(iterations):
        joined = log_t - slope * d
        log_sum = logsumexp(joined, axis=1, keepdims=True)
        encoder = np.exp(joined - log_sum)
        # How far R + slope D may still fall: the largest of these, with 0 at the optimum.
        change = logsumexp(-slope * d[used] - log_sum[used], axis=0, b=p[used, np.newaxis])
        distance = float(change.max())
        if distance <= gap:
            break
        log_t = log_t + change
    joint = p[:, np.newaxis] * encoder
    return float((joint * d).sum()), information(joint), distance, encoder
