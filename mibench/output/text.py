"""Summaries as text: tables for people, and JSON for programs."""

import io
import json
import math
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from .safe import visible

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    from ..types import Estimate

UNLIMITED = 2000  # characters; wider than any table
# Columns of the ranking that a narrow terminal does without, in this order.
LEFT_OUT_FIRST = ("95 %", "rel. error", "best in", "bias", "failures", "time")
MORE = "a wider terminal, --output and --format csv show all"


def shown_width() -> int:
    """The width of the terminal, or the variable COLUMNS; where there is neither, no limit."""
    return shutil.get_terminal_size((UNLIMITED, 0)).columns


def task_tables(cases: "pd.DataFrame", units: str, width: int = UNLIMITED) -> "list[Table | str]":
    """One row for each task at one n: dimensions, true MI, and each estimator's mean ± sd.

    The smallest RMSE of a row is marked by *. What does not fit into `width` characters comes
    without dimensions and standard deviations, and in several tables if it must.
    """
    estimators = list(dict.fromkeys(cases["estimator"]))
    title = f"Estimates in {units}: mean ± sd over seeds; * marks the smallest RMSE of a row"
    table = _task_table(cases, units, estimators, brief=False)
    if width_of(table) <= width:
        return [title, table]
    title = f"Estimates in {units}: mean over seeds; * marks the smallest RMSE of a row ({MORE})"
    return [title, *_brief_tables(cases, units, estimators, width)]


def _brief_tables(
    cases: "pd.DataFrame", units: str, estimators: list[str], width: int
) -> "list[Table | str]":
    """As few tables as possible, each of as many estimators as fit, at least one."""
    tables: list[Table | str] = []
    while estimators:
        number_in_table = len(estimators)
        table = _task_table(cases, units, estimators, brief=True)
        while width_of(table) > width and number_in_table > 1:
            number_in_table -= 1
            table = _task_table(cases, units, estimators[:number_in_table], brief=True)
        tables.append(table)
        estimators = estimators[number_in_table:]
    return tables


def _task_table(cases: "pd.DataFrame", units: str, estimators: list[str], brief: bool) -> "Table":
    from rich.text import Text

    table = new_table()
    several_n = cases["n"].nunique() > 1
    table.add_column("task")
    if not brief:
        table.add_column("dims", justify="center")
    if several_n:
        table.add_column("n", justify="right")
    table.add_column("true MI", justify="right")
    for name in estimators:
        table.add_column(name, justify="right")
    for (task, n), rows in cases.groupby(["task", "n"], sort=False):
        first = rows.iloc[0]
        texts: list[Text] = [Text(str(task))]
        if not brief:
            texts.append(Text(f"{first['dim_x']}+{first['dim_y']}"))
        if several_n:
            texts.append(Text(str(n)))
        texts.append(Text(f"{first[f'mi_{units}']:.3f}"))
        by_name = rows.set_index("estimator")
        texts += [
            _estimate_text(cast("pd.Series[float]", by_name.loc[name]), units, brief)
            if name in by_name.index
            else Text("-" if brief else "-  ")
            for name in estimators
        ]
        table.add_row(*texts)
    return table


def ranking_tables(
    ranks: "pd.DataFrame", units: str, rows: int, width: int = UNLIMITED
) -> "list[Table | str]":
    """One row per estimator, smallest RMSE first; in a narrow terminal without some columns.

    rows: the number of rows of the table of tasks, in some of which an estimator has the smallest
    RMSE.
    """
    headings = [
        "", "estimator", "RMSE", "95 %", "MAE", "rel. error", "bias", "best in", "time", "failures",
    ]  # fmt: skip
    left_out: list[str] = []
    table = _ranking_table(ranks, units, rows, headings)
    for heading in LEFT_OUT_FIRST:
        if width_of(table) <= width:
            break
        left_out.append(heading)
        headings.remove(heading)
        table = _ranking_table(ranks, units, rows, headings)
    return [table, f"Not shown: {', '.join(left_out)} ({MORE})"] if left_out else [table]


