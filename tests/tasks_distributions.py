"""The distributions of the tasks, implemented a second time from their ids.

Covariances, margins and inverse maps. Nothing here comes from mibench, so that an error there is
not repeated here.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from . import mixtures_recomputed

Array = NDArray[np.float64]


def covariance(name: str) -> Array | None:
    """The covariance of (X, Y) of a normal task, from its latent variables; None for others."""
    if name.startswith("1v1-normal-"):
        r = float(name.rsplit("-", 1)[1])
        return np.array([[1, r], [r, 1]])
    if name.startswith("independent-"):
        return np.eye(2 * int(name.rsplit("-", 1)[1]))
    dim = int(name.split("-")[2]) if name.startswith("multinormal-") else 0
    noise = np.eye(2 * dim)
    if name.startswith("multinormal-dense-"):
        shared = np.ones((2 * dim, 1))
        return (shared @ shared.T + noise @ noise.T) / 2
    if name.startswith("multinormal-sparse-"):
        latent = np.zeros((2 * dim, 2 * dim - 2))  # Z_1, Z_2, then one noise for each other
        latent[[0, dim], 0] = latent[[1, dim + 1], 1] = 2.0
        for column, row in enumerate([*range(2, dim), *range(dim + 2, 2 * dim)], start=2):
            latent[row, column] = 2.0
        return (noise + latent @ latent.T) / 5
    return None


def _uniform_sum_cdf(y: Array, width: float) -> Array:
    """CDF of U(0, 1) + U(-width, width): the mean over the noise of the clipped uniform CDF."""

    def area(t: Array) -> Array:  # the integral of clip(s, 0, 1) over s <= t
        return np.where(t < 0, 0.0, np.where(t < 1, t**2 / 2, t - 0.5))

    return (area(y + width) - area(y - width)) / (2 * width)


def _two_normals(weight: float, low: float, high: float) -> Callable[[Array], Array]:
    return lambda v: weight * stats.norm.cdf(v, low) + (1 - weight) * stats.norm.cdf(v, high)


def _wiggle_x(z: Array) -> Array:
    return z + 0.4 * np.sin(1.0 * z) + 0.2 * np.sin(1.7 * z + 1) + 0.03 * np.sin(3.3 * z - 2.5)


def _wiggle_y(z: Array) -> Array:
    return z - 0.4 * np.sin(0.4 * z) + 0.17 * np.sin(1.3 * z + 3.5) + 0.02 * np.sin(4.3 * z - 2.5)


def inverted(wiggle: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The inverse of a wiggle by root finding; it moves no point by more than 1."""

    def inverse(v: Array) -> Array:
        roots = [
            optimize.brentq(lambda z, t=t: wiggle(z) - t, t - 1, t + 1, xtol=1e-14)
            for t in v.ravel()
        ]
        return np.array(roots).reshape(v.shape)

    return inverse


def _inverse_mixture(weight: float, low: float, high: float) -> Callable[[Array], Array]:
    """z with Phi(z) = F(v), from the logarithm of the smaller tail, which does not round to 1."""

    def inverse(v: Array) -> Array:
        logs = np.log([weight, 1 - weight])
        below = np.logaddexp(
            logs[0] + special.log_ndtr(v - low), logs[1] + special.log_ndtr(v - high)
        )
        above = np.logaddexp(
            logs[0] + special.log_ndtr(low - v), logs[1] + special.log_ndtr(high - v)
        )
        return np.where(below < above, special.ndtri_exp(below), -special.ndtri_exp(above))

    return inverse


def _inverse_swissroll(xy: Array) -> Array:
    """The normal quantile of the position along the swiss roll, from the distance to the origin."""
    t = 21 * np.hypot(xy[:, :1], xy[:, 1:])
    return special.ndtri((t / (1.5 * np.pi) - 1) / 2)


def _inverse_half_cube(v: Array) -> Array:
    return np.sign(v) * np.abs(v) ** (2 / 3)


