"""Stores the results of measuring next to the networks: a group of arrays for each estimator.

Results of train or test inputs have groups of their own, whose folders end in "@train" or "@test".
No estimator string gives such a name, because "@" is written as "%40" in it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from mibench.contract.resolve import ResolvedEstimator
from mibench.types import SESSION, SupportsEstimate

from .._extra import explain_missing_packages
from ..inputs import INPUTS, Inputs
from ..networks.archive import (
    add_array,
    explain_read_errors,
    explain_write_errors,
    open_group,
    resize_arrays,
    stored_array,
)
from ..networks.metadata import ArrayForm, DamagedError, array_length, check_group
from .binding import OfLayers
from .estimates import DIVERGED, DONE, FAILED, MISSING, EpochRunResults
from .sources import Measurable, Source, source_of

with explain_missing_packages("zarr"):
    import zarr

MAX_MESSAGES = 1000
REMEDY = "delete that folder, and measure again"
RESULT_ARRAYS = ("i_xt", "i_ty", "flags", "state")


@dataclass(frozen=True, eq=False)
class StoredResults:
    """The results of one estimator for all epochs and runs of a training.

    spec: the estimator string. length: number of epochs that there are, epoch 0 included.
    """

    spec: str
    group: zarr.Group
    length: int

    def is_finished(self) -> NDArray[np.bool_]:
        """(length, runs): True where nothing is left to measure. Failures are tried again."""
        state = self.read("state")
        whole = np.ones(state.shape, np.bool_)
        for name in ("i_xt", "i_ty"):  # a lost file reads as NaN
            whole &= np.isfinite(self.read(name)[: len(state)]).all(axis=2)
        return np.asarray(((state == DONE) & whole) | (state == DIVERGED))

    def read(self, name: str) -> NDArray[Any]:
        """An array of the epochs trained, or of fewer if it was measured on fewer."""
        with self.explain_read_errors():
            return np.asarray(stored_array(self.group, name)[: self.length])

    def explain_read_errors(self) -> AbstractContextManager[None]:
        """Turn errors of reads in the block into an InputError."""
        return explain_read_errors(self.group.store_path, REMEDY)

    def messages(self) -> list[str]:
        """The error messages, in the order in which states from FAILED on number them."""
        return [str(m) for m in self.group.attrs.get("messages") or []]  # type: ignore[union-attr]

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
    source: Source, resolved: ResolvedEstimator, instances: Sequence[SupportsEstimate | OfLayers]
) -> StoredResults:
    """Open the stored results of an estimator, or make them; drop those that are outdated.

    instances: the estimator as it is applied to each run.
    """
    folder = _results_folder(source)
    with explain_write_errors(source.directory):
        if folder is not None:
            folder.mkdir(exist_ok=True)
        name = _folder_name(resolved.spec, source.inputs)
        path = None if folder is None else folder / name
        if path is not None:
            _check_results(path, source)
        with explain_read_errors(path, REMEDY):
            group = open_group(path)
            length = stored_array(group, "state").shape[0] if "state" in group else None
        results = StoredResults(resolved.spec, group, source.length)
        if length is None:
            _add_arrays(results, source)
        elif length < results.length:
            resize_arrays(group, list(RESULT_ARRAYS), results.length)
        _drop_outdated(results, resolved, instances, source.inputs)
    return results


def _results_folder(source: Source) -> Path | None:
    return None if source.directory is None else source.directory / "measured.zarr"


def _folder_name(spec: str, inputs: Inputs) -> str:
    return quote(spec, safe="=,.-") + _ending(inputs)


def _ending(inputs: Inputs) -> str:
    return "" if inputs == "all" else f"@{inputs}"


def _inputs_of_folder(path: Path) -> Inputs:
    parts: list[Inputs] = [part for part in INPUTS if part != "all"]
    return next((part for part in parts if path.name.endswith(_ending(part))), "all")


def _array_forms(source: Source) -> list[ArrayForm]:
    """The arrays of an estimator, in the order in which they are made."""
    sizes = {"epoch": source.length, "run": source.runs}
    sizes_with_layer = {**sizes, "layer": len(source.layers)}
    return [
        ArrayForm("i_xt", sizes_with_layer, source.chunk, "float32", np.nan),
        ArrayForm("i_ty", sizes_with_layer, source.chunk, "float32", np.nan),
        ArrayForm("flags", sizes_with_layer, source.chunk, "int32", 0),
        ArrayForm("state", sizes, source.chunk, "int16", MISSING),
    ]


def _add_arrays(results: StoredResults, source: Source) -> None:
    for form in _array_forms(source):
        if form.name not in results.group:
            add_array(results.group, form)


def _check_results(path: Path, source: Source) -> bool:
    """Whether a folder holds the results of the estimator that its name gives.

    False if the process was killed before it had made them. Raises InputError for anything else.
    """
    forms = _array_forms(source)
    with explain_read_errors(path, REMEDY):
        attributes = check_group(path, forms, complete=False)
        if "identities" not in attributes:  # they are stored after all arrays were made
            return False
        check_group(path, forms, complete=True)
        spec, identities = attributes.get("spec"), attributes["identities"]
        if not isinstance(spec, str) or _folder_name(spec, source.inputs) != path.name:
            raise DamagedError(
                f"{path / 'zarr.json'} names another estimator than its folder: {spec!r}"
            )
        inputs = attributes.get("inputs", "all")
        if inputs != source.inputs:
            raise DamagedError(
                f"{path / 'zarr.json'} has inputs={str(inputs)[:60]!r}, not {source.inputs!r}"
            )
        for name, texts in (("identities", identities), ("messages", attributes.get("messages"))):
            if texts is not None and not _are_texts(texts):
                raise DamagedError(f"{path / 'zarr.json'} has {name}={str(texts)[:60]!r}")
        if len(identities) != source.runs:
            raise DamagedError(f"{path / 'zarr.json'} has {len(identities)} identities")
        lengths = [array_length(path, name) for name in RESULT_ARRAYS]
        if min(lengths) < lengths[-1]:  # the state is the last to become longer
            raise DamagedError(f"{path} has arrays of the lengths {lengths}")
    return True


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _drop_outdated(
    results: StoredResults,
    resolved: ResolvedEstimator,
    instances: Sequence[SupportsEstimate | OfLayers],
    inputs: Inputs,
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
    known = stored if isinstance(stored, list) else [None] * len(identities)
    state = stored_array(results.group, "state")
    for run, (old, new) in enumerate(zip(known, identities, strict=True)):
        if old != new or resolved.version == SESSION:
            state[:, run] = MISSING
    of_part = {} if inputs == "all" else {"inputs": inputs}
    results.group.attrs.update({"spec": resolved.spec, **of_part, "identities": identities})


def stored_results(networks: Measurable, inputs: Inputs = "all") -> dict[str, StoredResults]:
    """All stored results of a training for these inputs, by estimator string."""
    source = source_of(networks, inputs)
    folder = _results_folder(source)
    if folder is None or not folder.exists():
        return {}
    by_spec = {}
    for path in sorted(p for p in folder.iterdir() if p.is_dir()):
        if _inputs_of_folder(path) != inputs:
            continue
        if not _check_results(path, source):
            continue
        with explain_read_errors(path, REMEDY):
            group = open_group(path)
            spec = str(group.attrs["spec"])
            length = min(source.length, int(stored_array(group, "state").shape[0]))
        by_spec[spec] = StoredResults(spec, group, length)
    return by_spec
