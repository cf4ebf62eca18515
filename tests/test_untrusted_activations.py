"""Activations, checkpoints and lists of epochs from somebody else: read exactly, or refused."""

import io
import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.data.npz import read_npz
from mibench.ibnet.measuring.trajectories import failures, read_measured, tidy
from mibench.ibnet.networks.kept import KEPT
from mibench.ibnet.own.files import create, write_epoch

from . import ibnet_directory

ROWS = 24
SIDES, EPOCH, ABOUT = "sides.npz", "activations/epoch-1.npz", "activations.json"
RNG = np.random.default_rng(0)
LAYERS = {"a": np.tanh(RNG.normal(size=(ROWS, 3))), "b": RNG.normal(size=(ROWS, 2))}
LABELS = np.arange(ROWS) % 2


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A directory as `ibnet.watch` makes it, with two epochs, which were measured."""
    folder = tmp_path_factory.mktemp("made") / "d"
    given = ibnet.from_activations([LAYERS, LAYERS], LABELS, activation={"a": "tanh"})
    create(given, folder)
    for epoch, kept in zip(given.epochs, given.kept[0], strict=True):
        write_epoch(folder, epoch, kept)
    return folder


@pytest.fixture
def directory(made, tmp_path):
    return ibnet_directory.copy(made, tmp_path / "d")


def arrays(path):
    with np.load(path) as archive:
        return dict(archive)


def change(path, **new):
    """Replace arrays of an archive; None removes one."""
    kept = {name: array for name, array in (arrays(path) | new).items() if array is not None}
    with path.open("wb") as file:
        np.savez(file, **kept)


def one_array():
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, LABELS)
    return file.getvalue()


def describe(path, **new):
    path.write_text(json.dumps(json.loads(path.read_text()) | new))


def measure(directory):
    return ibnet.measure(ibnet.load_activations(directory), "uniform:bins=4", jobs=1)


def test_what_was_stored_is_read_exactly(directory):
    given = ibnet.from_activations([LAYERS, LAYERS], LABELS, activation={"a": "tanh"})
    expected = ibnet.measure(given, "uniform:bins=4", jobs=1)
    assert measure(directory).i_xt.equals(expected.i_xt)


DAMAGE = {
    "an array of another format": lambda d: (d / EPOCH).write_bytes(one_array()),
    "empty": lambda d: (d / EPOCH).write_bytes(b""),
    "a pickle": lambda d: (d / EPOCH).write_bytes(b"\x80\x04K\x01."),
    "objects": lambda d: change(d / SIDES, labels=np.array([None] * ROWS)),
    "fields": lambda d: change(d / EPOCH, low=np.zeros(2, [("a", "f8")])),
    "dates": lambda d: change(d / EPOCH, low=np.zeros(2, "M8[s]")),
    "complex": lambda d: change(d / EPOCH, low=np.zeros(2, complex)),
    "no limits": lambda d: change(d / EPOCH, high=None),
    "limits that are not finite": lambda d: change(d / EPOCH, high=np.full(2, np.inf)),
    "fewer rows": lambda d: change(d / SIDES, symbols=np.arange(ROWS - 1)),
    "units without end": lambda d: describe(d / ABOUT, widths=[10**30, 2]),
    "units that overflow": lambda d: describe(d / ABOUT, widths=[2**62, 2]),
    "other functions": lambda d: describe(d / ABOUT, functions=["../x", "linear"]),
    "a name twice": lambda d: describe(d / ABOUT, layers=["a", "a"]),
    "no object": lambda d: (d / ABOUT).write_text("[" * 100_000),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_activations_are_refused(directory, name):
    DAMAGE[name](directory)
    with pytest.raises(InputError, match="delete it, and log again"):
        measure(directory)


@pytest.mark.parametrize(
    "new",
    [
        {"layer0": np.full((3, ROWS), np.nan, "f4")},
        {"layer0": np.zeros((3, ROWS), "f2")},
        {"layer0": np.zeros((2, ROWS), "f4")},
        {"layer0": None},
    ],
    ids=["not finite", "half precision", "fewer units", "missing"],
)
def test_a_damaged_layer_is_a_failure_of_its_epoch(directory, new):
    change(directory / EPOCH, **new)
    (line,) = failures(measure(directory))
    assert "epoch-1.npz" in line
    assert "log again" in line


def test_activations_beyond_their_limits_are_in_the_outermost_bins(directory):
    """The limits in the file are a claim. No value leaves the bins, and a flag tells."""
    values = arrays(directory / EPOCH)["layer1"] * 1e6
    change(directory / EPOCH, layer1=values)
    measured = measure(directory)
    assert np.isfinite(measured.i_xt.values).all()
    assert any("outside" in line for line in ibnet.flag_lines(measured))


@pytest.mark.parametrize("number", ["01", "\u0667", "9" * 18, "+1", "-1"])
def test_files_of_other_names_are_no_epochs(directory, number):
    shutil.copy(directory / EPOCH, directory / "activations" / f"epoch-{number}.npz")
    assert ibnet.load_activations(directory).epochs == (0, 1)


def test_an_archive_larger_than_the_memory_is_not_read(directory, monkeypatch):
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 10_000)
    change(directory / SIDES, labels=np.zeros(10_000, np.int64))
    with pytest.raises(InputError, match=r"sides.npz needs .* of memory"):
        ibnet.load_activations(directory)


def test_a_directory_without_epochs_says_so(directory):
    shutil.rmtree(directory / "activations")
    given = ibnet.load_activations(directory)
    for call in (ibnet.measure, read_measured):
        with pytest.raises(InputError, match="holds no epoch"):
            call(given)


def test_names_that_cannot_be_encoded_are_written_out(directory):
    describe(directory / ABOUT, layers=["a\udce9", "b"], name="\ud800")
    own = ibnet.from_activations({"a\udce9": LAYERS["a"], "b": LAYERS["b"]}, LABELS, name="\ud800")
    for measured in (measure(directory), ibnet.measure(own, "uniform:bins=4")):
        assert set(tidy(measured)["layer_name"]) == {"a\\udce9", "b"}
        assert measured.attrs["training"] == "\\ud800"


def test_epochs_may_lie_far_apart():
    own = ibnet.from_activations([LAYERS, LAYERS], LABELS, epochs=[0, 2**52])
    measured = ibnet.measure(own, "uniform:bins=4", epochs="log:3")
    assert measured.epoch.values.tolist() == [0, 2**52]


# -- networks that mibench trains ---------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "d"
    ibnet.train(ibnet_directory.SETTING, data=ibnet_directory.SMALL, directory=folder, keep="0,3")
    return folder


MORE = replace(ibnet_directory.SETTING, epochs=5)


@pytest.mark.parametrize(
    "new",
    [
        {"epochs_done": np.array([3, 3])},
        {"epochs_done": np.array(3.0)},
        {"epochs_done": np.array(-5)},
        {"epochs_done": np.array("x")},
        {"epochs_done": None},
        {"parameters": np.array(1, "f4")},
        {"mean": np.zeros((2, 14), complex)},
        {"square": np.zeros(2, [("a", "f4")])},
    ],
    ids=str,
)
def test_a_checkpoint_is_read_exactly_or_refused(trained, tmp_path, new):
    folder = ibnet_directory.copy(trained, tmp_path / "d")
    change(folder / "checkpoint.npz", **new)
    with pytest.raises(InputError, match=r"checkpoint.npz is damaged"):
        ibnet.train(MORE, data=ibnet_directory.SMALL, directory=folder)


@pytest.mark.parametrize("kept", [[], [3], [3, 0], [0, 0], None, "all", [[0]], [0, 2.5], [True]])
def test_a_list_of_kept_epochs_begins_with_0_and_rises(trained, tmp_path, kept):
    folder = ibnet_directory.copy(trained, tmp_path / "d")
    path = folder / "training.zarr" / "zarr.json"
    metadata = json.loads(path.read_text())
    metadata["attributes"][KEPT] = kept
    path.write_text(json.dumps(metadata))
    with pytest.raises(InputError, match="kept="):
        ibnet.load(folder)


def test_a_member_that_is_no_array_is_refused(tmp_path):
    path = tmp_path / "data.npz"
    inputs = io.BytesIO()
    np.save(inputs, LAYERS["a"])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", inputs.getvalue())
        archive.writestr("labels.npy", b"no array")
    with pytest.raises(InputError, match="labels is no array"):
        read_npz(path)
