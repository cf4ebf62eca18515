"""The part of a score that polynomials of earlier scores do not explain.

The square of a score can be as strongly correlated with its counterpart as the score itself, and
yet tell nothing new. So each further canonical pair is judged by the part that is not explained.
"""

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .tuning import PolynomialTuning

Float = NDArray[np.float64]

RIDGE = 1e-13  # share of the trace, for polynomials that are linear in others


def unexplained_share(score: Float, earlier: Float, tuning: PolynomialTuning) -> float:
    """The share of the variance of score (n,) that polynomials of normal scores (m, n) leave.

    It is 1 where rows are too few to judge.
    """
    basis = polynomials(earlier, tuning.share_product_degree, tuning) if len(earlier) else earlier
    if len(earlier) == 0 or len(score) < tuning.share_rows_per_term * len(basis):
        return 1.0
    centred = score - score.mean()
    return float((_residuals(centred[np.newaxis], basis) ** 2).sum() / (centred**2).sum())


def polynomial_residuals(scores: Float, earlier: Float, tuning: PolynomialTuning) -> Float:
    """Residuals of scores (..., m, n) on polynomials of normal scores earlier (..., e, n).

    They are 0 for few rows.
    """
    basis = polynomials(earlier, tuning.residual_product_degree, tuning)
    if scores.shape[-1] < tuning.residual_rows_per_term * basis.shape[-2]:
        return np.zeros_like(scores)
    return _residuals(scores, basis)


def polynomials(scores: Float, product_degree: int, tuning: PolynomialTuning) -> Float:
    """Hermite polynomials (..., p, n) of normal scores (..., m, n), and products of two of them.

    A product is of polynomials of two scores; product_degree: the highest degree of the products.
    """
    *leading, m, n = scores.shape
    degree = min(max(n // (tuning.rows_per_degree * m), tuning.min_degree), tuning.degree)
    products = [
        (i, p, j, total - p)
        for i, j in combinations(range(m), 2)
        for total in range(2, product_degree + 1)
        for p in range(1, total)
    ]
    basis = np.empty((*leading, 1 + degree * m + len(products), n))
    basis[..., 0, :] = 1.0
    powers = basis[..., 1 : 1 + degree * m, :].reshape(*leading, degree, m, n)  # of unit variance
    powers[..., 0, :, :] = scores
    for d in range(1, degree):
        before = powers[..., d - 2, :, :] if d > 1 else 1.0
        following = scores * powers[..., d - 1, :, :] - math.sqrt(d) * before
        powers[..., d, :, :] = following / math.sqrt(d + 1)
    for place, (i, p, j, q) in enumerate(products, 1 + degree * m):
        basis[..., place, :] = powers[..., p - 1, i, :] * powers[..., q - 1, j, :]
    return basis


def _residuals(scores: Float, basis: Float) -> Float:
    """Least-squares residuals of scores (..., m, n) on the rows of basis (..., p, n)."""
    moments = basis @ basis.swapaxes(-1, -2)
    sizes = moments.trace(axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis]
    moments += RIDGE * sizes * np.eye(moments.shape[-1])
    coefficients = np.linalg.solve(moments, basis @ scores.swapaxes(-1, -2))
    return np.asarray(scores - coefficients.swapaxes(-1, -2) @ basis)
