"""Directories of ibnet from somebody else: nothing outside is written, nothing in them is run."""

import json
import os
import pickle
import random
import shutil

import numpy as np
import pytest

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.measuring.trajectories import read_measured
from mibench.ibnet.networks.metadata import OWN_NAMES
from mibench.output.files import file_name

from . import ibnet_directory


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return ibnet_directory.make(tmp_path_factory.mktemp("made") / "d")


@pytest.fixture
def directory(made, tmp_path):
    return ibnet_directory.copy(made, tmp_path / "d")


def refused(*parts):
    return pytest.raises(InputError, match="".join(f"(?=.*{part})" for part in parts))


def edit(path, **changes):
    values = json.loads(path.read_text())
    for key, value in changes.items():
        values[key] = value
    path.write_text(json.dumps(values))


def measure(directory, specs=None):
    return ibnet.measure(ibnet.load(directory), specs)


# -- links and special files ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in OWN_NAMES if name != "figures"])
def test_a_link_changes_no_file_elsewhere(directory, tmp_path, name):
    outside = tmp_path / "outside"
    if (directory / name).is_dir():
        shutil.move(directory / name, outside)
    else:
        (directory / name).unlink(missing_ok=True)
        outside.write_text("mine")
    (directory / name).symlink_to(outside)
    before = sorted(os.walk(outside)) if outside.is_dir() else outside.read_text()
    for call in (lambda: measure(directory, "uniform:bins=9"),
                 lambda: ibnet.train(ibnet_directory.SETTING, data=ibnet_directory.SMALL,
                                     epochs=5, directory=directory)):  # fmt: skip
        with refused(name.replace(".", r"\."), "is a link", "Delete it"):
            call()
    assert before == (sorted(os.walk(outside)) if outside.is_dir() else outside.read_text())


def test_the_lock_keeps_what_its_file_holds(directory, tmp_path):
    (tmp_path / "mine").write_text("mine")
    (directory / ".lock").unlink(missing_ok=True)
    os.link(tmp_path / "mine", directory / ".lock")
    measure(directory)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("name", [".lock", "training.json", "training.zarr/zarr.json"])
def test_a_pipe_is_not_waited_for(directory, name):
    (directory / name).unlink(missing_ok=True)
    os.mkfifo(directory / name)
    with refused("no plain file"):
        measure(directory)


def test_figures_stay_in_their_folder(mibench, directory, tmp_path):
    (directory / "figures").symlink_to(tmp_path)
    done = mibench("ibnet", "plot", "d")
    assert (done.returncode, "figures is a link" in done.stderr) == (2, True)
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize("spec", ["../../x", "/tmp/x", "a/../b", "..", "x\x1b[31m", "x" * 400])
def test_an_estimator_string_is_no_path(directory, spec):
    name = file_name(spec)
    assert "/" not in name
    assert name.isprintable()
    assert len(name) < 150
    folder = next((directory / "measured.zarr").iterdir())
    attributes = json.loads((folder / "zarr.json").read_text())["attributes"]
    edit(folder / "zarr.json", attributes=attributes | {"spec": spec})
    with refused("names another estimator than its folder", "delete that folder"):
        read_measured(ibnet.load(directory))


def test_usual_estimators_keep_their_file_names():
    assert file_name("uniform:bins=30") == "uniform-bins30"
    assert file_name("a:x=1/2") != file_name("a:x=1-2")


# -- code ----------------------------------------------------------------------------------------


class Payload:
    def __reduce__(self):
        return os.mkdir, (os.environ["LETIN_PAYLOAD"],)


@pytest.mark.parametrize("where", ["training.zarr", "measured.zarr/uniform%3Abins=4"])
def test_an_array_of_format_2_is_not_read(directory, tmp_path, monkeypatch, where):
    """Its filter `pickle` runs what a chunk holds, with the numcodecs that zarr 3.1.3 accepts."""
    monkeypatch.setenv("LETIN_PAYLOAD", str(tmp_path / "ran"))
    folder = directory / where
    shutil.rmtree(folder)
    array = folder / ("diverged" if "training" in where else "state")
    array.mkdir(parents=True)
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (array / ".zarray").write_text(json.dumps({
        "zarr_format": 2, "shape": [2], "chunks": [2], "dtype": "|O", "compressor": None,
        "fill_value": None, "order": "C", "filters": [{"id": "pickle", "protocol": 5}],
    }))  # fmt: skip
    (array / "0").write_bytes(pickle.dumps(Payload()))
    with refused("zarr.json is missing", "delete"):
        measure(directory)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["pickle", "numcodecs.pickle", "gzip", "sharding_indexed"])
