"""Result files: checked before the work starts, and then written whole or not at all."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from ..atomic import atomic_replacement
from ..errors import InputError
from .safe import to_csv

if TYPE_CHECKING:
    import pandas as pd

TABLES = (".csv", ".json", ".parquet")
PAGES = (".html",)
PICTURES = (".png", ".pdf", ".svg")
MAX_NAME_LENGTH = 200  # most file systems allow 255 bytes
MAX_PART_LENGTH = 120  # of a text that is part of a file name


def check_path(
    path: Path, endings: tuple[str, ...], option: str, kept: Iterable[Path | None] = ()
) -> Path:
    """Raise InputError, before any work, if a result cannot be written to this path.

    kept: files of the same command that a result must not replace, such as its store.
    """
    try:
        for other in kept:
            if other is not None and _same_file(path, other):
                raise InputError(
                    f"{option} {path} would replace the file that is read, or in which results are "
                    "kept, or another result: name another file"
                )
        return _checked(path, endings, option)
    except OSError as error:  # such as a directory that may not be searched
        shown = str(path) if len(str(path)) < MAX_NAME_LENGTH else f"{str(path)[:40]}..."
        raise InputError(
            f"{option} {shown} cannot be used ({error.strerror}): name another file"
        ) from None


def _same_file(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.samefile(other)
    return os.path.realpath(path) == os.path.realpath(other)


def _checked(path: Path, endings: tuple[str, ...], option: str) -> Path:
    if path.is_dir():
        raise InputError(f"{option} {path} is a directory: name a file in it")
    if path.exists() and not path.is_file():
        raise InputError(f"{option} {path} is a device or a pipe: name a plain file")
    if len(path.name) > MAX_NAME_LENGTH:
        raise InputError(f"{option} {path.name[:40]}...: the name is too long, shorten it")
    if path.suffix.lower() not in endings:
        raise InputError(f"{option} {path} must end in one of {', '.join(endings)}")
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: the directory {path.parent} does not exist: create it")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise InputError(f"{option} {path} cannot be written: choose another place")
    return path


def write_table(table: "pd.DataFrame", path: Path) -> None:
    """Write a table in the format of the path's ending: .csv, .json (records) or .parquet."""
    writers: dict[str, Callable[[Path], object]] = {
        ".csv": lambda p: to_csv(table, p),
        ".json": lambda p: table.to_json(p, orient="records", indent=2, double_precision=15),
        ".parquet": lambda p: table.to_parquet(p, index=False, compression="zstd"),
    }
    with whole_file(path) as part:
        writers[path.suffix.lower()](part)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary file next to `path`, which replaces it when the block ends without an error.

    A file that exists keeps its permissions, and a link stays a link to the file that is replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        with atomic_replacement(target) as part:
            yield part
            if target.exists():
                part.chmod(target.stat().st_mode & 0o777)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error


def file_name(spec: str) -> str:
    """A text, such as an estimator string, as part of a file name; odd characters become "-".

    >>> file_name("uniform:bins=30"), file_name("f:a=../b")
    ('uniform-bins30', 'f-a..-b-2632a77f')
    """
    usual = spec.replace(":", "-").replace(",", "-").replace("=", "")
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", usual)[:MAX_PART_LENGTH]
    return name if name == usual else f"{name}-{crc32(spec.encode()):08x}"
