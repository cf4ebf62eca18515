"""A store: a text file of records, to which each finished estimate is appended.

The first line is a header that names the columns. Each further line is a record, as a JSON array.
A line that is not a record is skipped, and a warning names it. If several records have the same key
(`key_of`), the last counts.

`appended` says what happens to a line that a killed process cuts short.
"""

import json
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter, methodcaller
from typing import Any

from ..types import Record
from .appended import AppendedLines
from .lines import COLUMNS, FORMAT, HEADER, Lines

Key = tuple[str, int, str, str, str, int, int]

SQLITE = b"SQLite format 3\0"  # formats 1 and 2
KEY_PLACES = [
    COLUMNS.index(name)
    for name in ("task", "task_version", "estimator", "parameters", "version", "n", "seed")
]
NATS = COLUMNS.index("nats")

_log = logging.getLogger(__name__)

row_of = attrgetter(*COLUMNS)  # faster than astuple, which copies

# ASCII, since a message may hold surrogates that no encoding accepts. `item` turns numbers of
# NumPy, which a task may hold, into plain numbers.
_to_json = json.JSONEncoder(separators=(",", ":"), default=methodcaller("item")).encode


def key_of(record: Record) -> Key:
    """What a record is about. Two records with the same key are the same measurement."""
    return (
        record.task,
        record.task_version,
        record.estimator,
        record.parameters,
        record.version,
        record.n,
        record.seed,
    )


class Store(AppendedLines):
    """A file of records.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(list(Store(pathlib.Path(folder) / "results.jsonl")))
    0
    """

    header = HEADER

    @staticmethod
    def why_other(first: bytes) -> str:
        """Why a file with another first line is no store, in words that follow its path."""
        if first.startswith(SQLITE):
            return "is an SQLite file of an earlier version of mibench, which this one cannot read"
        if first.startswith(b'{"mibench pairs"'):
            return "is a store of pairs, of `mibench pairwise`"
        if other := re.match(rb'\{"mibench store": (\d+)', first):
            return f"has format {int(other[1])}, and this version of mibench writes format {FORMAT}"
        return "is not a store of mibench"

    def append(self, record: Record) -> None:
        """Append one record, which replaces earlier ones with the same key.

        Raises InputError if that fails.
        """
        self.append_line(_line(record))

    def add(self, records: Iterable[Record]) -> None:
        """Append records. They replace earlier ones with the same keys."""
        with self.adding() as add:
            for record in records:
                add(record)

    @contextmanager
    def adding(self) -> Iterator[Callable[[Record], None]]:
        """A function that appends a record, to be used within the `with` block.

        It raises StoreLostError if the file is no longer the one that was opened.
        """
        with self.adding_lines() as add:
            yield lambda record: add(_line(record))

    def expect(self, record: Record) -> None:
        """Note that some process has appended this record, so that `check` looks for its bytes."""
        self.expect_bytes(len(_line(record)))

    def __iter__(self) -> Iterator[Record]:
        """The last record of each key, in the order in which they were added."""
        last: dict[Key, Record] = {}
        for record in map(Record, *self.columns()):
            key = key_of(record)
            last.pop(key, None)
            last[key] = record
        return iter(last.values())

    def columns(self, wanted: Callable[[Sequence[Any]], bool] | None = None) -> list[list[Any]]:
        """The values of each column, from all records, in the order in which they were added.

        wanted: see `Lines`. A warning names lines that are not records.
        """
        lines = Lines(wanted)
        try:
            with self.path.open("rb") as file:
                lines.read(file)
        except OSError as error:
            raise self._unusable(error) from error
        if warning := lines.warning():
            _log.warning("the store %s: %s", self.path, warning)
        return lines.columns

    def successes(self, keys: Collection[Key]) -> dict[Key, Record]:
        """The records with these keys that hold an estimate, by key; of several, the last.

        Failures are left out: they are run again.
        """
        heads = {key[:4] for key in keys}
        columns = self.columns(lambda head: (head[0], head[1], *head[5:]) in heads)
        keys_and_nats = zip(*map(columns.__getitem__, KEY_PLACES), columns[NATS], strict=True)
        rows: dict[Key, int | None] = {
            key: None if nats is None else row
            for row, (*values, nats) in enumerate(keys_and_nats)
            if (key := tuple(values)) in keys
        }
        return {
            key: Record(*(column[row] for column in columns))
            for key, row in rows.items()
            if row is not None
        }


@lru_cache(maxsize=1)  # a record is written, and then expected in the file
def _line(record: Record) -> bytes:
    return b"\n" + _to_json(row_of(record)).encode()
