"""MI by lag: the truth of vector autoregressions, missing values, tests, the command."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import solve_discrete_lyapunov

import mibench
from mibench.cli.lags import lags_of_text
from mibench.errors import InputError
from mibench.output.lag_plot import lag_figure
from mibench.tasks.conditional import normal_conditional_information

# a follows its own past, and b its own past and a of one row before.
MATRIX = np.array([[0.6, 0.0], [0.5, 0.4]])


@pytest.fixture
def run(request):
    """Run a command, as a user does."""
    return request.getfixturevalue("mibench")


def series(n, seed):
    rng = np.random.default_rng(seed)
    state, rows = np.zeros(2), np.empty((n + 100, 2))
    for t in range(n + 100):
        state = MATRIX @ state + rng.standard_normal(2)
        rows[t] = state
    return rows[100:].T


def truths(lag):
    """I(a[t - lag]; b[t]), and the same given b[t - 1], from the stationary covariance.

    The covariance S of (a, b) at one time solves S = A S A' + 1 (Lyapunov); that of the state at t
    and at t - k is A^k S.
    """
    stationary = solve_discrete_lyapunov(MATRIX, np.eye(2))

    def covariance(time_1, place_1, time_2, place_2):
        if time_1 < time_2:
            return covariance(time_2, place_2, time_1, place_1)
        return (np.linalg.matrix_power(MATRIX, time_1 - time_2) @ stationary)[place_1, place_2]

    variables = [(-lag, 0), (0, 1), (-1, 1)]
    matrix = np.array([[covariance(*one, *other) for other in variables] for one in variables])
    correlation = matrix[0, 1] / math.sqrt(matrix[0, 0] * matrix[1, 1])
    plain = -math.log1p(-(correlation**2)) / 2
    return plain, normal_conditional_information(matrix, 1, 1) if lag >= 1 else math.nan


@pytest.mark.parametrize("estimator", ["gaussian", "knn"])
def test_estimates_are_those_of_the_autoregression(estimator):
    """knn: 0.02 nats beside 4 standard errors, since its neighbourhoods are not small."""
    chosen, seeds = [-1, 0, 1, 2, 4], 6
    tables = [mibench.lags(*series(1000, seed), lags=chosen, estimator=estimator)
              for seed in range(seeds)]  # fmt: skip
    more = 0.02 if estimator == "knn" else 0.0
    for place, lag in enumerate(chosen):
        for name, truth in zip(("nats", "given_past_nats"), truths(lag), strict=True):
            estimates = np.array([table[name].iloc[place] for table in tables])
            if math.isnan(truth):
                assert np.isnan(estimates).all()
                continue
            error = estimates.std(ddof=1) / math.sqrt(seeds)
            assert abs(estimates.mean() - truth) < 4 * error + more, (lag, name)


def test_rows_are_those_of_estimate():
    a, b = series(300, 1)
    row = mibench.lags(a, b, lags=[3], past=2).iloc[0]
    assert row["rows"] == 297
    assert row["nats"] == mibench.estimate(a[:-3], b[3:], "knn").nats
    given = mibench.estimate(a[:-3], b[3:], "knn", z=np.c_[b[2:-1], b[1:-2]])
    assert row["given_past_nats"] == given.nats
    backwards = mibench.lags(a, b, lags=[-3]).iloc[0]
    assert backwards["nats"] == mibench.estimate(a[3:], b[:-3], "knn").nats


def test_missing_values_are_left_out_lag_by_lag():
    a, b = series(200, 2)
    a[10] = b[50] = np.nan
    table = mibench.lags(a, b, lags=[0, 1])
    # At lag 1: a[10] is missing at t = 11; b[50] at t = 50, and as the past at t = 51.
    assert table["rows"].tolist() == [198, 199 - 3]
    there = ~np.isnan(a[:-1] + b[1:] + b[:-1])
    expected = mibench.estimate(a[:-1][there], b[1:][there], "knn")
    assert table["nats"].iloc[1] == expected.nats


def test_labels_and_tables_and_vectors():
    a, b = series(300, 3)
    table = pd.DataFrame({"a": a, "b": b, "state": np.where(b > 0, "wet", "dry")})
    of_table = mibench.lags(table, a="a", b="state", lags=[1])
    assert of_table["nats"].iloc[0] > 0.1
    both = mibench.lags(np.c_[a, -a], table["state"], lags=[1], estimator="uniform:bins=2")
    assert both["error"].iloc[0] == ""


def test_p_values_find_who_leads():
    a, b = series(400, 4)
    forward = mibench.lags(a, b, lags=[1, 2], permutations=99)
    assert forward["p_value"].iloc[0] == forward["given_past_p_value"].iloc[0] == 0.01
    assert forward["given_past_q_value"].iloc[0] <= 0.02
    backward = mibench.lags(b, a, lags=[1], permutations=99)
    assert backward["given_past_p_value"].iloc[0] > 0.05  # b tells nothing of a beyond a's past


@pytest.mark.slow
def test_p_values_of_independent_series_are_not_too_small():
    """Two autoregressions of memory 0.6: where rows were permuted, most would be "significant"."""
    p, p_given = [], []
    for seed in range(200):
        a, _ = series(200, [5, seed])
        b, _ = series(200, [6, seed])
        row = mibench.lags(a, b, lags=[1], permutations=39).iloc[0]
        p.append(row["p_value"])
        p_given.append(row["given_past_p_value"])
    most = 0.05 + 4 * math.sqrt(0.05 * 0.95 / 200)
    assert np.mean(np.array(p) <= 0.05) < most
    assert np.mean(np.array(p_given) <= 0.05) < most


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"lags": []}, "lags is empty"),
        ({"lags": [1.5]}, "lags holds 1.5"),
        ({"lags": [45]}, "a lag of 45 leaves 5 of 50 rows: give lags of at most 40"),
        ({"past": 0}, "past is 0"),
        ({"permutations": 3}, "too few for a p-value"),
        ({"estimator": "nope"}, "unknown estimator"),
    ],
)
def test_bad_settings_are_named(more, message):
    a, b = series(50, 7)
    with pytest.raises(InputError, match=message):
        mibench.lags(a, b, **{"lags": [1], **more})
    with pytest.raises(InputError, match="a has 49 rows and b has 50"):
        mibench.lags(a[1:], b, lags=[1])


def test_a_lag_that_fails_is_a_row():
    a, b = series(60, 8)
    a[20:] = np.nan
    table = mibench.lags(a, b, lags=[0, 15])
    assert table["error"].iloc[0] == ""
    table = mibench.lags(a, b, lags=[1], estimator="kde")
    assert "KDE has no MI given numbers" in table["error"].iloc[0]
    assert table["nats"].notna().all()  # the MI itself is there


@pytest.mark.parametrize(
    ("text", "lags"),
    [("0:3", [0, 1, 2, 3]), ("-2:2:2", [-2, 0, 2]), ("5", [5]), ("1,3:4,3", [1, 3, 4])],
)
def test_texts_of_lags(text, lags):
    assert lags_of_text(text) == lags


@pytest.mark.parametrize("text", ["", "a", "3:1", "0:9:0", "0:", "1.5", "0:999999999", "٣"])
def test_bad_texts_of_lags(text):
    with pytest.raises(InputError, match="--lags"):
        lags_of_text(text)


@pytest.mark.slow
def test_the_command(run, tmp_path):
    a, b = series(120, 9)
    path, plot, output = (tmp_path / name for name in ("t.csv", "lags.png", "lags.csv"))
    pd.DataFrame({"rain": a, "flow": b}).to_csv(path, index=False)
    shown = run("lags", path, "--x", "rain", "--y", "flow", "--lags", "0:2", "-o", output,
                "--plot", plot, "--permutations", "19")  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "I(rain[t - lag]; flow[t]), knn, 120 rows" in shown.stdout
    assert "beyond Y's past" in shown.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert list(pd.read_csv(output)["lag"]) == [0, 1, 2]
    listed = run("lags", path, "--x", "rain", "--y", "flow", "--lags", "1", "--format", "json")
    expected = mibench.lags(a, b, lags=[1])
    assert json.loads(listed.stdout)[0]["bits"] == pytest.approx(expected["bits"].iloc[0])
    for more, message in (
        (["--y", "rain"], "both 'rain'"),
        (["--y", "nope"], "--x or --y: unknown column 'nope'"),
        (["--y", "flow", "--lags", "500"], "a lag of 500 leaves 0 of 120 rows"),
        (["--y", "flow", "--past", "0"], "past is 0"),
    ):
        done = run("lags", path, "--x", "rain", *more)
        assert done.returncode == 2
        assert message in done.stderr


def test_the_figure_fills_what_is_sure():
    table = mibench.lags(*series(150, 10), lags=[0, 1, 2], permutations=19)
    axes = lag_figure(table, "a", "b", "bits").axes[0]
    assert axes.get_xlabel() == "lag, in rows"
    assert axes.get_ylabel() == "MI in bits"
    filled = axes.lines[1].get_xdata()
    assert list(filled) == table["lag"][table["q_value"] <= 0.05].tolist()


@pytest.mark.slow
def test_the_table_of_the_docs():
    """The example of docs/lags.md."""
    from matplotlib.cbook import get_sample_data

    page = (Path(__file__).parents[1] / "docs" / "lags.md").read_text()
    days = get_sample_data("goog.npz")["price_data"]
    move = np.abs(np.diff(np.log(days["adj_close"])))
    volume = np.log(days["volume"][1:].astype(float))
    table = mibench.lags(move, volume, lags=range(-3, 6), permutations=199)
    for row in table.itertuples():
        [line] = re.findall(rf"^ +{row.lag} +(-?\d\.\d\d\d .*)$", page, re.MULTILINE)
        cells = line.split()
        assert float(cells[0]) == pytest.approx(row.bits, abs=6e-4)
        assert float(cells[1]) == pytest.approx(row.p_value, abs=6e-4)
        if row.lag > 0:
            assert float(cells[3]) == pytest.approx(row.given_past_bits, abs=6e-4)


def test_lags_beyond_the_series_fail_alone(run, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=12)
    table = mibench.lags(x, np.roll(x, 1), lags=range(-3, 49))
    assert table.set_index("lag")["error"].ne("").to_dict() == {k: abs(k) > 2 for k in table["lag"]}
    assert "a lag of 48 leaves 0 of 12 rows: give lags of at most 2" in table["error"].iloc[-1]
    path = tmp_path / "short.csv"
    pd.DataFrame({"a": x, "b": x}).to_csv(path, index=False)
    done = run("lags", path, "--x", "a", "--y", "b", "--lags", "1:4")
    assert done.returncode == 1
    assert "give lags of at most 2" in done.stdout + done.stderr
    with pytest.raises(InputError, match="a lag of 3 leaves 9 of 12 rows"):
        mibench.lags(x, x, lags=[3, 4])
