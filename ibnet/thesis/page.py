"""Writes the page of the reproduction: what was run, the claims and the figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mibench.output.files import whole_file
from mibench.output.safe import to_csv

from .._extra import explain_missing_packages
from ..networks.trained import Trained
from ..networks.versions import join_versions
from ..settings import settings_by_training
from ..training.training import diverged_runs
from ..training_figures import save_in_new_folder
from .claims import (
    claims_table,
    generalisation_table,
    generalisation_to_markdown,
    to_markdown,
    verdicts,
)
from .figures import thesis_figures

with explain_missing_packages("xarray"):
    import xarray as xr

PAGE = "reproduction.md"
FOLDER = "reproduction"  # of the figures, next to the page


def write_page(
    networks: Mapping[str, Trained],
    trajectories: Mapping[str, xr.Dataset],
    failed: Sequence[str],
    folder: Path,
    command: str,
) -> Path:
    """Draw the figures, judge the claims, and write the page. Returns the path of the page.

    command: the one that makes the page.
    """
    pictures = []
    for key, caption, drawing in thesis_figures(networks, trajectories):
        path = save_in_new_folder(drawing, folder / FOLDER / f"{key}.png")
        pictures.append(f"![{caption}]({FOLDER}/{path.name})\n\n*{caption}. Numbers: "
                        f"[{key}.csv]({FOLDER}/{key}.csv)*")  # fmt: skip
    claims = claims_table(trajectories)
    generalisation = generalisation_table(trajectories)
    for name, table in (("claims", claims), ("generalisation", generalisation)):
        with whole_file(folder / FOLDER / f"{name}.csv") as part:
            to_csv(table, part, float_format="%.6g", lineterminator="\n")
    parts = [
        "# Reproduction of the thesis",
        introduction(command),
        "## What was run",
        _machine(networks),
        _training_table(networks, trajectories),
        _failure_list(failed),
        "## The claims",
        f"{verdict_counts(claims)} {CLAIMS_NOTE}",
        to_markdown(claims),
        "## Compression and generalisation",
        GENERALISATION_NOTE,
        generalisation_to_markdown(generalisation),
        "## The figures",
        *pictures,
    ]
    page = folder / PAGE
    with whole_file(page) as part:
        part.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def introduction(command: str) -> str:
    """What the page is about, and the command that makes it."""
    return (
        'The thesis is N. L. Rasmussen, "Information Bottleneck for Deep Learning: Theory and '
        'Experiments" (BSc thesis, University of Copenhagen). It follows Shwartz-Ziv & Tishby '
        "(arXiv:1703.00810) and Saxe et al. (doi:10.1088/1742-5468/ab3985). For this page, its "
        "networks were trained again, their information planes were measured with the estimators "
        "of the thesis, and each of its claims was tested by statistics over the runs. One command "
        f"does all of this:\n\n```sh\n{command}\n```\n\n"
        "If it is interrupted, even by `kill -9`, the same command continues. `--runs 300` trains "
        "300 networks of every setting but A, and `--runs relu-256=300` of one training, for "
        "narrower intervals.\n\n"
        "X is the input of a network, T the outputs of a layer, and Y the class label. T1 is the "
        "first hidden layer; the last layer is the softmax. Information is in bits.\n\n"
        "The learning rate is 4e-4, as in the published code of the thesis. Its text says 1e-4, "
        "but that does not give its published maximum activations (see `mibench.ibnet.Setting`)."
    )


CLAIMS_NOTE = (
    "Each claim has one or more parts, and each part is a statistic. `ibnet/thesis/claims/` "
    "defines them. What claims 1, 3, 4, 9, 10 and 14 judge, and claims 16 to 21, follow the words "
    "of the thesis; these were settled when results of earlier runs were known, and that claim 3 "
    "is about any window, not the end, when those of these runs were. The other criteria were "
    f"written before any run was made. All numbers: [claims.csv]({FOLDER}/claims.csv)."
)


GENERALISATION_NOTE = (
    "Claim 20 by layer, under adaptive bins: Spearman's rank correlation over runs of I(X;T) with "
    "the test error at the end, with 95 % intervals (bootstrap over runs). Above 0, networks with "
    'less I(X;T) generalise better. "All hidden" is the sum over hidden layers. Controls: the '
    "same at epoch 0; partial correlations given the training error, and given I(X;T) at epoch 0; "
    "without dead networks, whose training error stays above 25 %. The last column has the fall of "
    "I(X;T) from its peak to the end: below 0, networks that compress more generalise better. n/a: "
    "a value is the same in all, or in nearly all, runs. All numbers: "
    f"[generalisation.csv]({FOLDER}/generalisation.csv)."
)


def verdict_counts(claims: pd.DataFrame) -> str:
    """The number of claims with each verdict, as a sentence."""
    counts = verdicts(claims)["verdict"].value_counts()
    undecided = counts.get("undecided", 0)
    return (
        f"Of {counts.sum()} claims {counts.get('reproduced', 0)} are reproduced, "
        f"{counts.get('not reproduced', 0)} are not, and {undecided or 'none'} "
        f"{'is' if undecided < 2 else 'are'} undecided: an interval meets the criterion only in "
        "part."
    )


def _machine(networks: Mapping[str, Trained]) -> str:
    """The duration of all trainings, and the machine and versions, as a sentence."""
    texts: dict[str, str] = {}
    for trained in networks.values():
        for key, value in trained.versions.items():
            texts[key] = join_versions(texts[key], value) if key in texts else value
    seconds = sum(_seconds(t, "train") + _seconds(t, "measure") for t in networks.values())
    return (
        f"{len(networks)} trainings, trained and measured in {_duration(seconds)} of wall time on "
        f"{texts['processor']}, {texts['machine']}, Python {texts['python_version']}, mibench "
        f"{texts['mibench_version']}, NumPy {texts['numpy_version']}, numba "
        f"{texts['numba_version']}."
    )


def _failure_list(failed: Sequence[str]) -> str:
    if not failed:
        return "No run diverged and no estimate failed."
    return "These failed and are left out:\n\n" + "\n".join(f"- {line}" for line in failed)


def _seconds(trained: Trained, what: str) -> float:
    """The wall time of all training ("train") or measuring ("measure"), in seconds."""
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
        names = ", ".join(s.name for s in settings_by_training()[name])
        row = (
            name, names, "-".join(map(str, setting.layers)), setting.runs, trained.epochs,
            len(diverged_runs(trained)), *errors,
            _duration(_seconds(trained, "train")), _duration(_seconds(trained, "measure")),
        )  # fmt: skip
        rows.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(rows)
