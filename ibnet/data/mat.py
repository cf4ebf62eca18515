"""Reads the numeric arrays F and y of MATLAB files of level 5 (saved with -v6 or -v7).

`scipy.io.loadmat` is not used because a single damaged byte can make it crash the interpreter.

The format ("MAT-File Format", MathWorks): a header of 128 bytes, then elements. Each element is a
tag with type and size, then its bytes, padded to a multiple of 8. An array is an element that
contains others: flags, dimensions, name, values. It may be compressed with zlib. Values may be
stored in any type that can hold them; the first dimension varies fastest.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.memory import check_memory

from .npz import check_label_type, explain_file_errors, pick_arrays

MATRIX, COMPRESSED = 14, 15
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = range(1, 17)  # all arrays except MATLAB's newer objects, which have another layout
NUMERIC_CLASSES = range(6, 16)  # not cell arrays, structures, text, sparse matrices or functions
COMPLEX = 0x800


def read_mat(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the inputs F (n, d) and labels y, (1, n) or (n, 1), of a MATLAB file.

    Raises InputError for a file that is missing, is damaged, has another version (7.3, which is
    HDF5, or 4), or holds something else.
    """
    with explain_file_errors(path, "a .mat file"):
        raw = path.read_bytes()
    if b"\x89HDF\r\n" in (raw[:6], raw[512:518]):
        raise InputError(
            f"{str(path)!r} is a MATLAB 7.3 file, which is HDF5 inside: save it again with "
            "save(..., '-v7'), or give its arrays as Data(name, inputs, labels, classes)"
        )
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if order is None:
        raise InputError(
            f"{str(path)!r} has no header of a MATLAB 5 to 7.2 file: check the path, or save the "
            "file again with save(..., '-v7')"
        )
    with explain_file_errors(path, "a .mat file"):
        variables = list(_arrays(memoryview(raw)[128:], order))
    arrays: dict[str, NDArray[Any]] = {}
    for name, array in variables:
        if array is None:
            raise InputError(
                f"{str(path)!r} has {name} as sparse or complex matrix, text, cells or structure: "
                f"save a full array of numbers, e.g. {name} = full(real({name}))"
            )
        arrays[name] = array
    inputs, labels = pick_arrays(arrays, ("F", "y"), path)
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.ravel()
    return inputs, check_label_type(labels, path)


def _arrays(raw: memoryview, order: str) -> Iterator[tuple[str, NDArray[Any] | None]]:
    """The variables F and y; None if one is no full numeric array. Raises ValueError for damage."""
    for kind, content in _elements(raw, order):
        if kind == COMPRESSED:
            yield from _arrays(memoryview(_decompressed(content, order)), order)
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


def _decompressed(content: memoryview, order: str) -> bytes:
    """The element in a compressed one, which must have the size that its tag states.

    So a file of a few kilobytes cannot take gigabytes. Raises InputError if there is too little
    memory, and ValueError or zlib.error for damage.
    """
    stream = zlib.decompressobj()
    tag = stream.decompress(content, 8)
    size = int(np.frombuffer(tag, f"{order}u4")[-1])
    check_memory(size, "a compressed array of the .mat file")
    rest = stream.decompress(stream.unconsumed_tail, size + 1)
    if len(rest) > size or not stream.eof:
        raise ValueError(f"a compressed element is longer than its {size} bytes, or is cut short")
    return tag + rest


def _elements(raw: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each element. Raises ValueError if one is cut short."""
    offset = 0
    while offset < len(raw):
        tag = np.frombuffer(raw[offset : offset + 8], f"{order}u4").tolist()
        kind, size, start = tag[0], tag[-1], offset + 8
        if (
            kind >> 16
        ):  # short form: type and size in half of the tag, the content in the other half
            kind, size, start = kind & 0xFFFF, kind >> 16, offset + 4
        end = start + size
        if len(tag) < 2 or end > len(raw) or (start == offset + 4 and size > 4):
            raise ValueError(f"an element ends at byte {end} of {len(raw)}")
        yield kind, raw[start:end]
        offset = end if kind == COMPRESSED else end + (offset - end) % 8
