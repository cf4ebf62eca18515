"""All pairs of many columns by blocks: what an estimator may offer that counts them together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .variables import Variable

DEVICES = ("cpu", "cuda", "auto")


@dataclass(frozen=True, eq=False)
class PairBlock:
    """Estimates of the columns [first, last) with all later columns.

    The arrays have one row for each of these columns, and one column for each from `first` on:
    (last - first, d - first). What they say of a column and an earlier one has no meaning.

    Attributes:
        first: The first column of the block.
        last: One more than the last.
        rows: The number of rows of data.
        nats: The estimates.
        flags: The place in `texts` of the flags of each pair.
        texts: Codes of flags joined by ";".
        alone: Which pairs are to be estimated one by one, as `estimate_pairs` does: their numbers
            or flags are not in the block.
    """

    first: int
    last: int
    rows: int
    nats: NDArray[np.float64]
    flags: NDArray[np.uint8]
    texts: list[str]
    alone: NDArray[np.bool_]

    @property
    def later(self) -> NDArray[np.bool_]:
        """Which pairs are those of a column with a later one."""
        height, width = self.nats.shape
        return np.arange(height)[:, np.newaxis] < np.arange(width)


class PairBlocks(Protocol):
    """The blocks of the pairs of some columns, each of which can be estimated anywhere."""

    @property
    def bounds(self) -> Sequence[tuple[int, int]]:
        """The first column of each block, and one more than the last."""
        ...

    def work(self, first: int, last: int) -> Callable[[], PairBlock]:
        """What estimates one block. It can be pickled, and holds what it needs of the columns."""
        ...


@runtime_checkable
class EstimatesBlocks(Protocol):
    """An estimator that estimates all pairs of many columns together, in far less time."""

    def estimate_blocks(self, columns: Sequence[Variable], device: str = "cpu") -> PairBlocks:
        """The blocks in which I(X;Y) is estimated for all pairs of columns of the same rows.

        Numbers and flags are those of `estimate`, to the last bit, on any device.
        """
        ...
