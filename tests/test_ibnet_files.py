"""Data from files of MATLAB, NumPy and MNIST: intact, with other contents, and damaged."""

import gzip
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench.errors import InputError
from mibench.ibnet.data.dataset import load_data
from mibench.ibnet.data.idx import read_idx

properties = settings(deadline=None, derandomize=True, max_examples=80, database=None)

ICOSAHEDRON = load_data("icosahedron")


def refused(*parts):
    """An InputError whose message holds all of these."""
    return pytest.raises(InputError, match="".join(f"(?=.*{part})" for part in parts))


# -- .mat and .npz -----------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [False, True])
def test_the_original_file_is_the_same_data(tmp_path, compress):
    path = tmp_path / "var_u.mat"
    arrays = {
        "F": ICOSAHEDRON.inputs.astype(float),
        "y": ICOSAHEDRON.labels[np.newaxis].astype(float),
    }
    others = {"A": {"field": [1, "a"]}, "cells": np.array([1, "F"], object), "s": "text"}
    scipy.io.savemat(path, others | arrays | {"zz": 1.0}, do_compression=compress)
    data = load_data(path)
    assert data.fingerprint == ICOSAHEDRON.fingerprint
    assert (data.name, data.classes) == (str(path), 2)


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        (np.array([[3], [-1], [3], [7]], np.int16), [1, 0, 1, 2]),
        (np.array([[True, False, True, True]]), [1, 0, 1, 1]),
    ],
)
def test_other_mat_files(tmp_path, y, labels):
    inputs = np.arange(8, dtype=np.int32).reshape(4, 2)
    scipy.io.savemat(tmp_path / "a.MAT", {"F": inputs, "y": y}, appendmat=False)
    data = load_data(str(tmp_path / "a.MAT"))
    assert data.labels.tolist() == labels
    assert data.inputs.tolist() == inputs.tolist()


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        ({"F": np.eye(3)}, ["no array 'y'", "save"]),
        ({"y": np.eye(3)}, ["no array 'F'"]),
        ({"F": np.eye(3), "y": [[0, 1]]}, ["3 inputs and 2 labels"]),
        ({"F": np.eye(3), "y": np.eye(3)}, ["\\(3, 3\\)", "one integer"]),
        ({"F": np.eye(3), "y": [[0, 0.5, 1]]}, ["label 0.5 in row 1", "whole"]),
        ({"F": np.eye(3), "y": [[0, 1, np.nan]]}, ["label nan in row 2"]),
        ({"F": np.eye(3), "y": [[0, 1, np.inf]]}, ["label inf in row 2"]),
        ({"F": np.eye(3), "y": [[1, 1, 1]]}, ["classes=1"]),
        (
            {"F": scipy.sparse.eye_array(3, format="csc"), "y": [[0, 1, 1]]},
            ["F as sparse", "full\\(real\\(F"],
        ),
        ({"F": {"field": 1}, "y": [[0, 1, 1]]}, ["F as", "structure"]),
        ({"F": np.eye(3), "y": "abc"}, ["y as", "text"]),
        ({"F": np.eye(3) * 1j, "y": [[0, 1, 1]]}, ["F as", "complex"]),
    ],
)
def test_bad_mat_files(tmp_path, arrays, parts):
    scipy.io.savemat(tmp_path / "a.mat", arrays)
    with refused("a.mat", *parts):
        load_data(tmp_path / "a.mat")


def element(order, kind, content):
    if len(content) <= 4:  # in the tag itself
        return struct.pack(f"{order}I4s", len(content) << 16 | kind, content)
    return struct.pack(f"{order}2I", kind, len(content)) + content + bytes(-len(content) % 8)


