"""`mibench ibnet ...` as a user runs it: whole commands, interruptions, and what goes wrong."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mibench import ibnet

from .conftest import MIBENCH

pytestmark = pytest.mark.slow  # whole commands, which train networks

SMALL = ("2.1", "--runs", 2, "--epochs", 12)
LONG = ("2.1", "--runs", 4, "--epochs", 2000)
ONE = (
    "uniform:bins=30"  # enough where the figures are not what is tested: most of the time is theirs
)


def start(tmp_path, *args, **kwargs):
    return subprocess.Popen(
        [MIBENCH, "ibnet", *map(str, args)], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True, **kwargs,
    )  # fmt: skip


def wait_for(path, running, seconds=90):
    """Wait until a file or folder exists, and a little longer."""
    for _ in range(seconds * 20):
        if path.exists():
            time.sleep(0.3)
            return
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


@pytest.fixture(scope="module")
def small_training(tmp_path_factory):
    """A network of two epochs, and what `adaptive` measures in the first two."""
    trained = ibnet.train("2.1", runs=1, epochs=2, directory=tmp_path_factory.mktemp("ibnet") / "d")
    ibnet.measure(trained, "adaptive:bins=30", epochs="0,1")
    return trained.directory


# -- the commands ------------------------------------------------------------------------------


def test_settings_are_listed(mibench):
    rows = json.loads(mibench("list", "settings", "--format", "json").stdout)
    assert len(rows) == 12
    [row] = [r for r in rows if r["setting"] == "2.2"]
    assert (row["layers"], row["activation"], row["rate"]) == (
        "12-10-7-5-4-3-2", "relu", 4e-4,
    )  # fmt: skip


def test_run_trains_measures_and_draws(mibench, tmp_path):
    done = mibench("ibnet", "run", *SMALL, "--format", "json", "-o", "d")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 12
    assert rows[0]["I(X;T) first"] == pytest.approx(12, abs=0.01)
    assert "2 networks of 12-10-7-5-4-3-2, tanh, 12 epochs, in d" in done.stderr
    for name in ("plane", "epochs", "errors", "maxima", "bins", "median-split"):
        assert (tmp_path / "d" / "figures" / f"{name}.png").stat().st_size > 10_000
        assert len(pd.read_csv(tmp_path / "d" / "figures" / f"{name}.csv")) > 0
    assert "wrote the information planes to d/plane.html" in done.stderr
    assert (tmp_path / "d" / "plane.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    # Once more with one of the two estimators, as most of the time goes into the figures.
    again = mibench("ibnet", "run", *SMALL, "-e", ONE, "--format", "json", "-o", "d")
    assert json.loads(again.stdout) == [row for row in rows if row["estimator"] == ONE]


def test_train_measure_and_plot(mibench, tmp_path):
    assert mibench("ibnet", "train", *SMALL).returncode == 0
    folder = "ibnet-2.1"
    done = mibench(
        "ibnet", "measure", folder, "--estimators", "uniform:bins=30,adaptive:bins=30,kde,knn",
        "--measure-epochs", "log:3", "--output", "all.csv", "--units", "nats",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "all.csv")
    assert list(table.columns[:2]) == ["estimator", "run"]
    assert set(table.estimator) == {"uniform:bins=30", "adaptive:bins=30", "kde", "knn"}
    assert set(table.epoch) == {0, 1, 3, 12}
    assert len(table) == 4 * 2 * 4 * 6
    binned = table[table.estimator == "uniform:bins=30"]
    assert binned.i_xt_nats.max() == pytest.approx(12 * np.log(2), abs=1e-4)
    assert "I(X;T) and I(T;Y) in nats" in done.stdout
    done = mibench("ibnet", "plot", folder, "-o", "here", "--pictures", "pdf", "-e", "knn")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "plane.pdf").read_bytes()[:4] == b"%PDF"
    assert set(pd.read_csv(tmp_path / "here" / "plane.csv").estimator) == {"knn"}


def test_other_networks_and_data(mibench, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", inputs=rng.normal(size=(200, 3)), labels=np.arange(200) % 4)
    done = mibench(
        "ibnet", "run", "2.1", "--data", "own.npz", "--layers", "3-6-4", "--activation", "relu6",
        "--batch", "full", "--optimizer", "sgd", "--init", "he", "--learning-rate", 0.1,
        "--seed", 7, "--runs", 3, "--epochs", 20, "-o", "d", "--momentum", 0.9, "--weight-decay", 1,
        "--label-noise", 0.2, "--keep", "0,5,10", "-e", ONE, "--dropout", 0.1,
        "--training-noise", 0.3,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "flagged: uniform:bins=30: more_bins_than_samples: " in done.stderr
    stored = json.loads((tmp_path / "d" / "training.json").read_text())["setting"]
    assert (stored["init"], stored["batch"], stored["seed"]) == ("he", "full", 7)
    assert (stored["momentum"], stored["weight_decay"], stored["label_noise"]) == (0.9, 1, 0.2)
    assert (stored["dropout"], stored["training_noise"]) == (0.1, 0.3)
    assert ibnet.read_measured(ibnet.load(tmp_path / "d")).epoch.values.tolist() == [0, 5, 10, 20]
    done = mibench(
        "ibnet", "run", "1.1-256", "--data", "digits", "--layers", "64-16-10", "--runs", 1,
        "--epochs", 3, "-e", "adaptive:bins=30", "-o", "digits",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_epochs_that_were_not_kept_are_named(mibench, tmp_path):
    options = ("ibnet", "train", "2.1", "--runs", 1, "--epochs", 4, "-o", "d")
    for keep, lost in (("0,4", ""), ("0,4", ""), ("0,3", "of epochs 3,"), ("every", "1, 2, 3,")):
        done = mibench(*options, "--keep", keep)
        assert done.returncode == 0, done.stderr
        assert ("without keeping" in done.stderr) == bool(lost)
        assert lost in " ".join(done.stderr.split())


# -- interruptions -------------------------------------------------------------------------------


def test_a_killed_training_and_measurement_continue(mibench, tmp_path):
    running = start(tmp_path, "train", *LONG, "-o", "d")
    wait_for(tmp_path / "d" / "training.zarr" / "weights" / "c" / "1", running)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    before = ibnet.load(tmp_path / "d")
    assert 0 < before.epochs < 2000
    assert mibench("ibnet", "train", *LONG, "-o", "d").returncode == 0
    trained = ibnet.load(tmp_path / "d")
    weights = trained.dataset.weights.values
    assert weights.shape[0] == 2001
    uninterrupted = ibnet.train("2.1", runs=4, epochs=2000)
    assert np.array_equal(weights, uninterrupted.dataset.weights.values)

    measuring = ("measure", "d", "-e", "adaptive:bins=30")
    running = start(tmp_path, *measuring)
    state_file = tmp_path / "d" / "measured.zarr" / "adaptive%3Abins=30" / "state" / "c" / "0" / "0"
    wait_for(state_file, running)  # the file itself: its folder is made earlier
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    # Count all runs: the two processes finish their batches in any order.
    measured = np.isfinite(ibnet.read_measured(trained).i_xt.values[0, :, :, 0]).sum()
    assert 0 < measured < 4 * 2001
    done = mibench("ibnet", *measuring, "--measure-epochs", "log:40", "--format", "json")
    assert done.returncode == 0, done.stderr
    continued = ibnet.read_measured(trained)
    again = ibnet.measure(uninterrupted, "adaptive:bins=30", epochs="log:40")
    epochs = again.epoch.values
    assert np.array_equal(continued.sel(epoch=epochs).i_xt.values, again.i_xt.values)


def test_ctrl_c_tells_how_to_continue(mibench, tmp_path):
    running = start(tmp_path, "train", *LONG, "-o", "d")
    wait_for(tmp_path / "d" / "checkpoint.npz", running)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "interrupted; d keeps what is trained, the same command continues" in err
    assert "Traceback" not in err
    assert "Warning" not in err


def test_two_processes_do_not_train_in_one_directory(mibench, tmp_path):
    running = start(tmp_path, "train", *LONG, "-o", "d")
    try:
        wait_for(tmp_path / "d" / "checkpoint.npz", running)
        done = mibench("ibnet", "train", *LONG, "-o", "d")
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    assert done.returncode == 2
    assert "another process is writing to d: wait for it" in done.stderr


def test_a_full_disk_loses_nothing(mibench, tmp_path):
    """A limit on the size of files replaces the full disk: writes fail in the same way."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    assert mibench("ibnet", "train", "2.1", "--runs", 4, "--epochs", 5, "-o", "d").returncode == 0
    more = ("2.1", "--runs", 4, "--epochs", 600)  # some megabytes
    running = start(tmp_path, "train", *more, "-o", "d", preexec_fn=limited)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 2, err
    assert "cannot write" in err
    assert "Traceback" not in err
    assert ibnet.load(tmp_path / "d").epochs == 5
    assert mibench("ibnet", "train", *more, "-o", "d").returncode == 0
    uninterrupted = ibnet.train("2.1", runs=4, epochs=600)
    assert np.array_equal(
        ibnet.load(tmp_path / "d").dataset.weights.values, uninterrupted.dataset.weights.values
    )


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("train", "3.1"), "unknown setting '3.1'"),
        (("train", "1.1"), "choose 1.1-full or 1.1-256"),
        (("train", "2.1", "--activation", "gelu"), "unknown activation function 'gelu'"),
        (("train", "2.1", "--optimizer", "lion"), "optimizer=lion"),
        (("train", "2.1", "--init", "zeros"), "init=zeros"),
        (("train", "2.1", "--momentum", 0.9), "momentum=0.9 has no effect on adam"),
        (("train", "2.1", "--keep", "some"), "give every, log:50, or a list"),
        (("run", "2.1", "--epochs", 9, "--keep", "0,5", "--measure-epochs", "3"), "epoch 3 is not"),
        (("train", "2.1", "--device", "tpu"), "unknown device 'tpu'"),
        (("train", "2.1", "--layers", "12,5,2"), "give widths such as 12-10-7-2"),
        (("train", "2.1", "--layers", "8-5-2"), "begins with 8 inputs, but icosahedron has 12"),
        (("train", "2.1", "--batch", "half"), "give a number of inputs, or full"),
        (("train", "2.1", "--runs", 0), "runs=0"),
        (("train", "2.1", "--epochs", -3), "epochs=-3"),
        (("train", "2.1", "--data", "cifar"), "unknown data set 'cifar'"),
        (("train", "2.1", "--data", "gone.npz"), "gone.npz"),
        (("train", "2.1", "-o", "file.txt"), "file.txt"),
        (("measure", "nowhere"), "nowhere holds no trained networks"),
        (("plot", "nowhere"), "nowhere holds no trained networks"),
        (("page", "nowhere"), "nowhere holds no trained networks"),
        (("measure", "d", "-e", "uniformm"), "did you mean 'uniform'"),
        (("measure", "d", "-e", "uniform:bins=0"), "bins=0"),
        (("measure", "d", "--measure-epochs", "sometimes"), "give every, log:50, or a list"),
        (("measure", "d", "--measure-epochs", "99"), "trained are epochs 0 to 2"),
        (("measure", "d", "--jobs", 0), "jobs is 0"),
        (("measure", "d", "--output", "numbers.xls"), "must end in one of"),
        (("plot", "d", "-e", "knn"), "holds no measurement by knn"),
        (("train", "2.2", "-o", "d"), "holds networks with activation='tanh', not 'relu'"),
        (("run", "2.1", "-o", "d", "--runs", 5), "holds networks with runs=1, not 5"),
        (("reproduce", "--scale", "huge"), "huge"),
        (("run", "2.1", "-e", "unifrom", "-o", "new"), "did you mean 'uniform'"),
        (("run", "2.1", "--measure-epochs", "some", "-o", "new"), "give every, log:50, or a list"),
        (("run", "2.1", "--jobs", 0, "-o", "new"), "jobs is 0"),
        (("train", "2.1", "--layers", "12-9999999999-2"), "layers="),
        (("train", "2.1", "-o", "n" * 300), "cannot write to nnn"),
        (("measure", "n" * 300), "cannot read nnn"),
        (("train", "gone.json"), "gone.json holds no setting"),
        (("train", "2.1", "-o", "file.txt/d"), "cannot write to file.txt/d"),
    ],
)
def test_mistakes_are_named(mibench, tmp_path, small_training, args, message):
    (tmp_path / "file.txt").write_text("mine")
    if "d" in args:
        shutil.copytree(small_training, tmp_path / "d")
    done = mibench("ibnet", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert (tmp_path / "file.txt").read_text() == "mine"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "damage",
    ["training.zarr/zarr.json", "training.zarr/weights/zarr.json", "training.zarr/weights/c/0/0/0",
     "training.zarr/max_activation/c/0/0/0", "training.zarr/train_error/c/0/0",
     "measured.zarr/adaptive%3Abins=30/i_xt/c/0/0/0", "training.json"],
)  # fmt: skip
def test_damaged_files_are_named(mibench, tmp_path, small_training, damage):
    shutil.copytree(small_training, tmp_path / "d")
    assert (tmp_path / "d" / damage).stat().st_size > 0
    (tmp_path / "d" / damage).write_bytes(b"{]" * 60)
    done = mibench("ibnet", "measure", "d", "-e", "adaptive:bins=30", "--measure-epochs", "0,1,2")
    assert done.returncode == 2, done.stderr
    assert re.search("cannot read d|d/training.json is damaged", done.stderr)


