"""The figure of the edges of uniform and adaptive bins on an activation function."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from mibench.errors import InputError
from mibench.estimators.adaptive import padded_edges
from mibench.output.looks import COLOURS

from ..settings import LOWER_BOUNDS
from . import _style
from ._drawing import Drawing

Array = NDArray[np.floating]

SATURATION = 4.0  # tanh and ELU are drawn up to this distance on their saturated side


def plot_bins(
    activation: str,
    activations: ArrayLike,
    range: tuple[float, float],  # noqa: A002 - the parameter's name everywhere in mibench
    bins: int = 30,
) -> Drawing:
    """Draw the edges of uniform and of adaptive bins on the curve of the activation function.

    For both binnings, the function has a line at each inner edge; next to it is the share of the
    values in each bin. As in the thesis, the activation's lower bound has its own adaptive bin.

    Args:
        activation: tanh, relu, elu, relu6 or linear.
        activations: the values of all neurons of a layer for all inputs at one epoch, of any shape.
        range: (low, high) of the uniform bins.
        bins: number of bins.

    Returns:
        The drawing; its table has a row per bin with its edges, and its numbers of values and of
        distinct values.

    Raises:
        InputError: for an unknown activation, an empty range, fewer than one bin, and for
            activations that are empty or not finite.
    """
    values = np.asarray(activations).ravel()
    values = values if values.dtype == np.float32 else values.astype(np.float64)
    low, high = _check(activation, values, range, bins)
    edges = {
        "uniform": np.linspace(low, high, bins + 1)[1:-1],
        "adaptive": _adaptive(values, bins, LOWER_BOUNDS.get(activation, np.nan)),
    }
    tables = [_contents(name, inner, values, (low, high)) for name, inner in edges.items()]

    figure = Figure(figsize=(_style.PAGE, 3.3), layout="constrained")
    axes_grid = figure.subplots(1, 4, sharey=True, width_ratios=(3, 1, 3, 1))
    for column, (name, table) in enumerate(zip(edges, tables, strict=True)):
        curve, shares = axes_grid[2 * column], axes_grid[2 * column + 1]
        _style.style_axes(curve, f"{name}, {bins} bins")
        _style.style_axes(shares)
        curve.grid(False)
        for edge in edges[name]:
            curve.axhline(edge, color=COLOURS[1], linewidth=0.5, zorder=1)
        _curve(curve, activation, values, (low, high))
        _shares(shares, table)
        curve.set_xlabel("pre-activation", fontsize=_style.NORMAL)
        shares.set_xlabel("values (%)", fontsize=_style.NORMAL)
    largest = max(float(table["share"].max()) for table in tables)
    for shares in axes_grid[1::2]:
        shares.set_xlim(0, 105 * largest)
    axes_grid[0].set_ylabel(f"activation ({activation})", fontsize=_style.NORMAL)
    distinct = len(np.unique(values))
    text = f"{activation}: edges of the bins of {len(values):,} activations, {distinct:,} distinct"
    _style.caption(figure, text)
    return Drawing(figure, pd.concat(tables, ignore_index=True))


def _check(
    activation: str, values: Array, span: tuple[float, float], bins: int
) -> tuple[float, float]:
    if activation not in FUNCTIONS:
        raise InputError(f"activation {activation!r} is unknown: give {', '.join(FUNCTIONS)}")
    if not values.size or not np.isfinite(values).all():
        raise InputError("activations must be finite numbers, at least one: leave others out")
    low, high = (float(limit) for limit in span)
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"range=({low:g}, {high:g}) is empty or not finite: give low < high")
    if bins < 1:
        raise InputError(f"bins={bins} leaves no bin: give at least 1")
    return low, high


def _adaptive(values: Array, bins: int, bound: float) -> Array:
    """The inner edges that the pooled adaptive estimator computes from these values."""
    padded = padded_edges(values[None], bins, bound)[0, : bins - 1]
    inner: Array = padded[np.isfinite(padded)]
    if bins > 1 and values.min() == bound:  # the lower bound has its own bin
        inner = np.concatenate([[np.nextafter(values.min(), np.inf)], inner])
    return inner


def _contents(name: str, inner: Array, values: Array, span: tuple[float, float]) -> pd.DataFrame:
    """One row per bin: edges, number and share of values, number of distinct values.

    The outermost bins extend to the limits of the range, or to values beyond them.
    """
    distinct = np.unique(values)
    low, high = span if name == "uniform" else (distinct[0], distinct[-1])
    edges = np.concatenate([[min(low, distinct[0])], inner, [max(high, distinct[-1])]])
    # A value at an edge belongs to the bin above it, as for the estimators.
    counts, distinct_counts = (
        np.bincount(np.searchsorted(inner, v, side="right"), minlength=len(inner) + 1)
        for v in (values, distinct)
    )
    return pd.DataFrame(
        {
            "binning": name,
            "bin": np.arange(1, len(inner) + 2),
            "lower_edge": edges[:-1],
            "upper_edge": edges[1:],
            "values": counts,
            "share": counts / len(values),
            "distinct_values": distinct_counts,
        }
    )


def _curve(axes: Axes, activation: str, values: Array, span: tuple[float, float]) -> None:
    low = min(span[0], float(values.min()))
    high = max(span[1], float(values.max()))
    left, right = {
        "tanh": (-SATURATION, SATURATION),
        "relu": (-0.3 * high, high),
        "elu": (-SATURATION, high),
        "relu6": (-1.5, 7.5),
        "linear": (low, high),
    }[activation]
    x = np.linspace(left, right, 600)
    axes.plot(x, FUNCTIONS[activation](x), color=COLOURS[0], linewidth=1.8, zorder=2)
    axes.set_xlim(left, right)
    axes.set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))


def _shares(axes: Axes, table: pd.DataFrame) -> None:
    """Draw bars that are as thick as the bins and as long as their shares of the values."""
    width = table["upper_edge"] - table["lower_edge"]
    look: dict[str, Any] = {"color": COLOURS[5], "edgecolor": COLOURS[0], "linewidth": 0.8}
    axes.barh(table["lower_edge"], 100 * table["share"], width, align="edge", **look)


def _tanh(x: Array) -> Array:
    return np.tanh(x)


def _relu(x: Array) -> Array:
    return np.maximum(x, 0)


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6)


def _linear(x: Array) -> Array:
    return x


FUNCTIONS = {"tanh": _tanh, "relu": _relu, "elu": _elu, "relu6": _relu6, "linear": _linear}
