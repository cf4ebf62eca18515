"""All pairs of many columns, by blocks, with an estimator that counts them together."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..contract.blocks import EstimatesBlocks, PairBlock
from ..types import Estimate, SupportsEstimate
from .gaps import Column, SidesOfPairs
from .kept_pairs import Kept
from .pair_batches import estimate_batch
from .pair_tests import Tested

if TYPE_CHECKING:
    import pandas as pd

MIN_COLUMNS = 8  # of fewer, pairs one by one take no time either
AT_ONCE = 512  # pairs of a block that are estimated one by one, between two looks at Ctrl-C


def by_blocks(estimator: SupportsEstimate, columns: Sequence[Column | str]) -> bool:
    """Whether the pairs of these columns are counted by blocks."""
    whole = sum(isinstance(c, Column) and c.whole is not None for c in columns)
    return isinstance(estimator, EstimatesBlocks) and whole >= MIN_COLUMNS


@dataclass(eq=False)
class WidePairs:
    """The pairs of columns that are known so far, as arrays.

    Attributes:
        done: How many pairs have been estimated.
    """

    columns: Sequence[Column | str]
    kept: Kept
    done: int = 0
    _parts: dict[str, list[NDArray[Any]]] = field(
        default_factory=lambda: {name: [] for name in ("i", "j", "nats", "rows", "flags", "error")}
    )

    def estimate(self, estimator: SupportsEstimate) -> Iterator[int]:
        """Estimate all pairs; yields how many are done."""
        tested = Tested(estimator)
        d = len(self.columns)
        whole = [i for i, c in enumerate(self.columns) if isinstance(c, Column) and c.whole]
        places = np.array(whole)
        sides = SidesOfPairs(self.columns)
        together = np.zeros(d, np.bool_)
        together[places] = True
        assert isinstance(estimator, EstimatesBlocks)
        variables = [self.columns[place].whole for place in whole]  # type: ignore[union-attr]
        for block in estimator.estimate_blocks(variables):  # type: ignore[arg-type]
            self._add_block(block, places)
            i, j = np.nonzero(block.alone)
            alone = [
                (int(places[a + block.first]), int(places[b])) for a, b in zip(i, j, strict=True)
            ]
            for start in range(0, len(alone), AT_ONCE):
                self._add_alone(
                    estimate_batch(tested, sides, alone[start : start + AT_ONCE]), sides
                )
            yield self.done
        others = [(i, j) for j in range(d) for i in range(j) if not (together[i] and together[j])]
        for start in range(0, len(others), AT_ONCE):
            self._add_alone(estimate_batch(tested, sides, others[start : start + AT_ONCE]), sides)
            yield self.done

    def _add_block(self, block: PairBlock, places: NDArray[np.intp]) -> None:
        d = block.nats.shape[1]
        later = np.arange(block.first, block.last)[:, np.newaxis] < np.arange(d)
        wanted = later & ~block.alone
        self.done += int(wanted.sum())
        i, j = np.nonzero(self.kept.of_block(block.first, block.nats, wanted))
        n = block.rows
        texts = np.array(block.texts, dtype=object)
        self._add(
            i=places[i + block.first], j=places[j], nats=block.nats[i, j],
            rows=np.full(len(i), n), flags=texts[block.flags[i, j]],
            error=np.full(len(i), "", dtype=object),
        )  # fmt: skip

    def _add_alone(self, found: dict[tuple[int, int], Estimate | str], sides: SidesOfPairs) -> None:
        self.done += len(found)
        least = self.kept.threshold_nats
        rows: list[tuple[Any, ...]] = []
        for (i, j), estimate in found.items():
            if isinstance(estimate, str):
                rows.append((i, j, math.nan, sides.rows[i, j], "", estimate))
            elif least is None or estimate.nats >= least:
                codes = ";".join(estimate.flags)
                rows.append((i, j, estimate.nats, sides.rows[i, j], codes, ""))
        if rows:
            parts = [*zip(*rows, strict=True)]
            self._add(
                i=np.array(parts[0]), j=np.array(parts[1]), nats=np.array(parts[2]),
                rows=np.array(parts[3]), flags=np.array(parts[4], dtype=object),
                error=np.array(parts[5], dtype=object),
            )  # fmt: skip

    def _add(self, **parts: NDArray[Any]) -> None:
        for name, values in parts.items():
            self._parts[name].append(values)

    def table(self, names: "pd.Index[Any]") -> "pd.DataFrame":
        """The pairs that are kept, as `Pairwise.table`, in the order of the columns."""
        import pandas as pd

        whole = {
            name: np.concatenate(parts) if parts else np.empty(0)
            for name, parts in self._parts.items()
        }
        i, j = whole["i"].astype(np.intp), whole["j"].astype(np.intp)
        order = np.lexsort((j, i))
        if not self.kept.all:
            order = order[self.kept.of_all(len(names), i, j, whole["nats"])[order]]
        titles = np.empty(len(names), dtype=object)
        titles[:] = list(names)
        nats = whole["nats"][order]
        return pd.DataFrame({
            "x": titles[i[order]], "y": titles[j[order]], "nats": nats, "bits": nats / math.log(2),
            "rows": whole["rows"][order].astype(np.int64), "flags": whole["flags"][order],
            "error": whole["error"][order],
        }).astype({"x": names.dtype, "y": names.dtype})  # fmt: skip
