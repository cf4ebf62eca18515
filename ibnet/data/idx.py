"""Reads IDX files, the format of MNIST: images and labels, plain or compressed with gzip.

The format (http://yann.lecun.com/exdb/mnist): two zero bytes, one byte for the element type, one
byte for the number of dimensions, 4 bytes for the size of each dimension, then the elements with
the last dimension varying fastest. Numbers are big-endian.
"""

import gzip
import math
import os
import re
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError
from mibench.memory import check_memory

from .npz import check_label_type, explain_file_errors

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # the limit of NumPy 1

# MNIST's own file names have "-" before "idx", some copies have ".".
IMAGES = re.compile(r"(?P<start>.*)images[-.]idx\d+-\w+(\.gz)?")
LABELS = re.compile(r"(?P<start>.*)labels[-.]idx1-\w+(\.gz)?")
MNIST_PARTS = ("train-", "t10k-")


def is_images_name(name: str) -> bool:
    """Whether this is the name of an IDX images file, such as train-images-idx3-ubyte.gz."""
    return IMAGES.fullmatch(name) is not None


def read_idx(path: Path) -> NDArray[Any]:
    """Return the array in an IDX file, in native byte order.

    Raises InputError for a file that is missing, is no IDX file, is cut short or is too long.
    """
    with explain_file_errors(path, "an IDX file"), _opened(path) as file:
        header = file.read(4)
        if len(header) < 4 or header[:2] != b"\0\0" or header[2] not in TYPES:
            raise InputError(
                f"{str(path)!r} begins with 0x{header.hex()}, which is no IDX file (images of "
                "bytes begin with 0x00000803): check the path or get the file again"
            )
        dtype, dimensions = np.dtype(TYPES[header[2]]), header[3]
        in_header = file.read(4 * dimensions)
        sizes = [int.from_bytes(in_header[i : i + 4], "big") for i in range(0, 4 * dimensions, 4)]
        expected = math.prod(sizes) * dtype.itemsize
        raw = file.read(_checked_size(expected, path, file) + 1)
    if len(in_header) < 4 * dimensions or len(raw) != expected:
        raise InputError(
            f"{str(path)!r} is damaged: its header, of {dimensions} dimensions, promises "
            f"{expected} bytes of elements, and {_found(raw, expected)}: get the file again"
        )
    if not 1 <= dimensions <= MAX_DIMENSIONS or 0 in sizes:
        raise InputError(
            f"{str(path)!r} has {dimensions} dimensions, of sizes {sizes[:4]}: give a file of 1 to "
            f"{MAX_DIMENSIONS}, none of them empty"
        )
    return np.frombuffer(raw, dtype).reshape(sizes).astype(dtype.newbyteorder("="))


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    """The file, decompressed if it is compressed, also if its name has no .gz."""
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if compressed else path.open("rb")


def _checked_size(expected: int, path: Path, file: gzip.GzipFile | BufferedReader) -> int:
    """How many bytes to read: those promised, but no more than a plain file has."""
    if not isinstance(file, gzip.GzipFile):
        return min(expected, path.stat().st_size)
    check_memory(expected, str(path))  # a small compressed file can hold anything
    return expected


def _found(raw: bytes, expected: int) -> str:
    return "more follow" if len(raw) > expected else f"{len(raw)} follow"


def find_pairs(path: Path) -> list[tuple[Path, Path]]:
    """Return the pairs of images file and labels file at a path, which is a file or a folder.

    A folder may hold one pair, or MNIST's two: train, then t10k. If a file exists both plain and
    compressed, the plain one is used. Raises InputError for other numbers of images files, and
    for images without labels.
    """
    if not os.path.exists(path):
        raise InputError(f"no such file or folder: {str(path)!r}. Check the path")
    if os.path.isdir(path):
        folder, images = path, _files_by_prefix(path, IMAGES)
    else:
        match = IMAGES.fullmatch(path.name)
        folder, images = path.parent, {match["start"]: path} if match else {}
    if not images:
        raise InputError(
            f"no images at {str(path)!r}: name the files like train-images-idx3-ubyte and "
            "train-labels-idx1-ubyte, with .gz if compressed"
        )
    if len(images) > 1 and not set(images) <= set(MNIST_PARTS):
        names = ", ".join(file.name for file in images.values())
        raise InputError(f"{str(path)!r} holds several sets, {names}: give the path of one of them")
    labels = _files_by_prefix(folder, LABELS)
    for start, file in images.items():
        if start not in labels:
            raise InputError(
                f"no labels next to {str(file)!r}: put them there as {start}labels-idx1-ubyte"
            )
    return [(images[start], labels[start]) for start in sorted(images, key=_mnist_order)]


def read_pairs(pairs: list[tuple[Path, Path]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return inputs (n, d) in [0, 1], one row for each image, and labels (n,), of all pairs joined.

    Raises InputError for damaged files, different counts, and images of different sizes.
    """
    images, labels = [], []
    for images_file, labels_file in pairs:
        images.append(read_idx(images_file))
        labels.append(check_label_type(read_idx(labels_file), labels_file))
        if len(images[-1]) != len(labels[-1]):
            raise InputError(
                f"{str(images_file)!r} holds {len(images[-1])} images and {str(labels_file)!r} "
                f"{len(labels[-1])} labels: they do not belong together, get both again"
            )
        if images[-1].shape[1:] != images[0].shape[1:] or images[-1].dtype != images[0].dtype:
            raise InputError(
                f"{str(images_file)!r} holds images of {images[-1].shape[1:]} {images[-1].dtype}, "
                f"{str(pairs[0][0])!r} of {images[0].shape[1:]} {images[0].dtype}: give the path "
                "of one of them"
            )
    joined = np.concatenate(images)
    return _scaled(joined.reshape(len(joined), -1), pairs[0][0]), np.concatenate(labels)


def _files_by_prefix(folder: Path, pattern: re.Pattern[str]) -> dict[str, Path]:
    """The matching files in a folder, by the part of the name before "images" or "labels"."""
    files: dict[str, Path] = {}
    with explain_file_errors(folder, "a folder"):
        # A plain file sorts before the compressed file of the same name, and the first is kept.
        for file in sorted(folder.iterdir()):
            match = pattern.fullmatch(file.name)
            if match and file.is_file():
                files.setdefault(match["start"], file)
    return files


def _mnist_order(start: str) -> int:
    return MNIST_PARTS.index(start) if start in MNIST_PARTS else 0


def _scaled(values: NDArray[Any], path: Path) -> NDArray[np.float32]:
    """Scale to [0, 1]: bytes from 0..255, other types from their smallest to largest value."""
    if values.dtype == np.uint8:
        return values.astype(np.float32) / np.float32(255)
    with np.errstate(invalid="ignore"):  # NaN is refused below
        low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        raise InputError(
            f"{str(path)!r} holds values from {low} to {high}: remove nan and infinity, or rescale"
        )
    return ((values.astype(np.float64) - low) / ((high - low) or 1.0)).astype(np.float32)
