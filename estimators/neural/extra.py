"""torch is an extra: what an estimator says without it."""

from collections.abc import Iterator
from contextlib import contextmanager

from mibench.errors import InputError


@contextmanager
def needs_torch(name: str) -> Iterator[None]:
    """Turn a failed import of torch in the block into an InputError that names the extra.

    name: that of the estimator.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        raise InputError(
            f"{name} trains neural networks and needs torch, which is not installed. Install the "
            "extra: pip install 'mibench[torch]'"
        ) from error
