"""Result files: checked before the work starts, and written whole or not at all."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd

TABLES = (".csv", ".json", ".parquet")
PAGES = (".html",)
PICTURES = (".png", ".pdf", ".svg")
LONGEST_NAME = 200  # most file systems take 255, and the temporary name is longer


def check_path(path: Path, endings: tuple[str, ...], option: str) -> Path:
    """Raise InputError, before any work, if a result could not be written there."""
    try:
        if path.is_dir():
            raise InputError(f"{option} {path} is a directory: name a file in it")
        path.exists()
    except OSError as error:
        raise InputError(f"{option} {path} cannot be used: {error.strerror}") from None
    if len(path.name) > LONGEST_NAME:
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
        ".csv": lambda p: table.to_csv(p, index=False),
        ".json": lambda p: table.to_json(p, orient="records", indent=2, double_precision=15),
        ".parquet": lambda p: table.to_parquet(p, index=False, compression="zstd"),
    }
    with whole_file(path) as part:
        writers[path.suffix.lower()](part)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends without error."""
    path = Path(os.path.realpath(path))  # a link stays a link
    part = None
    try:
        handle, name = tempfile.mkstemp(f"{path.suffix}", f".{path.stem}-", path.parent)
        os.close(handle)
        part = Path(name)
        yield part
        mode = 0o666 & ~_umask()  # mkstemp's is private
        part.chmod(path.stat().st_mode & 0o777 if path.exists() else mode)
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value
