"""The plug-in estimate of MI from symbols, shared by every estimator that ends in counting."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mibench import flags
from mibench.types import Estimate
from mibench.variables import Variable

from .kernels.symbols import dense_symbols, entropy_nats, joint_entropy_nats

Correction = Literal["miller-madow"]

KEY_LIMIT = 2**62


@dataclass(frozen=True)
class Symbols:
    """A discrete variable: symbols (n,) in [0, len(counts)), counts of each."""

    symbols: NDArray[np.int64]
    counts: NDArray[np.int64]


def variable_symbols(variable: Variable) -> Symbols:
    """The symbols of a discrete variable."""
    return Symbols(variable.symbols, variable.counts)


def key_symbols(keys: NDArray[np.int64], span: int) -> Symbols:
    """Symbols of integer row keys in [0, span); span 0 means unknown."""
    return Symbols(*dense_symbols(keys, span))


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


def crowding(bins: Sequence[int], n: int) -> dict[str, str]:
    """The flag for a joint histogram of more cells than rows."""
    cells = math.prod(float(m) for m in bins)
    return dict([flags.more_bins_than_samples(cells, n)] if cells > n else [])


def binned_ceiling(x: Variable, bins_x: Sequence[int], y: Variable, bins_y: Sequence[int]) -> float:
    """The most that the plug-in can say, nats: log n, or the log of a binned side's bins.

    The labels of a discrete side bound the truth too, so they are no ceiling.
    """
    sides = ((x, bins_x), (y, bins_y))
    return min(math.log(x.n), *(sum(map(math.log, b)) for v, b in sides if not v.discrete), 1e300)


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
    h_xy, kxy = joint_entropy_nats(x.symbols, y.symbols, kx, ky)
    h_x, h_y = entropy_nats(x.counts), entropy_nats(y.counts)
    if correction == "miller-madow":
        h_x, h_y, h_xy = (h + (k - 1) / (2 * n) for h, k in ((h_x, kx), (h_y, ky), (h_xy, kxy)))
    entropies = {"entropy_x_nats": h_x, "entropy_y_nats": h_y, "entropy_xy_nats": h_xy}
    return Estimate(h_x + h_y - h_xy, dict(notes), {"method": "plug-in", **info, **entropies})
