"""Measuring: against the obvious NumPy, and what is kept, resumed, dropped and refused."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

import mibench
from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.measuring.binding import bind_to_run, resolve_for_layers
from mibench.ibnet.measuring.estimates import FLAG_BITS, MISSING
from mibench.ibnet.measuring.schedule import epochs_of
from mibench.ibnet.measuring.store import stored_results
from mibench.ibnet.measuring.trajectories import failures, layer_rows, tidy
from mibench.ibnet.networks.archive import stored_array
from mibench.ibnet.settings import change_setting

from . import naive

ACTIVATIONS = ("tanh", "relu", "elu", "relu6", "linear")
LOWEST = {"tanh": -1, "relu": 0, "elu": -1, "relu6": 0}
CLOSE = 2e-6  # results are kept in float32, whose last digit of 12 bits is 1e-6


@pytest.fixture(scope="module")
def networks():
    """Two networks of every activation, trained until some of the layers saturate."""
    setting = ibnet.get_setting("2.1", runs=2, epochs=6, learning_rate=0.03)
    return {a: ibnet.train(change_setting(setting, activation=a)) for a in ACTIVATIONS}


@pytest.fixture
def kept(tmp_path):
    """A training on disk, in pieces of four epochs."""
    return ibnet.train("2.2", runs=3, epochs=10, directory=tmp_path / "t")


# -- the obvious twin --------------------------------------------------------------------------


def entropy(symbols):
    p = np.array(list(Counter(symbols).values())) / len(symbols)
    return float(-(p * np.log2(p)).sum())


def information(bins, labels):
    """I(X;T) = H(T) and I(T;Y) = H(T) - H(T|Y) in bits; a row of bins is one symbol."""
    rows = [row.tobytes() for row in np.ascontiguousarray(bins)]
    h = entropy(rows)
    within = sum(
        (labels == y).mean() * entropy([r for r, own in zip(rows, labels, strict=True) if own == y])
        for y in set(labels.tolist())
    )
    return h, h - within


def uniform(trained, run, layer, bins):
    """Equal bins over one range, shared by all layers and epochs of the run, as the thesis has."""
    every = [
        t for e in range(trained.epochs + 1) for t in trained.activations(run, e)
    ]  # all layers, all epochs
    top = max(float(t.max()) for t in every)
    bottom = min(float(t.min()) for t in every)
    low, high = {
        "tanh": (-1, 1), "relu": (0, top), "elu": (-1, top), "relu6": (0, 6),
        "linear": (bottom, top),
    }[trained.setting.activation]  # fmt: skip
    edges = np.linspace(low, high, bins + 1)
    return np.clip(np.digitize(layer.astype(float), edges) - 1, 0, bins - 1)


def adaptive(trained, _run, layer, bins):
    """Equally many unique values a bin, pooled over neurons; the lower bound has its own."""
    lowest = LOWEST.get(trained.setting.activation)
    values = layer.astype(float)
    others = values[values != lowest]
    parts = bins - (len(others) < values.size)
    # Exact quantiles: in floats one may fall just beside a value, and move it to the next bin.
    edges = [float(e) for e in naive.quantile_edges(others, parts)]
    return np.where(values == lowest, -1, np.digitize(values, edges))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("twin", [uniform, adaptive])
def test_binned_information_is_the_obvious_numpy(networks, activation, twin):
    trained = networks[activation]
    labels = trained.data.labels
    found = ibnet.measure(trained, [f"{twin.__name__}:bins=30"], epochs="0,2,6")
    for run in (0, 1):
        for epoch in (0, 2, 6):
            ours = found.isel(estimator=0).sel(run=run, epoch=epoch)
            for number, layer in enumerate(trained.activations(run, epoch)):
                want = information(twin(trained, run, layer, 30), labels)
                got = float(ours.i_xt[number]), float(ours.i_ty[number])
                assert got == pytest.approx(want, abs=CLOSE), (run, epoch, number)


@pytest.mark.parametrize("spec", ["kde", "kde:variant=lower", "kde:noise_variance=0.1", "knn"])
def test_other_estimators_are_those_of_the_library(networks, spec):
    """The same call as a user's own, on activations that a user can get."""
    trained = networks["tanh"]
    found = ibnet.measure(trained, spec, epochs="6").isel(estimator=0, epoch=0)
    if "noise_variance" not in spec:
        spec += f"{',' if ':' in spec else ':'}noise_variance=1e-3"
    for number in (0, 5):
        layer = trained.activations(1, 6)[number]
        for name, side in (("i_xt", trained.data.symbols), ("i_ty", trained.data.labels)):
            want = mibench.estimate(side, layer, spec, discrete_x=True).bits
            assert float(found[name][1, number]) == pytest.approx(want, abs=1e-5)


