"""The plug-in estimate of MI from symbols, shared by every estimator that ends in counting."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..kernels.symbols import counts_of_table, dense_symbols, entropy_nats, joint_entropy_nats

Correction = Literal["miller-madow"]

KEY_LIMIT = 2**62


@dataclass(frozen=True)
class Counted:
    """A discrete variable of n rows: how often each of its symbols occurs; its entropy."""

    n: int
    counts: NDArray[np.int64]
    entropy_nats: float


@dataclass(frozen=True)
class Symbols(Counted):
    """The same with the symbol of each row, (n,) in [0, len(counts))."""

    symbols: NDArray[np.int64]


def _symbols(symbols: NDArray[np.int64], counts: NDArray[np.int64]) -> Symbols:
    return Symbols(len(symbols), counts, entropy_nats(counts), symbols)


_known: WeakKeyDictionary[Variable, Symbols] = WeakKeyDictionary()


def variable_symbols(variable: Variable) -> Symbols:
    """The symbols of a discrete variable, whose entropy is worked out once."""
    if variable not in _known:
        _known[variable] = _symbols(variable.symbols, variable.counts)
    return _known[variable]


def key_symbols(keys: NDArray[np.int64], span: int) -> Symbols:
    """Symbols of integer row keys in [0, span); span 0 means unknown."""
    return _symbols(*dense_symbols(keys, span))


def bin_rows(
    n: int, bins: Sequence[int], fold: Callable[[NDArray[np.int64], int, int], None]
) -> Symbols:
    """One symbol a row of bin indices.

    bins: the number of bins of each dimension; `fold(keys, a, b)` does keys = keys * bins[d] +
    bin in d, in place, for the dimensions d in [a, b).
    """
    keys = np.zeros(n, np.int64)
    span = 1
    first = 0
    for d, m in enumerate(bins):
        if span * m > KEY_LIMIT:  # renumber before the keys overflow
            fold(keys, first, d)
            symbols = key_symbols(keys, span)
            keys, span = symbols.symbols, len(symbols.counts)
            first = d
        span *= m
    fold(keys, first, len(bins))
    return key_symbols(keys, span)


def plug_in(
    x: Symbols,
    y: Symbols,
    correction: Correction | None = None,
    info: Mapping[str, Any] = MappingProxyType({}),
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Estimate:
    """I(X;Y) from the symbols of both sides; see `plug_in_counts`."""
    return plug_in_counts(x, y, joint_of(x, y), correction, info, notes)


def joint_of(x: Symbols, y: Symbols) -> tuple[float, int]:
    """The plug-in entropy of the pairs of symbols, in nats, and how many pairs occur."""
    n, kx, ky = x.n, len(x.counts), len(y.counts)
    if n in (kx, ky):  # every row has a symbol of its own: then every pair is another
        return math.log(n), n
    return joint_entropy_nats(x.symbols, y.symbols, kx, ky)


def sides_of_table(table: NDArray[np.int64]) -> tuple[Counted, Counted, tuple[float, int]]:
    """X, Y, and the entropy and number of their pairs, from the counts of pairs of cells."""
    n = int(table.sum())
    x, y, pairs = (Counted(n, c, entropy_nats(c)) for c in counts_of_table(table))
    return x, y, (pairs.entropy_nats, len(pairs.counts))


def plug_in_counts(
    x: Counted,
    y: Counted,
    joint: tuple[float, int],
    correction: Correction | None = None,
    info: Mapping[str, Any] = MappingProxyType({}),
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Estimate:
    """I = H(X) + H(Y) - H(XY) from relative frequencies, in nats.

    joint: the plug-in entropy of the pairs, and how many occur.
    Biased upwards by about (Kx - 1)(Ky - 1) / 2n for K occupied symbols a side (Miller 1955,
    Panzeri & Treves 1996, doi:10.1088/0954-898X/7/1/006). With "miller-madow" each entropy is
    raised by (K - 1) / 2n first, which removes that much of the bias while counts are not small.
    """
    h_x, h_y, (h_xy, kxy) = x.entropy_nats, y.entropy_nats, joint
    if correction == "miller-madow":
        kinds = (h_x, len(x.counts)), (h_y, len(y.counts)), (h_xy, kxy)
        h_x, h_y, h_xy = (h + (k - 1) / (2 * x.n) for h, k in kinds)
    entropies = {"entropy_x_nats": h_x, "entropy_y_nats": h_y, "entropy_xy_nats": h_xy}
    return Estimate(h_x + h_y - h_xy, dict(notes), {"method": "plug-in", **info, **entropies})
