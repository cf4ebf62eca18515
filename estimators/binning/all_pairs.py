"""All pairs of many binned columns: one table of counts for each pair, and nothing else twice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
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
from .on_device import device_there, joint_entropies_on
from .plug_in import chance_in_bins, is_much

if TYPE_CHECKING:
    from .base import BinningEstimator

Bools = NDArray[np.bool_]

ROWS_OF_BLOCK = 64  # columns whose pairs with all others are counted at a time
MAX_SYMBOLS = 2**7  # of a column; tables of more are no longer small
# An estimate above this share of the smaller entropy may be near its ceiling; such pairs are looked
# at one by one.
MAYBE_AT_CEILING = 0.8
COUNTED_CORRECTIONS = ("auto", None, "miller-madow")  # others need the count of each pair
# Bits of a flag, in the order in which single estimates name them.
ORDER = ("constant", "more_bins_than_samples", "outside_range", "outliers", "bin_bias", "negative",
         "dependent_rows")  # fmt: skip
BIT = {code: np.uint8(1 << place) for place, code in enumerate(ORDER)}
TEXTS = [";".join(code for code in ORDER if mask & BIT[code]) for mask in range(1 << len(ORDER))]


@dataclass(frozen=True, eq=False)
class BinnedBlocks:
    """The blocks of the pairs of columns: `mibench.contract.blocks.PairBlocks`.

    Pairs with a column of labels are left to single calls. So are pairs that may be near their
    ceiling, those whose rows may be copies, and all with corrections of another kind.
    """

    estimator: "BinningEstimator"
    columns: Sequence[Variable]
    shown_as_zero: float
    device: str

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """The first column of each block, and one more than the last."""
        d = len(self.columns)
        return [(first, min(first + ROWS_OF_BLOCK, d)) for first in range(0, d, ROWS_OF_BLOCK)]

    def work(self, first: int, last: int) -> "_Block":
        """What estimates the block of the columns [first, last)."""
        miller_madow = self.estimator.correction == "miller-madow"
        coded, repeats = self._coded.since(first), self._repeats.since(first)
        return _Block(first, last, coded, repeats, miller_madow, self.shown_as_zero, self.device)

    @cached_property
    def _coded(self) -> "_Coded":
        return _coded(self.estimator, self.columns)

    @cached_property
    def _repeats(self) -> "_Repeats":
        return _Repeats.of(self.columns, self._coded.usable)


@dataclass(frozen=True, eq=False)
class _Coded:
    """Columns of numbers as symbols, beside another column of numbers."""

    symbols: NDArray[np.uint16]
    sizes: NDArray[np.int64]
    entropies: NDArray[np.float64]
    joint_bins: NDArray[np.float64]
    masks: NDArray[np.uint8]
    constant: Bools
    usable: Bools
    serial: Bools

    def since(self, first: int) -> "_Coded":
        """The columns from `first` on."""
        return _Coded(*(getattr(self, field.name)[first:] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class _Block:
    """The pairs of the columns [first, last) with all later ones, and how to estimate them."""

    first: int
    last: int
    columns: _Coded  # from `first` on
    repeats: "_Repeats"
    miller_madow: bool
    shown_as_zero: float
    device: str

    def __call__(self) -> PairBlock:
        columns, count = self.columns, self.last - self.first
        n = columns.symbols.shape[1]
        joint, pairs = _counted(columns, count, self.device)
        entropies = columns.entropies + (columns.sizes - 1) / (2 * n) * self.miller_madow
        if self.miller_madow:
            joint += (pairs - 1) / (2 * n)
        nats = entropies[:count, np.newaxis] + entropies - joint
        flags = columns.masks[:count, np.newaxis] | columns.masks
        more = columns.joint_bins[:count, np.newaxis] * columns.joint_bins > n
        serial = columns.serial[:count, np.newaxis] & columns.serial
        flags |= more * BIT["more_bins_than_samples"]
        if not self.miller_madow:
            bias = chance_in_bins(columns.sizes[:count, np.newaxis], columns.sizes, pairs, n)
            flags |= (is_much(bias, nats) & ~more) * BIT["bin_bias"]
        flags |= (nats < -self.shown_as_zero) * BIT["negative"]
        flags |= serial * BIT["dependent_rows"]
        of_constant = columns.constant[:count, np.newaxis] | columns.constant
        nats[of_constant], flags[of_constant] = 0.0, BIT["constant"]
        least = np.minimum(columns.entropies[:count, np.newaxis], columns.entropies)
        alone = nats > MAYBE_AT_CEILING * np.minimum(least, math.log(n)) - 2 * ROUNDING
        alone |= ~(columns.usable[:count, np.newaxis] & columns.usable)
        block = PairBlock(self.first, self.last, n, nats, flags, TEXTS, alone)
        alone &= block.later & ~of_constant
        alone |= self.repeats.maybe_copies(block.later & ~alone & ~of_constant)
        return block


def _coded(estimator: Any, columns: Sequence[Variable]) -> _Coded:
    """The symbols of the columns that can be used; zeros for the others."""
    d, n = len(columns), columns[0].n
    numbers = np.array([not v.discrete and v.dims == 1 for v in columns])
    constant = np.array([v.constant for v in columns])
    serial = np.array([serial_correlation(v) for v in columns]) > least_serial_correlation(n)
    symbols = np.zeros((d, n), np.uint16)
    sizes, masks = np.ones(d, np.int64), np.zeros(d, np.uint8)
    entropies, joint_bins = np.zeros(d), np.ones(d)
    usable = numbers & ~constant & (estimator.correction in COUNTED_CORRECTIONS)
    places = np.flatnonzero(usable)
    # Bins depend on how many dimensions the other column has, and on nothing else.
    other = columns[places[0]] if len(places) else columns[0]

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

    if len(places):
        share_rows(cut, len(places), 8)
    usable &= sizes <= MAX_SYMBOLS
    return _Coded(symbols, sizes, entropies, joint_bins, masks, constant, usable, serial)


def _counted(
    coded: _Coded, count: int, device: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The joint entropies of the first columns with all, and the numbers of distinct pairs."""
    d = len(coded.sizes)
    sizes = np.minimum(coded.sizes, MAX_SYMBOLS)
    if device == "auto":
        device = device_there()
    if device != "cpu":
        return joint_entropies_on(device, coded.symbols, sizes, count)
    entropies, pairs = np.zeros((count, d)), np.ones((count, d), np.int64)
    a, sizes_a = coded.symbols[:count], sizes[:count]

    def count_pairs(start: int, stop: int) -> None:
        part = slice(start, stop)
        of_part, pairs_of_part = (
            np.zeros((count, stop - start)),
            np.ones((count, stop - start), int),
        )
        joint_entropies_of_columns(
            a, sizes_a, coded.symbols[part], sizes[part], 0, count, of_part, pairs_of_part
        )
        entropies[:, part], pairs[:, part] = of_part, pairs_of_part

    share_rows(count_pairs, d, 16)
    return entropies, pairs


