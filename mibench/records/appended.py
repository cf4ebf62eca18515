"""A text file that begins with a header, and to which lines are appended, by several processes too.

One write appends a line together with the line feed *before* it. So if a killed process or a full
disk cuts a line short, the next writer starts a new one, and no other line is lost. Several
processes may append to one file at the same time, except on Windows, where writes may overlap. If
the machine loses power, lines that the operating system had not yet written to the disk are lost:
usually those of the last half minute.
"""

import errno
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from ..errors import InputError

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # the disk, or a user's share of it
MAX_SHOWN = 200  # characters of a path in a message
# Without O_NONBLOCK, opening a pipe that took the place of a store would wait for its reader.
APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class StoreLostError(InputError):
    """The file of a store was removed, emptied or replaced while lines were added to it.

    Attributes:
        line: what could not be added, if whoever adds it notes it here, so that it is not lost too.
    """

    line = b""


class AppendedLines(ABC):
    """A file that begins with the header of its class.

    Attributes:
        header: class attribute; the first line.
        path: of the file.
    """

    header: ClassVar[bytes]

    def __init__(self, path: Path) -> None:
        """Open a file; create it if there is none. Raises InputError for a file of another kind."""
        self.path = path
        try:
            _check_kind(path)
            if not self._has_header():
                file = os.open(path, APPEND | os.O_CREAT, 0o666)
                try:
                    _append(file, self.header)
                finally:
                    os.close(file)
            status = path.stat()
            self._identity, self._size = _identity(status), status.st_size
        except OSError as error:
            raise self._unusable(error) from error

    @staticmethod
    @abstractmethod
    def why_other(first: bytes) -> str:
        """Why a file with another first line cannot be used, in words that follow its path."""

    @contextmanager
    def adding_lines(self) -> Iterator[Callable[[bytes], None]]:
        """A function that appends a line, to be used within the `with` block.

        The line begins with a line feed. It raises StoreLostError if the file is no longer the one
        that was opened.
        """
        file = self._opened()
        try:
            yield partial(self._append, file)
        finally:
            os.close(file)

    def append_line(self, line: bytes) -> None:
        """Append one line, as the function of `adding_lines` does."""
        file = self._opened()
        try:
            self._append(file, line)
        finally:
            os.close(file)

    def _opened(self) -> int:
        try:
            return os.open(self.path, APPEND)
        except OSError as error:
            raise (self._unusable(error) if self._is_there() else self._lost()) from error

    def _append(self, file: int, line: bytes) -> None:
        try:
            status = os.fstat(file)
            if status.st_nlink == 0 or not self._is_whole(status):
                raise self._lost()
            _append(file, line)
        except OSError as error:
            raise self._unusable(error) from error

    @contextmanager
    def pinned(self) -> Iterator[int]:
        """Keep the file open, so that no other file can pass for it after it was removed.

        Yields its descriptor, from which it can be read.
        """
        try:
            file = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            yield file
        finally:
            with suppress(OSError):  # an estimator may close what it did not open
                os.close(file)

    def expect_bytes(self, count: int) -> None:
        """Note that some process has appended so many bytes, so that `check` looks for them."""
        self._size += count

    def check(self) -> None:
        """Raise StoreLostError if the file is another one, or too short for what was expected."""
        try:
            whole = self._is_whole(self.path.stat())
        except OSError:
            whole = False
        if not whole:
            raise self._lost()

    def _has_header(self) -> bool:
        """Whether the file has its header; False if there is no file or an unfinished header.

        Raises InputError for any other file.
        """
        try:
            with self.path.open("rb") as file:
                first = file.readline(10 * len(self.header))
        except FileNotFoundError:
            return False
        if self.header in first:  # perhaps twice, if two processes created the file
            return True
        # Empty or cut short: its process was killed, or is still writing.
        if self.header.startswith(first):
            return False
        raise InputError(f"the store {self.path} {self.why_other(first)}: name another file")

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
        full = error.errno in FULL
        remedy = "free space, or name a file on another disk" if full else "name another file"
        return InputError(f"the store {shown(self.path)} cannot be used ({why}): {remedy}")


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


def _append(file: int, line: bytes) -> None:
    """Append in one write, which other processes cannot split; try again if cut short."""
    if os.write(file, line) < len(line) and os.write(file, line) < len(line):
        raise OSError(errno.ENOSPC, "only a part of a record could be written")
