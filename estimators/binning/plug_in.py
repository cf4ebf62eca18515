"""The plug-in estimate of MI from symbols, which all estimators that count symbols share."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import NO_COLUMNS, NO_LIMITS, Variable
from mibench.types import Estimate

from ..kernels.chance import pair_counts
from ..kernels.symbols import counts_of_table, dense_symbols, entropy_nats, joint_entropy_nats
from .corrected import Correction, corrected_entropy, counts_of, shrinkage_weight, shrunk_entropy

MAX_KEY = 2**62
MUCH_NATS, MUCH_SHARE = 0.1, 0.15  # of a bias, and as a share of what is left of the estimate
LEAST_OF_BIAS = 0.8  # an estimate below this part of the bias does not have it


@dataclass(frozen=True)
class SymbolCounts:
    """A discrete variable of n rows: how often each symbol occurs, and its plug-in entropy."""

    n: int
    counts: NDArray[np.int64]
    entropy_nats: float


@dataclass(frozen=True)
class RowSymbols(SymbolCounts):
    """`SymbolCounts` with the symbol of each row, symbols (n,) in [0, len(counts))."""

    symbols: NDArray[np.int64]


def _row_symbols(symbols: NDArray[np.int64], counts: NDArray[np.int64]) -> RowSymbols:
    return RowSymbols(len(symbols), counts, entropy_nats(counts), symbols)


_symbols_of_variable: WeakKeyDictionary[Variable, RowSymbols] = WeakKeyDictionary()


def variable_symbols(variable: Variable) -> RowSymbols:
    """The symbols of a discrete variable. The result is cached for each variable."""
    if variable not in _symbols_of_variable:
        _symbols_of_variable[variable] = _row_symbols(variable.symbols, variable.counts)
    return _symbols_of_variable[variable]


def key_symbols(keys: NDArray[np.int64], span: int) -> RowSymbols:
    """Symbols of integer row keys in [0, span); a span of 0 means that no bound is known."""
    return _row_symbols(*dense_symbols(keys, span))


def as_labels(symbols: RowSymbols) -> Variable:
    """The bins of a side as labels."""
    return Variable(symbols.n, 1, NO_COLUMNS, NO_LIMITS, NO_LIMITS, symbols.symbols, symbols.counts)


def symbols_of_bins(
    n: int, bins: Sequence[int], fold: Callable[[NDArray[np.int64], int, int], None]
) -> RowSymbols:
    """One symbol per row of bin indices.

    bins: the number of bins of each dimension; `fold(keys, a, b)` computes keys = keys * bins[d] +
    bin in d, in place, for the dimensions d in [a, b).
    """
    keys = np.zeros(n, np.int64)
    span = 1
    first = 0
    for d, m in enumerate(bins):
        if span * m > MAX_KEY:  # renumber before the keys overflow
            fold(keys, first, d)
            symbols = key_symbols(keys, span)
            keys, span = symbols.symbols, len(symbols.counts)
            first = d
        span *= m
    fold(keys, first, len(bins))
    return key_symbols(keys, span)


def plug_in(
    x: RowSymbols,
    y: RowSymbols,
    correction: Correction | None = None,
    info: Mapping[str, Any] = MappingProxyType({}),
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Estimate:
    """I(X;Y) from the symbols of both sides; see `plug_in_counts`."""
    joint = joint_entropy(x, y)
    return plug_in_counts(x, y, joint, correction, info, notes, lambda: counts_of_pairs(x, y))


def counts_of_pairs(x: RowSymbols, y: RowSymbols) -> NDArray[np.int64]:
    """How often each pair of symbols that occurs does."""
    if x.n in (len(x.counts), len(y.counts)):
        return np.ones(x.n, np.int64)
    return pair_counts(x.symbols, y.symbols, len(x.counts), len(y.counts))


def joint_entropy(x: RowSymbols, y: RowSymbols) -> tuple[float, int]:
    """The plug-in entropy of the pairs of symbols in nats, and the number of pairs that occur."""
    n, kx, ky = x.n, len(x.counts), len(y.counts)
    if n in (kx, ky):  # all symbols of one side differ, so all pairs differ
        return math.log(n), n
    return joint_entropy_nats(x.symbols, y.symbols, kx, ky)


def margins_of_table(
    table: NDArray[np.int64],
) -> tuple[SymbolCounts, SymbolCounts, tuple[float, int]]:
    """X, Y, and the entropy and number of their pairs, from a table of the counts of pairs."""
    n = int(table.sum())
    x, y, pairs = (SymbolCounts(n, c, entropy_nats(c)) for c in counts_of_table(table))
    return x, y, (pairs.entropy_nats, len(pairs.counts))


def plug_in_counts(
    x: SymbolCounts,
    y: SymbolCounts,
    joint: tuple[float, int],
    correction: Correction | None = None,
    info: Mapping[str, Any] = MappingProxyType({}),
    notes: Mapping[str, str] = MappingProxyType({}),
    pairs: Callable[[], NDArray[np.int64]] | None = None,
) -> Estimate:
    """I = H(X) + H(Y) - H(XY) from relative frequencies, in nats.

    joint: the plug-in entropy of the pairs, and the number of pairs that occur. pairs: returns how
    often each of them occurs, which corrections other than "miller-madow" need.
    Bias: upwards by about (Kx - 1)(Ky - 1) / 2n, where Kx and Ky are the numbers of symbols that
    occur (Miller 1955; Panzeri & Treves 1996, doi:10.1088/0954-898X/7/1/006). "miller-madow" adds
    (K - 1) / 2n to each entropy, which removes this bias as long as counts are not small.
    `corrected` has the other corrections. For pairs, they take Kx Ky as the number that could
    occur; "shrinkage" shrinks the shares of pairs, and X and Y have the shares that follow.
    """
    h_x, h_y, (h_xy, kxy) = x.entropy_nats, y.entropy_nats, joint
    if correction == "miller-madow":
        entropies_and_symbols = (h_x, len(x.counts)), (h_y, len(y.counts)), (h_xy, kxy)
        h_x, h_y, h_xy = (h + (k - 1) / (2 * x.n) for h, k in entropies_and_symbols)
    elif correction is not None and pairs is not None:
        h_x, h_y, h_xy = _corrected_entropies(x.counts, y.counts, pairs(), correction)
    entropies = {"entropy_x_nats": h_x, "entropy_y_nats": h_y, "entropy_xy_nats": h_xy}
    return Estimate(h_x + h_y - h_xy, dict(notes), {"method": "plug-in", **info, **entropies})


def chance_in_bins(kx: Any, ky: Any, kxy: Any, n: int) -> Any:
    """About how much of a plug-in estimate is chance: its bias in nats, numbers or arrays.

    Kx, Ky and Kxy symbols and pairs occur in n rows (Miller 1955). Where counts are small, some
    occur in no row, and the bias is larger.
    """
    return (kxy - kx - ky + 1) / (2 * n)


def is_much(bias: Any, nats: Any) -> Any:
    """Whether a bias is a large part of an estimate, and no more than it: numbers or arrays.

    Rows that are all combinations of two sides, as in a design, have an estimate of 0.
    """
    of_estimate = (bias > MUCH_SHARE * (nats - bias)) & (nats > LEAST_OF_BIAS * bias)
    return (bias > MUCH_NATS) & of_estimate


def _corrected_entropies(
    x: NDArray[np.int64], y: NDArray[np.int64], pairs: NDArray[np.int64], correction: Correction
) -> tuple[float, float, float]:
    """The entropies of X, Y and pairs, each from the counts of what occurs."""
    of_pairs = counts_of(pairs, len(x) * len(y))
    sides = counts_of(x), counts_of(y), of_pairs
    if correction == "shrinkage":
        weight = shrinkage_weight(of_pairs)
        h_x, h_y, h_xy = (shrunk_entropy(side, weight) for side in sides)
    else:
        h_x, h_y, h_xy = (corrected_entropy(side, correction) for side in sides)
    return h_x, h_y, h_xy
