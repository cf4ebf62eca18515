"""Records on disk: appended as they are made, found again by what they are records of.

One SQLite file. Each `add` is one transaction, so that a killed run loses nothing that it added;
several processes may add to one file.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from .errors import InputError
from .types import Record

Key = tuple[str, int, str, str, str, int, int]

KEY = ("task", "task_version", "estimator", "parameters", "version", "n", "seed")
COLUMNS = tuple(f.name for f in fields(Record))
FORMAT = 1  # raised when the columns change
WAIT_SECONDS = 60.0


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
            connection.execute("BEGIN IMMEDIATE")  # another process may be making it just now
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
            if tables and found != FORMAT:
                raise InputError(
                    f"--store {path} is of format {found}, and this version of mibench writes "
                    f"{FORMAT}: name another file"
                )
            if not tables:
                columns, key = ", ".join(COLUMNS), ", ".join(KEY)
                connection.execute(f"CREATE TABLE records ({columns}, PRIMARY KEY ({key}))")
                connection.execute(f"PRAGMA user_version = {FORMAT}")

    def add(self, records: Iterable[Record]) -> None:
        """Append records, durably; one of the same key is replaced."""
        places = ", ".join("?" * len(COLUMNS))
        rows = [tuple(asdict(record).values()) for record in records]
        with self._open() as connection:
            connection.executemany(f"INSERT OR REPLACE INTO records VALUES ({places})", rows)

    def __iter__(self) -> Iterator[Record]:
        """All records, in the order they were added."""
        with self._open() as connection:
            columns = ", ".join(COLUMNS)
            rows = connection.execute(f"SELECT {columns} FROM records ORDER BY rowid").fetchall()
        return (Record(*row) for row in rows)

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
