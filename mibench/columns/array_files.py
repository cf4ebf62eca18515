"""Reads the arrays of an npz file, or the columns of the one array of an npy file."""

import math
import zipfile
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..memory import check_memory
from .reading import ColumnError, ReadAs, named
from .sources import Source


class NpzTable:
    """The arrays of an npz file: see `reading.Table`."""

    def __init__(self, source: Source, told: ReadAs) -> None:
        self.source, self.read_as, self.decimal = source, list[str](), told.decimal or "."
        with source.seekable() as opened:
            if not zipfile.is_zipfile(opened):
                raise InputError(
                    f"{source} cannot be read as npz: write it with numpy.savez(FILE, name=array)"
                )
            with zipfile.ZipFile(opened) as archive:
                self.members = [n for n in archive.namelist() if n.endswith(".npy")]
        self.names, self.unnamed = named(source, [n.removesuffix(".npy") for n in self.members])
        if not self.names:
            raise InputError(
                f"{source} holds no array: write some with numpy.savez(FILE, name=array)"
            )

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """The arrays as they are."""
        position = {name: i for i, name in enumerate(self.names)}
        read = {}
        with self.source.seekable() as opened, zipfile.ZipFile(opened) as archive:
            for name in names:
                member = self.members[position[name]]
                with archive.open(member) as file:
                    dtype, size = check_array(self.source, file, f"array {name!r}")
                if dtype.names:
                    raise ColumnError(
                        f"{self.source}: array {name!r} holds {dtype}: save one array for each "
                        "field"
                    )
                if size > archive.getinfo(member).file_size:
                    raise ColumnError(
                        f"{self.source}: array {name!r} is damaged: it ends early. Save it again"
                    )
                with archive.open(member) as file:
                    read[name] = _read(file)
        return read


class NpyTable:
    """The columns of the array of an npy file: see `reading.Table`."""

    def __init__(self, source: Source, told: ReadAs) -> None:
        self.source, self.read_as, self.decimal = source, list[str](), told.decimal or "."
        with source.seekable() as file:
            try:
                dtype, size = check_array(source, file, "its array")
            except ValueError as error:
                raise InputError(
                    f"{source} cannot be read as npy ({error}): write it with numpy.save"
                ) from None
            if size > source.size() and not source.compression:
                raise InputError(f"{source} is damaged: it ends early. Save it again")
            file.seek(0)
            self.array = _read(file)
        fields = dtype.names or ()
        if fields and self.array.ndim == 1:
            self.names, self.unnamed = named(source, fields)
        elif self.array.ndim in (1, 2) and not fields:
            width = 1 if self.array.ndim == 1 else self.array.shape[1]
            self.names, self.unnamed = [f"@{i + 1}" for i in range(width)], set()
        else:
            raise InputError(f"{source} has shape {self.array.shape}: give (n,) or (n, d)")

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """The columns as arrays (n,)."""
        if self.array.dtype.names:
            stored = dict(zip(self.names, self.array.dtype.names, strict=True))
            return {name: self.array[stored[name]] for name in names}
        columns = self.array.reshape(len(self.array), -1)
        return {name: columns[:, self.names.index(name)] for name in names}


def check_array(source: Source, file: IO[bytes], what: str) -> tuple[Any, int]:
    """The type and size of an array in memory. Raises ColumnError for one that cannot be read."""
    version = np.lib.format.read_magic(file)
    reader = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = reader(file)
    if dtype.hasobject:
        raise ColumnError(
            f"{source} cannot be read as {source.format[1:]}: {what} holds Python objects, which "
            "could run code. Save it as numbers or as text, for example array.astype(str)"
        )
    if not dtype.names and dtype.kind not in "biufcmMSU":
        raise ColumnError(f"{source}: {what} holds {dtype}: save numbers, text or dates")
    size = math.prod(shape) * dtype.itemsize
    check_memory(3 * size, f"{source}: {what} of shape {shape}")
    return dtype, size


def _read(file: IO[bytes]) -> NDArray[Any]:
    values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return np.char.decode(values, "latin-1") if values.dtype.kind == "S" else values