def matlab_bytes(order, *arrays):
    """A file as MATLAB writes it on a machine of this byte order: name, shape, type, values."""
    raw = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}2H", 0x100, 0x4D49)
    # A variable of MATLAB's class 17, objects, which are laid out otherwise
    raw += element(order, 14, struct.pack(f"{order}4I", 6, 8, 17, 0) + element(order, 1, b"F"))
    for name, shape, stored, values in arrays:  # of class double, stored as a shorter type
        parts = [(6, struct.pack(f"{order}2I", 6, 0)), (5, struct.pack(f"{order}2i", *shape))]
        parts += [(1, name), (stored, values)]
        raw += element(order, 14, b"".join(element(order, *part) for part in parts))
    return raw


@pytest.mark.parametrize("order", ["<", ">"])
def test_mat_files_of_either_byte_order_with_values_stored_short(tmp_path, order):
    inputs = (b"F", (3, 2), 3, struct.pack(f"{order}6h", 1, 2, 3, -4, 5, 600))  # by columns
    raw = matlab_bytes(order, inputs, (b"y", (1, 3), 2, bytes([0, 9, 0])))
    (tmp_path / "a.mat").write_bytes(raw)
    data = load_data(tmp_path / "a.mat")
    assert data.inputs.tolist() == [[1, -4], [2, 5], [3, 600]]
    assert data.labels.tolist() == [0, 1, 0]


SHAPE = b"\5\0\0\0\x08\0\0\0\3\0\0\0"  # of F, its first size
VALUES = b"\3\0\0\0\x0c\0\0\0"  # of F, their type and length


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda raw: raw.ljust(512) + b"\x89HDF\r\n\x1a\n", ["7.3", "HDF5", "-v7'"]),
        (lambda raw: b"\x89HDF\r\n\x1a\n" + raw, ["7.3", "HDF5", "-v7'"]),
        (lambda raw: bytes(200), ["header", "-v7'"]),
        (lambda raw: b"", ["header"]),
        (lambda raw: raw[:128], ["no array 'F'"]),
        (lambda raw: raw[:-8], ["cannot read", "get it again"]),
        (lambda raw: raw[:-3], ["cannot read", "get it again"]),
        (lambda raw: raw.replace(SHAPE, SHAPE[:8] + b"\4\0\0\0"), ["reshape", "get it again"]),
        (lambda raw: raw.replace(SHAPE, SHAPE[:8] + b"\xff" * 4), ["cannot read", "get it again"]),
        (lambda raw: raw.replace(VALUES, b"\3\0\5\0" + VALUES[4:]), ["an element ends"]),
        # scipy.io.loadmat crashes here
        (lambda raw: raw.replace(VALUES, b"\x4a" + VALUES[1:]), ["unknown type 74"]),
    ],
)
def test_damaged_mat_files(tmp_path, change, parts):
    inputs = (b"F", (3, 2), 3, struct.pack("<6h", *range(6)))
    raw = matlab_bytes("<", inputs, (b"y", (1, 3), 2, bytes([0, 1, 0])))
    assert raw.count(SHAPE) == raw.count(VALUES) == 1
    (tmp_path / "a.mat").write_bytes(change(raw))
    with refused("a.mat", *parts):
        load_data(tmp_path / "a.mat")


def test_npz_files(tmp_path):
    labels = np.array(["cat", "ape", "cat"])
    np.savez_compressed(tmp_path / "a.npz", inputs=np.eye(3), labels=labels, more=np.array([None]))
    data = load_data(tmp_path / "a.npz")
    assert data.inputs.tolist() == np.eye(3).tolist()
    assert data.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        ({"inputs": np.eye(3)}, ["no array 'labels'"]),
        ({"inputs": np.eye(3), "labels": np.array([0, 1, None])}, ["allow_pickle", "get it again"]),
        ({"inputs": np.eye(3), "labels": np.eye(3)}, ["\\(3, 3\\)"]),
        ({"inputs": np.eye(3), "labels": [0, 1, 0.5]}, ["0.5 in row 2"]),
        ({"inputs": np.eye(3), "labels": [0, 1]}, ["3 inputs and 2 labels"]),
        ({"inputs": np.ones((3, 2, 2)), "labels": [0, 1, 0]}, ["\\(3, 2, 2\\)", "reshape"]),
    ],
)
def test_bad_npz_files(tmp_path, arrays, parts):
    np.savez(tmp_path / "a.npz", **arrays)
    with refused("a.npz", *parts):
        load_data(tmp_path / "a.npz")


