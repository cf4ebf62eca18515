"""Summaries as text: tables for people, CSV and JSON for programs."""

import io
import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table
    from rich.text import Text

    from ..types import Estimate

WIDEST = 2000


def case_table(cases: "pd.DataFrame", units: str) -> "Table":
    """One row a case: dimensions, truth, and each estimator's mean +- sd, the best marked."""
    from rich.text import Text

    table = _table()
    estimators = list(dict.fromkeys(cases["estimator"]))
    several_n = cases["n"].nunique() > 1
    table.add_column("case")
    table.add_column("dims", justify="center")
    if several_n:
        table.add_column("n", justify="right")
    table.add_column("true MI", justify="right")
    for name in estimators:
        table.add_column(name, justify="right")
    for (task, n), rows in cases.groupby(["task", "n"], sort=False):
        first = rows.iloc[0]
        cells: list[Text] = [Text(str(task)), Text(f"{first['dim_x']}+{first['dim_y']}")]
        if several_n:
            cells.append(Text(str(n)))
        cells.append(Text(f"{first[f'mi_{units}']:.3f}"))
        by_name = rows.set_index("estimator")
        cells += [
            _cell(by_name.loc[name], units) if name in by_name.index else Text("-  ")
            for name in estimators
        ]
        table.add_row(*cells)
    return table


def ranking_table(ranks: "pd.DataFrame", units: str) -> "Table":
    """Estimators from best to worst; those that the seeds do not tell apart share a rank."""
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
            f"{row['wins']} cases",
            duration(row["seconds"]),
            str(row["failures"]),
        )
    return table


def estimate_table(results: Sequence[tuple[str, "Estimate | str", float]], units: str) -> "Table":
    """One row an estimator: its estimate, time and flags, or its error."""
    table = _table()
    table.add_column("estimator")
    table.add_column(f"I(X;Y) in {units}", justify="right")
    table.add_column("time", justify="right")
    table.add_column("flags")
    for spec, found, seconds in results:
        if isinstance(found, str):
            table.add_row(spec, "failed", duration(seconds), found)
        else:
            value = found.bits if units == "bits" else found.nats
            table.add_row(spec, number(value), duration(seconds), ", ".join(found.flags))
    return table


def pairs_table(rows: "pd.DataFrame", units: str) -> "Table":
    """One row a pair of columns: its estimate and flags."""
    table = _table()
    table.add_column("X")
    table.add_column("Y")
    table.add_column(f"I(X;Y) in {units}", justify="right")
    table.add_column("flags")
    for x, y, value, flags, error in rows[["x", "y", units, "flags", "error"]].to_numpy().tolist():
        shown = "failed" if error else number(value)
        table.add_row(str(x), str(y), shown, flags.replace(";", ", "))
    return table


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> "Table":
    """A table of text."""
    table = _table()
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row))
    return table


def render(*tables: "Table | str") -> str:
    """Tables and lines of text as one string, as wide as they need: numbers are never cut."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    buffer = io.StringIO()
    console = Console(file=buffer, force_terminal=terminal, width=WIDEST)
    for table in tables:
        console.print(table, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def to_json(value: object) -> str:
    """JSON with null for what is not a number, as strict readers want it."""
    return json.dumps(_finite(value), indent=2)


def number(value: float, *, sign: bool = False) -> str:
    """Three decimals; a dash where there is no number; never a negative zero."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:{'+' if sign else ''}.3f}"
    return text.replace("-0.000", "0.000")


def duration(seconds: float) -> str:
    """A time for people: 1.2 ms."""
    if not math.isfinite(seconds):
        return "-"
    for limit, scale, unit in ((1e-3, 1e6, "us"), (1, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def _cell(row: "pd.Series[float]", units: str) -> "Text":
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

    return Table(box=box.SIMPLE_HEAD)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    item = getattr(value, "item", None)  # a NumPy scalar
    return _finite(item()) if callable(item) else value
