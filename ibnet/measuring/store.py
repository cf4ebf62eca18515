"""Stores the results of measuring next to the networks: a group of arrays for each estimator."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from mibench.contract.resolve import ResolvedEstimator
from mibench.types import SESSION, SupportsEstimate

from .._extra import explain_missing_packages
from ..networks.archive import (
    add_array,
    explain_read_errors,
    explain_write_errors,
    open_group,
    resize_arrays,
    stored_array,
)
from ..networks.trained import Trained
from .estimates import DIVERGED, DONE, FAILED, MISSING, EpochRunResults

with explain_missing_packages("zarr"):
    import zarr

MAX_MESSAGES = 1000
REMEDY = "delete that folder, and measure again"
RESULT_ARRAYS = ("i_xt", "i_ty", "flags", "state")


@dataclass(frozen=True, eq=False)
class StoredResults:
    """The results of one estimator for all epochs and runs of a training.

    spec: the estimator string. length: number of epochs trained, plus 1 for epoch 0.
    """

    spec: str
    group: zarr.Group
    length: int

    def is_finished(self) -> NDArray[np.bool_]:
        """(length, runs): True where nothing is left to measure. Failures are tried again."""
        with self.explain_read_errors():
            state = stored_array(self.group, "state")[: self.length]
        return np.asarray((state == DONE) | (state == DIVERGED))

    def explain_read_errors(self) -> AbstractContextManager[None]:
        """Turn errors of reads in the block into an InputError."""
        return explain_read_errors(self.group.store_path, REMEDY)

    def messages(self) -> list[str]:
        """The error messages, in the order in which states from FAILED on number them."""
        return [str(m) for m in self.group.attrs.get("messages", [])]  # type: ignore[union-attr]

    def write(self, epochs: slice, runs: slice, results: EpochRunResults) -> None:
        """Store the measured results. The state is written last: it marks the others as stored."""
        measured = results.state != MISSING
        state = self._stored_state(results)
        new_arrays = [(name, getattr(results, name)) for name in RESULT_ARRAYS[:-1]]
        for name, new in (*new_arrays, ("state", state)):
            stored = stored_array(self.group, name)
            with self.explain_read_errors():
                values = stored[epochs]
            values[:, runs][measured] = new[measured]
            stored[epochs] = values

    def _stored_state(self, results: EpochRunResults) -> NDArray[np.int16]:
        """The state, with errors numbered as in the stored list of messages, which is extended."""
        if not results.messages:
            return results.state
        messages = self.messages()
        state = results.state.copy()
        for number, text in enumerate(results.messages):
            if text not in messages:
                full = len(messages) >= MAX_MESSAGES
                text = "more kinds of errors than are kept" if full else text
                messages += [text] if text not in messages else []
            state[results.state == FAILED + number] = FAILED + messages.index(text)
        self.group.attrs["messages"] = list(messages)
        return state


def open_results(
    trained: Trained, resolved: ResolvedEstimator, instances: Sequence[SupportsEstimate]
) -> StoredResults:
    """Open the stored results of an estimator, or make them; drop those that are outdated.

    instances: the estimator as it is applied to each run.
    """
    folder = _results_folder(trained)
    with explain_write_errors(trained.directory):
        if folder is not None:
            folder.mkdir(exist_ok=True)
        path = None if folder is None else folder / quote(resolved.spec, safe="=,.-")
        with explain_read_errors(path, REMEDY):
            group = open_group(path)
        results = StoredResults(resolved.spec, group, trained.epochs + 1)
        if "state" not in group:
            _add_arrays(results, trained)
        elif stored_array(group, "state").shape[0] < results.length:
            resize_arrays(group, list(RESULT_ARRAYS), results.length)
        _drop_outdated(results, resolved, instances)
    return results


def _results_folder(trained: Trained) -> Path | None:
    return None if trained.directory is None else trained.directory / "measured.zarr"


def _add_arrays(results: StoredResults, trained: Trained) -> None:
    sizes = {"epoch": results.length, "run": trained.setting.runs}
    sizes_with_layer = {**sizes, "layer": len(trained.setting.layers) - 1}
    group, chunk = results.group, trained.chunk
    for name, dtype, fill in (("i_xt", "f4", np.nan), ("i_ty", "f4", np.nan), ("flags", "i4", 0)):
        if name not in group:
            add_array(group, name, sizes_with_layer, chunk, dtype, fill)
    add_array(group, "state", sizes, chunk, "i2", MISSING)


def _drop_outdated(
    results: StoredResults, resolved: ResolvedEstimator, instances: Sequence[SupportsEstimate]
) -> None:
    """Drop the results of runs that another estimator made, or another version of it.

    An estimator is identified by its repr and the version of its package. For example, a longer
    training widens the range of a run's bins. A class defined in the session has no version: its
    results are always dropped.
    """
    identities = [f"{estimator!r} of {resolved.version}" for estimator in instances]
    stored = results.group.attrs.get("identities")
    if stored == identities and resolved.version != SESSION:
        return
    if isinstance(stored, list):
        state = stored_array(results.group, "state")
        for run, (old, new) in enumerate(zip(stored, identities, strict=True)):
            if old != new or resolved.version == SESSION:
                state[:, run] = MISSING
    results.group.attrs.update({"spec": resolved.spec, "identities": identities})


def stored_results(trained: Trained) -> dict[str, StoredResults]:
    """All stored results of a training, by estimator string."""
    folder = _results_folder(trained)
    if folder is None or not folder.exists():
        return {}
    by_spec = {}
    for path in sorted(p for p in folder.iterdir() if p.is_dir()):
        with explain_read_errors(path, REMEDY):
            group = open_group(path)
        if "state" in group and "spec" in group.attrs:
            spec = str(group.attrs["spec"])
            length = min(trained.epochs + 1, int(stored_array(group, "state").shape[0]))
            by_spec[spec] = StoredResults(spec, group, length)
    return by_spec