def test_a_npy_file_called_npz(tmp_path):
    with open(tmp_path / "a.npz", "wb") as file:
        np.save(file, np.eye(3))
    with refused("a.npz", "single array", "savez"):
        load_data(tmp_path / "a.npz")


# -- IDX ---------------------------------------------------------------------------------------

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array):
    header = struct.pack(
        f">2x2B{array.ndim}I", CODES[array.dtype.str[1:]], array.ndim, *array.shape
    )
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_pair(folder, images, labels, start="train-", gz="", sep="-"):
    pack = gzip.compress if gz else bytes
    folder.mkdir(exist_ok=True)
    kind = f"{sep}idx{images.ndim}-ubyte{gz}"
    (folder / f"{start}images{kind}").write_bytes(pack(idx_bytes(images)))
    (folder / f"{start}labels{sep}idx1-ubyte{gz}").write_bytes(pack(idx_bytes(labels)))
    return folder / f"{start}images{kind}"


IMAGES = np.random.default_rng(7).integers(0, 256, (6, 3, 4), dtype=np.uint8)
IMAGES[0, 0, :2] = 0, 255
LABELS = np.array([0, 1, 2, 1, 2, 0], np.uint8)


@pytest.mark.parametrize("sep", ["-", "."])
@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize("route", ["idx:FOLDER", "FOLDER", "FILE", "idx:FILE"])
def test_mnist_files_are_found_scaled_and_flattened(tmp_path, route, gz, sep):
    file = write_pair(tmp_path, IMAGES, LABELS, gz=gz, sep=sep)
    data = load_data(route.replace("FOLDER", str(tmp_path)).replace("FILE", str(file)))
    assert data.inputs.shape == (6, 12)
    assert data.inputs == pytest.approx(IMAGES.reshape(6, 12) / 255, abs=1e-7)
    assert data.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 2, 3), (5, 1, 2, 3)])
def test_every_element_type_and_number_of_dimensions(tmp_path, kind, shape):
    values = np.random.default_rng(1).normal(60, 20, shape).round().astype(kind)
    write_pair(tmp_path, values, np.array([0, 1, 1, 0, 1], "i4"))
    back = read_idx(next(tmp_path.glob("*images*")))
    assert back.dtype == np.dtype(kind)
    assert np.array_equal(back, values)
    flat = values.reshape(5, -1).astype(float)
    low, span = (0, 255) if kind == "u1" else (flat.min(), np.ptp(flat))
    data = load_data(tmp_path)
    assert data.inputs == pytest.approx((flat - low) / span, abs=1e-6)


def test_extreme_values_scale(tmp_path):
    for values in (np.array([-(2**31), 0, 2**31 - 1], "i4"), np.array([-8e307, 0, 8e307])):
        write_pair(tmp_path, values, LABELS[:3])
        assert load_data(tmp_path).inputs.ravel() == pytest.approx([0, 0.5, 1])
        shutil.rmtree(tmp_path)
    write_pair(tmp_path, np.array([4, 4, 4], "i2"), LABELS[:3])
    assert load_data(tmp_path).inputs.ravel().tolist() == [0, 0, 0]


def test_a_folder_joins_mnists_two_parts(tmp_path):
    write_pair(tmp_path, IMAGES[4:], LABELS[4:], start="t10k-", gz=".gz")
    write_pair(tmp_path, IMAGES[:4], LABELS[:4])
    write_pair(tmp_path, IMAGES[:1], LABELS[:1], gz=".gz")  # an older download: plain files win
    data = load_data(f"idx:{tmp_path}")
    assert np.array_equal(data.inputs, IMAGES.reshape(6, 12) / np.float32(255))
    assert data.labels.tolist() == LABELS.tolist()