def test_any_number_of_epochs_may_be_asked_for(mibench, tmp_path, small_training):
    shutil.copytree(small_training, tmp_path / "d")
    args = ("measure", "d", "-e", "uniform:bins=30", "--measure-epochs", "log:99999999999")
    assert mibench("ibnet", *args).returncode == 0


def test_two_starts_at_once_are_one_training(tmp_path):
    both = [start(tmp_path, "train", *SMALL, "-o", "d") for _ in range(2)]
    results = [(process.communicate(timeout=60)[1], process.returncode) for process in both]
    assert any(code == 0 for _, code in results)
    for err, code in results:
        assert "Traceback" not in err
        assert code == 0 or (code == 2 and "another process is writing to d" in err)
    assert ibnet.load(tmp_path / "d").epochs == 12


def test_networks_are_measured_from_anywhere(mibench, tmp_path):
    """Networks that were trained on a file are measured without the file."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", inputs=rng.normal(size=(200, 3)), labels=np.arange(200) % 4)
    args = ("train", "2.1", "--data", "own.npz", "--layers", "3-6-4", "--runs", 2, "--epochs", 2)
    assert mibench("ibnet", *args, "-o", "d").returncode == 0
    assert mibench("ibnet", *args[:3], "./own.npz", *args[4:], "-o", "d").returncode == 0
    (tmp_path / "own.npz").unlink()
    done = mibench("ibnet", "measure", "d", "-e", "uniform:bins=30")
    assert done.returncode == 0, done.stderr


def test_diverging_networks_are_reported_and_the_others_continue(mibench, tmp_path):
    rng = np.random.default_rng(5)
    np.savez(tmp_path / "own.npz", inputs=rng.normal(size=(90, 5)), labels=np.arange(90) % 3)
    done = mibench(
        "ibnet", "run", "2.1", "--data", "own.npz", "--layers", "5-8-8-8-8-3", "--init", "he",
        "--activation", "linear", "--optimizer", "sgd", "--learning-rate", 0.3, "--batch", 16,
        "--runs", 12, "--epochs", 30, "-o", "d", "-e", ONE, "--format", "json",
    )  # fmt: skip
    assert done.returncode == 1
    assert "diverged in epoch" in done.stderr
    assert "lower the learning rate" in done.stderr
    alive = 12 - done.stderr.count("diverged in epoch")
    assert alive > 0
    assert {row["runs"] for row in json.loads(done.stdout)} == {alive}


@pytest.mark.parametrize(
    ("missing", "extra", "args"),
    [
        ("zarr", "ibnet", ("train", "2.1", "--epochs", "1")),
        ("xarray", "ibnet", ("measure", "d")),
        ("torch", "torch", ("train", "2.1", "--epochs", "1", "--device", "cuda")),
    ],
)
def test_a_missing_package_is_asked_for_by_the_extra(tmp_path, missing, extra, args):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from mibench.cli.main import main; main(['ibnet', *{list(args)!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert f"{missing} is not installed" in done.stderr
    assert f"pip install 'mibench[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_training_on_a_cpu_needs_no_torch(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mibench.cli.main import main\n"
        f"main(['ibnet', 'run', '2.1', '--runs', '1', '--epochs', '2', '-e', '{ONE}', '-o', 'd'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert Path(tmp_path / "d" / "figures" / "plane.png").exists()
