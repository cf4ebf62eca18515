"""The figures of the thesis, drawn from new trainings, and two figures that it does not have."""

from collections.abc import Iterator, Mapping

from .._extra import explain_missing_packages
from ..figures import (
    Drawing,
    plot_epochs,
    plot_errors,
    plot_maxima,
    plot_maxima_by_epoch,
    plot_median_split,
    plot_plane,
    plot_planes,
    plot_runs,
)
from ..networks.trained import Trained
from ..settings import ADAPTIVE, UNIFORM, UNIFORM_100
from ..training_figures import draw_bins_of

with explain_missing_packages("xarray"):
    import xarray as xr

# The trainings of which a figure shows every estimator.
UNDER_EVERY_ESTIMATOR = ("tanh-256", "relu-256")
SATURATED = 5  # the last hidden layer: most of its activations end near -1 or 1
PROPER_NAMES = {"tanh": "tanh", "relu": "ReLU", "elu": "ELU", "relu6": "ReLU6"}


def thesis_figures(
    networks: Mapping[str, Trained], trajectories: Mapping[str, xr.Dataset]
) -> Iterator[tuple[str, str, Drawing]]:
    """File name, caption and drawing of the figures of the thesis, and of two further ones.

    networks, trajectories: by the name of the training. Captions contain the number of the figure
    in the thesis.
    """

    def select(*names: str) -> dict[str, xr.Dataset]:
        return {name: trajectories[name] for name in names}

    tanh, relu = ("tanh-full", "tanh-256"), ("relu-full", "relu-256")
    yield (
        "5.2-tanh-uniform",
        "tanh, full batch and batches of 256, 30 uniform bins (thesis: 5.2)",
        plot_planes(select(*tanh), [UNIFORM]),
    )
    yield (
        "5.3-relu-uniform",
        "ReLU, full batch and batches of 256, 100 uniform bins (thesis: 5.3)",
        plot_planes(select(*relu), [UNIFORM_100]),
    )
    for number, names, spec in (("5.2", tanh, UNIFORM), ("5.3", relu, UNIFORM_100)):
        name = names[0].removesuffix("-full")
        yield (
            f"{number}-{name}-uniform-epochs",
            f"{PROPER_NAMES[name]}, full batch and batches of 256, by epoch (thesis: {number})",
            plot_epochs(select(*names), [spec]),
        )
    yield "5.4-errors", "Errors of every training (thesis: 5.4)", plot_errors(trajectories)
    yield (
        "5.5-maxima",
        "Largest activation of each run and layer, ReLU (thesis: 5.5)",
        plot_maxima(select(*relu)),
    )
    yield (
        "5.8-maxima-epochs",
        "Largest activation of each layer by epoch, ReLU (thesis: 5.8)",
        plot_maxima_by_epoch(select(*relu)),
    )
    yield (
        "5.6-median-split",
        "ReLU, batches of 256: runs of smaller and of larger maxima (thesis: 5.6)",
        plot_median_split(trajectories["relu-256"], [UNIFORM_100]),
    )
    yield (
        "5.7-bins",
        f"The two binnings of a saturated tanh layer, T{SATURATED} of run 0 at the end "
        "(thesis: 5.7)",
        draw_bins_of(networks["tanh-256"], layer=SATURATED),
    )
    for number, name in (("5.9", "tanh"), ("5.10", "relu"), ("5.11", "elu"), ("5.12", "relu6")):
        caption = (
            f"{PROPER_NAMES[name]}, batches of 256, uniform and adaptive bins (thesis: {number})"
        )
        yield (
            f"{number}-{name}",
            caption,
            plot_plane(trajectories[f"{name}-256"], [UNIFORM, ADAPTIVE]),
        )
        yield (
            f"{number}-{name}-epochs",
            f"{caption}, by epoch",
            plot_epochs(trajectories[f"{name}-256"], [UNIFORM, ADAPTIVE]),
        )
    for name in ("relu", "elu"):
        yield (
            f"5.13-{name}-runs",
            f"{PROPER_NAMES[name]}: single runs under adaptive bins (thesis: 5.13)",
            plot_runs(trajectories[f"{name}-256"], ADAPTIVE),
        )
    yield (
        "A.1-both-binnings",
        "12-12-12-12-12-2, ReLU, under both binnings (thesis: A.1)",
        plot_plane(trajectories["A"], [UNIFORM_100, ADAPTIVE], spread="runs"),
    )
    yield (
        "B.1-compressing",
        "12-12-12-10-8-2 and 12-12-12-10-8-7-2, ReLU, adaptive bins (thesis: B.1)",
        plot_planes(select("B.1", "B.2"), [ADAPTIVE]),
    )
    for name in UNDER_EVERY_ESTIMATOR:
        yield (
            f"all-{name}",
            f"{PROPER_NAMES[name.removesuffix('-256')]}, batches of 256: the same networks under "
            "every estimator (not in the thesis)",
            plot_plane(trajectories[name]),
        )
