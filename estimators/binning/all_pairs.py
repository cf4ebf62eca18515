"""All pairs of many binned columns: one table of counts for each pair, and nothing else twice."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mibench.contract.blocks import PairBlock
from mibench.contract.copies import MIN_COPIED_ROWS, MIN_COPIED_SHARE
from mibench.contract.flags import ROUNDING
from mibench.contract.rows import least_serial_correlation, serial_correlation
from mibench.contract.variables import Variable

from ..kernels.all_pairs import joint_entropies_of_columns, repeated_rows_of_columns
from ..shared.threads import share_rows

if TYPE_CHECKING:
    from .base import BinningEstimator

Bools = NDArray[np.bool_]

ROWS_OF_BLOCK = 64  # columns whose pairs with all others are counted at a time
MAX_SYMBOLS = 2**7  # of a column; tables of more are no longer small
# An estimate above this share of the smaller entropy may be near its ceiling; such pairs are looked
# at one by one.
MAYBE_AT_CEILING = 0.8
# Bits of a flag, in the order in which single estimates name them.
ORDER = ("constant", "more_bins_than_samples", "outside_range", "outliers", "negative",
         "dependent_rows")  # fmt: skip
BIT = {code: 1 << place for place, code in enumerate(ORDER)}
TEXTS = [";".join(code for code in ORDER if mask & BIT[code]) for mask in range(1 << len(ORDER))]


@dataclass(frozen=True, eq=False)
class _Coded:
    """Columns of numbers as symbols, beside another column of numbers."""

    symbols: NDArray[np.uint16]
    sizes: NDArray[np.int64]
    entropies: NDArray[np.float64]
    joint_bins: NDArray[np.float64]
    masks: NDArray[np.int64]


def blocks_of_pairs(
    estimator: "BinningEstimator", columns: Sequence[Variable], shown_as_zero: float
) -> Iterator[PairBlock]:
    """As `EstimatesBlocks.estimate_blocks`. Pairs with a column of labels are left to single calls.

    So are pairs that may be near their ceiling, and those whose rows may be copies.
    """
    d, n = len(columns), columns[0].n
    numbers = np.array([not v.discrete and v.dims == 1 for v in columns])
    constant = np.array([v.constant for v in columns])
    usable = numbers & ~constant
    coded = _coded(estimator, columns, usable)
    usable &= coded.sizes <= MAX_SYMBOLS
    serial = np.array([serial_correlation(v) for v in columns]) > least_serial_correlation(n)
    repeats = _Repeats.of(columns, usable)
    miller_madow = estimator.correction == "miller-madow"
    entropies = coded.entropies + (coded.sizes - 1) / (2 * n) * miller_madow
    for first in range(0, d, ROWS_OF_BLOCK):
        last = min(first + ROWS_OF_BLOCK, d)
        rows = slice(first, last)
        joint, pairs = _counted(coded, first, last)
        if miller_madow:
            joint += (pairs - 1) / (2 * n)
        nats = entropies[rows, np.newaxis] + entropies - joint
        flags = coded.masks[rows, np.newaxis] | coded.masks
        more = coded.joint_bins[rows, np.newaxis] * coded.joint_bins > n
        flags |= BIT["more_bins_than_samples"] * more
        flags |= BIT["negative"] * (nats < -shown_as_zero)
        flags |= BIT["dependent_rows"] * (serial[rows, np.newaxis] & serial)
        of_constant = constant[rows, np.newaxis] | constant
        nats[of_constant], flags[of_constant] = 0.0, BIT["constant"]
        later = np.arange(first, last)[:, np.newaxis] < np.arange(d)
        least = np.minimum(coded.entropies[rows, np.newaxis], coded.entropies)
        alone = nats > MAYBE_AT_CEILING * np.minimum(least, math.log(n)) - 2 * ROUNDING
        alone |= ~(usable[rows, np.newaxis] & usable)
        alone &= later & ~of_constant
        alone |= repeats.maybe_copies(first, last, later & ~alone & ~of_constant)
        yield PairBlock(first, last, n, nats, flags, TEXTS, alone)


def _coded(estimator: Any, columns: Sequence[Variable], usable: Bools) -> _Coded:
    """The symbols of the columns that can be used; zeros for the others."""
    d, n = len(columns), columns[0].n
    symbols = np.zeros((d, n), np.uint16)
    sizes, masks = np.ones(d, np.int64), np.zeros(d, np.int64)
    entropies, joint_bins = np.zeros(d), np.ones(d)
    places = np.flatnonzero(usable)
    if not len(places):
        return _Coded(symbols, sizes, entropies, joint_bins, masks)
    other = columns[places[0]]  # bins depend on how many dimensions it has, and on nothing else

    def cut(start: int, stop: int) -> None:
        for place in places[start:stop]:
            side = estimator.binned_side(columns[place], other)
            counted = side.counted
            sizes[place] = len(counted.counts)
            if sizes[place] <= MAX_SYMBOLS:
                symbols[place] = counted.symbols
            entropies[place], joint_bins[place] = counted.entropy_nats, side.bins.joint_bins
            for code in estimator.flags_of_sides(side, side):
                masks[place] |= BIT[code]

    share_rows(cut, len(places), 8)
    return _Coded(symbols, sizes, entropies, joint_bins, masks)


def _counted(coded: _Coded, first: int, last: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The joint entropies of columns [first, last) with all later ones, and the distinct pairs."""
    d = len(coded.sizes)
    entropies, pairs = np.zeros((last - first, d)), np.ones((last - first, d), np.int64)
    sizes = np.minimum(coded.sizes, MAX_SYMBOLS)
    a, sizes_a = coded.symbols[first:last], sizes[first:last]

    def count(start: int, stop: int) -> None:
        part = slice(first + start, first + stop)
        of_part, pairs_of_part = (
            np.zeros((last - first, stop - start)), np.ones((last - first, stop - start), np.int64)
        )  # fmt: skip
        joint_entropies_of_columns(
            a, sizes_a, coded.symbols[part], sizes[part], 0, last - first, of_part, pairs_of_part
        )
        entropies[:, part], pairs[:, part] = of_part, pairs_of_part

    share_rows(count, d - first, 16)
    return entropies, pairs


