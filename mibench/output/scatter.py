"""A figure of both sides of the user's data, and of the pairs of functions that were found."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .safe import plain_math, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_COLUMNS = 3  # of each side that are drawn
MAX_POINTS = 5000
MAX_LABELS = 12  # that are named at an axis
MAX_NAME = 30
COLOUR = "#0072B2"
PANELS_ABREAST = 3
Panel = tuple[str, str, NDArray[Any], str, NDArray[Any]]  # title, name and values of x, and of y


def data_panels(
    x: NDArray[Any], y: NDArray[Any], names_x: Sequence[str], names_y: Sequence[str]
) -> list[Panel]:
    """One panel for each column of x and each of y, for the first columns of both."""
    return [
        ("", names_x[i], x[:, i], names_y[j], y[:, j])
        for i in range(min(x.shape[1], MAX_COLUMNS))
        for j in range(min(y.shape[1], MAX_COLUMNS))
    ]


def pair_panels(spec: str, scores_x: NDArray[Any], scores_y: NDArray[Any]) -> list[Panel]:
    """One panel for each pair of functions, whose scores are (n, pairs)."""
    return [
        (f"{spec}, pair {j + 1}", f"u{j + 1}(x)", scores_x[:, j], f"v{j + 1}(y)", scores_y[:, j])
        for j in range(scores_x.shape[1])
    ]


def figure_of(panels: Sequence[Panel], title: str) -> "Figure":
    """Scatter plots, of at most some thousand rows each. Labels stand at whole numbers, spread."""
    from matplotlib.figure import Figure

    columns = min(len(panels), PANELS_ABREAST)
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(1 + 3.4 * columns, 0.8 + 3.1 * rows), layout="constrained")
    figure.suptitle(plain_math(visible(title)), fontsize=9)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        _draw(axes, panel)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    return figure


def _draw(axes: "Axes", panel: Panel) -> None:
    title, name_x, x, name_y, y = panel
    rng = np.random.default_rng(0)
    chosen = np.arange(len(x))
    if len(x) > MAX_POINTS:
        chosen = np.sort(rng.choice(len(x), MAX_POINTS, replace=False))
        title = f"{title}, " if title else ""
        title += f"{MAX_POINTS:,} of {len(x):,} rows"
    places_x, places_y = (
        _places(axis, values, rng) for axis, values in ((axes.xaxis, x), (axes.yaxis, y))
    )
    alpha = float(np.clip(30 / math.sqrt(len(chosen)), 0.15, 0.8))
    axes.plot(
        places_x[chosen], places_y[chosen], ".", color=COLOUR, alpha=alpha, markersize=4,
        markeredgewidth=0, rasterized=True,
    )  # fmt: skip
    axes.set_xlabel(_shown(name_x), fontsize=8)
    axes.set_ylabel(_shown(name_y), fontsize=8)
    axes.set_title(plain_math(title), fontsize=8)
    axes.tick_params(labelsize=7)


def _places(axis: Any, values: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers as they are. Labels: their ranks, moved at random, and their names at the axis."""
    if values.dtype.kind in "fiu":
        return values.astype(np.float64)
    labels, codes = np.unique(values.astype(str), return_inverse=True)
    if len(labels) <= MAX_LABELS:
        axis.set_ticks(np.arange(len(labels)), [_shown(label) for label in labels])
    return np.asarray(codes + rng.uniform(-0.25, 0.25, len(codes)))


def _shown(name: str) -> str:
    name = visible(str(name))
    return plain_math(name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 3]}...")
