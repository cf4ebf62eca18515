"""Records on disk: appended as they are made, found again by what they are records of.

A text file: a line that says what it is, then one for each record, an array in JSON. Of several
records of the same key the last counts. Each record is appended by one write, together with the
end of the line *before* it: what a killed process or a full disk has cut short is then a line of
its own, whoever writes next, and hides no other record. So a killed run loses nothing that it
added, and several processes may add to one file. (Not on Windows, where two writes may meet.) A
machine that loses power may lose what its system had not yet written to the disk: the last half
minute, as a rule.
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
FORMAT = 3  # raised when the columns change
HEADER = json.dumps({"mibench store": FORMAT, "columns": COLUMNS}).encode()
SQLITE = b"SQLite format 3\0"  # formats 1 and 2
APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)

row_of = attrgetter(*COLUMNS)  # not astuple, which copies

# ASCII, since a message may hold what no encoding has. item: of a number of NumPy's in a task.
_to_json = json.JSONEncoder(separators=(",", ":"), default=methodcaller("item")).encode


def key_of(record: Record) -> Key:
    """What a record is a record of: two of the same key are the same measurement."""
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
    ...     len(list(Store(pathlib.Path(folder) / "results.db")))
    0
    """

    def __init__(self, path: Path) -> None:
        """Open a store, made new if there is no file. Raises InputError if it is no store."""
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
        """Append records; they count instead of earlier ones of the same keys."""
        with self.adding() as add:
            for record in records:
                add(record)

    @contextmanager
    def adding(self) -> Iterator[Callable[[Record], None]]:
        """A function that appends a record at once, for as long as the block lasts."""
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
        """All records that count, in the order they were added."""
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
        """The records that hold an estimate. A failure is kept too, but is tried again."""
        return {key_of(record): record for record in self if record.nats is not None}

    def _unusable(self, error: OSError) -> InputError:
        why = error.strerror or error  # without the path a second time
        return InputError(f"the store {self.path} cannot be used ({why}): name another file")


def _append(file: int, line: bytes) -> None:
    """One write, which no other process's can split; a second if a full disk cut it short."""
    if os.write(file, line) < len(line) and os.write(file, line) < len(line):
        raise OSError("only a part of a record could be written")


def _record(line: bytes) -> Record | None:
    """None for the header, and for a line that was cut short: its cell is computed again.

    Behind a record may stand the header of a process that found the file still empty.
    """
    try:
        values = json.loads(line.replace(HEADER, b""))
        complete = isinstance(values, list) and len(values) == len(COLUMNS)
        return Record(*values) if complete else None
    except ValueError:
        return None


def _is_store(path: Path) -> bool:
    """Whether there is one; False if there is nothing. Raises InputError for something else."""
    try:
        with path.open("rb") as file:
            first = file.readline(10 * len(HEADER))
    except FileNotFoundError:
        return False
    if HEADER in first:  # not alone where two processes made the file
        return True
    if HEADER.startswith(first):  # empty or cut short: who made it was killed, or is still at it
        return False
    if first.startswith(SQLITE):
        why = "is an SQLite file, as earlier versions of mibench made, and this one cannot read it"
    elif other := re.match(rb'\{"mibench store": (\d+)', first):
        found = int(other[1])
        why = f"is of format {found}, and this version of mibench writes {FORMAT}"
    else:
        why = "is a file of something else"
    raise InputError(f"the store {path} {why}: name another file")
