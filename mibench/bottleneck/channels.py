"""Capacity and rate-distortion function, by the algorithms of Blahut and Arimoto."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from ..blas import one_blas_thread
from ..errors import InputError
from .leaps import CELLS, LOWEST, Places, search
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
SMALL = math.exp(LOWEST)
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
        iterations: the most iterations, rounded up to cycles of three.

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
    negative = -entr(p_y_x).sum(axis=1)

    def step(state: Float, _: Places) -> tuple[Float, Float, tuple[Float, ...]]:
        p_x = np.exp(state)
        p_x /= p_x.sum(axis=1, keepdims=True)
        divergence = negative - np.log(np.maximum(p_x @ p_y_x, SMALL)) @ p_y_x.T
        lower, upper = (p_x * divergence).sum(axis=1), divergence.max(axis=1)
        p_next = p_x * np.exp(divergence - upper[:, np.newaxis])
        p_next /= p_next.sum(axis=1, keepdims=True)
        return np.log(np.maximum(p_next, SMALL)), -lower, (p_x, lower, upper - lower)

    start = np.full((1, len(p_y_x)), -math.log(len(p_y_x)))
    with one_blas_thread():
        ends = search(step, start, lambda _, results: results[2] <= gap, iterations)
    (p_x, lower, distance), used = ends[0]
    return Capacity(float(lower), p_x, max(float(distance), 0.0), used)


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
    size = max(CELLS // d.size, 1)
    groups = [wanted[first : first + size] for first in range(0, len(wanted), size)]
    points = [point for some in groups for point in _points(p, d, some, gap, iterations)]
    return RateDistortion(
        wanted,
        np.array([point[0] for point in points]),
        np.array([point[1] for point in points]),
        np.array([point[2] for point in points]),
        np.array([point[3] for point in points]),
    )


def _points(
    p: Float, d: Float, slopes: Float, gap: float, iterations: int
) -> list[tuple[float, float, float, Float]]:
    """Distortion, rate, gap and encoder of each slope."""
    exponents = -slopes[:, np.newaxis, np.newaxis] * d
    highest = exponents.max(axis=2, keepdims=True)
    kernels = np.exp(exponents - highest)

    def step(state: Float, places: Places) -> tuple[Float, Float, tuple[Float, ...]]:
        p_t = np.exp(state)
        p_t /= p_t.sum(axis=1, keepdims=True)
        kernel = kernels[places]
        total = (kernel @ p_t[:, :, np.newaxis])[:, :, 0]
        # How far R + slope D may still fall: the log of the largest, with 0 at the optimum.
        change = ((p / total)[:, np.newaxis] @ kernel)[:, 0]
        new = np.log(np.maximum(p_t * change, SMALL))
        return new, -(np.log(total) @ p), (p_t, np.log(change.max(axis=1)))

    start = np.full((len(slopes), d.shape[1]), -math.log(d.shape[1]))
    with one_blas_thread():
        ends = search(step, start, lambda _, results: results[1] <= gap, iterations)
    points = []
    for kernel, ((p_t, distance), _) in zip(kernels, ends, strict=True):
        encoder = p_t * kernel
        encoder /= encoder.sum(axis=1, keepdims=True)
        joint = p[:, np.newaxis] * encoder
        points.append(
            (float((joint * d).sum()), information(joint), max(float(distance), 0.0), encoder)
        )
    return points
