"""The figure of a study: compression, test error, and whether they go together."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mibench.output.safe import plain_math

from ..studies.numbers import study_ranks, study_table
from . import _style
from ._drawing import Drawing

SPREAD = 0.5  # of the room of a condition, over which its layers lie
ROW = 2.3  # inches


def plot_study(study: Mapping[str, xr.Dataset]) -> Drawing:
    """Draw compression and test error of each condition, and the rank correlation of the two.

    A row of panels for each estimator. Left: the compression of each layer, means over runs with
    95% intervals. Middle: the test error, likewise. Right: for each layer, Spearman's correlation
    of compression and test error over the runs of a condition, mean over conditions, with a 95%
    interval.

    Args:
        study: from `ibnet.study`.

    Returns:
        The drawing; its table is that of `study_table` with the correlations of `study_ranks`.

    Raises:
        InputError: as `study_table`.
    """
    table, ranks = study_table(study), study_ranks(study)
    names = list(dict.fromkeys(table["estimator"]))
    titles = list(study)
    layers = sorted(table["layer"].unique())
    figure = Figure(figsize=(_style.PAGE, ROW * len(names) + 1.2), layout="constrained")
    axes_grid = figure.subplots(
        len(names), 3, squeeze=False, width_ratios=[1.5, 1, 1], sharex="col"
    )
    labels, caption = _short_titles(titles)
    for (left, middle, right), name in zip(axes_grid, names, strict=True):
        of_name = table[table["estimator"] == name]
        _style.style_axes(left, f"compression, {name}")
        _style.style_axes(middle, "test error")
        _style.style_axes(right, "rank correlation of the two")
        _compression(left, of_name, titles)
        _errors(middle, of_name, titles)
        _ranks(right, ranks[ranks["estimator"] == name])
        left.set_ylabel("bits", fontsize=_style.NORMAL)
        middle.set_ylabel("%", fontsize=_style.NORMAL)
        right.set_ylim(-1.05, 1.05)
    for axes in axes_grid[-1, :2]:
        long = max(map(len, labels)) * len(labels) > 24
        axes.set_xticks(
            range(len(titles)), labels, rotation=30 if long else 0, ha="right" if long else "center"
        )
    axes_grid[-1, 2].set_xticks(layers, [_style.layer_name(int(layer)) for layer in layers])
    handles = [
        Line2D(
            [],
            [],
            color=_style.layer_colour(layer),
            marker=_style.layer_marker(layer),
            markersize=4,
            linewidth=1,
            label=_style.layer_name(layer),
        )
        for layer in map(int, layers)
    ]
    _style.legend_below(figure, handles, columns=_style.legend_columns(figure, handles))
    runs = table["runs"].max()
    _style.caption(
        figure, caption, f"{_style.MEAN} ({runs} runs)", "bars: 95% intervals",
        "right: over the runs of a condition",
    )  # fmt: skip
    columns = [
        "estimator",
        "layer",
        *(c for c in map(str, ranks) if c.startswith(("within", "between"))),
    ]
    return Drawing(figure, table.merge(ranks[columns], on=["estimator", "layer"], how="left"))


def _short_titles(titles: list[str]) -> tuple[list[str], str]:
    """The values alone, if one field varies, whose name is then for the caption."""
    fields = {title.partition("=")[0] for title in titles}
    if len(fields) == 1 and not any(", " in title for title in titles):
        return [plain_math(title.partition("=")[2]) for title in titles], f"by {fields.pop()}"
    return [plain_math(title) for title in titles], ""


def _compression(axes: Axes, table: pd.DataFrame, titles: list[str]) -> None:
    layers = sorted(map(int, table["layer"].unique()))
    for layer, offset in zip(layers, _offsets(len(layers)), strict=True):
        rows = table[table["layer"] == layer].set_index("condition").reindex(titles)
        _marks(
            axes, np.arange(len(titles)) + offset, rows["compression"], rows["low"], rows["high"],
            layer,
        )  # fmt: skip
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _errors(axes: Axes, table: pd.DataFrame, titles: list[str]) -> None:
    rows = 100 * table.drop_duplicates("condition").set_index("condition").reindex(titles)[
        ["test_error", "error_low", "error_high"]
    ].astype(float)
    half = ((rows["error_high"] - rows["error_low"]) / 2).fillna(0)
    axes.errorbar(
        range(len(titles)), rows["test_error"], half, color="black", marker="o", markersize=4,
        linestyle="none", linewidth=1.0,
    )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.5, len(titles) - 0.5)


def _ranks(axes: Axes, ranks: pd.DataFrame) -> None:
    axes.axhline(0, color="0.35", linewidth=0.9)
    for row in ranks.to_dict("records"):
        value, low, high = (pd.Series([row[f"within{part}"]]) for part in ("", "_low", "_high"))
        _marks(axes, np.array([row["layer"]]), value, low, high, row["layer"])


def _marks(
    axes: Axes, place: np.ndarray, mean: pd.Series, low: pd.Series, high: pd.Series, layer: int
) -> None:
    below, above = (mean - low).clip(lower=0).fillna(0), (high - mean).clip(lower=0).fillna(0)
    axes.errorbar(
        place, mean, [below, above], color=_style.layer_colour(layer),
        marker=_style.layer_marker(layer), markersize=4, linestyle="none", linewidth=1.0,
    )  # fmt: skip


def _offsets(count: int) -> list[float]:
    offsets: list[float] = np.linspace(-SPREAD / 2, SPREAD / 2, count).tolist()
    return offsets if count > 1 else [0.0]
