"""What is kept of the pairs of a table in a store, so that the same call goes on where it was."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..contract.blocks import PairBlock
from ..contract.resolve import resolve_each, with_identity
from ..records.pair_store import Adding, KeptRun, PairRow, PairStore
from ..running.evaluation import libraries
from ..running.machine import machine
from ..running.permutations import tester_of
from ..types import SESSION, EstimatorLike
from ..versions import code_digest
from .gaps import Column
from .pair_tests import Tested


class Keeping:
    """Keeps nothing.

    Attributes:
        pairs: (i, j) -> the estimate of a pair that was kept before.
    """

    pairs: Mapping[tuple[int, int], PairRow] = {}

    def block(self, first: int, last: int) -> PairBlock | None:
        """A block that was kept before."""
        return None

    def keep_block(self, block: PairBlock) -> None:
        """Keep a block."""

    def keep_pairs(self, rows: Sequence[PairRow]) -> None:
        """Keep pairs that were estimated one by one."""


class _InStore(Keeping):
    def __init__(self, store: PairStore, run: KeptRun, adding: Adding) -> None:
        self._store, self._run, self._adding = store, run, adding
        self.pairs = run.pairs

    def block(self, first: int, last: int) -> PairBlock | None:
        return self._store.block(self._run, first, last)

    def keep_block(self, block: PairBlock) -> None:
        self._adding.block(block)

    def keep_pairs(self, rows: Sequence[PairRow]) -> None:
        failed = self._run.failed
        new = [row for row in rows if not row.error or failed.get((row.i, row.j)) != row.error]
        if new:
            self._adding.pairs(new)


@contextmanager
def keeping(
    path: str | Path | None,
    estimator: EstimatorLike,
    tested: Tested,
    columns: Sequence[Column | str],
) -> Iterator[Keeping]:
    """What keeps the pairs of these columns in the store at `path`; nothing is kept for None.

    Results of an estimator of the session are never used again, since it may have changed.
    """
    if path is None:
        yield Keeping()
        return
    about = _about(estimator, tested, columns)
    store = PairStore(Path(path))
    again = SESSION not in about.values()
    run = store.read(store.name_of(about) if again else store.new_name())
    with store.adding(run.name) as adding:
        if not run.known:
            adding.about({**about, "libraries": libraries(), "machine": machine()})
        yield _InStore(store, run, adding)


def _about(
    estimator: EstimatorLike, tested: Tested, columns: Sequence[Column | str]
) -> dict[str, Any]:
    """All that the numbers depend on."""
    (resolved,) = resolve_each(estimator)
    about = {
        "estimator": resolved.spec, "parameters": resolved.parameters, "version": resolved.version,
        "columns": len(columns), "data": digest_of(columns),
    }  # fmt: skip
    if tested.permutations is None:
        return about
    tester, name = tester_of(tested.estimator, 1)
    return {
        **about, "permutations": int(tested.permutations), "seed": int(tested.seed),
        "tests": code_digest("mibench.columns.pair_tests"),
        "tester": with_identity(name, tester).version if name else "",
    }  # fmt: skip


def digest_of(columns: Sequence[Column | str]) -> str:
    """A digest of the names, kinds and values of columns, and of where values are missing."""
    digest = hashlib.blake2b(digest_size=16)

    def add(part: bytes) -> None:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)

    for column in columns:
        if isinstance(column, str):  # why it cannot be used
            add(column.encode("utf-8", "surrogatepass"))
            continue
        values = np.ascontiguousarray(column.values)
        about = column.name, values.dtype.str, values.shape, column.label
        add(repr(about).encode("utf-8", "surrogatepass"))
        add(np.packbits(column.present).tobytes())
        if values.dtype.hasobject:
            texts = [f"{type(value).__name__} {value!r}" for value in values.tolist()]
            add("\0".join(texts).encode("utf-8", "surrogatepass"))
        else:
            add(values.tobytes())
    return digest.hexdigest()
