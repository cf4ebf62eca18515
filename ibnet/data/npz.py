"""Inputs and labels from NumPy's archives, and what the readers of all formats share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Whatever goes wrong inside while reading a file becomes an InputError that names the file.

    Every exception, because NumPy and the decompressors meet damaged files with a dozen kinds.
    """
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"no such file: {str(path)!r}. Check the path") from None
    except Exception as error:
        said = str(error) or type(error).__name__
        raise InputError(
            f"cannot read {str(path)!r} as {kind}: {said}. The file may be damaged or of another "
            "format: get it anew or convert it"
        ) from error


def read_npz(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Arrays `inputs` (n, d) and `labels` (n,) of a NumPy archive.

    Raises InputError for a file that is missing, damaged, or holds something else.
    """
    # Opened here, because np.load does not close a damaged file.
    with reading(path, "a .npz file"), path.open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InputError(
                f"{str(path)!r} holds a single array: numpy.savez(FILE, inputs=..., labels=...)"
            )
        found = {name: archive[name] for name in archive.files if name in ("inputs", "labels")}
    inputs, labels = pick(found, ("inputs", "labels"), path)
    return inputs, whole_labels(labels, path)


def whole_labels(labels: NDArray[Any], path: Path) -> NDArray[Any]:
    """Labels as integers or strings; MATLAB writes integers as floats, which pass if whole."""
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


def pick(
    found: dict[str, NDArray[Any]], names: tuple[str, str], path: Path
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The two arrays of these names. Raises InputError if one is not there."""
    for name in names:
        if name not in found:
            raise InputError(
                f"{str(path)!r} has no array {name!r}: save inputs as {names[0]} (n, d) and labels "
                f"as {names[1]}"
            )
    return found[names[0]], found[names[1]]
