from .data.dataset import Data, load_data
from .figures import (
    Drawing,
    audit,
    plot_audit,
    plot_bins,
    plot_distances,
    plot_epochs,
    plot_errors,
    plot_gradients,
    plot_maxima,
    plot_maxima_by_epoch,
    plot_median_split,
    plot_plane,
    plot_planes,
    plot_runs,
    plot_study,
    save_drawing,
    save_page,
)
from .gradients.noise import gradient_noise
from .gradients.phases import phase_table
from .measuring.flagged import flag_lines
from .measuring.joining import join_runs
from .measuring.measuring import measure
from .measuring.trajectories import failures, load_trajectories, read_measured, save_trajectories
from .networks.trained import Trained, load
from .own.activations import Activations, from_activations
from .own.files import load_activations
from .settings import Setting, get_setting, list_settings
from .studies.numbers import study_ranks, study_table
from .studies.study import study
from .thesis.claims import claims_table, to_markdown, verdicts
from .thesis.report import reproduce
from .training.training import train
from .watching.watch import Watch, watch

__all__ = [
    "Activations",
    "Data",
    "Drawing",
    "Setting",
    "Trained",
    "Watch",
    "audit",
    "claims_table",
    "failures",
    "flag_lines",
    "from_activations",
    "get_setting",
    "gradient_noise",
    "join_runs",
    "list_settings",
    "load",
    "load_activations",
    "load_data",
    "load_trajectories",
    "measure",
    "phase_table",
    "plot_audit",
    "plot_bins",
    "plot_distances",
    "plot_epochs",
    "plot_errors",
    "plot_gradients",
    "plot_maxima",
    "plot_maxima_by_epoch",
    "plot_median_split",
    "plot_plane",
    "plot_planes",
    "plot_runs",
    "plot_study",
    "read_measured",
    "reproduce",
    "save_drawing",
    "save_page",
    "save_trajectories",
    "study",
    "study_ranks",
    "study_table",
    "to_markdown",
    "train",
    "verdicts",
    "watch",
]
