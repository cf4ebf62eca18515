"""All pairs of columns at once: the same numbers as single estimates, and no pair is missing."""

import itertools
import json
import math
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mibench as library
from mibench import Estimate, Estimator, InputError
from mibench.contract.variables import as_variable
from mibench.estimators import KNN
from mibench.estimators.shared import threads as _threads
from mibench.output.heatmap import MAX_COLUMNS_WITH_NUMBERS, heat_map

from .samples import VALUES, properties

LABELS = ["kind", "code", "id"]


def mixed_table(n=300):
    """Continuous columns, ties, a constant, labels, and labels that all differ."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return pd.DataFrame(
        {
            "a": a,
            "b": b,
            "single": np.float32(b + rng.normal(size=n)),
            "far": 1e9 + 1e-3 * rng.standard_cauchy(n),
            "rounded": np.round(a, 1),
            "atom": np.maximum(b, 0),
            "flat": 7.0,
            "kind": np.where(a > 0, "up", "down"),
            "code": rng.integers(0, 5, n),
            "id": [f"p{i}" for i in range(n)],
        }
    )


def one_by_one(table, estimator, labels):
    """(i, j) -> (nats, flags, error), from single estimates."""
    results = {}
    for i, j in itertools.combinations(table.columns, 2):
        sides = {"discrete_x": i in labels, "discrete_y": j in labels}
        try:
            estimate = library.estimate(
                table[i].to_numpy(), table[j].to_numpy(), estimator, **sides
            )
            results[i, j] = (estimate.nats, ";".join(estimate.flags), "")
        except Exception as error:
            results[i, j] = (math.nan, "", f"{type(error).__name__}: {error}")
    return results


def assert_same(pairs, expected):
    rows = pairs.table
    assert list(zip(rows["x"], rows["y"], strict=True)) == list(expected)
    for row, (nats, flags, error) in zip(rows.itertuples(), expected.values(), strict=True):
        assert row.nats == nats or (math.isnan(row.nats) and math.isnan(nats))  # to the last bit
        assert (row.flags, row.error) == (flags, error)


# -- the numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        "knn",
        "knn:k=5,variant=2",
        "knn:standardize=true",
        "knn:algorithm=tree",
        "knn:noise_variance=0.1",  # which fails between two continuous columns
        "uniform",
        "adaptive:bins=7",
        "adaptive",
        "kde",
    ],
)
def test_all_pairs_equal_single_estimates(estimator):
    table = mixed_table()
    pairs = library.pairwise(table, estimator, discrete=LABELS)
    assert_same(pairs, one_by_one(table, estimator, LABELS))
    assert pairs.table["error"].str.len().gt(0).any() == (estimator.startswith(("knn", "kde")))


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_number_of_threads_changes_nothing(threads, monkeypatch):
    table = mixed_table(3000)  # enough rows that the kernels share them among threads
    expected = one_by_one(table, "knn", LABELS)
    monkeypatch.setattr(_threads, "thread_count", lambda: threads)
    assert_same(library.pairwise(table, discrete=LABELS), expected)
    single_pair = table[["a", "b"]]  # whose rows are shared among threads
    assert library.pairwise(single_pair).table["nats"][0] == expected["a", "b"][0]


@pytest.mark.parametrize("jobs", [2, pytest.param(-1, marks=pytest.mark.slow)])
def test_the_number_of_processes_changes_nothing(jobs):
    table = mixed_table(100)
    alone = library.pairwise(table, "adaptive", discrete=LABELS)
    shared = library.pairwise(table, "adaptive", discrete=LABELS, jobs=jobs)
    pd.testing.assert_frame_equal(shared.table, alone.table, check_exact=True)


def test_cached_data_of_a_column_fit_the_estimator():
    """Estimators with and without standardization cache different data of one variable."""
    x, y = (as_variable(1e3 * v + 5, "x", False) for v in mixed_table()[["a", "b"]].to_numpy().T)
    plain, scaled = KNN(k=4), KNN(k=4, standardize=True)
    for estimator in (plain, scaled, plain, scaled):
        (estimate,) = estimator.estimate_pairs([(x, y)])
        assert estimate.nats == estimator.estimate(x.columns.T, y.columns.T).nats
    assert KNN().estimate_pairs([]) == []


@properties
@given(st.data())
def test_any_table_has_every_pair(data):
    n, d = data.draw(st.integers(2, 12)), data.draw(st.integers(2, 4))
    array = data.draw(hnp.arrays(np.float64, (n, d), elements=VALUES))
    mask = data.draw(st.lists(st.booleans(), min_size=d, max_size=d))
    spec = data.draw(st.sampled_from(["knn", "knn:variant=2", "adaptive", "kde"]))
    pairs = library.pairwise(array, spec, discrete=mask)
    assert_same(pairs, one_by_one(pd.DataFrame(array), spec, set(np.flatnonzero(mask))))
    assert pairs.nats.equals(pairs.nats.T)


# -- the result --------------------------------------------------------------------------------


def test_matrices_are_symmetric_and_without_diagonal():
    pairs = library.pairwise(mixed_table(), discrete=LABELS)
    for matrix in (pairs.nats, pairs.bits):
        assert list(matrix.index) == list(matrix.columns) == list(mixed_table().columns)
        assert matrix.equals(matrix.T)
        assert np.isnan(np.diag(matrix)).all()
    for row in pairs.table.itertuples():
        for i, j in ((row.x, row.y), (row.y, row.x)):
            assert pairs.nats.loc[i, j] == row.nats or row.error
            assert pairs.bits.loc[i, j] == row.bits or row.error
    done = pairs.table[pairs.table["error"] == ""]
    assert np.allclose(done["bits"] * math.log(2), done["nats"], rtol=1e-15, atol=0)
    assert set(pairs.table.loc[pairs.table["error"] != "", ["x", "y"]].to_numpy().ravel()) > {"id"}
    flat = pairs.table[(pairs.table["x"] == "flat") | (pairs.table["y"] == "flat")]
    assert (flat["flags"] == "constant").all()
    assert (flat["nats"] == 0).all()


class OtherTable:
    """A table with `to_pandas`, as those of polars and pyarrow."""

    def to_pandas(self):
        return mixed_table()[["a", "b", "code"]]


@pytest.mark.parametrize(
    ("table", "discrete", "names"),
    [
        (mixed_table()[["a", "b", "code"]], ["code"], ["a", "b", "code"]),
        (mixed_table()[["a", "b", "code"]], "code", ["a", "b", "code"]),
        (mixed_table()[["a", "b", "code"]].astype({"code": "category"}), "code", None),
        (mixed_table()[["a", "b", "code"]].astype({"a": "Float64", "code": "Int64"}), "code", None),
        (mixed_table()[["a", "b", "code"]].to_dict("list"), np.array([False, False, True]), None),
        (mixed_table()[["a", "b", "code"]].to_numpy(), [2], [0, 1, 2]),
        (mixed_table()[["a", "b", "code"]].to_numpy().tolist(), np.array([2]), [0, 1, 2]),
        (np.ma.asarray(mixed_table()[["a", "b", "code"]].to_numpy()), [2], None),
        (np.asfortranarray(mixed_table()[["a", "b", "code"]].to_numpy()), [2], None),
        (OtherTable(), ["code"], ["a", "b", "code"]),
    ],
)
def test_tables_of_any_kind(table, discrete, names):
    pairs = library.pairwise(table, "knn", discrete=discrete)
    assert names is None or list(pairs.columns) == names
    expected = one_by_one(mixed_table()[["a", "b", "code"]], "knn", ["code"])
    assert list(pairs.table["nats"]) == [nats for nats, _, _ in expected.values()]


def test_all_columns_may_be_labels():
    table = {"p": [0, 1, 0, 1], "q": ["u", "v", "u", "v"], "r": [True, True, False, False]}
    bits = library.pairwise(table, "knn:correction=none", discrete=True).bits
    assert (bits.loc["p", "q"], bits.loc["q", "r"]) == (1.0, 0.0)
    bits = library.pairwise(table, discrete=True).bits
    assert bits.loc["p", "q"] == 1.0
    # A third of all pairings make q and r equal, 1 bit; the others have 0 bits, and so -1/2.
    assert bits.loc["q", "r"] == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("table", "discrete", "messages"),
    [
        ([1.0, 2.0, 3.0], False, ["shape (3,)", "(n, d)"]),
        (np.zeros((2, 2, 2)), False, ["shape (2, 2, 2)"]),
        (7, False, ["shape ()"]),
        ({"a": [1, 2, 3]}, False, ["1 column", "at least 2"]),
        ({}, False, ["0 column", "at least 2"]),
        ({"a": [1, 2, 3], "b": [1, 2]}, False, ["equal length"]),
        ([[1, 2], [3]], False, ["equal length"]),
        ({"a": [1.0], "b": [2.0]}, False, ["column 'a'", "1 row"]),
        ({"a": [1.0, 2.0], "b": [2.0, np.nan]}, False, ["column 'b' holds nan in row 1 (1"]),
        ({"a": [1.0, 2.0], "b": [2.0, -np.inf]}, False, ["column 'b' holds -inf in row 1 (1"]),
        ({"a": [1.0, 2.0], "b": [-1e308, 1e308]}, False, ["column 'b' spans", "rescale"]),
        ({"a": [1.0, 2.0], "b": ["u", "v"]}, False, ["'b'", "'u'", "discrete=['b']"]),
        ({"a": [1.0, 2.0], "b": ["u", None]}, ["b"], ["column 'b' has no label in row 1"]),
        ({"a": [1.0, 2.0], "b": [1, 2]}, ["c"], ["unknown column 'c'", "Valid: a, b"]),
        ({"a": [1.0, 2.0], "b": [1, 2]}, 5, ["unknown column '5'"]),
        ({"a": [1.0, 2.0], "b": [1, 2]}, [["a"]], ["unknown column"]),
        ({"a": [1.0, 2.0], "b": [1, 2]}, [True], ["1 booleans for 2 columns"]),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), False, ["named 'a'", "rename"]),
        (np.ma.masked_equal([[1, 2], [3, 4]], 4), False, ["column 1", "masked", "row 1"]),
        (pd.DataFrame({"a": [1.5, 2], "b": pd.array([1, None])}), False, ["'b' holds nan"]),
    ],
)
def test_bad_tables_are_refused_with_the_remedy(table, discrete, messages):
    with pytest.raises(InputError) as refused:
        library.pairwise(table, discrete=discrete)
    for words in messages:
        assert words in str(refused.value)


def test_a_bad_estimator_or_number_of_jobs_is_refused():
    for arguments in ({"estimator": "knm"}, {"estimator": KNN}, {"jobs": 0}):
        with pytest.raises(InputError, match=r"knm|KNN is a class|jobs is 0"):
            library.pairwise(mixed_table()[["a", "b"]], **arguments)


# -- the user's own estimators -------------------------------------------------------------------


@dataclass(frozen=True)
class Picky(Estimator):
    """Shares work on one side, and fails if the other begins with 13."""

    calls: ClassVar[list[int]] = []

    def _estimate(self, x, y):
        if x.columns[0, 0] == 13:
            raise RuntimeError("unlucky")
        return Estimate(0.25)

    def _estimate_each(self, t, others):
        self.calls.append(len(others))
        return super()._estimate_each(t, others)


def fails_on_13(x, y):
    if 13 in (x[0, 0], y[0, 0]):
        raise SystemExit("unlucky")
    return 0.25


class Plain:
    """Not a subclass; returns a wrong type if x begins with 13."""

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        assert x.shape == y.shape == (3, 1)
        assert (discrete_x, discrete_y) == (False, False)
        if y[0, 0] == 13:
            raise RuntimeError("unlucky")
        return 1.0 if x[0, 0] == 13 else Estimate(0.25)


@pytest.mark.parametrize("estimator", [Picky(), fails_on_13, Plain()])
def test_a_failure_does_not_affect_other_pairs(estimator):
    rows = [[1, 2, 13, 4, 5], [2, 3, 4, 5, 6], [5, 4, 3, 2, 1]]
    table = library.pairwise(rows, estimator).table
    lucky = (table["x"] != 2) & ((table["y"] != 2) | isinstance(estimator, Picky))
    assert (table.loc[lucky, "nats"] == 0.25).all()
    assert (table.loc[lucky, "error"] == "").all()
    assert table.loc[~lucky, "nats"].isna().all()
    assert table.loc[~lucky, "error"].str.contains("unlucky|returned a float").all()
    assert (~lucky).sum() == (2 if isinstance(estimator, Picky) else 4)


def test_work_on_one_column_can_be_shared_by_any_estimator():
    Picky.calls.clear()
    library.pairwise([[1, 2, 3, 4], [2, 3, 4, 5], [0, 0, 0, 1]], Picky())
    assert Picky.calls == [1, 2, 3]


def test_progress_is_reported():
    reported = []
    table = np.random.default_rng(0).integers(0, 3, (20, 30))
    library.pairwise(
        table,
        "uniform",
        discrete=True,
        on_progress=lambda done, total: reported.append((done, total)),
    )
    assert reported[-1] == (435, 435)
    assert reported == sorted(reported)


# -- the figure --------------------------------------------------------------------------------


def test_the_figure_shows_names_numbers_unit_and_failures():
    figure = heat_map(library.pairwise(mixed_table(), discrete=LABELS).bits, "bits")
    axes, bar = figure.axes[0], figure.axes[0].child_axes[0]
    figure.draw_without_rendering()
    assert [t.get_text() for t in axes.get_xticklabels()] == list(mixed_table().columns[:-1])
    assert [t.get_text() for t in axes.get_yticklabels()] == list(mixed_table().columns[1:])
    failed = library.pairwise(mixed_table(), discrete=LABELS).table["error"].ne("").sum()
    assert len(axes.texts) == 45 - failed
    assert len(axes.lines[0].get_xdata()) == failed > 0
    assert bar.get_xlabel() == "mutual information (bits)"


@pytest.mark.parametrize("d", [2, 5, MAX_COLUMNS_WITH_NUMBERS + 1, 50, 400])
def test_figures_of_any_size_are_legible(d):
    values = np.random.default_rng(d).gamma(1, size=(d, d))
    matrix = pd.DataFrame(values + values.T, columns=[f"a long name, {i:03d}" for i in range(d)])
    figure = heat_map(matrix, "nats")
    axes = figure.axes[0]
    assert len(axes.texts) == (d * (d - 1) / 2 if d <= MAX_COLUMNS_WITH_NUMBERS else 0)
    assert max(figure.get_size_inches()) < 40
    size = axes.get_xticklabels()[0].get_fontsize()
    assert 5 <= size <= 9
    # The names side by side, each as wide as its font size, fit into the figure.
    assert len(axes.get_xticks()) * size / 72 <= figure.get_size_inches()[0]
    if d <= 50:
        assert len(axes.get_xticks()) == d - 1


def test_unusual_values_and_names_can_be_drawn():
    names = [r"in $\nothing$", "x" * 100, 3]
    for value in (0.0, -0.1, math.nan):
        figure = heat_map(pd.DataFrame(np.full((3, 3), value), columns=names), "bits")
        figure.draw_without_rendering()


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path):
    table = mixed_table()
    table.insert(0, "hole", np.where(np.arange(len(table)) == 7, np.nan, table["a"]))
    table.to_csv(tmp_path / "data.csv", index=False)
    np.savez(tmp_path / "data.npz", t=table[["a", "b"]].to_numpy(), y=table["code"], s=[1.0, 2.0])
    return tmp_path


COLUMNS = ("--columns", "a,b,rounded, flat", "--columns", "kind")


def test_the_command_lists_pairs_by_size_with_their_flags(mibench, data):
    done = mibench("pairwise", "data.csv", *COLUMNS, "--discrete", "kind")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "knn, 5 columns, 300 rows"
    pairs = library.pairwise(mixed_table()[["a", "b", "rounded", "flat", "kind"]], discrete="kind")
    expected = pairs.table.sort_values("bits", ascending=False, kind="stable")
    shown = [line.split() for line in lines[4 : 4 + len(expected)]]
    assert [row[:2] for row in shown] == expected[["x", "y"]].to_numpy().tolist()
    assert [row[2] for row in shown] == [f"{v:.3f}" for v in expected["bits"]]
    below = "\n".join(lines[4 + len(expected) :])
    assert "flagged constant, 4 of 10 pairs: one side is constant" in below
    assert re.search(r"flagged ties, \d of 10 pairs: rows coincide", below)


@pytest.mark.slow
def test_the_command_writes_files_and_reports_failures(mibench, data):
    options = ("--columns", "a,b,id", "--discrete", "id", "--units", "nats")
    done = mibench("pairwise", "data.csv", *options, "-o", "all.csv", "--plot", "map.png")
    assert done.returncode == 1
    assert "wrote 3 pairs to all.csv" in done.stderr
    assert "failed, 2 of 3 pairs: InputError: all 300 labels differ" in done.stdout
    assert (data / "map.png").read_bytes().startswith(b"\x89PNG")
    written = pd.read_csv(data / "all.csv", keep_default_na=False)
    assert list(written.columns) == ["x", "y", "nats", "rows", "flags", "error"]
    pairs = library.pairwise(mixed_table()[["a", "b"]])
    assert float(written["nats"][0]) == pairs.table["nats"][0]
    assert written["error"].str.startswith("InputError").sum() == 2


@pytest.mark.slow
def test_the_command_reads_arrays_and_answers_programs(mibench, data):
    arguments = ("pairwise", "data.npz", "--columns", "t,y", "--discrete", "y", "--format", "json")
    done = mibench(*arguments, "-e", "adaptive", "--jobs", 2)
    assert (done.returncode, done.stderr) == (0, "")
    table = mixed_table()[["a", "b", "code"]].set_axis(["t[:, 0]", "t[:, 1]", "y"], axis=1)
    expected = library.pairwise(table, "adaptive", discrete="y").bits
    rows = json.loads(done.stdout)
    assert len(rows) == 3
    assert all(row["bits"] == expected.loc[row["x"], row["y"]] for row in rows)
    assert [row["bits"] for row in rows] == sorted((row["bits"] for row in rows), reverse=True)


def test_the_command_leaves_out_rows_on_request(mibench, data):
    done = mibench(
        "pairwise", "data.csv", "--columns", "hole,b", "--missing", "complete", "--format", "csv"
    )
    left_out = "mibench: 299 of 300 rows used; 1 left out, as values are missing: hole 1\n"
    assert (done.returncode, done.stderr) == (0, left_out)
    complete = np.arange(300) != 7
    bits = library.estimate(*mixed_table()[["a", "b"]][complete].to_numpy().T, "knn").bits
    assert done.stdout.splitlines() == ["x,y,bits,rows,flags,error", f"hole,b,{bits!r},299,,"]


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (("none.csv",), ["none.csv does not exist"]),
        (("data.csv", "--missing", "error"), ["'hole' has no value in row 8"]),
        (("data.csv", "--missing", "some"), ["'some' is not one of"]),
        (("data.csv", "--columns", "a,bb"), ["--columns: unknown column 'bb'"]),
        (("data.csv", "--columns", "a,b", "--discrete", "code"), ["'code' is not in --columns"]),
        (("data.csv", "--columns", "a"), ["1 column(s)"]),
        (("data.npz",), ["different length"]),
        (("data.csv", "--columns", "a,b", "--plot", "map.gif"), ["--plot map.gif must end in"]),
    ],
)
def test_a_users_mistake_is_a_message(mibench, data, arguments, messages):
    done = mibench("pairwise", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(words in done.stderr for words in messages), done.stderr
