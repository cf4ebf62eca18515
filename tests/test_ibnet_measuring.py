"""Measuring: compared with plain NumPy; results are stored, resumed, dropped and refused."""

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import mibench
from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.measuring.binding import bind_to_run, resolve_for_layers
from mibench.ibnet.measuring.estimates import FLAG_BITS, MISSING
from mibench.ibnet.measuring.store import stored_results
from mibench.ibnet.measuring.trajectories import failures, layer_rows, tidy
from mibench.ibnet.networks.archive import stored_array
from mibench.ibnet.schedule import as_schedule, epochs_of
from mibench.ibnet.settings import change_setting

from . import naive

ACTIVATIONS = ("tanh", "relu", "elu", "relu6", "linear")
LOWEST = {"tanh": -1, "relu": 0, "elu": -1, "relu6": 0}
CLOSE = 2e-6  # results are stored in float32, whose precision at 12 bits is 1e-6


@pytest.fixture(scope="module")
def networks():
    """Two networks of every activation, trained until some of the layers saturate."""
    setting = ibnet.get_setting("2.1", runs=2, epochs=6, learning_rate=0.03)
    return {a: ibnet.train(change_setting(setting, activation=a)) for a in ACTIVATIONS}


@pytest.fixture
def stored(tmp_path):
    """Networks on disk: three runs, ten epochs."""
    return ibnet.train("2.2", runs=3, epochs=10, directory=tmp_path / "t")


# -- plain NumPy --------------------------------------------------------------------------------


def entropy(symbols):
    p = np.array(list(Counter(symbols).values())) / len(symbols)
    return float(-(p * np.log2(p)).sum())


def information(bins, labels):
    """I(X;T) = H(T) and I(T;Y) = H(T) - H(T|Y) in bits; a row of bins is one symbol."""
    rows = [row.tobytes() for row in np.ascontiguousarray(bins, dtype=np.int8)]
    h = entropy(rows)
    within = sum(
        (labels == y).mean()
        * entropy([row for row, label in zip(rows, labels, strict=True) if label == y])
        for y in set(labels.tolist())
    )
    return h, h - within


@cache
def extremes(trained, run):
    """The smallest and largest activation in all layers and epochs of a run."""
    layers = [t for e in range(trained.epochs + 1) for t in trained.activations(run, e)]
    return min(float(t.min()) for t in layers), max(float(t.max()) for t in layers)


def uniform(trained, run, layer, bins):
    """Equal bins over one range, shared by all layers and epochs of the run, as in the thesis."""
    bottom, top = extremes(trained, run)
    low, high = {
        "tanh": (-1, 1), "relu": (0, top), "elu": (-1, top), "relu6": (0, 6),
        "linear": (bottom, top),
    }[trained.setting.activation]  # fmt: skip
    edges = np.linspace(low, high, bins + 1)
    return np.clip(np.digitize(layer.astype(float), edges) - 1, 0, bins - 1)


def adaptive(trained, _run, layer, bins):
    """Equally many unique values per bin, pooled over neurons; the lower bound has its own bin."""
    lowest = LOWEST.get(trained.setting.activation)
    values = layer.astype(float)
    others = values[values != lowest]
    parts = bins - (len(others) < values.size)
    # Exact quantiles: a float quantile may fall next to a value and move it to the next bin.
    edges = [float(e) for e in naive.quantile_edges(others, parts)]
    return np.where(values == lowest, -1, np.digitize(values, edges))


@pytest.mark.parametrize("binning", [uniform, adaptive])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_binned_information_equals_plain_numpy(networks, activation, binning):
    trained = networks[activation]
    labels = trained.data.labels
    trajectories = ibnet.measure(trained, [f"{binning.__name__}:bins=30"], epochs="0,6")
    for run in (0, 1):
        for epoch in (0, 6):
            measured = trajectories.isel(estimator=0).sel(run=run, epoch=epoch)
            for number, layer in enumerate(trained.activations(run, epoch)):
                want = information(binning(trained, run, layer, 30), labels)
                got = float(measured.i_xt[number]), float(measured.i_ty[number])
                assert got == pytest.approx(want, abs=CLOSE), (run, epoch, number)


