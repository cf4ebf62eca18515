"""Mixtures of normal laws, some seen through a map of x: an X, the letters AI, a galaxy, waves.

The laws are those of Czyz, Grabowski, Vogt, Beerenwinkel & Marx, "On the Properties and Estimation
of Pointwise Mutual Information Profiles", arXiv:2310.10240, under the ids of its package bmi (the
outliers' are those of its experiment). There the MI is a Monte Carlo mean. Here each law is brought
down to the few dimensions that matter and integrated by the trapezoid rule, which converges
exponentially for such smooth integrands.
"""

from collections.abc import Sequence
from functools import partial
from math import lgamma, log, sqrt
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .normal import paired_covariance
from .transformed import Map, spiral

Array: TypeAlias = NDArray[np.float64]

CONCENTRIC = ((3, 5), (3, 10), (5, 5), (5, 10), (25, 5))  # (dim_x, number of normal laws)
INLIERS = ((5, 0.2), (5, 0.5), (25, 0.2), (25, 0.5))  # (dimensions of a side, share)
OUTLIERS = (0.01, 0.1, 0.3)  # share
OUTLIER_VARIANCE = 25.0

# I(X;Y) in nats by plane_information and outliers_information with steps of 1/8 and 1/5. With half
# the step they differ by 3e-13 at most. `python -m tests.routes_mixtures` prints both, and the same
# by other rules; tests/test_mixtures.py runs the first, tests/test_tasks.py the others.
KNOWN_NATS = {
    "1v1-X-0.9": 0.408442549775,
    "1v1-AI": 0.775952615751,
    "2v1-galaxy-0.5-3.0": 0.494297697095,
    "2v1-waves-12-5.0-3.0": 1.307017365919,
    "mixing-Gauss-Outlier-0.01": 0.996407728066,
    "mixing-Gauss-Outlier-0.1": 0.868989135382,
    "mixing-Gauss-Outlier-0.3": 0.625357331075,
}
ERROR = 1e-12  # of every truth here: half a unit of the last digit above, and rounding


class Mixture(NamedTuple):
    """A mixture of k normal laws of (X, Y): weights (k,), means (k, d), covariances (k, d, d)."""

    weights: Array
    means: Array
    covariances: Array


def even(means: Sequence[Sequence[float]], covariances: Sequence[Array]) -> Mixture:
    """The mixture of these normal laws with equal weights."""
    count = len(means)
    return Mixture(np.full(count, 1 / count), np.array(means, float), np.array(covariances))


def sample_mixture(
    n: int, rng: np.random.Generator, *, law: Mixture, dim_x: int, map_x: Map | None = None
) -> Sample:
    """Draw each row from a normal law chosen by weight: x (n, dim_x), mapped if so, and y."""
    which = rng.choice(len(law.weights), size=n, p=law.weights)
    both = rng.standard_normal((n, law.means.shape[1]))
    for k, (mean, covariance) in enumerate(zip(law.means, law.covariances, strict=True)):
        rows = which == k
        both[rows] = mean + both[rows] @ np.linalg.cholesky(covariance).T
    x, y = both[:, :dim_x], both[:, dim_x:]
    return x if map_x is None else map_x(x), y


# --- pictures ---------------------------------------------------------------------------------


def cross_law() -> Mixture:
    """An X: standard normal pairs of correlation 0.9 and -0.9."""
    return even([[0, 0]] * 2, [np.array([[1, r], [r, 1]]) for r in (-0.9, 0.9)])


def letters_law() -> Mixture:
    """The letters AI, three strokes each; the slanted strokes have correlations +-0.95."""
    slant = 0.95 * sqrt(0.04 * 0.2)
    strokes = (  # mean of x and y, their variances, their covariance
        (1.0, 0.0, 0.01, 0.2, 0.0),
        (1.0, 1.0, 0.05, 0.001, 0.0),
        (1.0, -1.0, 0.05, 0.001, 0.0),
        (-0.8, -0.2, 0.03, 0.001, 0.0),
        (-1.2, 0.0, 0.04, 0.2, slant),
        (-0.4, 0.0, 0.04, 0.2, -slant),
    )
    return even(
        [[x, y] for x, y, *_ in strokes], [np.array([[a, c], [c, b]]) for *_, a, b, c in strokes]
    )


def balls_law() -> Mixture:
    """Two standard normal balls in space about +-(1.5, 1.5, 1.5), of which x is a shadow."""
    return even([[s * 1.5] * 3 for s in (-1, 1)], [np.eye(3)] * 2)


def to_galaxy(x: Array) -> Array:
    """Turn x (n, 2) by |x|^2 / 2 counter-clockwise, which is `spiral` with its axes exchanged."""
    return spiral(x[:, ::-1], first=0)[:, ::-1]


def fence_law() -> Mixture:
    """Twelve upright pales, side by side in the plane of x, at four values of y by turns."""
    return even([[1.5 * k, 0, 1.5 * (k % 4)] for k in range(12)], [np.diag([0.1, 1.0, 0.1])] * 12)


