"""A lower bound of I(X; labels) from posterior probabilities of the labels, out of fold.

    I = H(C) - H(C|X) >= mean of log q(c|x) - log p(c)

for any probabilities q (Barber & Agakov 2003). Here q(c|x) is that of normal classes, with one
covariance (linear discriminant analysis) or one covariance a class (quadratic), learned on other
rows. For classes that are normal, the bound is tight in any number of dimensions, where k-NN is far
too low.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from .tuning import ClassTuning

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def posterior_rows(z: Float, symbols: Int, folds: list[slice], tuning: ClassTuning) -> list[Float]:
    """The rows (n,) of the bounds of one covariance, and of one a class where rows suffice.

    z (d, n): functions of x; symbols (n,): labels 0, 1, ..., each at least twice.
    """
    labels, symbols = np.unique(symbols, return_inverse=True)
    count, (d, n) = len(labels), z.shape
    if count > tuning.max_labels or n < tuning.min_rows_per_column * (d + count):
        return []
    smallest = int(np.bincount(symbols).min())
    kinds = [False, True] if smallest > tuning.min_rows_per_column * d else [False]
    return [_bound_rows(z, symbols, count, folds, each, tuning) for each in kinds]


def _bound_rows(
    z: Float, symbols: Int, count: int, folds: list[slice], each: bool, tuning: ClassTuning
) -> Float:
    """each: whether each class has a covariance of its own."""
    n = z.shape[1]
    logits, priors = np.empty((count, n)), np.empty((count, n))
    for rows in folds:
        others = np.ones(n, bool)
        others[rows] = False
        sizes = np.bincount(symbols[others], minlength=count)
        prior = np.log((sizes + 0.5) / (sizes + 0.5).sum())
        logits[:, rows] = prior[:, np.newaxis] + _log_densities(
            z[:, others], symbols[others], sizes, z[:, rows], each
        )
        priors[:, rows] = prior[:, np.newaxis]
    own = symbols, np.arange(n)
    bounds = [
        (t * logits)[own] - logsumexp(t * logits, axis=0) - priors[own] for t in tuning.tempers
    ]
    return max(bounds, key=lambda bound: round(float(bound.mean()), 12))


def _log_densities(z: Float, symbols: Int, sizes: Int, new: Float, each: bool) -> Float:
    """Log densities (count, k) of new rows (d, k) in the classes of rows z (d, n), less a constant.

    A class that these rows lack has the mean of all rows.
    """
    d, n = z.shape
    count = len(sizes)
    one_hot = np.zeros((count, n))
    one_hot[symbols, np.arange(n)] = 1
    means = (one_hot @ z.T) / np.maximum(sizes, 1)[:, np.newaxis]
    means[sizes == 0] = z.mean(axis=1)
    centred = z - means[symbols].T
    pooled = centred @ centred.T / n + 1e-6 * np.eye(d)
    result = np.empty((count, new.shape[1]))
    for c in range(count):
        covariance = pooled
        if each and sizes[c] > d:
            part = centred[:, symbols == c]
            share = d / (d + sizes[c])  # of the pooled covariance, for few rows
            covariance = (1 - share) * (part @ part.T) / sizes[c] + share * pooled
        root = np.linalg.cholesky(covariance)
        distances = (np.linalg.solve(root, new - means[c][:, np.newaxis]) ** 2).sum(axis=0)
        result[c] = -distances / 2 - math.fsum(np.log(np.diag(root)))
    return result