def test_bounds_by_pairs_lie_in_order(networks):
    """Upper bounds on entropy are above lower ones; more noise hides more; H(X) bounds both."""
    found = ibnet.measure(
        networks["tanh"], "kde,kde:variant=lower,kde:noise_variance=0.1", epochs="0,6"
    )
    upper, lower, noisier = (found.i_xt.isel(estimator=i).values for i in range(3))
    assert (upper >= lower - 1e-6).all()
    assert (noisier <= upper + 1e-6).all()
    assert (upper <= 12 + 1e-6).all()
    assert (lower >= -1e-6).all()


def test_bins_of_a_layer_keep_the_inequality_with_its_input(networks):
    """I(T;Y) <= I(X;T) <= H(X), I(T;Y) <= H(Y), whatever the binning."""
    for trained in networks.values():
        found = ibnet.measure(trained)
        assert (found.i_ty <= found.i_xt + 1e-6).all()
        assert (found.i_xt <= 12 + 1e-6).all()
        assert (found.i_ty <= 0.99916 + 1e-5).all()
        assert (found.i_ty >= -1e-6).all()


# -- parameters that follow the network ----------------------------------------------------------


def bound(spec, activation, low=-2.0, high=3.0):
    setting = ibnet.get_setting("2.1", activation=activation)
    return bind_to_run(resolve_for_layers(spec)[0], setting, low, high)


@pytest.mark.parametrize(
    ("activation", "span", "own"),
    [
        ("tanh", (-1, 1), -1),
        ("relu", (0, 3), 0),
        ("elu", (-1, 3), -1),
        ("relu6", (0, 6), 0),
        ("linear", (-2, 3), None),
    ],
)
def test_what_is_left_open_follows_the_network(activation, span, own):
    uniform_ = bound("uniform:bins=30", activation)
    assert uniform_.range == span
    adaptive_ = bound("adaptive:bins=30", activation)
    assert (adaptive_.pooled, adaptive_.own_bin) == (True, own)
    assert bound("kde", activation).noise_variance == 1e-3
    assert bound("knn:k=5", activation).noise_variance == 1e-3


def test_what_is_given_stays():
    assert bound("adaptive:bins=30,pooled=false", "relu").pooled is False
    assert bound("adaptive:own_bin=none", "relu").own_bin is None
    assert bound("kde:bandwidth=0.5", "relu").noise_variance is None
    assert bound("knn:standardize=true", "relu").noise_variance is None
    assert bound("uniform:range=-5:5", "relu").range == (-5, 5)
    assert bound("adaptive:own_bin=7", "relu").own_bin == 7
    assert bound("kde:noise_variance=0.1", "tanh").noise_variance == 0.1


def test_a_default_that_is_given_is_part_of_the_name():
    specs = [
        one.spec
        for one in resolve_for_layers("adaptive:pooled=false,adaptive,adaptive:pooled=true")
    ]
    assert specs == ["adaptive:pooled=false", "adaptive", "adaptive:pooled=true"]
    assert [one.spec for one in resolve_for_layers(["knn:k=3,seed=0", "knn", "knn"])] == ["knn"]


def test_edges_for_each_neuron_are_measured_and_kept_beside_pooled_ones(kept):
    specs = ["adaptive:bins=30,pooled=false", "adaptive:bins=30"]
    found = ibnet.measure(kept, specs, epochs="10")
    assert found.estimator.values.tolist() == specs
    assert not found.i_xt[0].equals(found.i_xt[1])
    layer = kept.activations(2, 10)[1]
    spec = "adaptive:bins=30,own_bin=0"
    want = mibench.estimate(kept.data.symbols, layer, spec, discrete_x=True).bits
    assert float(found.i_xt[0, 2, 0, 1]) == pytest.approx(want, abs=CLOSE)


