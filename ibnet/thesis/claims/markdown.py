"""The claims table as Markdown: the verdicts, then the numbers, then how they are computed."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from .generalisation import QUANTITIES
from .table import verdicts

TERMS = """\
A network fits while I(T;Y) rises, and compresses while I(X;T) falls. Start is the initial \
network; end is the mean over the last sixth of the epochs. The other epochs are divided into \
windows, each of which ends at an epoch 2^(1/4) times that of the one before; values are averaged \
over each window. The window of a run's peak (or trough, or largest value) is that of the mean \
over the other half of the runs, so that noise cannot create a peak. Intervals cover 95 % \
(bootstrap over runs). A part is reproduced if its whole interval meets the criterion, not \
reproduced if no value of the interval meets it, and undecided otherwise. A claim is reproduced \
if all its parts are, not reproduced if any part is not, and undecided otherwise."""


def to_markdown(table: pd.DataFrame) -> str:
    """Write the claims table as Markdown.

    Args:
        table: from `claims_table`.

    Returns:
        A table of the claims, a table of their parts, and a list of the statistics with notes.
    """
    blocks = [_claims(table), TERMS, _parts(table), _statistics(table)]
    return "\n\n".join(blocks) + "\n"


def generalisation_to_markdown(table: pd.DataFrame) -> str:
    """Write the table of `generalisation_table` as Markdown: a row for each training and layer."""
    rows = []
    for (training, layer), cells in table.groupby(["training", "layer"], sort=False):
        numbers = zip(*(cells[name] for name in ("rho", "low", "high")), strict=True)
        by_quantity = dict(zip(cells["quantity"], numbers, strict=True))
        shown = [_rho(*by_quantity.get(key, (math.nan,) * 3)) for key in QUANTITIES]
        rows.append([str(training), str(layer), *shown])
    return _table(("networks", "layer", *QUANTITIES.values()), rows)


def _rho(rho: float, low: float, high: float) -> str:
    if math.isnan(rho):
        return "n/a"
    interval = "n/a" if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"
    return f"{rho:+.2f} ({interval})"


def _claims(table: pd.DataFrame) -> str:
    rows = verdicts(table)
    columns = zip(rows["claim"], rows["text"], rows["verdict"], strict=True)
    return _table(("#", "Claim", "Verdict"), ([str(n), text, f"**{v}**"] for n, text, v in columns))


def _parts(table: pd.DataFrame) -> str:
    head = ("#", "Part", "Value", "95 % interval", "Criterion", "Runs", "Verdict")
    return _table(head, (_part(row) for _, row in table.iterrows()))


def _part(row: "pd.Series[Any]") -> list[str]:
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    unit = str(row["unit"])
    interval = "n/a" if math.isnan(low) else f"{_number(low, unit)} to {_number(high, unit)}"
    shown = f"{_number(value, unit)} {unit}" if unit in ("bits", "sides") else _number(value, unit)
    criterion = " to ".join(_limit(word, unit) for word in str(row["criterion"]).split(" to "))
    return [
        str(row["claim"]), str(row["part"]), "n/a" if math.isnan(value) else shown, interval,
        criterion, str(row["runs"]), str(row["verdict"]),
    ]  # fmt: skip


def _limit(text: str, unit: str) -> str:
    """A limit of a criterion in the unit of the value: "< 0.05" of a share is "< 5 %"."""
    sign, _, number = text.rpartition(" ")
    shown = f"{float(number) * 100:g} %" if unit == "share" else number
    return f"{sign} {shown}".strip()


def _number(value: float, unit: str) -> str:
    if math.isnan(value):
        return "n/a"
    if unit == "share":
        return f"{100 * value:.1f} %"
    digits = 3 if abs(value) < 0.1 else 2
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0 turns -0.0 into 0.0


def _statistics(table: pd.DataFrame) -> str:
    """A list of the statistics of each claim, and under each the notes of its parts."""
    lines = []
    for (claim, statistic), parts in table.groupby(["claim", "statistic"], sort=False):
        lines.append(f"- **{claim}** {statistic}")
        for part, note in zip(parts["part"], parts["note"], strict=True):
            if note:
                lines.append(f"  - {part.split(': ')[0]}: {note}")
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_escaped(text) for text in line) + " |" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
