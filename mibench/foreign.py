"""What the code of others may do to the process in which it runs, and how mibench stays whole."""

import os
from contextlib import suppress


class contained:  # noqa: N801  a context manager, named as those of contextlib are
    """Run code of others, such as an estimator, in the block.

    A fork of this process that leaves the block ends there: it would go on as a second mibench,
    which writes the same records and answers in the place of the first. In a loop of calls, each
    call has a block of its own: a fork that goes on with the loop would fork again. And the working
    directory is what it was before, since paths of results may be relative to it.
    """

    __slots__ = ("_folder", "_process")

    def __enter__(self) -> None:
        self._process, self._folder = os.getpid(), _working_directory()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if os.getpid() != self._process:
            code = 0 if error is None else getattr(error, "code", 1) or 0  # that of SystemExit
            os._exit(code & 0xFF if isinstance(code, int) else 1)
        if self._folder != _working_directory():
            with suppress(OSError):
                os.chdir(self._folder)


def _working_directory() -> str:
    """The working directory; empty if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""
