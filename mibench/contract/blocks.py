"""All pairs of many columns by blocks: what an estimator may offer that counts them together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .variables import Variable


@dataclass(frozen=True, eq=False)
class PairBlock:
    """Estimates of the columns [first, last) with all later columns.

    Attributes:
        first: The first column of the block.
        last: One more than the last.
        rows: The number of rows.
        nats: (last - first, d), where column j is later than i; else any number.
        flags: (last - first, d), the place in `texts` of the flags of each pair.
        texts: Codes of flags joined by ";".
        alone: (last - first, d), which pairs are to be estimated one by one, as `estimate_pairs`
            does: their numbers or flags are not in the block.
    """

    first: int
    last: int
    rows: int
    nats: NDArray[np.float64]
    flags: NDArray[np.intp]
    texts: list[str]
    alone: NDArray[np.bool_]


@runtime_checkable
class EstimatesBlocks(Protocol):
    """An estimator that estimates all pairs of many columns together, in far less time."""

    def estimate_blocks(self, columns: Sequence[Variable]) -> Iterator[PairBlock]:
        """Estimate I(X;Y) for all pairs of columns of the same rows, block by block.

        Numbers and flags are those of `estimate`, to the last bit.
        """
        ...