@dataclass(frozen=True, eq=False)
class _Repeats:
    """Which columns have values that occur again, without which no row can be a copy."""

    values: NDArray[np.int32]
    distinct: NDArray[np.int64]
    places: NDArray[np.int64]  # of a column in `values`, or -1

    @classmethod
    def of(cls, columns: Sequence[Variable], usable: Bools) -> "_Repeats":
        places = np.full(len(columns), -1)
        values: list[NDArray[np.int32]] = []
        distinct: list[int] = []
        for place in np.flatnonzero(usable).tolist():
            column = columns[place].columns[0]
            found, codes = np.unique(column, return_inverse=True)
            if len(found) < len(column):
                places[place] = len(values)
                values.append(codes.astype(np.int32))
                distinct.append(len(found))
        empty = np.zeros((0, columns[0].n), np.int32)
        return cls(np.array(values) if values else empty, np.array(distinct, np.int64), places)

    def maybe_copies(self, first: int, last: int, asked: Bools) -> Bools:
        """Which of the pairs asked for have as many repeated rows as copies would give."""
        again = self.places >= 0
        asked = asked & again[first:last, np.newaxis] & again
        i, j = np.nonzero(asked)
        if not len(i):
            return asked
        repeated, different = np.empty(len(i), np.int64), np.empty(len(i), np.int64)
        x, y = self.places[i + first], self.places[j]

        def count(start: int, stop: int) -> None:
            repeated_rows_of_columns(
                self.values, self.distinct, x, y, start, stop, repeated, different
            )

        share_rows(count, len(i), 16)
        enough = np.maximum(MIN_COPIED_ROWS, MIN_COPIED_SHARE * different)
        asked[i, j] = repeated >= enough
        return asked
