"""Training: the engines compared with plain torch; what is stored of every run and epoch."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench import ibnet
from mibench.errors import InputError
from mibench.estimators.shared import threads as _threads
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.kernels import elementary
from mibench.ibnet.kernels.random_numbers import random_bits, shuffle
from mibench.ibnet.networks.archive import resize_arrays
from mibench.ibnet.networks.initial import initial_parameters, make_run_start
from mibench.ibnet.networks.trained import EPOCH_ARRAYS
from mibench.ibnet.settings import SETTINGS, Setting, change_setting
from mibench.ibnet.training import training
from mibench.ibnet.training.cpu import NumbaEngine
from mibench.ibnet.training.engine import TrainingState
from mibench.ibnet.training.gpu import TorchEngine
from mibench.ibnet.training.training import diverged_runs

from .torch_reference import train_reference

properties = settings(deadline=None, derandomize=True, max_examples=60, database=None)

RNG = np.random.default_rng(5)
SMALL = Data("small", RNG.normal(size=(90, 5)), np.arange(90) % 3, 3)
FEW = Data("few", SMALL.inputs[:30], SMALL.labels[:30], 3)  # for batches of single inputs

# Each of some thousand float32 sums has a relative error of 6e-8; weights are about 1. Adam divides
# by the root mean square of the gradient. Where that is near 0, its step, here 1e-2, may differ in
# the third digit.
CLOSE = {"sgd": 2e-6, "adam": 2e-5}


def small(**changes):
    base = Setting(
        "small", (5, 6, 4, 3), "tanh", 16, runs=3, epochs=12, learning_rate=1e-2, data="small"
    )
    return change_setting(base, **changes)


def weights(trained):
    """(runs, epochs + 1, P)."""
    return trained.dataset.weights.transpose("run", "epoch", "parameter").values


def forward(setting, parameters, inputs):
    """The outputs of every layer in float64, by the formulas."""
    functions = {
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
        "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        "relu6": lambda z: np.clip(z, 0, 6),
        "linear": lambda z: z,
    }
    outputs, a, offset = [], inputs.astype(float), 0
    pairs = list(zip(setting.layers, setting.layers[1:], strict=False))
    for number, (fan_in, fan_out) in enumerate(pairs):
        w = parameters[offset : offset + fan_in * fan_out].reshape(fan_out, fan_in).astype(float)
        offset += fan_in * fan_out
        a = a @ w.T + parameters[offset : offset + fan_out]
        offset += fan_out
        if number < len(pairs) - 1:
            a = functions[setting.activation](a)
        else:
            a = np.exp(a - a.max(axis=1, keepdims=True))
            a /= a.sum(axis=1, keepdims=True)
        outputs.append(a)
    return outputs


# -- the same as plain torch -------------------------------------------------------------------


def by_engine(setting, engine, *engine_arguments, data=SMALL):
    """Weights (runs, epochs + 1, P) that an engine trains, and its records."""
    starts = [make_run_start(setting, data, run) for run in range(setting.runs)]
    first = np.stack([s.parameters for s in starts])
    state = TrainingState(first, np.zeros_like(first), np.zeros_like(first))
    built_engine = engine(setting, data, starts, state, *engine_arguments)
    alive = np.ones(setting.runs, bool)
    blocks = [
        built_engine.advance(0, 1, alive),
        built_engine.advance(1, 5, alive),
        built_engine.advance(6, 7, alive),
    ]
    return np.concatenate([b.weights for b in blocks], axis=1), blocks


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("batch", [16, 90, 1, "full"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "relu6", "linear"])
def test_both_engines_equal_plain_torch(activation, batch, optimizer):
    setting = small(activation=activation, batch=batch, optimizer=optimizer)
    data = FEW if batch == 1 else SMALL
    compiled, blocks = by_engine(setting, NumbaEngine, data=data)
    batched, others = by_engine(setting, TorchEngine, torch.device("cpu"), data=data)
    expected = np.stack([train_reference(setting, data, run, 12) for run in range(3)])
    assert np.abs(expected[:, -1] - expected[:, 0]).max() > 1e-3  # it did learn
    assert compiled == pytest.approx(expected, abs=CLOSE[optimizer])
    assert batched == pytest.approx(expected, abs=CLOSE[optimizer])
    for block, other in zip(blocks, others, strict=True):
        # Where two classes are almost equal, the answer may differ: here for at most one input.
        assert np.abs(block.wrong - other.wrong).max() <= 1
        assert block.low == pytest.approx(other.low, abs=1e-4)
        assert block.high == pytest.approx(other.high, abs=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.5},
        {"optimizer": "sgd", "weight_decay": 2.0, "label_noise": 0.3},
        {"optimizer": "adam", "weight_decay": 2.0, "label_noise": 1.0},
    ],
)
def test_momentum_decay_and_label_noise_equal_plain_torch(changes):
    setting = small(**changes)
    expected = np.stack([train_reference(setting, SMALL, run, 12) for run in range(3)])
    for engine, arguments in ((NumbaEngine, ()), (TorchEngine, (torch.device("cpu"),))):
        trained, _ = by_engine(setting, engine, *arguments)
        assert trained == pytest.approx(expected, abs=CLOSE["adam"])
    plain = dict.fromkeys(changes, 0) | {"optimizer": changes["optimizer"]}
    without, _ = by_engine(small(**plain), NumbaEngine)
    assert np.abs(expected[:, -1] - without[:, -1]).max() > 1e-2  # each changes the weights


@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_label_noise_teaches_another_class_to_a_share_of_the_training_inputs(share):
    changed_rows = set()
    for run in range(2):
        start = make_run_start(small(label_noise=share), SMALL, run)
        plain = make_run_start(small(), SMALL, run)
        assert np.array_equal(start.parameters, plain.parameters)
        assert start.shuffle_key == plain.shuffle_key
        other = np.flatnonzero(start.taught != SMALL.labels)
        assert len(other) == round(share * len(start.train))
        assert np.isin(other, start.train).all()
        assert start.taught.max() < 3
        changed_rows.add(other.tobytes())
    assert len(changed_rows) == (2 if 0 < share < 1 else len(changed_rows))


def test_momentum_is_continued_from_disk(tmp_path):
    setting = small(optimizer="sgd", momentum=0.9)
    whole = ibnet.train(setting, data=SMALL)
    ibnet.train(setting, data=SMALL, epochs=5, directory=tmp_path / "t")
    continued = ibnet.train(setting, data=SMALL, directory=tmp_path / "t")
    assert np.array_equal(weights(continued), weights(whole))


# -- which epochs are kept -----------------------------------------------------------------------


def test_epochs_that_are_not_kept_have_no_weights_and_change_nothing_else(tmp_path):
    setting = small(epochs=40, runs=2)
    whole = ibnet.train(setting, data=SMALL)
    kept = ibnet.train(setting, data=SMALL, keep="log:6", directory=tmp_path / "t")
    numbers = kept.kept.tolist()
    assert numbers == [0, 1, 2, 4, 9, 19, 40]
    for name in ("train_error", "test_error", "min_activation", "max_activation"):
        assert np.array_equal(kept.dataset[name], whole.dataset[name]), name
    every = weights(whole)
    assert np.array_equal(weights(kept)[:, numbers], every[:, numbers])
    assert np.isnan(np.delete(weights(kept), numbers, axis=1)).all()
    with pytest.raises(InputError, match="epoch 3 was not kept: 0, 1, 2, 4, 9, 19, 40 were"):
        kept.activations(0, 3)
    for networks in (kept, kept.save(tmp_path / "copy"), ibnet.load(tmp_path / "t")):
        assert networks.kept.tolist() == numbers
        measured = ibnet.measure(networks, "uniform:bins=10")
        assert measured.epoch.values.tolist() == numbers
        assert measured.i_xt.equals(ibnet.measure(whole, "uniform:bins=10").i_xt.sel(epoch=numbers))
    assert ibnet.measure(kept, "uniform:bins=10", epochs="4,40").failures == "[]"
    with pytest.raises(InputError, match="epoch 3 is not among those that were kept"):
        ibnet.measure(kept, "uniform:bins=10", epochs="3")


def test_a_continued_training_keeps_what_it_kept(tmp_path):
    def continued(*steps):
        for epochs, keep in steps:
            trained = ibnet.train(
                small(epochs=epochs), data=SMALL, directory=tmp_path / "t", keep=keep
            )
        return trained

    trained = continued((4, "every"), (10, "0,7"), (13, "every"))
    assert trained.kept.tolist() == [0, 1, 2, 3, 4, 7, 10, 11, 12, 13]
    plain = ibnet.train(small(epochs=13), data=SMALL)
    assert np.array_equal(weights(trained)[:, trained.kept], weights(plain)[:, trained.kept])
    refuse("give every, log:50, or a list", ibnet.train, small(), data=SMALL, keep="some")
    refuse("trained are epochs 0 to 12", ibnet.train, small(), data=SMALL, keep="13")
    path = tmp_path / "t" / "training.zarr" / "zarr.json"
    path.write_text(path.read_text().replace("10,", "1,", 1))
    refuse("kept=", ibnet.load, tmp_path / "t", SMALL)


def test_epochs_that_are_not_kept_take_no_space(tmp_path):
    def size(folder):
        files = (folder / "training.zarr" / "weights").rglob("*")
        return sum(path.stat().st_size for path in files if path.is_file())

    setting = small(epochs=400, runs=2)
    for name, keep in (("every", "every"), ("few", "log:10")):
        ibnet.train(setting, data=SMALL, directory=tmp_path / name, keep=keep)
    # 11 of 401 epochs; what is missing is written as NaN, which compresses, but not to nothing.
    assert size(tmp_path / "few") < size(tmp_path / "every") / 5


@pytest.mark.parametrize("init", ["truncated-normal", "he", "glorot"])
@pytest.mark.parametrize("layers", [(5, 3), (5, 1, 3), (5, 130, 3), (5, 6, 5, 4, 3, 2, 3)])
def test_other_layers_and_initial_weights_equal_plain_torch(layers, init):
    setting = small(layers=layers, init=init, runs=1)
    expected = train_reference(setting, SMALL, 0, 12)
    assert weights(ibnet.train(setting, data=SMALL))[0] == pytest.approx(expected, abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["1.1-full", "2.1", "2.2", "2.3", "2.4", "B.2"])
def test_the_settings_equal_plain_torch(name):
    """Only ten epochs: later, rounding at the kink of a ReLU may lead to another step."""
    setting = ibnet.get_setting(name, runs=2, epochs=10)
    trained = ibnet.train(setting)
    for run in range(2):
        expected = train_reference(setting, trained.data, run, 10)
        assert weights(trained)[run] == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "relu6", "linear"])
@pytest.mark.parametrize("layers", [(5, 3), (5, 1, 3), (5, 6, 4, 3)])
def test_small_training_equals_plain_torch(activation, layers):
    """This test also runs without the JIT, where an index out of range raises."""
    setting = small(activation=activation, layers=layers, runs=1, epochs=2, batch="full")
    expected = train_reference(setting, SMALL, 0, 2)
    assert weights(ibnet.train(setting, data=SMALL))[0] == pytest.approx(expected, abs=2e-5)


# -- determinism -------------------------------------------------------------------------------


def test_runs_are_the_same_in_any_ensemble_and_for_any_threads(monkeypatch):
    four = weights(ibnet.train(small(runs=4), data=SMALL))
    for threads in (1, 3):
        monkeypatch.setattr(_threads, "thread_count", lambda threads=threads: threads)
        assert np.array_equal(weights(ibnet.train(small(runs=2), data=SMALL)), four[:2])
    assert not np.array_equal(four[0, 0], four[1, 0])
    other = weights(ibnet.train(small(runs=2, seed=1), data=SMALL))
    assert not np.array_equal(other[:, 0], four[:2, 0])


def stop_at(epoch):
    def on_progress(done, _total):
        if done >= epoch:
            raise KeyboardInterrupt

    return on_progress


@pytest.mark.parametrize("route", ["interrupted", "lengthened"])
def test_a_continued_training_equals_an_uninterrupted_one(tmp_path, monkeypatch, route):
    monkeypatch.setattr("mibench.ibnet.networks.archive.MAX_EPOCHS_PER_CHUNK", 5)
    straight = ibnet.train(small(), data=SMALL)
    if route == "lengthened":
        ibnet.train(small(epochs=7), data=SMALL, directory=tmp_path / "t")
    else:
        with pytest.raises(KeyboardInterrupt):
            ibnet.train(small(), data=SMALL, directory=tmp_path / "t", on_progress=stop_at(10))
        assert ibnet.load(tmp_path / "t", SMALL).epochs == 4
    seen = []
    again = ibnet.train(
        small(), data=SMALL, directory=tmp_path / "t", on_progress=lambda *a: seen.append(a)
    )
    for name in EPOCH_ARRAYS:
        assert np.array_equal(again.dataset[name].values, straight.dataset[name].values), name
    assert seen[-1] == (36, 36)
    finished = ibnet.train(
        small(), data=SMALL, directory=tmp_path / "t", on_progress=lambda *a: pytest.fail("again")
    )
    assert finished.epochs == 12


def test_a_finished_training_with_more_epochs_than_asked_for_is_loaded(tmp_path):
    ibnet.train(small(), data=SMALL, directory=tmp_path / "t")
    assert ibnet.train(small(epochs=3), data=SMALL, directory=tmp_path / "t").epochs == 12


@pytest.mark.parametrize("where", ["disk", "memory"])
def test_a_copy_is_the_same(tmp_path, where):
    folder = tmp_path / "t" if where == "disk" else None
    trained = ibnet.train(small(), data=SMALL, directory=folder)
    trained.save(tmp_path / "copy")
    copy = ibnet.load(tmp_path / "copy")
    assert (copy.setting, copy.versions) == (trained.setting, trained.versions)
    for name in (*EPOCH_ARRAYS, "diverged"):
        assert np.array_equal(copy.dataset[name].values, trained.dataset[name].values), name
    assert ibnet.train(small(), data=SMALL, directory=tmp_path / "copy").epochs == 12
    if where == "disk":
        longer = ibnet.train(small(epochs=14), data=SMALL, directory=tmp_path / "copy")
        straight = ibnet.train(small(epochs=14), data=SMALL)
        assert np.array_equal(weights(longer), weights(straight))
    else:
        refuse("has no checkpoint.npz to go on from. Its 12 epochs can be measured", ibnet.train,
               small(epochs=14), data=SMALL, directory=tmp_path / "copy")  # fmt: skip
    refuse("holds a training already", trained.save, tmp_path / "copy")


def test_the_files_of_a_killed_process_are_repaired(tmp_path):
    """Hidden temporary files, arrays of different lengths, no arrays at all."""
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / ".training-x.json").write_text("{")
    trained = ibnet.train(small(epochs=4), data=SMALL, directory=tmp_path / "t")
    resize_arrays(trained.group, ["weights"], 9)
    assert np.array_equal(weights(ibnet.load(tmp_path / "t")), weights(trained))
    again = ibnet.train(small(epochs=9), data=SMALL, directory=tmp_path / "t")
    assert np.array_equal(weights(again), weights(ibnet.train(small(epochs=9), data=SMALL)))


def test_a_run_that_diverges_in_a_block_that_is_not_stored_keeps_its_finite_epochs(
    tmp_path, monkeypatch
):
    straight = ibnet.train(diverging(), data=SMALL)
    assert diverged_runs(straight)
    original = training._write_checkpoint

    def full_disk(trained, engine, done):
        if done > 0:
            raise OSError(28, "No space left on device")
        original(trained, engine, done)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_write_checkpoint", full_disk)
        refuse("cannot write to .*: No space left on device. What was finished is kept",
               ibnet.train, diverging(), data=SMALL, directory=tmp_path / "t")  # fmt: skip
    again = ibnet.train(diverging(), data=SMALL, directory=tmp_path / "t")
    assert diverged_runs(again) == diverged_runs(straight)
    assert np.array_equal(weights(again), weights(straight), equal_nan=True)


def test_versions_are_those_that_trained(tmp_path):
    ibnet.train(small(epochs=2), data=SMALL, directory=tmp_path / "t")
    path = tmp_path / "t" / "training.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"numpy_version": "1.0", "machine": "another"}))
    assert ibnet.load(tmp_path / "t").dataset.attrs["numpy_version"] == "1.0"
    dataset = ibnet.train(small(epochs=3), data=SMALL, directory=tmp_path / "t").dataset
    assert dataset.attrs["numpy_version"] == f"1.0; {np.__version__}"
    assert dataset.attrs["machine"].startswith("another; ")
    assert dataset.attrs["numba_version"] == values["numba_version"]


def test_own_data_and_settings_are_stored(tmp_path):
    ibnet.train(small(epochs=2), data=SMALL, directory=tmp_path / "t")
    assert ibnet.load(tmp_path / "t").data.fingerprint == SMALL.fingerprint
    assert ibnet.load(tmp_path / "t").data.name == "small"
    SMALL.save(tmp_path / "small.npz")
    setting = small(data=str(tmp_path / "small.npz"), epochs=2)
    setting.save(tmp_path / "s.json")
    assert ibnet.get_setting(str(tmp_path / "s.json")) == setting
    trained = ibnet.train(str(tmp_path / "s.json"), directory=tmp_path / "t")  # loads them
    assert trained.epochs == 2
    (tmp_path / "bad.json").write_text('{"name": "x", "colour": 3}')
    refuse("holds no setting .*colour", ibnet.get_setting, str(tmp_path / "bad.json"))
    refuse("holds no setting .*No such file", ibnet.get_setting, str(tmp_path / "none.json"))


# -- what is stored ----------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "relu6", "linear"])
def test_errors_and_extremes_are_those_of_the_weights(activation):
    setting = small(activation=activation, learning_rate=0.05)
    trained = ibnet.train(setting, data=SMALL)
    for run in range(setting.runs):
        begin = make_run_start(setting, SMALL, run)
        for epoch in (0, 1, 12):
            layers = forward(setting, weights(trained)[run, epoch], SMALL.inputs)
            stored = trained.dataset.isel(run=run, epoch=epoch)
            wrong = layers[-1].argmax(axis=1) != SMALL.labels
            assert float(stored.train_error) == pytest.approx(wrong[begin.train].mean(), abs=1e-6)
            assert float(stored.test_error) == pytest.approx(wrong[begin.test].mean(), abs=1e-6)
            # the tolerance allows for float32 sums of five products
            assert stored.min_activation.values == pytest.approx(
                [a.min() for a in layers], abs=1e-5
            )
            assert stored.max_activation.values == pytest.approx(
                [a.max() for a in layers], abs=1e-5
            )
            outputs = trained.activations(run, epoch)
            for computed, exact in zip(outputs, layers, strict=True):
                assert computed == pytest.approx(exact, abs=1e-5)
                assert computed.shape == exact.shape


def test_the_dataset_is_labelled():
    dataset = ibnet.train("2.2", runs=2, epochs=1).dataset
    assert dict(dataset.sizes) == {"epoch": 2, "run": 2, "parameter": 294, "layer": 6}
    assert dataset.width.values.tolist() == [10, 7, 5, 4, 3, 2]
    assert dataset.attrs["training"] == "relu-256"
    assert json.loads(dataset.attrs["setting"])["learning_rate"] == 4e-4
    assert json.loads(dataset.attrs["setting"])["seed"] == 0
    for package in ("mibench", "numpy", "numba", "python"):
        assert dataset.attrs[f"{package}_version"]
    assert dataset.attrs["h_y_bits"] == pytest.approx(0.99916, abs=5e-6)


def test_weights_take_little_space(tmp_path):
    """294 numbers a network and epoch; on disk under 1562 bytes, so 40 x 8000 under 500 MB."""
    trained = ibnet.train("2.1", runs=10, epochs=100, directory=tmp_path / "t")
    size = sum(f.stat().st_size for f in (tmp_path / "t").rglob("*") if f.is_file())
    assert size / (10 * 101) < 1562  # 500 MB for 40 runs of 8000 epochs
    assert trained.dataset.weights.nbytes / (10 * 101) == 4 * 294


def test_every_run_has_its_own_stratified_split():
    data = ibnet.load_data("icosahedron")
    setting = ibnet.get_setting("2.1")
    first, second = (make_run_start(setting, data, run) for run in (0, 1))
    assert (len(first.train), len(first.test)) == (3277, 819)
    assert sorted([*first.train, *first.test]) == list(range(4096))
    assert data.labels[first.train].sum() == round(2118 * 3277 / 4096)
    assert set(first.test) != set(second.test)
    assert first.shuffle_key != second.shuffle_key


def diverging():
    return small(
        activation="linear", layers=(5, 8, 8, 8, 8, 3), optimizer="sgd", learning_rate=0.3,
        runs=12, epochs=30, init="he",
    )  # fmt: skip


def test_a_run_that_diverges_is_marked_and_the_others_continue(tmp_path):
    """Linear layers have no bound on their gradient: at this learning rate some runs overflow."""
    trained = ibnet.train(diverging(), data=SMALL, directory=tmp_path / "t")
    diverged = diverged_runs(trained)
    assert 0 < len(diverged) < 12
    dataset = trained.dataset
    for run in range(12):
        since = diverged.get(run, 31)
        assert np.isfinite(weights(trained)[run, :since]).all()
        for name in EPOCH_ARRAYS:
            values = dataset[name].transpose("run", "epoch", ...).values[run]
            assert np.isnan(values[since:]).all()
            assert np.isfinite(values[:since]).all()
    with pytest.raises(InputError, match="had diverged by epoch 30: choose an earlier one"):
        trained.activations(next(iter(diverged)), 30)
    trajectories = ibnet.measure(trained, ["uniform:bins=5"])
    for run in range(12):
        measured = np.isfinite(trajectories.i_xt.sel(run=run).values).all(axis=-1)[0]
        assert measured.sum() == diverged.get(run, 31)


# -- initial weights ---------------------------------------------------------------------------


def initial_weights(init, layers=(40, 50, 30), seeds=20):
    """Weights of the first and second layer over seeds, and all biases."""
    setting = Setting("x", layers, init=init)
    rows = [initial_parameters(setting, np.random.default_rng(s)) for s in range(seeds)]
    a, b = layers[0] * layers[1], layers[1] * layers[2]
    stacked = np.stack(rows).astype(float)
    biases = np.r_[stacked[:, a : a + layers[1]].ravel(), stacked[:, -layers[2] :].ravel()]
    return stacked[:, :a].ravel(), stacked[:, a + layers[1] : a + layers[1] + b].ravel(), biases


def within_sigmas(values, sd):
    """Mean 0 and the given standard deviation, to five standard errors."""
    n, kurtosis = len(values), np.mean((values / values.std()) ** 4)
    assert abs(values.mean()) < 5 * sd / math.sqrt(n)
    assert abs(values.std() / sd - 1) < 5 * math.sqrt((kurtosis - 1) / 4 / n)


def test_initial_weights_follow_their_distributions():
    # A standard normal cut at 2 has variance 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.77374.
    for values, fan_out in zip(initial_weights("truncated-normal")[:2], (50, 30), strict=True):
        within_sigmas(values, math.sqrt(0.7737413 / fan_out))
        assert np.abs(values).max() <= 2 / math.sqrt(fan_out) * (1 + 1e-6)
        assert np.abs(values).max() > 1.98 / math.sqrt(fan_out)
    for values, fan_in in zip(initial_weights("he")[:2], (40, 50), strict=True):
        within_sigmas(values, math.sqrt(2 / fan_in))
    for values, fans in zip(initial_weights("glorot")[:2], (90, 80), strict=True):
        within_sigmas(values, math.sqrt(2 / fans))
        assert np.abs(values).max() <= math.sqrt(6 / fans) * (1 + 1e-6)
    for init in ("truncated-normal", "he", "glorot"):
        assert not initial_weights(init)[2].any()


# -- kernels -----------------------------------------------------------------------------------

POINTS = np.r_[
    np.linspace(-90, 90, 20001), np.linspace(-1, 1, 20001), np.geomspace(1e-38, 1e-3, 2001),
    -np.geomspace(1e-38, 1e-3, 2001), 0.0, -0.0, np.inf, -np.inf, 3e38, -3e38,
].astype(np.float32)  # fmt: skip


def applied(function, values):
    result = values.copy()
    function(result)
    return result.astype(float)


@pytest.mark.filterwarnings("ignore:underflow", "ignore:overflow")
def test_elementary_functions_are_exact_to_float32():
    exact = POINTS.astype(float)
    tanh = applied(elementary.tanh_rows, POINTS)
    assert np.abs(tanh - np.tanh(exact)).max() < 1.3e-7
    small_ones = np.abs(exact) < 0.5
    ratio = tanh[small_ones] / np.where(exact == 0, 1, np.tanh(exact))[small_ones]
    assert np.abs(ratio[exact[small_ones] != 0] - 1).max() < 5e-7
    assert (np.abs(tanh) <= 1).all()  # the range of uniform bins
    assert (tanh[exact > 10] == 1).all()
    low = POINTS[POINTS <= 0]
    exp = applied(elementary.exp_rows, low)
    assert np.abs(exp - np.exp(low.astype(float))).max() < 1.3e-7
    elu = applied(elementary.elu_rows, POINTS)
    assert np.array_equal(elu[exact > 0], exact[exact > 0])
    below = exact[exact <= 0]
    assert np.abs(elu[exact <= 0] - np.expm1(below)).max() < 1.3e-7
    assert elu.min() == -1  # the bound that gets a bin of its own


@properties
@given(st.integers(1, 300), st.integers(0, 2**64 - 1), st.integers(1, 10**6))
def test_a_shuffle_is_a_permutation_decided_by_key_and_epoch(n, key, epoch):
    orders = [np.arange(n) for _ in range(2)]
    for order in orders:
        shuffle(order, np.uint64(key), epoch)
    assert np.array_equal(*orders)
    assert sorted(orders[0].tolist()) == list(range(n))


def test_every_permuted_position_is_equally_likely():
    counts = np.zeros((7, 7))
    for epoch in range(7000):
        order = np.arange(7)
        shuffle(order, np.uint64(3), epoch)
        counts[np.arange(7), order] += 1
    # 49 counts with expectation 1000 and sd 29.3: five standard deviations
    assert np.abs(counts - 1000).max() < 5 * math.sqrt(1000 * 6 / 7)


def test_random_bits_are_splitmix64():
    """The first outputs for seed 1234567, as published with the generator."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    computed = [int(random_bits(np.uint64(1234567), np.uint64(i))) for i in range(3)]
    assert computed == expected


