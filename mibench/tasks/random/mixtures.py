"""Mixtures of normal distributions, clusters that both sides see, and two regression lines."""

import numpy as np

from ...types import Sample
from .distribution import Array, Distribution, Generator, draw_dims
from .truth import mean_log_ratio


def normal_mixture(rng: Generator) -> Distribution:
    """Two to six normal distributions of (X, Y), each with means and covariances of its own."""
    dim_x, dim_y = draw_dims(rng, 4), draw_dims(rng, 4)
    dims, count = dim_x + dim_y, int(rng.integers(2, 7))
    weights = rng.dirichlet(np.full(count, 2.0))
    means = rng.uniform(0.5, 4.0) * rng.standard_normal((count, dims))
    factors = rng.standard_normal((count, dims, dims)) / np.sqrt(dims) + 0.3 * np.eye(dims)
    covariances = factors @ factors.transpose(0, 2, 1) + 0.02 * np.eye(dims)
    roots = np.linalg.cholesky(covariances)

    def sample(n: int, rng: Generator) -> Sample:
        which = rng.choice(count, size=n, p=weights)
        z = rng.standard_normal((n, dims))
        both = np.empty_like(z)
        for k in range(count):
            rows = which == k
            both[rows] = means[k] + z[rows] @ roots[k].T
        return both[:, :dim_x], both[:, dim_x:]

    def log_density(values: Array, columns: slice) -> Array:
        from scipy.special import logsumexp

        parts = [
            _log_normal(values, means[k, columns], covariances[k, columns, columns])
            for k in range(count)
        ]
        return np.asarray(logsumexp(np.array(parts).T, axis=1, b=weights))

    def log_ratio(n: int, rng: Generator) -> Array:
        x, y = sample(n, rng)
        first, last = slice(0, dim_x), slice(dim_x, dims)
        both = log_density(np.hstack([x, y]), slice(0, dims))
        return both - log_density(x, first) - log_density(y, last)

    return Distribution(dim_x, dim_y, sample, lambda: mean_log_ratio(log_ratio))


def clusters(rng: Generator) -> Distribution:
    """Each side shows clusters, and the cluster of one side tells something of the other's."""
    dim_x, dim_y = draw_dims(rng, 40), draw_dims(rng, 40)
    count = int(rng.integers(2, 9))
    same = float(rng.choice((1.0, 0.95, 0.8, 0.6)))
    table = same * np.eye(count) / count + (1 - same) / count**2
    spread = float(rng.uniform(0.5, 8.0))
    means = [
        spread * rng.standard_normal((count, d)) / np.sqrt(d) * np.sqrt(2) for d in (dim_x, dim_y)
    ]

    def sample(n: int, rng: Generator) -> Sample:
        cells = rng.choice(count**2, size=n, p=table.ravel())
        labels = np.divmod(cells, count)
        x, y = (
            m[label] + rng.standard_normal((n, m.shape[1]))
            for m, label in zip(means, labels, strict=True)
        )
        return x, y

    def log_ratio(n: int, rng: Generator) -> Array:
        # The densities of a side given its cluster, relative to the largest.
        given = []
        for side, centres in zip(sample(n, rng), means, strict=True):
            logs = side @ centres.T - 0.5 * (centres**2).sum(axis=1)
            given.append(np.exp(logs - logs.max(axis=1, keepdims=True)))
        both = ((given[0] @ table) * given[1]).sum(axis=1)
        alone = [part.mean(axis=1) for part in given]  # the clusters of a side are equally likely
        return np.asarray(np.log(both) - np.log(alone[0]) - np.log(alone[1]))

    return Distribution(dim_x, dim_y, sample, lambda: mean_log_ratio(log_ratio))


def two_lines(rng: Generator) -> Distribution:
    """Y is one linear function of X for some rows, and another for the rest, which nobody sees."""
    dim_x = draw_dims(rng, 5)
    slopes = rng.standard_normal((2, dim_x)) * np.exp(rng.uniform(0, 1.5))
    offsets, share = 2 * rng.standard_normal(2), float(rng.uniform(0.2, 0.8))
    variances = 1 + (slopes**2).sum(axis=1)

    def sample(n: int, rng: Generator) -> Sample:
        x = rng.standard_normal((n, dim_x))
        which = (rng.random(n) < share).astype(int)
        y = (x * slopes[which]).sum(axis=1) + offsets[which] + rng.standard_normal(n)
        return x, y[:, np.newaxis]

    def log_ratio(n: int, rng: Generator) -> Array:
        x, y = sample(n, rng)
        shares = np.array([1 - share, share])
        given = np.exp(-((y - x @ slopes.T - offsets) ** 2) / 2) @ shares
        alone = (np.exp(-((y - offsets) ** 2) / (2 * variances)) / np.sqrt(variances)) @ shares
        return np.asarray(np.log(given) - np.log(alone))

    return Distribution(dim_x, 1, sample, lambda: mean_log_ratio(log_ratio))


def _log_normal(values: Array, mean: Array, covariance: Array) -> Array:
    """The log density of a normal distribution at values (n, d), without the factor (2 pi)^-d/2."""
    root = np.linalg.cholesky(covariance)
    z = np.linalg.solve(root, (values - mean).T)
    return np.asarray(-0.5 * (z**2).sum(axis=0) - np.log(np.diag(root)).sum())
