"""The bytes of a data file: from a path or from standard input, unpacked if they are compressed.

Nothing is unpacked beyond the memory that is available, however few bytes the file has.
"""

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..errors import InputError
from ..memory import check_memory
from . import zips

STANDARD_INPUT = "-"
BLOCK = 2**20


def _zstd(stored: Path | IO[bytes]) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(str(stored) if isinstance(stored, Path) else stored, "zstd")


# Each takes a path or an open file, and closes what it has opened itself.
UNPACK: dict[str, Callable[[Any], Any]] = {
    ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": _zstd,
}  # fmt: skip
COMPRESSED = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\0": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
# The first bytes of formats that are no text.
BINARY = {
    b"PAR1": ".parquet", b"ARROW1": ".feather", b"FEA1": ".feather", b"\x93NUMPY": ".npy",
    zips.FIRST_BYTES: ".zip",
}  # fmt: skip
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
BINARY_ENDINGS = (".parquet", ".feather", ".arrow", ".npz", ".npy", ".xlsx", ".xlsm")
# Ending -> how pandas reads it. Without dtype=False it takes texts such as 007 for numbers.
JSON = "precise_float=True, dtype=False)"
READ_BY_PANDAS = {
    ".json": f"read_json(FILE, {JSON}", ".jsonl": f"read_json(FILE, lines=True, {JSON}",
    ".ndjson": f"read_json(FILE, lines=True, {JSON}", ".dta": "read_stata(FILE)",
    ".sav": "read_spss(FILE)", ".sas7bdat": "read_sas(FILE)", ".xpt": "read_sas(FILE)",
    ".xls": "read_excel(FILE)", ".xlsb": "read_excel(FILE)", ".ods": "read_excel(FILE)",
    ".h5": "read_hdf(FILE)", ".hdf5": "read_hdf(FILE)", ".orc": "read_orc(FILE)",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A file, or all of standard input, which can be opened any number of times.

    Attributes:
        path: The file; `-` for standard input.
        given: What standard input held.
    """

    path: Path
    given: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "standard input" if self.given is not None else str(self.path)

    @cached_property
    def member(self) -> str | None:
        """The name of the one table in a zip archive; None if the file is no such archive."""
        ending = self.path.suffix.lower()
        if ending not in ("", ".zip", *TEXT_ENDINGS):
            return None
        with self._stored() as file:
            zipped = file.read(4) == zips.FIRST_BYTES
        if not zipped and ending == ".zip":
            raise InputError(f"{self} is not compressed as its ending says: rename it")
        if not zipped:
            return None
        stored = self.path if self.given is None else self._stored()
        return zips.table_in(stored, str(self), (*TEXT_ENDINGS, *BINARY_ENDINGS))

    @cached_property
    def compression(self) -> str:
        """The ending of the method by which the bytes are compressed; "" if they are not."""
        if self.member is not None:
            return ".zip"
        with self._stored() as file:
            start = file.read(8)
        by_bytes = next((e for sign, e in COMPRESSED.items() if start.startswith(sign)), "")
        ending = self.path.suffix.lower()
        if ending in UNPACK and not by_bytes:
            raise InputError(f"{self} is not compressed as its ending says: rename it")
        return by_bytes if ending in UNPACK or self.format_by_name in ("", ".csv") else ""

    @cached_property
    def format_by_name(self) -> str:
        """The ending that names the format: of `t.csv.gz` it is .csv. "" if there is none."""
        name = self.path if self.member is None else PurePosixPath(self.member)
        endings = [e.lower() for e in name.suffixes]
        if endings and endings[-1] in (*UNPACK, ".zip"):
            del endings[-1]
        ending = endings[-1] if endings else ""
        return ".csv" if ending in TEXT_ENDINGS else ending

    @cached_property
    def format(self) -> str:
        """The ending of the format: by the name, or by the first bytes where the name says text."""
        named = self.format_by_name
        if named not in ("", ".csv", *BINARY_ENDINGS):
            raise InputError(f"{self} {_remedy_for(self.path, named)}")
        if named in BINARY_ENDINGS:
            return {".xlsm": ".xlsx", ".arrow": ".feather"}.get(named, named)
        with self.open() as file:
            start = file.read(8)
        seen = next((e for sign, e in BINARY.items() if start.startswith(sign)), ".csv")
        return self._archive() if seen == ".zip" else seen

    def _archive(self) -> str:
        import zipfile

        try:
            with self.seekable() as file, zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            raise InputError(f"{self} is a damaged archive, and no text: make it again") from None
        return ".npz" if any(name.endswith(".npy") for name in names) else ".xlsx"

    def _stored(self) -> IO[bytes]:
        return self.path.open("rb") if self.given is None else io.BytesIO(self.given)

    def open(self) -> IO[bytes]:
        """The unpacked bytes, from the first one on."""
        if not self.compression:
            return self._stored()
        stored = self.path if self.given is None else self._stored()
        if self.member is not None:
            return zips.open_member(stored, self.member)
        unpacked: IO[bytes] = UNPACK[self.compression](stored)
        return unpacked

    def seekable(self) -> IO[bytes]:
        """The unpacked bytes as a file in which one can jump."""
        if not self.compression:
            return self._stored()
        with self.open() as file:
            return io.BytesIO(read_all(file, str(self)))

    def size(self) -> int:
        """The number of bytes as they are stored."""
        return len(self.given) if self.given is not None else self.path.stat().st_size


def _remedy_for(path: Path, ending: str) -> str:
    """Why a file with this ending is not read, and how it can be."""
    csv = str(path.with_suffix(".csv"))
    if ending in READ_BY_PANDAS:
        call = READ_BY_PANDAS[ending].replace("FILE", repr(str(path)))
        return (
            "is of a kind that mibench does not read. Write it as csv first: python -c "
            f'"import pandas; pandas.{call}.to_csv({csv!r}, index=False)"'
        )
    if ending == ".rds":
        return (
            "is of a kind that mibench does not read. Write it as csv first, in R: "
            f'write.csv(readRDS("{path}"), "{csv}", row.names = FALSE)'
        )
    kinds = ", ".join(TEXT_ENDINGS + BINARY_ENDINGS)
    return (
        f"must be one of {kinds}, or text compressed by {', '.join(UNPACK)} or alone in a .zip: "
        "rename or convert it first"
    )


def read_all(file: IO[bytes], what: str) -> bytes:
    """All bytes of a stream. Raises InputError before they exceed the memory."""
    parts: list[bytes] = []
    size = checked = 0
    while block := file.read(BLOCK):
        parts.append(block)
        size += len(block)
        if size > 2 * checked:
            check_memory(2 * size, what)  # the parts, and all of them joined
            checked = size
    return b"".join(parts)


def source_of(path: Path) -> Source:
    """Check that a path names a file with bytes. Raises InputError with a remedy."""
    if str(path) == STANDARD_INPUT:
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None or sys.stdin.isatty():
            raise InputError("- reads standard input: pipe a table to it, as in `cat FILE | ...`")
        given = read_all(stream, "standard input")
        if not given:
            raise InputError("standard input is empty: it needs a header and rows")
        return Source(path, given)
    try:
        return _source_at(path)
    except OSError as error:  # such as a directory that may not be searched
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path") from None


def _source_at(path: Path) -> Source:
    if path.is_dir():
        raise InputError(f"{path} is a directory: name a file in it")
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path")
    source = Source(path)
    if not path.is_file():
        raise InputError(
            f"{path} is no plain file: send what it gives to standard input, and name the file -"
        )
    if source.size() == 0:
        raise InputError(f"{path} is empty: it needs a header and rows")
    return source