# -- refusals ----------------------------------------------------------------------------------


def refuse(text, call, *args, **kwargs):
    with pytest.raises(InputError, match=text):
        call(*args, **kwargs)


def test_settings_refuse_what_they_cannot_be():
    refuse("unknown setting '2.9'.*Valid: 1.1-full", ibnet.get_setting, "2.9")
    refuse("two batch sizes.*choose 1.1-full or 1.1-256", ibnet.get_setting, "1.1")
    refuse("unknown field 'epoch'; did you mean 'epochs'", ibnet.get_setting, "2.1", epoch=3)
    refuse("unknown activation function .sigmoid.", ibnet.get_setting, "2.1", activation="sigmoid")
    refuse("momentum=0.9 has no effect on adam", ibnet.get_setting, "2.1", momentum=0.9)
    refuse("weight_decay=-1", ibnet.get_setting, "2.1", weight_decay=-1.0)
    refuse("label_noise=1.5", ibnet.get_setting, "2.1", label_noise=1.5)
    refuse("learning_rate=0", ibnet.get_setting, "2.1", learning_rate=0.0)
    refuse("layers=", ibnet.get_setting, "2.1", layers=(12, 0, 2))
    refuse("no layer after the inputs", ibnet.get_setting, "2.1", layers=(12,))
    refuse("runs=0", ibnet.get_setting, "2.1", runs=0)
    refuse("give at most 1e.09 in all", ibnet.get_setting, "2.1", layers=(12, 10**6, 10**3, 2))
    refuse("begins with 11 inputs, but icosahedron has 12", ibnet.train, small_fit((11, 5, 2)))
    refuse("ends with 3 classes, but icosahedron has 2", ibnet.train, small_fit((12, 5, 3)))
    refuse("unknown device 'gpu'", ibnet.train, "2.1", device="gpu", epochs=1)