@pytest.mark.parametrize("spec", ["kde", "kde:variant=lower", "kde:noise_variance=0.1", "knn"])
def test_other_estimators_are_those_of_the_library(networks, spec):
    """`mibench.estimate` on the activations that `Trained.activations` returns."""
    trained = networks["tanh"]
    trajectories = ibnet.measure(trained, spec, epochs="6").isel(estimator=0, epoch=0)
    if "noise_variance" not in spec:
        spec += f"{',' if ':' in spec else ':'}noise_variance=1e-3"
    for number in (0, 5):
        layer = trained.activations(1, 6)[number]
        for name, side in (("i_xt", trained.data.symbols), ("i_ty", trained.data.labels)):
            want = mibench.estimate(side, layer, spec, discrete_x=True).bits
            assert float(trajectories[name][1, number]) == pytest.approx(want, abs=1e-5)


def test_pairwise_bounds_are_in_order(networks):
    """Upper bounds are above lower ones; more noise gives less information; H(X) bounds both."""
    trajectories = ibnet.measure(
        networks["tanh"], "kde,kde:variant=lower,kde:noise_variance=0.1", epochs="0,6"
    )
    upper, lower, noisier = (trajectories.i_xt.isel(estimator=i).values for i in range(3))
    assert (upper >= lower - 1e-6).all()
    assert (noisier <= upper + 1e-6).all()
    assert (upper <= 12 + 1e-6).all()
    assert (lower >= -1e-6).all()


def test_bins_of_a_layer_keep_the_inequality_with_its_input(networks):
    """I(T;Y) <= I(X;T) <= H(X), I(T;Y) <= H(Y), whatever the binning."""
    for trained in networks.values():
        trajectories = ibnet.measure(trained)
        assert (trajectories.i_ty <= trajectories.i_xt + 1e-6).all()
        assert (trajectories.i_xt <= 12 + 1e-6).all()
        assert (trajectories.i_ty <= 0.99916 + 1e-5).all()
        assert (trajectories.i_ty >= -1e-6).all()


# -- parameters that follow the network ----------------------------------------------------------


def bound(spec, activation, low=-2.0, high=3.0):
    setting = ibnet.get_setting("2.1", activation=activation)
    return bind_to_run(resolve_for_layers(spec)[0], setting, low, high)


@pytest.mark.parametrize(
    ("activation", "span", "lower_bound"),
    [
        ("tanh", (-1, 1), -1),
        ("relu", (0, 3), 0),
        ("elu", (-1, 3), -1),
        ("relu6", (0, 6), 0),
        ("linear", (-2, 3), None),
    ],
)
def test_parameters_that_are_left_out_follow_the_network(activation, span, lower_bound):
    uniform_ = bound("uniform:bins=30", activation)
    assert uniform_.range == span
    adaptive_ = bound("adaptive:bins=30", activation)
    assert (adaptive_.pooled, adaptive_.own_bin) == (True, lower_bound)
    assert bound("kde", activation).noise_variance == 1e-3
    assert bound("knn:k=5", activation).noise_variance == 1e-3


def test_given_parameters_stay():
    assert bound("adaptive:bins=30,pooled=false", "relu").pooled is False
    assert bound("adaptive:own_bin=none", "relu").own_bin is None
    assert bound("kde:bandwidth=0.5", "relu").noise_variance is None
    assert bound("knn:standardize=true", "relu").noise_variance is None
    assert bound("knn:standardize=false", "relu").noise_variance is None
    assert bound("knn:standardize=auto", "relu").noise_variance == 1e-3
    assert bound("uniform:range=-5:5", "relu").range == (-5, 5)
    assert bound("adaptive:own_bin=7", "relu").own_bin == 7
    assert bound("kde:noise_variance=0.1", "tanh").noise_variance == 0.1


def test_a_default_that_is_given_is_part_of_the_name():
    specs = [
        resolved.spec
        for resolved in resolve_for_layers("adaptive:pooled=false,adaptive,adaptive:pooled=true")
    ]
    assert specs == ["adaptive:pooled=false", "adaptive", "adaptive:pooled=true"]
    assert [resolved.spec for resolved in resolve_for_layers(["knn:k=3,seed=0", "knn", "knn"])] == [
        "knn"
    ]


def test_edges_for_each_neuron_are_another_estimator_than_pooled_edges(stored):
    specs = ["adaptive:bins=30,pooled=false", "adaptive:bins=30"]
    trajectories = ibnet.measure(stored, specs, epochs=[10])
    assert trajectories.estimator.values.tolist() == specs
    assert not trajectories.i_xt[0].equals(trajectories.i_xt[1])
    layer = stored.activations(2, 10)[1]
    spec = "adaptive:bins=30,own_bin=0"
    want = mibench.estimate(stored.data.symbols, layer, spec, discrete_x=True).bits
    assert float(trajectories.i_xt[0, 2, 0, 1]) == pytest.approx(want, abs=CLOSE)


