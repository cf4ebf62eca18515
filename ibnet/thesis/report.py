"""Reproduces the thesis: trains and measures every setting; `page.py` reports the results."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.errors import InputError, unknown

from .._extra import explain_missing_packages
from ..measuring.measuring import measure
from ..measuring.trajectories import failures
from ..networks.trained import Trained, load
from ..settings import Setting, change_setting, settings_by_training
from ..training.training import diverged_runs, train
from .figures import UNDER_EVERY_ESTIMATOR
from .page import write_page

with explain_missing_packages("xarray"):
    import xarray as xr

ProgressContext = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Scale:
    """The size of the study.

    sizes: values that replace larger ones of the settings. quadratic_epochs: the epochs measured by
    the estimators of quadratic cost.
    """

    sizes: Mapping[str, int]
    quadratic_epochs: str


SCALES = {
    "small": Scale({"runs": 3, "epochs": 300}, "log:4"),
    "full": Scale({}, "log:10"),
}
# In addition to the binnings of the thesis, for the figures that compare all estimators.
QUADRATIC_ESTIMATORS = ("kde", "knn")

SHOWN_ONE_BY_ONE = ("A",)  # trainings whose claim and figure are about each run, not their mean


def _no_steps(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


def _silent(_: str) -> None:
    pass


def reproduce(
    directory: str | Path,
    *,
    scale: str = "small",
    runs: int | Mapping[str, int] | None = None,
    keep: str = "every",
    device: str = "cpu",
    jobs: int | None = None,
    steps: ProgressContext = _no_steps,
    on_message: Callable[[str], object] = _silent,
    on_failure: Callable[[str], object] = _silent,
) -> Path:
    """Reproduce the thesis: train and measure every setting, draw its figures, judge its claims.

    Args:
        directory: where to store everything; what is stored there is not computed again, so the
            same call continues after an interruption.
        scale: "full", as in the thesis, or "small", 3 runs of 300 epochs.
        runs: number of networks of every setting, in place of the thesis's 40 (B: 30) or the
            scale's; or of some trainings only, such as {"relu-256": 300}. More runs give narrower
            intervals. The two networks of A, which the thesis shows one by one, stay two.
        keep: the epochs whose weights to store and to measure, as in `train`: "every", or
            "log:200", about 200, evenly spaced on a log scale, which takes a fiftieth of the disk
            and of the time to measure.
        device: to train on, "cpu" or "cuda".
        jobs: number of processes that measure, as in `measure`.
        steps: steps(title) is a context manager that shows progress; it gives a callable
            on_progress(done, total).
        on_message: called with the name of each training when it starts.
        on_failure: called with each error of an estimator and each run that diverged; the report
            lists them too.

    Returns:
        The path of the report, `directory`/report/reproduction.md.

    Raises:
        InputError: for an unknown scale, training or device, and a directory that cannot be
            written.
    """
    if scale not in SCALES:
        raise InputError(unknown("scale", scale, SCALES))
    if isinstance(runs, Mapping):
        for name in runs.keys() - settings_by_training().keys():
            raise InputError(unknown("training", name, settings_by_training()))
        for name in runs.keys() & set(SHOWN_ONE_BY_ONE):
            if runs[name] > settings_by_training()[name][0].runs:
                raise InputError(
                    f"runs of {name} are {runs[name]}: its networks are shown one by one, so it "
                    "keeps its two; leave it out"
                )
    for name in settings_by_training():  # before hours of training
        _setting(name, SCALES[scale], runs)
    folder = Path(directory)
    networks: dict[str, Trained] = {}
    trajectories: dict[str, xr.Dataset] = {}
    failed: list[str] = []
    for name in settings_by_training():
        on_message(f"{name}:")
        networks[name] = _trained(name, SCALES[scale], runs, keep, folder, device, steps)
        trajectories[name] = _measured(networks[name], SCALES[scale], jobs, steps)
        networks[name] = load(folder / "networks" / name)  # with the time that measuring took
        lines = [f"{name}: {line}" for line in _failures(networks[name], trajectories[name])]
        for line in lines:
            on_failure(line)
        failed += lines
    on_message("figures and claims")
    command = command_of(scale, runs, keep)
    return write_page(networks, trajectories, failed, folder / "report", command)


def command_of(scale: str, runs: int | Mapping[str, int] | None, keep: str) -> str:
    """The command that does the same.

    >>> command_of("full", 300, "log:200")
    'mibench ibnet reproduce --scale full --runs 300 --keep log:200'
    >>> command_of("full", {"relu-256": 300}, "every")
    'mibench ibnet reproduce --scale full --runs relu-256=300'
    """
    command = f"mibench ibnet reproduce --scale {scale}"
    if isinstance(runs, Mapping):
        command += "".join(f" --runs {name}={count}" for name, count in runs.items())
    elif runs is not None:
        command += f" --runs {runs}"
    return command + ("" if keep == "every" else f" --keep {keep}")


def _failures(trained: Trained, trajectories: xr.Dataset) -> list[str]:
    """What failed in one training, one line each."""
    diverged = [
        f"run {run} diverged in epoch {epoch}" for run, epoch in diverged_runs(trained).items()
    ]
    return diverged + failures(trajectories)


def _trained(
    name: str,
    scale: Scale,
    runs: int | Mapping[str, int] | None,
    keep: str,
    folder: Path,
    device: str,
    steps: ProgressContext,
) -> Trained:
    with steps(f"training {name}") as on_progress:
        return train(
            _setting(name, scale, runs),
            device=device,
            directory=folder / "networks" / name,
            keep=keep,
            on_progress=on_progress,
        )


def _setting(name: str, scale: Scale, runs: int | Mapping[str, int] | None) -> Setting:
    """What a training trains. Raises InputError for a bad number of runs."""
    setting = settings_by_training()[name][0]
    sizes = {key: min(size, getattr(setting, key)) for key, size in scale.sizes.items()}
    count = runs.get(name) if isinstance(runs, Mapping) else runs
    if count is not None:
        sizes["runs"] = min(count, setting.runs) if name in SHOWN_ONE_BY_ONE else count
    return change_setting(setting, **sizes)


def _measured(
    trained: Trained, scale: Scale, jobs: int | None, steps: ProgressContext
) -> xr.Dataset:
    settings = settings_by_training()[trained.setting.training]
    binned = list(dict.fromkeys(spec for s in settings for spec in s.estimators))
    with steps(f"measuring {trained.setting.training}") as on_progress:
        measure(trained, binned, jobs=jobs, on_progress=on_progress)
    if trained.setting.training not in UNDER_EVERY_ESTIMATOR:
        return measure(trained, binned, epochs="0", jobs=1)
    with steps(
        f"measuring {trained.setting.training} by {' and '.join(QUADRATIC_ESTIMATORS)}"
    ) as on_progress:
        measure(
            trained,
            QUADRATIC_ESTIMATORS,
            epochs=scale.quadratic_epochs,
            jobs=jobs,
            on_progress=on_progress,
        )
    return measure(trained, [*binned, *QUADRATIC_ESTIMATORS], epochs="0", jobs=1)
