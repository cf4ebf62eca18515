"""A figure of MI by lag, and of what goes beyond the past of the second series."""

from typing import TYPE_CHECKING

from .looks import COLOURS
from .safe import plain_math, visible

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SURE = 0.05  # q-values up to it are drawn filled
PARTS = (("", "I({a}[t - lag]; {b}[t])", "o"), ("given_past_", "given the past of {b}", "s"))


def lag_figure(table: "pd.DataFrame", name_a: str, name_b: str, units: str) -> "Figure":
    """MI in the units against the lag. Filled markers: a q-value of at most 0.05, if tested."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for (prefix, label, marker), colour in zip(PARTS, COLOURS, strict=False):
        values = table[f"{prefix}{units}"]
        if not values.notna().any():
            continue
        tested = f"{prefix}q_value" in table
        sure = table[f"{prefix}q_value"] <= SURE if tested else values.notna()
        axes.plot(
            table["lag"], values, f"{marker}-", color=colour, linewidth=1, markersize=4.5,
            markerfacecolor="white",
            label=plain_math(visible(label.format(a=name_a, b=name_b))),
        )  # fmt: skip
        axes.plot(table["lag"][sure], values[sure], marker, color=colour, markersize=4.5)
    axes.axhline(0, color="#7F7F7F", linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("lag, in rows")
    axes.set_ylabel(f"MI in {units}")
    if "q_value" in table:
        axes.set_title(f"filled: q at most {SURE}", fontsize=9)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
