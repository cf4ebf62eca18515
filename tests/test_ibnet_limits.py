"""The limit of information planes if equal inputs have different labels."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import brentq
from scipy.special import xlogy

from mibench import InputError, ibnet
from mibench.ibnet.data import limits
from mibench.ibnet.data.dataset import Data
from mibench.ibnet.data.limits import limit_attributes
from mibench.ibnet.figures import plot_distances, plot_epochs, plot_plane, save_page
from mibench.ibnet.figures._page_numbers import payload

from .browser import browser, needs_browser, view
from .ibnet_fakes import make_trajectories

ERROR = 0.1
INPUTS = np.repeat([0, 1], 100)
LABELS = np.r_[np.repeat([0, 1], [90, 10]), np.repeat([0, 1], [10, 90])]


def h(p):
    """The entropy of a coin, in bits."""
    return -(xlogy(p, p) + xlogy(1 - p, 1 - p)) / math.log(2)


def gerber(i_xt):
    """Mrs. Gerber's lemma: the largest I(T;Y) behind a binary symmetric channel, in bits.

    Wyner & Ziv 1973, doi:10.1109/TIT.1973.1055107.
    """
    p = brentq(lambda p: 1 - h(p) - i_xt, 0, 0.5)
    return 1 - h(p * (1 - ERROR) + ERROR * (1 - p))


def test_the_curve_of_a_binary_symmetric_channel():
    found = limit_attributes(INPUTS, LABELS)
    i_xt, i_ty = np.array(found["curve_i_xt_bits"]), np.array(found["curve_i_ty_bits"])
    assert found["i_xy_bits"] == pytest.approx(1 - h(ERROR))
    assert (i_xt[0], i_ty[0]) == (0, 0)
    assert (i_xt[-1], i_ty[-1]) == pytest.approx((1, 1 - h(ERROR)))
    assert (np.diff(i_xt) >= 0).all()
    np.testing.assert_allclose(i_ty, [gerber(x) for x in i_xt], atol=1e-6)
    between = np.linspace(0, 1, 201)
    below = np.array([gerber(x) for x in between]) - np.interp(between, i_xt, i_ty)
    assert below.min() >= -1e-6
    assert below.max() < 5e-4  # chords


def test_inputs_of_one_label_each_have_no_curve():
    assert limit_attributes(np.array([0, 0, 1, 2]), np.array([1, 1, 0, 1])) == {}


def test_inputs_that_say_nothing_have_the_limit_0():
    found = limit_attributes(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert found == {"i_xy_bits": pytest.approx(0, abs=1e-12)}


def test_inputs_with_the_same_shares_of_labels_are_one_to_the_curve():
    """Shares 1/2 of 2 and of 4 rows are the same; I(X;Y) = H(Y) - H(Y|X) is 0.5 bits here."""
    symbols, labels = np.array([0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3]), np.array([0, 1] * 3 + [0] * 6)
    found = limit_attributes(symbols, labels)
    assert found["i_xy_bits"] == pytest.approx(h(0.25) - 0.5)
    assert found["curve_i_xt_bits"][-1] == pytest.approx(1)  # two groups of six rows


def test_with_many_groups_the_bound_stands_for_the_curve(monkeypatch):
    monkeypatch.setattr(limits, "MOST_GROUPS", 6)
    shares = np.arange(1, 8)  # of label 1, of 1 + their number of rows each
    symbols = np.repeat(np.arange(len(shares)), shares + 1)
    labels = np.concatenate([np.r_[0, np.ones(n, int)] for n in shares])
    assert set(limit_attributes(symbols, labels)) == {"i_xy_bits"}
    few = symbols < 6
    assert set(limit_attributes(symbols[few], labels[few])) > {"i_xy_bits"}


def noisy_labels():
    """Four inputs, which repeat, and labels of the first bit that are wrong in one row of ten."""
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    first = np.repeat([0, 0, 1, 1], 50)
    wrong = np.arange(200) % 10 == 0
    return np.repeat(inputs, 50, axis=0), np.where(wrong, 1 - first, first)


def test_trajectories_of_own_networks_record_the_limit():
    inputs, labels = noisy_labels()
    layers = {"first": inputs[:, :1], "both": inputs}
    measured = ibnet.measure(
        ibnet.from_activations(layers, labels, inputs=inputs), "uniform:bins=2"
    )
    assert measured.attrs["i_xy_bits"] == pytest.approx(1 - h(ERROR))
    x, y = measured.attrs["curve_i_xt_bits"], measured.attrs["curve_i_ty_bits"]
    for layer in range(2):  # one keeps the bit alone, and the other one bit more
        point = measured.isel(layer=layer)
        assert float(point.i_ty.squeeze()) == pytest.approx(1 - h(ERROR), abs=1e-6)
        assert float(point.i_xt.squeeze()) == pytest.approx(1 + layer, abs=1e-6)
        assert np.interp(1 + layer, x, y) == pytest.approx(1 - h(ERROR))


def test_trained_networks_record_the_limit():
    inputs, labels = noisy_labels()
    setting = ibnet.Setting("small", (2, 3, 2), "tanh", batch=32, runs=1, epochs=1)
    trained = ibnet.train(setting, data=Data("noisy", inputs, labels, 2))
    measured = ibnet.measure(trained, "uniform:bins=30")
    assert measured.attrs["i_xy_bits"] == pytest.approx(1 - h(ERROR))
    assert measured.attrs["h_y_bits"] == pytest.approx(1)
    assert (measured.i_ty <= measured.attrs["i_xy_bits"] + 1e-6).all()


def test_train_and_test_inputs_have_a_limit_of_their_own():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, size=(200, 1)).astype(np.float32)
    labels = ((x[:, 0] > 1) ^ (rng.random(200) < 0.2)).astype(np.int64)
    setting = ibnet.Setting("small", (1, 3, 2), "tanh", batch=32, runs=3, epochs=1)
    trained = ibnet.train(setting, data=Data("flips", x, labels, 2))
    data = trained.data
    for inputs in ("train", "test"):
        attributes = ibnet.measure(trained, "uniform:bins=3", inputs=inputs, jobs=1).attrs
        part = [trained.split(run)[inputs == "test"] for run in range(3)]
        wanted = [limit_attributes(data.symbols[r], data.labels[r])["i_xy_bits"] for r in part]
        assert attributes["i_xy_bits"] == pytest.approx(max(wanted))
        assert "curve_i_xt_bits" not in attributes
    whole = ibnet.measure(trained, "uniform:bins=3", jobs=1).attrs
    assert whole["i_xy_bits"] == limit_attributes(data.symbols, data.labels)["i_xy_bits"]
    assert len(whole["curve_i_xt_bits"]) > 10


# -- figures ---------------------------------------------------------------------------------------


def with_limit(curve=True):
    data = make_trajectories(estimators=("uniform:bins=30",), runs=2, epochs=20, widths=(5, 2))
    found = limit_attributes(INPUTS, LABELS)
    data.attrs |= found if curve else {"i_xy_bits": found["i_xy_bits"]}
    return data


@pytest.mark.parametrize("curve", [True, False])
def test_figures_draw_i_xy_and_the_curve(curve):
    data = with_limit(curve)
    for drawing, curves in ((plot_plane(data), int(curve)), (plot_epochs(data), 0)):
        dashed = [a for axes in drawing.figure.axes for a in axes.lines
                  if a.get_linestyle() == "--" and a.get_color() == "0.35"]  # fmt: skip
        flat = [line for line in dashed if len(set(line.get_ydata())) == 1]
        assert [line.get_ydata()[0] for line in flat] == [pytest.approx(1 - h(ERROR))]
        texts = [t.get_text() for axes in drawing.figure.axes for t in axes.texts]
        assert "$I(X;Y)$ = 0.531 bit" in texts
        assert not any("H(Y)" in text for text in texts)
        bent = [line for line in dashed if line not in flat]
        assert len(bent) == curves
        for line in bent:
            expected = [gerber(x) for x in line.get_xdata()]
            np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["curve", "i_xy", "h_y"])
def test_distances_are_those_of_means_over_runs_to_the_limit(kind):
    data = with_limit(kind == "curve")
    if kind == "h_y":
        del data.attrs["i_xy_bits"]
    data["i_xt"] = 0 * data["i_xt"] + 0.4
    data["i_ty"] = 0 * data["i_ty"] + xr.DataArray([0.1, 0.5], dims="run")
    wanted = {"curve": gerber(0.4), "i_xy": 0.4, "h_y": min(0.4, data.attrs["h_y_bits"])}[
        kind
    ] - 0.3
    table = plot_distances(data).table
    assert table["estimator"].unique().tolist() == ["uniform:bins=30"]
    assert sorted(table["layer"].unique()) == [1, 2]
    np.testing.assert_allclose(table["distance_mean_bits"], wanted, atol=5e-4)
    np.testing.assert_allclose(table["distance_q10_bits"], wanted - 0.2, atol=5e-4)


def test_distances_need_h_y():
    data = with_limit()
    for name in ("i_xy_bits", "h_y_bits"):
        del data.attrs[name]
    with pytest.raises(InputError, match="do not tell H"):
        plot_distances(data)


def test_the_page_holds_the_curve():
    shown = payload(with_limit())
    assert shown["i_xy"] == pytest.approx(1 - h(ERROR), abs=1e-5)
    for x, y in shown["curve"]:
        assert y == pytest.approx(gerber(min(x, 1)), abs=2e-5)
    assert json.loads(json.dumps(shown["curve"])) == shown["curve"]
    plain = payload(make_trajectories(runs=1, epochs=2))
    assert (plain["i_xy"], plain["curve"]) == (None, [])


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("curve", [True, False])
def test_the_page_draws_the_curve(curve, tmp_path):
    """The dashed line has the points of the curve, or is min(I(X;T), I(X;Y))."""
    data = with_limit(curve)
    file = save_page(data, tmp_path / "plane.html")
    with browser(tmp_path / "chrome") as chrome:
        view(chrome, 1280)
        chrome.get(file.as_uri())
        path = chrome.find_element("css selector", "path.limit").get_attribute("d")
        assert "I(X;Y) = 0.531" in chrome.find_element("css selector", "figure svg.chart").text
        reading = chrome.find_element("id", "reading").get_attribute("textContent")
        assert ("the bottleneck curve" in reading) == curve
        assert "min(I(X;T), I(X;Y))" in reading or curve
        assert "Equal inputs have different labels" in reading
        assert chrome.get_log("browser") == []
    steps = path.split("H")[0].removeprefix("M").split("L")
    points = np.array([[float(v) for v in step.split(",")] for step in steps])
    shown = np.array(payload(data)["curve"]) if curve else np.array([[0, 0], [0.531, 0.531]])
    assert len(points) == len(shown)
    for drawn, true in zip(points.T, shown.T, strict=True):  # one scale along each axis
        scale = (drawn[-1] - drawn[0]) / true[-1]
        np.testing.assert_allclose(drawn, drawn[0] + scale * true, atol=0.1)
