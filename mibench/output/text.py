"""Summaries as text: tables for people, and JSON for programs."""

import io
import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .safe import visible

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table
    from rich.text import Text

    from ..types import Estimate

MAX_WIDTH = 2000  # characters; a wider table would be wrapped


def task_table(cases: "pd.DataFrame", units: str) -> "Table":
    """One row for each task at one n: dimensions, true MI, and each estimator's mean +- sd.

    The smallest RMSE of a row is marked by *.
    """
    from rich.text import Text

    table = _table()
    estimators = list(dict.fromkeys(cases["estimator"]))
    several_n = cases["n"].nunique() > 1
    table.add_column("task")
    table.add_column("dims", justify="center")
    if several_n:
        table.add_column("n", justify="right")
    table.add_column("true MI", justify="right")
    for name in estimators:
        table.add_column(name, justify="right")
    for (task, n), rows in cases.groupby(["task", "n"], sort=False):
        first = rows.iloc[0]
        texts: list[Text] = [Text(str(task)), Text(f"{first['dim_x']}+{first['dim_y']}")]
        if several_n:
            texts.append(Text(str(n)))
        texts.append(Text(f"{first[f'mi_{units}']:.3f}"))
        by_name = rows.set_index("estimator")
        texts += [
            _estimate_text(by_name.loc[name], units) if name in by_name.index else Text("-  ")
            for name in estimators
        ]
        table.add_row(*texts)
    return table


def ranking_table(ranks: "pd.DataFrame", units: str, rows: int) -> "Table":
    """One row per estimator, smallest RMSE first.

    rows: the number of rows of `task_table`, in some of which an estimator has the smallest RMSE.
    """
    table = _table()
    for heading in ("", "estimator", "RMSE", "95 %", "bias", "best in", "time", "failures"):
        table.add_column(heading, justify="left" if heading == "estimator" else "right")
    for _, row in ranks.iterrows():
        low, high = (number(row[f"rmse_{end}_{units}"]) for end in ("low", "high"))
        table.add_row(
            str(row["rank"]),
            str(row["estimator"]),
            number(row[f"rmse_{units}"]),
            f"{low} to {high}" if low != "-" else "-",
            number(row[f"bias_{units}"], sign=True),
            f"{row['wins']} of {rows}",
            duration(row["seconds"]),
            str(row["failures"]),
        )
    return table


def estimate_table(results: Sequence[tuple[str, "Estimate | str", float]], units: str) -> "Table":
    """One row per estimator: its estimate, time and flags, or its error."""
    table = _table()
    table.add_column("estimator")
    table.add_column(f"I(X;Y) in {units}", justify="right")
    table.add_column("time", justify="right")
    table.add_column("flags")
    for spec, estimate, seconds in results:
        if isinstance(estimate, str):
            table.add_row(spec, "failed", duration(seconds), estimate)
        else:
            value = estimate.bits if units == "bits" else estimate.nats
            table.add_row(spec, number(value), duration(seconds), ", ".join(estimate.flags))
    return table


def pairs_table(rows: "pd.DataFrame", units: str) -> "Table":
    """One row per pair of columns: its estimate and flags."""
    table = _table()
    table.add_column("X")
    table.add_column("Y")
    table.add_column(f"I(X;Y) in {units}", justify="right")
    table.add_column("flags")
    for x, y, value, flags, error in rows[["x", "y", units, "flags", "error"]].to_numpy().tolist():
        value_text = "failed" if error else number(value)
        table.add_row(str(x), str(y), value_text, flags.replace(";", ", "))
    return table


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> "Table":
    """A table of headings and rows."""
    table = _table()
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row))
    return table


def render(*tables: "Table | str") -> str:
    """Tables and lines of text as one string. Each table is as wide as it needs; nothing is cut."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    buffer = io.StringIO()
    console = Console(file=buffer, force_terminal=terminal, width=MAX_WIDTH, emoji=False)
    for table in tables:
        if isinstance(table, str):
            table = visible(table, one_line=False)
        console.print(table, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def to_json(value: object) -> str:
    """JSON with null for NaN and infinity, as strict readers require."""
    return json.dumps(_finite(value), indent=2)


def number(value: float, *, sign: bool = False) -> str:
    """Three decimals; a dash for NaN and infinity; never a negative zero."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:{'+' if sign else ''}.3f}"
    return text.replace("-0.000", "0.000")


def duration(seconds: float) -> str:
    """A time with three significant digits, such as 1.20 ms; a dash for NaN and infinity.

    `duration` in assets/core.js gives the same text on the page.
    """
    if not math.isfinite(seconds):
        return "-"
    units = ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (math.inf, 1, "s"))
    scale, unit = next((scale, unit) for limit, scale, unit in units if seconds < limit)
    text = f"{seconds * scale:#.3g}".rstrip(".")
    return f"{float(text):.0f} {unit}" if "e" in text else f"{text} {unit}"


def _estimate_text(row: "pd.Series[float]", units: str) -> "Text":
    from rich.text import Text

    if row["failures"] == row["seeds"]:
        return Text("failed")
    text = number(row[f"mean_{units}"])
    if math.isfinite(row[f"sd_{units}"]):
        text += f" ± {number(row[f'sd_{units}'])}"
    if row["failures"]:
        text += f" ({row['failures']} failed)"
    return Text(text + " *", style="bold green") if row["best"] else Text(text + "  ")


def _table() -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def shown(cell: Any) -> Any:
        if isinstance(cell, Text):
            return Text(visible(cell.plain), style=cell.style)
        return visible(cell) if isinstance(cell, str) else cell

    class VisibleTable(Table):
        """A table whose cells are each one line, without control characters."""

        def add_column(self, header: Any = "", *args: Any, **options: Any) -> None:
            super().add_column(shown(header), *args, **options)

        def add_row(self, *cells: Any, **options: Any) -> None:
            super().add_row(*map(shown, cells), **options)

    return VisibleTable(box=box.SIMPLE_HEAD)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    item = getattr(value, "item", None)  # a NumPy scalar
    return _finite(item()) if callable(item) else value
