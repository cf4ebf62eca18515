"""Estimates all pairs of columns: what a store keeps, then blocks, then the others one by one."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.blocks import EstimatesBlocks
from ..records.pair_store import PairRow
from ..running.backends import Workers
from .found_pairs import FoundPairs
from .gaps import Column, SidesOfPairs
from .pair_batches import ColumnPair, EstimateOrError, estimate_places
from .pair_keeping import Keeping
from .pair_tests import Tested
from .wide_pairs import blocks_of, whole_columns

COLUMNS_OF_BATCH = 8  # on each side of its pairs, of which it has up to 64 for each core

Places = NDArray[np.intp]  # (pairs, 2)


@dataclass(frozen=True, eq=False)
class PairRun:
    """The estimates of all pairs of some columns, and where they are made and kept."""

    columns: Sequence[Column | str]
    tested: Tested
    workers: Workers
    device: str
    keeping: Keeping

    def into(self, found_pairs: FoundPairs) -> Generator[int, None, None]:
        """Add all pairs to what is found; yields how many are done."""
        d = len(self.columns)
        whole = whole_columns(self.tested, self.columns, self.device)
        places = np.array([place for place, _ in whole], dtype=np.intp)
        one_by_one = [self._not_among(places)]
        if whole:
            assert isinstance(self.tested.estimator, EstimatesBlocks)
            blocks = blocks_of(
                self.tested.estimator, [variable for _, variable in whole], self.device,
                self.workers, self.keeping,
            )  # fmt: skip
            with closing(blocks):
                for block in blocks:
                    found_pairs.add_block(block, places)
                    one_by_one.append(places[np.argwhere(block.alone) + block.first])
                    yield found_pairs.done
        pairs = np.concatenate(one_by_one)
        # The pairs of a batch share columns, which are sent to a process, and sorted there, once.
        i, j = pairs.T
        pairs = pairs[np.lexsort((i, j, i // COLUMNS_OF_BATCH, j // COLUMNS_OF_BATCH))]
        if self.keeping.pairs and len(pairs):
            known = np.array([i * d + j for i, j in self.keeping.pairs if j < d], np.intp)
            old = np.isin(pairs[:, 0] * d + pairs[:, 1], known)
            found_pairs.add(self.keeping.pairs[i, j] for i, j in pairs[old].tolist())
            pairs = pairs[~old]
            yield found_pairs.done
        yield from self._estimated(pairs, found_pairs)

    def _not_among(self, places: NDArray[np.intp]) -> Places:
        """The pairs of columns of which one at least is not among these."""
        every = np.arange(len(self.columns))
        among = np.isin(every, places)
        pairs = [np.empty((0, 2), np.intp)]
        for j in every[~among]:  # each pair once, at the later of those that are not among them
            i = every[among | (every < j)]
            pairs.append(np.stack([np.minimum(i, j), np.maximum(i, j)], axis=1))
        return np.concatenate(pairs)

    def _estimated(self, pairs: Places, found_pairs: FoundPairs) -> Generator[int, None, None]:
        """Estimate these pairs one by one."""
        sides = SidesOfPairs(self.columns)
        with closing(estimate_places(sides, pairs, self.tested, self.workers)) as batches:
            for batch in batches:
                rows = [_row(pair, result, sides.rows[pair]) for pair, result in batch.items()]
                self.keeping.keep_pairs(rows)
                found_pairs.add(rows)
                yield found_pairs.done


def _row(pair: ColumnPair, estimate: EstimateOrError, rows: int) -> PairRow:
    if isinstance(estimate, str):
        return PairRow(*pair, np.nan, np.nan, rows, "", estimate)
    p_value = np.nan if estimate.p_value is None else estimate.p_value
    return PairRow(*pair, estimate.nats, p_value, rows, ";".join(estimate.flags), "")
