"""The commands `mibench ibnet ...`: they parse options, call functions and print results.

All other modules are imported when a command runs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mibench.cli.completion import estimator_names, several_of
from mibench.cli.console import (
    DONE,
    FILE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    say,
    show_records,
    show_rows,
    units_option,
)
from mibench.cli.progress import progress
from mibench.cli.show import prepare_figures

from .cli_options import (
    change_options,
    device_option,
    estimators_option,
    figures_output_option,
    jobs_option,
    keep_option,
    schedule_option,
    training_output_option,
)

AGAINST_EXACT = ("uniform:bins=30,adaptive:bins=30,kde,knn",)

if TYPE_CHECKING:
    import xarray as xr

    from .measuring.sources import Measurable
    from .networks.trained import Trained
    from .settings import Setting


@click.group()
def ibnet() -> None:
    """Train neural networks, estimate I(X;T) and I(T;Y) of their layers, draw the results.

    X is the input of a network, T the outputs of one of its layers, and Y the class label. I(X;T)
    and I(T;Y), in bits, are the coordinates of the information plane.

    A setting names the networks to train and the estimators to measure them with; `mibench list
    settings` lists all settings. A run is one network of a setting. This first example takes
    seconds:

        mibench ibnet run 2.1 --runs 2 --epochs 200
    """


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
    trained = _train(_setting(setting, changes), _folder(setting, output), device, keep)
    return _report_training(trained)


@ibnet.command()
@click.argument("directory", type=FILE)
@estimators_option
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
    too: what is stored is not measured again. The table on standard output shows means over runs.
    """
    from mibench.output.files import TABLES, check_path

    if output is not None:
        check_path(output, TABLES, "--output")
    trajectories = _measure(_load(directory), estimators, schedule or earlier_name, jobs)
    if output is not None:
        _write_all(trajectories, output, units)
    _show(trajectories, units, form)
    return SOME_FAILED if _report_failures(trajectories) else DONE


@ibnet.command()
@click.argument("directory", type=FILE)
@figures_output_option
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
    estimators: Sequence[str],
    pictures: str,
    earlier_name: str | None,
) -> int:
    """Draw the measured information planes.

    Draws what `mibench ibnet measure` stored in DIRECTORY: information planes, I(X;T) and
    I(T;Y) by epoch, errors, maximum activations and bins. Each figure is written together with
    a CSV file of its numbers.
    """
    _plot(_load(directory), output, estimators, earlier_name or pictures)
    return DONE


@ibnet.command()
@click.argument("directory", type=FILE)
@click.option(
    "--output",
    "-o",
    type=FILE,
    help="The page: a .html file.  [default: DIRECTORY/plane.html]",
)
@click.option(
    "--estimators", "-e", metavar="ESTIMATORS", multiple=True,
    help="Comma-separated estimators to show.  [default: all that were measured]",
)  # fmt: skip
def page(directory: Path, output: Path | None, estimators: Sequence[str]) -> int:
    """Write the measured information planes as one HTML page.

    Shows what `mibench ibnet measure` stored in DIRECTORY: the planes of the estimators side by
    side, with a slider that plays the epochs. The page needs only a browser, and no network.
    """
    from mibench.output.files import PAGES, check_path

    trained = _load(directory)
    if output is not None:
        check_path(output, PAGES, "--output")
    _write_page(trained, output, estimators)
    return DONE