@dataclass(frozen=True, eq=False)
class _Repeats:
    """Which columns have values that occur again, without which no row can be a copy."""

    values: NDArray[np.int32]
    distinct: NDArray[np.int64]
    places: NDArray[np.int64]  # of a column in `values`, or negative

    def since(self, first: int) -> "_Repeats":
        """The columns from `first` on."""
        before = int((self.places[:first] >= 0).sum())
        places = self.places[first:]
        return _Repeats(
            self.values[before:], self.distinct[before:], np.where(places < 0, -1, places - before)
        )

    @classmethod
    def of(cls, columns: Sequence[Variable], usable: Bools) -> "_Repeats":
        places = np.full(len(columns), -1)
        values: list[NDArray[np.int32]] = []
        distinct: list[int] = []
        for place in np.flatnonzero(usable).tolist():
            column = columns[place].columns[0]
            unique_values, codes = np.unique(column, return_inverse=True)
            if len(unique_values) < len(column):
                places[place] = len(values)
                values.append(codes.astype(np.int32))
                distinct.append(len(unique_values))
        empty = np.zeros((0, columns[0].n), np.int32)
        return cls(np.array(values) if values else empty, np.array(distinct, np.int64), places)

    def maybe_copies(self, asked: Bools) -> Bools:
        """Which of the pairs asked for have as many repeated rows as copies would give.

        asked: (first columns, all columns).
        """
        again = self.places >= 0
        asked = asked & again[: len(asked), np.newaxis] & again
        i, j = np.nonzero(asked)
        if not len(i):
            return asked
        repeated, different = np.empty(len(i), np.int64), np.empty(len(i), np.int64)
        x, y = self.places[i], self.places[j]

        def count(start: int, stop: int) -> None:
            repeated_rows_of_columns(
                self.values, self.distinct, x, y, start, stop, repeated, different
            )

        share_rows(count, len(i), 16)
        enough = np.maximum(MIN_COPIED_ROWS, MIN_COPIED_SHARE * different)
        asked[i, j] = repeated >= enough
        return asked
