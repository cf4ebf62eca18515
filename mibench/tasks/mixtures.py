"""Mixtures of normal distributions, some with a map of x: an X, the letters AI, a galaxy, waves.

The distributions are those of Czyz, Grabowski, Vogt, Beerenwinkel & Marx, "On the Properties and
Estimation of Pointwise Mutual Information Profiles", arXiv:2310.10240, under the ids of its package
bmi (those with outliers have the ids of its experiment). The paper computes the MI as a Monte Carlo
mean. Here each distribution is reduced to the few dimensions that matter, and the MI is integrated
by the trapezoid rule, which converges exponentially for smooth integrands.
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

CONCENTRIC = ((3, 5), (3, 10), (5, 5), (5, 10), (25, 5))  # (dim_x, number of normal distributions)
INLIERS = ((5, 0.2), (5, 0.5), (25, 0.2), (25, 0.5))  # (dimensions of a side, share)
OUTLIERS = (0.01, 0.1, 0.3)  # share
OUTLIER_VARIANCE = 25.0

# I(X;Y) in nats by plane_information and outliers_information of tests/tasks_constants.py, with
# steps of 1/8 and 1/5. With half the step they differ by at most 3e-13. tests/test_mixtures.py
# recomputes them, and tests/test_tasks.py does so by other quadratures.
KNOWN_NATS = {
    "1v1-X-0.9": 0.408442549775,
    "1v1-AI": 0.775952615751,
    "2v1-galaxy-0.5-3.0": 0.494297697095,
    "2v1-waves-12-5.0-3.0": 1.307017365919,
    "mixing-Gauss-Outlier-0.01": 0.996407728066,
    "mixing-Gauss-Outlier-0.1": 0.868989135382,
    "mixing-Gauss-Outlier-0.3": 0.625357331075,
}
ERROR = 1e-12  # of each MI here: half a unit of the last digit above, and rounding


class Mixture(NamedTuple):
    """k normal distributions of (X, Y): weights (k,), means (k, d), covariances (k, d, d)."""

    weights: Array
    means: Array
    covariances: Array


def even(means: Sequence[Sequence[float]], covariances: Sequence[Array]) -> Mixture:
    """The mixture of these normal distributions with equal weights."""
    count = len(means)
    return Mixture(np.full(count, 1 / count), np.array(means, float), np.array(covariances))


def sample_mixture(
    n: int, rng: np.random.Generator, *, mixture: Mixture, dim_x: int, map_x: Map | None = None
) -> Sample:
    """Draw each row from a component chosen by weight: x (n, dim_x), mapped by map_x, and y."""
    which = rng.choice(len(mixture.weights), size=n, p=mixture.weights)
    both = rng.standard_normal((n, mixture.means.shape[1]))
    components = zip(mixture.means, mixture.covariances, strict=True)
    for k, (mean, covariance) in enumerate(components):
        rows = which == k
        both[rows] = mean + both[rows] @ np.linalg.cholesky(covariance).T
    x, y = both[:, :dim_x], both[:, dim_x:]
    return x if map_x is None else map_x(x), y


# --- pictures ----------------------------------------------------------------------------------


def cross_distribution() -> Mixture:
    """An X: standard normal pairs of correlation 0.9 and -0.9."""
    return even([[0, 0]] * 2, [np.array([[1, r], [r, 1]]) for r in (-0.9, 0.9)])


def letters_distribution() -> Mixture:
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


def balls_distribution() -> Mixture:
    """Two standard normals in space, means +-(1.5, 1.5, 1.5); x has the first two coordinates."""
    return even([[s * 1.5] * 3 for s in (-1, 1)], [np.eye(3)] * 2)


def to_galaxy(x: Array) -> Array:
    """Turn x (n, 2) by |x|^2 / 2 counter-clockwise: `spiral` with exchanged axes."""
    return spiral(x[:, ::-1], first=0)[:, ::-1]


def stripes_distribution() -> Mixture:
    """Twelve vertical stripes side by side in the plane of x; y cycles through four values."""
    return even([[1.5 * k, 0, 1.5 * (k % 4)] for k in range(12)], [np.diag([0.1, 1.0, 0.1])] * 12)


def to_waves(x: Array) -> Array:
    """Shift x1 by a sine of x2, then rescale: (n, 2) -> (n, 2). Injective: x2 gives the shift."""
    return np.stack([0.1 * (x[:, 0] + 5 * np.sin(3 * x[:, 1])) - 0.8, 0.5 * x[:, 1]], axis=1)


# Name -> the distribution before the map of x, and the map.
PICTURES: dict[str, tuple[Mixture, Map | None]] = {
    "1v1-X-0.9": (cross_distribution(), None),
    "1v1-AI": (letters_distribution(), None),
    "2v1-galaxy-0.5-3.0": (balls_distribution(), to_galaxy),
    "2v1-waves-12-5.0-3.0": (stripes_distribution(), to_waves),
}


# --- concentric balls --------------------------------------------------------------------------


def concentric_distribution(dim: int, count: int) -> Mixture:
    """For i = 1 .. count, x of N(0, i^2) in each of dim coordinates and y of N(i, 0.01^2)."""
    sizes = range(1, count + 1)
    return even([[0] * dim + [i] for i in sizes], [np.diag([i**2] * dim + [1e-4]) for i in sizes])


def concentric_information(dim: int, count: int) -> float:
    """I(X;Y) in nats. Y determines i up to exp(-1000) or so, and |X| is sufficient for i.

    So I = the mean over i of the integral of f_i log(f_i / mean_j f_j), where f_i is the density of
    log(i R) for R of the chi distribution with dim degrees of freedom.
    """
    step = 0.02
    # Below, R^dim < exp(-40); above, R > 50.
    t = np.arange(-40 / dim, log(count) + 4, step) - np.log(np.arange(1, count + 1))[:, None]
    logs = dim * t - np.exp(2 * t) / 2 - (dim / 2 - 1) * log(2) - lgamma(dim / 2)
    density = np.exp(logs)
    mean = density.mean(axis=0)
    ratio = np.log(np.divide(density, mean, out=np.ones_like(density), where=density > 0))
    return float((density * ratio).sum()) * step / count


# --- a share of noise --------------------------------------------------------------------------


def inliers_distribution(dim: int, share: float) -> Mixture:
    """Two pairs of correlation 4/5 among 2 dim coordinates, and a share of independent ones."""
    covariances = [paired_covariance(dim, 2, 2.0), np.eye(2 * dim)]
    return Mixture(np.array([1 - share, share]), np.zeros((2, 2 * dim)), np.array(covariances))


def inliers_information(share: float) -> float:
    """I(X;Y) in nats: a mean over the log-ratio s of the two pairs, whose distribution is known.

    In a pair, s is -1/2 log(1 - r^2) + r (a^2 - b^2) / 2 for independent standard normal a, b. The
    half-squares of two pairs add up to standard exponentials, so s = -log(1 - r^2) + r L, where L
    has the Laplace distribution. Where x and y are independent, s has exp(-s) times the density.
    """
    step, r = 0.05, 0.8
    size = np.exp(np.arange(-40, 5, step))  # |L|; above, its density is exp(-140)
    s = -log(1 - r**2) + r * np.stack([size, -size])
    weight = size * np.exp(-size) / 2 * step * (1 - share + share * np.exp(-s))
    return float((weight * np.logaddexp(log(1 - share) + s, log(share))).sum())


def outliers_distribution(share: float) -> Mixture:
    """Two pairs of correlation 4 / 5.01, and a share of rows with y of N(0, 5^2), independent of x.

    X_i = E_i + 2 Z_i + 0.1 U and Y_i = F_i + 2 Z_i + 0.1 V, i = 1, 2, of standard normals, each
    divided by its standard deviation: the coordinates of a side have correlation 0.01 / 5.01.
    """
    side = np.array([[5.01, 0.01], [0.01, 5.01]]) / 5.01
    link, none = 4 / 5.01 * np.eye(2), np.zeros((2, 2))
    signal = np.block([[side, link], [link, side]])
    noise = np.block([[side, none], [none, OUTLIER_VARIANCE * np.eye(2)]])
    return Mixture(np.array([1 - share, share]), np.zeros((2, 4)), np.array([signal, noise]))


def tasks() -> list[Task]:
    """Pictures, concentric balls, and pairs with a share of independent inliers or outliers."""

    def task(
        name: str, mixture: Mixture, dim_x: int, nats: float, how: str, map_x: Map | None = None
    ) -> Task:
        return Task(
            name=name,
            dim_x=dim_x,
            dim_y=mixture.means.shape[1] - dim_x,
            mi_nats=nats,
            mi_error_nats=ERROR,
            sampler=partial(sample_mixture, mixture=mixture, dim_x=dim_x, map_x=map_x),
            source=f"{how}, by quadrature; distributions of Czyz et al., arXiv:2310.10240",
        )

    tasks = [
        task(
            name, mixture, mixture.means.shape[1] - 1, KNOWN_NATS[name],
            "I = E log p / (p_x p_y) of a mixture in the plane", map_x,
        )
        for name, (mixture, map_x) in PICTURES.items()
    ]  # fmt: skip
    for dim, count in CONCENTRIC:
        nats = concentric_information(dim, count)
        name = f"{dim}v1-concentric_gaussians-{count}"
        tasks.append(
            task(name, concentric_distribution(dim, count), dim, nats, "I = I(|X|; label)")
        )
    for dim, share in INLIERS:
        nats = inliers_information(share)
        name = f"mult-sparse-w-inliers-{dim}-{dim}-2-2.0-{share}"
        mixture = inliers_distribution(dim, share)
        tasks.append(
            task(name, mixture, dim, nats, "I = E of the log-ratio, whose distribution is known")
        )
    for share in OUTLIERS:
        name = f"mixing-Gauss-Outlier-{share}"
        nats = KNOWN_NATS[name]
        tasks.append(task(name, outliers_distribution(share), 2, nats, "I = E log p(y|x) / p(y)"))
    return tasks
