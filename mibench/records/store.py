"""A store: a text file of records, to which each finished estimate is appended.

The first line is a header that names the columns. Each further line is a record, as a JSON array.
If several records have the same key (`key_of`), the last counts.

One write appends a record together with the line feed *before* it. So if a killed process or a full
disk cuts a record short, the next writer starts a new line, and no other record is lost. Several
processes may append to one file at the same time, except on Windows, where writes may overlap. If
the machine loses power, records that the operating system had not yet written to the disk are lost:
usually those of the last half minute.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from operator import attrgetter, methodcaller
from pathlib import Path

from ..errors import InputError
from ..types import Record

Key = tuple[str, int, str, str, str, int, int]

COLUMNS = tuple(f.name for f in fields(Record))
FORMAT = 3  # increases when the columns change
HEADER = json.dumps({"mibench store": FORMAT, "columns": COLUMNS}).encode()
SQLITE = b"SQLite format 3\0"  # formats 1 and 2
APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)

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


class Store:
    """A file of records.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(list(Store(pathlib.Path(folder) / "results.jsonl")))
    0
    """

    def __init__(self, path: Path) -> None:
        """Open a store; create the file if there is none. Raises InputError for any other file."""
        self.path = path
        if path.is_dir():
            raise InputError(f"the store {path} is a directory: name a file in it")
        if not path.parent.is_dir():
            raise InputError(f"the store {path}: {path.parent} does not exist: create it")
        try:
            if not _is_store(path):
                file = os.open(path, APPEND | os.O_CREAT, 0o666)
                try:
                    _append(file, HEADER)
                finally:
                    os.close(file)
        except OSError as error:
            raise self._unusable(error) from error

    def add(self, records: Iterable[Record]) -> None:
        """Append records. They replace earlier ones with the same keys."""
        with self.adding() as add:
            for record in records:
                add(record)

    @contextmanager
    def adding(self) -> Iterator[Callable[[Record], None]]:
        """A function that appends a record, to be used within the `with` block."""
        try:
            file = os.open(self.path, APPEND)
        except OSError as error:
            raise self._unusable(error) from error

        def add(record: Record) -> None:
            try:
                _append(file, b"\n" + _to_json(row_of(record)).encode())
            except OSError as error:
                raise self._unusable(error) from error

        try:
            yield add
        finally:
            os.close(file)

    def __iter__(self) -> Iterator[Record]:
        """The last record of each key, in the order in which they were added."""
        last: dict[Key, Record] = {}
        try:
            with self.path.open("rb") as lines:
                for record in filter(None, map(_record, lines)):
                    key = key_of(record)
                    last.pop(key, None)
                    last[key] = record
        except OSError as error:
            raise self._unusable(error) from error
        return iter(last.values())

    def successes(self) -> dict[Key, Record]:
        """The records that hold an estimate, by key. Failures are left out: they are run again."""
        return {key_of(record): record for record in self if record.nats is not None}

    def _unusable(self, error: OSError) -> InputError:
        why = error.strerror or error  # strerror does not repeat the path
        return InputError(f"the store {self.path} cannot be used ({why}): name another file")


def _append(file: int, line: bytes) -> None:
    """Append in one write, which other processes cannot split; try again if cut short."""
    if os.write(file, line) < len(line) and os.write(file, line) < len(line):
        raise OSError("only a part of a record could be written")


def _record(line: bytes) -> Record | None:
    """The record of a line; None for the header and for a line that was cut short.

    A header may follow a record on its line, if another process found the file still empty.
    """
    try:
        values = json.loads(line.replace(HEADER, b""))
        complete = isinstance(values, list) and len(values) == len(COLUMNS)
        return Record(*values) if complete else None
    except ValueError:
        return None


def _is_store(path: Path) -> bool:
    """Whether the file is a store; False if there is no file or an unfinished header.

    Raises InputError for any other file.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(10 * len(HEADER))
    except FileNotFoundError:
        return False
    if HEADER in first:  # perhaps twice, if two processes created the file
        return True
    if HEADER.startswith(first):  # empty or cut short: its process was killed, or is still writing
        return False
    if first.startswith(SQLITE):
        why = "is an SQLite file of an earlier version of mibench, which this one cannot read"
    elif other := re.match(rb'\{"mibench store": (\d+)', first):
        why = f"has format {int(other[1])}, and this version of mibench writes format {FORMAT}"
    else:
        why = "is not a store of mibench"
    raise InputError(f"the store {path} {why}: name another file")
