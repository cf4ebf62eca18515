"""The mutual information of all pairs of columns as a figure. Computes no statistic."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

MOST_NUMBERS = 16  # columns, up to which each cell shows its number
CORNER_FROM = 6  # columns, from which the empty corner has room for the colour bar
LEAST_SIDE, MOST_SIDE = 1.5, 30.0  # inches
NAME = 0.11  # inches that a name needs


def heat_map(matrix: "pd.DataFrame", units: str) -> "Figure":
    """A symmetric matrix as the triangle below its diagonal, where each pair stands once.

    matrix: as `Pairwise.bits` or `Pairwise.nats`. Few columns show their numbers. The colours begin
    at 0, below which an estimate says no more than there; a pair that failed is crossed out.
    """
    from matplotlib.figure import Figure

    names = [_shortened(str(name)) for name in matrix.columns]
    d = len(names)
    values = matrix.to_numpy(dtype=float)[1:, :-1]  # the first column needs no row of its own
    below = np.tri(d - 1, dtype=np.bool_)
    top = float(np.nanmax(values, where=below & np.isfinite(values), initial=0.0)) or 1.0
    cell = 0.52 if d <= MOST_NUMBERS else max(0.17, 8.0 / d)
    side = min(max(cell * (d - 1), LEAST_SIDE), MOST_SIDE)
    cell = side / (d - 1)
    margin = 0.5 + 0.075 * max(map(len, names))
    bar = 0.0 if d >= CORNER_FROM else 1.4
    figure = Figure(figsize=(side + margin + bar, side + margin), layout="constrained")
    axes = figure.subplots()
    image = axes.pcolormesh(
        np.ma.masked_array(values, ~(below & np.isfinite(values))),
        cmap="Blues", vmin=0.0, vmax=top, edgecolors="white", linewidth=min(1.0, 5 * cell),
    )  # fmt: skip
    _name(axes, names, cell)
    failed = np.argwhere(below & np.isnan(values)) + 0.5
    axes.plot(failed[:, 1], failed[:, 0], "x", color="0.55", markersize=min(7.0, 30 * cell))
    if d <= MOST_NUMBERS:
        _number(axes, values, below, top)
    _explain(axes, image, d, units)
    return figure


def _shortened(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}\N{HORIZONTAL ELLIPSIS}"


def _name(axes: "Axes", names: list[str], cell: float) -> None:
    """Names at the left and below, at every column if there is room."""
    step = math.ceil(NAME / cell)
    size = min(9.0, 72 * cell * step * 0.75)
    d = len(names)
    axes.set_aspect("equal")
    axes.set_xlim(0, d - 1)
    axes.set_ylim(d - 1, 0)
    places = np.arange(0, d - 1, step) + 0.5
    plain: dict[str, Any] = {"fontsize": size, "parse_math": False}  # a dollar is a dollar
    axes.set_xticks(places, names[:-1:step], rotation=90, **plain)
    axes.set_yticks(places, names[1::step], **plain)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _number(
    axes: "Axes", values: NDArray[np.float64], below: NDArray[np.bool_], top: float
) -> None:
    """Each cell's number, dark on light and light on dark."""
    for row, column in np.argwhere(below & np.isfinite(values)):
        value = values[row, column]
        text = f"{value:.2f}".replace("-0.00", "0.00").replace("-", "\N{MINUS SIGN}")
        colour = "white" if value > 0.55 * top else "black"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=colour)


def _explain(axes: "Axes", image: "QuadMesh", d: int, units: str) -> None:
    """The colour bar, in the empty corner where that has room."""
    label = f"mutual information ({units})"
    if d < CORNER_FROM:
        bar = axes.figure.colorbar(image, ax=axes, aspect=14, label=label)
    else:
        corner = axes.inset_axes((0.5, 0.93, 0.5, 0.03))
        bar = axes.figure.colorbar(image, cax=corner, orientation="horizontal", label=label)
    bar.outline.set_visible(False)
