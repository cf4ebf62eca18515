"""Commands that train networks, measure them and draw the results."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mibench.cli.console import (
    DONE,
    FILE,
    SOME_FAILED,
    format_option,
    say,
    units_option,
)
from mibench.cli.progress import progress
from mibench.errors import InputError

from . import steps
from .group import ibnet
from .options import (
    change_options,
    device_option,
    estimators_option,
    figures_output_option,
    inputs_option,
    jobs_option,
    keep_option,
    schedule_option,
    training_output_option,
)

if TYPE_CHECKING:
    from ..inputs import Inputs


@ibnet.command()
@click.argument("setting")
@training_output_option
@device_option
@keep_option
@change_options
def train(setting: str, output: Path | None, device: str, keep: str, **changes: Any) -> int:
    """Train networks and store their weights.

    Trains all networks of SETTING and stores their weights after every epoch, or after those
    that --keep names. SETTING is a name from `mibench list settings`, or a .json file. If the
    training is interrupted, the same command continues it.
    """
    trained = steps.train(
        steps.setting_of(setting, changes), steps.folder_of(setting, output), device, keep
    )
    return steps.report_training(trained)


@ibnet.command()
@click.argument("directory", type=FILE)
@estimators_option
@inputs_option
@schedule_option("--measure-epochs")
@click.option("--epochs", "earlier_name", hidden=True)
@jobs_option
@click.option(
    "--output", "-o", type=FILE,
    help="File for the estimates of every run, epoch and layer: .csv, .json or .parquet.",
)  # fmt: skip
@units_option
@format_option
def measure(
    directory: Path,
    estimators: Sequence[str],
    inputs: "Inputs",
    schedule: str | None,
    earlier_name: str | None,
    jobs: int | None,
    output: Path | None,
    units: str,
    form: str,
) -> int:
    """Estimate I(X;T) and I(T;Y) of all layers.

    Measures every layer T, run and epoch of the networks in DIRECTORY, which `mibench ibnet
    train` or `ibnet.watch` made. X is the input and Y the class label. Results are stored there
    too: what is stored is not measured again, and results of all, train and test inputs are kept
    apart. The table on standard output shows means over runs.
    """
    from mibench.output.files import TABLES, check_path

    if output is not None:
        check_path(output, TABLES, "--output")
    trajectories = steps.measure(
        steps.load(directory), estimators, schedule or earlier_name, jobs, inputs
    )
    if output is not None:
        steps.write_estimates(trajectories, output, units)
    steps.show_means(trajectories, units, form)
    return SOME_FAILED if steps.report_failures(trajectories) else DONE


@ibnet.command()
@click.argument("directory", type=FILE)
@figures_output_option
@inputs_option
@click.option(
    "--estimators", "-e", metavar="ESTIMATORS", multiple=True,
    help="Comma-separated estimators to draw.  [default: all that were measured]",
)  # fmt: skip
@click.option(
    "--pictures", type=click.Choice(["png", "pdf", "svg"]), default="png",
    show_default=True, help="File format of the figures.",
)  # fmt: skip
@click.option("--format", "earlier_name", type=click.Choice(["png", "pdf", "svg"]), hidden=True)
def plot(
    directory: Path,
    output: Path | None,
    inputs: "Inputs",
    estimators: Sequence[str],
    pictures: str,
    earlier_name: str | None,
) -> int:
    """Draw the measured information planes.

    Draws what `mibench ibnet measure` stored in DIRECTORY: information planes, I(X;T) and
    I(T;Y) by epoch, errors, maximum activations and bins. Each figure is written together with
    a CSV file of its numbers.
    """
    steps.draw(steps.load(directory), output, estimators, earlier_name or pictures, inputs)
    return DONE


@ibnet.command()
@click.argument("directory", type=FILE)
@click.option(
    "--output",
    "-o",
    type=FILE,
    help="The page: a .html file.  [default: DIRECTORY/plane.html; plane-train.html and "
    "plane-test.html for --inputs train and test]",
)
@inputs_option
@click.option(
    "--estimators", "-e", metavar="ESTIMATORS", multiple=True,
    help="Comma-separated estimators to show.  [default: all that were measured]",
)  # fmt: skip
def page(directory: Path, output: Path | None, inputs: "Inputs", estimators: Sequence[str]) -> int:
    """Write the measured information planes as one HTML page.

    Shows what `mibench ibnet measure` stored in DIRECTORY: the planes of the estimators side by
    side, with a slider that plays the epochs. The page needs only a browser, and no network.
    """
    from mibench.output.files import PAGES, check_path

    trained = steps.load(directory)
    if output is not None:
        check_path(output, PAGES, "--output")
    steps.write_page(trained, output, estimators, inputs)
    return DONE


@ibnet.command()
@click.argument("setting")
@training_output_option
@estimators_option
@inputs_option
@schedule_option("--measure-epochs")
@device_option
@keep_option
@jobs_option
@change_options
@units_option
@format_option
def run(
    setting: str,
    output: Path | None,
    estimators: Sequence[str],
    inputs: "Inputs",
    schedule: str | None,
    device: str,
    keep: str,
    jobs: int | None,
    units: str,
    form: str,
    **changes: Any,
) -> int:
    """Train, measure and draw in one command.

    This is `mibench ibnet train`, `measure`, `plot` and `page` together. SETTING is a name from
    `mibench list settings`, or a .json file. I(X;T) and I(T;Y) are estimated for every layer T; X
    is the input and Y the class label.
    """
    from ..measuring.binding import refuse_foreign_code
    from ..measuring.measuring import check_plan

    requested = steps.setting_of(setting, changes)
    # The directory may hold networks that were trained for another setting with other estimators.
    specs = estimators or requested.estimators
    if not estimators:
        refuse_foreign_code(specs, setting)
    check_plan(specs, schedule, requested, jobs, keep)
    trained = steps.train(requested, steps.folder_of(setting, output), device, keep)
    diverged = steps.report_training(trained)
    trajectories = steps.measure(trained, specs, schedule, jobs, inputs)
    failed = steps.report_failures(trajectories)
    measured = [str(s) for s in trajectories.estimator.values]
    steps.draw(trained, None, measured, "png", inputs)
    steps.write_page(trained, None, measured, inputs)
    steps.show_means(trajectories, units, form)
    return SOME_FAILED if diverged or failed else DONE


@ibnet.command()
@click.option(
    "--scale", type=click.Choice(["small", "full"]), default="small", show_default=True,
    help="small: 3 runs of 300 epochs, a minute; full: as in the thesis, an hour or two.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE,
    help="Directory to store everything in.  [default: ibnet-reproduction-SCALE]",
)  # fmt: skip
@click.option(
    "--runs", metavar="N|TRAINING=N", multiple=True,
    help="Networks of every setting, apart from the two of A; or of one training, such as "
    "relu-256=300 (repeat it for several).  [default: as in the thesis, 40; B: 30]",
)  # fmt: skip
@keep_option
@device_option
@jobs_option
def reproduce(
    scale: str, output: Path | None, runs: Sequence[str], keep: str, device: str, jobs: int | None
) -> int:
    """Run all experiments of the thesis.

    Trains and measures all its settings, draws its figures, and judges its claims. The thesis
    is N. L. Rasmussen, "Information Bottleneck for Deep Learning: Theory and Experiments" (BSc
    thesis, University of Copenhagen). The report is a Markdown page. If it is interrupted, the same
    command continues.
    """
    from ..thesis.report import reproduce as reproduce_all

    failed: list[str] = []
    folder = Path(f"ibnet-reproduction-{scale}") if output is None else output
    report = reproduce_all(
        folder, scale=scale, runs=_numbers_of_runs(runs), keep=keep, device=device, jobs=jobs,
        steps=progress,
        on_message=say, on_failure=failed.append,
    )  # fmt: skip
    for line in failed:
        say(f"failed: {line}")
    say(f"wrote {report}")
    return SOME_FAILED if failed else DONE


def _numbers_of_runs(texts: Sequence[str]) -> int | dict[str, int] | None:
    """The number of networks of every setting, or by training.

    Raises InputError for what is neither N nor TRAINING=N, for a training that is named twice, and
    for N beside TRAINING=N.
    """
    by_training: dict[str, int] = {}
    for text in texts:
        name, sign, count = text.rpartition("=")
        good = count.isascii() and count.isdecimal() and (bool(name) or not sign)
        if not good or name in by_training:
            raise InputError(
                f"--runs {text}: give a number, such as 300, or a training and its number, such as "
                "relu-256=300, each once"
            )
        by_training[name] = int(count)
    if "" not in by_training:
        return by_training or None
    if len(by_training) > 1:
        raise InputError(
            "--runs has a number for every setting and one for a training: give one of them, or "
            "one for each training"
        )
    return by_training[""]
