"""The common style of figures: colours of layers and epochs, axes, captions, legends."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from mibench.output.looks import COLOURS
from mibench.output.safe import plain_math

from ..inputs import heading

MEAN = "mean over runs"
SPAN = "10\N{EN DASH}90\N{NO-BREAK SPACE}%"  # names `_numbers.QUANTILES`
SPAN_OF_FEW = "from the smallest to the largest run"
I_XT, I_TY = "$I(X;T)$ (bits)", "$I(T;Y)$ (bits)"
MARKERS = "soD^v<>p"  # of layers: shapes that can be filled with the colour of an epoch
LINES = ("-", "--", ":", "-.")
SMALL, NORMAL = 7.0, 8.0  # font sizes in points, for pictures as wide as a page of text
PAGE = 7.2  # inches
LEGEND_ROW = 0.16  # inches
LONG_NAME = 24  # letters of the name of a layer
# Viridis without its last yellow, which is hard to see on white.
EPOCH_COLOURS = ListedColormap(colormaps["viridis"](np.linspace(0, 0.94, 256)), name="epochs")
BEFORE_FIRST = 0.4  # the position of epoch 0 on a logarithmic axis


def layer_colour(layer: int) -> str:
    """The colour of a layer, numbered from 1; the same in every figure."""
    return COLOURS[(layer - 1) % len(COLOURS)]


def layer_marker(layer: int) -> str:
    """The marker of a layer; layers of the same colour have other markers."""
    return MARKERS[(layer - 1 + _repetitions(layer)) % len(MARKERS)]


def layer_line(layer: int) -> str:
    """The style of the line of a layer; layers of the same colour have other styles."""
    return LINES[_repetitions(layer) % len(LINES)]


def _repetitions(layer: int) -> int:
    """How often all colours were used before this layer."""
    return (layer - 1) // len(COLOURS)


def layer_name(layer: int, names: Mapping[int, str] | None = None) -> str:
    """T with the number of a layer, and its name if it has one."""
    symbol = f"$T_{{{layer}}}$"
    name = (names or {}).get(layer, "")
    if len(name) > LONG_NAME:
        name = f"...{name[3 - LONG_NAME :]}"  # the end of "blocks.3.relu" tells more
    return f"{symbol}: {plain_math(name)}" if name else symbol


def style_axes(axes: Axes, title: str = "") -> None:
    """Give axes a light grid, no box and small text."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.4, alpha=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, length=2.5)
    axes.set_title(plain_math(title), fontsize=NORMAL, loc="left")


def draw_band(axes: Axes, x: Any, low: Any, high: Any, colour: str) -> None:
    """Draw a pale band. Its thin borders distinguish bands that overlap."""
    axes.fill_between(x, low, high, color=colour, alpha=0.11, linewidth=0)
    for border in (low, high):
        axes.plot(x, border, color=colour, alpha=0.45, linewidth=0.4)


def epoch_ticks(last: int) -> list[int]:
    """1, 10, 100, ... and the last epoch, which replaces the last decade if they are too close."""
    decades = [10**power for power in range(len(str(last)))]
    if len(decades) > 1 and last < 3 * decades[-1]:
        decades.pop()
    return sorted({*decades, last})


def milestones(epochs: NDArray[np.integer]) -> NDArray[np.integer]:
    """The drawn epochs nearest to the ticks; they get markers and bars."""
    epochs = epochs[epochs > 0]
    if not len(epochs):
        return epochs
    ticks = np.array(epoch_ticks(int(epochs[-1])))
    ticks = ticks[ticks >= epochs[0]]
    return np.unique(epochs[np.abs(epochs - ticks[:, None]).argmin(axis=1)])


def epoch_axis(axes: Axes, last: int, *, zero: bool) -> None:
    """Make a logarithmic axis of epochs; with `zero`, epoch 0 has its own tick before 1."""
    ticks = epoch_ticks(last)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([BEFORE_FIRST, *ticks] if zero else ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: "0" if value < 1 else f"{value:.0f}")
    )
    axes.set_xlim(0.6 * BEFORE_FIRST if zero else 0.85, max(last, 2) * 1.25)


def epoch_norm(last: int) -> LogNorm:
    return LogNorm(1, max(last, 2))


