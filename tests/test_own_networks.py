"""Activations of networks trained elsewhere: closed forms, identities, files, refusals."""

import json
import math
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

import mibench
from mibench import InputError, ibnet
from mibench.ibnet.cli import ibnet as command
from mibench.ibnet.measuring.flagged import flag_lines
from mibench.ibnet.measuring.trajectories import failures, layer_rows, tidy
from mibench.ibnet.schedule import positions_of

SPECS = ["uniform:bins=30", "adaptive:bins=30", "kde"]
N = 64
CODE = np.arange(N)
Y = CODE % 4


def layer(symbols, scale=1.0):
    """A layer of one unit that takes some values, (N, 1) float32."""
    return (scale * np.asarray(symbols, np.float32))[:, np.newaxis]


def one(layers, labels=Y, spec="uniform:bins=8", **options):
    return ibnet.measure(ibnet.from_activations(layers, labels, **options), spec)


# -- closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [1, 2, 4, 8])
def test_a_quantised_layer_has_its_entropy(levels):
    """T = i mod L takes L values equally often, each in its own bin; Y = i mod 4."""
    measured = one({"t": layer(CODE % levels), "constant": layer(0 * CODE)})
    assert measured.i_xt.values.ravel() == pytest.approx([math.log2(levels), 0], abs=1e-6)
    assert measured.i_ty.values.ravel() == pytest.approx([math.log2(min(levels, 4)), 0], abs=1e-6)


