"""MATLAB's files of level 5 (-v6 and -v7): the numeric arrays F and y.

Read here rather than with `scipy.io.loadmat`, because a single damaged byte can make that crash
the interpreter. The format ("MAT-File Format", MathWorks): a header of 128 bytes, then elements,
each a tag of type and size with its bytes after it, padded to a multiple of 8. An array is an
element that holds others: flags, dimensions, name, values; it may be compressed with zlib. Values
are stored in any type that holds them, the first dimension fastest.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from .npz import pick, reading, whole_labels

MATRIX, COMPRESSED = 14, 15
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = range(1, 17)  # all arrays but MATLAB's newer objects, which are laid out otherwise
NUMERIC_CLASSES = range(6, 16)  # not cells, structures, text, sparse matrices, functions
COMPLEX = 0x800


def read_mat(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs F (n, d) and labels y (1, n) or (n, 1) of a MATLAB file.

    Raises InputError for a file that is missing, damaged, of another version (HDF5-based 7.3, or
    4), or holds something else.
    """
    with reading(path, "a .mat file"):
        raw = path.read_bytes()
    if b"\x89HDF\r\n" in (raw[:6], raw[512:518]):
        raise InputError(
            f"{str(path)!r} is a MATLAB 7.3 file, which is HDF5 inside: save it anew with "
            "save(..., '-v7'), or give its arrays as Data(name, inputs, labels, classes)"
        )
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if order is None:
        raise InputError(
            f"{str(path)!r} has no header of a MATLAB 5 to 7.2 file: check the path, or save the "
            "file anew with save(..., '-v7')"
        )
    with reading(path, "a .mat file"):
        variables = list(_arrays(memoryview(raw)[128:], order))
    found: dict[str, NDArray[Any]] = {}
    for name, array in variables:
        if array is None:
            raise InputError(
                f"{str(path)!r} has {name} as sparse or complex matrix, text, cells or structure: "
                f"save a full array of numbers, e.g. {name} = full(real({name}))"
            )
        found[name] = array
    inputs, labels = pick(found, ("F", "y"), path)
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.ravel()
    return inputs, whole_labels(labels, path)


def _arrays(raw: memoryview, order: str) -> Iterator[tuple[str, NDArray[Any] | None]]:
    """The variables called F and y; None for no full array. Raises ValueError for damage."""
    for kind, content in _elements(raw, order):
        if kind == COMPRESSED:
            yield from _arrays(memoryview(zlib.decompress(content)), order)
        if kind != MATRIX or len(content) == 0:
            continue
        (_, flags), *parts = _elements(content, order)
        (word, *_) = np.frombuffer(flags, f"{order}u4").tolist()
        if word & 0xFF not in CLASSES:
            continue
        (_, dimensions), (_, text), *values = parts
        name = bytes(text).decode("latin-1")
        if name not in ("F", "y"):
            continue
        if word & 0xFF not in NUMERIC_CLASSES or word & COMPLEX:
            yield name, None
            continue
        ((stored, numbers),) = values
        if stored not in TYPES:
            raise ValueError(f"the values of {name} are of the unknown type {stored}")
        shape = np.frombuffer(dimensions, f"{order}u4").tolist()
        yield name, np.frombuffer(numbers, order + TYPES[stored]).reshape(shape, order="F")


def _elements(raw: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each element. Raises ValueError where one is cut short."""
    at = 0
    while at < len(raw):
        tag = np.frombuffer(raw[at : at + 8], f"{order}u4").tolist()
        kind, size, start = tag[0], tag[-1], at + 8
        if kind >> 16:  # a short one: both numbers in half the tag, the content in the other half
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        end = start + size
        if len(tag) < 2 or end > len(raw) or (start == at + 4 and size > 4):
            raise ValueError(f"an element ends at byte {end} of {len(raw)}")
        yield kind, raw[start:end]
        at = end if kind == COMPRESSED else end + (at - end) % 8