@ibnet.command("compare-exact")
@click.argument("directory", type=FILE)
@click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    shell_complete=several_of(estimator_names), default=AGAINST_EXACT, show_default=True,
    help="Estimators to compare, comma-separated.",
)  # fmt: skip
@schedule_option("--measure-epochs")
@jobs_option
@figures_output_option
@format_option
def compare_exact(
    directory: Path,
    estimators: Sequence[str],
    schedule: str | None,
    jobs: int | None,
    output: Path | None,
    form: str,
) -> int:
    """Compare estimators with the exact information of quantised networks.

    The networks in DIRECTORY were trained with --quantize, so that the estimator `exact` counts
    I(X;T) and I(T;Y). Measures what is not measured yet, draws every information plane beside the
    exact one, and prints by layer, in bits, the error of each estimator and of the compression that
    it shows: the largest I(X;T) minus the last. An estimator invents compression, or hides it, if
    the 95% interval of this error is beyond 0.1 bits.
    """
    from .figures import plot_exact, plot_plane
    from .figures.exact_numbers import compare_exact as compare
    from .measuring.flagged import flag_lines
    from .training_figures import save_in_new_folder

    trained = _load(directory)
    trajectories = _measure(trained, ["exact", *estimators], schedule, jobs)
    failed = _report_failures(trajectories)
    for line in flag_lines(trajectories):
        say(f"flagged: {line}")
    prepare_figures()
    folder = directory / "figures" if output is None else output
    for name, draw in (("exact", plot_exact), ("exact-planes", plot_plane)):
        say(f"drew {save_in_new_folder(draw(trajectories), folder / f'{name}.png')}")
    table = compare(trajectories)
    headings = [str(name) for name in table.columns]
    rows: list[list[object]] = table.to_numpy(dtype=object).tolist()
    show_rows("Estimators against the exact information, in bits", headings, rows, form)
    return SOME_FAILED if failed else DONE


