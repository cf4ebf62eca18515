"""What the code of others may do to the process in which it runs, and how mibench stays whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def contained() -> Iterator[None]:
    """Run code of others, such as an estimator, in the block.

    A fork of this process that leaves the block ends there: it would go on as a second mibench,
    which writes the same records and answers in the place of the first. In a loop of calls, each
    call has a block of its own: a fork that goes on with the loop would fork again. And the working
    directory is what it was before, since paths of results may be relative to it.
    """
    process, folder = os.getpid(), _working_directory()
    code = 0
    try:
        yield
    except BaseException as error:
        code = getattr(error, "code", 1) or 0  # that of SystemExit
        raise
    finally:
        if os.getpid() != process:
            os._exit(code & 0xFF if isinstance(code, int) else 1)
        if folder != _working_directory():
            with suppress(OSError):
                os.chdir(folder)


def _working_directory() -> str:
    """The working directory; empty if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""
