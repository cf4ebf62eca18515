"""What the commands share: each step of a study, with its progress and its messages."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mibench.cli.console import DONE, SOME_FAILED, chatter_aside, say, show_rows
from mibench.cli.progress import progress
from mibench.cli.show import prepare_figures

if TYPE_CHECKING:
    import xarray as xr

    from mibench.contract.resolve import ResolvedEstimator

    from ..inputs import Inputs
    from ..measuring.sources import Measurable
    from ..networks.trained import Trained
    from ..settings import Setting


def folder_of(setting: str, output: Path | None) -> Path:
    """The directory of a setting, if none is given."""
    return Path(f"ibnet-{Path(setting).name.removesuffix('.json')}") if output is None else output


def train(setting: "Setting", folder: Path, device: str, keep: str) -> "Trained":
    """Train all networks, or go on; say which epochs were not kept."""
    from mibench.errors import some

    from ..networks.kept import epochs_to_keep
    from ..training.training import train as train_all

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


def setting_of(name: str, changes: dict[str, Any]) -> "Setting":
    """The setting with the given options; those that are None keep the setting's values."""
    from ..settings import get_setting, value_from_text

    options = {key: value for key, value in changes.items() if value is not None}
    for key in options.keys() & {"layers", "batch"}:
        options[key] = value_from_text(key, options[key])
    return get_setting(name, **options)


def load(directory: Path) -> "Measurable":
    """The networks, or the activations, in a directory."""
    from ..networks.trained import load
    from ..own.files import is_stored, load_activations

    return load_activations(directory) if is_stored(directory) else load(directory)


def report_training(trained: "Trained") -> int:
    """Say what was trained, and which runs diverged; returns the exit code."""
    from ..training.training import diverged_runs

    setting = trained.setting
    say(
        f"{setting.runs} networks of {'-'.join(map(str, setting.layers))}, {setting.activation}, "
        f"{trained.epochs} epochs, in {trained.directory}"
    )
    diverged = diverged_runs(trained)
    for number, epoch in diverged.items():
        say(f"run {number} diverged in epoch {epoch} (weights not finite); lower the learning rate")
    return SOME_FAILED if diverged else DONE


def measure(
    trained: "Measurable",
    estimators: "Sequence[str | ResolvedEstimator]",
    schedule: str | None,
    jobs: int | None,
    inputs: "Inputs" = "all",
) -> "xr.Dataset":
    """Measure what is not measured yet."""
    from ..measuring.measuring import measure as measure_all

    with chatter_aside(), progress("measuring") as on_progress:
        try:
            return measure_all(
                trained, estimators or None, inputs=inputs, epochs=schedule, jobs=jobs,
                on_progress=on_progress,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted; {trained.directory} keeps what is measured, the same command "
                "continues"
            ) from None


def report_failures(trajectories: "xr.Dataset") -> int:
    """Say what failed; returns the number of lines."""
    from ..measuring.trajectories import failures

    lines = failures(trajectories)
    for line in lines:
        say(f"failed: {line}")
    return len(lines)


def figures_of(directory: Path, inputs: "Inputs") -> Path:
    """The folder for the figures of these inputs, if none is given."""
    folder = directory / "figures"
    return folder if inputs == "all" else folder / inputs


def draw(
    trained: "Measurable", output: Path | None, estimators: Sequence[str], ending: str,
    inputs: "Inputs",
) -> None:  # fmt: skip
    """Draw every figure of the networks."""
    prepare_figures()
    from ..measuring.trajectories import read_measured
    from ..training_figures import draw_training

    folder = figures_of(Path(str(trained.directory)), inputs) if output is None else output
    measured = read_measured(trained, estimators, inputs=inputs)
    pictures = draw_training(trained, measured, folder, ending)
    say(f"drew {len(pictures)} figures in {folder}: {', '.join(p.name for p in pictures)}")


def write_page(
    trained: "Measurable", output: Path | None, estimators: Sequence[str], inputs: "Inputs"
) -> None:
    """Write the page that plays the epochs."""
    from ..figures import save_page
    from ..measuring.trajectories import read_measured

    name = "plane.html" if inputs == "all" else f"plane-{inputs}.html"
    path = Path(str(trained.directory)) / name if output is None else output
    save_page(read_measured(trained, estimators, inputs=inputs), path)
    say(f"wrote the information planes to {path}")


def show_means(trajectories: "xr.Dataset", units: str, form: str) -> None:
    """Say all flags, and print means over runs."""
    from ..inputs import heading, inputs_of
    from ..measuring.flagged import flag_lines
    from ..measuring.trajectories import layer_rows

    for line in flag_lines(trajectories):
        say(f"flagged: {line}")
    headings, rows = layer_rows(trajectories, units)
    if (inputs := inputs_of(trajectories)) != "all":  # so that csv files can be told apart
        headings, rows = ["inputs", *headings], [[inputs, *row] for row in rows]
    title = heading(f"I(X;T) and I(T;Y) in {units}, means over runs", trajectories)
    show_rows(title, headings, rows, form)


def write_estimates(trajectories: "xr.Dataset", output: Path, units: str) -> None:
    """Write the estimates of every run, epoch and layer."""
    from mibench.output.files import write_table

    from ..measuring.trajectories import tidy

    table = tidy(trajectories, units)
    write_table(table, output)
    say(f"wrote {len(table)} rows to {output}")
