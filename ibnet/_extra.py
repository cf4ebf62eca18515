"""Imports of packages that only the extras `ibnet` and `torch` install."""

from collections.abc import Iterator
from contextlib import contextmanager

from mibench.errors import InputError


@contextmanager
def explain_missing_packages(*packages: str, extra: str = "ibnet") -> Iterator[None]:
    """Turn a failed import in the block into an InputError that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in packages:
            raise
        raise InputError(
            f"{error.name} is not installed: ibnet needs it here. Install the extra: "
            f"pip install 'mibench[{extra}]'"
        ) from error