def test_a_folder_of_other_sets_is_ambiguous(tmp_path):
    file = write_pair(tmp_path, IMAGES, LABELS, start="letters-")
    write_pair(tmp_path, IMAGES, LABELS, start="balanced-")
    with refused("several", "balanced-images-idx3-ubyte, letters-images", "one of them"):
        load_data(tmp_path)
    assert load_data(file).n == 6


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda raw: b"", ["begins with 0x,"]),
        (lambda raw: b"\0\0\x08", ["0x000008,"]),
        (lambda raw: b"PK\x03\x04" + raw, ["0x504b0304", "0x00000803"]),
        (lambda raw: b"\0\0\x0a" + raw[3:], ["0x00000a03"]),
        (lambda raw: raw[:9], ["3 dimensions", "0 follow"]),
        (lambda raw: raw[:-1], ["71 follow", "promises 72 bytes", "damaged"]),
        (lambda raw: raw + b"\0", ["promises 72 bytes", "more follow"]),
        (lambda raw: raw[:4] + b"\xff" * 12 + raw[16:], ["promises 79228162458924105385300197375"]),
        (lambda raw: raw[:4] + bytes(12), ["3 dimensions", "0, 0, 0", "empty"]),
        (lambda raw: raw[:4] + bytes(4) + b"\xff" * 8, ["3 dimensions", "empty"]),
        (lambda raw: b"\0\0\x08\0\0", ["0 dimensions"]),
        (lambda raw: b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"7", ["255 dimensions", "1 to 32"]),
        (lambda raw: gzip.compress(raw)[:-9], ["cannot read", "get it again"]),
        (lambda raw: gzip.compress(raw)[:-8] + bytes(8), ["cannot read", "CRC"]),
        (lambda raw: b"\x1f\x8b" + raw, ["cannot read", "get it again"]),
        (lambda raw: idx_bytes(IMAGES[:5]), ["5 images", "6 labels", "labels-idx1-ubyte"]),
        (lambda raw: idx_bytes(np.array([0, 1, 2, 3, 4, np.nan])), ["nan", "remove"]),
        (lambda raw: idx_bytes(np.array([0, 1, 2, 3, 4, np.inf], "f4")), ["inf"]),
        (lambda raw: idx_bytes(np.array([0, 0, 0, 0, -1e308, 1e308])), ["1e\\+308", "rescale"]),
    ],
)  # fmt: skip
def test_bad_images_files(tmp_path, change, parts):
    file = write_pair(tmp_path, IMAGES, LABELS)
    file.write_bytes(change(file.read_bytes()))
    with refused("train-images-idx3-ubyte", *parts):
        load_data(tmp_path)


def test_compressed_files_that_take_more_memory_than_there_is_are_refused(tmp_path, monkeypatch):
    zeros, labels = np.zeros((600, 100), np.uint8), np.arange(600, dtype=np.uint8) % 2
    write_pair(tmp_path, zeros[:, np.newaxis], labels, gz=".gz")
    np.savez_compressed(tmp_path / "a.npz", inputs=zeros, labels=labels)
    arrays = {"F": zeros, "y": labels[np.newaxis]}
    scipy.io.savemat(tmp_path / "a.mat", arrays, do_compression=True)
    paths = ["train-images-idx3-ubyte.gz", "a.npz", "a.mat"]
    for name in paths:
        assert (tmp_path / name).stat().st_size < 2000
        assert load_data(tmp_path / name).inputs.shape == (600, 100)
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 50_000)
    for name in paths:
        with refused("memory", "a part of the data"):
            load_data(tmp_path / name)


def test_a_compressed_matrix_that_is_longer_than_its_tag_states_is_damaged(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"F": IMAGES[:, 0], "y": LABELS[np.newaxis]})
    raw = (tmp_path / "a.mat").read_bytes()
    packed = zlib.compress(raw[128:] + bytes(1000))
    tag = struct.pack("<2I", 15, len(packed))
    (tmp_path / "a.mat").write_bytes(raw[:128] + tag + packed)
    with refused("a.mat", "longer than its"):
        load_data(tmp_path / "a.mat")


