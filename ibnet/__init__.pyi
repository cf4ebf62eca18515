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
from .measuring.measuring import measure
from .measuring.trajectories import load_trajectories, read_measured, save_trajectories
from .networks.trained import Trained, load
from .settings import Setting, get_setting, list_settings
from .thesis.claims import claims_table, to_markdown, verdicts
from .thesis.report import reproduce
from .training.training import train

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
