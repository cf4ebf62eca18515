"""The information of quantised layers, counted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.resolve import ResolvedEstimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from ..kernels.counting import entropy_of_symbols, number_rows
from ..settings import Setting

# Share of the inputs with their own activations, from which counting says log N. Then H(T) is above
# 0.99 log N for 4096 inputs.
MOST_OWN_CODES = 0.9
TABLE_PER_ROW = 16  # entries of a table of counts


@dataclass(frozen=True)
class Exact(Estimator):
    """I(X;T) and I(T;Y) of a quantised layer T, by counting its distinct activation vectors.

    X is uniform over the inputs, and T is a function of X. So I(X;T) = H(T), the entropy of the
    counts of equal rows, and I(T;Y) = H(T) + H(Y) - H(T,Y). Nothing is estimated: these are the
    values for the distribution that is uniform over the inputs. For a larger population of which
    the inputs are a sample, they are plug-in estimates.

    Bias: none. But if nearly every input has its own activations, I(X;T) is log N and I(T;Y) H(Y)
    whatever the network computes; such layers are flagged (`own_codes`).

    References:
        Lorenzen, Igel & Nielsen 2022, arXiv:2106.12912.
        Nothnagel & Geiger 2026, arXiv:2605.03636.

    Example:
        >>> import numpy as np
        >>> layer = np.array([[0, 1], [0, 1], [1, 1], [0, 0]])
        >>> Exact().estimate(np.arange(4), layer, discrete_x=True).bits
        1.5
    """

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        return self._estimate_each(y, [x])[0]

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        symbols, distinct = _symbols(t)
        h_t, own_codes = entropy_of_symbols(symbols, distinct)
        notes = dict([flags.own_codes(own_codes, t.n)] if own_codes >= MOST_OWN_CODES * t.n else [])
        info = {"method": "counted", "distinct": distinct, "entropy_nats": h_t}
        # No ceiling: the value is the true one, however large.
        return [
            Estimate(
                _information(symbols, distinct, h_t, other), notes, info, ceiling_nats=math.inf
            )
            for other in others
        ]


def _symbols(t: Variable) -> tuple[NDArray[np.int64], int]:
    if t.discrete:
        return t.symbols, t.cardinality
    symbols = np.empty(t.n, np.int64)
    columns = t.columns
    if columns.dtype != np.float32:  # another type would be another kernel
        ranks = [np.unique(column, return_inverse=True)[1] for column in columns]
        columns = np.array(ranks, np.float32)
    return symbols, number_rows(np.ascontiguousarray(columns), symbols)


def _information(symbols: NDArray[np.int64], distinct: int, h_t: float, other: Variable) -> float:
    """I(T;O) in nats, where h_t is H(T)."""
    labels, size = _symbols(other)
    n = len(labels)
    if size == n:  # all labels differ
        return h_t
    pairs = symbols * size + labels
    possible = distinct * size
    if possible > TABLE_PER_ROW * n:  # too many for a table
        values, pairs = np.unique(pairs, return_inverse=True)
        possible = len(values)
    h_o, h_pairs = (
        entropy_of_symbols(*variable)[0] for variable in ((labels, size), (pairs, possible))
    )
    return h_t + h_o - h_pairs


def refuse_exact_of_floats(resolved: Sequence[ResolvedEstimator], setting: Setting) -> None:
    """Raise InputError if `exact` would count the layers of networks that are not quantised."""
    if (
        any(isinstance(estimator.estimator, Exact) for estimator in resolved)
        and not setting.quantize
    ):
        raise InputError(
            "exact counts the values of quantised layers, and these networks are not quantised: "
            "I(X;T) of a continuous layer is infinite, and counting would give log N. Train with "
            "--quantize 8 (quantize=8 in Python), or measure with uniform or adaptive"
        )
