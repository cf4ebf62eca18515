"""Train and test inputs measured apart: the rows, their numbers, where they are kept and shown."""

import json
import math
import shutil

import numpy as np
import pytest

import mibench
from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.figures.page import planes_page
from mibench.ibnet.measuring.rows import rows_of_runs
from mibench.ibnet.measuring.store import stored_results
from mibench.ibnet.measuring.trajectories import tidy
from mibench.ibnet.networks.initial import make_run_start
from mibench.ibnet.settings import Setting
from mibench.ibnet.thesis.claims import claims_table

PARTS = ("train", "test")
ALL = ("all", *PARTS)
UNIFORM, ADAPTIVE = "uniform:bins=30", "adaptive:bins=30"
CLOSE = 2e-6  # results are stored in float32, whose precision at 12 bits is 1e-6


@pytest.fixture(scope="module")
def trained():
    """Two ReLU networks that were taught wrong labels for 30% of the train inputs."""
    setting = ibnet.get_setting("2.2", runs=2, epochs=4, learning_rate=0.01, label_noise=0.3)
    return ibnet.train(setting)


@pytest.fixture(scope="module")
def measured(trained):
    """By inputs."""
    specs = [UNIFORM, ADAPTIVE, "kde"]
    return {inputs: ibnet.measure(trained, specs, inputs=inputs, epochs="0,4") for inputs in ALL}


@pytest.fixture
def stored(tmp_path):
    return ibnet.train("2.2", runs=2, epochs=5, directory=tmp_path / "d")


def total_of(trained, estimators, **options):
    """How many networks were measured: 0 if all results were stored."""
    totals = [0]
    ibnet.measure(trained, estimators, on_progress=lambda _, total: totals.append(total), **options)
    return totals[-1]


# -- which rows ----------------------------------------------------------------------------------


def test_the_split_is_the_one_of_the_training():
    """The errors that training recorded are those of these rows."""
    trained = ibnet.train("2.1", runs=3, epochs=20)
    splits = [trained.split(run) for run in range(3)]
    for run, rows in enumerate(splits):
        assert sorted(np.concatenate(rows)) == list(range(4096))
        is_wrong = trained.activations(run, 20)[-1].argmax(axis=1) != trained.data.labels
        for part, chosen in zip(PARTS, rows, strict=True):
            recorded = trained.dataset[f"{part}_error"].sel(epoch=20, run=run)
            assert is_wrong[chosen].mean() == pytest.approx(float(recorded), abs=1e-6)
        start = make_run_start(trained.setting, trained.data, run)
        assert np.array_equal(start.train, rows[0])
        assert np.array_equal(start.test, rows[1])
    assert not np.array_equal(splits[0][1], splits[1][1])
    with pytest.raises(InputError, match="run 3: there are runs 0 to 2"):
        trained.split(3)


# -- the numbers ---------------------------------------------------------------------------------


def test_numbers_are_those_of_an_estimator_on_these_rows_alone(trained, measured):
    """Uniform bins have the range of all inputs; labels are the true ones."""
    data = trained.data
    top = float(trained.dataset.max_activation.sel(run=1).max())
    specs = {
        UNIFORM: f"uniform:bins=30,range=0:{top!r}",
        ADAPTIVE: "adaptive:bins=30,pooled=true,own_bin=0",
        "kde": "kde:noise_variance=1e-3",
    }
    for part, rows in zip(PARTS, trained.split(1), strict=True):
        for name, spec in specs.items():
            of_run = measured[part].sel(estimator=name, run=1, epoch=4)
            for layer in (2, 4, 6):
                values = trained.activations(1, 4)[layer - 1][rows]
                for side, numbers in (("i_xt", data.symbols), ("i_ty", data.labels)):
                    want = mibench.estimate(numbers[rows], values, spec, discrete_x=True).bits
                    got = float(of_run[side].sel(layer=layer))
                    assert got == pytest.approx(want, abs=1e-5), (part, name, layer, side)