def _ranking_table(
    ranks: "pd.DataFrame", units: str, rows: int, headings: Sequence[str]
) -> "Table":
    table = new_table()
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "estimator" else "right")
    for _, row in ranks.iterrows():
        low, high = (number(row[f"rmse_{end}_{units}"]) for end in ("low", "high"))
        relative = row["relative_error"]
        texts = {
            "": str(row["rank"]) if math.isfinite(row[f"rmse_{units}"]) else "-",  # as on the page
            "estimator": str(row["estimator"]),
            "RMSE": number(row[f"rmse_{units}"]),
            "95 %": f"{low} to {high}" if low != "-" else "-",
            "MAE": number(row[f"mae_{units}"]),
            "rel. error": f"{100 * relative:.1f} %" if math.isfinite(relative) else "-",
            "bias": number(row[f"bias_{units}"], sign=True),
            "best in": f"{row['wins']} of {rows}",
            "time": duration(row["seconds"]),
            "failures": str(row["failures"]),
        }
        table.add_row(*(texts[heading] for heading in headings))
    return table


def estimate_table(results: Sequence[tuple[str, "Estimate | str", float]], units: str) -> "Table":
    """One row per estimator: its estimate, p-value if asked for, time and flags, or its error."""
    tested = any(getattr(estimate, "p_value", None) is not None for _, estimate, _ in results)
    intervals = [i for _, e, _ in results if (i := _interval(e, units))]
    given = any("dim_z" in getattr(estimate, "info", {}) for _, estimate, _ in results)
    table = new_table()
    table.add_column("estimator")
    table.add_column(f"I(X;Y{'|Z' if given else ''}) in {units}", justify="right")
    if intervals:
        table.add_column("interval", justify="right")
    if tested:
        table.add_column("p-value", justify="right")
    table.add_column("time", justify="right")
    table.add_column("flags", no_wrap=False)
    for spec, estimate, seconds in results:
        if isinstance(estimate, str):
            empty = [""] * (tested + bool(intervals))
            table.add_row(spec, "failed", *empty, duration(seconds), estimate)
        else:
            value = estimate.bits if units == "bits" else estimate.nats
            p = estimate.p_value
            p_value = ["" if p is None else f"{p:.3g}"] if tested else []
            flags = ", ".join(estimate.flags)
            ends = [_interval(estimate, units)] if intervals else []
            table.add_row(spec, number(value), *ends, *p_value, duration(seconds), flags)
    return table


def _interval(estimate: "Estimate | str", units: str) -> str:
    """Both ends of an estimate's interval, or nothing."""
    if isinstance(estimate, str) or estimate.interval is None:
        return ""
    ends = estimate.interval if units == "nats" else estimate.interval_bits
    return " to ".join(number(end) for end in ends or ())


def pairs_table(rows: "pd.DataFrame", units: str) -> "Table":
    """One row per pair of columns: its estimate, its number of rows if they differ, and flags."""
    differ = rows.loc[rows["error"] == "", "rows"].nunique() > 1
    table = new_table()
    table.add_column("X")
    table.add_column("Y")
    table.add_column(f"I(X;Y) in {units}", justify="right")
    tested = [name for name in ("p_value", "q_value") if name in rows]
    for name in tested:
        table.add_column(name.replace("_", "-"), justify="right")
    if differ:
        table.add_column("rows", justify="right")
    table.add_column("flags", no_wrap=False)
    shown = rows[["x", "y", units, "rows", "flags", "error", *tested]].to_numpy().tolist()
    for x, y, value, count, flags, error, *shares in shown:
        value_text = "failed" if error else number(value)
        chances = ["" if math.isnan(share) else f"{share:.3g}" for share in shares]
        counts = [str(count)] if differ else []
        table.add_row(str(x), str(y), value_text, *chances, *counts, flags.replace(";", ", "))
    return table


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> "Table":
    """A table of headings and rows. All columns but the first may be folded."""
    texts = [[f"{v:.4f}" if isinstance(v, float) else str(v) for v in row] for row in rows]
    table = new_table()
    for heading in headings:
        table.add_column(heading, no_wrap=heading == headings[0])
    for row in texts:
        table.add_row(*row)
    return table