def epoch_colour_bar(figure: Figure, axes: Iterable[Axes], last: int) -> None:
    """Add the colour bar of epochs, from 1 to the last."""
    mappable = ScalarMappable(epoch_norm(last), EPOCH_COLOURS)
    bar = figure.colorbar(mappable, ax=list(axes), aspect=28, pad=0.015, fraction=0.05)
    ticks = epoch_ticks(max(last, 2))
    bar.ax.yaxis.set_major_locator(FixedLocator(ticks))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    bar.ax.tick_params(labelsize=SMALL, length=2.5)
    bar.set_label("epoch", fontsize=NORMAL)
    bar.outline.set_visible(False)


def grid_shape(panels: int, max_columns: int = 3) -> tuple[int, int]:
    """Numbers of rows and columns, as even as possible: four panels make two rows of two."""
    rows = -(-panels // max_columns)
    return rows, -(-panels // rows)


def grid_size(shape: tuple[int, int], height: float) -> tuple[float, float]:
    """Width and height in inches of a figure of panels that are `height` high."""
    rows, columns = shape
    width = {1: 4.6, 2: 5.8}.get(columns, PAGE)
    return width, (1.25 if columns == 1 else 1) * height * rows + 0.9


def label_grid(axes_grid: Any, used: Sequence[int], x: str, y: str) -> None:
    """Name the axes at the left and under the lowest panel of each column; hide unused axes.

    axes_grid: (rows, columns) of axes. used: the number of panels in each row.
    """
    for row, count in enumerate(used):
        axes_grid[row, 0].set_ylabel(y, fontsize=NORMAL)
        for column, axes in enumerate(axes_grid[row]):
            axes.set_visible(column < count)
            if row + 1 == len(used) or column >= used[row + 1]:
                axes.set_xlabel(x, fontsize=NORMAL)
                axes.tick_params(labelbottom=True)


def layer_handles(layers: Iterable[int], names: Mapping[int, str] | None = None) -> list[Line2D]:
    """The lines of the layers, for a legend."""
    handles = []
    for layer in layers:
        look: dict[str, Any] = {"color": layer_colour(layer), "linestyle": layer_line(layer)}
        handles.append(Line2D([], [], linewidth=1.8, label=layer_name(layer, names), **look))
    return handles


def legend_below(figure: Figure, handles: list[Any], columns: int) -> None:
    rows = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + LEGEND_ROW * (rows - 1))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=SMALL,
        handletextpad=0.5,
        columnspacing=1.4,
    )


def legend_columns(figure: Figure, handles: Sequence[Any]) -> int:
    """The number of columns in which the texts of a legend fit into a figure."""
    lengths = [len(re.sub(r"[$_{}\\]", "", handle.get_label())) + 5 for handle in handles]
    room = int(16 * figure.get_figwidth())  # 16 letters per inch
    if sum(lengths) <= room:
        return len(handles)
    rows = -(-len(handles) // max(1, room // max(lengths)))
    return -(-len(handles) // rows)


def mark_ceiling(axes: Axes, layers: Sequence[int]) -> None:
    """Name the layers that are at the ceiling of the estimator, in the corner below the paths."""
    if not layers:
        return
    axes.annotate(
        "at ceiling: " + " ".join(map(layer_name, layers)),
        (0.985, 0.03),
        xycoords="axes fraction",
        fontsize=SMALL - 0.5,
        color="0.35",
        ha="right",
        va="bottom",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1.0},
        zorder=7,
    )


def span_text(runs: Iterable[int], few: int) -> str:
    """What bands and bars show, where panels have these numbers of runs; "" if they show nothing.

    few: the number of runs from which they show quantiles.
    """
    several = {n >= few for n in runs if n > 1}
    if several == {True, False}:
        return f"{SPAN} (of fewer than {few} runs: {SPAN_OF_FEW})"
    return {frozenset({True}): SPAN, frozenset({False}): SPAN_OF_FEW}.get(frozenset(several), "")


def describe_training(trajectories: xr.Dataset) -> str:
    """The name, activation, batch size, quantisation and measured inputs of a training as text."""
    get = trajectories.attrs.get
    name, activation, batch = (
        plain_math(str(get(key, ""))) for key in ("training", "activation", "batch")
    )
    size = "full batch" if batch == "full" else f"batches of {batch}"
    bits = get("quantize", 0)
    size += f", quantised to {bits} bits" if bits else ""
    text = f"{name} ({activation}, {size})" if activation and batch else name
    return heading(text, trajectories)


def caption(figure: Figure, *parts: str) -> None:
    """Write the caption above a figure; the parts are joined by semicolons."""
    text = "; ".join(part for part in parts if part)
    text = textwrap.fill(text, int(16 * figure.get_figwidth()))  # 16 letters per inch
    figure.suptitle(text, fontsize=NORMAL, x=0.01, ha="left")
