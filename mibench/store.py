"""Records on disk: appended as they are made, found again by what they are records of.

One SQLite file, to which rows are appended: of several of the same key the last counts. (An index
to replace them by would cost a third of the time of adding.) Each record added is one transaction,
so that a killed run loses nothing that it added; several processes may add to one file. While
records are added SQLite keeps a journal beside the file ("-wal"), which a killed run leaves there:
it belongs to the file. A machine that loses power may lose the last records, and no more.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

from .errors import InputError
from .types import Record

Key = tuple[str, int, str, str, str, int, int]

COLUMNS = tuple(f.name for f in fields(Record))
FORMAT = 2  # raised when the columns change
PAGE_BYTES = 1024  # about a row or two: what a commit writes, and what the end copies
WAIT_SECONDS = 60.0

row_of = attrgetter(*COLUMNS)  # not astuple, which copies
INSERT = f"INSERT INTO records VALUES ({', '.join('?' * len(COLUMNS))})"


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
            raise InputError(f"--store {path} is a directory: name a file in it")
        if not path.parent.is_dir():
            raise InputError(f"--store {path}: {path.parent} does not exist: create it")
        with self._open() as connection:
            if not _is_store(connection, path):
                connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                connection.execute("PRAGMA synchronous = OFF")  # there is nothing to lose yet
                connection.execute("BEGIN IMMEDIATE")  # another process may be making it just now
                if not _is_store(connection, path):
                    connection.execute(f"CREATE TABLE records ({', '.join(COLUMNS)})")
                    connection.execute(f"PRAGMA user_version = {FORMAT}")

    def add(self, records: Iterable[Record]) -> None:
        """Append records; they count instead of earlier ones of the same keys."""
        with self._open() as connection:
            connection.executemany(INSERT, map(row_of, records))

    @contextmanager
    def adding(self) -> Iterator[Callable[[Record], None]]:
        """A function that appends a record at once, for as long as the block lasts.

        A tenth of a millisecond each: with a write-ahead log a commit need not wait for the disk.
        """
        with self._open() as connection:
            with suppress(sqlite3.OperationalError):  # file systems without shared memory
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")

            connection.isolation_level = None  # each statement commits itself

            def add(record: Record) -> None:
                connection.execute(INSERT, row_of(record))

            try:
                yield add
            finally:  # one file again, which can be read where nothing can be written
                with suppress(sqlite3.OperationalError):  # if nobody else is adding
                    connection.execute("PRAGMA busy_timeout = 0")
                    connection.execute("PRAGMA journal_mode = DELETE")

    def __iter__(self) -> Iterator[Record]:
        """All records that count, in the order they were added."""
        with self._open() as connection:
            columns = ", ".join(COLUMNS)
            rows = connection.execute(f"SELECT {columns} FROM records ORDER BY rowid").fetchall()
        last: dict[Key, Record] = {}
        for record in (Record(*row) for row in rows):
            last.pop(key_of(record), None)
            last[key_of(record)] = record
        return iter(last.values())

    def successes(self) -> dict[Key, Record]:
        """The records that hold an estimate. A failure is kept too, but is tried again."""
        return {key_of(record): record for record in self if record.nats is not None}

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS)
            try:
                with connection:  # commits, or rolls back
                    yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise InputError(
                f"--store {self.path} cannot be used ({error}): name another file"
            ) from error


def _is_store(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether there is one; False if there is nothing. Raises InputError for something else."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    if tables and found != FORMAT:
        raise InputError(
            f"--store {path} is of format {found}, and this version of mibench writes "
            f"{FORMAT}: name another file"
        )
    return bool(tables)
