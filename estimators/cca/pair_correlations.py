"""Correlations of pairs of scores, and what is left of them given earlier pairs."""

import numpy as np
from numpy.typing import NDArray

from .polynomials import polynomial_residuals
from .tuning import PolynomialTuning

Float = NDArray[np.float64]


def row_correlations(u: Float, v: Float) -> Float:
    """The correlations (...) of u and v along the last axis, (..., n); 0 for constants."""
    u = u - u.mean(axis=-1, keepdims=True)
    v = v - v.mean(axis=-1, keepdims=True)
    scale = np.sqrt((u**2).sum(axis=-1) * (v**2).sum(axis=-1))
    return np.asarray((u * v).sum(axis=-1) / np.where(scale > 0, scale, 1.0))


def residual_correlation(
    u: Float, v: Float, earlier_u: Float, earlier_v: Float, tuning: PolynomialTuning
) -> Float:
    """The correlations (...) of u and v (..., n) after removing what earlier pairs explain of them.

    earlier_u, earlier_v (..., m, n): normal scores of these pairs. The explanation is by
    polynomials of both: a noisy square of u_1 is correlated with one of v_1, and tells nothing new.
    Any score of labels is a function of any other score that separates the labels. So for labels
    earlier_v is empty, and v stays as it is.
    """
    if earlier_v.shape[-2]:
        earlier = np.concatenate([earlier_u, earlier_v], axis=-2)
        both = polynomial_residuals(np.stack([u, v], axis=-2), earlier, tuning)
        return row_correlations(both[..., 0, :], both[..., 1, :])
    if earlier_u.shape[-2]:
        u = polynomial_residuals(u[..., np.newaxis, :], earlier_u, tuning)[..., 0, :]
    return row_correlations(u, v)


def folds_of_equal_size(values: Float, fold_rows: list[slice]) -> Float:
    """The values (m, n) of each fold, (folds, m, k); of larger folds, the last row is left out."""
    size = min(rows.stop - rows.start for rows in fold_rows)
    return np.stack([values[:, rows.start : rows.start + size] for rows in fold_rows])
