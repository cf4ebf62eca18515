"""torch is an extra: what is said where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from mibench.errors import InputError


@contextmanager
def needs_torch(what: str, otherwise: str = "") -> Iterator[None]:
    """Turn a failed import of torch in the block into an InputError that names the extra.

    what: what needs torch. otherwise: what else to do, as it follows the command that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        raise InputError(
            f"{what} needs torch, which is not installed. Install the extra: pip install "
            f"'mibench[torch]'{otherwise}"
        ) from error
