"""Trains all runs of a setting, in blocks of epochs that are stored as soon as they are done."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.output.files import whole_file

from ..data.dataset import Data, load_data
from ..data.npz import arrays_of
from ..networks.archive import (
    add_duration,
    exclusive_lock,
    explain_read_errors,
    explain_write_errors,
    resize_arrays,
    stored_array,
)
from ..networks.initial import check_layers_fit_data, make_run_start
from ..networks.kept import epochs_to_keep, kept_epochs, plan_kept
from ..networks.metadata import check_files
from ..networks.trained import (
    CHECKPOINT_FILE,
    EPOCH_ARRAYS,
    Trained,
    create_training,
    load,
    make_training_folder,
    plan_more_epochs,
)
from ..settings import Setting, change_setting, get_setting
from .devices import check_device, make_engine
from .engine import Engine, EpochRecords, TrainingState

Progress = Callable[[int, int], object]
STATE, DONE = ("parameters", "mean", "square"), "epochs_done"  # the arrays of a checkpoint


def train(
    setting: Setting | str,
    *,
    runs: int | None = None,
    epochs: int | None = None,
    device: str = "cpu",
    directory: str | Path | None = None,
    data: Data | None = None,
    keep: str = "every",
    on_progress: Progress | None = None,
) -> Trained:
    """Train all networks of a setting and store their weights after every epoch, or some.

    The same seed gives the same weights, bit for bit on one machine, for any number of runs and
    threads, and after any interruptions. Device "cuda" agrees to float32 tolerance.

    Args:
        setting: a setting, or the name of one, such as "2.2".
        runs: number of networks, in place of the setting's.
        epochs: number of epochs, in place of the setting's.
        device: "cpu" or "cuda".
        directory: where to store everything; None: in memory. An interrupted training in this
            directory is continued, a finished one is loaded, and one with fewer epochs is trained
            further.
        data: the data to train on, in place of the data set that the setting names.
        keep: the epochs whose weights to store: "every", "log:200" (about 200, evenly spaced on a
            log scale), or a list "0,10,100"; epochs 0 and the last are always kept, and errors and
            extreme activations of every epoch. Epochs of a training that is continued stay.
        on_progress: called as on_progress(done, total); both count epochs of single networks.

    Returns:
        The trained networks.

    Raises:
        InputError: for an unknown setting or device, a setting that does not fit the data, or a
            directory that holds something else or cannot be written.

    Example:
        >>> from mibench import ibnet
        >>> ibnet.train("2.2", runs=2, epochs=3).epochs
        3
    """
    requested = get_setting(setting) if isinstance(setting, str) else setting
    sizes = {"runs": runs, "epochs": epochs}
    requested = change_setting(requested, **{k: v for k, v in sizes.items() if v is not None})
    data = load_data(requested.data) if data is None else data
    check_layers_fit_data(requested, data)
    check_device(device, requested)
    epochs_to_keep(keep, requested.epochs)
    folder = None if directory is None else Path(directory)
    if folder is not None:
        make_training_folder(folder)
        check_files(folder)
    with exclusive_lock(folder):
        trained = _load_or_create(requested, data, folder)
        if trained.epochs < requested.epochs:
            trained = plan_more_epochs(trained, requested.epochs)
            _continue_training(trained, requested.epochs, device, keep, on_progress)
    return trained


def _load_or_create(requested: Setting, data: Data, directory: Path | None) -> Trained:
    """The training in the directory, or a new one. Raises InputError if it has other networks."""
    if directory is None or not (directory / "training.json").exists():
        return create_training(requested, data, directory)
    trained = load(directory, data)
    new, stored = requested.networks(), trained.setting.networks()
    # The name of the data may differ: `load` has compared their content.
    differing = [k for k in new if new[k] != stored[k] and k != "data"]
    if differing:
        key = differing[0]
        raise InputError(
            f"{directory} holds networks with {key}={stored[key]!r}, not {new[key]!r}: choose "
            "another directory, or that value"
        )
    return trained


def _continue_training(
    trained: Trained, epochs: int, device: str, keep: str, on_progress: Progress | None
) -> None:
    setting, data = trained.setting, trained.data
    starts = [make_run_start(setting, data, run) for run in range(setting.runs)]
    state = TrainingState(
        np.stack([s.parameters for s in starts]), *np.zeros((2, *_shape(setting)), np.float32)
    )
    done = _read_checkpoint(trained, state)
    with explain_read_errors(trained.directory):
        stored = stored_array(trained.group, "weights").shape[0]
        diverged = stored_array(trained.group, "diverged")
        since = diverged[:]
    if stored <= done:
        raise InputError(
            f"{trained.directory} lacks weights that its {CHECKPOINT_FILE} says were trained: "
            "restore training.zarr, or train in another directory"
        )
    engine = make_engine(device, setting, data, starts, state)
    with explain_write_errors(trained.directory):
        if trained.epochs != done:
            trained.group.attrs["epochs_done"] = done
        # If the process was killed after it had stored a divergence, but before the checkpoint,
        # that epoch is trained again and its divergence found again.
        diverged[:] = np.where(since > done, -1, since)
        resize_arrays(trained.group, EPOCH_ARRAYS, max(epochs, done) + 1)
        plan_kept(trained.group, keep, done + 1, epochs)
    counts = np.array([[len(s.train), len(s.test)] for s in starts])
    while done < epochs:
        first = done + 1
        # Train to the end of a chunk, so that each file is written once.
        count = min((first // trained.chunk + 1) * trained.chunk, epochs + 1) - first
        if first == 0:
            count = 1
        with add_duration(trained.group, "train_seconds"), explain_write_errors(trained.directory):
            records = engine.advance(first, count, diverged[:] < 0)
            _write_records(trained, records, first, counts)
            done += count
            _write_checkpoint(trained, engine, done)
            trained.group.attrs["epochs_done"] = done
        if on_progress is not None:
            on_progress(done * setting.runs, epochs * setting.runs)


def _write_records(
    trained: Trained, records: EpochRecords, first: int, counts: NDArray[np.int64]
) -> None:
    """Store records. A run is NaN from the first epoch on whose weights are not finite.

    counts: (runs, 2), the number of training and of test inputs.
    """
    finite = np.isfinite(records.weights).all(axis=2)  # (runs, epochs)
    diverged = ~np.logical_and.accumulate(finite, axis=1)
    errors = records.wrong / counts[:, np.newaxis]
    errors[diverged] = np.nan
    for values in (records.weights, records.low, records.high):
        values[diverged] = np.nan
    last = first + finite.shape[1] - 1
    kept = np.isin(np.arange(first, last + 1), kept_epochs(trained.group, last + 1))
    records.weights[:, ~kept] = np.nan
    epochs = slice(first, last + 1)
    arrays: list[NDArray[Any]] = [
        records.weights, errors[..., 0], errors[..., 1], records.low, records.high,
    ]  # fmt: skip
    for name, values in zip(EPOCH_ARRAYS, arrays, strict=True):
        stored_array(trained.group, name)[epochs] = np.moveaxis(values, 1, 0)
    since = stored_array(trained.group, "diverged")[:]
    new = diverged.any(axis=1) & (since < 0)
    if new.any():
        since[new] = first + diverged.argmax(axis=1)[new]
        stored_array(trained.group, "diverged")[:] = since


def _write_checkpoint(trained: Trained, engine: Engine, done: int) -> None:
    """Store what the next epoch starts from: parameters and moments after `done` epochs."""
    if trained.directory is not None:
        state = engine.state
        with whole_file(trained.directory / CHECKPOINT_FILE) as part, open(part, "wb") as file:
            arrays: dict[str, Any] = {name: getattr(state, name) for name in STATE}
            arrays[DONE] = np.array(done)
            np.savez(file, **arrays)


def _read_checkpoint(trained: Trained, state: TrainingState) -> int:
    """Set the state to that of the checkpoint. Returns the number of epochs done, -1 for none."""
    path = None if trained.directory is None else trained.directory / CHECKPOINT_FILE
    if path is None or not path.exists():
        if trained.epochs >= 0:
            raise InputError(
                f"{trained.directory} has no {CHECKPOINT_FILE} to go on from. Its {trained.epochs} "
                "epochs can be measured; train more in another directory"
            )
        return -1
    try:
        checkpoint = arrays_of(path, (*STATE, DONE))
        for name in STATE:
            old, new = getattr(state, name), checkpoint[name]
            if new.shape != old.shape or new.dtype != old.dtype:
                raise ValueError(f"{name} has shape {new.shape} and type {new.dtype}")
            old[:] = new
        done = checkpoint[DONE]
        if done.shape or done.dtype.kind not in "iu" or done < 0:
            raise ValueError(f"{DONE} is {done!s:.60}")
        return int(done)
    except InputError:
        raise
    except Exception as error:  # NumPy and zipfile raise a dozen types of them
        raise InputError(
            f"{path} is damaged ({error}). The {max(trained.epochs, 0)} epochs trained can be "
            "measured; train more in another directory"
        ) from error


def _shape(setting: Setting) -> tuple[int, int]:
    return setting.runs, setting.parameters


def diverged_runs(trained: Trained) -> dict[int, int]:
    """The runs that diverged, each with its first epoch of weights that are not finite."""
    with explain_read_errors(trained.directory):
        diverged = stored_array(trained.group, "diverged")[:]
    return {int(run): int(diverged[run]) for run in np.flatnonzero(diverged >= 0)}