def test_a_dead_network_has_a_range():
    """All ReLU outputs are 0: bins need a positive width."""
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


@pytest.mark.parametrize("listed", [[0, 5], (0, 5), np.array([0, 5]), range(0, 6, 5), "0,5"])
def test_a_list_of_epochs_is_a_schedule(listed):
    assert as_schedule(listed) == "0,5"
    assert as_schedule(5) == "5"


@pytest.mark.parametrize("bad", [[], [0.5], ["a"], None, {"a": 1}, 0.5])
def test_what_is_no_list_of_epochs_is_bad_input(bad):
    with pytest.raises(InputError, match="give every, log:50, or a list"):
        as_schedule(bad)


@pytest.mark.slow
def test_estimators_of_quadratic_cost_measure_fewer_epochs(stored):
    trajectories = ibnet.measure(stored, ["uniform:bins=30", "kde"])
    measured = trajectories.i_xt.notnull().any(("run", "layer"))
    assert int(measured.sel(estimator="uniform:bins=30").sum()) == 11
    # log:50 of ten epochs gives all of them; of 8000 epochs, about 50
    assert len(epochs_of("log:50", 8000)) < 52


# -- stored, resumed, dropped --------------------------------------------------------------------


@dataclass(frozen=True)
class Counting:
    """An estimator defined in this session; it appends each call to `CALLS`."""

    name: str = "counting"

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        CALLS.append(y.shape)
        assert discrete_x
        return mibench.Estimate(float(y.shape[1]) * math.log(2))


CALLS = []


def measured_epochs(trajectories, spec):
    return trajectories.epoch.values[
        trajectories.i_xt.sel(estimator=spec).notnull().all(("run", "layer"))
    ]


def test_what_is_measured_is_not_measured_again(stored):
    totals = []

    def record_total(_done, total):
        totals.append(total)

    ibnet.measure(stored, "uniform:bins=30", epochs="0,5", on_progress=record_total)
    assert totals[-1] == 6
    ibnet.measure(
        stored, "uniform:bins=30,adaptive:bins=30", epochs="0,5,6", on_progress=record_total
    )
    assert totals[-1] == 3 + 9
    seconds = ibnet.load(stored.directory).group.attrs["measure_seconds"]
    again = []
    trajectories = ibnet.measure(
        stored, "uniform:bins=30,adaptive:bins=30", epochs="0,5,6", on_progress=again.append
    )
    assert again == []
    assert ibnet.load(stored.directory).group.attrs["measure_seconds"] == seconds > 0
    assert measured_epochs(trajectories, "uniform:bins=30").tolist() == [0, 5, 6]
    loaded = ibnet.read_measured(ibnet.load(stored.directory))
    assert set(loaded.estimator.values) == {"uniform:bins=30", "adaptive:bins=30"}
    assert loaded.sel(estimator=trajectories.estimator).i_xt.equals(trajectories.i_xt)


@pytest.mark.slow
def test_processes_change_no_number_and_an_interruption_loses_nothing(stored, monkeypatch):
    monkeypatch.setattr("mibench.ibnet.measuring.measuring.MAX_BATCH_COST", 3)
    memory = ibnet.train("2.2", runs=3, epochs=10)
    straight = ibnet.measure(memory, jobs=1)

    def stop(done, total):
        if done >= total / 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ibnet.measure(stored, jobs=2, on_progress=stop)
    totals = []
    trajectories = ibnet.measure(stored, jobs=2, on_progress=lambda _, total: totals.append(total))
    assert 0 < totals[-1] < 2 * 33
    for name in ("i_xt", "i_ty", "flags", "train_error", "max_activation"):
        assert np.array_equal(trajectories[name].values, straight[name].values), name


