"""What the extras `ibnet` and `torch` install, asked for by name where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from mibench.errors import InputError


@contextmanager
def needs(*packages: str, extra: str = "ibnet") -> Iterator[None]:
    """Imports within: a missing package becomes an error that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        raise InputError(
            f"{error.name} is not installed: ibnet needs it here. Install the extra: "
            f"pip install 'mibench[{extra}]'"
        ) from error
