"""Draws all figures of one training, for any setting."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mibench.errors import InputError
from mibench.output.files import file_name

from ._extra import explain_missing_packages
from .figures import (
    Drawing,
    plot_bins,
    plot_distances,
    plot_epochs,
    plot_errors,
    plot_maxima,
    plot_median_split,
    plot_plane,
    plot_runs,
    save_drawing,
)
from .inputs import part_of_inputs
from .networks.archive import explain_read_errors
from .networks.trained import Trained
from .own.activations import Activations

with explain_missing_packages("xarray"):
    import xarray as xr

DrawFunction: TypeAlias = Callable[[], Drawing]


def draw_training(
    trained: Trained | Activations, trajectories: xr.Dataset, folder: Path, ending: str = "png"
) -> list[Path]:
    """Draw every figure of one training or of your own network, each with its numbers as CSV.

    Figures that these trajectories cannot give are left out, for example halves of a single run.
    Errors, maxima and bins, which are about all inputs, are left out if not all were measured.
    Returns the paths of the pictures. Raises InputError if no figure can be drawn or written.
    """
    name = trained.name if isinstance(trained, Activations) else trained.setting.training
    draw_functions: dict[str, DrawFunction] = {
        "plane": lambda: plot_plane(trajectories),
        "epochs": lambda: plot_epochs(trajectories),
        "distances": lambda: plot_distances(trajectories),
        "median-split": lambda: plot_median_split(trajectories),
    }
    if not part_of_inputs(trajectories):
        draw_functions["errors"] = lambda: plot_errors({name: trajectories})
        draw_functions["maxima"] = lambda: plot_maxima({name: trajectories})
        if isinstance(trained, Trained):
            draw_functions["bins"] = partial(draw_bins_of, trained)
    for spec in map(str, trajectories.estimator.values):
        draw_functions[f"runs-{file_name(spec)}"] = partial(plot_runs, trajectories, spec)
    return [
        save_in_new_folder(drawing, folder / f"{key}.{ending}")
        for key, drawing in _possible_drawings(draw_functions)
    ]


def _possible_drawings(
    draw_functions: Mapping[str, DrawFunction],
) -> Iterator[tuple[str, Drawing]]:
    """The drawings that raise no InputError. Raises the last InputError if there is none."""
    count, error = 0, None
    for key, draw in draw_functions.items():
        try:
            drawing = draw()
        except InputError as reason:
            error = reason
            continue
        count += 1
        yield key, drawing
    if count == 0 and error is not None:
        raise error


def draw_bins_of(trained: Trained, bins: int = 30, layer: int = 1) -> Drawing:
    """Draw both binnings of a layer, by default the first, of run 0 at the last epoch."""
    with explain_read_errors(trained.directory):
        low, high = (
            float(fold(trained.dataset[name].isel(run=0).values))
            for name, fold in (("min_activation", np.nanmin), ("max_activation", np.nanmax))
        )
    binning_range = trained.setting.binning_range(low, high)
    activations = trained.activations(0, trained.epochs)[layer - 1]
    return plot_bins(trained.setting.activation, activations, binning_range, bins)


def save_in_new_folder(drawing: Drawing, path: Path) -> Path:
    """Save a drawing, making its folder if necessary. Returns the path of the picture."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path.parent}: {error.strerror}") from None
    return save_drawing(drawing, path)[0]
