"""Values that are not observed as they are: zeros that both sides share, limits, rounding."""

from functools import partial
from math import sqrt

import numpy as np

from ...types import Sample
from ..censored import sample_shared_zeros, shared_zeros_information
from .distribution import Array, Distribution, Generator, correlation_of, draw_nats, known
from .truth import mean_log_ratio, table_information


def shared_zeros(rng: Generator) -> Distribution:
    """Pairs of normal columns, of which some are 0 on both sides, by value or by row."""
    share, columns = float(rng.uniform(0.1, 0.9)), int(rng.integers(1, 4))
    correlation = correlation_of(draw_nats(rng, high=1.5))
    by_row = bool(rng.integers(2))
    sampler = partial(
        sample_shared_zeros, share=share, correlation=correlation, columns=columns, by_row=by_row
    )
    nats = shared_zeros_information(share, correlation, columns, by_row)
    return Distribution(columns, columns, sampler, known(nats), free_x=False, free_y=False)


def censored(rng: Generator) -> Distribution:
    """A normal pair of which values below a limit are recorded as the limit."""
    correlation = correlation_of(draw_nats(rng, low=0.1, high=2.0))
    limits = rng.uniform(-1.5, 1.0, size=2)
    residual_sd = sqrt(1 - correlation**2)

    def sample(n: int, rng: Generator) -> Sample:
        x, z = rng.standard_normal((2, n))
        y = correlation * x + residual_sd * z
        return np.maximum(x, limits[0])[:, np.newaxis], np.maximum(y, limits[1])[:, np.newaxis]

    def log_ratio(n: int, rng: Generator) -> Array:
        from scipy.special import ndtr
        from scipy.stats import multivariate_normal

        x, y = (side[:, 0] for side in sample(n, rng))
        low_x, low_y = x <= limits[0], y <= limits[1]
        # Densities of y given x, relative to that of y alone; and probabilities at the limits.
        z = (y - correlation * x) / residual_sd
        ratio = -0.5 * (z**2 - y**2) - np.log(residual_sd)
        below = [float(ndtr(limit)) for limit in limits]
        given_x = np.log(ndtr((limits[1] - correlation * x) / residual_sd) / below[1])
        given_y = np.log(ndtr((limits[0] - correlation * y) / residual_sd) / below[0])
        joint = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf(limits)
        both = np.log(joint / (below[0] * below[1]))
        return np.where(
            low_x, np.where(low_y, both, given_y), np.where(low_y, given_x, ratio)
        )  # fmt: skip

    return Distribution(1, 1, sample, lambda: mean_log_ratio(log_ratio), free_x=False, free_y=False)


def rounded(rng: Generator) -> Distribution:
    """A normal pair, both rounded to multiples of a width between 0.1 and 1.5."""
    correlation = correlation_of(draw_nats(rng, high=1.5))
    width = float(np.exp(rng.uniform(np.log(0.1), np.log(1.5))))

    def sample(n: int, rng: Generator) -> Sample:
        x, z = rng.standard_normal((2, n, 1))
        y = correlation * x + sqrt(1 - correlation**2) * z
        return np.round(x / width) * width, np.round(y / width) * width

    return Distribution(
        1, 1, sample, lambda: (_rounded_information(correlation, width), 1e-6),
        free_x=False, free_y=False,
    )  # fmt: skip


def _rounded_information(correlation: float, width: float) -> float:
    """The MI of the table of cells: P(y in a cell | x) is exact, and x is summed on a fine grid."""
    from scipy.special import ndtr

    parts = 200  # grid points of x in each cell
    half = int(8.0 / width) + 1
    edges = (np.arange(-half, half + 2) - 0.5) * width
    points = edges[0] + width / parts * (np.arange((2 * half + 1) * parts) + 0.5)
    residual_sd = sqrt(1 - correlation**2)
    cumulative = ndtr((edges - correlation * points[:, np.newaxis]) / residual_sd)
    weights = np.exp(-0.5 * points**2)[:, np.newaxis]
    table = (weights * np.diff(cumulative, axis=1)).reshape(2 * half + 1, parts, -1).sum(axis=1)
    return table_information(table / table.sum())
