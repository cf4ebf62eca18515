"""MNIST's IDX files: images and labels, plain or compressed with gzip.

The format (http://yann.lecun.com/exdb/mnist): two zero bytes, a byte for the type of the elements,
a byte for the number of dimensions, the size of each as 4 bytes, then the elements, the last
dimension fastest; all of it big-endian.
"""

import gzip
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from .npz import reading, whole_labels

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # that every NumPy has

# MNIST's own names have "-" before "idx", some copies of it ".".
IMAGES = re.compile(r"(?P<start>.*)images[-.]idx\d+-\w+(\.gz)?")
LABELS = re.compile(r"(?P<start>.*)labels[-.]idx1-\w+(\.gz)?")
MNIST_PARTS = ("train-", "t10k-")


def is_images_name(name: str) -> bool:
    """Whether a file's name is one of IDX images, such as train-images-idx3-ubyte.gz."""
    return IMAGES.fullmatch(name) is not None


def read_idx(path: Path) -> NDArray[Any]:
    """The array in an IDX file, of the file's shape and element type, in native byte order.

    Raises InputError for a file that is missing, no IDX file, cut short or too long.
    """
    with reading(path, "an IDX file"):
        raw = path.read_bytes()
        if raw.startswith(b"\x1f\x8b"):  # whatever the file is called
            raw = gzip.decompress(raw)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in TYPES:
        raise InputError(
            f"{str(path)!r} begins with 0x{raw[:4].hex()}, which is no IDX file (images of bytes "
            "begin with 0x00000803): check the path or get the file anew"
        )
    dtype, dimensions = np.dtype(TYPES[raw[2]]), raw[3]
    start = 4 + 4 * dimensions
    sizes = [int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4)]
    expected = start + math.prod(sizes) * dtype.itemsize
    if len(raw) < start or len(raw) != expected:
        raise InputError(
            f"{str(path)!r} is damaged, {len(raw)} bytes long where its header, of {dimensions} "
            f"dimensions, promises {max(start, expected)}: get the file anew"
        )
    if not 1 <= dimensions <= MAX_DIMENSIONS or 0 in sizes:
        raise InputError(
            f"{str(path)!r} has {dimensions} dimensions, of sizes {sizes[:4]}: give a file of 1 to "
            f"{MAX_DIMENSIONS}, none of them empty"
        )
    return np.frombuffer(raw, dtype, offset=start).reshape(sizes).astype(dtype.newbyteorder("="))


def find_pairs(path: Path) -> list[tuple[Path, Path]]:
    """The images files at a path, a file or a folder, each with its labels file.

    A folder may hold one pair, or MNIST's two: train, then t10k. Files that lie there both plain
    and compressed are taken plain. Raises InputError for other numbers of images files, and for
    images without labels.
    """
    if not os.path.exists(path):
        raise InputError(f"no such file or folder: {str(path)!r}. Check the path")
    if os.path.isdir(path):
        folder, images = path, _by_start(path, IMAGES)
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
    labels = _by_start(folder, LABELS)
    for start, file in images.items():
        if start not in labels:
            raise InputError(
                f"no labels beside {str(file)!r}: put them there as {start}labels-idx1-ubyte"
            )
    return [(images[start], labels[start]) for start in sorted(images, key=_order)]


def read_pairs(pairs: list[tuple[Path, Path]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs (n, d) in [0, 1], each image as one row, and labels (n,), of all pairs joined.

    Raises InputError for damaged files, counts that differ, and images of different sizes.
    """
    images, labels = [], []
    for images_file, labels_file in pairs:
        images.append(read_idx(images_file))
        labels.append(whole_labels(read_idx(labels_file), labels_file))
        if len(images[-1]) != len(labels[-1]):
            raise InputError(
                f"{str(images_file)!r} holds {len(images[-1])} images and {str(labels_file)!r} "
                f"{len(labels[-1])} labels: they do not belong together, get both anew"
            )
        if images[-1].shape[1:] != images[0].shape[1:] or images[-1].dtype != images[0].dtype:
            raise InputError(
                f"{str(images_file)!r} holds images of {images[-1].shape[1:]} {images[-1].dtype}, "
                f"{str(pairs[0][0])!r} of {images[0].shape[1:]} {images[0].dtype}: give the path "
                "of one of them"
            )
    joined = np.concatenate(images)
    return _scaled(joined.reshape(len(joined), -1), pairs[0][0]), np.concatenate(labels)


def _by_start(folder: Path, pattern: re.Pattern[str]) -> dict[str, Path]:
    """The files in a folder whose names match, by what comes before "images" or "labels"."""
    found: dict[str, Path] = {}
    with reading(folder, "a folder"):
        # Plain files sort before their compressed twins, and the first is kept.
        for file in sorted(folder.iterdir()):
            match = pattern.fullmatch(file.name)
            if match and file.is_file():
                found.setdefault(match["start"], file)
    return found


def _order(start: str) -> int:
    return MNIST_PARTS.index(start) if start in MNIST_PARTS else 0


def _scaled(values: NDArray[Any], path: Path) -> NDArray[np.float32]:
    """To [0, 1]: bytes from 0..255, as usual; other types from their smallest and largest value."""
    if values.dtype == np.uint8:
        return values.astype(np.float32) / np.float32(255)
    with np.errstate(invalid="ignore"):  # NaN, which is refused
        low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        raise InputError(
            f"{str(path)!r} holds values from {low} to {high}: remove nan and infinity, or rescale"
        )
    return ((values.astype(np.float64) - low) / ((high - low) or 1.0)).astype(np.float32)