def test_unequal_symbols_and_several_units():
    """H(T) of p = 1/2, 1/4, 1/4; the row of the bins of all units is one symbol."""
    first, second = CODE % 2, (CODE % 2) * ((CODE // 2) % 2)
    images = np.stack([first, second], axis=1).reshape(N, 1, 2).astype(float)
    measured = one({"t": images}, labels=np.array(["a", "b"])[first])
    assert float(measured.i_xt.squeeze()) == pytest.approx(1.5, abs=1e-6)
    assert float(measured.i_ty.squeeze()) == pytest.approx(1.0, abs=1e-6)
    assert measured.width.values.tolist() == [2]


def test_equal_inputs_are_one_value_of_x():
    """kde of a layer that tells all apart gives H(X): log2 of the distinct inputs."""
    wide = {"t": layer(CODE // 2, scale=10.0)}
    assert one(wide, spec="kde").attrs["h_x_bits"] == 6
    measured = one(wide, spec="kde", inputs=np.stack([CODE // 2, -0.0 * CODE], axis=1))
    assert measured.attrs["h_x_bits"] == 5
    assert float(measured.i_xt.squeeze()) == pytest.approx(5, abs=1e-6)
    assert measured.attrs["h_y_bits"] == 2


def test_a_range_covers_all_epochs_of_a_layer():
    """Two values 0 and 1 share a bin of eight once another epoch reaches 100."""
    small, large = layer(CODE % 2), layer(100 * (CODE % 2))
    measured = one([{"t": small, "u": small}, {"t": large, "u": small}])
    assert measured.i_xt.values[0, 0].tolist() == [[0, 1], [1, 1]]
    shared = one([{"t": small, "u": small}, {"t": large, "u": small}], shared_range=True)
    assert shared.i_xt.values[0, 0].tolist() == [[0, 0], [1, 0]]
    fixed = one({"t": small}, spec="uniform:bins=2,range=0:10")
    assert fixed.i_xt.values.tolist() == [[[[0]]]]


@pytest.mark.parametrize(
    ("function", "ends", "bins"),
    [("tanh", (-0.2, 0.2), 2), ("sigmoid", (0.6, 0.9), 1), ("relu6", (4, 5), 1), (None, (4, 5), 2)],
)
def test_a_range_follows_the_activation_function(function, ends, bins):
    """Two bins: both values fall into one of them unless the middle of the range is between."""
    measured = one(
        {"t": layer(np.array(ends)[CODE % 2])}, spec="uniform:bins=2", activation=function
    )
    assert float(measured.i_xt.squeeze()) == math.log2(bins)
    assert measured.function.values.tolist() == [function or "linear"]


# -- identities -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    setting = ibnet.get_setting("2.1", runs=2, epochs=3, learning_rate=0.03, layers=(12, 6, 3, 2))
    return {a: ibnet.train(ibnet.settings.change_setting(setting, activation=a))
            for a in ("tanh", "relu")}  # fmt: skip


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_same_activations_give_the_same_bits(trained, activation):
    networks = trained[activation]
    given = [[networks.activations(run, e) for e in range(4)] for run in range(2)]
    own = ibnet.from_activations(
        given, networks.data.labels, inputs=networks.data.inputs, activation=activation,
        shared_range=True,
    )  # fmt: skip
    theirs, ours = (ibnet.measure(n, SPECS, epochs="0,3") for n in (networks, own))
    for name in ("i_xt", "i_ty", "flags", "failed", "max_activation", "width", "epoch", "run"):
        assert np.array_equal(theirs[name].values, ours[name].values), name
    assert theirs.i_xt.dims == ours.i_xt.dims
    assert theirs.attrs["h_x_bits"] == ours.attrs["h_x_bits"]


def test_runs_that_are_joined_are_runs_that_are_measured_together():
    rng = np.random.default_rng(0)
    runs = [[{"a": rng.normal(size=(N, 2)), "b": rng.normal(size=(N, 3))} for _ in range(2)]
            for _ in range(2)]  # fmt: skip
    together = one(runs, epochs=[0, 7], spec=SPECS)
    joined = ibnet.join_runs([one(run, epochs=[0, 7], spec=SPECS) for run in runs])
    assert joined.equals(together)
    with pytest.raises(InputError, match=r"trajectories 1 have epoch \[0, 1\], and .* 0 \[0, 7\]"):
        ibnet.join_runs([together, one(runs[0], spec=SPECS)])
    with pytest.raises(InputError, match="list of at least one"):
        ibnet.join_runs(together)


def test_the_form_of_the_lists_does_not_matter():
    arrays = [np.tanh(CODE[:, None] * [0.1, 0.2]), np.tanh(CODE / 9.0)]
    named = dict(zip("ab", arrays, strict=True))
    base = one(named)
    for given in (arrays, [arrays], [[arrays]], [named], {5: named}, (tuple(arrays),)):
        other = one(given)
        assert np.array_equal(other.i_xt, base.i_xt)
    assert one({3: named, 9: named}).epoch.values.tolist() == [3, 9]
    assert one(arrays).layer_name.values.tolist() == ["1", "2"]


@pytest.mark.slow
def test_processes_change_nothing():
    rng = np.random.default_rng(1)
    own = ibnet.from_activations([{"a": rng.normal(size=(N, 2))} for _ in range(4)], Y)
    alone, two = (ibnet.measure(own, SPECS, jobs=jobs) for jobs in (1, 2))
    assert alone.equals(two)


def test_schedules_of_epochs_with_gaps():
    numbers = np.array([0, 1, 10, 100, 150])
    assert positions_of("every", numbers).tolist() == [0, 1, 2, 3, 4]
    assert positions_of("10,150", numbers).tolist() == [2, 4]
    assert positions_of("log:2", numbers).tolist() == [0, 1, 4]
    assert positions_of("log:50", np.array([7])).tolist() == [0]
    with pytest.raises(
        InputError, match="epoch 5 is not among those that were kept or logged: 0, 1, 10"
    ):
        positions_of("5", numbers)


def test_what_is_given_is_copied():
    values = layer(CODE % 2)
    own = ibnet.from_activations({"t": values}, Y)
    values[:] = 0
    assert ibnet.measure(own, "uniform:bins=2").i_xt.values.tolist() == [[[[1]]]]


# -- trajectories ---------------------------------------------------------------------------------


def test_trajectories_are_drawn_saved_and_tabulated_with_the_names_of_layers(tmp_path):
    rng = np.random.default_rng(2)
    epochs = [{"conv": rng.normal(size=(N, 3, 2)), "out": layer(CODE % 4)} for _ in range(3)]
    measured = one(epochs, spec=SPECS)
    ibnet.save_trajectories(measured, tmp_path / "t.nc")
    assert ibnet.load_trajectories(tmp_path / "t.nc").equals(measured)
    for draw in (ibnet.plot_plane, ibnet.plot_epochs):
        texts = [t.get_text() for t in draw(measured).figure.legends[0].get_texts()]
        assert texts[:2] == ["$T_{1}$: conv", "$T_{2}$: out"]
    assert set(tidy(measured)["layer_name"]) == {"conv", "out"}
    assert [row[1] for row in layer_rows(measured)[1][:2]] == ["conv", "out"]
    with pytest.raises(InputError, match=r"no errors to draw: only ibnet\.train"):
        ibnet.plot_errors(measured)


@pytest.mark.slow
def test_many_layers_are_told_apart_and_their_names_have_room():
    layers = {f"features.stage{i}.activation": layer(CODE % 8) for i in range(20)}
    measured = one([layers] * 2, spec="uniform:bins=8")
    few = ibnet.plot_plane(one([{"t": layer(CODE % 8)}] * 2, spec="uniform:bins=8")).figure
    plane, lines = ibnet.plot_plane(measured).figure, ibnet.plot_epochs(measured).figure
    assert plane.get_figheight() > few.get_figheight() + 1
    for figure in (plane, lines):
        handles = figure.legends[0].legend_handles[:20]
        looks = {(h.get_color(), h.get_marker(), h.get_linestyle()) for h in handles}
        assert len(looks) == 20
        figure.draw_without_rendering()
        assert figure.legends[0].get_window_extent().width < figure.bbox.width


def test_layers_at_the_ceiling_are_marked():
    """A layer that tells all inputs apart has I(X;T) = H(X), whatever it is."""
    measured = one({"all": layer(CODE), "few": layer(CODE % 2)}, spec=["uniform:bins=64", "kde"])
    flags = dict(zip(measured.flags.flag_meanings.split(), measured.flags.flag_masks, strict=True))
    at_ceiling = (measured.flags & int(flags["ceiling_of_i_xt"])) > 0
    assert at_ceiling.values.reshape(2, 2).tolist() == [[True, False]] * 2
    figure = ibnet.plot_plane(measured).figure
    marks = [t.get_text() for axes in figure.axes for t in axes.texts]
    assert marks.count("at ceiling: $T_{1}$") == 2
    assert (
        "at ceiling: I(X;T) is mostly about the largest value"
        in figure._suptitle.get_text().replace("\n", " ")
    )
    lines = flag_lines(measured)
    assert any(li.startswith("kde: ceiling of I(X;T): ") and li.endswith("layers all)")
               for li in lines)  # fmt: skip
    below = ibnet.plot_plane(one({"few": layer(CODE % 2)}))
    assert "ceiling" not in below.figure._suptitle.get_text()


def test_an_infinite_information_is_explained_and_the_rest_is_kept():
    rng = np.random.default_rng(3)
    specs = ["uniform:bins=8", "knn:noise_variance=none,standardize=true"]
    measured = one({"t": rng.normal(size=(N, 2))}, spec=specs)
    assert np.isfinite(measured.i_xt[0]).all()
    assert np.isnan(measured.i_xt[1]).all()
    with pytest.raises(
        InputError, match=r"nothing is measured by 'knn:.*it failed, knn:.* layer t"
    ):
        ibnet.plot_plane(measured)
    assert ibnet.plot_plane(measured, ["uniform:bins=8"]).figure.axes
    (line,) = failures(measured)
    assert "layer t: " in line
    assert "infinite without noise: give noise_variance=1e-3 (kde, knn), or use uniform" in line


# -- refusals -------------------------------------------------------------------------------------

GOOD = {"a": layer(CODE), "b": layer(-CODE)}


def changed(**layers):
    return {**GOOD, **layers}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (changed(b=layer(CODE)[:-1]), "layer 'b' in epoch 0 has 63 rows and there are 64 labels"),
        (changed(b=np.where(CODE == 3, np.nan, 1.0)), "has the activation nan in row 3, unit 0"),
        (changed(b=np.where(CODE == 5, -np.inf, 1.0)), "the activation -inf in row 5, unit 0"),
        (changed(b=np.array(["x"] * N)), "layer 'b' in epoch 0 has shape .* and type <U1"),
        (changed(b=np.empty((N, 0))), r"shape \(64, 0\)"),
        ([GOOD, {"a": GOOD["a"]}], "epoch 1 has the layers a, .* they differ in 'b'"),
        ([GOOD, changed(b=np.ones((N, 2)))], "'b' has 2 units in epoch 1 and 1 in the first one"),
        ([[GOOD, GOOD], [GOOD]], "run 1 has 1 epochs and run 0 has 2"),
        ([], "empty list"),
        ({}, "empty dict"),
        (GOOD["a"], r"one array \(64, 1\): give layers"),
        ([1.0, 2.0], "activations are or hold 1.0"),
        ([GOOD["a"], [GOOD["a"]]], "mix arrays with lists"),
        ("abc", "activations are or hold 'abc'"),
        ({"x": GOOD}, "key 'x' for an epoch: give whole numbers"),
        ({1: GOOD, 0: GOOD}, "epoch 0 follows epoch 1: give epochs in increasing order"),
    ],
)  # fmt: skip
def test_bad_activations(given, says):
    with pytest.raises(InputError, match=says):
        ibnet.from_activations(given, Y)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.linspace(0, 1, N), "which is no class: .* numpy.digitize"),
        (CODE, "64 classes in 64 rows"),
        (0 * CODE, "all 0: give at least 2 classes"),
        (np.eye(4)[Y], r"labels.argmax\(1\)"),
        (np.where(CODE == 3, np.nan, Y), "no label in row 3"),
        (Y[:-1], "64 rows and there are 63 labels"),
        (3, r"labels have shape \(\)"),
    ],
)
def test_bad_labels(labels, says):
    with pytest.raises(InputError, match=says):
        ibnet.from_activations(GOOD, labels)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epochs": [0, 1]}, "epochs has 2 numbers and activations have 1"),
        ({"epochs": [1.5]}, "epoch 1.5: give whole numbers"),
        ({"epochs": [-1]}, "epoch -1: give whole numbers"),
        ({"activation": "tanh"}, "layer 'a' has the activation 63, which tanh never gives"),
        ({"activation": "relu"}, "layer 'b' has the activation -63, which relu never gives"),
        ({"activation": "gelu"}, "unknown activation 'gelu'"),
        ({"activation": {"c": "relu"}}, "unknown layer of activation 'c'"),
        ({"inputs": CODE[:-1]}, "there are 64 labels: give one label for each input"),
        ({"inputs": np.array(["x"] * N)}, "inputs hold <U1 values"),
        ({"inputs": np.zeros((N, 2))}, "the inputs of both are equal"),
        ({"inputs": np.full((N, 2), np.nan)}, "the inputs of both are equal"),
        ({"epochs": 3}, "epochs is 3: give a list"),
    ],
)
def test_bad_options(options, says):
    with pytest.raises(InputError, match=says):
        ibnet.from_activations(GOOD, Y, **options)


