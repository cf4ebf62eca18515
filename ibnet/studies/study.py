"""Trains and measures the networks of each condition of a study."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from mibench.contract.resolve import EstimatorsLike
from mibench.output.files import file_name

from .._extra import explain_missing_packages
from ..measuring.measuring import measure
from ..settings import Setting, get_setting
from ..training.training import train
from .conditions import conditions

with explain_missing_packages("xarray"):
    import xarray as xr

Steps = Callable[[str], AbstractContextManager[Any]]
EPOCHS = "log:50"


def _no_steps(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


def study(
    setting: Setting | str,
    vary: Mapping[str, Sequence[Any]],
    *,
    directory: str | Path | None = None,
    estimators: EstimatorsLike | None = None,
    epochs: str = EPOCHS,
    device: str = "cpu",
    jobs: int | None = None,
    steps: Steps = _no_steps,
) -> dict[str, "xr.Dataset"]:
    """Train and measure the networks of a setting under several conditions.

    A condition is a combination of the values that vary. Run i of every condition has the same
    seed: the same split into training and test inputs, and where layers and `init` are the same,
    the same initial weights. So conditions are compared run by run.

    Args:
        setting: the setting, or its name, such as "2.1".
        vary: fields of `Setting` with their values, such as {"learning_rate": [1e-4, 4e-4]}; all
            but runs, epochs and seed, which are the same in all conditions.
        directory: where to store everything, a folder for each condition; what is stored there is
            not computed again. None: in memory.
        estimators: as `measure` takes them; None: those of the setting.
        epochs: the epochs to keep and to measure, as `measure` takes them.
        device: to train on, "cpu" or "cuda".
        jobs: number of processes that measure, as in `measure`.
        steps: steps(title) is a context manager that shows progress; it gives a callable
            on_progress(done, total).

    Returns:
        The trajectories of each condition by its title, such as "learning_rate=0.0001".
        `study_table` and `plot_study` compare them; `plot_planes` draws their planes.

    Raises:
        InputError: if nothing varies, for an unknown field or a bad value, and whatever `train` and
            `measure` raise.

    Example:
        >>> from mibench import ibnet
        >>> setting = ibnet.get_setting("2.1", runs=2, epochs=3)
        >>> list(ibnet.study(setting, {"batch": [64, "full"]}, estimators="uniform:bins=30"))
        ['batch=64', 'batch=full']
    """
    requested = get_setting(setting) if isinstance(setting, str) else setting
    trajectories = {}
    for title, changed in conditions(requested, vary).items():
        folder = None if directory is None else Path(directory) / file_name(title)
        with steps(f"training {title}") as on_progress:
            trained = train(
                changed, device=device, directory=folder, keep=epochs, on_progress=on_progress
            )
        with steps(f"measuring {title}") as on_progress:
            trajectories[title] = measure(
                trained, estimators, epochs=epochs, jobs=jobs, on_progress=on_progress
            )
    return trajectories
