"""Arrays by epoch, on disk or in memory: zarr groups that xarray can open, written in chunks.

zarr replaces a chunk's file whole or not at all. So every array stays readable whenever the process
ends; `checkpoint.npz` and the array `state` of a measurement tell how far it came.
"""

import errno
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from mibench.errors import InputError
from mibench.output.files import whole_file

from .._extra import explain_missing_packages
from .metadata import ArrayForm

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr
    import zarr
    from zarr.codecs import BloscCodec, TransposeCodec
    from zarr.storage import MemoryStore

CHUNK_BYTES = 4 * 2**20
MAX_EPOCHS_PER_CHUNK = 500


def epochs_per_chunk(bytes_per_epoch: int) -> int:
    """The number of epochs in one file: about 4 MB, and few enough to lose little in a kill."""
    return max(1, min(MAX_EPOCHS_PER_CHUNK, CHUNK_BYTES // bytes_per_epoch))


def open_group(directory: Path | None) -> zarr.Group:
    """Open the group of arrays in a directory, or make it; without a directory, in memory.

    Format 3 alone: arrays of format 2 may name a codec that runs code.
    """
    store = MemoryStore() if directory is None else directory
    return zarr.open_group(store, mode="a", zarr_format=3)


def add_array(group: zarr.Group, form: ArrayForm) -> None:
    """Make an array whose first dimension, the epochs, is stored in chunks.

    Within a chunk the first dimension varies fastest: a value resembles that of the epoch before,
    and chunks compress a quarter better if the two are neighbours. The array is made at least one
    chunk long and then cut, because the chunk length cannot change later. Unwritten chunks take no
    space.
    """
    length, *other_sizes = form.sizes.values()
    new = group.create_array(
        form.name,
        shape=(max(length, form.chunk), *other_sizes),
        chunks=(form.chunk, *other_sizes),
        dtype=np.dtype(form.dtype),
        fill_value=form.fill,
        dimension_names=tuple(form.sizes),
        filters=[TransposeCodec(order=(*range(1, len(form.sizes)), 0))],
        compressors=BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
    )
    if length < form.chunk:
        new.resize((length, *other_sizes))


def stored_array(group: zarr.Group, name: str) -> Any:
    """An array of the group, typed as Any because zarr's types allow scalars too."""
    return group[name]


def resize_arrays(group: zarr.Group, names: Iterable[str], length: int) -> None:
    """Change the length of the first dimension of arrays."""
    for name in names:
        stored = stored_array(group, name)
        stored.resize((length, *stored.shape[1:]))


def open_dataset(group: zarr.Group) -> xr.Dataset:
    """The group as an xarray data set, which reads values when they are used."""
    path = group.path or None
    dataset: xr.Dataset = xr.open_zarr(
        group.store, group=path, chunks=None, consolidated=False, zarr_format=3, decode_cf=False
    )
    return dataset


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(values, indent=2) + "\n")


@contextmanager
def explain_write_errors(directory: Path | None) -> Iterator[None]:
    """Turn an OSError, such as a full disk, into an InputError that names the directory."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write to {directory}: {error.strerror or error}. What was finished is kept: "
            "free some space or correct the directory, and run the same command again"
        ) from error


@contextmanager
def explain_read_errors(
    place: object, remedy: str = "restore them, or train again in another directory"
) -> Iterator[None]:
    """Turn any error in the block into an InputError that names the directory and a remedy.

    It catches every exception, because zarr, its codecs and JSON raise a dozen types of them on
    damaged files.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        path, reason = str(place).removeprefix("file://"), str(error) or type(error).__name__
        raise InputError(
            f"cannot read {path}: {reason}. Its files may be damaged, or not readable for you: "
            f"{remedy}"
        ) from error


@contextmanager
def add_duration(group: zarr.Group, name: str) -> Iterator[None]:
    """Add the wall time of the block, in seconds, to an attribute of the group."""
    start = time.monotonic()
    try:
        yield
    finally:
        before = float(group.attrs.get(name, 0.0))  # type: ignore[arg-type]
        with suppress(OSError):  # a full disk is reported elsewhere
            group.attrs[name] = round(before + time.monotonic() - start, 3)


@contextmanager
def exclusive_lock(directory: Path | None) -> Iterator[None]:
    """Let only one process write to the directory; the lock ends with the process."""
    if directory is None or os.name != "posix":
        yield
        return
    import fcntl

    with _opened_lock(directory / ".lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another process is writing to {directory}: wait for it, or choose another "
                "directory"
            ) from None
        yield


@contextmanager
def _opened_lock(path: Path) -> Iterator[int]:
    """The descriptor of a plain file, which is made if necessary; what it holds stays as it is.

    A link is refused, because the file that it leads to belongs to something else.
    """
    with explain_write_errors(path.parent):
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
                raise
            raise InputError(f"{path} is a link or no plain file: delete it") from None
    try:
        if not stat.S_ISREG(os.fstat(lock).st_mode):
            raise InputError(f"{path} is no plain file: delete it")
        yield lock
    finally:
        os.close(lock)