def test_other_codecs_are_refused(directory, name):
    path = directory / "training.zarr" / "weights" / "zarr.json"
    codecs = json.loads(path.read_text())["codecs"]
    edit(path, codecs=[*codecs[:2], {"name": name, "configuration": {}}])
    with refused("codecs that mibench does not write", name):
        measure(directory)


@pytest.mark.parametrize("value", [[], "4", None, 1.5])
def test_a_codec_with_another_kind_of_value_is_refused(directory, value):
    [path] = (directory / "measured.zarr").glob("uniform*/state/zarr.json")
    codecs = json.loads(path.read_text())["codecs"]
    codecs[2]["configuration"]["typesize"] = value
    edit(path, codecs=codecs)
    with refused("has typesize=", "delete that folder"):
        measure(directory, ["uniform:bins=4"])


def test_figures_of_damaged_values_name_the_directory(mibench, directory):
    chunks = directory / "training.zarr" / "max_activation" / "c"
    chunk = next(path for path in chunks.rglob("*") if path.is_file())
    raw = bytearray(chunk.read_bytes())
    raw[20:] = bytes(len(raw) - 20)
    chunk.write_bytes(bytes(raw))
    done = mibench("ibnet", "plot", directory)
    assert done.returncode == 2
    assert str(directory) in done.stderr


@pytest.mark.parametrize("spec", ["function:call=evil.py:run", "executable:command=touch ran"])
def test_a_directory_names_no_code_to_run(mibench, directory, tmp_path, spec):
    (tmp_path / "evil.py").write_text("open('ran', 'w')\ndef run(x, y): return 0.0\n")
    setting = json.loads((directory / "training.json").read_text())["setting"]
    edit(directory / "training.json", setting=setting | {"estimators": [spec]})
    done = mibench("ibnet", "measure", "d", "--jobs", 1)
    assert done.returncode == 2
    assert "which runs code: give the estimators that you want with --estimators" in done.stderr
    assert not (tmp_path / "ran").exists()
    done = mibench("ibnet", "measure", "d", "-e", "uniform:bins=4", "--jobs", 1)
    assert done.returncode == 0


def test_a_directory_chooses_no_file_to_read(directory):
    (directory / "data.npz").unlink()
    with refused("lacks its data.npz: restore it"):
        ibnet.load(directory)
    assert ibnet.load(directory, ibnet_directory.SMALL).epochs == 3


# -- sizes and contents --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2**40, -1, True, 1.5, "3"])
def test_other_shapes_are_refused(directory, size):
    path = directory / "training.zarr" / "weights" / "zarr.json"
    grid = {"name": "regular", "configuration": {"chunk_shape": [size, 2, 14]}}
    edit(path, chunk_grid=grid)
    with refused("weights", "restore them, or delete .* and train again"):
        measure(directory)


def test_a_training_larger_than_the_memory_is_refused(directory, monkeypatch):
    monkeypatch.setattr("mibench.memory.available_memory", lambda: 10**4)
    with refused("GB of memory"):
        ibnet.load(directory)


def test_results_of_nobody_are_measured_again(directory):
    """Without its identity, a result may be that of any estimator."""
    expected = measure(directory).i_xt.values
    folder = directory / "measured.zarr" / "uniform%3Abins=4"
    attributes = json.loads((folder / "zarr.json").read_text())["attributes"]
    edit(folder / "zarr.json", attributes={"spec": attributes["spec"]})
    (folder / "i_xt" / "c" / "0" / "0" / "0").unlink()
    assert np.array_equal(measure(directory).i_xt.values, expected)


def test_missing_chunks_of_finished_results_are_measured_again(directory):
    expected = measure(directory).i_xt.values
    (directory / "measured.zarr/uniform%3Abins=4/i_xt/c/0/0/0").unlink()
    assert np.array_equal(measure(directory).i_xt.values, expected)


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_named_or_harmless(made, tmp_path, seed):
    """Each of these raises an InputError with a remedy, or changes nothing of what is shown."""
    directory = ibnet_directory.copy(made, tmp_path / "d")
    what = ibnet_directory.damage(directory, random.Random(seed))
    for call in (lambda: measure(directory), lambda: read_measured(ibnet.load(directory))):
        try:
            trajectories = call()
        except InputError as error:
            message = str(error)
            assert "\n" not in message
            remedies = [
                "delete",
                "Delete",
                "restore",
                "again",
                "give",
                "elsewhere",
                "choose",
                "Valid",
            ]
            assert any(word in message for word in remedies), (what, message)
        else:
            assert trajectories.i_xt.dtype == np.float32, what