def test_labels_are_the_true_ones(trained, measured):
    """With those that were taught, I(T;Y) of the train inputs would be smaller."""
    train, _ = trained.split(0)
    taught = make_run_start(trained.setting, trained.data, 0).taught
    assert (taught != trained.data.labels)[train].mean() == pytest.approx(0.3, abs=0.001)
    layer, spec = trained.activations(0, 4)[3][train], "adaptive:bins=30,pooled=true,own_bin=0"
    true, wrong = (
        mibench.estimate(labels[train], layer, spec, discrete_x=True).bits
        for labels in (trained.data.labels, taught)
    )
    got = measured["train"].i_ty.sel(estimator=ADAPTIVE, run=0, epoch=4, layer=4)
    assert float(got) == pytest.approx(true, abs=CLOSE)
    assert abs(float(got) - wrong) > 0.01


def test_all_three_differ(measured):
    for one, other in (("all", "train"), ("all", "test"), ("train", "test")):
        for name in ("i_xt", "i_ty"):
            differs = np.abs(measured[one][name] - measured[other][name])
            assert (differs.sel(layer=3) > 1e-4).all(), (one, other, name)
        of_first = np.abs(measured[one].i_xt - measured[other].i_xt).sel(layer=1)
        assert (of_first > 0.3).all()  # T1 tells nearly all inputs apart, and H(X) differs


def test_exact_counts_these_rows():
    setting = ibnet.get_setting("2.1", quantize=4, runs=1, epochs=2)
    trained = ibnet.train(setting)
    for part, rows in zip(PARTS, trained.split(0), strict=True):
        now = ibnet.measure(trained, "exact", inputs=part, epochs="2").isel(estimator=0, run=0)
        for number, layer in enumerate(trained.activations(0, 2)):
            counts = np.unique(layer[rows], axis=0, return_counts=True)[1]
            entropy = -(counts / len(rows) * np.log2(counts / len(rows))).sum()
            assert float(now.i_xt[0, number]) == pytest.approx(entropy, abs=CLOSE)


@pytest.mark.slow
def test_results_do_not_depend_on_jobs(trained, measured):
    for part in PARTS:
        two = ibnet.measure(trained, [UNIFORM, ADAPTIVE, "kde"], inputs=part, epochs="0,4", jobs=2)
        assert two.equals(measured[part])


def test_h_x_is_that_of_the_inputs_measured(measured):
    for part, n in (("all", 4096), ("train", 3277), ("test", 819)):
        trajectories = measured[part]
        assert (trajectories.attrs["measured_inputs"], trajectories.attrs["inputs"]) == (part, n)
        assert trajectories.attrs["h_x_bits"] == pytest.approx(math.log2(n), abs=1e-12)
        first = trajectories.i_xt.sel(estimator=ADAPTIVE, epoch=0, layer=1)
        assert first.values == pytest.approx(math.log2(n), abs=1e-5)  # it tells all inputs apart
        assert any("ceiling of I(X;T)" in line for line in ibnet.flag_lines(trajectories))
        assert float(trajectories.i_xt.max()) <= math.log2(n) + CLOSE