def small_fit(layers):
    return ibnet.get_setting("2.1", layers=layers, runs=1, epochs=1)


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refuse("finds no GPU here. Use --device cpu", ibnet.train, "2.1", device="cuda", epochs=1)


@pytest.mark.parametrize("device", ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])
def test_every_device_here_equals_plain_torch(device):
    setting = ibnet.get_setting("2.1", runs=3, epochs=10)
    trained = weights(ibnet.train(setting, device=device))
    data = ibnet.load_data("icosahedron")
    expected = np.stack([train_reference(setting, data, run, 10) for run in range(3)])
    # The tolerance is that of the settings above; a GPU may sum in TF32, with ten bits.
    assert trained == pytest.approx(expected, abs=1e-4 if device == "cuda" else 2e-6)


def test_directories_of_something_else_are_refused(tmp_path):
    ibnet.train(small(epochs=2), data=SMALL, directory=tmp_path / "t")
    refuse("holds networks with activation='tanh', not 'relu'", ibnet.train,
           small(activation="relu"), data=SMALL, directory=tmp_path / "t")  # fmt: skip
    refuse("holds networks with runs=3, not 4", ibnet.train,
           small(runs=4), data=SMALL, directory=tmp_path / "t")  # fmt: skip
    other = Data("small", SMALL.inputs + 1, SMALL.labels, 3)
    refuse("was trained on other data", ibnet.load, tmp_path / "t", other)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    refuse("not empty and holds no training", ibnet.train,
           small(), data=SMALL, directory=tmp_path / "full")  # fmt: skip
    refuse("holds no trained networks", ibnet.load, tmp_path / "full")
    json_file = tmp_path / "t" / "training.json"
    values = json.loads(json_file.read_text())
    json_file.write_text(json.dumps({**values, "format": 99}))
    refuse("has format 99, this mibench reads 1", ibnet.load, tmp_path / "t", SMALL)
    json_file.write_text("{}")
    refuse("is damaged: delete", ibnet.load, tmp_path / "t", SMALL)
    json_file.write_text(json.dumps(values))
    assert ibnet.load(tmp_path / "t", SMALL).epochs == 2
    json_file.write_text(json.dumps({**values, "setting": {"name": "x", "colour": 3}}))
    refuse("is damaged .*colour", ibnet.load, tmp_path / "t", SMALL)
    json_file.write_text(json.dumps(values))
    checkpoint = tmp_path / "t" / "checkpoint.npz"
    intact = checkpoint.read_bytes()
    for damaged in (b"PK", intact[:1000], intact[:900] + b"x" * 9 + intact[909:], b""):
        checkpoint.write_bytes(damaged)
        refuse("checkpoint.npz is damaged .* The 2 epochs trained can be measured", ibnet.train,
               small(epochs=5), data=SMALL, directory=tmp_path / "t")  # fmt: skip
    assert ibnet.load(tmp_path / "t", SMALL).epochs == 2
    checkpoint.write_bytes(intact)
    (tmp_path / "t" / "training.zarr").rename(tmp_path / "gone")
    refuse("lacks weights that its checkpoint.npz says were trained", ibnet.train,
           small(epochs=5), data=SMALL, directory=tmp_path / "t")  # fmt: skip


def test_settings_that_share_networks():
    shared = {}
    for name, setting in SETTINGS.items():
        shared.setdefault(setting.training, []).append(name)
        assert SETTINGS[name].networks() == SETTINGS[shared[setting.training][0]].networks()
    assert len(shared) == 9
    assert {s.learning_rate for s in SETTINGS.values()} == {4e-4}
    assert ibnet.get_setting("2.1", runs=3, epochs=5).training == "tanh-256"
    assert ibnet.get_setting("2.1", batch=64).training == "tanh-256, changed"
