"""What people expect of objects of Python: notebooks, scikit-learn, copies, equality."""

import copy
import math
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest

import mibench
from mibench import Estimate, FunctionEstimator, InputError
from mibench.contract.registry import default_estimators
from mibench.output.notebook import MAX_ROWS, heat_table, plain_table

RNG = np.random.default_rng(0)
Y = RNG.normal(size=80)
X = np.c_[RNG.normal(size=80), Y + RNG.normal(size=80), Y + 0.1 * RNG.normal(size=80)]
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"


# -- Estimate --------------------------------------------------------------------------------------


def test_an_estimate_shows_both_units_and_its_flags():
    plain = Estimate(math.log(2))
    assert repr(plain) == "Estimate(1 bits = 0.6931 nats)"
    flagged = Estimate(0.5, {"ties": "Rows coincide.", "ceiling": "At its ceiling."})
    assert repr(flagged) == "Estimate(0.7213 bits = 0.5 nats, flags: ties, ceiling)"
    html = flagged._repr_html_()
    for part in ("0.7213 bits", "0.5 nats", "<b>ties</b>: Rows coincide."):
        assert part in html


def test_hostile_text_is_shown_and_not_obeyed():
    estimate = Estimate(0.5, {HOSTILE: HOSTILE})
    frame = pd.DataFrame([[1.0, math.nan]], index=[HOSTILE], columns=[HOSTILE, "b"])
    pairs = mibench.pairwise({HOSTILE: X[:, 0], "b": X[:, 1]})
    for text in (
        estimate._repr_html_(), heat_table(frame, HOSTILE), plain_table(frame, HOSTILE),
        pairs._repr_html_(),
    ):  # fmt: skip
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert not {"\x1b", "\u202e"} & set(text)
    for shown in (repr(estimate), repr(pairs)):
        assert not {"\x1b", "\u202e"} & set(shown)


def test_estimates_are_values():
    estimate = mibench.estimate(X, Y)
    for other in (
        copy.copy(estimate),
        copy.deepcopy(estimate),
        pickle.loads(pickle.dumps(estimate)),
    ):
        assert other == estimate
    assert estimate != Estimate(estimate.nats + 1)
    assert estimate != np.float64(estimate.nats)


# -- Results ---------------------------------------------------------------------------------------


def test_an_overview_has_the_numbers_of_the_summary():
    table = mibench.compare(
        ["uniform", "knn"],
        tasks=["1v1-normal-0.75", "1v1-bimodal-0.75"],
        samples=[50, 100],
        seeds=3,
    )
    shown = mibench.overview(table, units="nats")
    ranking = mibench.summary.ranking(table)
    assert shown.ranking["rmse_nats"].tolist() == ranking["rmse_nats"].tolist()
    of_knn = table[(table["estimator"] == "knn") & (table["n"] == 50)]
    bias = (of_knn["nats"] - of_knn["mi_nats"]).groupby(of_knn["task"]).mean()
    for task, error in bias.items():
        assert shown.bias.loc[f"{task}, n = 50", "knn"] == pytest.approx(error)
    assert "Ranking by RMSE in nats" in repr(shown)
    assert shown._repr_html_().count("<tr") >= 4 + 3
    bits = mibench.overview(table)
    assert bits.bias.iloc[0, 0] == pytest.approx(shown.bias.iloc[0, 0] / math.log(2))


def test_errors_have_the_colours_of_the_figures():
    """Blue is too low, red too high; of MI, 0 and less is white."""
    frame = pd.DataFrame([[-2.0, 2.0, -0.0001]])
    low, high, zero = re.findall(r"rgb\((\d+),(\d+),(\d+)\)", heat_table(frame, "", signed=True))
    assert int(low[2]) > int(low[0])
    assert int(high[0]) > int(high[2])
    assert zero == ("255", "255", "255")
    plain = re.findall(r"rgb\((\d+),(\d+),(\d+)\)", heat_table(frame, ""))
    assert plain[0] == plain[2] == ("255", "255", "255")
    assert "-0.000" not in heat_table(frame, "")


