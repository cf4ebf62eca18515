"""Reproduces the thesis: trains and measures every setting, and writes a report of the results."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mibench.errors import InputError, unknown
from mibench.output.files import whole_file

from .._extra import explain_missing_packages
from ..measuring.measuring import measure
from ..measuring.trajectories import failures
from ..networks.trained import Trained
from ..networks.versions import join_versions
from ..settings import SETTINGS, Setting, change_setting
from ..training.training import diverged_runs, train
from ..training_figures import save_in_new_folder
from .claims import claims_table, to_markdown, verdicts
from .figures import thesis_figures

with explain_missing_packages("xarray"):
    import xarray as xr

PAGE = "reproduction.md"
FOLDER = "reproduction"  # of the figures, next to the page

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
    "small": Scale({"runs": 3, "epochs": 300}, "0,1,10,100,300"),
    "full": Scale({}, "0,1,3,10,30,100,300,1000,3000,8000"),
}
QUADRATIC_ESTIMATORS = ("kde", "knn")  # in addition to the binnings of the thesis


def _no_steps(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


def _silent(_: str) -> None:
    pass


def reproduce(
    directory: str | Path,
    *,
    scale: str = "small",
    device: str = "cpu",
    jobs: int | None = None,
    steps: ProgressContext = _no_steps,
    on_message: Callable[[str], object] = _silent,
    on_failure: Callable[[str], object] = _silent,
) -> Path:
    """Reproduce the thesis: train and measure every setting, draw its figures, judge its claims.

    Args:
        directory: where to store everything; what is stored there is not computed again.
        scale: "full", as in the thesis, or "small", 3 runs of 300 epochs.
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
        InputError: for an unknown scale or device, and a directory that cannot be written.
    """
    if scale not in SCALES:
        raise InputError(unknown("scale", scale, SCALES))
    folder = Path(directory)
    networks: dict[str, Trained] = {}
    trajectories: dict[str, xr.Dataset] = {}
    failed: list[str] = []
    for name in trainings():
        on_message(f"{name}:")
        networks[name] = _trained(name, SCALES[scale], folder, device, steps)
        trajectories[name] = _measured(networks[name], SCALES[scale], jobs, steps)
        lines = [f"{name}: {line}" for line in _failures(networks[name], trajectories[name])]
        for line in lines:
            on_failure(line)
        failed += lines
    on_message("figures and claims")
    return _report(networks, trajectories, failed, folder / "report", scale)


def _failures(trained: Trained, trajectories: xr.Dataset) -> list[str]:
    """What failed in one training, one line each."""
    diverged = [
        f"run {run} diverged in epoch {epoch}" for run, epoch in diverged_runs(trained).items()
    ]
    return diverged + failures(trajectories)


def trainings() -> dict[str, list[Setting]]:
    """The settings that share each training, by the name of the training."""
    shared: dict[str, list[Setting]] = {}
    for setting in SETTINGS.values():
        shared.setdefault(setting.training, []).append(setting)
    return shared


def _trained(name: str, scale: Scale, folder: Path, device: str, steps: ProgressContext) -> Trained:
    setting = trainings()[name][0]
    sizes = {key: min(size, getattr(setting, key)) for key, size in scale.sizes.items()}
    with steps(f"training {name}") as on_progress:
        return train(
            change_setting(setting, **sizes),
            device=device,
            directory=folder / "networks" / name,
            on_progress=on_progress,
        )


def _measured(
    trained: Trained, scale: Scale, jobs: int | None, steps: ProgressContext
) -> xr.Dataset:
    settings = trainings()[trained.setting.training]
    binned = list(dict.fromkeys(spec for s in settings for spec in s.estimators))
    with steps(f"measuring {trained.setting.training}") as on_progress:
        measure(trained, binned, jobs=jobs, on_progress=on_progress)
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


def _report(
    networks: Mapping[str, Trained],
    trajectories: Mapping[str, xr.Dataset],
    failed: Sequence[str],
    folder: Path,
    scale: str,
) -> Path:
    pictures = []
    for key, caption, drawing in thesis_figures(networks, trajectories):
        path = save_in_new_folder(drawing, folder / FOLDER / f"{key}.png")
        pictures.append(f"![{caption}]({FOLDER}/{path.name})\n\n*{caption}. Numbers: "
                        f"[{key}.csv]({FOLDER}/{key}.csv)*")  # fmt: skip
    claims = claims_table(trajectories)
    with whole_file(folder / FOLDER / "claims.csv") as part:
        claims.to_csv(part, index=False, float_format="%.6g", lineterminator="\n")
    parts = [
        "# Reproduction of the thesis",
        _introduction(scale),
        "## What was run",
        _machine(networks),
        _training_table(networks, trajectories),
        _failure_list(failed),
        "## The claims",
        f"{_counts(claims)} {CLAIMS_NOTE}",
        to_markdown(claims),
        "## The figures",
        *pictures,
    ]
    page = folder / PAGE
    with whole_file(page) as part:
        part.write_text("\n\n".join(parts) + "\n")
    return page


def _introduction(scale: str) -> str:
    return (
        'The thesis is N. L. Rasmussen, "Information Bottleneck for Deep Learning: Theory and '
        'Experiments" (BSc thesis, University of Copenhagen). It follows Shwartz-Ziv & Tishby '
        "(arXiv:1703.00810) and Saxe et al. (doi:10.1088/1742-5468/ab3985). This page trains its "
        "networks anew, measures their information planes with the estimators of the thesis and "
        "with two others, and tests each of its claims by statistics over the runs. One command "
        "makes the page:\n\n"
        f"```sh\nmibench ibnet reproduce --scale {scale}\n```\n\n"
        "X is the input of a network, T the outputs of a layer, and Y the class label. T1 is the "
        "first hidden layer; the last layer is the softmax. Information is in bits.\n\n"
        "The learning rate is 4e-4, as in the published code of the thesis. Its text says 1e-4, "
        "but that does not give its published maximum activations (see `mibench.ibnet.Setting`)."
    )


CLAIMS_NOTE = (
    "Each claim has one or more parts, and each part is a statistic. `ibnet/thesis/claims/` "
    "defines them. The criteria were written before the runs were made. All numbers: "
    f"[claims.csv]({FOLDER}/claims.csv)."
)


def _counts(claims: pd.DataFrame) -> str:
    counts = verdicts(claims)["verdict"].value_counts()
    return (
        f"Of {counts.sum()} claims {counts.get('reproduced', 0)} are reproduced, "
        f"{counts.get('not reproduced', 0)} are not, and {counts.get('undecided', 0)} are "
        "undecided: an interval meets the criterion only in part."
    )


def _machine(networks: Mapping[str, Trained]) -> str:
    texts: dict[str, str] = {}
    for trained in networks.values():
        for key, value in trained.versions.items():
            texts[key] = join_versions(texts[key], value) if key in texts else value
    seconds = sum(_seconds(t, "train") + _seconds(t, "measure") for t in networks.values())
    return (
        f"{len(networks)} trainings, trained and measured in {_duration(seconds)} on "
        f"{texts['processor']}, {texts['machine']}, Python {texts['python_version']}, mibench "
        f"{texts['mibench_version']}, NumPy {texts['numpy_version']}, numba "
        f"{texts['numba_version']}."
    )


def _failure_list(failed: Sequence[str]) -> str:
    if not failed:
        return "No run diverged and no estimate failed."
    return "These failed and are left out:\n\n" + "\n".join(f"- {line}" for line in failed)


def _seconds(trained: Trained, what: str) -> float:
    return float(trained.group.attrs.get(f"{what}_seconds", 0.0))  # type: ignore[arg-type]


def _duration(seconds: float) -> str:
    minutes, remainder = divmod(round(seconds), 60)
    return f"{minutes} min {remainder} s" if minutes else f"{remainder} s"


def _training_table(networks: Mapping[str, Trained], trajectories: Mapping[str, xr.Dataset]) -> str:
    rows = [
        "| networks | settings | layers | runs | epochs | diverged | train error | test error | "
        "trained in | measured in |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, trained in networks.items():
        setting, last = trained.setting, trajectories[name].isel(epoch=-1)
        errors = (
            f"{100 * float(last[key].mean()):.2f} ± {100 * float(last[key].std()):.2f} %"
            for key in ("train_error", "test_error")
        )
        row = (
            name, ", ".join(s.name for s in trainings()[name]), "-".join(map(str, setting.layers)),
            setting.runs, trained.epochs, len(diverged_runs(trained)), *errors,
            _duration(_seconds(trained, "train")), _duration(_seconds(trained, "measure")),
        )  # fmt: skip
        rows.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(rows)
