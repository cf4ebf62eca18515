"""`mibench ibnet ...`: parses, calls, prints. Everything else is imported when a command runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mibench.cli.console import (
    DONE,
    FILE,
    SOME_FAILED,
    format_option,
    progress,
    say,
    show_rows,
    units_option,
)

if TYPE_CHECKING:
    import xarray as xr

    from .networks.trained import Trained
    from .settings import Setting

OVERRIDES = (
    click.option("--runs", type=int, help="Networks.  [default: the setting's, 40]"),
    click.option("--epochs", type=int, help="Epochs.  [default: the setting's, 8000]"),
    click.option("--seed", type=int, help="Seed of weights, splits and batches.  [default: 0]"),
    click.option("--data", metavar="DATA", help="icosahedron, digits, idx:FOLDER, a .mat or .npz."),
    click.option("--layers", metavar="12-10-..", help="Widths, from the inputs to the classes."),
    click.option("--activation", metavar="NAME", help="tanh, relu, elu, relu6 or linear."),
    click.option("--batch", metavar="N|full", help="Inputs a step."),
    click.option("--learning-rate", type=float, help="Step size of the optimizer."),
    click.option("--optimizer", metavar="NAME", help="adam or sgd."),
    click.option("--init", metavar="NAME", help="truncated-normal, he or glorot."),
)
device_option = click.option(
    "--device", default="cpu", show_default=True, help="cpu, or cuda (needs torch)."
)
jobs_option = click.option(
    "--jobs", type=int, help="Processes that measure; the numbers do not depend on it.  [all cores]"
)
estimators_option = click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    help="Comma-separated specs such as uniform:bins=30,kde.  [default: the setting's]",
)  # fmt: skip


def _schedule_option(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        name, "schedule", metavar="every|log:N|LIST",
        help="Epochs to measure.  [default: every; log:50 for estimators of all pairs]",
    )  # fmt: skip


def _overrides(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OVERRIDES):
        command = option(command)
    return command


@click.group()
def ibnet() -> None:
    """Train networks, measure their information planes, draw them.

    `mibench list settings` names the settings. For a first look, in seconds:

        mibench ibnet run 2.1 --runs 2 --epochs 200
    """


@ibnet.command()
@click.argument("setting")
@click.option("--output", "-o", type=FILE, help="Directory.  [default: ibnet-SETTING]")
@device_option
@_overrides
def train(setting: str, output: Path | None, device: str, **changes: Any) -> int:
    """Train the networks of SETTING and keep their weights after every epoch."""
    trained = _train(_setting(setting, changes), _folder(setting, output), device)
    return _report_training(trained)


@ibnet.command()
@click.argument("directory", type=FILE)
@estimators_option
@_schedule_option("--epochs")
@jobs_option
@click.option("--output", "-o", type=FILE, help="Write every number to a .csv, .json or .parquet.")
@units_option
@format_option
def measure(
    directory: Path,
    estimators: Sequence[str],
    schedule: str | None,
    jobs: int | None,
    output: Path | None,
    units: str,
    form: str,
) -> int:
    """Measure the networks in DIRECTORY: I(X;T) and I(T;Y) of every layer, run and epoch."""
    from mibench.output.files import TABLES, check_path

    if output is not None:
        check_path(output, TABLES, "--output")
    found = _measure(_load(directory), estimators, schedule, jobs)
    if output is not None:
        _write_all(found, output, units)
    _show(found, units, form)
    return SOME_FAILED if _report_failures(found) else DONE


@ibnet.command()
@click.argument("directory", type=FILE)
@click.option("--output", "-o", type=FILE, help="Folder of the figures.  [DIRECTORY/figures]")
@estimators_option
@click.option("--format", "ending", type=click.Choice(["png", "pdf", "svg"]), default="png")
def plot(directory: Path, output: Path | None, estimators: Sequence[str], ending: str) -> int:
    """Draw what was measured in DIRECTORY, each figure with its numbers as CSV beside it."""
    _plot(_load(directory), output, estimators, ending)
    return DONE


@ibnet.command()
@click.argument("setting")
@click.option("--output", "-o", type=FILE, help="Directory.  [default: ibnet-SETTING]")
@estimators_option
@_schedule_option("--measure-epochs")
@device_option
@jobs_option
@_overrides
@units_option
@format_option
def run(
    setting: str,
    output: Path | None,
    estimators: Sequence[str],
    schedule: str | None,
    device: str,
    jobs: int | None,
    units: str,
    form: str,
    **changes: Any,
) -> int:
    """Train the networks of SETTING, measure and draw them."""
    from .measuring.measuring import check_plan

    wanted = _setting(setting, changes)
    specs = estimators or wanted.estimators  # the directory may be another setting's
    check_plan(specs, schedule, wanted.epochs, jobs)
    trained = _train(wanted, _folder(setting, output), device)
    lost = _report_training(trained)
    found = _measure(trained, specs, schedule, jobs)
    failed = _report_failures(found)
    _plot(trained, None, [str(s) for s in found.estimator.values], "png")
    _show(found, units, form)
    return SOME_FAILED if lost or failed else DONE


@ibnet.command()
@click.option(
    "--scale", type=click.Choice(["small", "full"]), default="small", show_default=True,
    help="small: 3 runs of 300 epochs, a minute; full: as the thesis, an hour or two.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE, help="Directory of all.  [default: ibnet-reproduction-SCALE]"
)
@device_option
@jobs_option
def reproduce(scale: str, output: Path | None, device: str, jobs: int | None) -> int:
    """Train and measure every setting of the thesis; draw its figures and judge its claims."""
    from .thesis.report import reproduce as reproduce_all

    failed: list[str] = []
    folder = Path(f"ibnet-reproduction-{scale}") if output is None else output
    report = reproduce_all(
        folder, scale=scale, device=device, jobs=jobs, steps=progress, on_message=say,
        on_failure=failed.append,
    )  # fmt: skip
    for line in failed:
        say(f"failed: {line}")
    say(f"wrote {report}")
    return SOME_FAILED if failed else DONE


def _folder(setting: str, output: Path | None) -> Path:
    return Path(f"ibnet-{Path(setting).name.removesuffix('.json')}") if output is None else output


def _train(wanted: "Setting", folder: Path, device: str) -> "Trained":
    from .training.training import train as train_all

    with progress(f"training {wanted.name}") as on_progress:
        try:
            return train_all(wanted, device=device, directory=folder, on_progress=on_progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted; {folder} keeps what is trained, the same command goes on"
            ) from None


def _setting(name: str, changes: dict[str, Any]) -> "Setting":
    """The setting with the options that were given."""
    from mibench.errors import InputError

    from .settings import get_setting

    given = {key: value for key, value in changes.items() if value is not None}
    if "layers" in given:
        parts = given["layers"].split("-")
        if not all(part.isdecimal() for part in parts):
            raise InputError(f"--layers {given['layers']!r}: give widths such as 12-10-7-2")
        given["layers"] = tuple(int(part) for part in parts)
    if given.get("batch", "full") != "full":
        if not given["batch"].isdecimal():
            raise InputError(f"--batch {given['batch']!r}: give a number of inputs, or full")
        given["batch"] = int(given["batch"])
    return get_setting(name, **given)


def _load(directory: Path) -> "Trained":
    from .networks.trained import load

    return load(directory)


def _report_training(trained: "Trained") -> int:
    from .training.training import diverged_runs

    setting = trained.setting
    say(
        f"{setting.runs} networks of {'-'.join(map(str, setting.layers))}, {setting.activation}, "
        f"{trained.epochs} epochs, in {trained.directory}"
    )
    lost = diverged_runs(trained)
    for number, epoch in lost.items():
        say(f"run {number} diverged in epoch {epoch} (weights not finite); lower the learning rate")
    return SOME_FAILED if lost else DONE


def _measure(
    trained: "Trained", estimators: Sequence[str], schedule: str | None, jobs: int | None
) -> "xr.Dataset":
    from .measuring.measuring import measure as measure_all

    with progress("measuring") as on_progress:
        try:
            return measure_all(
                trained, estimators or None, epochs=schedule, jobs=jobs, on_progress=on_progress
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted; {trained.directory} keeps what is measured, the same command goes on"
            ) from None


def _report_failures(found: "xr.Dataset") -> int:
    from .measuring.trajectories import failures

    lines = failures(found)
    for line in lines:
        say(f"failed: {line}")
    return len(lines)


def _plot(trained: "Trained", output: Path | None, estimators: Sequence[str], ending: str) -> None:
    import os

    os.environ["MPLBACKEND"] = "agg"  # no window is opened, so a user's choice cannot matter
    from .measuring.trajectories import read_measured
    from .thesis.figure_set import draw_training

    folder = Path(str(trained.directory)) / "figures" if output is None else output
    drawn = draw_training(trained, read_measured(trained, estimators), folder, ending)
    say(f"drew {len(drawn)} figures in {folder}: {', '.join(p.name for p in drawn)}")


def _show(found: "xr.Dataset", units: str, form: str) -> None:
    from .measuring.trajectories import layer_rows

    headings, rows = layer_rows(found, units)
    show_rows(f"I(X;T) and I(T;Y) in {units}, means over runs", headings, rows, form)


def _write_all(found: "xr.Dataset", output: Path, units: str) -> None:
    from mibench.output.files import write_table

    from .measuring.trajectories import tidy

    table = tidy(found, units)
    write_table(table, output)
    say(f"wrote {len(table)} rows to {output}")
