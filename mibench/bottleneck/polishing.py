"""Soft encoders by a quasi-Newton method, which ends where the equations creep."""

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from .leaps import LOWEST
from .probabilities import Float

CORRECTIONS = 20  # pairs of steps and gradients that the method keeps
FALL = 10.0  # of F, in its last digits, and
SLOPE = 1e-9  # of its gradient, at which the method ends
SMALL = float(np.exp(LOWEST))


def polished(joint: Float, encoder: Float, beta: float, evaluations: int) -> Float:
    """The encoder at a minimum of F near this one.

        F = sum over x of -p(x) log sum over t of p(t) exp(beta sum over y of p(y|x) log p(y|t)),

    by L-BFGS in log p(t, y).

    Args:
        joint: (values of x, values of y) p(x, y), with p(x) above 0.
        encoder: (values of x, clusters) p(t|x) to start from.
        beta: the weight.
        evaluations: the most evaluations of F.

    Returns:
        (values of x, clusters) p(t|x).

    References:
        Liu & Nocedal 1989, doi:10.1007/BF01589116.
    """
    p_x = joint.sum(axis=1, keepdims=True)
    given_x = joint / p_x
    shape = encoder.shape[1], joint.shape[1]

    def encoded(logs: Float) -> tuple[Float, Float, Float, Float]:
        """Of log p(t, y) that need not sum to 1: p(t, y), p(t), p(x, t) and log Z(x)."""
        of_ty = np.exp(logs.reshape(shape) - logs.max())
        of_ty /= of_ty.sum()
        p_t = np.maximum(of_ty.sum(axis=1), SMALL)
        scores = beta * (given_x @ np.log(np.maximum(of_ty, SMALL)).T) + (1 - beta) * np.log(p_t)
        highest = scores.max(axis=1, keepdims=True)
        of_xt = np.exp(scores - highest)
        total = of_xt.sum(axis=1, keepdims=True)
        return of_ty, p_t, of_xt * (p_x / total), highest + np.log(total)

    def value(logs: Float) -> tuple[float, Float]:
        of_ty, p_t, of_xt, log_z = encoded(logs)
        ratio = (1 - beta) * of_xt.sum(axis=0) / p_t
        gradient = of_ty - ratio[:, np.newaxis] * of_ty - beta * (of_xt.T @ given_x)
        return -float((p_x * log_z).sum()), gradient.ravel()

    start = np.log(np.maximum(encoder.T @ joint, SMALL)).ravel()
    end = fmin_l_bfgs_b(
        value,
        start,
        m=CORRECTIONS,
        factr=FALL,
        pgtol=SLOPE,
        maxfun=evaluations,
        maxiter=evaluations,
    )[0]
    return np.asarray(encoded(end)[2] / p_x)
