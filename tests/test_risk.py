"""The risk that an estimate of `canonical` is off, and the flags that follow from it."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import get_task
from mibench.contract.variables import as_pair
from mibench.estimators import Canonical
from mibench.estimators.canonical import WithAllFlags
from mibench.estimators.cca import risk
from mibench.estimators.shared.trees import as_array

from .statistics_of_seeds import assert_share_of_events, correlated

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
X, Y = correlated(0.7, 600, 0)


@pytest.fixture(scope="module")
def recorded():
    return pd.read_parquet(BENCHMARKS / "intervals.parquet")


@pytest.fixture
def learning(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("interval_trees")


def test_most_wrong_estimates_of_families_never_learned_from_are_flagged(recorded, learning):
    """docs/intervals.md has the measured shares; these bounds are a little beside them."""
    judged = recorded[recorded["stream"] == "judge"]
    off = learning.is_off(judged["canonical"], judged["truth"]).to_numpy()
    model = risk.risk_model()
    records = learning.records_of_canonical(judged)
    # None where columns or nats lie beyond all that was learned from.
    risks = np.array([model.risk(record) or 0.0 for record in records])
    flagged = risks >= model.limit[0]
    assert flagged[off].mean() > 0.65
    assert flagged[~off].mean() < 0.27
    assert_share_of_events(risks, off)


@pytest.mark.slow
def test_the_command_makes_the_model_that_is_shipped(recorded, learning):
    learned, _ = learning.learned_from(recorded)
    features = [
        risk.features_of_canonical(record) for record in learning.records_of_canonical(learned)
    ]
    off = learning.is_off(learned["canonical"], learned["truth"]).to_numpy()
    trees = learning.risk_trees(np.array([as_array(row) for row in features]), off)
    model = risk.risk_model()
    assert list(features[0]) == model.names.tolist()
    for row in features[::50]:
        odds = model.first[0] + model.sums(model.root, as_array(row))
        expected = trees.predict_proba([as_array(row)])[0, 1]
        assert risk.share_of(odds) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "task", ["friedman-10-1.0", "line_and_xor-20-0.4-0.19", "gate-10-0.2", "squares-5-5-1.0"]
)
def test_dependence_that_is_hidden_behind_a_part_that_is_seen_is_flagged(task):
    """Canonical finds part of the MI, so `not_detected` is not raised, and misses the rest."""
    task = get_task(task)
    estimate = Canonical().estimate(*task.sample(1000, 3))
    assert 0.1 < estimate.nats < task.mi_nats - 0.1
    assert "likely_off" in estimate.flags
    share = estimate.info["risk"]
    assert f"about {share:.0%}" in estimate.flags["likely_off"]


@pytest.mark.parametrize(
    ("estimator", "rows", "columns"),
    [
        (Canonical(), risk.MIN_ROWS - 1, 1),
        (Canonical(), 100, 400),  # more columns than were learned from
        (Canonical(folds=5), 600, 1),  # other parameters
        (Canonical(pairs=1), 600, 1),
        (WithAllFlags(), 600, 1),
    ],
)
def test_no_risk_is_told_of_data_and_parameters_unlike_those_learned_from(estimator, rows, columns):
    x, y = np.repeat(X[:rows], columns, axis=1), Y[:rows]
    x = x + np.random.default_rng(0).normal(size=x.shape)
    estimate = estimator.estimate(x, y)
    assert "risk" not in estimate.info
    assert "likely_off" not in estimate.flags


def test_the_risk_and_its_limit_decide_which_flags_are_raised():
    model = risk.risk_model()
    raised = dict.fromkeys(
        ["ties", "unseen", "lower_bound", "not_detected", "more_pairs", "left_over"], "text"
    )
    limit = float(model.limit[0])
    low = risk.flags_at_risk(raised, limit - 0.01, model)
    high = risk.flags_at_risk(raised, limit, model)
    assert low.keys() == raised.keys() - {"ties"}
    assert high.keys() == low.keys() | {"likely_off"}
    assert risk.flags_at_risk(raised, None, model) == raised


@pytest.mark.parametrize("name", ["canonical", "auto"])
@pytest.mark.parametrize("kind", ["numbers", "rounded", "one of labels", "labels"])
def test_the_risk_does_not_depend_on_order_units_and_sides(name, kind):
    """Both sides have as many columns, so that only what they hold tells them apart."""
    x, y = np.hstack([X, Y[::-1] ** 2]), np.hstack([Y, X[::-1] ** 3])
    if kind == "rounded":
        y = np.round(y)
    elif kind == "one of labels":
        y = np.round(Y)
    elif kind == "labels":
        x, y = (X[:, 0] > 0).astype(int), np.round(2 * Y[:, 0]).astype(int)
    of_x, of_y = kind == "labels", kind in ("labels", "one of labels")
    found = mibench.estimate(x, y, name, discrete_x=of_x, discrete_y=of_y)
    order = np.random.default_rng(1).permutation(len(x))
    others = [
        mibench.estimate(x[order], y[order], name, discrete_x=of_x, discrete_y=of_y),
        mibench.estimate(y, x, name, discrete_x=of_y, discrete_y=of_x),
        mibench.estimate(3 * x, y, name, discrete_x=of_x, discrete_y=of_y),
    ]
    for other in others:
        assert other.info["risk"] == pytest.approx(found.info["risk"], abs=0.02)
        assert other.nats == pytest.approx(found.nats, abs=0.02)


def test_a_constant_column_changes_no_risk():
    x, y = X[:80], Y[:80]
    for with_constant in (np.c_[x, np.zeros(80)], np.c_[np.full(80, 7.0), x]):
        found = Canonical().estimate(with_constant, y)
        assert found.info["risk"] == Canonical().estimate(x, y).info["risk"]


def test_no_risk_is_told_of_rows_and_sizes_that_it_was_not_learned_from():
    """At the ceiling the MI may be infinite; rows of series, and copies, are not independent."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    walks = rng.normal(size=(2, 400)).cumsum(axis=1)
    doubled = np.tile(x, 2), np.tile(rng.normal(size=300), 2)
    for pair, code in (((x, x), "ceiling"), (walks, "dependent_rows"), (doubled, "copied_rows")):
        for name in ("canonical", "auto"):
            estimate = mibench.estimate(*pair, name)
            assert "risk" not in estimate.info
            assert code in estimate.flags


def test_a_fit_has_the_flags_and_the_risk_of_an_estimate():
    fit, estimate = Canonical().fit(X, Y).estimate, Canonical().estimate(X, Y)
    assert fit.flags == estimate.flags
    assert fit.info == estimate.info


def test_terms_of_a_conditional_mi_have_no_risk():
    """The errors of the terms of a difference cancel in part."""
    z = np.random.default_rng(2).normal(size=(600, 3))
    x = X + z[:, :1] * z[:, 1:2] * z[:, 2:]
    estimate = mibench.estimate(x, Y, "canonical", z=z)
    assert not any("Likely off" in sentence for sentence in estimate.flags.values())


def test_both_sides_of_labels_have_a_risk():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 500)
    b = np.where(rng.random(500) < 0.5, a, rng.integers(0, 4, 500))
    sides = as_pair(a, b, True, True)
    assert 0 <= Canonical().estimate_variables(*sides).info["risk"] < 0.3
