"""Training all runs of a setting, in pieces that are kept as soon as they are done."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.output.files import whole_file

from ..data.dataset import Data, load_data
from ..networks.archive import alone, array, lengthen, timed, writing
from ..networks.initial import check_fit, start
from ..networks.trained import BY_EPOCH, CHECKPOINT, Trained, create, going_on, load, make_folder
from ..settings import Setting, changed, get_setting
from .devices import check_device, make_engine
from .engine import Block, Engine, State

Progress = Callable[[int, int], object]


def train(
    setting: Setting | str,
    *,
    runs: int | None = None,
    epochs: int | None = None,
    device: str = "cpu",
    directory: str | Path | None = None,
    data: Data | None = None,
    on_progress: Progress | None = None,
) -> Trained:
    """Train all networks of a setting and keep their weights after every epoch.

    setting: a name such as "2.2" or a `Setting`; runs, epochs: instead of the setting's.
    device: "cpu" or "cuda". directory: where to keep everything; an interrupted training goes on
    from there, a finished one is only loaded, one with fewer epochs is lengthened. None: in memory.
    data: instead of what the setting's `data` names. on_progress(done, total) is called in epochs
    of single networks.

    The same seed gives the same weights, bit for bit on one machine, for any number of runs, of
    threads, and of interruptions; `--device cuda` agrees to float tolerance.
    Raises InputError for a setting that does not fit the data or the directory.
    """
    wanted = get_setting(setting) if isinstance(setting, str) else setting
    sizes = {"runs": runs, "epochs": epochs}
    wanted = changed(wanted, **{k: v for k, v in sizes.items() if v is not None})
    data = load_data(wanted.data) if data is None else data
    check_fit(wanted, data)
    check_device(device)
    folder = None if directory is None else Path(directory)
    if folder is not None:
        make_folder(folder)
    with alone(folder):
        trained = _prepared(wanted, data, folder)
        if trained.epochs < wanted.epochs:
            trained = going_on(trained, wanted.epochs)
            _go_on(trained, wanted.epochs, device, on_progress)
    return trained


def _prepared(wanted: Setting, data: Data, directory: Path | None) -> Trained:
    """The training of a directory, or a new one."""
    if directory is None or not (directory / "training.json").exists():
        return create(wanted, data, directory)
    trained = load(directory, data)
    ours, theirs = wanted.networks(), trained.setting.networks()
    # Data are the same by what they hold, which `load` has compared, whatever their path.
    differing = [k for k in ours if ours[k] != theirs[k] and k != "data"]
    if differing:
        key = differing[0]
        raise InputError(
            f"{directory} holds networks with {key}={theirs[key]!r}, not {ours[key]!r}: choose "
            "another directory, or that value"
        )
    return trained


def _go_on(trained: Trained, epochs: int, device: str, on_progress: Progress | None) -> None:
    setting, data = trained.setting, trained.data
    starts = [start(setting, data, run) for run in range(setting.runs)]
    state = State(
        np.stack([s.parameters for s in starts]), *np.zeros((2, *_shape(setting)), np.float32)
    )
    done = _restore(trained, state)
    if array(trained.group, "weights").shape[0] <= done:
        raise InputError(
            f"{trained.directory} lacks weights that its {CHECKPOINT} says were trained: restore "
            "training.zarr, or train in another directory"
        )
    engine = make_engine(device, setting, data, starts, state)
    diverged = array(trained.group, "diverged")
    with writing(trained.directory):
        if trained.epochs != done:
            trained.group.attrs["epochs_done"] = done
        since = diverged[:]
        # A kill may have come between this note and the checkpoint: then it is found anew.
        diverged[:] = np.where(since > done, -1, since)
        lengthen(trained.group, BY_EPOCH, max(epochs, done) + 1)
    counts = np.array([[len(s.train), len(s.test)] for s in starts])
    while done < epochs:
        first = done + 1
        # To the end of the piece that a file holds, so that each file is written once.
        count = min((first // trained.chunk + 1) * trained.chunk, epochs + 1) - first
        if first == 0:
            count = 1
        with timed(trained.group, "train_seconds"), writing(trained.directory):
            block = engine.advance(first, count, diverged[:] < 0)
            _keep(trained, block, first, counts)
            done += count
            _checkpoint(trained, engine, done)
            trained.group.attrs["epochs_done"] = done
        if on_progress is not None:
            on_progress(done * setting.runs, epochs * setting.runs)


def _keep(trained: Trained, block: Block, first: int, counts: NDArray[np.int64]) -> None:
    """Write a block; from the first weights that are not finite on, a run is NaN."""
    finite = np.isfinite(block.weights).all(axis=2)  # (runs, epochs)
    lost = ~np.logical_and.accumulate(finite, axis=1)
    wrong = block.wrong / counts[:, np.newaxis]
    wrong[lost] = np.nan
    for recorded in (block.weights, block.low, block.high):
        recorded[lost] = np.nan
    epochs = slice(first, first + finite.shape[1])
    parts: list[NDArray[Any]] = [
        block.weights, wrong[..., 0], wrong[..., 1], block.low, block.high,
    ]  # fmt: skip
    for name, values in zip(BY_EPOCH, parts, strict=True):
        array(trained.group, name)[epochs] = np.moveaxis(values, 1, 0)
    diverged = array(trained.group, "diverged")[:]
    new = lost.any(axis=1) & (diverged < 0)
    if new.any():
        diverged[new] = first + lost.argmax(axis=1)[new]
        array(trained.group, "diverged")[:] = diverged


def _checkpoint(trained: Trained, engine: Engine, done: int) -> None:
    if trained.directory is not None:
        state = engine.state
        with whole_file(trained.directory / CHECKPOINT) as part, open(part, "wb") as file:
            np.savez(file, parameters=state.parameters, mean=state.mean, square=state.square,
                     epochs_done=done)  # fmt: skip


def _restore(trained: Trained, state: State) -> int:
    """Bring the state to where the checkpoint has it; returns the epochs done, -1 for none."""
    path = None if trained.directory is None else trained.directory / CHECKPOINT
    if path is None or not path.exists():
        if trained.epochs >= 0:
            raise InputError(
                f"{trained.directory} has no {CHECKPOINT} to go on from. Its {trained.epochs} "
                "epochs can be measured; train more in another directory"
            )
        return -1
    try:
        # Opened here, because np.load does not close a damaged file.
        with path.open("rb") as file, np.load(file) as kept:
            for name in ("parameters", "mean", "square"):
                getattr(state, name)[:] = kept[name]
            return int(kept["epochs_done"])
    except (ValueError, KeyError, OSError, EOFError, BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path} is damaged ({error}). The {max(trained.epochs, 0)} epochs trained can be "
            "measured; train more in another directory"
        ) from error


def _shape(setting: Setting) -> tuple[int, int]:
    return setting.runs, setting.parameters


def lost_runs(trained: Trained) -> dict[int, int]:
    """The runs that diverged, and since which epoch."""
    diverged = array(trained.group, "diverged")[:]
    return {int(run): int(diverged[run]) for run in np.flatnonzero(diverged >= 0)}
