"""A store: a text file of records, to which each finished estimate is appended.

The first line is a header that names the columns. Each further line is a record, as a JSON array.
A line that is not a record is skipped, and a warning names it. If several records have the same key
(`key_of`), the last counts.

One write appends a record together with the line feed *before* it. So if a killed process or a full
disk cuts a record short, the next writer starts a new line, and no other record is lost. Several
processes may append to one file at the same time, except on Windows, where writes may overlap. If
the machine loses power, records that the operating system had not yet written to the disk are lost:
usually those of the last half minute.
"""

import json
import logging
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Record
from .lines import COLUMNS, FORMAT, HEADER, Lines

Key = tuple[str, int, str, str, str, int, int]

SQLITE = b"SQLite format 3\0"  # formats 1 and 2
MAX_SHOWN = 200  # characters of a path in a message
KEY_PLACES = [
    COLUMNS.index(name)
    for name in ("task", "task_version", "estimator", "parameters", "version", "n", "seed")
]
NATS = COLUMNS.index("nats")
# Without O_NONBLOCK, opening a pipe that took the place of a store would wait for its reader.
APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)

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


class StoreLostError(InputError):
    """The file of a store was removed, emptied or replaced while records were added to it."""


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
        try:
            _check_kind(path)
            if not _is_store(path):
                file = os.open(path, APPEND | os.O_CREAT, 0o666)
                try:
                    _append(file, HEADER)
                finally:
                    os.close(file)
            status = path.stat()
            self._identity, self._size = _identity(status), status.st_size
        except OSError as error:
            raise self._unusable(error) from error

    def append(self, record: Record) -> None:
        """Append one record. Raises InputError if that fails."""
        self.add([record])

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
        try:
            file = os.open(self.path, APPEND)
        except OSError as error:
            raise (self._unusable(error) if self._is_there() else self._lost()) from error

        def add(record: Record) -> None:
            try:
                status = os.fstat(file)
                if status.st_nlink == 0 or not self._is_whole(status):
                    raise self._lost()
                _append(file, _line(record))
            except OSError as error:
                raise self._unusable(error) from error

        try:
            yield add
        finally:
            os.close(file)

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Keep the file open, so that no other file can pass for it after it was removed."""
        try:
            file = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            yield
        finally:
            with suppress(OSError):  # an estimator may close what it did not open
                os.close(file)

    def expect(self, record: Record) -> None:
        """Note that some process has appended this record, so that `check` looks for its bytes."""
        self._size += len(_line(record))

    def check(self) -> None:
        """Raise StoreLostError if the file is another one, or too short for what was expected."""
        try:
            whole = self._is_whole(self.path.stat())
        except OSError:
            whole = False
        if not whole:
            raise self._lost()

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
        found = zip(*map(columns.__getitem__, KEY_PLACES), columns[NATS], strict=True)
        rows: dict[Key, int | None] = {
            key: None if nats is None else row
            for row, (*values, nats) in enumerate(found)
            if (key := tuple(values)) in keys
        }
        return {
            key: Record(*(column[row] for column in columns))
            for key, row in rows.items()
            if row is not None
        }

    def _is_whole(self, status: os.stat_result) -> bool:
        return _identity(status) == self._identity and status.st_size >= self._size

    def _is_there(self) -> bool:
        """Whether the path still leads to the file that was opened."""
        try:
            return _identity(self.path.stat()) == self._identity
        except OSError:
            return False

    def _lost(self) -> StoreLostError:
        return StoreLostError(
            f"the store {shown(self.path)} was removed, emptied or replaced during the run"
        )

    def _unusable(self, error: OSError) -> InputError:
        why = error.strerror or error  # strerror does not repeat the path
        return InputError(f"the store {shown(self.path)} cannot be used ({why}): name another file")


def shown(path: Path) -> str:
    """A path for a message, without the middle of a long one."""
    text = str(path)
    return text if len(text) <= MAX_SHOWN else f"{text[:40]}...{text[-20:]}"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _check_kind(path: Path) -> None:
    """Raise InputError if this path cannot be that of a store, whatever a file there holds."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise InputError(
                f"the store {shown(path)}: {shown(path.parent)} does not exist: create it"
            ) from None
        return
    if stat.S_ISDIR(mode):
        raise InputError(f"the store {shown(path)} is a directory: name a file in it")
    if not stat.S_ISREG(mode):
        raise InputError(
            f"the store {shown(path)} is a device or a pipe, which keeps nothing: name a file"
        )


@lru_cache(maxsize=1)  # a record is written, and then expected in the file
def _line(record: Record) -> bytes:
    return b"\n" + _to_json(row_of(record)).encode()


def _append(file: int, line: bytes) -> None:
    """Append in one write, which other processes cannot split; try again if cut short."""
    if os.write(file, line) < len(line) and os.write(file, line) < len(line):
        raise OSError("only a part of a record could be written")


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