def to_waves(x: Array) -> Array:
    """Shift x1 by a sine of x2, (n, 2) -> (n, 2), then rescale; injective, since x2 tells it."""
    return np.stack([0.1 * (x[:, 0] + 5 * np.sin(3 * x[:, 1])) - 0.8, 0.5 * x[:, 1]], axis=1)


# Name -> the law before and the map of x.
PICTURES: dict[str, tuple[Mixture, Map | None]] = {
    "1v1-X-0.9": (cross_law(), None),
    "1v1-AI": (letters_law(), None),
    "2v1-galaxy-0.5-3.0": (balls_law(), to_galaxy),
    "2v1-waves-12-5.0-3.0": (fence_law(), to_waves),
}


def plane_information(law: Mixture, step: float) -> float:
    """I(X;Y) in nats of a law in the plane: the integral of p log p / (p_x p_y), on a square grid.

    The step is in units of the least standard deviation of a coordinate given the other.
    """
    sd = np.sqrt(np.diagonal(law.covariances, axis1=1, axis2=2))
    low, high = (law.means - 9 * sd).min(axis=0), (law.means + 9 * sd).max(axis=0)
    step /= float(np.sqrt(np.diagonal(np.linalg.inv(law.covariances), axis1=1, axis2=2)).max())
    x, y = (np.arange(a, b, step) for a, b in zip(low, high, strict=True))
    p, p_x, p_y = np.zeros((len(x), len(y))), np.zeros(len(x)), np.zeros(len(y))
    for weight, mean, ((a, c), (_, b)) in zip(*law, strict=True):
        of_x = weight * _normal(x - mean[0], a)
        p += of_x[:, None] * _normal(y - mean[1] - c / a * (x[:, None] - mean[0]), b - c**2 / a)
        p_x += of_x
        p_y += weight * _normal(y - mean[1], b)
    seen = p > 0  # beyond, it underflows
    ratio = p[seen] / np.outer(p_x, p_y)[seen]
    return float((p[seen] * np.log(ratio)).sum()) * step**2


def in_the_plane(name: str) -> Mixture:
    """The law of a picture in the plane, with the same MI.

    Two have an x of two dimensions. Across the line through the balls' centres, and up a pale, x is
    noise that is independent of all else; the other coordinate says of Y all that x says.
    """
    law, _ = PICTURES[name]
    if law.means.shape[1] == 2:
        return law
    half = sqrt(0.5)
    first = [half, half, 0.0] if name == "2v1-galaxy-0.5-3.0" else [1.0, 0.0, 0.0]
    rows = np.array([first, [0.0, 0.0, 1.0]])
    return Mixture(law.weights, law.means @ rows.T, rows @ law.covariances @ rows.T)


def _normal(v: Array, variance: float) -> Array:
    """The centred normal density."""
    return np.asarray(np.exp(v**2 / (-2 * variance)) / sqrt(2 * np.pi * variance))


# --- balls in one another ---------------------------------------------------------------------


def concentric_law(dim: int, count: int) -> Mixture:
    """For i = 1 .. count, x of N(0, i^2) in each of dim coordinates and y of N(i, 0.01^2)."""
    sizes = range(1, count + 1)
    return even([[0] * dim + [i] for i in sizes], [np.diag([i**2] * dim + [1e-4]) for i in sizes])


def concentric_information(dim: int, count: int) -> float:
    """I(X;Y) in nats: Y tells i, but for exp(-1000) or so, and X tells of i what its length does.

    So I = the mean over i of the integral of f_i log(f_i / mean_j f_j), where f_i is the density of
    log(i R) for R of the chi law with dim degrees of freedom.
    """
    step = 0.02
    # Below, R^dim < exp(-40); above, R > 50.
    t = np.arange(-40 / dim, log(count) + 4, step) - np.log(np.arange(1, count + 1))[:, None]
    logs = dim * t - np.exp(2 * t) / 2 - (dim / 2 - 1) * log(2) - lgamma(dim / 2)
    density = np.exp(logs)
    mean = density.mean(axis=0)
    ratio = np.log(np.divide(density, mean, out=np.ones_like(density), where=density > 0))
    return float((density * ratio).sum()) * step / count


# --- a share of noise -------------------------------------------------------------------------


def inliers_law(dim: int, share: float) -> Mixture:
    """Two pairs of correlation 4/5 among 2 dim coordinates, and a share of independent margins."""
    both = [paired_covariance(dim, 2, 2.0), np.eye(2 * dim)]
    return Mixture(np.array([1 - share, share]), np.zeros((2, 2 * dim)), np.array(both))


