"""Figures of trajectories, each with a table of the numbers in it.

The figures show means and quantiles over runs; they compute no estimates.
"""

from ._drawing import Drawing, save_drawing
from .audit import plot_audit
from .audit_numbers import audit
from .bins import plot_bins
from .distances import plot_distances
from .epochs import plot_epochs
from .errors import plot_errors
from .gradients import plot_gradients
from .maxima import plot_maxima, plot_maxima_by_epoch
from .page import save_page
from .planes import plot_median_split, plot_plane, plot_planes, plot_runs
from .study import plot_study

__all__ = [
    "Drawing",
    "audit",
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
    "save_drawing",
    "save_page",
]
