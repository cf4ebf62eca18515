"""Reads the lines of a store into columns. A line that is not a record is skipped and named."""

import gc
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import orjson

from ..types import Record

COLUMNS = tuple(f.name for f in fields(Record))
FORMAT = 3  # increases when the columns change
HEADER = json.dumps({"mibench store": FORMAT, "columns": COLUMNS}).encode()
MAX_NAMED = 5  # lines that a message names
ROWS_AT_ONCE = 10_000

NUMBER, WHOLE, NONE = (float, int), (int,), type(None)
_KINDS: dict[str, tuple[type, ...]] = {
    "task_version": WHOLE, "dim_x": WHOLE, "dim_y": WHOLE, "n": WHOLE, "seed": WHOLE,
    "mi_nats": NUMBER, "seconds": NUMBER, "nats": (*NUMBER, NONE), "memory": (*WHOLE, NONE),
}  # fmt: skip
KINDS = [_KINDS.get(name, (str,)) for name in COLUMNS]
SHARED = [kinds == (str,) and name != "info" for name, kinds in zip(COLUMNS, KINDS, strict=True)]
FLOATS = [i for i, kinds in enumerate(KINDS) if float in kinds]
NATS, ERROR = COLUMNS.index("nats"), COLUMNS.index("error")
HEAD = COLUMNS.index("parameters") + 1  # columns from the task to the parameters


class Lines:
    """The records of lines, in columns.

    Attributes:
        columns: for each column of a record, its values. Equal texts are one object, except `info`.
        skipped: (line number, why) of the first lines that are not records.
        skipped_count: how many lines are not records.
    """

    def __init__(self, wanted: Callable[[Sequence[Any]], bool] | None = None) -> None:
        """Prepare to read.

        wanted: whether to read the lines of this task, version, dimensions, MI, estimator and
        parameters. The others are passed over, which takes a tenth of the time.
        """
        self.columns: list[list[Any]] = [[] for _ in COLUMNS]
        self.skipped: list[tuple[int, str]] = []
        self.skipped_count = 0
        self._wanted = wanted
        self._is_wanted: dict[bytes, bool] = {}
        self._texts: dict[str, str] = {}
        self._known: set[tuple[type, ...]] = set()  # types of the values of records

    def read(self, lines: Iterable[bytes]) -> None:
        """Read the lines of a store: the header, and records."""
        rows: list[list[Any]] = []
        with _no_collection():
            for number, line in enumerate(lines, 1):
                if self._wanted is not None and not self._read(line):
                    continue
                try:
                    # Python's json takes twice as long. What orjson refuses, `_checked` looks at.
                    row = orjson.loads(line)
                    nats = row[NATS]
                    usual = (
                        tuple(map(type, row)) in self._known
                        and (nats is None) != (row[ERROR] == "")
                        and (nats is None or math.isfinite(nats))
                    )
                except Exception:
                    usual = False
                if not usual:
                    row = self._checked(line, number)
                if row is not None:
                    rows.append(row)
                if len(rows) >= ROWS_AT_ONCE:
                    self._add(rows)
            self._add(rows)

    def _add(self, rows: list[list[Any]]) -> None:
        share = self._texts.setdefault
        parts = zip(self.columns, SHARED, zip(*rows, strict=True), strict=False)
        for column, shared, values in parts:
            column.extend(map(share, values, values) if shared else values)
        rows.clear()

    def _read(self, line: bytes) -> bool:
        """Whether to read a line: it is wanted, or its first columns or its end are unusual."""
        head = line[: line.find(b'}",') + 2]  # the parameters end with }
        if head not in self._is_wanted:
            try:
                values = json.loads(head + b"]")
                usual = len(values) == HEAD and _misfit(values, KINDS[:HEAD]) is None
                self._is_wanted[head] = not usual or bool(self._wanted and self._wanted(values))
            except (ValueError, TypeError, RecursionError):
                return True
        return self._is_wanted[head] or not line.endswith(b"]\n")

    def _checked(self, line: bytes, number: int) -> list[Any] | None:
        """The values of a line of unusual form; None, and a note, if it is not a record."""
        # A header may be on the line of a record, if two processes created the file.
        line = line.replace(HEADER, b"")
        if not line.strip():
            return None
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            whole = line.rstrip().endswith(b"]")
            self._skip(number, "is not JSON" if whole else "is cut short")
            return None
        if why := _fault(values):
            self._skip(number, why)
            return None
        for place in FLOATS:
            values[place] = None if values[place] is None else float(values[place])
        self._known.add(tuple(map(type, values)))
        return list(values)

    def _skip(self, number: int, why: str) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MAX_NAMED:
            self.skipped.append((number, why))

    def warning(self) -> str:
        """What was skipped, as a text; empty if nothing was."""
        if not self.skipped:
            return ""
        named = ", ".join(f"line {number} {why}" for number, why in self.skipped)
        more = self.skipped_count - len(self.skipped)
        count = f"{self.skipped_count:,} line{'s' if self.skipped_count > 1 else ''}"
        return f"{count} skipped: {named}{f', and {more:,} more' if more else ''}"


@contextmanager
def _no_collection() -> Iterator[None]:
    """Stop the search for reference cycles, which takes longer than reading a million lines."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _misfit(values: Sequence[Any], kinds: Sequence[tuple[type, ...]]) -> int | None:
    """The first place with a value of another kind. True and False are not numbers here."""
    return next((i for i, kind in enumerate(kinds) if type(values[i]) not in kind), None)


def _fault(values: Any) -> str:
    """Why these values are not a record; empty if they are."""
    if not isinstance(values, list) or len(values) != len(COLUMNS):
        return "is not a record"
    if (place := _misfit(values, KINDS)) is not None:
        return f"has {json.dumps(values[place])[:40]} as {COLUMNS[place]}"
    try:
        for place in FLOATS:
            float(values[place] or 0)
    except OverflowError:
        return "has a number that is too large"
    if any(type(value) is int and abs(value) >= 2**63 for value in values):
        return "has a number that is too large"
    if values[NATS] is not None and not math.isfinite(values[NATS]):
        return f"has {values[NATS]} as nats"
    if (values[NATS] is None) == (values[ERROR] == ""):
        return "has both an estimate and an error" if values[ERROR] else "has no estimate"
    return ""