def test_activations_of_equal_inputs_may_differ_by_rounding():
    bit = CODE // 4 % 2
    rounded = layer(bit).astype(np.float32) * (1 + 1e-6 * np.arange(N)[:, np.newaxis] / N)
    own = ibnet.from_activations({"a": rounded}, Y, inputs=bit)
    assert own.sides.h_x_bits == pytest.approx(1)


def test_activations_beyond_float32_raise_no_warning():
    with warnings.catch_warnings(action="error"):
        measured = one({"a": layer(CODE).astype(float) * 1e300})
    assert np.isinf(measured.max_activation).all()


def test_other_things_to_measure_and_bad_estimators():
    with pytest.raises(InputError, match=r"networks are a dict: give what ibnet\.train"):
        ibnet.measure(GOOD)
    with pytest.raises(InputError, match="unknown estimator 'uniformly'"):
        one(GOOD, spec="uniformly")
    with pytest.raises(InputError, match="masked"):
        one({"a": np.ma.masked_equal(layer(CODE), 3)})


def test_labels_of_any_type_are_classes():
    for labels in (Y, Y.astype(float), Y.astype(str), Y > 1, Y[:, np.newaxis], Y.tolist()):
        classes = len(np.unique(labels))
        assert one(GOOD, labels).attrs["h_y_bits"] == pytest.approx(math.log2(classes))


