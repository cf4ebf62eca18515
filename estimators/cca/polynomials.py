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


def unexplained_share(score: Float, earlier: Float, tuning: PolynomialTuning) -> float:
    """The share of the variance of score (n,) that polynomials of normal scores (m, n) leave.

    It is 1 where rows are too few to judge.
    """
    basis = _polynomials(earlier, tuning.share_product_degree, tuning) if len(earlier) else earlier
    if len(earlier) == 0 or len(score) < tuning.share_rows_per_term * len(basis):
        return 1.0
    centred = score - score.mean()
    return float((_residuals(centred[np.newaxis], basis) ** 2).sum() / (centred**2).sum())


def polynomial_residuals(scores: Float, earlier: Float, tuning: PolynomialTuning) -> Float:
    """Residuals of scores (m, n) on polynomials of normal scores earlier (e, n); 0 for few rows."""
    basis = _polynomials(earlier, tuning.residual_product_degree, tuning)
    if scores.shape[1] < tuning.residual_rows_per_term * len(basis):
        return np.zeros_like(scores)
    return _residuals(scores, basis)


def _polynomials(scores: Float, product_degree: int, tuning: PolynomialTuning) -> Float:
    """Hermite polynomials (p, n) of normal scores (m, n), and products of two scores' polynomials.

    product_degree: the highest degree of the products.
    """
    m, n = scores.shape
    terms = [np.ones_like(scores), scores]  # of unit variance
    degree_of_rows = max(n // (tuning.rows_per_degree * m), tuning.min_degree)
    for d in range(1, min(degree_of_rows, tuning.degree)):
        terms.append((scores * terms[-1] - math.sqrt(d) * terms[-2]) / math.sqrt(d + 1))
    products = [
        terms[p][i] * terms[degree - p][j]
        for i, j in combinations(range(m), 2)
        for degree in range(2, product_degree + 1)
        for p in range(1, degree)
    ]
    return np.stack([terms[0][0], *(row for power in terms[1:] for row in power), *products])


def _residuals(scores: Float, basis: Float) -> Float:
    """Least-squares residuals of scores (m, n) on the rows of basis (p, n)."""
    coefficients, *_ = np.linalg.lstsq(basis @ basis.T, basis @ scores.T, rcond=1e-12)
    return np.asarray(scores - coefficients.T @ basis)
