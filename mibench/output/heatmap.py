"""The mutual information of all pairs of columns as a figure."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .safe import visible

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

MAX_COLUMNS_WITH_NUMBERS = 16  # with more columns the squares are too small for numbers
MIN_COLUMNS_FOR_CORNER = 6  # with fewer, the empty corner has no room for the colour bar
MIN_WIDTH, MAX_WIDTH = 1.5, 30.0  # of the matrix, in inches
NAME_HEIGHT = 0.11  # inches that the name of a column needs


def heat_map(matrix: "pd.DataFrame", units: str) -> "Figure":
    """Draw a symmetric matrix as the triangle below its diagonal, which has each pair once.

    matrix: as `Pairwise.bits` or `Pairwise.nats`. With few columns the squares show their numbers.
    Negative estimates have the colour of 0, and a pair that failed is marked by a cross.
    """
    from matplotlib.figure import Figure

    names = [_shortened(visible(str(name))) for name in matrix.columns]
    d = len(names)
    values = matrix.to_numpy(dtype=float)[
        1:, :-1
    ]  # the first row and the last column would be empty
    below = np.tri(d - 1, dtype=np.bool_)
    top = float(np.nanmax(values, where=below & np.isfinite(values), initial=0.0)) or 1.0
    width = 0.52 if d <= MAX_COLUMNS_WITH_NUMBERS else max(0.17, 8.0 / d)
    side = min(max(width * (d - 1), MIN_WIDTH), MAX_WIDTH)
    width = side / (d - 1)
    margin = 0.5 + 0.075 * max(map(len, names))
    bar = 0.0 if d >= MIN_COLUMNS_FOR_CORNER else 1.4
    figure = Figure(figsize=(side + margin + bar, side + margin), layout="constrained")
    axes = figure.subplots()
    image = axes.pcolormesh(
        np.ma.masked_array(values, ~(below & np.isfinite(values))),
        cmap="Blues", vmin=0.0, vmax=top, edgecolors="white", linewidth=min(1.0, 5 * width),
    )  # fmt: skip
    _add_names(axes, names, width)
    failed = np.argwhere(below & np.isnan(values)) + 0.5
    axes.plot(failed[:, 1], failed[:, 0], "x", color="0.55", markersize=min(7.0, 30 * width))
    if d <= MAX_COLUMNS_WITH_NUMBERS:
        _add_numbers(axes, values, below, top)
    _add_colour_bar(axes, image, d, units)
    return figure


def _shortened(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}\N{HORIZONTAL ELLIPSIS}"


def _add_names(axes: "Axes", names: list[str], width: float) -> None:
    """Write the names of the columns at the left and below, or some of them for lack of room.

    width: of a square, in inches.
    """
    step = math.ceil(NAME_HEIGHT / width)
    size = min(9.0, 72 * width * step * 0.75)
    d = len(names)
    axes.set_aspect("equal")
    axes.set_xlim(0, d - 1)
    axes.set_ylim(d - 1, 0)
    positions = np.arange(0, d - 1, step) + 0.5
    plain: dict[str, Any] = {"fontsize": size, "parse_math": False}  # a name may hold "$"
    axes.set_xticks(positions, names[:-1:step], rotation=90, **plain)
    axes.set_yticks(positions, names[1::step], **plain)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _add_numbers(
    axes: "Axes", values: NDArray[np.float64], below: NDArray[np.bool_], top: float
) -> None:
    """Write the number in each square, in black on light and in white on dark colours."""
    for row, column in np.argwhere(below & np.isfinite(values)):
        value = values[row, column]
        text = f"{value:.2f}".replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")
        colour = "white" if value > 0.55 * top else "black"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=colour)


def _add_colour_bar(axes: "Axes", image: "QuadMesh", d: int, units: str) -> None:
    """Draw the colour bar, in the empty corner if there is room."""
    label = f"mutual information ({units})"
    if d < MIN_COLUMNS_FOR_CORNER:
        bar = axes.figure.colorbar(image, ax=axes, aspect=14, label=label)
    else:
        corner = axes.inset_axes((0.5, 0.93, 0.5, 0.03))
        bar = axes.figure.colorbar(image, cax=corner, orientation="horizontal", label=label)
    bar.outline.set_visible(False)
