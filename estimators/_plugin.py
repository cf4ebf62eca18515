"""The plug-in estimate of MI from symbols, shared by every estimator that ends in counting."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mibench.types import Estimate
from mibench.variables import Variable

from .kernels.symbols import dense_symbols, entropy_nats, joint_entropy_nats

Correction = Literal["miller-madow"]

KEY_LIMIT = 2**62


@dataclass(frozen=True)
class Symbols:
    """A discrete variable: symbols (n,) in [0, len(counts)), counts of each; its entropy."""

    symbols: NDArray[np.int64]
    counts: NDArray[np.int64]
    entropy_nats: float


def _symbols(symbols: NDArray[np.int64], counts: NDArray[np.int64]) -> Symbols:
    n, kinds = len(symbols), len(counts)
    return Symbols(symbols, counts, math.log(n) if kinds == n else entropy_nats(counts))


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
    """I = H(X) + H(Y) - H(XY) from relative frequencies, in nats.

    Biased upwards by about (Kx - 1)(Ky - 1) / 2n for K occupied symbols a side (Miller 1955,
    Panzeri & Treves 1996, doi:10.1088/0954-898X/7/1/006). With "miller-madow" each entropy is
    raised by (K - 1) / 2n first, which removes that much of the bias while counts are not small.
    """
    n, kx, ky = len(x.symbols), len(x.counts), len(y.counts)
    if n in (kx, ky):  # every row has a symbol of its own: then every pair is another
        h_xy, kxy = math.log(n), n
    else:
        h_xy, kxy = joint_entropy_nats(x.symbols, y.symbols, kx, ky)
    h_x, h_y = x.entropy_nats, y.entropy_nats
    if correction == "miller-madow":
        h_x, h_y, h_xy = (h + (k - 1) / (2 * n) for h, k in ((h_x, kx), (h_y, ky), (h_xy, kxy)))
    entropies = {"entropy_x_nats": h_x, "entropy_y_nats": h_y, "entropy_xy_nats": h_xy}
    return Estimate(h_x + h_y - h_xy, dict(notes), {"method": "plug-in", **info, **entropies})