def test_pairs_show_a_heat_map_and_many_columns_a_list():
    few = mibench.pairwise(X, "uniform:bins=2")
    assert few._repr_html_().count("<td") == 9
    assert repr(few).startswith("Pairwise: 3 columns, 3 pairs")
    many = mibench.pairwise(RNG.normal(size=(20, 40)), "uniform:bins=2")
    assert many._repr_html_().count("<tr") == 1 + 20
    tall = pd.DataFrame(np.zeros((MAX_ROWS + 5, 1)))
    assert "and 5 more rows" in heat_table(tall, "title")


# -- scikit-learn ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", default_estimators())
def test_parameters_as_scikit_learn_asks_for_them(name):
    estimator = mibench.get_estimator(name)
    parameters = estimator.get_params()
    assert type(estimator)(**parameters) == estimator
    for other in (
        clone(estimator),
        copy.deepcopy(estimator),
        pickle.loads(pickle.dumps(estimator)),
    ):
        assert type(other) is type(estimator)
        assert other == estimator
        assert hash(other) == hash(estimator)


def test_set_params_checks_all_before_it_changes_any():
    estimator = mibench.get_estimator("knn:k=5")
    cloned = clone(estimator)
    assert cloned.set_params(k=7, variant=2) is cloned
    assert (cloned.k, cloned.variant, estimator.k) == (7, 2, 5)
    assert cloned == mibench.get_estimator("knn:k=7,variant=2")
    for bad, says in (({"k": 2, "variant": 9}, "variant=9"), ({"j": 1}, "unknown parameter 'j'")):
        with pytest.raises(InputError, match=says):
            cloned.set_params(**bad)
        assert cloned.k == 7


def test_a_function_has_parameters_too():
    def product(x, y):
        return float(np.mean(x * y))

    named = FunctionEstimator(product, name="mean product")
    assert clone(named) == named != FunctionEstimator(product)
    assert named.set_params(name="product").name == "product"
    with pytest.raises(InputError, match="7 is no function"):
        FunctionEstimator(7)


def test_one_estimate_is_no_score_of_columns():
    """scikit-learn makes an array of what the function returns, one number for each column."""
    with pytest.raises(TypeError, match=r"mibench\.scores in place of mibench\.estimate"):
        SelectKBest(mibench.estimate, k=1).fit(X, Y)
    chosen = SelectKBest(mibench.scores, k=1).fit(X, Y)
    assert chosen.get_support().tolist() == [False, False, True]


class Plain:
    """An estimator that has what the protocol names, and no more."""

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        return mibench.estimate(x, y, "knn", discrete_x=discrete_x, discrete_y=discrete_y)


@pytest.mark.parametrize("estimator", ["knn", "adaptive", Plain()])
def test_scores_are_estimates_of_each_column(estimator):
    labels = Y > 0
    frame = pd.DataFrame(X, columns=list("abc")).assign(d=pd.Categorical(X[:, 1] > 0))
    for table, columns in ((X, X.T), (frame, [frame[name] for name in frame])):
        for y in (Y, labels):
            want = [mibench.estimate(column, y, estimator).nats for column in columns]
            assert mibench.scores(table, y, estimator).tolist() == want


def test_scores_name_the_bad_column():
    for bad, says in (
        (X[:, 0], r"shape \(80,\)"),
        ({"a": X[:, 0], "b": np.where(X[:, 1] > 0, np.nan, 1.0)}, "column b holds nan"),
        ({"a": X[:40, 0]}, "column a has 40 rows and y has 80"),
    ):
        with pytest.raises(InputError, match=says):
            mibench.scores(bad, Y)
    with pytest.raises(InputError, match="column a failed: ZeroDivisionError"):
        mibench.scores({"a": X[:, 0]}, Y, lambda x, y: 1 / 0)