def test_a_dead_network_has_a_range():
    """All ReLU outputs 0: bins need some width."""
    low, high = bound("uniform", "relu", 0.0, 0.0).range
    assert low == 0 < high


# -- schedules -----------------------------------------------------------------------------------


def test_schedules():
    assert epochs_of("every", 4).tolist() == [0, 1, 2, 3, 4]
    assert epochs_of("0, 7,3", 9).tolist() == [0, 3, 7]
    spaced = epochs_of("log:200", 8000)
    assert spaced[[0, 1, -1]].tolist() == [0, 1, 8000]
    assert (np.diff(spaced) > 0).all()
    steps = np.diff(np.log(spaced[spaced > 200]))
    assert steps == pytest.approx(math.log(8000) / 199, rel=0.2)  # rounded to whole epochs
    assert epochs_of("log:9", 0).tolist() == [0]


@pytest.mark.parametrize("bad", ["log:0", "log:", "all", "", "1,,2", "-1", "0.5", "3,11"])
def test_bad_schedules(bad):
    with pytest.raises(InputError, match="epochs"):
        epochs_of(bad, 10)


def test_estimators_of_all_pairs_are_run_on_fewer_epochs(kept):
    found = ibnet.measure(changed_epochs(kept), ["uniform:bins=30", "kde"])
    measured = found.i_xt.notnull().any(("run", "layer"))
    assert int(measured.sel(estimator="uniform:bins=30").sum()) == 11
    # log:50 of ten epochs is all of them; of more, fewer
    assert len(epochs_of("log:50", 8000)) < 52


def changed_epochs(trained):
    return trained


# -- kept, resumed, dropped ----------------------------------------------------------------------


@dataclass(frozen=True)
class Counting:
    """An estimator of the session that counts its calls in a list that tests look at."""

    name: str = "counting"

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        CALLS.append(y.shape)
        assert discrete_x
        return mibench.Estimate(float(y.shape[1]) * math.log(2))


CALLS = []


def measured_epochs(found, spec):
    return found.epoch.values[found.i_xt.sel(estimator=spec).notnull().all(("run", "layer"))]


def test_what_is_measured_is_not_measured_again(kept):
    totals = []

    def seen(_done, total):
        totals.append(total)

    ibnet.measure(kept, "uniform:bins=30", epochs="0,5", on_progress=seen)
    assert totals[-1] == 6
    ibnet.measure(kept, "uniform:bins=30,adaptive:bins=30", epochs="0,5,6", on_progress=seen)
    assert totals[-1] == 3 + 9
    seconds = ibnet.load(kept.directory).group.attrs["measure_seconds"]
    again = []
    found = ibnet.measure(
        kept, "uniform:bins=30,adaptive:bins=30", epochs="0,5,6", on_progress=again.append
    )
    assert again == []
    assert ibnet.load(kept.directory).group.attrs["measure_seconds"] == seconds > 0
    assert measured_epochs(found, "uniform:bins=30").tolist() == [0, 5, 6]
    loaded = ibnet.read_measured(ibnet.load(kept.directory))
    assert set(loaded.estimator.values) == {"uniform:bins=30", "adaptive:bins=30"}
    assert loaded.sel(estimator=found.estimator).i_xt.equals(found.i_xt)


def test_processes_change_no_number_and_an_interruption_loses_nothing(kept, monkeypatch):
    monkeypatch.setattr("mibench.ibnet.measuring.measuring.MAX_BATCH_COST", 3)
    memory = ibnet.train("2.2", runs=3, epochs=10)
    straight = ibnet.measure(memory, jobs=1)

    def stop(done, total):
        if done >= total / 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ibnet.measure(kept, jobs=2, on_progress=stop)
    totals = []
    found = ibnet.measure(kept, jobs=2, on_progress=lambda _, total: totals.append(total))
    assert 0 < totals[-1] < 2 * 33
    for name in ("i_xt", "i_ty", "flags", "train_error", "max_activation"):
        assert np.array_equal(found[name].values, straight[name].values), name


