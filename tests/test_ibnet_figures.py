"""Figures: their numbers, scales and limits, and the inputs that they refuse."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from mibench.errors import InputError
from mibench.estimators import Adaptive, Uniform
from mibench.ibnet.figures import (
    Drawing,
    plot_bins,
    plot_distances,
    plot_epochs,
    plot_errors,
    plot_maxima,
    plot_maxima_by_epoch,
    plot_median_split,
    plot_plane,
    plot_planes,
    plot_runs,
    plot_study,
    save_drawing,
)
from mibench.ibnet.figures._numbers import distinct_range

from .ibnet_fakes import H_Y_BITS, make_trajectories

UNIFORM, ADAPTIVE = "uniform:bins=30", "adaptive:bins=30"


@pytest.fixture(scope="module")
def tanh() -> xr.Dataset:
    return make_trajectories(runs=7, epochs=150)


@pytest.fixture(scope="module")
def relu() -> xr.Dataset:
    return make_trajectories("relu-256", (UNIFORM, ADAPTIVE, "kde"), runs=6, epochs=120, seed=1)


def planes(drawing: Drawing) -> list[Axes]:
    """The axes that are visible and no colour bar."""
    return [a for a in drawing.figure.axes if a.get_visible() and a.get_xlabel() + a.get_title()]


def activations() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1.5, (500, 4)).astype(np.float32)


FIGURES: dict[str, Callable[[xr.Dataset, xr.Dataset], Drawing]] = {
    "plane": lambda tanh, relu: plot_plane(tanh),
    "runs behind": lambda tanh, relu: plot_plane(tanh, [UNIFORM], spread="runs"),
    "study": lambda tanh, relu: plot_study({f"init={i}": tanh for i in ("he", "glorot", "x")}),
    "planes": lambda tanh, relu: plot_planes({"one": tanh, "two": relu}, [UNIFORM, ADAPTIVE]),
    "epochs": lambda tanh, relu: plot_epochs(tanh),
    "distances": lambda tanh, relu: plot_distances(tanh),
    "epochs of two": lambda tanh, relu: plot_epochs({"one": tanh, "two": relu}, [UNIFORM]),
    "errors": lambda tanh, relu: plot_errors({"one": tanh, "two": relu, "1": tanh, "2": relu}),
    "maxima": lambda tanh, relu: plot_maxima({"one": tanh, "two": relu}),
    "maxima by epoch": lambda tanh, relu: plot_maxima_by_epoch({"one": tanh, "two": relu}),
    "median": lambda tanh, relu: plot_median_split(relu, [UNIFORM]),
    "runs": lambda tanh, relu: plot_runs(relu, ADAPTIVE, [0, 2, 4, 5]),
    "bins": lambda tanh, relu: plot_bins("tanh", np.tanh(activations()), (-1, 1)),
}


@pytest.fixture(scope="module", params=FIGURES)
def drawing(request: pytest.FixtureRequest, tanh: xr.Dataset, relu: xr.Dataset) -> Drawing:
    return FIGURES[request.param](tanh, relu)


@pytest.mark.slow
def test_every_figure_is_written_with_its_numbers(drawing: Drawing, tmp_path: Path) -> None:
    for ending, magic in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")):
        picture, numbers = save_drawing(drawing, tmp_path / f"figure{ending}")
        assert picture.read_bytes().startswith(magic)
        assert picture.stat().st_size < 1_000_000
        drawing.figure.set_layout_engine("none")  # once is enough, and most of the time
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "figure.csv",
        "figure.pdf",
        "figure.png",
        "figure.svg",
    ]
    read = pd.read_csv(numbers)
    assert list(read.columns) == list(drawing.table.columns)
    assert len(read) == len(drawing.table) > 0
    for column in read.select_dtypes("number").columns:
        np.testing.assert_allclose(read[column], drawing.table[column], rtol=1e-5)


# Each takes two seconds. The others have, between them, all kinds of panels, legends and titles.
DRAWN_ALWAYS = ("plane", "planes", "errors", "median", "bins")


@pytest.mark.parametrize(
    "name",
    [name if name in DRAWN_ALWAYS else pytest.param(name, marks=pytest.mark.slow)
     for name in FIGURES],
)  # fmt: skip
def test_no_text_is_cut_off_or_overlaps_another(
    name: str, tanh: xr.Dataset, relu: xr.Dataset
) -> None:
    figure = FIGURES[name](tanh, relu).figure
    FigureCanvasAgg(figure).draw()
    words = [text for axes in figure.axes if axes.get_visible() for text in texts_of(axes)]
    words += [text for legend in figure.legends for text in legend.get_texts()]
    words += [text for text in figure.findobj(Text) if text.get_text() == figure.get_suptitle()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in words]
    assert len(boxes) > 10
    for text, box in boxes:
        assert min(box.x0, box.y0) >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
    for (text, box), (other, its) in combinations(boxes, 2):
        assert not box.overlaps(its), (text, other)


def texts_of(axes: Axes) -> list[Text]:
    """Titles, labels, notes, and names of ticks within the limits, that are drawn."""
    ticks = [
        text
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        for text in (tick.label1, tick.label2)
        if axis.get_view_interval()[0] <= tick.get_loc() <= axis.get_view_interval()[1]
    ]
    title = [text for text in axes.get_children() if isinstance(text, Text)]
    texts = [*ticks, *title, axes.xaxis.label, axes.yaxis.label]
    return [text for text in texts if text.get_visible() and text.get_text()]


def test_the_plane_holds_means_and_quantiles_over_runs(tanh: xr.Dataset) -> None:
    table = plot_plane(tanh).table
    assert list(dict.fromkeys(table["estimator"])) == [UNIFORM, ADAPTIVE]
    assert set(table["runs"]) == {7}
    for name, column in (("i_xt", "i_xt"), ("i_ty", "i_ty")):
        values = tanh[name].sel(estimator=ADAPTIVE).values.astype(float)  # (run, epoch, layer)
        rows = table[table["estimator"] == ADAPTIVE]
        index = (rows["epoch"].to_numpy(), rows["layer"].to_numpy() - 1)
        np.testing.assert_allclose(rows[f"{column}_mean_bits"], values.mean(0)[index], rtol=1e-12)
        sd = values.std(0, ddof=1)[index]
        np.testing.assert_allclose(rows[f"{column}_sd_bits"], sd, rtol=1e-9, atol=1e-12)
        for q in (10, 90):
            want = np.percentile(values, q, axis=0)[index]
            np.testing.assert_allclose(rows[f"{column}_q{q}_bits"], want, rtol=1e-12)


def test_single_runs_have_no_standard_deviation(tanh: xr.Dataset) -> None:
    assert plot_plane(tanh.isel(run=[0])).table["i_xt_sd_bits"].isna().all()
    assert not any("sd" in name for name in plot_runs(tanh, ADAPTIVE).table.columns)


def test_maxima_by_epoch_are_means_over_the_finite_runs(tanh: xr.Dataset) -> None:
    grown = tanh.copy(deep=True)
    grown["max_activation"][2, -1, 3] = np.inf
    table = plot_maxima_by_epoch({"one": grown}).table
    values = grown["max_activation"].values.astype(float)
    index = (slice(None), table["epoch"].to_numpy(), table["layer"].to_numpy() - 1)
    values[~np.isfinite(values)] = np.nan
    np.testing.assert_allclose(
        table["max_activation_mean"], np.nanmean(values[index], axis=0), rtol=1e-12
    )
    np.testing.assert_allclose(
        table["max_activation_sd"], np.nanstd(values[index], axis=0, ddof=1), rtol=1e-9, atol=1e-12
    )
    assert table["runs"].value_counts().to_dict() == {7: len(table) - 1, 6: 1}


def test_epochs_of_trainings_have_a_row_each(tanh: xr.Dataset, relu: xr.Dataset) -> None:
    both = plot_epochs({"one": tanh, "two": relu}, [UNIFORM])
    assert [axes.get_title(loc="left") for axes in both.figure.axes[::2]] == [
        "one\nuniform:bins=30 (7 runs)",
        "two\nuniform:bins=30 (6 runs)",
    ]
    for title, data in (("one", tanh), ("two", relu)):
        own = plot_epochs(data, [UNIFORM]).table.drop(columns="training")
        rows = both.table[both.table["training"] == title].drop(columns="training")
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), own)


def test_bars_of_few_runs_are_their_extremes(tanh: xr.Dataset) -> None:
    """Quantiles of two runs would lie where no run is."""
    two = tanh.isel(run=[1, 4])
    drawing = plot_plane(two, [UNIFORM])
    rows = drawing.table
    values = two["i_xt"].sel(estimator=UNIFORM).values.astype(float)
    index = (rows["epoch"].to_numpy(), rows["layer"].to_numpy() - 1)
    for q, want in ((10, values.min(0)), (90, values.max(0))):
        np.testing.assert_allclose(rows[f"i_xt_q{q}_bits"], want[index], rtol=1e-12)
    for draw, data in ((plot_plane, two), (plot_epochs, two), (plot_errors, two)):
        assert "from the smallest to the largest run" in draw(data).figure.get_suptitle()
    both = plot_errors({"two": two, "seven": tanh}).figure.get_suptitle()
    assert "(of fewer than 5 runs: from" in " ".join(both.split())
    one = plot_plane(tanh.isel(run=[0])).figure.get_suptitle()
    assert "bars" not in one


def test_an_estimator_beyond_h_x_does_not_squeeze_the_others(relu: xr.Dataset) -> None:
    beyond = relu.copy(deep=True)
    beyond["i_xt"].loc[{"estimator": ADAPTIVE}] *= 3
    drawing = plot_plane(beyond)
    limits = [axes.get_xlim() for axes in planes(drawing)]
    assert limits[0] == limits[2] != limits[1]
    assert limits[0][1] < 14 < 30 < limits[1][1]
    assert "its own scale" in drawing.figure.get_suptitle().replace("\n", " ")
    all_beyond = plot_plane(beyond, [ADAPTIVE]).figure.get_suptitle()
    assert "its own scale" not in all_beyond.replace("\n", " ")


def test_numbers_of_runs_are_whole(relu: xr.Dataset) -> None:
    for runs in (1, 2, 3, 6):
        left = plot_maxima(relu.isel(run=range(runs))).figure.axes[0]
        assert all(tick == round(tick) for tick in left.get_xticks())


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.99112, 0.99148, "0.9911 to 0.9915"),
        (2, 24.4, "2 to 24.4"),
        (1, 1, "1"),
    ],
)
def test_the_ends_of_a_range_differ(low: float, high: float, text: str) -> None:
    assert distinct_range(low, high) == text


def test_what_is_drawn_is_what_is_written(tanh: xr.Dataset) -> None:
    drawing = plot_plane(tanh, [UNIFORM])
    (axes,) = planes(drawing)
    table = drawing.table
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(lines) == 6
    for layer, line in enumerate(lines, start=1):
        rows = table[table["layer"] == layer]
        np.testing.assert_array_equal(line.get_xdata(), rows["i_xt_mean_bits"])
        np.testing.assert_array_equal(line.get_ydata(), rows["i_ty_mean_bits"])


def test_epochs_are_thinned_evenly_in_the_logarithm() -> None:
    epochs = np.unique(plot_plane(make_trajectories(runs=1, epochs=8000)).table["epoch"])
    assert list(epochs[:12]) == list(range(12))
    assert epochs[-1] == 8000
    assert 120 <= len(epochs) <= 250
    later = epochs[epochs >= 100]
    assert np.diff(np.log(later)).max() < 2 * np.diff(np.log(later)).min()


def test_panels_share_one_scale_that_holds_everything(tanh: xr.Dataset, relu: xr.Dataset) -> None:
    drawings = [
        plot_plane(relu),
        plot_planes({"a": tanh, "b": relu}, [UNIFORM]),
        plot_runs(relu, ADAPTIVE),
    ]
    for drawing in drawings:
        axes = planes(drawing)
        assert len(axes) >= 2
        assert len({a.get_xlim() for a in axes}) == len({a.get_ylim() for a in axes}) == 1
        (left, right), (low, high) = axes[0].get_xlim(), axes[0].get_ylim()
        for values, a, b in (("i_xt", left, right), ("i_ty", low, high)):
            numbers = drawing.table.filter(regex=f"^{values}").to_numpy()
            assert a < 0 <= numbers.min()
            assert numbers.max() < b
        assert high > H_Y_BITS


def test_the_limit_stands_at_the_entropy_of_the_label(tanh: xr.Dataset) -> None:
    for drawing in (plot_plane(tanh), plot_epochs(tanh)):
        dashed = [
            line for a in drawing.figure.axes for line in a.lines if line.get_linestyle() == "--"
        ]
        assert len(dashed) == 2
        for line in dashed:
            assert set(line.get_ydata()) == {H_Y_BITS}
        texts = [t.get_text() for a in drawing.figure.axes for t in a.texts]
        assert texts == ["$H(Y)$ = 0.999 bit"] * 2


def test_the_entropy_of_the_input_is_marked_where_an_estimate_exceeds_it(tanh: xr.Dataset) -> None:
    beyond = tanh.copy(deep=True)
    beyond["i_xt"][1, :, :, 0] += (
        5  # as for k-NN if the noise is smaller than the distance to the neighbours
    )
    for trajectories, marked in ((tanh, 0), (beyond, 2)):
        drawing = plot_plane(trajectories)
        dotted = [
            line for a in drawing.figure.axes for line in a.lines if line.get_linestyle() == ":"
        ]
        assert [set(line.get_xdata()) for line in dotted] == [{12.0}] * marked
        for line in dotted:  # up to H(Y), below its name
            low, high = line.axes.get_ylim()
            assert low + max(line.get_ydata()) * (high - low) == pytest.approx(H_Y_BITS)
        assert ("H(X) = 12 bit" in drawing.figure.get_suptitle()) == bool(marked)


def test_no_limit_is_drawn_where_it_is_unknown(tanh: xr.Dataset) -> None:
    unknown = tanh.copy()
    unknown.attrs = {"training": "mine"}
    drawing = plot_plane(unknown)
    assert not [t for a in drawing.figure.axes for t in a.texts]
    assert "mine" in drawing.figure.get_suptitle()


def test_the_colour_bar_counts_epochs() -> None:
    for last, want in ((8000, [1, 10, 100, 1000, 8000]), (200, [1, 10, 200]), (1, [1, 2])):
        drawing = plot_plane(make_trajectories(estimators=[UNIFORM], runs=2, epochs=last))
        (bar,) = [a for a in drawing.figure.axes if a.get_ylabel() == "epoch"]
        assert list(bar.yaxis.get_major_locator()()) == want
        assert bar.get_ylim() == pytest.approx((1, max(last, 2)))


def test_sparse_epochs_and_diverged_runs_are_drawn_from_what_is_there(relu: xr.Dataset) -> None:
    measured = np.flatnonzero(relu["i_xt"].sel(estimator="kde").notnull().all(["run", "layer"]))
    table = plot_plane(relu).table
    kde = table[table["estimator"] == "kde"]
    assert set(kde["epoch"]) == set(measured)

    hurt = relu.copy(deep=True)
    hurt["i_xt"].loc[{"run": 2, "epoch": slice(100, None)}] = np.nan
    hurt["i_ty"].loc[{"run": 2, "epoch": slice(100, None)}] = np.inf
    hurt["test_error"].loc[{"run": 2, "epoch": slice(100, None)}] = np.nan
    rows = plot_epochs(hurt, [UNIFORM]).table.set_index(["layer", "epoch"])
    assert rows["runs"].loc[3, 20] == 6
    assert rows["runs"].loc[3, 120] == 5
    others = relu["i_xt"].sel(estimator=UNIFORM, epoch=120, layer=3).drop_sel(run=2)
    assert rows["i_xt_mean_bits"].loc[3, 120] == pytest.approx(float(others.mean()), rel=1e-6)
    errors = plot_errors(hurt).table.set_index("epoch")
    assert errors["runs"].loc[120] == 5
    spared = relu["test_error"].sel(epoch=120).drop_sel(run=2)
    assert errors["test_error_mean"].loc[120] == pytest.approx(float(spared.mean()), rel=1e-6)


def test_a_layer_that_was_not_measured_is_left_out(tanh: xr.Dataset) -> None:
    hurt = tanh.copy(deep=True)
    hurt["i_xt"].loc[{"layer": 2}] = np.nan
    assert set(plot_plane(hurt).table["layer"]) == {1, 3, 4, 5, 6}
    assert set(plot_epochs(hurt).table["layer"]) == {1, 3, 4, 5, 6}


@pytest.mark.parametrize("lost", ["train_error", "test_error"])
def test_errors_that_a_damaged_directory_has_lost_are_not_drawn(lost: str) -> None:
    trajectories = make_trajectories(runs=2, epochs=5)
    kept = trajectories.assign({lost: trajectories[lost] * np.nan})
    with pytest.raises(InputError, match="holds no errors to draw"):
        plot_errors({"tanh": kept})


def test_errors_are_drawn_in_per_cent_and_written_as_rates(tanh: xr.Dataset) -> None:
    drawing = plot_errors(tanh)
    table = drawing.table
    assert set(table["training"]) == {"tanh-256"}
    (axes,) = drawing.figure.axes
    solid = [line for line in axes.lines if line.get_linewidth() > 1]
    for line, kind in zip(solid, ("train", "test"), strict=True):
        want = tanh[f"{kind}_error"].sel(epoch=table["epoch"].to_numpy()).astype(float).mean("run")
        np.testing.assert_allclose(table[f"{kind}_error_mean"], want, rtol=1e-12)
        np.testing.assert_allclose(line.get_ydata(), 100 * want, rtol=1e-12)
    assert axes.get_ylim()[0] == 0


def test_maxima_by_run_rise_and_are_the_largest(relu: xr.Dataset) -> None:
    hurt = relu.copy(deep=True)
    hurt["max_activation"].loc[{"run": 0, "epoch": 120}] = np.inf
    drawing = plot_maxima(hurt)
    finite = relu["max_activation"].where(np.isfinite(hurt["max_activation"])).max("epoch")
    got = drawing.table.set_index(["run", "layer"])["max_activation"].to_xarray()
    np.testing.assert_allclose(got, finite.transpose("run", "layer"))
    left, right = drawing.figure.axes
    points = np.hstack([line.get_xydata().T for line in left.lines if line.get_marker() != "None"])
    rising = points[:, points[0].argsort()]
    np.testing.assert_allclose(rising[0], np.arange(1, 7))
    np.testing.assert_allclose(rising[1], np.sort(finite.max("layer")))
    assert left.get_ylim() == right.get_ylim()


def test_the_median_split_parts_runs_by_their_maxima(relu: xr.Dataset) -> None:
    table = plot_median_split(relu, [UNIFORM]).table
    top = relu["max_activation"].max(["epoch", "layer"])
    order = top.argsort().values
    for half, runs in (("smaller", order[:3]), ("larger", order[3:])):
        rows = table[(table["half"] == half) & (table["layer"] == 5) & (table["epoch"] == 120)]
        want = relu["i_xt"].sel(estimator=UNIFORM, epoch=120, layer=5).isel(run=runs).mean()
        assert rows["i_xt_mean_bits"].item() == pytest.approx(float(want), rel=1e-6)
        assert rows["runs"].item() == 3
    odd = plot_median_split(relu.isel(run=slice(5)), [UNIFORM]).table
    assert odd.groupby("half")["runs"].max().to_dict() == {"smaller": 3, "larger": 2}


@pytest.mark.slow
def test_single_runs_are_those_of_the_data(relu: xr.Dataset) -> None:
    drawing = plot_runs(relu, ADAPTIVE, runs=[4, 1])
    assert [a.get_title("left") for a in drawing.figure.axes if a.get_title("left")] == [
        "run 4",
        "run 1",
    ]
    table = drawing.table.set_index(["run", "layer", "epoch"]).sort_index()
    want = relu["i_ty"].sel(estimator=ADAPTIVE, run=4, layer=6, epoch=37)
    assert table["i_ty_bits"].loc[4, 6, 37] == pytest.approx(float(want), rel=1e-6)
    assert set(drawing.table["run"]) == {1, 4}
    assert set(plot_runs(relu, "kde").table["run"]) == set(range(6))


def test_lines_of_single_runs_are_written_too(tanh: xr.Dataset) -> None:
    table = plot_plane(tanh, [UNIFORM], spread="runs").table
    single = table[table["run"].notna()]
    assert set(single["run"]) == set(range(7))
    row = single[(single["run"] == 3) & (single["layer"] == 4) & (single["epoch"] == 150)]
    want = tanh["i_xt"].sel(estimator=UNIFORM, run=3, layer=4, epoch=150)
    assert row["i_xt_mean_bits"].item() == pytest.approx(float(want), rel=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "relu6", "linear"])
def test_bins_hold_what_the_estimators_put_in_them(activation: str) -> None:
    pre = activations()
    values = {
        "tanh": np.tanh(pre),
        "relu": np.maximum(pre, 0),
        "elu": np.where(pre > 0, pre, np.expm1(pre)),
        "relu6": np.clip(2 * pre, 0, 6),
        "linear": pre,
    }[activation].ravel()
    low, high = {"tanh": (-1, 1), "elu": (-1, 9), "relu6": (0, 6)}.get(activation, (0, 9))
    low = -9 if activation == "linear" else low
    table = plot_bins(activation, values, (low, high), 8).table
    own_bin = {"tanh": -1.0, "elu": -1.0, "relu": 0.0, "relu6": 0.0}.get(activation)
    estimators = {
        "uniform": Uniform(bins=8, range=(low, high)),
        "adaptive": Adaptive(bins=8, own_bin=own_bin),
    }
    labels = np.arange(len(values))  # all distinct, so that I is the entropy of the bins
    for name, rows in table.groupby("binning"):
        share = rows["share"][rows["share"] > 0]
        assert rows["values"].sum() == len(values)
        entropy = -(share * np.log2(share)).sum()
        estimate = estimators[str(name)].estimate(labels, values, discrete_x=True)
        assert estimate.bits == pytest.approx(entropy, abs=1e-9)
    adaptive = table[table["binning"] == "adaptive"]
    quantiles = adaptive["distinct_values"][1:] if own_bin == 0.0 else adaptive["distinct_values"]
    assert quantiles.max() - quantiles.min() <= 2
    assert (adaptive["upper_edge"] >= adaptive["lower_edge"]).all()
    if own_bin == 0.0:
        assert adaptive["values"].iloc[0] == (values == 0).sum()


def test_a_dead_layer_has_one_bin() -> None:
    table = plot_bins("relu", np.zeros(5000, np.float32), (0, 1), 5).table
    adaptive = table[table["binning"] == "adaptive"]
    assert adaptive["values"].tolist() == [5000, 0]
    assert (adaptive["lower_edge"] <= adaptive["upper_edge"] + 1e-40).all()


def test_a_value_at_an_edge_belongs_to_the_bin_above() -> None:
    table = plot_bins("relu", [0.0, 1.0, 1.0, 2.0, 3.0], (0, 4), 4).table
    assert list(table["values"][table["binning"] == "uniform"]) == [1, 2, 1, 1]
    assert list(table["values"][table["binning"] == "adaptive"]) == [1, 2, 1, 1]  # 0 | 1 | 2 | 3


REFUSALS: dict[str, tuple[Callable[[xr.Dataset], object], str]] = {
    "estimator": (lambda d: plot_plane(d, ["knn"]), "'knn' is not measured here: uniform:bins=30"),
    "one name": (lambda d: plot_epochs(d, UNIFORM), r"give \['uniform:bins=30'\]"),
    "spread": (lambda d: plot_plane(d, spread="box"), "'box' is unknown: give band, runs, none"),
    "nothing": (lambda d: plot_plane(d * np.nan), "nothing is measured by 'uniform:bins=30'"),
    "no errors": (lambda d: plot_errors(d * np.nan), "holds no errors"),
    "no maxima": (lambda d: plot_maxima(d * np.nan), "no finite maximum"),
    "no trainings": (lambda d: plot_errors({}), "at least one training"),
    "title": (lambda d: plot_planes({"a": d}, {"b": [UNIFORM]}), "of 'b': the trainings are a"),
    "one run": (lambda d: plot_median_split(d.isel(run=[0])), "no halves of 1 run "),
    "run": (lambda d: plot_runs(d, UNIFORM, [9]), "run 9 is not measured .* give runs of 0, 1"),
    "no run": (lambda d: plot_runs(d, UNIFORM, []), "at least one run"),
    "activation": (lambda d: plot_bins("gelu", [1.0], (0, 1)), "'gelu' is unknown: give tanh"),
    "range": (lambda d: plot_bins("relu", [1.0], (1, 1)), r"range=\(1, 1\) is empty"),
    "bins": (lambda d: plot_bins("relu", [1.0], (0, 1), 0), "bins=0 leaves no bin"),
    "values": (lambda d: plot_bins("relu", [np.nan], (0, 1)), "must be finite"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refusals_name_the_value_and_the_remedy(refusal: str, tanh: xr.Dataset) -> None:
    call, message = REFUSALS[refusal]
    with pytest.raises(InputError, match=message):
        call(tanh)


def test_a_figure_goes_only_where_it_can_be_written(tanh: xr.Dataset, tmp_path: Path) -> None:
    drawing = plot_errors(tanh)
    with pytest.raises(InputError, match=r"must end in one of \.png, \.pdf, \.svg"):
        save_drawing(drawing, tmp_path / "errors.gif")
    with pytest.raises(InputError, match="does not exist: create it"):
        save_drawing(drawing, tmp_path / "none" / "errors.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_large_pictures_are_reduced_without_losing_contrast(
    relu: xr.Dataset, tmp_path: Path
) -> None:
    from PIL import Image

    noisy = make_trajectories("relu-256", (UNIFORM, ADAPTIVE, "kde"), runs=8, epochs=2000)
    picture, _ = save_drawing(plot_epochs(noisy), tmp_path / "epochs.png")
    assert picture.stat().st_size < 250_000
    with Image.open(picture) as image:
        assert image.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.slow
def test_short_trainings_and_single_epochs_can_be_drawn() -> None:
    tiny = make_trajectories(estimators=[UNIFORM], runs=1, epochs=3)
    for data in (tiny.isel(epoch=[0]), tiny.isel(epoch=[2])):
        for drawing in (plot_plane(data), plot_epochs(data), plot_errors(data), plot_maxima(data)):
            FigureCanvasAgg(drawing.figure).draw()
