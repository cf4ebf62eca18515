"""Checks the files of a directory of networks before zarr reads or writes any of them.

A directory may come from somebody else. So only these are accepted: plain files and folders, no
links; zarr's format 3; the arrays that mibench makes, with the types, shapes and codecs that it
gives them. A codec of another name could run code, and another shape could fill the memory.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.errors import InputError

OWN_NAMES = (
    ".lock", "training.json", "data.npz", "checkpoint.npz", "training.zarr", "measured.zarr",
    "figures", "activations.json", "sides.npz", "activations",
)  # fmt: skip
CODECS = ["transpose", "bytes", "blosc"]
MAX_METADATA_BYTES = 64 * 2**20  # the messages of a measurement are the longest part


@dataclass(frozen=True)
class ArrayForm:
    """What an array by epoch looks like.

    sizes: the dimensions; the first may have another length on disk. chunk: the largest length of
    a chunk in the first dimension. The other dimensions are not split.
    """

    name: str
    sizes: Mapping[str, int]
    chunk: int
    dtype: str
    fill: float


class DamagedError(Exception):
    """Files that mibench did not write like this; the text names the file and what is wrong."""


def check_files(directory: Path) -> None:
    """Raise InputError if a file that belongs to the directory is a link or no plain file.

    Writing to a link would change a file elsewhere, and reading a pipe would never end.
    """
    for path in _files_and_folders([directory / name for name in OWN_NAMES]):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            kind = "a link" if stat.S_ISLNK(mode) else "no plain file"
            raise InputError(
                f"{path} is {kind}: mibench reads and writes plain files there. Delete it, or put "
                "a copy of the file in its place"
            )


def _files_and_folders(paths: Iterable[Path]) -> Iterator[Path]:
    """These paths, as far as they exist, and all below them; links are not followed."""
    for path in paths:
        if not os.path.lexists(path):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _files_and_folders(sorted(path.iterdir()))


def read_json_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds. Raises `DamagedError` for anything else."""
    try:
        if path.stat().st_size > MAX_METADATA_BYTES:
            raise DamagedError(f"{path} is larger than {MAX_METADATA_BYTES:,} bytes")
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} holds no JSON ({error or type(error).__name__})") from None
    if not isinstance(values, dict):
        raise DamagedError(f"{path} holds a {type(values).__name__}, not an object")
    return values


def check_group(directory: Path, forms: Sequence[ArrayForm], *, complete: bool) -> dict[str, Any]:
    """Check a group of arrays on disk, and return its attributes; {} for a new group.

    complete: every array must exist. Otherwise the process that made them may have been killed.
    Raises `DamagedError`.
    """
    shown = _shown(directory)
    if not (directory / "zarr.json").exists():
        if shown:
            raise DamagedError(f"{directory / 'zarr.json'} is missing")
        if complete:
            raise DamagedError(f"{directory} is missing or empty")
        return {}
    metadata = read_json_object(directory / "zarr.json")
    _compare(directory, metadata, {"zarr_format": 3, "node_type": "group"})
    _compare(directory, {"consolidated_metadata": None} | metadata, {"consolidated_metadata": None})
    attributes = metadata.get("attributes", {})
    if not isinstance(attributes, dict):
        raise DamagedError(f"{directory / 'zarr.json'} has no attributes")
    unknown = sorted(shown - {"zarr.json", *(form.name for form in forms)})
    if unknown:
        raise DamagedError(f"{directory / unknown[0]} is not a file of mibench")
    for form in forms:
        _check_array(directory / form.name, form, complete=complete)
    return attributes


def array_length(directory: Path, name: str) -> int:
    """The length of the first dimension of an array that `check_group` accepted; 0 if it lacks."""
    path = directory / name / "zarr.json"
    return int(read_json_object(path)["shape"][0]) if path.exists() else 0


def _check_array(path: Path, form: ArrayForm, *, complete: bool) -> None:
    if not (path / "zarr.json").exists():
        if complete or _shown(path):
            raise DamagedError(f"{path / 'zarr.json'} is missing")
        return
    metadata = read_json_object(path / "zarr.json")
    others = list(form.sizes.values())[1:]
    expected = {
        "zarr_format": 3,
        "node_type": "array",
        "data_type": form.dtype,
        "dimension_names": list(form.sizes),
        "fill_value": "NaN" if form.fill != form.fill else form.fill,
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    }
    _compare(path, metadata, expected)
    _compare(path, {"attributes": {}, "storage_transformers": []} | metadata,
             {"attributes": {}, "storage_transformers": []})  # fmt: skip
    length, chunk = _first_of(path, metadata.get("shape"), others), _chunk(path, metadata, others)
    if not 1 <= chunk <= form.chunk:
        raise DamagedError(f"{path / 'zarr.json'} has chunks of {chunk} epochs")
    if len(form.sizes) == 1 and length != form.sizes["run"]:
        raise DamagedError(f"{path / 'zarr.json'} has {length} runs, not {form.sizes['run']}")
    _check_codecs(path, metadata.get("codecs"), len(form.sizes))


def _chunk(path: Path, metadata: Mapping[str, Any], others: list[int]) -> int:
    grid = metadata.get("chunk_grid")
    if not isinstance(grid, dict) or grid.get("name") != "regular":
        raise DamagedError(f"{path / 'zarr.json'} has another chunk_grid than mibench writes")
    configuration = grid.get("configuration")
    shape = configuration.get("chunk_shape") if isinstance(configuration, dict) else None
    return _first_of(path, shape, others)


def _first_of(path: Path, shape: object, others: list[int]) -> int:
    """The first of some sizes, whose others must be these."""
    if (
        not isinstance(shape, list)
        or not all(type(size) is int and 0 <= size < 2**53 for size in shape)
        or shape[1:] != others
        or not shape
    ):
        raise DamagedError(
            f"{path / 'zarr.json'} has a shape that does not fit the networks: {shape}"
        )
    return int(shape[0])


def _check_codecs(path: Path, codecs: object, dims: int) -> None:
    entries = codecs if isinstance(codecs, list) else []
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    if names != CODECS:
        raise DamagedError(f"{path / 'zarr.json'} has codecs that mibench does not write: {names}")
    order = {"order": [*range(1, dims), 0]}
    _compare(path, entries[0].get("configuration"), order)
    _compare(path, entries[1].get("configuration"), {"endian": "little"})
    blosc = entries[2].get("configuration")
    _compare(path, blosc, {"cname": "zstd", "shuffle": "bitshuffle"})
    for key in ("typesize", "clevel", "blocksize"):
        if type(blosc.get(key, 0)) is not int:
            raise DamagedError(f"{path / 'zarr.json'} has {key}={str(blosc[key])[:60]!r}")


def _compare(path: Path, stored: object, expected: Mapping[str, Any]) -> None:
    """Raise `DamagedError` unless all expected entries are found."""
    for key, value in expected.items():
        actual = stored.get(key) if isinstance(stored, dict) else None
        if actual != value or isinstance(actual, bool):
            raise DamagedError(
                f"{path / 'zarr.json'} has {key}={str(actual)[:60]!r}, not {value!r}"
            )


def _shown(directory: Path) -> set[str]:
    """The names in a directory, without files that are hidden or that a killed process left."""
    if not directory.is_dir():
        return set()
    return {
        entry.name
        for entry in os.scandir(directory)
        if entry.is_dir() or not (entry.name.startswith(".") or entry.name.endswith(".partial"))
    }
