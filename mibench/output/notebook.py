"""Tables and heat maps as HTML, for what shows itself in a notebook."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .safe import html_text

if TYPE_CHECKING:
    import pandas as pd

# Of a heat map: white for 0 and blue for large values. Of errors, as in all figures: blue for too
# low, red for too high, in steps that are linear up to LINEAR and logarithmic beyond.
LINEAR = 0.1
DARK = 130  # of 255: a darker colour has white text
BLUE, RED = (8, 81, 156), (165, 15, 21)
MAX_ROWS = 250
CELL = "padding:2px 6px;text-align:right"


def heat_table(matrix: "pd.DataFrame", title: str, *, signed: bool = False) -> str:
    """A matrix as a table whose cells are coloured by their values.

    signed: the values are errors; otherwise those below 0 have the colour of 0.
    """
    values = matrix.to_numpy(dtype=float)
    finite = [abs(v) for v in values.flat if math.isfinite(v)]
    top = max(finite, default=0.0) or 1.0
    names = "".join(f"<th>{html_text(name)}</th>" for name in matrix.columns)
    rows = [
        f"<tr><th style='text-align:left'>{html_text(name)}</th>"
        + "".join(_cell(value, top, signed) for value in row)
        + "</tr>"
        for name, row in zip(matrix.index[:MAX_ROWS], values, strict=False)
    ]
    more = "" if len(values) <= MAX_ROWS else f"<p>and {len(values) - MAX_ROWS} more rows</p>"
    head = f"<caption>{html_text(title)}</caption><tr><th></th>{names}</tr>"
    return f"<table>{head}{''.join(rows)}</table>{more}"


def plain_table(table: "pd.DataFrame", title: str) -> str:
    """A table with a title."""
    names = "".join(f"<th>{html_text(name)}</th>" for name in table.columns)
    rows = [
        "<tr>" + "".join(f"<td>{_shown(value)}</td>" for value in row) + "</tr>"
        for row in table.itertuples(index=False)
    ]
    head = f"<caption>{html_text(title)}</caption><tr>{names}</tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _cell(value: float, top: float, signed: bool) -> str:
    if not math.isfinite(value):
        return f"<td style='{CELL}'></td>"
    share = max(value, 0.0) / top
    if signed:
        share = math.asinh(abs(value) / LINEAR) / math.asinh(top / LINEAR)
    full = RED if signed and value > 0 else BLUE
    red, green, blue = (round(255 + share * (c - 255)) for c in full)
    ink = "white" if 0.299 * red + 0.587 * green + 0.114 * blue < DARK else "black"
    style = f"{CELL};background:rgb({red},{green},{blue});color:{ink}"
    text = f"{value:.3f}".replace("-0.000", "0.000").replace("-", "\N{MINUS SIGN}")
    return f"<td style='{style}'>{text}</td>"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else html_text(value)


@dataclass(frozen=True, eq=False, repr=False)
class Overview:
    """Results of `mibench.compare` in a few tables, which show themselves in a notebook.

    Attributes:
        ranking: as `mibench.summary.ranking`, in the units.
        bias: the mean error of each estimator (columns) on each task and n (rows).
        flags: as `mibench.summary.flag_counts`.
        failures: as `mibench.summary.failures`.
        units: "bits" or "nats".
    """

    ranking: "pd.DataFrame"
    bias: "pd.DataFrame"
    flags: "pd.DataFrame"
    failures: "pd.DataFrame"
    units: str = field(default="bits")

    def __repr__(self) -> str:
        shown = self.ranking.to_string(index=False, float_format="{:.4g}".format)
        return f"Ranking by RMSE in {self.units}\n{shown}"

    def _repr_html_(self) -> str:
        parts = [
            plain_table(self.ranking, f"Ranking by RMSE in {self.units}"),
            heat_table(self.bias, f"estimate \N{MINUS SIGN} truth in {self.units}", signed=True),
        ]
        if len(self.flags):
            parts.append(plain_table(self.flags, "Flags"))
        if len(self.failures):
            parts.append(plain_table(self.failures, "Failures"))
        return "".join(parts)


def overview(records: "pd.DataFrame", *, units: str = "bits") -> Overview:
    """The ranking, a heat map of errors, and the flags of results.

    Args:
        records: as `mibench.compare` and `mibench.results` return them.
        units: "bits" or "nats".

    Returns:
        An `Overview`, which a notebook shows as tables.
    """
    from ..summary import by_case, failures, flag_counts, in_units, ranking

    cases = by_case(records)
    shown = in_units(cases, units)
    columns = [
        "rank", "estimator", f"rmse_{units}", f"mae_{units}", f"bias_{units}", "relative_error",
        "wins", "seconds", "failures",
    ]  # fmt: skip
    shown = shown.assign(case=_names_of_cases(shown))
    order = list(dict.fromkeys(shown["case"]))
    bias = shown.pivot_table(f"bias_{units}", "case", "estimator", sort=False, dropna=False)
    ranked = in_units(ranking(records, cases), units)[columns]
    return Overview(
        ranked,
        bias.reindex(order)[list(ranked["estimator"])].rename_axis(index=None, columns=None),
        flag_counts(records),
        failures(records),
        units,
    )


def _names_of_cases(cases: "pd.DataFrame") -> "pd.Series[str]":
    if cases["n"].nunique() < 2:
        return cases["task"].astype(str)
    return cases["task"].astype(str) + ", n = " + cases["n"].astype(str)