def test_bad_labels_files(tmp_path):
    file = write_pair(tmp_path, IMAGES, LABELS)
    labels = tmp_path / "train-labels-idx1-ubyte"
    for array, part in ((IMAGES, "(6, 3, 4)"), (LABELS + np.float32(0.5), "label 0.5 in row 0")):
        labels.write_bytes(idx_bytes(array))
        with refused("train-labels", part.replace("(", r"\(").replace(")", r"\)")):
            load_data(file)
    labels.unlink()
    with refused("no labels next to", "train-labels-idx1-ubyte"):
        load_data(file)
    write_pair(tmp_path, IMAGES, LABELS)
    write_pair(tmp_path, IMAGES[:, 1:], LABELS, start="t10k-")
    with refused("t10k-images", "\\(2, 4\\)", "\\(3, 4\\)"):
        load_data(tmp_path)
    write_pair(tmp_path, IMAGES.astype("f4"), LABELS, start="t10k-")
    with refused("t10k-images", "float32", "uint8"):
        load_data(tmp_path)
    strange = Path(shutil.copy(file, tmp_path / "pictures"))
    with refused("pictures", "train-images-idx3-ubyte"):
        load_data(f"idx:{strange}")


# -- damage at random --------------------------------------------------------------------------


def intact_files(folder):
    """One intact file of each format, by the name to load it with."""
    scipy.io.savemat(folder / "a.mat", {"F": IMAGES[:, 0], "y": LABELS[np.newaxis]})
    scipy.io.savemat(
        folder / "z.mat", {"F": IMAGES[:, 0], "y": LABELS[np.newaxis]}, do_compression=True
    )
    np.savez(folder / "a.npz", inputs=IMAGES[:, 0], labels=LABELS)
    write_pair(folder, IMAGES, LABELS)
    write_pair(folder, IMAGES.astype("f4"), LABELS, start="float-")
    write_pair(folder, IMAGES, LABELS, start="packed-", gz=".gz")
    files = [file for file in sorted(folder.iterdir()) if "labels" not in file.name]
    return {file.name: file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """A folder with intact files, and their content by name."""
    folder = tmp_path_factory.mktemp("intact")
    return folder, intact_files(folder)


@pytest.mark.parametrize(
    "name",
    [
        "a.mat", "z.mat", "a.npz", "train-images-idx3-ubyte", "float-images-idx3-ubyte",
        "packed-images-idx3-ubyte.gz",
    ],
)  # fmt: skip
@properties
@given(st.data())
def test_damage_is_refused_or_harmless(intact, name, data):
    folder, contents = intact
    raw = bytearray(contents[name])
    for _ in range(data.draw(st.integers(1, 4), "changes")):
        position = data.draw(st.integers(0, len(raw) - 1), "position")
        raw[position] = data.draw(st.integers(0, 255), "byte")
    raw = raw[: data.draw(st.just(len(raw)) | st.integers(0, len(raw)), "length")]
    (folder / name).write_bytes(raw)
    try:
        loaded, message = load_data(folder / name), name
    except InputError as error:
        message = str(error)
    else:  # the damage changed a value, not the structure
        assert loaded.n == 6
        assert np.isfinite(loaded.inputs).all()
    finally:
        (folder / name).write_bytes(contents[name])
    assert name.split(".")[0] in message


@properties
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"\0\0", b"\0\0\x08\1", b"\0\0\x0d\2", b"\x1f\x8b"]),
)
def test_any_bytes_are_read_or_refused(intact, raw, start):
    path = intact[0] / "noise"
    path.write_bytes(start + raw)
    try:
        size, message = read_idx(path).size, "noise"
    except InputError as error:
        size, message = 1, str(error)
    assert size > 0
    assert "noise" in message
