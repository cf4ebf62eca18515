"""Information planes of networks: train once, measure with every estimator, draw.

    from mibench import ibnet
    trained = ibnet.train(ibnet.get_setting("2.2"), runs=2, epochs=200)
    trajectories = ibnet.measure(trained, ["uniform:bins=30", "adaptive:bins=30"])
    drawing = ibnet.plot_plane(trajectories)

Data -> networks of a setting -> weights of every epoch -> estimators -> trajectories -> figures
and claims. Names are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.dataset import Data, load_data
    from .figures import (
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
    from .measure.measuring import measure
    from .measure.trajectories import load_trajectories, read_measured, save_trajectories
    from .networks.trained import Trained, load
    from .settings import Setting, get_setting, list_settings
    from .thesis.claims import claims_table, to_markdown, verdicts
    from .thesis.report import reproduce
    from .train.training import train

_HOMES = {
    "Data": "data.dataset",
    "Drawing": "figures",
    "Setting": "settings",
    "Trained": "networks.trained",
    "claims_table": "thesis.claims",
    "get_setting": "settings",
    "list_settings": "settings",
    "load": "networks.trained",
    "load_data": "data.dataset",
    "load_trajectories": "measure.trajectories",
    "measure": "measure.measuring",
    "plot_bins": "figures",
    "plot_epochs": "figures",
    "plot_errors": "figures",
    "plot_maxima": "figures",
    "plot_median_split": "figures",
    "plot_plane": "figures",
    "plot_planes": "figures",
    "plot_runs": "figures",
    "read_measured": "measure.trajectories",
    "reproduce": "thesis.report",
    "save_drawing": "figures",
    "save_trajectories": "measure.trajectories",
    "to_markdown": "thesis.claims",
    "train": "train.training",
    "verdicts": "thesis.claims",
}

__all__ = [
    "Data",
    "Drawing",
    "Setting",
    "Trained",
    "claims_table",
    "get_setting",
    "list_settings",
    "load",
    "load_data",
    "load_trajectories",
    "measure",
    "plot_bins",
    "plot_epochs",
    "plot_errors",
    "plot_maxima",
    "plot_median_split",
    "plot_plane",
    "plot_planes",
    "plot_runs",
    "read_measured",
    "reproduce",
    "save_drawing",
    "save_trajectories",
    "to_markdown",
    "train",
    "verdicts",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
