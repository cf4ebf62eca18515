"""Commands that answer questions: which estimator is right, what changes compression, and when."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mibench.cli.completion import several_of
from mibench.cli.console import (
    DONE,
    FILE,
    SOME_FAILED,
    format_option,
    say,
    show_records,
    show_rows,
)
from mibench.cli.progress import progress
from mibench.cli.show import prepare_figures

from . import steps
from .group import ibnet
from .options import (
    change_options,
    device_option,
    estimators_option,
    figures_output_option,
    inputs_option,
    jobs_option,
    layer_estimator_names,
    schedule_option,
)

if TYPE_CHECKING:
    from ..inputs import Inputs

AUDITED = ("uniform:bins=30,adaptive:bins=30,kde,knn",)


@ibnet.command()
@click.argument("directory", type=FILE)
@click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    shell_complete=several_of(layer_estimator_names), default=AUDITED, show_default=True,
    help="Estimators to compare, comma-separated.",
)  # fmt: skip
@click.option(
    "--noise", type=float, metavar="SD",
    help="Standard deviation of normal noise on the outputs of layers. The truth is then the "
    "information of layers with this noise, which kde and knn get too.  [default: none for "
    "quantised networks, 0.0316 for others]",
)  # fmt: skip
@inputs_option
@schedule_option("--measure-epochs")
@jobs_option
@figures_output_option
@format_option
def audit(
    directory: Path,
    estimators: Sequence[str],
    noise: float | None,
    inputs: "Inputs",
    schedule: str | None,
    jobs: int | None,
    output: Path | None,
    form: str,
) -> int:
    """Compare estimators with the true information.

    The truth of networks that were trained with --quantize is `exact`, which counts. That of other
    networks, and of your own, is `noisy`: I(X;T) and I(T;Y) of layers with normal noise. Measures
    what is not measured yet, draws every information plane beside the true one, and prints by
    layer, in bits, the error of each estimator and of the compression that it shows: the largest
    I(X;T) minus the last. An estimator invents compression, or hides it, if the 95% interval of
    this error is beyond 0.1 bits.
    """
    from ..figures import audit as compare
    from ..figures import plot_audit, plot_plane
    from ..inputs import heading
    from ..measuring.flagged import flag_lines
    from ..measuring.truth import with_truth
    from ..training_figures import save_in_new_folder

    trained = steps.load(directory)
    truth, *others = with_truth(trained, estimators, noise)
    trajectories = steps.measure(trained, [truth, *others], schedule, jobs, inputs)
    failed = steps.report_failures(trajectories)
    for line in flag_lines(trajectories):
        say(f"flagged: {line}")
    prepare_figures()
    folder = steps.figures_of(directory, inputs) if output is None else output
    drawings = {
        "audit": plot_audit(trajectories, truth.spec), "audit-planes": plot_plane(trajectories)
    }  # fmt: skip
    for name, drawing in drawings.items():
        say(f"drew {save_in_new_folder(drawing, folder / f'{name}.png')}")
    table = compare(trajectories, truth.spec)
    headings = [str(name) for name in table.columns]
    rows: list[list[object]] = table.to_numpy(dtype=object).tolist()
    of = heading(f"Estimators against {truth.spec}, in bits", trajectories)
    show_rows(of, headings, rows, form)
    return SOME_FAILED if failed else DONE


@ibnet.command()
@click.argument("setting")
@click.option(
    "--vary", metavar="NAME=VALUE,..", multiple=True, required=True,
    help="A field of the setting with its values, such as init=he,glorot. Several of these "
    "options give all combinations.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE,
    help="Directory to store everything in.  [default: ibnet-study-SETTING]",
)  # fmt: skip
@estimators_option
@schedule_option("--measure-epochs")
@device_option
@jobs_option
@change_options
@format_option
def study(
    setting: str,
    vary: Sequence[str],
    output: Path | None,
    estimators: Sequence[str],
    schedule: str | None,
    device: str,
    jobs: int | None,
    form: str,
    **changes: Any,
) -> int:
    """Compare compression and test error when a setting changes.

    Trains and measures the networks of SETTING with each value of --vary. The compression of a
    layer is its largest I(X;T) minus the last. Prints it and the test error of each condition, with
    95% intervals over runs, and says whether the two go together. Runs of one number share
    their seed. If the study is interrupted, the same command continues it.
    """
    from ..figures import plot_planes, plot_study
    from ..measuring.trajectories import failures
    from ..studies.conditions import varied
    from ..studies.numbers import study_ranks, study_table
    from ..studies.study import EPOCHS
    from ..studies.study import study as study_all
    from ..studies.tables import tables
    from ..training_figures import save_in_new_folder

    folder = Path(f"ibnet-study-{Path(setting).stem}") if output is None else output
    try:
        trajectories = study_all(
            steps.setting_of(setting, changes), varied(vary), directory=folder,
            estimators=estimators or None, epochs=schedule or EPOCHS, device=device, jobs=jobs,
            steps=progress,
        )  # fmt: skip
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; {folder} keeps what is done, the same command continues"
        ) from None
    failed = [f"{title}: {line}" for title, d in trajectories.items() for line in failures(d)]
    for line in failed:
        say(f"failed: {line}")
    prepare_figures()
    for name, draw in (("study", plot_study), ("planes", plot_planes)):
        say(f"drew {save_in_new_folder(draw(trajectories), folder / f'{name}.png')}")
    table, ranks = study_table(trajectories), study_ranks(trajectories)
    if form != "table":
        together = table.merge(ranks.drop(columns="runs"), on=["estimator", "layer"])
        show_records(
            [{str(k): v for k, v in row.items()} for row in together.to_dict("records")], form
        )
    else:
        for title, (headings, rows) in tables(table, ranks).items():
            show_rows(title, headings, rows, form)
    return SOME_FAILED if failed else DONE


@ibnet.command()
@click.argument("directory", type=FILE)
@estimators_option
@schedule_option("--measure-epochs")
@jobs_option
@figures_output_option
@format_option
def gradients(
    directory: Path,
    estimators: Sequence[str],
    schedule: str | None,
    jobs: int | None,
    output: Path | None,
    form: str,
) -> int:
    """Compare the phases of the gradients with those of compression.

    Computes signal and noise of the gradients from the stored weights of the networks in DIRECTORY,
    over batches of the training inputs, and measures I(X;T). Diffusion begins where noise exceeds
    signal, after their largest ratio; compression at the largest I(X;T). Prints the epochs of
    both, means over runs, and their ratio with its 95% interval.
    """
    from mibench.errors import InputError

    from ..figures import plot_gradients
    from ..gradients.noise import EPOCHS, gradient_noise
    from ..gradients.phases import phase_rows, phase_table
    from ..networks.trained import Trained
    from ..training_figures import save_in_new_folder

    trained = steps.load(directory)
    if not isinstance(trained, Trained):
        raise InputError(f"{directory} holds activations, and no weights that have gradients")
    with progress("gradients") as on_progress:
        noise = gradient_noise(trained, schedule or EPOCHS, on_progress=on_progress)
    trajectories = steps.measure(trained, estimators, schedule or EPOCHS, jobs)
    failed = steps.report_failures(trajectories)
    prepare_figures()
    folder = directory / "figures" if output is None else output
    drawing = plot_gradients(trajectories, noise)
    say(f"drew {save_in_new_folder(drawing, folder / 'gradients.png')}")
    table = phase_table(trajectories, noise)
    if form == "table":
        show_rows("Epochs in which diffusion and compression begin", *phase_rows(table), form)
    else:
        show_records([{str(k): v for k, v in r.items()} for r in table.to_dict("records")], form)
    return SOME_FAILED if failed else DONE
