"""Reads arrays from NumPy archives; functions that the readers of all formats share."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.memory import check_memory


@contextmanager
def explain_file_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn any error in the block into an InputError that names the file and its `kind`.

    It catches every exception, because NumPy and the decompressors raise a dozen types of them on
    damaged files.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe would never end
            raise InputError(f"{str(path)!r} is no plain file: name a file")
        yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"no such file: {str(path)!r}. Check the path") from None
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise InputError(
            f"cannot read {str(path)!r} as {kind}: {reason}. The file may be damaged or of another "
            "format: get it again or convert it"
        ) from error


def read_npz(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the arrays `inputs` (n, d) and `labels` (n,) of a NumPy archive.

    Raises InputError for a file that is missing, damaged, or holds something else.
    """
    with explain_file_errors(path, "a .npz file"):
        arrays = arrays_of(path, ("inputs", "labels"))
    inputs, labels = pick_arrays(arrays, ("inputs", "labels"), path)
    return inputs, check_label_type(labels, path)


def arrays_of(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays of these names that an archive holds.

    Raises InputError for arrays larger than the memory, before they are read, and any exception
    of NumPy for damage.
    """
    # The file is opened here because np.load does not close a damaged file.
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is damaged, or a single array and no archive as of numpy.savez")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            present = [name for name in names if name in archive.files]
            files = {file for name in present for file in (name, f"{name}.npy")}
            members = archive.zip.infolist()
            check_memory(sum(m.file_size for m in members if m.filename in files), str(path))
            arrays = {name: archive[name] for name in present}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # bytes, if its first ones are not those of an array
            raise ValueError(f"{name} is no array")
    return arrays


def check_label_type(labels: NDArray[Any], path: Path) -> NDArray[Any]:
    """Return the labels if they are integers, strings, or floats with whole values.

    MATLAB stores integers as floats. Raises InputError for other labels.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "buifUS":
        raise InputError(
            f"{str(path)!r} has labels of shape {labels.shape} and type {labels.dtype}: give one "
            "integer for each input"
        )
    if labels.dtype.kind == "f":
        bad = np.flatnonzero(~np.isfinite(labels) | (labels != np.floor(labels)))
        if len(bad):
            raise InputError(
                f"{str(path)!r} has the label {labels[bad[0]]} in row {bad[0]}: labels are "
                "classes, give whole numbers"
            )
    return labels


def pick_arrays(
    arrays: dict[str, NDArray[Any]], names: tuple[str, str], path: Path
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the two arrays of these names. Raises InputError if one is missing."""
    for name in names:
        if name not in arrays:
            raise InputError(
                f"{str(path)!r} has no array {name!r}: save inputs as {names[0]} (n, d) and labels "
                f"as {names[1]}"
            )
    return arrays[names[0]], arrays[names[1]]
