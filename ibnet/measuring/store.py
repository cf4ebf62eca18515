"""What was measured, kept beside the networks: one group of arrays for each estimator."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from mibench.contract.resolve import ResolvedEstimator
from mibench.types import SESSION, SupportsEstimate

from .._extra import needs
from ..networks.archive import (
    add_array,
    explain_read_errors,
    explain_write_errors,
    open_group,
    resize_arrays,
    stored_array,
)
from ..networks.trained import Trained
from .cells import DIVERGED, DONE, FAILED, MISSING, EpochRunResults

with needs("zarr"):
    import zarr

MOST_MESSAGES = 1000
REMEDY = "delete that folder, and measure again"
RESULT_ARRAYS = ("i_xt", "i_ty", "flags", "state")


@dataclass(frozen=True, eq=False)
class StoredResults:
    """The results of one estimator on all cells (epoch, run) of a training."""

    spec: str
    group: zarr.Group
    length: int  # epochs trained, and epoch 0

    def finished(self) -> NDArray[np.bool_]:
        """(length, runs): the cells that need no measuring; a failure is tried again."""
        with self.reading():
            state = stored_array(self.group, "state")[: self.length]
        return np.asarray((state == DONE) | (state == DIVERGED))

    def explain_read_errors(self) -> AbstractContextManager[None]:
        """Around reads of the arrays: damage to them becomes a message."""
        return explain_read_errors(self.group.store_path, REMEDY)

    def messages(self) -> list[str]:
        """The errors that states from FAILED on stand for."""
        return [str(m) for m in self.group.attrs.get("messages", [])]  # type: ignore[union-attr]

    def write(self, epochs: slice, runs: slice, cells: EpochRunResults) -> None:
        """Keep what was measured of these cells; the state last: it says that the rest is there."""
        measured = cells.state != MISSING
        state = self._numbered(cells)
        for name, new in (*((n, getattr(cells, n)) for n in RESULT_ARRAYS[:-1]), ("state", state)):
            stored = stored_array(self.group, name)
            with self.reading():
                values = stored[epochs]
            values[:, runs][measured] = new[measured]
            stored[epochs] = values

    def _numbered(self, cells: EpochRunResults) -> NDArray[np.int16]:
        """The state with errors numbered as in this store's list of messages."""
        if not cells.messages:
            return cells.state
        kept = self.messages()
        state = cells.state.copy()
        for number, text in enumerate(cells.messages):
            if text not in kept:
                text = text if len(kept) < MOST_MESSAGES else "more kinds of errors than are kept"
                kept += [text] if text not in kept else []
            state[cells.state == FAILED + number] = FAILED + kept.index(text)
        self.group.attrs["messages"] = list(kept)
        return state


def open_results(
    trained: Trained, one: ResolvedEstimator, bound: Sequence[SupportsEstimate]
) -> StoredResults:
    """Where an estimator's results are kept; those of another version or range are dropped.

    bound: the estimator as it is applied to each run.
    """
    place = None if trained.directory is None else trained.directory / "measured.zarr"
    with explain_write_errors(trained.directory):
        if place is not None:
            place.mkdir(exist_ok=True)
        own = None if place is None else place / quote(one.spec, safe="=,.-")
        with explain_read_errors(own, REMEDY):
            group = open_group(own)
        found = StoredResults(one.spec, group, trained.epochs + 1)
        if "state" not in group:
            _add_arrays(found, trained)
        elif stored_array(group, "state").shape[0] < found.length:
            resize_arrays(group, list(RESULT_ARRAYS), found.length)
        _drop_outdated(found, one, bound)
    return found


def _add_arrays(found: StoredResults, trained: Trained) -> None:
    sizes = {"epoch": found.length, "run": trained.setting.runs}
    layered = {**sizes, "layer": len(trained.setting.layers) - 1}
    group, chunk = found.group, trained.chunk
    for name, dtype, fill in (("i_xt", "f4", np.nan), ("i_ty", "f4", np.nan), ("flags", "i4", 0)):
        if name not in group:
            add_array(group, name, layered, chunk, dtype, fill)
    add_array(group, "state", sizes, chunk, "i2", MISSING)


def _drop_outdated(
    found: StoredResults, one: ResolvedEstimator, bound: Sequence[SupportsEstimate]
) -> None:
    """An estimator's identity is its repr and its package's version: others' results must go.

    A longer training widens the range of a run's bins, say. A class of the session has no version.
    """
    identities = [f"{estimator!r} of {one.version}" for estimator in bound]
    kept = found.group.attrs.get("identities")
    if kept == identities and one.version != SESSION:
        return
    if isinstance(kept, list):
        state = stored_array(found.group, "state")
        for run, (old, new) in enumerate(zip(kept, identities, strict=True)):
            if old != new or one.version == SESSION:
                state[:, run] = MISSING
    found.group.attrs.update({"spec": one.spec, "identities": identities})


def stored_results(trained: Trained) -> dict[str, StoredResults]:
    """What is kept beside the networks, by spec."""
    place = None if trained.directory is None else trained.directory / "measured.zarr"
    if place is None or not place.exists():
        return {}
    found = {}
    for path in sorted(p for p in place.iterdir() if p.is_dir()):
        with explain_read_errors(path, REMEDY):
            group = open_group(path)
        if "state" in group and "spec" in group.attrs:
            length = min(trained.epochs + 1, int(stored_array(group, "state").shape[0]))
            found[str(group.attrs["spec"])] = StoredResults(str(group.attrs["spec"]), group, length)
    return found
