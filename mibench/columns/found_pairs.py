"""The pairs of columns that are estimated so far, as arrays, and the table of those kept."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..contract.blocks import PairBlock
from ..records.pair_store import PairRow
from .kept_pairs import Kept
from .pair_tests import q_values

if TYPE_CHECKING:
    import pandas as pd

KINDS = {"i": np.intp, "j": np.intp, "nats": float, "p_value": float, "rows": np.int64,
         "flags": object, "error": object}  # fmt: skip


@dataclass(eq=False)
class FoundPairs:
    """The pairs that are known so far.

    Attributes:
        kept: Which pairs are kept. What cannot be kept takes no memory.
        tested: Whether pairs have p-values. Then all stay until the q-values are known.
        done: How many pairs have been estimated.
    """

    kept: Kept
    tested: bool
    done: int = 0
    _parts: dict[str, list[NDArray[Any]]] = field(
        default_factory=lambda: {name: [] for name in KINDS}
    )

    def add_block(self, block: PairBlock, places: NDArray[np.intp]) -> None:
        """Add the pairs of a block that are not alone. places: of its columns in the table."""
        wanted = block.later & ~block.alone
        self.done += int(wanted.sum())
        i, j = np.nonzero(self.kept.of_block(block.nats, wanted))
        texts = np.array(block.texts, dtype=object)
        self._add(
            i=places[i + block.first], j=places[j + block.first], nats=block.nats[i, j],
            p_value=np.full(len(i), math.nan), rows=np.full(len(i), block.rows),
            flags=texts[block.flags[i, j]], error=np.full(len(i), "", dtype=object),
        )  # fmt: skip

    def add(self, rows: Iterable[PairRow]) -> None:
        """Add pairs that were estimated one by one."""
        given = list(rows)
        self.done += len(given)
        least = None if self.tested else self.kept.threshold_nats
        wanted = [row for row in given if least is None or row.error or row.nats >= least]
        if wanted:
            parts = zip(KINDS.items(), zip(*wanted, strict=True), strict=True)
            self._add(**{name: np.array(values, dtype=kind) for (name, kind), values in parts})

    def _add(self, **parts: NDArray[Any]) -> None:
        for name, values in parts.items():
            self._parts[name].append(values)

    def table(self, names: "pd.Index[Any]") -> "pd.DataFrame":
        """The pairs that are kept, as `Pairwise.table`, in the order of the columns."""
        import pandas as pd

        columns = {
            name: np.concatenate(parts) if parts else np.empty(0, KINDS[name])
            for name, parts in self._parts.items()
        }
        i, j, nats = columns["i"], columns["j"], columns["nats"]
        order = np.lexsort((j, i))
        # Of all pairs: they allow for the number of tests.
        of_tests = {"p_value": pd.Series(columns["p_value"])} if self.tested else {}
        if self.tested:
            of_tests["q_value"] = q_values(of_tests["p_value"])
        if not self.kept.all:
            q = of_tests["q_value"].to_numpy() if self.tested else None
            order = order[self.kept.of_all(len(names), i, j, nats, q)[order]]
        titles = np.empty(len(names), dtype=object)
        titles[:] = list(names)
        return pd.DataFrame({
            "x": titles[i[order]], "y": titles[j[order]], "nats": nats[order],
            "bits": nats[order] / math.log(2),
            **{name: values.to_numpy()[order] for name, values in of_tests.items()},
            "rows": columns["rows"][order], "flags": columns["flags"][order],
            "error": columns["error"][order],
        }).astype({"x": names.dtype, "y": names.dtype})  # fmt: skip
