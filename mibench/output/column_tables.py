"""Tables of columns: ranked by their MI with a target, and two of them by lag."""

import math
from typing import TYPE_CHECKING

from .text import new_table, number

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table


def ranking_of_columns(rows: "pd.DataFrame", units: str) -> "Table":
    """One row per column: its MI with the target, the test, and the column that shares most."""
    differ = rows.loc[rows["error"] == "", "rows"].nunique() > 1
    tested = [name for name in ("p_value", "q_value") if name in rows]
    table = new_table()
    table.add_column("", justify="right")
    table.add_column("column")
    table.add_column("kind")
    table.add_column(units, justify="right")
    for name in tested:
        table.add_column(name.replace("_", "-"), justify="right")
    table.add_column("shares most with")
    table.add_column(units, justify="right")
    if differ:
        table.add_column("rows", justify="right")
    table.add_column("flags", no_wrap=False)
    for place, row in enumerate(rows.to_dict("records"), 1):
        chances = ["" if math.isnan(row[name]) else f"{row[name]:.3g}" for name in tested]
        shared = row[f"redundancy_{units}"]
        table.add_row(
            str(place), str(row["feature"]), row["kind"],
            "failed" if row["error"] else number(row[units]), *chances,
            str(row["redundant_with"]), "" if math.isnan(shared) else number(shared),
            *([str(row["rows"])] if differ else []), row["flags"].replace(";", ", "),
        )  # fmt: skip
    return table


def lags_table(rows: "pd.DataFrame", units: str) -> "Table":
    """One row per lag: the MI and its test, and the same given the past of Y."""
    differ = rows["rows"].nunique() > 1
    table = new_table()
    table.add_column("lag", justify="right")
    parts = [("", units)]
    if rows[f"given_past_{units}"].notna().any():
        parts.append(("given_past_", f"{units} beyond Y's past"))
    columns: list[str] = []
    for prefix, heading in parts:
        table.add_column(heading, justify="right")
        columns.append(f"{prefix}{units}")
        for name in ("p_value", "q_value"):
            if f"{prefix}{name}" in rows:
                table.add_column(name.replace("_", "-"), justify="right")
                columns.append(f"{prefix}{name}")
    if differ:
        table.add_column("rows", justify="right")
    table.add_column("flags", no_wrap=False)
    for row in rows.to_dict("records"):
        cells = [
            "" if math.isnan(row[name])
            else f"{row[name]:.3g}" if name.endswith("_value") else number(row[name])
            for name in columns
        ]  # fmt: skip
        cells[0] = "failed" if row["error"] else cells[0]
        counts = [str(row["rows"])] if differ else []
        table.add_row(str(row["lag"]), *cells, *counts, row["flags"].replace(";", ", "))
    return table