# Task -> the maps from x and from y back to the normal pair of correlation 0.75.
INVERSES: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "1v1-bimodal-0.75": (_inverse_mixture(0.3, 0, 5), _inverse_mixture(0.5, -1, 3)),
    "normal_cdf-1v1-normal-0.75": (special.ndtri, special.ndtri),
    "half_cube-1v1-normal-0.75": (_inverse_half_cube, _inverse_half_cube),
    "wiggly-1v1-normal-0.75": (inverted(_wiggle_x), inverted(_wiggle_y)),
    "swissroll_x-normal_cdf-1v1-normal-0.75": (_inverse_swissroll, special.ndtri),
}


def inverse_spiral(first: int) -> Callable[[Array], Array]:
    """Turn the plane of two coordinates back by |z|^2 / d, which the spiral does not change."""

    def inverse(v: Array) -> Array:
        angle = np.square(v).mean(axis=1)
        as_complex = (v[:, first] + 1j * v[:, first + 1]) * np.exp(1j * angle)
        back = v.copy()
        back[:, first], back[:, first + 1] = as_complex.real, as_complex.imag
        return back

    return inverse


# Name of a map -> the maps from x and from y back to the distribution that it was applied to.
INVERSE_MAPS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "normal_cdf": (special.ndtri, special.ndtri),
    "half_cube": (_inverse_half_cube, _inverse_half_cube),
    "asinh": (np.sinh, np.sinh),
    "spiral": (inverse_spiral(0), inverse_spiral(1)),
}


def unmapped(name: str) -> tuple[str, str] | None:
    """The outermost map of a task and the task that it was applied to; None without one."""
    outer, _, base = name.partition("-")
    return (outer, base) if outer in INVERSE_MAPS and name not in INVERSES else None


def margins(name: str) -> tuple[Callable[[Array], Array] | None, Callable[[Array], Array] | None]:
    """The CDFs of a coordinate of x and of y; None for a side without one continuous CDF."""
    if name in mixtures_recomputed.EXACT:
        return mixtures_recomputed.mixture_margins(name)
    if (inner := unmapped(name)) is not None:
        outer, base = inner
        cdfs = margins(base)
        if outer == "spiral" or cdfs[0] is None:
            return None, None
        cdf_x, cdf_y = (
            lambda v, cdf=cdf, inverse=inverse: cdf(inverse(v))
            for cdf, inverse in zip(cdfs, INVERSE_MAPS[outer], strict=True)
        )
        return cdf_x, cdf_y
    matrix = covariance(name)
    if matrix is not None:
        cdf = stats.norm(scale=np.sqrt(matrix[0, 0])).cdf
        return cdf, cdf
    if "-mi-" in name:
        cdf = {
            "normal": stats.norm.cdf,
            "uniform": stats.uniform.cdf,
            "student-2": stats.t(2).cdf,
        }.get(name.rpartition("-mi-")[0])
        return cdf, cdf
    if name.startswith("student-identity-"):
        cdf = stats.t(int(name.rsplit("-", 1)[1])).cdf
        return cdf, cdf
    if name.startswith("1v1-additive-"):
        width = float(name.rsplit("-", 1)[1])
        return stats.uniform.cdf, lambda y: _uniform_sum_cdf(y, width)
    cdfs_of: dict[str, tuple[Callable[[Array], Array] | None, Callable[[Array], Array] | None]] = {
        "1v1-bimodal-0.75": (_two_normals(0.3, 0, 5), _two_normals(0.5, -1, 3)),
        "normal_cdf-1v1-normal-0.75": (stats.uniform.cdf, stats.uniform.cdf),
        "half_cube-1v1-normal-0.75": (
            lambda v: stats.norm.cdf(_inverse_half_cube(v)),
            lambda v: stats.norm.cdf(_inverse_half_cube(v)),
        ),
        "wiggly-1v1-normal-0.75": (
            lambda v: stats.norm.cdf(inverted(_wiggle_x)(v)),
            lambda v: stats.norm.cdf(inverted(_wiggle_y)(v)),
        ),
        "swissroll_x-normal_cdf-1v1-normal-0.75": (None, stats.uniform.cdf),
        "label-uniform-5": (
            None,
            lambda y: np.mean([stats.uniform.cdf(y, k, 2) for k in range(5)], axis=0),
        ),
        "label-normal-2": (None, _two_normals(0.5, -1, 1)),
    }
    return cdfs_of.get(name, (None, None))
