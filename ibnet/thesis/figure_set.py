"""Which figures a training gets, and which the reproduction of the thesis."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mibench.errors import InputError

from .._extra import needs
from ..figures import (
    Drawing,
    plot_bins,
    plot_epochs,
    plot_errors,
    plot_maxima,
    plot_median_split,
    plot_plane,
    plot_planes,
    plot_runs,
    save_drawing,
)
from ..networks.trained import Trained
from ..settings import ADAPTIVE, UNIFORM, UNIFORM_100

with needs("xarray"):
    import xarray as xr

Maker: TypeAlias = Callable[[], Drawing]

PROPER = {"tanh": "tanh", "relu": "ReLU", "elu": "ELU", "relu6": "ReLU6"}


def draw_training(
    trained: Trained, trajectories: xr.Dataset, folder: Path, ending: str = "png"
) -> list[Path]:
    """Every figure of one training into a folder, with its numbers; returns the pictures' paths.

    What the trajectories do not suffice for, such as halves of a single run, is left out.
    """
    name = trained.setting.training
    makers: dict[str, Maker] = {
        "plane": lambda: plot_plane(trajectories),
        "epochs": lambda: plot_epochs(trajectories),
        "errors": lambda: plot_errors({name: trajectories}),
        "maxima": lambda: plot_maxima({name: trajectories}),
        "median-split": lambda: plot_median_split(trajectories),
        "bins": lambda: bins_of(trained),
    }
    for spec in map(str, trajectories.estimator.values):
        makers[f"runs-{file_name(spec)}"] = partial(plot_runs, trajectories, spec)
    return [save_as(drawing, folder / f"{key}.{ending}") for key, drawing in _possible(makers)]


def _possible(makers: Mapping[str, Maker]) -> Iterator[tuple[str, Drawing]]:
    drawn, error = 0, None
    for key, maker in makers.items():
        try:
            drawing = maker()
        except InputError as reason:
            error = reason
            continue
        drawn += 1
        yield key, drawing
    if drawn == 0 and error is not None:
        raise error


def save_as(drawing: Drawing, path: Path) -> Path:
    """Save a drawing, making its folder; returns the picture's path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path.parent}: {error.strerror}") from None
    return save_drawing(drawing, path)[0]


def file_name(spec: str) -> str:
    """A spec as part of a file's name."""
    return spec.replace(":", "-").replace(",", "-").replace("=", "")


def bins_of(trained: Trained, bins: int = 30) -> Drawing:
    """The two binnings of the first hidden layer of run 0 at the last epoch (figure 5.7)."""
    low, high = (
        float(fold(trained.dataset[name].isel(run=0).values))
        for name, fold in (("min_activation", np.nanmin), ("max_activation", np.nanmax))
    )
    span = trained.setting.binning_range(low, high)
    layer = trained.activations(0, trained.epochs)[0]
    return plot_bins(trained.setting.activation, layer, span, bins)


def thesis_figures(
    networks: Mapping[str, Trained], found: Mapping[str, xr.Dataset]
) -> Iterator[tuple[str, str, Drawing]]:
    """File name, caption and drawing of the thesis's figures, and of what it left open."""

    def part(*names: str) -> dict[str, xr.Dataset]:
        return {name: found[name] for name in names}

    tanh, relu = ("tanh-full", "tanh-256"), ("relu-full", "relu-256")
    yield (
        "5.2-tanh-uniform",
        "tanh, full batch and batches of 256, 30 uniform bins (thesis: 5.2)",
        plot_planes(part(*tanh), [UNIFORM]),
    )
    yield (
        "5.3-relu-uniform",
        "ReLU, full batch and batches of 256, 100 uniform bins (thesis: 5.3)",
        plot_planes(part(*relu), [UNIFORM_100]),
    )
    yield "5.4-errors", "Errors of every training (thesis: 5.4)", plot_errors(found)
    yield (
        "5.5-maxima",
        "Largest activation of each run and layer, ReLU (thesis: 5.5, 5.8)",
        plot_maxima(part(*relu)),
    )
    yield (
        "5.6-median-split",
        "ReLU, batches of 256: runs of smaller and of larger maxima (thesis: 5.6)",
        plot_median_split(found["relu-256"], [UNIFORM_100]),
    )
    yield (
        "5.7-bins",
        "The two binnings of a tanh layer (thesis: 5.7)",
        bins_of(networks["tanh-256"]),
    )
    for number, name in (("5.9", "tanh"), ("5.10", "relu"), ("5.11", "elu"), ("5.12", "relu6")):
        caption = f"{PROPER[name]}, batches of 256, uniform and adaptive bins (thesis: {number})"
        yield (
            f"{number}-{name}",
            caption,
            plot_plane(found[f"{name}-256"], [UNIFORM, ADAPTIVE]),
        )
        yield (
            f"{number}-{name}-epochs",
            f"{caption}, by epoch",
            plot_epochs(found[f"{name}-256"], [UNIFORM, ADAPTIVE]),
        )
    for name in ("relu", "elu"):
        yield (
            f"5.13-{name}-runs",
            f"{PROPER[name]}: single runs under adaptive bins (thesis: 5.13)",
            plot_runs(found[f"{name}-256"], ADAPTIVE),
        )
    yield (
        "A.1-both-binnings",
        "12-12-12-12-12-2, ReLU, under both binnings (thesis: A.1)",
        plot_plane(found["A"], [UNIFORM_100, ADAPTIVE], spread="runs"),
    )
    yield (
        "B.1-compressing",
        "12-12-12-10-8-2 and 12-12-12-10-8-7-2, ReLU, adaptive bins (thesis: B.1)",
        plot_planes(part("B.1", "B.2"), [ADAPTIVE]),
    )
    for name in ("tanh", "relu"):
        yield (
            f"all-{name}-256",
            f"{PROPER[name]}, batches of 256: the same networks under every estimator (not in the "
            "thesis)",
            plot_plane(found[f"{name}-256"]),
        )
