"""Writes a file whole or not at all."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_replacement(path: Path) -> Iterator[Path]:
    """An empty file next to `path`, which replaces `path` when the block ends without an error.

    Its name starts with a dot and has the ending of `path`. It has the permissions that the user
    gives to new files. If the block raises, it is removed and `path` stays as it was.

    Raises OSError if there is something else than a plain file, such as a device: root could
    replace it.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    part = path.with_name(f".{uuid4().hex}{path.suffix}")
    try:
        part.touch(exist_ok=False)
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
