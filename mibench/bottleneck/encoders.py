"""Soft encoders: where the self-consistent equations of the bottleneck settle, for many betas."""

import numpy as np

from .leaps import CELLS, LOWEST, Places, search
from .probabilities import Float

CHANGE = 1e-8  # of log p(t, y), root mean square, at which the search ends


def settled(joint: Float, encoders: Float, betas: Float, iterations: int) -> Float:
    """The encoders to which the equations lead from these, one for each beta.

    The equations minimise, in turn over p(t|x) and p(t, y),

        F = sum over x of -p(x) log sum over t of p(t) exp(beta sum over y of p(y|x) log p(y|t)),

    which is I(X;T) - beta I(T;Y) and a constant where they settle.

    Args:
        joint: (values of x, values of y) p(x, y), with p(x) above 0.
        encoders: (b, values of x, clusters) p(t|x) to start from.
        betas: (b,) the weights.
        iterations: the most steps for each beta.

    Returns:
        (b, values of x, clusters) p(t|x).

    References:
        Tishby, Pereira & Bialek 1999, arXiv:physics/0004057.
    """
    settled_encoders = np.empty_like(encoders)
    size = max(CELLS // encoders[0].size, 1)
    for first in range(0, len(betas), size):
        part = slice(first, first + size)
        equations = _Equations(joint, betas[part])
        start = equations.log_of_joint(encoders[part] * equations.p_x)
        ends = search(equations, start, lambda change, _: change < CHANGE**2, iterations)
        settled_encoders[part] = np.array([of_xt for (of_xt,), _ in ends]) / equations.p_x
    return settled_encoders


class _Equations:
    """A step from log p(t, y), for several betas at once."""

    def __init__(self, joint: Float, betas: Float) -> None:
        self.p_x = joint.sum(axis=1, keepdims=True)
        self._given_x = joint / self.p_x
        self._betas = betas[:, np.newaxis, np.newaxis]

    def __call__(self, state: Float, places: Places) -> tuple[Float, Float, tuple[Float]]:
        """The next log p(t, y), F, and p(x, t) of the encoder between."""
        log_t = np.log(np.exp(state).sum(axis=-1, keepdims=True))
        scores = (self._betas[places] * self._given_x) @ (state - log_t).transpose(0, 2, 1)
        scores += log_t.transpose(0, 2, 1)
        highest = scores.max(axis=-1, keepdims=True)
        of_xt = np.exp(scores - highest)
        total = of_xt.sum(axis=-1, keepdims=True)
        free = -((highest + np.log(total))[..., 0] @ self.p_x[:, 0])
        of_xt *= self.p_x / total
        return self.log_of_joint(of_xt), free, (of_xt,)

    def log_of_joint(self, of_xt: Float) -> Float:
        """Log p(t, y) of p(x, t)."""
        of_ty = of_xt.transpose(0, 2, 1) @ self._given_x
        return np.asarray(np.log(np.maximum(of_ty, np.exp(LOWEST))))
