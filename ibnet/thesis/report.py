"""The whole study: every training of the thesis, its figures, its claims, and a report of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mibench.errors import InputError, unknown
from mibench.output.files import whole_file

from .._extra import needs
from ..measuring.measuring import measure
from ..measuring.trajectories import failures
from ..networks.trained import Trained
from ..networks.versions import join_versions
from ..settings import SETTINGS, Setting, change_setting
from ..training.training import diverged_runs, train
from .claims import claims_table, to_markdown, verdicts
from .figure_set import save_as, thesis_figures

with needs("xarray"):
    import xarray as xr

PAGE = "reproduction.md"
FOLDER = "reproduction"  # of the figures, beside the page

Steps = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Scale:
    """How much of the study: sizes instead of the settings', and epochs for slow estimators."""

    sizes: Mapping[str, int]
    pairwise_epochs: str


SCALES = {
    "small": Scale({"runs": 3, "epochs": 300}, "0,1,10,100,300"),
    "full": Scale({}, "0,1,3,10,30,100,300,1000,3000,8000"),
}
PAIRWISE = ("kde", "knn")  # measured beside the thesis's own binnings, on fewer epochs


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
    steps: Steps = _no_steps,
    on_message: Callable[[str], object] = _silent,
    on_failure: Callable[[str], object] = _silent,
) -> Path:
    """Train and measure every setting of the thesis, draw its figures and judge its claims.

    directory: of everything; what is there already is not computed again. scale: "full" as in the
    thesis, or "small", 3 runs of 300 epochs. steps(title): a context that shows progress and gives
    a callable (done, total); on_failure: is told of every kind of cell that failed and every run
    that diverged, which the report lists too. Returns the path of the report,
    `directory`/report/reproduction.md.
    """
    if scale not in SCALES:
        raise InputError(unknown("scale", scale, SCALES))
    folder = Path(directory)
    networks, found, failed = {}, {}, []
    for name in trainings():
        on_message(f"{name}:")
        networks[name] = _trained(name, SCALES[scale], folder, device, steps)
        found[name] = _measured(networks[name], SCALES[scale], jobs, steps)
        lines = [f"{name}: {line}" for line in _failures(networks[name], found[name])]
        for line in lines:
            on_failure(line)
        failed += lines
    on_message("figures and claims")
    return _report(networks, found, failed, folder / "report", scale)


def _failures(trained: Trained, found: xr.Dataset) -> list[str]:
    lost = [f"run {run} diverged in epoch {epoch}" for run, epoch in diverged_runs(trained).items()]
    return lost + failures(found)


def trainings() -> dict[str, list[Setting]]:
    """The settings that share each training, by its name."""
    shared: dict[str, list[Setting]] = {}
    for setting in SETTINGS.values():
        shared.setdefault(setting.training, []).append(setting)
    return shared


def _trained(name: str, scale: Scale, folder: Path, device: str, steps: Steps) -> Trained:
    setting = trainings()[name][0]
    sizes = {key: min(size, getattr(setting, key)) for key, size in scale.sizes.items()}
    with steps(f"training {name}") as on_progress:
        return train(
            change_setting(setting, **sizes),
            device=device,
            directory=folder / "networks" / name,
            on_progress=on_progress,
        )


def _measured(trained: Trained, scale: Scale, jobs: int | None, steps: Steps) -> xr.Dataset:
    settings = trainings()[trained.setting.training]
    binned = list(dict.fromkeys(spec for s in settings for spec in s.estimators))
    with steps(f"measuring {trained.setting.training}") as on_progress:
        measure(trained, binned, jobs=jobs, on_progress=on_progress)
    with steps(f"measuring {trained.setting.training} by {' and '.join(PAIRWISE)}") as on_progress:
        measure(trained, PAIRWISE, epochs=scale.pairwise_epochs, jobs=jobs, on_progress=on_progress)
    return measure(trained, [*binned, *PAIRWISE], epochs="0", jobs=1)