def test_a_longer_training_moves_the_range_and_its_results(kept):
    """A run's range of ReLU bins is that of all its epochs; its old results no longer hold."""
    first = ibnet.measure(kept, ["uniform:bins=30", "adaptive:bins=30"])
    longer = ibnet.train("2.2", runs=3, epochs=40, directory=kept.directory)
    totals = []
    found = ibnet.measure(
        longer, ["uniform:bins=30", "adaptive:bins=30"],
        on_progress=lambda _, total: totals.append(total),
    )  # fmt: skip
    assert totals[-1] == 3 * 41 + 3 * 30  # uniform anew, adaptive only what was added
    straight = ibnet.measure(ibnet.train("2.2", runs=3, epochs=40))
    assert found.i_xt.values == pytest.approx(straight.i_xt.values, abs=0)
    old = first.i_xt.sel(estimator="adaptive:bins=30")
    assert np.array_equal(found.i_xt.sel(estimator="adaptive:bins=30")[:, :11], old)


def test_another_version_is_measured_again(kept, monkeypatch):
    ibnet.measure(kept, "uniform:bins=30", epochs="0,1")
    monkeypatch.setattr("mibench.contract.resolve.origin", lambda _: "mibench 99")
    totals = []
    ibnet.measure(
        kept, "uniform:bins=30", epochs="1", on_progress=lambda _, total: totals.append(total)
    )
    assert totals[-1] == 3
    state = stored_array(stored_results(kept)["uniform:bins=30"].group, "state")[:]
    assert (state[0] == MISSING).all()


def test_an_estimator_of_the_session_is_never_taken_from_the_disk(kept):
    for _ in range(2):
        CALLS.clear()
        found = ibnet.measure(kept, Counting(), epochs="3", jobs=1)
        assert len(CALLS) == 3 * 6 * 2
    assert found.i_xt.isel(estimator=0, run=0, epoch=0).values.tolist() == [10, 7, 5, 4, 3, 2]


@dataclass(frozen=True)
class Failing:
    """Fails on narrow layers."""

    least: int = 4

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        if y.shape[1] < self.least:
            raise ValueError(f"{y.shape[1]} neurons are too few")
        return mibench.Estimate(1.0, {"rare_labels": "a", "of my own": "b"})


def test_functions_measure_layers_and_an_edited_file_measures_again(kept, tmp_path):
    """A layer comes as y (n, width); the input and the label, as x, are a code each."""

    def widths(x, y):
        return x.shape[1] + y.shape[1] / 8

    found = ibnet.measure(kept, [widths], epochs="0").sel(estimator="widths", epoch=0)
    nats = 1 + np.array(kept.setting.layers[1:]) / 8
    for bits in (found.i_xt, found.i_ty):
        assert np.allclose(bits.isel(run=0) * math.log(2), nats)
    spec = f"function:call={tmp_path / 'mine.py'}:f,units=bits"
    for value in (0.25, 0.5, 0.5):
        (tmp_path / "mine.py").write_text(f"def f(x, y):\n    return {value}\n")
        again = ibnet.measure(kept, spec, epochs="0")
        assert set(again.i_xt.values[np.isfinite(again.i_xt)].tolist()) == {value}


def test_failures_are_results(kept):
    found = ibnet.measure(kept, Failing(), epochs="0,4", jobs=1).isel(estimator=0)
    assert np.isfinite(found.i_xt.values[..., :4]).all()
    assert np.isnan(found.i_xt.values[..., 4:]).all()
    assert found.failed.values.all()
    assert failures(found) == [
        "Failing: layer 5: ValueError: 3 neurons are too few (6 epoch-run pairs)"
    ]
    assert (found.flags[..., :4] == FLAG_BITS["rare_labels"] | FLAG_BITS["other"]).all()


def test_missing_weights_are_a_failure_that_can_be_mended(kept):
    chunk = kept.directory / "training.zarr" / "weights" / "c" / "0" / "0" / "0"
    away = chunk.rename(kept.directory / "away")
    found = ibnet.measure(kept, "uniform:bins=30", epochs="3")
    assert np.isnan(found.i_xt.values).all()
    assert failures(found) == [
        "uniform:bins=30: layer 1: its weights are missing: restore training.zarr "
        "(3 epoch-run pairs)"
    ]
    away.rename(chunk)
    assert failures(ibnet.measure(kept, "uniform:bins=30", epochs="3")) == []


