"""The information bottleneck of a normal distribution, in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .probabilities import Float, finite, weights, whole

ASYMMETRY = 1e-6  # of a correlation, from which a covariance is refused


@dataclass(frozen=True, eq=False)
class GaussianCurve:
    """The bottleneck curve of a normal pair.

    Attributes:
        betas: (b,) the weights of I(T;Y).
        i_xt: (b,) I(X;T), in nats.
        i_ty: (b,) I(T;Y), in nats; the largest for this I(X;T).
        correlations: the canonical correlations of X and Y, falling.
    """

    betas: Float
    i_xt: Float
    i_ty: Float
    correlations: Float


def gaussian_bottleneck(
    covariance: Any, dim_x: int, betas: Sequence[float] | NDArray[Any]
) -> GaussianCurve:
    """The bottleneck of jointly normal X and Y: the optimal T is a noisy linear map of X.

    A canonical correlation r takes part once beta > 1 / r^2. With v = 1 - r^2 and their number m,

        I(X;T) = 1/2 sum log((beta - 1) (1 - v) / v),   I(T;Y) = I(X;T) - 1/2 sum log(beta (1 - v)).

    Args:
        covariance: (d, d) that of X and Y together, X first.
        dim_x: the number of columns of X.
        betas: the weights of I(T;Y) against I(X;T).

    Returns:
        A `GaussianCurve`.

    Raises:
        InputError: if the covariance is not symmetric and positive definite, dim_x does not fit,
            or a beta is not above 0.

    References:
        Chechik, Globerson, Tishby & Weiss 2005, JMLR 6, 165-188.

    Example:
        >>> curve = gaussian_bottleneck([[1, 0.8], [0.8, 1]], 1, [1e9])
        >>> round(float(curve.i_ty[0]), 4)  # the MI of X and Y
        0.5108
    """
    joint = finite(covariance, "covariance", "a symmetric matrix of finite numbers")
    if joint.ndim != 2 or joint.shape[0] != joint.shape[1] or len(joint) < 2:
        raise InputError(
            f"covariance has the shape {joint.shape}: give a square matrix of 2 rows or more"
        )
    d = len(joint)
    scale = np.sqrt(np.abs(np.diagonal(joint)))
    worst = np.abs(joint - joint.T) > ASYMMETRY * np.outer(scale, scale)
    if worst.any():
        i, j = np.argwhere(worst)[0]
        raise InputError(
            f"covariance is not symmetric: row {i}, column {j} holds {joint[i, j]:g}, and row {j}, "
            f"column {i} {joint[j, i]:g}. Give the same number there"
        )
    whole(dim_x, "dim_x", d - 1)
    chosen = weights(betas, "betas")
    try:
        roots = [np.linalg.cholesky(joint[s, s]) for s in (slice(dim_x), slice(dim_x, d))]
        np.linalg.cholesky(joint)
    except np.linalg.LinAlgError:
        raise InputError(
            "covariance is not positive definite, so the MI is infinite or it is none: remove "
            "columns that others determine"
        ) from None
    whitened = np.linalg.solve(roots[0], joint[:dim_x, dim_x:])
    whitened = np.linalg.solve(roots[1], whitened.T)
    r = np.minimum(np.linalg.svd(whitened, compute_uv=False), 1.0)
    explained = r[np.newaxis] ** 2
    some = chosen[:, np.newaxis] * explained > 1
    ratio = np.where(some, (chosen[:, np.newaxis] - 1) * explained / (1 - explained), 1.0)
    kept = np.where(some, chosen[:, np.newaxis] * explained, 1.0)
    i_xt = 0.5 * np.log(ratio).sum(axis=1)
    return GaussianCurve(chosen, i_xt, i_xt - 0.5 * np.log(kept).sum(axis=1), r)
