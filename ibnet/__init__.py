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
    from .claims import claims_table, to_markdown, verdicts
    from .data import Data, load_data
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
    from .measuring import measure
    from .reproduction import reproduce
    from .settings import Setting, get_setting, list_settings
    from .trained import Trained, load
    from .training import train
    from .trajectories import load_trajectories, read_measured, save_trajectories

_HOMES = {
    "Data": "data",
    "Drawing": "figures",
    "Setting": "settings",
    "Trained": "trained",
    "claims_table": "claims",
    "get_setting": "settings",
    "list_settings": "settings",
    "load": "trained",
    "load_data": "data",
    "load_trajectories": "trajectories",
    "measure": "measuring",
    "plot_bins": "figures",
    "plot_epochs": "figures",
    "plot_errors": "figures",
    "plot_maxima": "figures",
    "plot_median_split": "figures",
    "plot_plane": "figures",
    "plot_planes": "figures",
    "plot_runs": "figures",
    "read_measured": "trajectories",
    "reproduce": "reproduction",
    "save_drawing": "figures",
    "save_trajectories": "trajectories",
    "to_markdown": "claims",
    "train": "training",
    "verdicts": "claims",
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