def inliers_information(share: float) -> float:
    """I(X;Y) in nats: a mean over the log-ratio s of the two pairs, whose law is known.

    In a pair, s is -1/2 log(1 - r^2) + r (a^2 - b^2) / 2 for independent standard normal a, b. The
    half-squares of two pairs add up to standard exponentials, so s = -log(1 - r^2) + r L, where L
    is of the Laplace law. Where x and y are independent, s has exp(-s) times the density.
    """
    step, r = 0.05, 0.8
    size = np.exp(np.arange(-40, 5, step))  # |L|; above, its density is exp(-140)
    s = -log(1 - r**2) + r * np.stack([size, -size])
    weight = size * np.exp(-size) / 2 * step * (1 - share + share * np.exp(-s))
    return float((weight * np.logaddexp(log(1 - share) + s, log(share))).sum())


def outliers_law(share: float) -> Mixture:
    """Two pairs of correlation 4 / 5.01, and a share in which y is N(0, 5^2), whatever x is.

    X_i = E_i + 2 Z_i + 0.1 U and Y_i = F_i + 2 Z_i + 0.1 V, i = 1, 2, of standard normals, each
    divided by its standard deviation: the coordinates of a side have correlation 0.01 / 5.01.
    """
    side = np.array([[5.01, 0.01], [0.01, 5.01]]) / 5.01
    link, none = 4 / 5.01 * np.eye(2), np.zeros((2, 2))
    signal = np.block([[side, link], [link, side]])
    noise = np.block([[side, none], [none, OUTLIER_VARIANCE * np.eye(2)]])
    return Mixture(np.array([1 - share, share]), np.zeros((2, 4)), np.array([signal, noise]))


def outliers_information(share: float, step: float) -> float:
    """I(X;Y) in nats as the gap in Jensen's inequality, in four dimensions.

    Let q be the outliers' density, t = (1 - share) p(y|x) / (share q(y)) without them, T its mean
    over x, and G(t) = (1 + t) log(1 + t). The log-ratio is log((1 + t) / (1 + T)), hence

        I = share * integral of q(y) (E_x G(t) - G(T)) over y.

    The sum and difference of each side's coordinates, over sqrt 2, form two independent pairs of
    variance 1 +- 0.01 / 5.01. The grid of a pair (u, v) is one of u and of z = v - r u; its step is
    in units of the standard deviation of z.
    """
    odds = (1 - share) / share
    joint, margin = [], []
    for variance in (5.02 / 5.01, 5 / 5.01):
        r = 4 / 5.01 / variance
        rest = variance * (1 - r**2)
        # u > 0 only, twice: (u, z) and (-u, -z) are alike. 9 standard deviations, exp(-40).
        u = (np.arange(0, 9, 3 * step)[:, None] + 1.5 * step) * sqrt(variance)
        z = np.arange(-9, 9, step) * sqrt(rest)
        q = _normal(r * u + z, OUTLIER_VARIANCE)
        cell = 3 * step * sqrt(variance) * step * sqrt(rest)
        joint.append((2 * cell * _normal(u, variance) * q, _normal(z, rest) / q))
        v = np.arange(-9, 9, step / 2)
        q = _normal(v, OUTLIER_VARIANCE)
        margin.append((q * step / 2, _normal(v, variance) / q))

    def mean_of_g(pairs: list[tuple[Array, Array]]) -> float:
        (weight, some), (other_weight, other) = [(w.ravel(), t.ravel()) for w, t in pairs]
        t = odds * np.outer(some, other)
        return float(weight @ ((1 + t) * np.log1p(t)) @ other_weight)

    return share * (mean_of_g(joint) - mean_of_g(margin))


def tasks() -> list[Task]:
    """Pictures, balls in one another, and pairs of which a share is noise inside or outside."""

    def task(
        name: str, law: Mixture, dim_x: int, nats: float, how: str, map_x: Map | None = None
    ) -> Task:
        return Task(
            name=name,
            dim_x=dim_x,
            dim_y=law.means.shape[1] - dim_x,
            mi_nats=nats,
            mi_error_nats=ERROR,
            sampler=partial(sample_mixture, law=law, dim_x=dim_x, map_x=map_x),
            source=f"{how}, by quadrature; laws of Czyz et al., arXiv:2310.10240",
        )

    found = [
        task(
            name, law, law.means.shape[1] - 1, KNOWN_NATS[name],
            "I = E log p / (p_x p_y) of a mixture in the plane", map_x,
        )
        for name, (law, map_x) in PICTURES.items()
    ]  # fmt: skip
    for dim, count in CONCENTRIC:
        nats = concentric_information(dim, count)
        name = f"{dim}v1-concentric_gaussians-{count}"
        found.append(task(name, concentric_law(dim, count), dim, nats, "I = I(|X|; label)"))
    for dim, share in INLIERS:
        nats = inliers_information(share)
        name = f"mult-sparse-w-inliers-{dim}-{dim}-2-2.0-{share}"
        found.append(task(name, inliers_law(dim, share), dim, nats, "I = E log of the ratio's law"))
    for share in OUTLIERS:
        name = f"mixing-Gauss-Outlier-{share}"
        nats = KNOWN_NATS[name]
        found.append(task(name, outliers_law(share), 2, nats, "I = E log p(y|x) / p(y)"))
    return found