def test_equal_inputs_count_once():
    """H(X) of the rows of each run; the attribute has the largest."""
    rng = np.random.default_rng(0)
    data = Data("pairs", np.repeat(rng.normal(size=(40, 2)), 2, axis=0), np.arange(80) % 2, 2)
    setting = Setting("pairs", (2, 3, 2), runs=3, epochs=1, data="pairs", test_fraction=0.5)
    trained = ibnet.train(setting, data=data)
    entropies = []
    for _, rows in map(trained.split, range(3)):
        counts = np.unique(rows // 2, return_counts=True)[1]
        entropies.append(-(counts / 40 * np.log2(counts / 40)).sum())
    assert len(set(entropies)) > 1
    test = ibnet.measure(trained, "adaptive:bins=200", inputs="test", epochs="0")
    assert test.attrs["h_x_bits"] == pytest.approx(max(entropies), abs=1e-12)
    first = test.i_xt.sel(layer=1).values.ravel()
    assert first == pytest.approx(entropies, abs=CLOSE)


# -- kept side by side ---------------------------------------------------------------------------


def test_results_are_kept_side_by_side(stored):
    memory = ibnet.train("2.2", runs=2, epochs=5)
    assert total_of(stored, UNIFORM) == 12
    folder = stored.directory / "measured.zarr"
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert {p.name for p in folder.iterdir()} == {"uniform%3Abins=30"}
    attributes = json.loads((folder / "uniform%3Abins=30" / "zarr.json").read_text())["attributes"]
    assert set(attributes) == {"spec", "identities"}  # as earlier versions stored them
    for part in PARTS:
        assert total_of(stored, UNIFORM, inputs=part) == 12
        assert total_of(stored, UNIFORM, inputs=part) == 0
    assert total_of(stored, UNIFORM) == 0
    assert all(path.read_bytes() == content for path, content in before.items())
    loaded = ibnet.load(stored.directory)
    for inputs in ALL:
        again = ibnet.read_measured(loaded, inputs=inputs)
        assert again.attrs["measured_inputs"] == inputs
        assert again.estimator.values.tolist() == [UNIFORM]
        straight = ibnet.measure(memory, UNIFORM, inputs=inputs)
        for name in ("i_xt", "i_ty", "flags"):
            assert np.array_equal(again[name], straight[name])


@pytest.mark.slow
def test_an_interruption_loses_nothing(stored, monkeypatch):
    monkeypatch.setattr("mibench.ibnet.measuring.measuring.MAX_BATCH_COST", 3)
    ibnet.measure(stored, UNIFORM, inputs="train")

    def stop(done, total):
        if done >= total / 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ibnet.measure(stored, UNIFORM, inputs="test", on_progress=stop)
    assert 0 < total_of(stored, UNIFORM, inputs="test") < 12
    straight = ibnet.measure(ibnet.train("2.2", runs=2, epochs=5), UNIFORM, inputs="test")
    again = ibnet.read_measured(ibnet.load(stored.directory), inputs="test")
    for name in ("i_xt", "i_ty", "flags"):
        assert np.array_equal(again[name], straight[name])


def test_results_of_other_inputs_are_refused(stored):
    ibnet.measure(stored, UNIFORM, inputs="test", epochs="0")
    folder = stored.directory / "measured.zarr"
    for name in ("uniform%3Abins=30", "uniform%3Abins=30@train"):
        shutil.copytree(folder / "uniform%3Abins=30@test", folder / name)
        inputs = name.partition("@")[2] or "all"
        for call in (
            lambda i=inputs: ibnet.read_measured(stored, inputs=i),
            lambda i=inputs: ibnet.measure(stored, UNIFORM, inputs=i),
        ):
            with pytest.raises(InputError, match=f"has inputs='test', not '{inputs}'"):
                call()
        shutil.rmtree(folder / name)
    assert set(stored_results(stored, "test")) == {UNIFORM}
    assert stored_results(stored, "train") == stored_results(stored) == {}


def test_what_was_not_measured_is_named_with_its_command(stored):
    ibnet.measure(stored, UNIFORM, epochs="0")
    with pytest.raises(InputError, match=f"of test inputs by .*{UNIFORM}.* --inputs test`"):
        ibnet.read_measured(stored, inputs="test")


# -- shown ---------------------------------------------------------------------------------------


def caption_of(drawing):
    return " ".join(drawing.figure.get_suptitle().split())


@pytest.mark.slow
def test_figures_and_the_page_say_which_inputs(measured):
    for part in PARTS:
        for draw in (ibnet.plot_plane, ibnet.plot_epochs):
            assert f"batches of 256), {part} inputs" in caption_of(draw(measured[part]))
        page = planes_page(measured[part])
        assert f"<h1>Information planes of relu-256, changed, {part} inputs</h1>" in page
        assert f'"h_x":{round(math.log2({"train": 3277, "test": 819}[part]), 5)}' in page
    for draw in (ibnet.plot_planes, ibnet.plot_epochs):
        titles = [axes.get_title("left") for axes in draw(measured).figure.axes]
        for part in PARTS:
            assert any(t.startswith(f"{part}, {part} inputs\n{UNIFORM} (") for t in titles)
    assert "inputs" not in caption_of(ibnet.plot_plane(measured["all"]))
    assert "all inputs" not in planes_page(measured["all"])


def test_the_audit_says_which_inputs_and_ends_at_their_h_x():
    trained = ibnet.train(ibnet.get_setting("2.1", quantize=8, runs=2, epochs=2))
    drawing = ibnet.plot_audit(ibnet.measure(trained, f"exact,{UNIFORM}", inputs="test"))
    assert "quantised to 8 bits), test inputs" in caption_of(drawing)
    top = drawing.figure.axes[0].get_ylim()[1]
    assert math.log2(819) < top < 12


def test_tables_say_which_inputs(measured):
    assert set(tidy(measured["test"]).inputs) == {"test"}
    assert "inputs" not in tidy(measured["all"])


def test_saved_trajectories_say_which_inputs(measured, tmp_path):
    ibnet.save_trajectories(measured["train"], tmp_path / "t.nc")
    again = ibnet.load_trajectories(tmp_path / "t.nc")
    assert again.attrs["measured_inputs"] == "train"


# -- refused -------------------------------------------------------------------------------------


def test_refusals(trained, measured):
    with pytest.raises(InputError, match=r"unknown value of inputs 'validation'.*all, train, test"):
        ibnet.measure(trained, UNIFORM, inputs="validation")
    own = ibnet.from_activations({"a": np.arange(6.0)}, np.arange(6) % 2)
    for call in (ibnet.measure, ibnet.read_measured):
        with pytest.raises(InputError, match=r"no split into train and test inputs.*two watches"):
            call(own, inputs="train")
    assert ibnet.measure(own, UNIFORM).attrs["measured_inputs"] == "all"
    with pytest.raises(InputError, match="those of test inputs, and trajectories 0 those of train"):
        ibnet.join_runs([measured["train"], measured["test"]])
    with pytest.raises(InputError, match="test inputs were measured, and the claims are about all"):
        claims_table({"relu-256": measured["test"]})


def test_all_rows_are_all(trained):
    assert [rows.tolist() for rows in rows_of_runs(trained, "all")] == [list(range(4096))] * 2


# -- the commands --------------------------------------------------------------------------------


@pytest.mark.slow
def test_commands(mibench, tmp_path):
    done = mibench(
        "ibnet", "run", "2.1", "--quantize", 8, "--runs", 2, "--epochs", 3, "-e", UNIFORM,
        "--inputs", "test", "-o", "d",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "means over runs, test inputs" in " ".join(done.stdout.split())
    shown = tmp_path / "d" / "figures" / "test"
    assert {"plane.png", "epochs.png", "median-split.png"} <= {p.name for p in shown.iterdir()}
    assert not (shown / "errors.png").exists()
    page = (tmp_path / "d" / "plane-test.html").read_text(encoding="utf-8")
    assert ", test inputs</title>" in page
    assert not (tmp_path / "d" / "plane.html").exists()
    done = mibench("ibnet", "plot", "d", "--inputs", "train")
    assert (done.returncode, done.stdout) == (2, "")
    command = done.stderr.partition("`mibench ")[2].partition("`")[0].split()
    assert mibench(*command).returncode == 0, command  # the remedy works
    for verb in ("plot", "page"):
        assert mibench("ibnet", verb, "d", "--inputs", "train").returncode == 0
    assert (tmp_path / "d" / "figures" / "train" / "plane.png").exists()
    assert (tmp_path / "d" / "plane-train.html").exists()
    done = mibench("ibnet", "audit", "d", "-e", UNIFORM, "--inputs", "train")
    assert done.returncode == 0, done.stderr
    assert "Estimators against exact, in bits, train inputs" in " ".join(done.stdout.split())
    assert (tmp_path / "d" / "figures" / "train" / "audit.png").exists()
    assert not (tmp_path / "d" / "figures" / "plane.png").exists()


@pytest.mark.slow
def test_own_networks_are_refused_by_the_commands(mibench, tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    watch = ibnet.watch(model, (torch.randn(8, 3), torch.arange(8) % 2), directory=tmp_path / "d")
    watch.log(0)
    for verb in ("measure", "audit", "plot", "page"):
        done = mibench("ibnet", verb, "d", "--inputs", "train")
        assert (done.returncode, done.stdout) == (2, "")
        assert "Make two watches" in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
    assert mibench("ibnet", "measure", "d", "--inputs", "some").returncode == 2