def test_networks_trained_further_elsewhere_are_measured_as_they_are_now(kept):
    ibnet.train("2.2", runs=3, epochs=20, directory=kept.directory)
    found = ibnet.measure(kept, "adaptive:bins=30")
    assert found.epoch.values[-1] == 20
    assert ibnet.load(kept.directory).epochs == 20


def test_a_first_look_does_not_cut_the_files_for_ever(kept):
    ibnet.measure(kept, "uniform:bins=30", epochs="0")
    ibnet.train("2.2", runs=3, epochs=60, directory=kept.directory)
    ibnet.measure(kept, "uniform:bins=30")
    files = [f for f in (kept.directory / "measured.zarr").rglob("*") if f.is_file()]
    assert len(files) < 15


# -- trajectories --------------------------------------------------------------------------------


def test_trajectories_are_labelled_saved_and_loaded(networks, tmp_path):
    found = ibnet.measure(networks["relu"], ["uniform:bins=30", "adaptive:bins=30"])
    assert dict(found.sizes) == {"estimator": 2, "run": 2, "epoch": 7, "layer": 6}
    assert found.i_xt.dims == ("estimator", "run", "epoch", "layer")
    assert found.i_xt.attrs["units"] == "bits"
    assert found.sel(estimator="uniform:bins=30", run=1, epoch=3, layer=2).i_xt.ndim == 0
    ibnet.save_trajectories(found, tmp_path / "t.nc")
    again = ibnet.load_trajectories(tmp_path / "t.nc")
    assert again.equals(found)
    assert again.attrs["training"] == found.attrs["training"]
    with pytest.raises(InputError, match=r"must end in one of \.nc"):
        ibnet.save_trajectories(found, tmp_path / "t.csv")
    (tmp_path / "bad.nc").write_text("no")
    with pytest.raises(InputError, match="cannot be read as trajectories"):
        ibnet.load_trajectories(tmp_path / "bad.nc")


def test_trajectories_as_tables(networks):
    found = ibnet.measure(networks["elu"], ["uniform:bins=30"], epochs="0,6")
    table = tidy(found)
    assert len(table) == 2 * 2 * 6
    row = table[(table.run == 1) & (table.epoch == 6) & (table.layer == 4)].iloc[0]
    assert row.i_xt_bits == pytest.approx(float(found.i_xt[0, 1, 1, 3]))
    in_nats = tidy(found, "nats")
    assert np.allclose(in_nats.i_ty_nats, table.i_ty_bits * math.log(2))
    headings, rows = layer_rows(found)
    assert len(rows) == 6
    third = dict(zip(headings, rows[2], strict=True))
    assert third["neurons"] == 5
    assert third["I(X;T) last"] == pytest.approx(float(found.i_xt[0, :, 1, 2].mean()))
    assert third["I(X;T) highest"] >= third["I(X;T) last"] - 1e-9


def test_four_lines_of_python():
    setting = ibnet.get_setting("2.2")
    trained = ibnet.train(setting, runs=2, epochs=3)
    trajectories = ibnet.measure(trained, ["uniform:bins=30", "adaptive:bins=30"])
    drawing = ibnet.plot_plane(trajectories)
    assert drawing.figure.axes


def test_refusals(kept, tmp_path):
    with pytest.raises(InputError, match="unknown estimator 'uniformly'"):
        ibnet.measure(kept, "uniformly")
    with pytest.raises(InputError, match="trained are epochs 0 to 10; train more"):
        ibnet.measure(kept, epochs="11")
    with pytest.raises(InputError, match="jobs is 0"):
        ibnet.measure(kept, jobs=0)
    with pytest.raises(InputError, match="holds no measurement by uniform:bins=30,adaptive"):
        ibnet.read_measured(kept)
    ibnet.measure(kept, "uniform:bins=30", epochs="0")
    with pytest.raises(InputError, match="holds no measurement by kde"):
        ibnet.read_measured(kept, ["uniform:bins=30", "kde"])