# -- the command line -----------------------------------------------------------------------------


def test_the_library_s_estimates_are_those_of_a_layer():
    rng = np.random.default_rng(4)
    t = rng.normal(size=(N, 2))
    want = mibench.estimate(Y, t, "kde:noise_variance=1e-3", discrete_x=True).bits
    assert float(one({"t": t}, spec="kde").i_ty.squeeze()) == pytest.approx(want, abs=1e-6)


def test_the_command_measures_and_draws_what_was_logged(tmp_path):
    from mibench.ibnet.own.files import create, write_epoch

    own = ibnet.from_activations([changed(c=layer(CODE % 2))] * 2, Y)
    create(own, tmp_path / "d")
    for epoch, kept in zip(own.epochs, own.kept[0], strict=True):
        write_epoch(tmp_path / "d", epoch, kept)
    run = CliRunner().invoke(command, ["measure", str(tmp_path / "d"), "-e", "uniform:bins=64",
                                       "--format", "json"])  # fmt: skip
    assert run.exit_code == 0, run.output
    rows = json.loads(run.stdout)
    assert [row["layer"] for row in rows] == ["a", "b", "c"]
    assert "flagged: uniform:bins=64: ceiling of I(X;T): " in run.stderr
    drawn = CliRunner().invoke(command, ["plot", str(tmp_path / "d")])
    assert drawn.exit_code == 0, drawn.output
    assert (tmp_path / "d" / "figures" / "plane.png").exists()


def test_what_cannot_be_joined_is_refused():
    measured = one({"t": layer(CODE % 4)})
    others = (
        None,
        5,
        {"a": measured},
        [measured, None],
        ["x"],
        [measured, measured.drop_dims("run")],
    )
    for given in others:
        with pytest.raises(InputError, match="give"):
            ibnet.join_runs(given)
    assert ibnet.join_runs(iter([measured, measured])).sizes["run"] == 2


@pytest.mark.parametrize("shared", [None, "yes", 1, np.array([True, False])])
def test_a_shared_range_is_true_or_false(shared):
    with pytest.raises(InputError, match="shared_range="):
        ibnet.from_activations({"t": layer(CODE)}, Y, shared_range=shared)
