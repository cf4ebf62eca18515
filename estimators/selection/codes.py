"""Columns as symbols: labels as they are, numbers cut into bins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable

from ..adaptive import AUTO_SCALE, padded_edges
from ..binning.bin_rules import balanced_number

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class CodedColumns:
    """Columns of n rows as symbols.

    Attributes:
        symbols: (d, n), in [0, sizes[d]).
        sizes: (d,).
    """

    symbols: Codes
    sizes: NDArray[np.int64]


def bins_for(n: int, target: Variable) -> int:
    """How many bins a column of numbers gets, beside one more column and the target.

    The rule of `Adaptive`, for two dimensions, or three with a target that is binned itself.
    """
    labels = target.cardinality if 0 < target.cardinality < n else 1
    return balanced_number(n, labels, 2 if target.discrete else 3, AUTO_SCALE)


def coded(columns: Sequence[Variable], bins: int) -> CodedColumns:
    """Columns as symbols. Numbers of more than `bins` distinct values are cut at their quantiles.

    As in `Adaptive`, these are quantiles of the distinct values, so a frequent value takes one bin.
    """
    symbols = np.empty((len(columns), columns[0].n), np.int32)
    sizes = np.empty(len(columns), np.int64)
    for place, column in enumerate(columns):
        if column.discrete:
            symbols[place], sizes[place] = column.symbols, column.cardinality
            continue
        values = column.float64[0]
        distinct, codes = np.unique(values, return_inverse=True)
        if len(distinct) > bins:
            edges = padded_edges(values[np.newaxis], bins)[0][: bins - 1]
            codes = np.searchsorted(edges, values, side="right")
        symbols[place], sizes[place] = codes, codes.max() + 1
    return CodedColumns(symbols, sizes)