def render(*parts: "Table | str", width: int = UNLIMITED) -> str:
    """Tables and paragraphs as one string, in lines of at most `width` characters.

    A table whose words do not fit becomes paragraphs, one for each row. Nothing is cut: a line is
    longer where a single word is.
    """
    console = _console(force_terminal=sys.stdout.isatty())
    for part in parts:
        if not isinstance(part, str) and _widths(part).minimum > width:
            part = _as_paragraphs(part)
        if isinstance(part, str):
            console.print(_paragraph(visible(part, one_line=False), width))
        else:
            console.print(part, width=width)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _as_paragraphs(table: "Table") -> str:
    """The rows of a table, each as its first cell and a list of the others with their headings."""
    columns = [
        [str(column.header), *(str(cell).strip() for cell in column.cells)]
        for column in table.columns
    ]
    names = [column[0] for column in columns]
    lines = []
    for first, *others in zip(*(column[1:] for column in columns), strict=True):
        told = [f"{name}: {cell}" for name, cell in zip(names[1:], others, strict=True) if cell]
        lines.append("\n  ".join([f"{names[0]}: {first}" if names[0] else first, "; ".join(told)]))
    return "\n" + "\n".join(lines) + "\n"


def width_of(table: "Table") -> int:
    """The characters that a line of a table needs if nothing is folded."""
    return _widths(table).maximum


def _widths(table: "Table") -> "Measurement":
    """The characters of a line with all sentences folded, and with none."""
    from rich.measure import Measurement

    console = _console()
    return Measurement.get(console, console.options, table)


def _console(force_terminal: bool = False) -> "Console":
    """A console that writes into memory, and takes text as it is."""
    from rich.console import Console

    return Console(
        file=io.StringIO(), force_terminal=force_terminal, width=UNLIMITED, emoji=False,
        markup=False, highlight=False,
    )  # fmt: skip


def _paragraph(text: str, width: int) -> str:
    """Lines of text, folded between words; what follows the first line of each is indented."""
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


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
    rounded = float(f"{seconds:.3g}")  # 999.9 µs are 1.00 ms
    scale, unit = next((scale, unit) for limit, scale, unit in units if rounded < limit)
    text = f"{seconds * scale:#.3g}".rstrip(".")
    return f"{float(text):.0f} {unit}" if "e" in text else f"{text} {unit}"


def _estimate_text(row: "pd.Series[float]", units: str, brief: bool) -> "Text":
    """Mean and standard deviation, of brief ones the mean alone, and a mark if it is the best."""
    from rich.text import Text

    if row["failures"] == row["seeds"]:
        return Text("failed")
    text = number(row[f"mean_{units}"])
    if math.isfinite(row[f"sd_{units}"]) and not brief:
        text += f" ± {number(row[f'sd_{units}'])}"
    if row["failures"]:
        text += f" ({row['failures']} failed)"
    mark, blank = ("*", " ") if brief else (" *", "  ")
    return Text(text + mark, style="bold green") if row["best"] else Text(text + blank)


def new_table() -> "Table":
    """An empty table. Its columns are as wide as their longest text, but for those of sentences."""
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    def shown(cell: Any) -> Any:
        if isinstance(cell, Text):
            return Text(visible(cell.plain), style=cell.style)
        return visible(cell) if isinstance(cell, str) else cell

    class VisibleTable(Table):
        """A table whose cells are each one line, without control characters."""

        def add_column(self, header: Any = "", *args: Any, **options: Any) -> None:
            super().add_column(shown(header), *args, **{"no_wrap": True, **options})
            self._widen(len(self.columns) - 1, shown(header))

        def add_row(self, *cells: Any, **options: Any) -> None:
            texts = list(map(shown, cells))
            super().add_row(*texts, **options)
            for i, text in enumerate(texts):
                self._widen(i, text)

        def _widen(self, i: int, text: Any) -> None:
            column = self.columns[i]
            if column.no_wrap and isinstance(text, str | Text):
                edge = int(i == 0)  # whose padding rich leaves out of a smallest width
                column.min_width = max(column.min_width or 0, cell_len(str(text)) + edge)

    return VisibleTable(box=box.SIMPLE_HEAD, collapse_padding=True)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    item = getattr(value, "item", None)  # a NumPy scalar
    return _finite(item()) if callable(item) else value