@ibnet.command()
@click.argument("setting")
@training_output_option
@estimators_option
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
    from .measuring.binding import refuse_foreign_code
    from .measuring.measuring import check_plan

    requested = _setting(setting, changes)
    # The directory may hold networks that were trained for another setting with other estimators.
    specs = estimators or requested.estimators
    if not estimators:
        refuse_foreign_code(specs, setting)
    check_plan(specs, schedule, requested, jobs, keep)
    trained = _train(requested, _folder(setting, output), device, keep)
    diverged = _report_training(trained)
    trajectories = _measure(trained, specs, schedule, jobs)
    failed = _report_failures(trajectories)
    measured = [str(s) for s in trajectories.estimator.values]
    _plot(trained, None, measured, "png")
    _write_page(trained, None, measured)
    _show(trajectories, units, form)
    return SOME_FAILED if diverged or failed else DONE


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
    from .figures import plot_planes, plot_study
    from .measuring.trajectories import failures
    from .study.conditions import varied
    from .study.numbers import study_ranks, study_table
    from .study.study import EPOCHS
    from .study.study import study as study_all
    from .study.tables import tables
    from .training_figures import save_in_new_folder

    folder = Path(f"ibnet-study-{Path(setting).stem}") if output is None else output
    try:
        trajectories = study_all(
            _setting(setting, changes), varied(vary), directory=folder,
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
@click.option(
    "--output", "-o", type=FILE, help="Folder for the figure.  [default: DIRECTORY/figures]"
)
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

    from .figures import plot_gradients
    from .gradients.noise import EPOCHS, gradient_noise
    from .gradients.phases import phase_rows, phase_table
    from .networks.trained import Trained
    from .training_figures import save_in_new_folder

    trained = _load(directory)
    if not isinstance(trained, Trained):
        raise InputError(f"{directory} holds activations, and no weights that have gradients")
    with progress("gradients") as on_progress:
        noise = gradient_noise(trained, schedule or EPOCHS, on_progress=on_progress)
    trajectories = _measure(trained, estimators, schedule or EPOCHS, jobs)
    failed = _report_failures(trajectories)
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


@ibnet.command()
@click.option(
    "--scale", type=click.Choice(["small", "full"]), default="small", show_default=True,
    help="small: 3 runs of 300 epochs, a minute; full: as in the thesis, an hour or two.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE,
    help="Directory to store everything in.  [default: ibnet-reproduction-SCALE]",
)  # fmt: skip
@device_option
@jobs_option
def reproduce(scale: str, output: Path | None, device: str, jobs: int | None) -> int:
    """Run all experiments of the thesis.

    Trains and measures all its settings, draws its figures, and judges its claims. The thesis
    is N. L. Rasmussen, "Information Bottleneck for Deep Learning: Theory and Experiments" (BSc
    thesis, University of Copenhagen). The report is a Markdown page.
    """
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


def _train(setting: "Setting", folder: Path, device: str, keep: str) -> "Trained":
    from mibench.errors import some

    from .networks.kept import epochs_to_keep
    from .training.training import train as train_all

    with progress(f"training {setting.name}") as on_progress:
        try:
            trained = train_all(
                setting, device=device, directory=folder, keep=keep, on_progress=on_progress
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted; {folder} keeps what is trained, the same command continues"
            ) from None
    kept = set(trained.kept.tolist())
    lost = [e for e in epochs_to_keep(keep, setting.epochs).tolist() if e not in kept]
    if lost:
        say(
            f"{folder} was trained without keeping the weights of epochs "
            f"{some(map(str, lost), 8)}, which cannot be measured: train in another directory to "
            "have them"
        )
    return trained


def _setting(name: str, changes: dict[str, Any]) -> "Setting":
    """The setting with the given options; those that are None keep the setting's values."""
    from .settings import get_setting, value_from_text

    options = {key: value for key, value in changes.items() if value is not None}
    for key in options.keys() & {"layers", "batch"}:
        options[key] = value_from_text(key, options[key])
    return get_setting(name, **options)


def _load(directory: Path) -> "Measurable":
    from .networks.trained import load
    from .own.files import is_stored, load_activations

    return load_activations(directory) if is_stored(directory) else load(directory)


def _report_training(trained: "Trained") -> int:
    from .training.training import diverged_runs

    setting = trained.setting
    say(
        f"{setting.runs} networks of {'-'.join(map(str, setting.layers))}, {setting.activation}, "
        f"{trained.epochs} epochs, in {trained.directory}"
    )
    diverged = diverged_runs(trained)
    for number, epoch in diverged.items():
        say(f"run {number} diverged in epoch {epoch} (weights not finite); lower the learning rate")
    return SOME_FAILED if diverged else DONE


def _measure(
    trained: "Measurable", estimators: Sequence[str], schedule: str | None, jobs: int | None
) -> "xr.Dataset":
    from .measuring.measuring import measure as measure_all

    with chatter_aside(), progress("measuring") as on_progress:
        try:
            return measure_all(
                trained, estimators or None, epochs=schedule, jobs=jobs, on_progress=on_progress
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted; {trained.directory} keeps what is measured, the same command "
                "continues"
            ) from None


def _report_failures(trajectories: "xr.Dataset") -> int:
    from .measuring.trajectories import failures

    lines = failures(trajectories)
    for line in lines:
        say(f"failed: {line}")
    return len(lines)


def _plot(
    trained: "Measurable", output: Path | None, estimators: Sequence[str], ending: str
) -> None:
    prepare_figures()
    from .measuring.trajectories import read_measured
    from .training_figures import draw_training

    folder = Path(str(trained.directory)) / "figures" if output is None else output
    pictures = draw_training(trained, read_measured(trained, estimators), folder, ending)
    say(f"drew {len(pictures)} figures in {folder}: {', '.join(p.name for p in pictures)}")


def _write_page(trained: "Measurable", output: Path | None, estimators: Sequence[str]) -> None:
    from .figures import save_page
    from .measuring.trajectories import read_measured

    path = Path(str(trained.directory)) / "plane.html" if output is None else output
    save_page(read_measured(trained, estimators), path)
    say(f"wrote the information planes to {path}")


def _show(trajectories: "xr.Dataset", units: str, form: str) -> None:
    from .measuring.flagged import flag_lines
    from .measuring.trajectories import layer_rows

    for line in flag_lines(trajectories):
        say(f"flagged: {line}")
    headings, rows = layer_rows(trajectories, units)
    show_rows(f"I(X;T) and I(T;Y) in {units}, means over runs", headings, rows, form)


def _write_all(trajectories: "xr.Dataset", output: Path, units: str) -> None:
    from mibench.output.files import write_table

    from .measuring.trajectories import tidy

    table = tidy(trajectories, units)
    write_table(table, output)
    say(f"wrote {len(table)} rows to {output}")