@pytest.mark.slow
def test_a_longer_training_moves_the_range_and_its_results(stored):
    """The range of ReLU bins covers all epochs of a run, so older results are outdated."""
    first = ibnet.measure(stored, ["uniform:bins=30", "adaptive:bins=30"])
    longer = ibnet.train("2.2", runs=3, epochs=40, directory=stored.directory)
    totals = []
    trajectories = ibnet.measure(
        longer, ["uniform:bins=30", "adaptive:bins=30"],
        on_progress=lambda _, total: totals.append(total),
    )  # fmt: skip
    assert totals[-1] == 3 * 41 + 3 * 30  # uniform: all epochs again; adaptive: only the new ones
    straight = ibnet.measure(ibnet.train("2.2", runs=3, epochs=40))
    assert trajectories.i_xt.values == pytest.approx(straight.i_xt.values, abs=0)
    old = first.i_xt.sel(estimator="adaptive:bins=30")
    assert np.array_equal(trajectories.i_xt.sel(estimator="adaptive:bins=30")[:, :11], old)


def test_another_version_is_measured_again(stored, monkeypatch):
    ibnet.measure(stored, "uniform:bins=30", epochs="0,1")
    monkeypatch.setattr("mibench.contract.resolve.origin", lambda _: "mibench 99")
    totals = []
    ibnet.measure(
        stored, "uniform:bins=30", epochs="1", on_progress=lambda _, total: totals.append(total)
    )
    assert totals[-1] == 3
    state = stored_array(stored_results(stored)["uniform:bins=30"].group, "state")[:]
    assert (state[0] == MISSING).all()


def test_results_of_an_estimator_of_the_session_are_never_read_from_disk(stored):
    for _ in range(2):
        CALLS.clear()
        trajectories = ibnet.measure(stored, Counting(), epochs="3", jobs=1)
        assert len(CALLS) == 3 * 6 * 2
    assert trajectories.i_xt.isel(estimator=0, run=0, epoch=0).values.tolist() == [
        10,
        7,
        5,
        4,
        3,
        2,
    ]


@dataclass(frozen=True)
class Failing:
    """Fails on narrow layers."""

    least: int = 4

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        if y.shape[1] < self.least:
            raise ValueError(f"{y.shape[1]} neurons are too few")
        return mibench.Estimate(1.0, {"rare_labels": "a", "of my own": "b"})


def test_functions_measure_layers_and_an_edited_file_measures_again(stored, tmp_path):
    """A layer is y (n, width); x is one integer code, of the input or of the label."""

    def widths(x, y):
        return x.shape[1] + y.shape[1] / 8

    trajectories = ibnet.measure(stored, [widths], epochs="0").sel(estimator="widths", epoch=0)
    nats = 1 + np.array(stored.setting.layers[1:]) / 8
    for bits in (trajectories.i_xt, trajectories.i_ty):
        assert np.allclose(bits.isel(run=0) * math.log(2), nats)
    spec = f"function:call={tmp_path / 'mine.py'}:f,units=bits"
    for value in (0.25, 0.5, 0.5):
        (tmp_path / "mine.py").write_text(f"def f(x, y):\n    return {value}\n")
        again = ibnet.measure(stored, spec, epochs="0")
        assert set(again.i_xt.values[np.isfinite(again.i_xt)].tolist()) == {value}


def test_failures_are_results(stored):
    trajectories = ibnet.measure(stored, Failing(), epochs="0,4", jobs=1).isel(estimator=0)
    assert np.isfinite(trajectories.i_xt.values[..., :4]).all()
    assert np.isnan(trajectories.i_xt.values[..., 4:]).all()
    assert trajectories.failed.values.all()
    assert failures(trajectories) == [
        "Failing: layer 5: ValueError: 3 neurons are too few (6 epoch-run pairs)"
    ]
    assert (trajectories.flags[..., :4] == FLAG_BITS["rare_labels"] | FLAG_BITS["other"]).all()


def test_missing_weights_are_a_failure_that_can_be_repaired(stored):
    chunk = stored.directory / "training.zarr" / "weights" / "c" / "0" / "0" / "0"
    moved = chunk.rename(stored.directory / "away")
    trajectories = ibnet.measure(stored, "uniform:bins=30", epochs="3")
    assert np.isnan(trajectories.i_xt.values).all()
    assert failures(trajectories) == [
        "uniform:bins=30: layer 1: its weights are missing: restore training.zarr "
        "(3 epoch-run pairs)"
    ]
    moved.rename(chunk)
    assert failures(ibnet.measure(stored, "uniform:bins=30", epochs="3")) == []


def test_networks_trained_further_by_another_process_are_loaded_again(stored):
    ibnet.train("2.2", runs=3, epochs=20, directory=stored.directory)
    trajectories = ibnet.measure(stored, "adaptive:bins=30")
    assert trajectories.epoch.values[-1] == 20
    assert ibnet.load(stored.directory).epochs == 20


