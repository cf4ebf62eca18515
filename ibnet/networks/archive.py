"""Arrays by epoch on disk or in memory: zarr groups that xarray opens, written piece by piece.

A file of zarr's is replaced whole or not at all, so whatever ends the process leaves every array
readable; `checkpoint.npz` and the `state` of a measurement say how far it got.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from mibench.errors import InputError
from mibench.output.files import whole_file

from .._extra import needs

with needs("xarray", "zarr"):
    import xarray as xr
    import zarr
    from zarr.codecs import BloscCodec, TransposeCodec
    from zarr.storage import MemoryStore

CHUNK_BYTES = 4 * 2**20
LONGEST_CHUNK = 500


def epochs_a_chunk(bytes_an_epoch: int) -> int:
    """How many epochs share a file: some megabytes, and never so many that a kill costs much."""
    return max(1, min(LONGEST_CHUNK, CHUNK_BYTES // bytes_an_epoch))


def open_group(directory: Path | None) -> zarr.Group:
    """The group of arrays in a directory, made if it is not there; in memory without one."""
    return zarr.open_group(MemoryStore() if directory is None else directory, mode="a")


def add_array(
    group: zarr.Group,
    name: str,
    sizes: Mapping[str, int],
    chunk: int,
    dtype: DTypeLike,
    fill: float,
) -> None:
    """Make an array whose first dimension is cut into pieces of `chunk`; it costs no space yet.

    Within a piece the first dimension runs fastest: an epoch's values resemble those of the epoch
    before, and compress a quarter better side by side. Made a piece long and then cut, if it is
    shorter now: the length of a piece could not change afterwards.
    """
    length, *rest = sizes.values()
    made = group.create_array(
        name,
        shape=(max(length, chunk), *rest),
        chunks=(chunk, *rest),
        dtype=np.dtype(dtype),
        fill_value=fill,
        dimension_names=tuple(sizes),
        filters=[TransposeCodec(order=(*range(1, len(sizes)), 0))],
        compressors=BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
    )
    if length < chunk:
        made.resize((length, *rest))


def array(group: zarr.Group, name: str) -> Any:
    """An array of the group; typed loosely, since zarr's own types promise scalars too."""
    return group[name]


def lengthen(group: zarr.Group, names: Iterable[str], length: int) -> None:
    """Give arrays another first dimension."""
    for name in names:
        stored = array(group, name)
        stored.resize((length, *stored.shape[1:]))


def as_dataset(group: zarr.Group) -> xr.Dataset:
    """The group as a labelled data set, read when it is used."""
    path = group.path or None
    found: xr.Dataset = xr.open_zarr(group.store, group=path, chunks=None, consolidated=False)
    return found


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a file of settings, whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(values, indent=2) + "\n")


@contextmanager
def writing(directory: Path | None) -> Iterator[None]:
    """Turn a full disk or a directory that cannot be written into a message."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write to {directory}: {error.strerror or error}. What was finished is kept: "
            "make room or mend it, and give the same command again"
        ) from error


@contextmanager
def reading(
    place: object, remedy: str = "restore them, or train again in another directory"
) -> Iterator[None]:
    """Turn whatever is wrong with the files of a directory into a message that names the place.

    Every exception, because zarr, its codecs and JSON meet damaged files with a dozen kinds.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        path, said = str(place).removeprefix("file://"), str(error) or type(error).__name__
        raise InputError(
            f"cannot read {path}: {said}. Its files may be damaged or not yours to read: {remedy}"
        ) from error


@contextmanager
def timed(group: zarr.Group, name: str) -> Iterator[None]:
    """Add the wall time of the block to an attribute of the group, over all interruptions."""
    start = time.monotonic()
    try:
        yield
    finally:
        before = float(group.attrs.get(name, 0.0))  # type: ignore[arg-type]
        with suppress(OSError):  # a full disk has its own message
            group.attrs[name] = round(before + time.monotonic() - start, 3)


@contextmanager
def alone(directory: Path | None) -> Iterator[None]:
    """Keep a second process from writing to the same directory; the lock ends with the process."""
    if directory is None or os.name != "posix":
        yield
        return
    import fcntl

    with ExitStack() as stack:
        with writing(directory):
            lock = stack.enter_context(open(directory / ".lock", "w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another process is writing to {directory}: wait for it, or choose another "
                "directory"
            ) from None
        yield
