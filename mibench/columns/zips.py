"""The one table in a zip archive."""

import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import IO, Any

from ..errors import InputError, some

FIRST_BYTES = b"PK\x03\x04"


def is_table_itself(names: Sequence[str]) -> bool:
    """Whether an archive with these members is itself a file of NumPy or of Excel."""
    return any(name.endswith(".npy") or name.startswith("xl/") for name in names)


def table_in(stored: Any, what: str, endings: Sequence[str]) -> str | None:
    """The name of the one table in a zip archive; None if the archive is a table itself.

    Args:
        stored: The path of the archive, or an open file.
        what: What messages call it.
        endings: Those of tables.

    Raises:
        InputError: It holds no table or several, needs a password, or is damaged.
    """
    try:
        with zipfile.ZipFile(stored) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile:
        raise InputError(f"{what} is a damaged archive, and no text: make it again") from None
    if is_table_itself([member.filename for member in members]):
        return None
    files = [m for m in members if not m.is_dir() and not _is_hidden(m.filename)]
    tables = [m for m in files if PurePosixPath(m.filename).suffix.lower() in endings]
    if not tables and len(files) == 1 and not PurePosixPath(files[0].filename).suffix:
        tables = files
    if len(tables) != 1:
        held = some(sorted(m.filename for m in files), most=8) if files else "no file"
        raise InputError(
            f"{what} holds {'several tables' if tables else 'no table'} ({held}): unpack it, and "
            "name one file"
        )
    if tables[0].flag_bits & 1:
        raise InputError(f"{what} needs a password: unpack it first")
    return tables[0].filename


def open_member(stored: Any, name: str) -> IO[bytes]:
    """The unpacked bytes of a member. The archive is closed together with them."""
    with zipfile.ZipFile(stored) as archive:
        return archive.open(name)


def _is_hidden(name: str) -> bool:
    """Whether a file is one that systems add, such as __MACOSX/._t.csv."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith(".")