def test_measuring_one_epoch_first_does_not_fix_small_chunks(stored):
    ibnet.measure(stored, "uniform:bins=30", epochs="0")
    ibnet.train("2.2", runs=3, epochs=60, directory=stored.directory)
    ibnet.measure(stored, "uniform:bins=30")
    files = [f for f in (stored.directory / "measured.zarr").rglob("*") if f.is_file()]
    assert len(files) < 15


# -- trajectories --------------------------------------------------------------------------------


def test_trajectories_are_labelled_saved_and_loaded(networks, tmp_path):
    trajectories = ibnet.measure(networks["relu"], ["uniform:bins=30", "adaptive:bins=30"])
    assert dict(trajectories.sizes) == {"estimator": 2, "run": 2, "epoch": 7, "layer": 6}
    assert trajectories.i_xt.dims == ("estimator", "run", "epoch", "layer")
    assert trajectories.i_xt.attrs["units"] == "bits"
    assert trajectories.sel(estimator="uniform:bins=30", run=1, epoch=3, layer=2).i_xt.ndim == 0
    ibnet.save_trajectories(trajectories, tmp_path / "t.nc")
    again = ibnet.load_trajectories(tmp_path / "t.nc")
    assert again.equals(trajectories)
    assert again.attrs["training"] == trajectories.attrs["training"]
    with pytest.raises(InputError, match=r"must end in one of \.nc"):
        ibnet.save_trajectories(trajectories, tmp_path / "t.csv")
    (tmp_path / "bad.nc").write_text("no")
    with pytest.raises(InputError, match="cannot be read as trajectories"):
        ibnet.load_trajectories(tmp_path / "bad.nc")


def test_trajectories_as_tables(networks):
    trajectories = ibnet.measure(networks["elu"], ["uniform:bins=30"], epochs="0,6")
    table = tidy(trajectories)
    assert len(table) == 2 * 2 * 6
    row = table[(table.run == 1) & (table.epoch == 6) & (table.layer == 4)].iloc[0]
    assert row.i_xt_bits == pytest.approx(float(trajectories.i_xt[0, 1, 1, 3]))
    in_nats = tidy(trajectories, "nats")
    assert np.allclose(in_nats.i_ty_nats, table.i_ty_bits * math.log(2))
    headings, rows = layer_rows(trajectories)
    assert len(rows) == 6
    third = dict(zip(headings, rows[2], strict=True))
    assert third["neurons"] == 5
    assert third["I(X;T) last"] == pytest.approx(float(trajectories.i_xt[0, :, 1, 2].mean()))
    assert third["I(X;T) highest"] >= third["I(X;T) last"] - 1e-9


def test_four_lines_of_python():
    setting = ibnet.get_setting("2.2")
    trained = ibnet.train(setting, runs=2, epochs=3)
    trajectories = ibnet.measure(trained, ["uniform:bins=30", "adaptive:bins=30"])
    drawing = ibnet.plot_plane(trajectories)
    assert drawing.figure.axes


def test_refusals(stored, tmp_path):
    with pytest.raises(InputError, match="unknown estimator 'uniformly'"):
        ibnet.measure(stored, "uniformly")
    with pytest.raises(InputError, match="trained are epochs 0 to 10; train more"):
        ibnet.measure(stored, epochs="11")
    with pytest.raises(InputError, match="jobs is 0"):
        ibnet.measure(stored, jobs=0)
    with pytest.raises(InputError, match="holds no measurement by uniform:bins=30,adaptive"):
        ibnet.read_measured(stored)
    ibnet.measure(stored, "uniform:bins=30", inputs="test", epochs="0")
    with pytest.raises(InputError, match="or read uniform:bins=30 of test inputs with --inputs te"):
        ibnet.read_measured(stored)
    ibnet.measure(stored, "uniform:bins=30", epochs="0")
    with pytest.raises(InputError, match="holds no measurement by kde"):
        ibnet.read_measured(stored, ["uniform:bins=30", "kde"])


def test_each_flag_has_a_bit_of_its_own_that_fits():
    """Bit 31 would be the sign. Flags without a bit are stored as "other"."""
    bits = list(FLAG_BITS.values())
    assert len(set(bits)) == len(bits)
    assert max(bits) == FLAG_BITS["ceiling_of_i_xt"] == 1 << 30
    assert all(bit.bit_count() == 1 for bit in bits)