def _report(
    networks: Mapping[str, Trained],
    found: Mapping[str, xr.Dataset],
    failed: Sequence[str],
    folder: Path,
    scale: str,
) -> Path:
    pictures = []
    for key, caption, drawing in thesis_figures(networks, found):
        path = save_as(drawing, folder / FOLDER / f"{key}.png")
        pictures.append(f"![{caption}]({FOLDER}/{path.name})\n\n*{caption}. Numbers: "
                        f"[{key}.csv]({FOLDER}/{key}.csv)*")  # fmt: skip
    claims = claims_table(found)
    with whole_file(folder / FOLDER / "claims.csv") as part:
        claims.to_csv(part, index=False, float_format="%.6g", lineterminator="\n")
    parts = [
        "# The thesis, run again",
        _introduction(scale),
        "## What was run",
        _machine(networks),
        _training_table(networks, found),
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
        "The networks of N. L. Rasmussen's thesis (after Shwartz-Ziv & Tishby, arXiv:1703.00810, "
        "and Saxe et al., doi:10.1088/1742-5468/ab3985), trained anew, their information planes "
        "under the thesis's estimators and two more, and each of the thesis's claims as a "
        "statistic over the runs. Made by one command:\n\n"
        f"```sh\nmibench ibnet reproduce --scale {scale}\n```\n\n"
        "The learning rate is 4e-4, that of the thesis's published code; its text says 1e-4, which "
        "does not give its published maximum activations (see `mibench.ibnet.Setting`)."
    )


CLAIMS_NOTE = (
    "Each claim is one statistic or more, defined in `ibnet/claims/`; the criteria were written "
    f"before the runs were made. All numbers: [claims.csv]({FOLDER}/claims.csv)."
)


def _counts(claims: pd.DataFrame) -> str:
    found = verdicts(claims)["verdict"].value_counts()
    return (
        f"Of {found.sum()} claims {found.get('reproduced', 0)} are reproduced, "
        f"{found.get('not reproduced', 0)} are not, and {found.get('undecided', 0)} are undecided: "
        "their intervals meet the criterion in part."
    )


def _machine(networks: Mapping[str, Trained]) -> str:
    known: dict[str, str] = {}
    for trained in networks.values():
        for key, value in trained.versions.items():
            known[key] = join_versions(known[key], value) if key in known else value
    seconds = sum(_seconds(t, "train") + _seconds(t, "measure") for t in networks.values())
    return (
        f"{len(networks)} trainings, trained and measured in {_duration(seconds)} on "
        f"{known['processor']}, {known['machine']}, Python {known['python_version']}, mibench "
        f"{known['mibench_version']}, NumPy {known['numpy_version']}, numba "
        f"{known['numba_version']}."
    )


def _failure_list(failed: Sequence[str]) -> str:
    if not failed:
        return "No run diverged and no estimate failed."
    return "What failed, and is left out:\n\n" + "\n".join(f"- {line}" for line in failed)


def _seconds(trained: Trained, what: str) -> float:
    return float(trained.group.attrs.get(f"{what}_seconds", 0.0))  # type: ignore[arg-type]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _training_table(networks: Mapping[str, Trained], found: Mapping[str, xr.Dataset]) -> str:
    rows = [
        "| networks | settings | layers | runs | epochs | diverged | train error | test error | "
        "trained in | measured in |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, trained in networks.items():
        setting, last = trained.setting, found[name].isel(epoch=-1)
        errors = (
            f"{100 * float(last[key].mean()):.2f} ± {100 * float(last[key].std()):.2f} %"
            for key in ("train_error", "test_error")
        )
        cells = (
            name, ", ".join(s.name for s in trainings()[name]), "-".join(map(str, setting.layers)),
            setting.runs, trained.epochs, len(diverged_runs(trained)), *errors,
            _duration(_seconds(trained, "train")), _duration(_seconds(trained, "measure")),
        )  # fmt: skip
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)
