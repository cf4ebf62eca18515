"""Figures of trajectories, each with a table of the numbers in it.

The figures show means and quantiles over runs; they compute no estimates.
"""

from ._drawing import Drawing, save_drawing
from .bins import plot_bins
from .epochs import plot_epochs
from .errors import plot_errors
from .exact import plot_exact
from .exact_numbers import compare_exact
from .gradients import plot_gradients
from .maxima import plot_maxima
from .page import save_page
from .planes import plot_median_split, plot_plane, plot_planes, plot_runs
from .study import plot_study

__all__ = [
    "Drawing",
    "compare_exact",
    "plot_bins",
    "plot_epochs",
    "plot_errors",
    "plot_exact",
    "plot_gradients",
    "plot_maxima",
    "plot_median_split",
    "plot_plane",
    "plot_planes",
    "plot_runs",
    "plot_study",
    "save_drawing",
    "save_page",
]
